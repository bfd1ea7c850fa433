"""Cameras whose pictures are clips of real places, in a process of their own.

``python -m benches._clip_cameras KIND:COUNT …`` where a kind is ``variable``, ``constant`` or
``active``; it says where they are in one line, and runs until its standard input ends. With
``--large LOG`` their main streams are 1080p15 at 3 Mb/s, and what is sent is logged in that folder.
"""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benches._harness import BenchError
from benches.recall.clips import Clip, Clips
from benches.recall.footage import SIZE
from benches.recall.scenes import FPS, ClipSpec
from watchglass.simulate import nal
from watchglass.simulate.camera_kind import BENCH_SIZE, CameraSpec, camera
from watchglass.simulate.fleet import CameraUrls, FleetSettings, SimulatedFleet
from watchglass.simulate.loop import Loop, LoopSpec

PLACES = ("corridor", "hall", "store", "car park")
GOP_S = 2
SETTLES_S = 12
LARGE = replace(BENCH_SIZE, seconds=30, sound=False)


def quiet(constant: bool, number: int) -> ClipSpec:
    """A real empty place with the noise of a sensor, nothing else, for 42 seconds."""
    rate = "constant" if constant else "variable"
    return ClipSpec(
        name=f"quiet {number} {rate}", light="day", constant_rate=constant, gop_s=GOP_S,
        half="test", place=PLACES[number % len(PLACES)], mirrored=False, things=(),
        seed=7000 + number, intervals=0,
    )  # fmt: skip


def active(number: int) -> ClipSpec:
    """People and cars come and go, with quiet between them."""
    return replace(
        quiet(False, number), name=f"active {number}", intervals=6, seed=8000 + number,
        things=("worker", "woman in black", "red car"),
    )  # fmt: skip


def loop_of(clip: Clip) -> Loop:
    """As simulated cameras play it, again and again; without its first seconds, in which the
    encoder finds its rate: no camera does that again and again."""
    kept = clip.units[SETTLES_S * FPS :]
    spec = LoopSpec(
        width=SIZE[0], height=SIZE[1], fps=FPS, gop_frames=clip.spec.gop_s * FPS,
        seconds=len(kept) // FPS // GOP_S * GOP_S, seed=clip.spec.seed,
        rate_control="constant" if clip.spec.constant_rate else "variable",
    )  # fmt: skip
    units = [
        [unit for unit in nal.split_annexb(each) if nal.is_vcl(unit, "h264") or _is_set(unit)]
        for each, _ in kept[: spec.frames]
    ]
    flat = [unit for frame in units for unit in frame]
    return Loop(
        spec, memoryview(b"".join(flat)), tuple(accumulate(map(len, flat), initial=0)),
        tuple(accumulate(map(len, units), initial=0)), spec.key_frames(), None,
    )  # fmt: skip


def _is_set(unit: bytes) -> bool:
    return nal.is_parameter_set(unit, "h264")


@dataclass(frozen=True)
class Wanted:
    kind: str
    count: int

    def specs(self) -> list[ClipSpec]:
        if self.kind == "active":
            return [active(number % 4) for number in range(self.count)]
        return [quiet(self.kind == "constant", number % 4) for number in range(self.count)]


class ClipCameras:
    """The process, and what it serves: ``urls`` by kind."""

    def __init__(self, large: Path | None = None, **wanted: int) -> None:
        more = [] if large is None else ["--large", str(large)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benches._clip_cameras", *more,
             *(f"{kind}:{count}" for kind, count in wanted.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError("the cameras did not come up")
        told: dict[str, list[dict[str, Any]]] = json.loads(line)
        self.urls = {kind: [CameraUrls(**each) for each in found] for kind, found in told.items()}

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


def clips() -> Clips:
    """Made where they are not there yet."""
    stated = os.environ.get("WATCHGLASS_SHARED")
    shared = Path(stated) if stated else Path(__file__).resolve().parents[2] / "shared"
    return Clips(shared, lambda text: print(text, file=sys.stderr, flush=True))


async def _serve(wanted: list[Wanted], large: Path | None) -> None:
    known = clips()
    made: dict[str, Loop] = {}
    specs, kinds = [], []
    for each in wanted:
        for number, spec in enumerate(each.specs()):
            if spec.name not in made:
                made[spec.name] = loop_of(known.get(spec))
            loop = made[spec.name].spec
            main = loop if large is None else camera("", "a", LARGE).main
            specs.append(CameraSpec(f"{each.kind}-{number + 1}", main, loop))
            kinds.append(each.kind)
    fleet = SimulatedFleet(specs, FleetSettings(log_folder=large))
    fleet.use({loop.spec: loop for loop in made.values()})
    await fleet.start()
    told: dict[str, list[dict[str, Any]]] = {}
    for kind, urls in zip(kinds, fleet.urls, strict=True):
        told.setdefault(kind, []).append(asdict(urls))
    print(json.dumps(told), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await fleet.stop()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    folder = None
    if arguments[0] == "--large":
        folder, arguments = Path(arguments[1]), arguments[2:]
    asked = [Wanted(kind, int(n)) for kind, _, n in (each.partition(":") for each in arguments)]
    asyncio.run(_serve(asked, folder))
