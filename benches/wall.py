"""A wall that stays open: what the browser's page holds after hours, live and looked around on.

Chromium shows the wall of a real recorder with simulated cameras. Twenty seconds of each minute
somebody uses it: a moment of the past, all cameras in step, the last half minute of a tile, all
alike and one large; the rest of the minute it is left alone, so that the least of a minute is what
stays. Sampled are the page's JavaScript heap, after its garbage was collected, and the resident
memory of the process that draws it. The slopes begin after a warm-up; the targets are for the upper
95 % bound of each, see ``benches/_slope.py``.
"""

import argparse
import random
import sys
import time
from dataclasses import dataclass, field

from playwright.sync_api import CDPSession, Error

from benches._browser import Watcher, watcher
from benches._harness import BenchError, RunningRecorder, report, resident_bytes, workplace
from benches._slope import Slope, slope
from watchglass.simulate.process import Simulator, arguments

_SETTLE_S = 15.0
_SAMPLE_EVERY_S = 5.0
_BUSY_S = 20.0
_MINUTE_S = 60.0
_MIB = 1024 * 1024
_HEAP_TARGET = 512.0
"""KiB an hour: a page that is open for a week grows by less than 90 MiB."""
_RENDERER_TARGET = 4096.0


@dataclass
class _Samples:
    """``at_s`` is monotonic."""

    at_s: list[float] = field(default_factory=list)
    heap: list[float] = field(default_factory=list)
    renderer: list[float] = field(default_factory=list)
    nodes: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench wall", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="15 minutes")
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    warm_s, measured_s = (120.0, 780.0) if asked.quick else (900.0, 7200.0)
    samples, acts = _measure(asked.cameras, warm_s, measured_s, random.Random(asked.seed))
    window_s = 60.0
    heap = slope(samples.at_s, samples.heap, window_s)
    renderer = slope(samples.at_s, samples.renderer, window_s)
    figures: dict[str, float | int | None] = {
        "minutes": round((samples.at_s[-1] - samples.at_s[0]) / 60, 1),
        "cameras": asked.cameras,
        "acts": acts,
        "heap_mib": round(samples.heap[-1] / _MIB, 2),
        "heap_kib_an_hour": _an_hour(heap.value),
        "heap_upper_kib_an_hour": _upper(heap),
        "renderer_mib": round(samples.renderer[-1] / _MIB, 1),
        "renderer_kib_an_hour": _an_hour(renderer.value),
        "renderer_upper_kib_an_hour": _upper(renderer),
        "nodes": int(samples.nodes[-1]),
    }
    targets = {
        "heap_upper_kib_an_hour": ("<=", _HEAP_TARGET),
        "renderer_upper_kib_an_hour": ("<=", _RENDERER_TARGET),
    }
    # A quarter of an hour shows a leak, and cannot show that there is none.
    return report("wall", asked.quick, figures, targets, enough=not asked.quick)


def _an_hour(bytes_a_second: float) -> float:
    return round(bytes_a_second * 3600 / 1024, 1)


def _upper(found: Slope) -> float | None:
    return None if found.upper is None else _an_hour(found.upper)


def _measure(
    cameras: int, warm_s: float, measured_s: float, chance: random.Random
) -> tuple[_Samples, int]:
    """Samples after the warm-up, and how many things were done meanwhile."""
    options = arguments(
        cameras=cameras, kind="a", width=640, height=360, fps=10, bit_rate=500_000, seconds=8,
        sub_width=320, sub_height=180, sub_fps=5, sub_bit_rate=100_000, no_sound=True,
    )  # fmt: skip
    with workplace() as folder, Simulator(*options, show_progress=True) as simulator:
        recorder = RunningRecorder(folder / "data")
        try:
            for camera in simulator.urls:
                recorder.add(camera)
            time.sleep(_SETTLE_S)
            with watcher(recorder.page()) as at:
                at.enter()
                at.wait_for_number()
                return _watch(at, warm_s, measured_s, chance)
        finally:
            recorder.stop()


def _watch(
    at: Watcher, warm_s: float, measured_s: float, chance: random.Random
) -> tuple[_Samples, int]:
    page = at.page.context.new_cdp_session(at.page)
    page.send("Performance.enable")
    pid = _renderer(at)
    samples = _Samples()
    acts = 0
    began_s = time.monotonic()
    told = 0
    while (now_s := time.monotonic() - began_s) < warm_s + measured_s:
        if now_s % _MINUTE_S < _BUSY_S:
            _act(at, chance)
            acts += 1
        else:
            _rest(at)
            if now_s >= warm_s:
                _sample(page, pid, samples)
            at.page.wait_for_timeout(_SAMPLE_EVERY_S * 1000)
        if at.errors:
            raise BenchError(f"the page failed: {at.errors}")
        if int(now_s // 60) > told:
            told = int(now_s // 60)
            heap = samples.heap[-1] / _MIB if samples.heap else 0
            print(f"{told} min, heap {heap:.2f} MiB", file=sys.stderr, flush=True)
    return samples, acts


def _act(at: Watcher, chance: random.Random) -> None:
    """Something that an operator does, and a moment to look at it."""
    key = chance.choice(["s", "g", "r", "t", "2", "3", "End", "j", "ArrowLeft"])
    if key == "t":
        at.go_to(chance.randint(5, 40))
    else:
        at.page.keyboard.press(key)
    at.page.wait_for_timeout(chance.randint(500, 2500))


def _rest(at: Watcher) -> None:
    """Back to the live wall, whatever was done."""
    at.page.keyboard.press("End")
    if at.page.locator(".tile").count() == 0:
        raise BenchError("the page shows no wall any more")


def _sample(page: CDPSession, pid: int, samples: _Samples) -> None:
    page.send("HeapProfiler.collectGarbage")
    told = {each["name"]: each["value"] for each in page.send("Performance.getMetrics")["metrics"]}
    samples.at_s.append(time.monotonic())
    samples.heap.append(told["JSHeapUsedSize"])
    samples.nodes.append(told["Nodes"])
    samples.renderer.append(resident_bytes(pid))


def _renderer(at: Watcher) -> int:
    """The process that draws the page: of all that Chromium has, the one that works most for it."""
    browser = at.page.context.browser
    if browser is None:
        raise BenchError("Chromium tells nothing of its processes")
    session = browser.new_browser_cdp_session()
    try:
        told = session.send("SystemInfo.getProcessInfo")["processInfo"]
    except Error as error:
        raise BenchError(f"Chromium tells nothing of its processes: {error}") from error
    found = [each for each in told if each["type"] == "renderer"]
    if not found:
        raise BenchError("Chromium has no process that draws a page")
    return int(max(found, key=lambda each: float(each["cpuTime"]))["id"])


if __name__ == "__main__":
    sys.exit(main())
