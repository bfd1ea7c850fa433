"""A clip over the API: what it holds, that it is noted before its first byte, and how it ends."""

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from tests.api.recorded import Browser, Recorded, Running
from watchglass.api import clipdesk
from watchglass.api import clips as routes
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import BusError
from watchglass.model.look import LookKind
from watchglass.model.statement import Statement
from watchglass.recording.cliplayout import LaidOutFile, read_out


def span(recorded: Recorded, from_s: float, to_s: float) -> dict[str, int]:
    return {
        "from_ms": (recorded.began_ns + int(from_s * NS_PER_S)) // 1_000_000,
        "to_ms": (recorded.began_ns + int(to_s * NS_PER_S)) // 1_000_000,
    }


def made(browser: Browser, recorded: Recorded, **more: Any) -> dict[str, Any]:
    body = span(recorded, 3, 12) | more
    answer = browser.send("POST", f"/api/v1/clips/{recorded.camera}", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def state(browser: Browser, clip: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = browser.json(f"/api/v1/clips/{clip['camera']}/{clip['id']}")
    return found


def opened(data: bytes) -> tuple[int, set[str], float]:
    """Pictures, kinds of tracks, and length in seconds of a file that a player opens."""
    with av.open(io.BytesIO(data), "r") as file:
        kinds: set[str] = {stream.type for stream in file.streams}
        assert file.duration is not None
        return len(list(file.decode(video=0))), kinds, file.duration / 1e6


def test_what_was_marked_is_downloaded_and_noted(
    at: Running, browser: Browser, recorded: Recorded
) -> None:
    noted = len(at.of.looks)
    clip = made(browser, recorded)
    (look,) = at.of.looks[noted:]
    assert (look.kind, look.user, look.camera) == (LookKind.CLIP, "admin", recorded.camera)
    assert look.to_ns is not None
    assert look.to_ns - look.from_ns >= 9 * NS_PER_S
    assert "court" in clip["notice"]
    (file,) = clip["files"]
    # G.711 is what these cameras send, and QuickTime what takes it.
    assert file["name"].endswith(".mov")
    assert file["name"].startswith("Gate 0 ")
    answer = browser.get(file["url"])
    assert answer.headers["content-length"] == str(file["bytes"]) == str(len(answer.content))
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''Gate%200")
    assert answer.headers["content-type"] == "video/quicktime"
    pictures, kinds, seconds = opened(answer.content)
    assert (pictures, kinds) == (file["pictures"], {"video", "audio"})
    assert 9 <= seconds <= 10.5
    told = state(browser, clip)
    assert (told["state"], told["sent"], told["bytes"]) == ("done", file["bytes"], file["bytes"])


def test_a_camera_may_demand_a_reason(at: Running, browser: Browser, recorded: Recorded) -> None:
    clip = made(browser, recorded, reason="claim 4711")
    assert clip["files"]
    assert at.of.looks[-1].reason == "claim 4711"
    assert not at.of.looks[-1].unmasked
    before = at.of.about[recorded.camera]
    at.of.about[recorded.camera] = replace(before, statement=Statement(clip_reason=True))
    try:
        noted = len(at.of.looks)
        for nothing in ({}, {"reason": "  "}):
            body = span(recorded, 3, 12) | nothing
            answer = browser.send("POST", f"/api/v1/clips/{recorded.camera}", body)
            assert (answer.status_code, answer.json()["code"]) == (400, "usage")
            assert "demands a reason" in answer.json()["detail"]
        at_ms = span(recorded, 3, 12)
        masked = f"/api/v1/masked-clips/{recorded.camera}/main?from_ms={at_ms['from_ms']}"
        assert browser.get(f"{masked}&to_ms={at_ms['to_ms']}").status_code == 400
        assert len(at.of.looks) == noted
        assert made(browser, recorded, reason="claim 4712")["files"]
    finally:
        at.of.about[recorded.camera] = before


def test_without_sound_it_is_an_mp4(browser: Browser, recorded: Recorded) -> None:
    clip = made(browser, recorded, sound=False)
    (file,) = clip["files"]
    assert (file["sound"], file["name"][-4:]) == ("", ".mp4")
    _, kinds, _ = opened(browser.get(file["url"]).content)
    assert kinds == {"video"}


def test_nothing_for_whom_the_ledger_cannot_note(
    at: Running, browser: Browser, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_keeper(_: object) -> None:
        raise BusError("The keeper does not answer: look at its log, and try again.")

    monkeypatch.setattr(at.of.app.state.services.looks._queue, "_tell", no_keeper)
    before = len(at.of.app.state.services.clips._clips)
    answer = browser.send("POST", f"/api/v1/clips/{recorded.camera}", span(recorded, 3, 12))
    assert (answer.status_code, answer.json()["code"]) == (503, "bus")
    assert len(at.of.app.state.services.clips._clips) == before


@pytest.mark.parametrize(
    ("from_s", "to_s", "status"),
    [(12, 3, 400), (3, 3, 400), (0, 13 * 3600, 400), (-7200, -3600, 410), (3600, 7200, 410)],
)
def test_spans_that_make_no_clip(
    browser: Browser, recorded: Recorded, from_s: float, to_s: float, status: int
) -> None:
    answer = browser.send("POST", f"/api/v1/clips/{recorded.camera}", span(recorded, from_s, to_s))
    assert answer.status_code == status, answer.text


def test_it_is_its_makers_alone(browser: Browser, recorded: Recorded) -> None:
    clip = made(browser, recorded)
    (file,) = clip["files"]
    other = recorded.cameras[1]
    for path in (
        file["url"].replace(recorded.camera, other),
        file["url"].replace(clip["id"], "0" * 32),
        file["url"].replace("/0?", "/1?"),
    ):
        assert browser.get(path).status_code == 404


def test_a_stopped_download_is_too_short_to_be_taken_for_whole(
    browser: Browser, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def slow(file: LaidOutFile) -> Iterator[bytes]:
        for piece in read_out(file):
            yield piece
            begun.set()
            assert may_go_on.wait(20)

    clip = made(browser, recorded)
    (file,) = clip["files"]
    monkeypatch.setattr(routes, "read_out", slow)
    with ThreadPoolExecutor(1) as pool:
        download = pool.submit(browser.get, file["url"])
        assert begun.wait(20)
        assert state(browser, clip)["state"] == "sending"
        assert browser.get(file["url"]).json()["code"] == "refused"
        answer = browser.send("DELETE", f"/api/v1/clips/{clip['camera']}/{clip['id']}")
        assert answer.json()["state"] == "stopped"
        may_go_on.set()
        with pytest.raises(httpx.RemoteProtocolError):
            download.result(20)
    assert state(browser, clip)["sent"] < file["bytes"]


def test_what_changed_on_disk_ends_the_download(
    at: Running, browser: Browser, recorded: Recorded
) -> None:
    clip = made(browser, recorded)
    (file,) = clip["files"]
    found = at.of.app.state.services.clips.get(clip["id"], recorded.camera, _user(at))
    path: Path = found.files[0].group.runs[0].files[0].path
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[whole.rindex(b"mdat") + 30] ^= 1
    path.write_bytes(flipped)
    try:
        with pytest.raises(httpx.RemoteProtocolError):
            browser.get(file["url"])
        told = state(browser, clip)
        assert told["state"] == "failed"
        assert str(path.parent) not in told["sentence"]
    finally:
        path.write_bytes(whole)


def _user(at: Running) -> str:
    clips = at.of.app.state.services.clips._clips
    return str(next(iter(clips.values())).user)


def test_places_are_few_and_the_oldest_idle_makes_room(
    browser: Browser, recorded: Recorded
) -> None:
    first = made(browser, recorded)
    for _ in range(clipdesk.MOST):
        made(browser, recorded)
    assert browser.get(first["files"][0]["url"]).status_code == 404


def test_a_hostile_name_is_no_header_and_no_path() -> None:
    clip = clipdesk.Clip(
        "a", "u", "c", "main", 0, 1, '../"x"\r\nSet-Cookie: a=b/\u202egpj.exe',  # type: ignore[arg-type]
        (_File(),),  # type: ignore[arg-type]
    )  # fmt: skip
    name = routes._file_name(clip, 0)
    assert not set(name) & set('/\\"\r\n:;=\u202e')
    assert not name.startswith(".")
    assert name.endswith("1970-01-01 00.00.00Z.mp4")


class _File:
    from_ns = 0
    ending = ".mp4"
