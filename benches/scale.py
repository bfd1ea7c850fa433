"""Many cameras on one machine: main and sub-stream recorded, the sub-stream understood, a tenth of
the cameras active.

The cameras are RTSP servers on the same machine, in a process of their own that is not counted.
Their sub-streams are clips of real places (`benches._clip_cameras`), quiet ones or with people and
cars that come and go; main streams are 1080p15 at 3 Mb/s. Lost frames are counted by the numbers
in the main streams. How often things are looked for is what the analytics-worker's pace came to.
What moves when is known from how the clips were made and which of their pictures were sent when;
it is held against the seconds with motion that the recorder's own timeline has.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benches import _clip_cameras as clip_cameras
from benches._clip_cameras import ClipCameras
from benches._frames import recorded_frames, sent_frames
from benches._harness import (
    BenchError,
    RunningRecorder,
    cpu_seconds,
    report,
    resident_bytes,
    workplace,
)
from benches.recall.__main__ import settings_hash
from benches.recall.scenes import FPS, Interval
from benches.recall.score import WITHIN_S, joined
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.control import Measurements, MeasureRequest
from watchglass.model.stream import StreamName
from watchglass.store.events import EventStore

_TARGETS = {
    "cores": ("<=", 1.2), "lost_frames": ("<=", 0.0), "mb_per_camera": ("<=", 40.0),
    "detections_per_s": (">=", 2.0), "recall": (">=", 0.99),
}  # fmt: skip
_LEARN_S = 60.0
_LOOK_S = 5.0
_BEST_PER_S = 5.0
_LATE_S = 8.0
"""What began is on the timeline by then."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="16 cameras, 20 s")
    parser.add_argument("--cameras", type=int, default=None)
    parser.add_argument("--seconds", type=float, default=None, help="measured time")
    asked = parser.parse_args()
    cameras = asked.cameras or (16 if asked.quick else 64)
    seconds = asked.seconds or (20.0 if asked.quick else 120.0)
    try:
        figures = _measure(cameras, seconds)
    except BenchError as error:
        print(f"scale: {error}", file=sys.stderr)
        return 1
    print(f"settings {settings_hash()}")
    return report("scale", asked.quick, figures, _TARGETS, enough=cameras >= 64)


def _measure(cameras: int, seconds: float) -> dict[str, float | int | None]:
    active = max(1, round(cameras / 10))
    with workplace() as folder:
        logs = folder / "log"
        logs.mkdir()
        with ClipCameras(logs, variable=cameras - active, active=active) as clips:
            recorder = RunningRecorder(folder / "data")
            try:
                urls = [each for kind in clips.urls.values() for each in kind]
                names = {recorder.add(each): each.name for each in urls}
                time.sleep(_LEARN_S)
                before, began_s = _spent(recorder), time.monotonic()
                began_ns, slowed, looks = time.time_ns(), 1.0, _value(recorder, "looks_total")
                while time.monotonic() - began_s < seconds:
                    time.sleep(_LOOK_S)
                    slowed = max(slowed, _value(recorder, "slowed"))
                took_s, ended_ns = time.monotonic() - began_s, time.time_ns()
                after = _spent(recorder)
                looks = _value(recorder, "looks_total") - looks
                processes = recorder.processes().values()
                pids = [recorder.process.pid, *(each.pid for each in processes)]
                mb = sum(map(resident_bytes, pids)) / 1e6
                time.sleep(_LATE_S)
            finally:
                recorder.stop()
        true, found = _recall(recorder.data, logs, names, began_ns, ended_ns)
        lost = 0
        for camera, name in names.items():
            sent = {
                each.number
                for each in sent_frames(logs / f"{name}-main.jsonl")
                if each.clients and began_ns <= each.wall_ns < ended_ns
            }
            there = {
                each.number for each in recorded_frames(recorder.media, camera, StreamName.MAIN)
            }
            if not sent:
                raise BenchError(f"{name} sent nothing")
            lost += len(sent - there)
    for name, (now, then) in {n: (after[n], before.get(n, 0.0)) for n in after}.items():
        print(f"{name:<20} {(now - then) / took_s * 1000:8.1f} ms a second")
    return {
        "cameras": cameras,
        "active": active,
        "cores": round(sum(after.values()) / took_s - sum(before.values()) / took_s, 3),
        "lost_frames": lost,
        "mb_per_camera": round(mb / cameras, 1),
        "detections_per_s": round(_BEST_PER_S / slowed, 2),
        "looks_per_s": round(looks / took_s, 2),
        "recall": round(found / true, 3) if true else None,
        "intervals": true,
        "seconds": round(took_s, 1),
    }


def _recall(
    data: Path, logs: Path, names: dict[CameraId, str], began_ns: int, ended_ns: int
) -> tuple[int, int]:
    """How many movements began before active cameras, and how many of them were found."""
    store, true, found = EventStore(data / "state" / "events.db"), 0, 0
    clips = clip_cameras.clips()
    try:
        for camera, name in names.items():
            kind, _, number = name.partition("-")
            if kind != "active":
                continue
            clip = clips.get(clip_cameras.active((int(number) - 1) % 4))
            # The timeline knows of whole seconds.
            told = joined(
                (each.from_ns / NS_PER_S, each.from_ns / NS_PER_S + 1)
                for each in store.density(
                    camera, began_ns - 60 * NS_PER_S, ended_ns + 60 * NS_PER_S, 1
                )
            )
            frames = clip_cameras.loop_of(clip).frames
            for shows_s, starts_s in _shown(logs / f"{name}-sub.jsonl", clip.intervals, frames):
                if not began_ns / NS_PER_S <= shows_s <= ended_ns / NS_PER_S - WITHIN_S:
                    continue
                true += 1
                found += any(
                    shows_s - WITHIN_S - 1 < start <= starts_s + WITHIN_S for start, _ in told
                )
    finally:
        store.close()
    return true, found


def _shown(log: Path, intervals: Sequence[Interval], frames: int) -> Iterator[tuple[float, float]]:
    """When each movement of a clip was first seen at all, and half of it: seconds of UTC."""
    first = clip_cameras.SETTLES_S * FPS
    begins = {round(each.shows_s * FPS) - first: each for each in intervals}
    for frame in sent_frames(log):
        each = begins.get(frame.number % frames)
        if each is not None and frame.clients:
            at_s = frame.wall_ns / NS_PER_S
            yield at_s, at_s + each.starts_s - each.shows_s


def _spent(recorder: RunningRecorder) -> dict[str, float]:
    processes = recorder.processes()
    if any(each.restarts for each in processes.values()):
        raise BenchError("a process of the recorder died during the measurement")
    found = {name: cpu_seconds(each.pid) for name, each in processes.items()}
    return {"supervisor": cpu_seconds(recorder.process.pid), **found}


def _value(recorder: RunningRecorder, name: str) -> float:
    told = recorder.ask(MeasureRequest())
    assert isinstance(told, Measurements)
    return sum(s.value for s in told.samples if s.metric == f"watchglass_analysis_{name}")


if __name__ == "__main__":
    sys.exit(main())
