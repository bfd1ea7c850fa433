"""Many watchers on four cameras, some of them too slow: what they cost, and what recording loses.

Each watcher is a WebSocket of its own that reads what a browser would be sent. A slow one reads a
tenth of it. Recorded frames are counted against the simulator's log, not against the clock. At last
one camera is masked: what its one conversion costs, and each watcher beside.
"""

import argparse
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from benches._frames import recorded_frames, sent_frames
from benches._harness import (
    BenchError,
    RunningRecorder,
    cpu_seconds,
    percentile,
    report,
    workplace,
)
from benches._visitor import Visitor
from watchglass.base.ids import CameraId
from watchglass.model.control import DrawMaskRequest
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator, arguments

_CAMERAS = 4
_SETTLE_S = 8.0
_SLOW_EVERY = 4
_SLOW_WAIT_S = 0.6
_BUFFER_BYTES = 16 * 1024
_EDGE_NS = 2_000_000_000
_MASKED_MOST = 8
_LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


@dataclass
class Viewer:
    """One watcher; ``frames`` and ``drops`` are what it was sent and told."""

    camera: CameraId
    slow: bool
    frames: int = 0
    dropped: int = 0
    failed: str = ""
    ending: threading.Event = field(default_factory=threading.Event)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench viewers", description=__doc__)
    parser.add_argument("viewers", nargs="?", type=int, default=64, help="at the most, 1 to 64")
    parser.add_argument("--quick", action="store_true", help="8 viewers, 10 s")
    asked = parser.parse_args()
    every = (0, 8) if asked.quick else (0, 1, 4, 8, 16, 32, 64)
    steps = [count for count in every if count <= asked.viewers]
    seconds = 10 if asked.quick else 20
    with workplace() as folder:
        logs = folder / "log"
        options = arguments(cameras=_CAMERAS, kind="a", seconds=20, log=str(logs), no_sound=True)
        with Simulator(*options, show_progress=True) as simulator:
            recorder = RunningRecorder(folder / "data")
            try:
                names = {recorder.add(camera): camera.name for camera in simulator.urls}
                visitor = Visitor.set_up(recorder.page())
                time.sleep(_SETTLE_S)
                began_ns = time.time_ns()
                costs = [_step(recorder, list(names), visitor, count, seconds) for count in steps]
                masked = next(iter(names))
                recorder.ask(
                    DrawMaskRequest(masked, "window", _LEFT, None, None, "bench", "to be measured")
                )
                hidden = [
                    _step(recorder, [masked], visitor, count, seconds)
                    for count in (1, min(_MASKED_MOST, asked.viewers))
                ]
                ended_ns = time.time_ns()
                time.sleep(4)
            finally:
                recorder.stop()
        lost = sum(
            _lost(recorder, camera, logs / f"{name}-main.jsonl", began_ns, ended_ns)
            for camera, name in names.items()
        )
    for step in costs:
        print(
            f"{step.viewers:>3} viewers: {step.cpu_s / seconds * 1000:6.1f} ms CPU a second in api"
            f" and workers, {step.frames} frames sent, {step.dropped} left out by slow ones"
        )
    one, many = hidden
    for step in hidden:
        print(
            f"{step.viewers:>3} viewers of a masked camera: {step.media_s / seconds * 1000:6.1f} ms"
            f" CPU a second in the media-worker, {step.cpu_s / seconds * 1000:6.1f} in api and"
            f" workers, {step.frames} frames sent"
        )
    if not one.frames or not many.frames:
        raise BenchError("who watched the masked camera got nothing")
    idle, full = costs[0], costs[-1]
    if full.slow and not full.dropped:
        raise BenchError("the slow watchers were not slow: none of their frames was left out")
    figures: dict[str, float | int | None] = {
        "viewers": full.viewers,
        "slow_viewers": full.slow,
        "lost_frames": lost,
        "cpu_ms_per_viewer_s": round(
            (full.cpu_s - idle.cpu_s) * 1000 / seconds / max(1, full.viewers), 2
        ),
        "fast_viewer_fps_p05": round(percentile(full.rates, 0.05), 1),
        "left_out_by_slow": full.dropped,
        "masked_ms_per_conversion_s": round(one.media_s * 1000 / seconds, 1),
        "masked_viewers": many.viewers,
        "masked_ms_per_viewer_s": round(
            (many.cpu_s + many.media_s - one.cpu_s - one.media_s)
            * 1000
            / seconds
            / max(1, many.viewers - 1),
            2,
        ),
        "masked_fps_p05": round(percentile(many.rates, 0.05), 1),
    }
    return report("viewers", asked.quick, figures, {"lost_frames": ("<=", 0.0)})


@dataclass(frozen=True, slots=True)
class Step:
    viewers: int
    slow: int
    cpu_s: float
    """In api and workers."""
    media_s: float
    """In the media-worker."""
    frames: int
    dropped: int
    rates: list[float]


def _step(
    recorder: RunningRecorder, cameras: list[CameraId], visitor: Visitor, count: int, seconds: int
) -> Step:
    viewers = [
        Viewer(cameras[number % len(cameras)], number % _SLOW_EVERY == _SLOW_EVERY - 1)
        for number in range(count)
    ]
    threads = [
        threading.Thread(target=_watch, args=(viewer, visitor), daemon=True) for viewer in viewers
    ]
    for thread in threads:
        thread.start()
    time.sleep(3.0)
    before = _frames(viewers)
    processes = recorder.processes()
    pids = [
        process.pid
        for name, process in processes.items()
        if name == "api" or name.startswith("camera-worker")
    ]
    media = processes["media-worker"].pid
    began_s, media_began_s = sum(map(cpu_seconds, pids)), cpu_seconds(media)
    time.sleep(seconds)
    cpu_s = sum(map(cpu_seconds, pids)) - began_s
    media_s = cpu_seconds(media) - media_began_s
    after = _frames(viewers)
    for viewer in viewers:
        viewer.ending.set()
    for thread in threads:
        thread.join(10.0)
    if failed := [viewer.failed for viewer in viewers if viewer.failed]:
        raise BenchError(f"{len(failed)} watchers failed: {failed[0]}")
    rates = [
        (late - early) / seconds
        for viewer, early, late in zip(viewers, before, after, strict=True)
        if not viewer.slow
    ]
    return Step(
        count, sum(viewer.slow for viewer in viewers), cpu_s, media_s, sum(after) - sum(before),
        sum(viewer.dropped for viewer in viewers), rates or [0.0],
    )  # fmt: skip


def _frames(viewers: list[Viewer]) -> list[int]:
    return [viewer.frames for viewer in viewers]


def _watch(viewer: Viewer, visitor: Visitor) -> None:
    try:
        with visitor.live(viewer.camera, StreamName.MAIN, _BUFFER_BYTES) as link:
            while not viewer.ending.is_set():
                message = link.recv(timeout=5.0)
                if isinstance(message, bytes):
                    viewer.frames += 1
                else:
                    viewer.dropped += json.loads(message).get("dropped", 0)
                if viewer.slow:
                    viewer.ending.wait(_SLOW_WAIT_S)
    except (ConnectionClosed, TimeoutError) as error:
        viewer.failed = f"{type(error).__name__}: {error}"


def _lost(recorder: RunningRecorder, camera: CameraId, log: Path, from_ns: int, to_ns: int) -> int:
    """Frames of the main stream that were sent while people watched and are not on disk."""
    there = {frame.number for frame in recorded_frames(recorder.media, camera, StreamName.MAIN)}
    sent = [
        frame.number
        for frame in sent_frames(log)
        if from_ns - _EDGE_NS <= frame.wall_ns <= to_ns + _EDGE_NS
    ]
    if not sent:
        raise BenchError(f"nothing was sent by {log.stem}")
    return sum(number not in there for number in sent)


if __name__ == "__main__":
    sys.exit(main())
