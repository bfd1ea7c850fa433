"""Cameras that stop sending while their connections stay open: how soon it is found.

Found: from the last frame sent until the recorder hangs up, on the camera's own clock. Beside them
cameras with 1 fps and a key frame every 10 s are recorded, and nobody is disturbed between the
stalls: each connection more than the stalls explain is a false restart.
"""

import argparse
import json
import random
import sys
import time
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from pathlib import Path

from benches._harness import BenchError, RunningRecorder, percentile, report, workplace
from watchglass.simulate.process import Simulator, arguments

_NS_PER_S = 1_000_000_000
_STALL_S = 8.0
"""Well over the limit: the recorder has to hang up within it."""
_PICTURES_S = 4.0
_SLOW_CAMERAS = 2
_TARGETS = {"found_max_s": ("<=", 5.0), "false_restarts": ("<=", 0.0)}


@dataclass(slots=True)
class StreamLog:
    """What happened to one stream; monotonic ns of the simulator."""

    joined: int = 0
    gone_ns: list[int] = field(default_factory=list)
    watched_ns: list[int] = field(default_factory=list)
    """When frames went to somebody."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench stall")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--stalls", type=int, default=None, help="how often each camera stalls")
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    stalls = asked.stalls or (2 if asked.quick else 20)
    with workplace() as folder:
        began_s = time.monotonic()
        streams, slow = _measure(folder, stalls, asked.cameras, random.Random(asked.seed))
        seconds = time.monotonic() - began_s
    found = [each for stream in streams for each in _found_s(stream)]
    if len(found) < stalls * len(streams):
        raise BenchError(f"{len(found)} of {stalls * len(streams)} stalls were found")
    expected = len(streams) * (1 + stalls) + len(slow)
    figures: dict[str, float | int | None] = {
        "stalls": len(found),
        "found_p50_s": round(percentile(found, 0.5), 3),
        "found_max_s": round(max(found), 3),
        "false_restarts": sum(stream.joined for stream in streams + slow) - expected,
        "slow_cameras": _SLOW_CAMERAS,
        "seconds": round(seconds),
    }
    return report("stall", asked.quick, figures, _TARGETS, enough=len(found) >= 20)


def _measure(
    folder: Path, stalls: int, cameras: int, chance: random.Random
) -> tuple[list[StreamLog], list[StreamLog]]:
    small = {
        "width": 320, "height": 180, "sub_width": 160, "sub_height": 90, "bit_rate": 300_000,
        "sub_bit_rate": 100_000, "seconds": 20, "no_sound": True,
    }  # fmt: skip
    fast_log, slow_log = folder / "fast", folder / "slow"
    fast = arguments(cameras=cameras, kind="a", fps=15, log=str(fast_log), **small)
    slow = arguments(
        cameras=_SLOW_CAMERAS, kind="b", fps=1, sub_fps=1, log=str(slow_log), **small
    )  # fmt: skip
    with (
        Simulator(*fast, show_progress=True) as stalling,
        Simulator(*slow, show_progress=True) as slowly,
    ):
        recorder = RunningRecorder(folder / "data")
        try:
            slow_urls = [replace(each, name=f"slow {each.name}") for each in slowly.urls]
            for camera in stalling.urls + slow_urls:
                recorder.add(camera)
            time.sleep(_PICTURES_S)
            for number in range(stalls):
                time.sleep(_PICTURES_S + chance.random())
                for camera in stalling.urls:
                    stalling.set(camera.name, "stall")
                time.sleep(_STALL_S)
                for camera in stalling.urls:
                    stalling.set(camera.name, "stall", False)
                print(f"\rstalled {number + 1} of {stalls}", end="", file=sys.stderr, flush=True)
            time.sleep(_PICTURES_S)
        finally:
            print(file=sys.stderr)
            status = recorder.stop()
        if status != 0:
            raise BenchError(f"the recorder ended with status {status}:\n{recorder.log()}")
    return _logs(fast_log), _logs(slow_log)


def _logs(folder: Path) -> list[StreamLog]:
    return [_log(path) for path in sorted(folder.glob("*.jsonl"))]


def _log(path: Path) -> StreamLog:
    found = StreamLog()
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        match entry.get("event"):
            case None if entry["c"]:
                found.watched_ns.append(entry["m"])
            case "client":
                found.joined += 1
            case "client_gone":
                found.gone_ns.append(entry["m"])
    return found


def _found_s(stream: StreamLog) -> list[float]:
    """From the last frame before it to each hanging up, but for that of the end."""
    found = []
    for gone_ns in stream.gone_ns[:-1]:
        at = bisect_right(stream.watched_ns, gone_ns)
        if not at:
            raise BenchError("a client went before it had got a frame")
        found.append((gone_ns - stream.watched_ns[at - 1]) / _NS_PER_S)
    return found


if __name__ == "__main__":
    sys.exit(main())
