"""What is played is what was recorded: bytes, order, and nothing silent between."""

import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.api.recorded import Browser, Recorded, Running, pictures, running
from tests.app.running import wait_until
from watchglass.model.gap import GapCause
from watchglass.model.look import Look, LookKind
from watchglass.recording.boxes import walk
from watchglass.recording.fragment import decode_fragment

NS_PER_MS = 1_000_000


def playback(browser: Browser, camera: str, at_ms: int, span_ms: int = 60_000) -> Any:
    return browser.json(
        f"/api/v1/playback/{camera}/main", params={"at_ms": at_ms, "span_ms": span_ms}
    )


def bytes_of(browser: Browser, part: Any) -> bytes:
    found = []
    for segment in part["segments"]:
        answer = browser.get(segment["url"])
        assert answer.status_code == 200, answer.text
        found.append(answer.content)
    return b"".join(found)


def samples(fragments: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(fragments):
        fragment = decode_fragment(fragments, at)
        found += [
            fragments[offset : offset + sample.data_bytes]
            for sample, offset in zip(fragment.samples, fragment.offsets, strict=True)
        ]
        at += fragment.length
    return found


def test_all_pictures_come_byte_for_byte(browser: Browser, recorded: Recorded) -> None:
    found = playback(browser, recorded.camera, recorded.began_ns // NS_PER_MS)
    pieces = found["pieces"]
    assert [piece["open"] for piece in pieces] == [False, False, False, True]
    got = [sample for piece in pieces for sample in samples(bytes_of(browser, piece["video"]))]
    fed = recorded.worker.streams[recorded.camera].fed
    assert got == fed[: len(got)]
    assert len(fed) - len(got) < 10
    for before, after in pairwise(pieces):
        assert before["to_ms"] == after["from_ms"]
        assert after["offset_ms"] - before["offset_ms"] == 6000


def test_a_player_opens_each_track_alone(browser: Browser, recorded: Recorded) -> None:
    found = playback(browser, recorded.camera, recorded.began_ns // NS_PER_MS)
    for piece in found["pieces"]:
        part = piece["video"]
        init = browser.get(part["init_url"]).content
        kinds = [box.type for box in walk(init)]
        assert kinds == [b"ftyp", b"moov"]
        assert init[8:12] == b"isom"
        assert init.count(b"trak") == init.count(b"trex") == 1
        media = bytes_of(browser, part)
        shown = pictures(init + media)
        assert len(shown) == len(samples(media))
        assert (shown[0].width, shown[0].height) == (part["width"], part["height"])
        assert part["codec"] == "avc1.42c00a"


def test_g711_comes_as_records(browser: Browser, recorded: Recorded) -> None:
    found = playback(browser, recorded.camera, recorded.began_ns // NS_PER_MS)
    sound = found["pieces"][1]["sound"]
    assert (sound["codec"], sound["sample_rate"], sound["channels"]) == ("pcma", 8000, 1)
    assert sound["init_url"] is None
    data = bytes_of(browser, sound)
    times, at, payload = [], 0, 0
    while at < len(data):
        time, length = struct.unpack_from(">QI", data, at)
        times.append(time)
        at += 12 + length
        payload += length
    assert at == len(data)
    assert times == sorted(set(times))
    assert times[0] < 800
    assert times[-1] < 6 * 8000
    assert payload == 160 * len(times)  # what is fed has 160 of each 800


@pytest.mark.full
def test_begins_with_the_key_frame_on_show(browser: Browser, recorded: Recorded) -> None:
    whole = playback(browser, recorded.camera, recorded.began_ns // NS_PER_MS)
    start_ms = whole["pieces"][0]["from_ms"]
    for after_ms in range(0, 17_000, 730):
        found = playback(browser, recorded.camera, start_ms + after_ms, 500)
        piece = found["pieces"][0]
        first = piece["video"]["segments"][0]
        # A key frame each second, and a fragment of 0.4 s may hold it in its middle.
        assert start_ms + after_ms - 1500 < first["from_ms"] <= start_ms + after_ms
        assert first["to_ms"] > start_ms + after_ms
        media = browser.get(first["url"]).content
        init = browser.get(piece["video"]["init_url"]).content
        assert pictures(init + media)[0].width == 64


def test_gap_stands_between_with_its_cause(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "s")
    recorded.record(4)
    recorded.worker.stream(recorded.camera).end(GapCause.CAMERA_UNREACHABLE)
    recorded.cycle()
    recorded.site.clock.advance(7_000_000_000)
    recorded.cycle()
    recorded.record(4)
    with running(recorded) as (_, browser):
        found = playback(browser, recorded.camera, recorded.began_ns // NS_PER_MS)
        assert len({piece["run"] for piece in found["pieces"]}) == 2
        lost = [gap for gap in found["gaps"] if gap["cause"] == "camera_unreachable"]
        assert len(lost) == 1
        assert 6_500 < lost[0]["to_ms"] - lost[0]["from_ms"] < 7_700
        assert "answer" in lost[0]["sentence"]
        # Asked inside the gap: nothing to play, and where it goes on.
        inside = playback(browser, recorded.camera, lost[0]["from_ms"] + 1000, 2000)
        assert inside["pieces"] == []
        assert inside["resume_ms"] == lost[0]["to_ms"]
    recorded.close()


def test_deleted_file_is_gone_with_its_cause(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "s")
    recorded.record(15)
    with running(recorded) as (_, browser):
        began_ms = recorded.began_ns // NS_PER_MS
        found = playback(browser, recorded.camera, began_ms)
        first = found["pieces"][0]["video"]
        recorded.site.keep_for(1)
        recorded.site.clock.advance(2 * 3600 * 1_000_000_000)
        for _ in range(5):
            recorded.site.cycle(recorded.worker)
        for url in (first["init_url"], first["segments"][0]["url"]):
            answer = browser.get(url)
            assert answer.status_code == 410, answer.text
            assert answer.json()["cause"] == "retention"
        again = playback(browser, recorded.camera, began_ms)
        assert "retention" in {gap["cause"] for gap in again["gaps"]}
    recorded.close()


def test_file_that_vanished_is_said_to_be(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "s")
    recorded.record(15)
    with running(recorded) as (_, browser):
        began_ms = recorded.began_ns // NS_PER_MS
        url = playback(browser, recorded.camera, began_ms)["pieces"][0]["video"]["segments"][0][
            "url"
        ]
        recorded.site.files[0].unlink()
        answer = browser.get(url)
        assert (answer.status_code, answer.json()["cause"]) == (410, "media_missing")
        found = playback(browser, recorded.camera, began_ms)
        assert found["gaps"][0]["cause"] in ("media_missing", "waiting_key_frame")
        assert "media_missing" in {gap["cause"] for gap in found["gaps"]}
    recorded.close()


def test_recordings_belong_to_their_camera(browser: Browser, recorded: Recorded) -> None:
    """A camera's name in the path cannot open another's recordings: rights go by camera."""
    mine, other = recorded.cameras
    url = playback(browser, mine, recorded.began_ns // NS_PER_MS)["pieces"][0]["video"]["init_url"]
    assert browser.get(url).status_code == 200
    assert browser.get(url.replace(mine, other)).status_code == 404
    assert browser.get(url.replace("/main/", "/sub/")).status_code == 404


def test_a_browser_may_keep_what_it_asks_for_again(browser: Browser, recorded: Recorded) -> None:
    pieces = playback(browser, recorded.camera, recorded.began_ns // NS_PER_MS)["pieces"]
    for piece in pieces:
        url = piece["video"]["segments"][0]["url"]
        answer = browser.get(url)
        assert answer.headers["cache-control"] == "private, no-cache"
        again = browser.get(url, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_looks_are_noted_once_a_viewing(at: Running, browser: Browser, recorded: Recorded) -> None:
    camera = recorded.cameras[1]

    def noted() -> list[Look]:
        return [look for look in at.of.looks if look.camera == camera]

    for piece in playback(browser, camera, recorded.began_ns // NS_PER_MS)["pieces"]:
        bytes_of(browser, piece["video"])
    wait_until(lambda: bool(noted()))
    (look,) = noted()
    assert (look.user, look.kind) == ("admin", LookKind.PLAYBACK)


@pytest.mark.parametrize("span", [(0, 10**6), (3, 2), (10**15, 10**15 + 1)])
def test_segments_that_cannot_be(
    browser: Browser, recorded: Recorded, span: tuple[int, int]
) -> None:
    piece = playback(browser, recorded.camera, recorded.began_ns // NS_PER_MS)["pieces"][0]
    base = piece["video"]["init_url"].partition("/init")[0]
    assert browser.get(f"{base}/{span[0]}-{span[1]}").status_code in (400, 404)
