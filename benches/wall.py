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

from benches._harness import BenchError, RunningRecorder, report, resident_bytes, workplace
from benches._plain_browser import PlainBrowser, plain_browser
from benches._slope import Slope, slope
from watchglass.simulate.process import Simulator, arguments

_SETTLE_S = 15.0
_SAMPLE_EVERY_S = 5.0
_BUSY_S = 20.0
_MINUTE_S = 60.0
_MIB = 1024 * 1024
_ENOUGH_S = 7200.0
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
    parser.add_argument("--minutes", type=float, help="measured, after 5 of warm-up")
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    warm_s, measured_s = (120.0, 780.0) if asked.quick else (900.0, 7200.0)
    if asked.minutes is not None:
        warm_s, measured_s = 300.0, 60.0 * asked.minutes
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
    enough = not asked.quick and measured_s >= _ENOUGH_S
    return report("wall", asked.quick, figures, targets, enough=enough)


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
            with plain_browser() as at:
                at.enter(recorder.page())
                return _watch(at, warm_s, measured_s, chance)
        finally:
            recorder.stop()


def _watch(
    at: PlainBrowser, warm_s: float, measured_s: float, chance: random.Random
) -> tuple[_Samples, int]:
    at.ask("Performance.enable")
    pid = at.renderer()
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
                _sample(at, pid, samples)
            time.sleep(_SAMPLE_EVERY_S)
        if failures := at.failures():
            raise BenchError(f"the page failed: {failures}")
        if int(now_s // 60) > told:
            told = int(now_s // 60)
            heap = samples.heap[-1] / _MIB if samples.heap else 0
            drawn = samples.renderer[-1] / _MIB if samples.renderer else 0
            print(f"{told} min, heap {heap:.2f} MiB, renderer {drawn:.1f} MiB", file=sys.stderr,
                  flush=True)  # fmt: skip
    return samples, acts


def _act(at: PlainBrowser, chance: random.Random) -> None:
    """Something that an operator does, and a moment to look at it."""
    key = chance.choice(["s", "g", "r", "t", "2", "3", "End", "j", "ArrowLeft"])
    if key == "t":
        at.go_to(chance.randint(5, 40))
    else:
        at.press(key)
    time.sleep(chance.randint(500, 2500) / 1000)


def _rest(at: PlainBrowser) -> None:
    """Back to the live wall, whatever was done."""
    at.press("End")
    at.wait_for("document.querySelector('.tile') !== null")


def _sample(at: PlainBrowser, pid: int, samples: _Samples) -> None:
    at.ask("HeapProfiler.collectGarbage")
    told = {each["name"]: each["value"] for each in at.ask("Performance.getMetrics")["metrics"]}
    samples.at_s.append(time.monotonic())
    samples.heap.append(told["JSHeapUsedSize"])
    samples.nodes.append(told["Nodes"])
    samples.renderer.append(resident_bytes(pid))


if __name__ == "__main__":
    sys.exit(main())
