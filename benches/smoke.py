"""The demo, watched by a program instead of a person: what ``./scripts/demo --smoke`` runs.

It waits until four cameras record, opens the page in Chromium, sets the password, sees live
pictures move and the recording grow, goes into the past, and compares the frame number in the
picture with the one that the files have for that moment. The last line is one JSON object; the exit
status says whether all held.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benches._browser import PAST, Watcher, watcher
from benches._harness import BenchError
from benches._truth import numbers_at
from watchglass.app.demo import SIZE
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName

_FILM_S = 300.0
_RECORD_S = 60.0
_LIVE_S = 20.0
_END_S = 60.0
_LEAST_S = 20.0
_CAMERAS = 4
_SHOWN = ".tile :is(video, img):not([hidden])"
"""A tile has both, and shows the one that its camera's codec needs."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="wg-smoke-") as folder:
        data = Path(folder) / "demo"
        log = Path(folder) / "said.txt"
        with log.open("w") as said, (Path(folder) / "end.json").open("w+") as end:
            demo = subprocess.Popen(
                [sys.executable, "-m", "watchglass.app", "--data", str(data), "demo", "--json"],
                stdout=end, stderr=said,
            )  # fmt: skip
            seen: dict[str, Any] = {"recording": 0, "live_pictures": 0, "playback_ok": False}
            try:
                with watcher(_url(demo, log)) as at:
                    seen |= _watch(at, data)
            except BenchError as error:
                seen["problem"] = str(error)
            finally:
                seen["stopped"] = _stop(demo)
            end.seek(0)
            return _tell(seen, end.read(), log.read_text())


def _url(demo: "subprocess.Popen[bytes]", log: Path) -> str:
    """The link that the demo prints once its cameras are filmed and record."""
    until_s = time.monotonic() + _FILM_S
    while time.monotonic() < until_s and demo.poll() is None:
        for word in log.read_text().split():
            if word.startswith("http://") and "#token=" in word:
                _say(f"recorder is up: {word.partition('#')[0]}")
                return word
        time.sleep(0.2)
    raise BenchError(f"the demo printed no link: {log.read_text()[-500:]}")


def _watch(at: Watcher, data: Path) -> dict[str, Any]:
    began_s = time.monotonic()
    at.enter()
    _say("signed in")
    recording = _recording(at)
    _say(f"{recording} cameras record")
    live = _moving(at)
    _say(f"{live} live pictures move; {time.monotonic() - began_s:.1f} s after the link was opened")
    grew = _grows(at)
    playback = _plays(at, data)
    return {
        "recording": recording,
        "live_pictures": live,
        "timeline_grows": grew,
        **playback,
        "page_errors": at.errors,
    }


def _recording(at: Watcher) -> int:
    until_s = time.monotonic() + _RECORD_S
    while True:
        cameras = at.ask("/api/v1/cameras")["cameras"]
        count = [camera["now"]["state"] for camera in cameras].count("recording")
        if count == _CAMERAS or time.monotonic() > until_s:
            return count
        time.sleep(0.5)


def _moving(at: Watcher) -> int:
    """How many pictures of the wall show one number and later another."""
    tiles = at.page.locator(".tile").count()
    until_s = time.monotonic() + _LIVE_S
    first: dict[int, int] = {}
    moved: set[int] = set()
    while len(moved) < tiles and time.monotonic() < until_s:
        for tile in range(tiles):
            found = at.number(_SHOWN, tile)
            if found is not None and first.setdefault(tile, found[0]) != found[0]:
                moved.add(tile)
        time.sleep(0.1)
    return len(moved)


def _recorded_until_ms(at: Watcher) -> int:
    now_ms = round(time.time() * 1000)
    line = at.ask(f"/api/v1/timeline?from_ms={now_ms - 3_600_000}&to_ms={now_ms}&pixels=1000")
    return min(
        max((span["to_ms"] for span in row["spans"] if span["kind"] == "media"), default=0)
        for row in line["cameras"]
    )


def _grows(at: Watcher) -> bool:
    before_ms = _recorded_until_ms(at)
    time.sleep(4.0)
    return _recorded_until_ms(at) > before_ms


def _plays(at: Watcher, data: Path) -> dict[str, Any]:
    """Click on the timeline, let it play, stop it, and compare the picture with the files."""
    large = at.ask("/api/v1/cameras")["cameras"][0]
    box = at.page.locator(".tracks").bounding_box()
    assert box is not None
    since_s = time.time()
    while (_recorded_until_ms(at) / 1000 - since_s) < _LEAST_S:
        time.sleep(1.0)
    # In the middle of what is recorded, wherever the page draws it.
    at.go_to(_LEAST_S / 2)
    first = at.wait_for_number(PAST)
    at.page.wait_for_timeout(1500)
    second = at.wait_for_number(PAST)
    at.page.keyboard.press("k")
    number, told_ms = at.on_show()
    there = numbers_at(
        data / "state", data / "media", CameraId(large["id"]), StreamName.MAIN, told_ms
    )
    there = {each % (SIZE.fps * SIZE.seconds) for each in there}
    _say(f"played {first[0]} to {second[0]}; {told_ms} shows {number}, the files say {there}")
    return {
        "playback_ok": second[0] != first[0] and number in there,
        "number_shown": number,
        "number_asked_for": sorted(there),
    }


def _stop(demo: "subprocess.Popen[bytes]") -> bool:
    """End it as a person would; whether it ended well."""
    if demo.poll() is None:
        demo.send_signal(signal.SIGINT)
    try:
        return demo.wait(_END_S) == 0
    except subprocess.TimeoutExpired:
        demo.kill()
        demo.wait()
        return False


def _tell(seen: dict[str, Any], end: str, said: str) -> int:
    after: dict[str, Any] = {}
    with suppress(ValueError):
        after = json.loads(end.splitlines()[-1]) if end.strip() else {}
    result = {
        "cameras": after.get("cameras", 0), "recording": seen.pop("recording"),
        "live_pictures": seen.pop("live_pictures"), "playback_ok": seen.pop("playback_ok"),
        "gaps": after.get("gaps"), "unaccounted_s": after.get("unaccounted_s"), **seen,
    }  # fmt: skip
    held = (
        result["cameras"] == result["recording"] == result["live_pictures"] == _CAMERAS
        and bool(result["playback_ok"] and result.get("timeline_grows") and seen["stopped"])
        and result["unaccounted_s"] == 0
        and not seen.get("page_errors")
    )
    if not held:
        sys.stderr.write(said[-2000:])
    print(json.dumps(result), flush=True)
    return 0 if held else 1


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
