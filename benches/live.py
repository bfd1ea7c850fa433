"""From click to first live picture, and how old the picture is, in Chromium on loopback.

A simulated camera numbers its frames in the picture and logs when it sent each: the age of a
picture is the time since its frame was sent. A click is the one that leaves the past for the live
picture, so that its stream begins anew each time. Chromium draws in software here, which is part of
the figure.
"""

import argparse
import sys
import time
from pathlib import Path

from benches._browser import LARGE, Watcher, watcher
from benches._frames import sent_frames
from benches._harness import BenchError, RunningRecorder, percentile, report, workplace
from watchglass.simulate.process import Simulator, arguments

_FPS = 15
_LOOP_S = 20
_SETTLE_S = 8.0

# Clicks, and resolves to the milliseconds until the large tile shows a live picture.
_CLICK = """([button, tile]) => new Promise((done, failed) => {
  const began = performance.now();
  const look = () => {
    const video = document.querySelector(tile);
    const drawn = video?.videoWidth && video.readyState >= 2 && video.currentTime > 0;
    if (drawn && !video.closest('.past')) return done(performance.now() - began);
    if (performance.now() - began > 15000) return failed(new Error('no live picture in 15 s'));
    requestAnimationFrame(look);
  };
  [...document.querySelectorAll('button')].find((each) => each.matches(button)).click();
  requestAnimationFrame(look);
})"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench live", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 clicks and 40 pictures")
    asked = parser.parse_args()
    clicks, pictures = (5, 40) if asked.quick else (40, 300)
    waits, ages = _measure("a", clicks, pictures)
    long_waits, _ = _measure("b", max(3, clicks // 4), 0)
    figures: dict[str, float | int | None] = {
        "clicks": len(waits),
        "picture_p95_ms": round(percentile(waits, 0.95)),
        "picture_median_ms": round(percentile(waits, 0.5)),
        "pictures": len(ages),
        "age_p95_ms": round(percentile(ages, 0.95)),
        "age_median_ms": round(percentile(ages, 0.5)),
        "long_gop_clicks": len(long_waits),
        "long_gop_picture_max_ms": round(max(long_waits)),
    }
    targets = {
        "picture_p95_ms": ("<=", 700.0),
        "age_p95_ms": ("<=", 500.0),
        "long_gop_picture_max_ms": ("<=", 2000.0),
    }
    return report("live", asked.quick, figures, targets, enough=clicks >= 20)


def _measure(kind: str, clicks: int, pictures: int) -> tuple[list[float], list[float]]:
    """Milliseconds from click to picture, and ages of pictures in milliseconds."""
    with workplace() as folder:
        logs = folder / "log"
        options = arguments(
            cameras=4, kind=kind, width=1920, height=1080, bit_rate=3_000_000, seconds=_LOOP_S,
            log=str(logs), no_sound=True,
        )  # fmt: skip
        with Simulator(*options, show_progress=True) as simulator:
            recorder = RunningRecorder(folder / "data")
            try:
                names = {recorder.add(camera): camera.name for camera in simulator.urls}
                time.sleep(_SETTLE_S if kind == "a" else 2 * _SETTLE_S)
                with watcher(recorder.page()) as at:
                    at.enter()
                    at.wait_for_number()
                    seen = _pictures(at, pictures)
                    waits = [_click(at) for _ in range(clicks)]
                    large = at.page.locator(".tile.large").first.get_attribute("data-camera")
                if at.errors:
                    raise BenchError(f"the page failed: {at.errors}")
            finally:
                recorder.stop()
        name = next((name for camera, name in names.items() if camera == large), "camera-1")
        return waits, _ages(seen, logs / f"{name}-main.jsonl")


def _pictures(at: Watcher, count: int) -> list[tuple[int, float]]:
    """Numbers and the moments (UTC s) at which they were on the screen, while it plays live."""
    seen = []
    at.page.wait_for_timeout(3000 if count else 0)
    for _ in range(count):
        found = at.number()
        if found is not None:
            seen.append(found)
        at.page.wait_for_timeout(137)
    return seen


def _click(at: Watcher) -> float:
    at.go_to(4)
    at.page.wait_for_selector(".past")
    at.page.wait_for_timeout(700)
    wait_ms: float = at.page.evaluate(_CLICK, [".btn.live", LARGE])
    at.page.wait_for_timeout(300)
    return wait_ms


def _ages(seen: list[tuple[int, float]], log: Path) -> list[float]:
    sent = [(frame.number % (_FPS * _LOOP_S), frame.wall_ns) for frame in sent_frames(log)]
    ages = []
    for number, at_s in seen:
        at_ns = round(at_s * 1e9)
        walls = [wall_ns for each, wall_ns in sent if each == number and wall_ns <= at_ns]
        if not walls:
            raise BenchError(f"the page shows frame {number}, which was not sent by then")
        ages.append((at_ns - max(walls)) / 1e6)
    return ages


if __name__ == "__main__":
    sys.exit(main())
