"""``kill -9`` of the camera-worker, the keeper and both, at random moments, and of more.

Lost: frames that were sent to the recorder up to the kill (the simulator's log, by frame number)
and are not on disk, divided by the frame rate. Gap: from the last frame on disk before the kill to
the first one after it. Only kills that hit the worker count towards both; what a kill of the keeper
alone costs is told apart, and has to be nothing. Told apart too: both killed again while they
recover (``again``), and the supervisor, whose processes have to end by themselves before another
recorder is started, as systemd would. Bad files: those in which ffmpeg finds an error. With
``--busy`` others want the machine too, as they do where a recorder dies of itself.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from bisect import bisect_left, bisect_right
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benches._busy import Busy
from benches._frames import frames_of_file, media_files, recorded_frames, sent_frames
from benches._harness import BenchError, RunningRecorder, percentile, report, workplace
from benches._tree import family
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName
from watchglass.recording.mediapath import parse_media_path
from watchglass.simulate.process import Simulator, arguments

FPS = 15
_ORPHANS_S = 20.0
_BACK_S = 90.0
_TARGETS = {
    "lost_p95_s": ("<=", 0.5),
    "lost_max_s": ("<=", 1.0),
    "gap_p95_s": ("<=", 5.0),
    "bad_files": ("<=", 0.0),
    "kills": (">=", 100.0),
}


@dataclass(frozen=True, slots=True)
class Kill:
    """``wall_ns`` is UTC at the signal."""

    what: str
    wall_ns: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a kill cost one camera, in seconds."""

    what: str
    lost_s: float
    gap_s: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench kill")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kills", type=int, default=None)
    parser.add_argument("--cameras", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long-gop", action="store_true", help="10 s GOP: the gap may be 15 s")
    parser.add_argument("--four-k", action="store_true", help="4K H.265 at 8 Mb/s")
    parser.add_argument(
        "--busy", type=int, default=0, help="under a load of so many processes that compute"
    )
    asked = parser.parse_args()
    if asked.cameras is None:
        asked.cameras = (1 if asked.quick else 2) if asked.four_k else 4
    kills = asked.kills or (3 if asked.quick else 110)
    if asked.quick and asked.long_gop:
        kills = 1
    costs, bad, files = _measure(kills, asked)
    hit = [cost for cost in costs if cost.what in ("worker", "both")]
    keeper = [cost for cost in costs if cost.what == "keeper"]
    again = [cost for cost in costs if cost.what == "again"]
    supervisor = [cost for cost in costs if cost.what == "supervisor"]
    lost = [cost.lost_s for cost in hit]
    gaps = [cost.gap_s for cost in hit]
    figures: dict[str, float | int | None] = {
        "kills": kills,
        "busy": asked.busy,
        "samples": len(hit),
        "lost_p95_s": round(percentile(lost, 0.95), 3),
        "lost_max_s": round(max(lost), 3),
        "lost_mean_s": round(sum(lost) / len(lost), 3),
        "gap_p95_s": round(percentile(gaps, 0.95), 3),
        "gap_max_s": round(max(gaps), 3),
        "keeper_lost_max_s": round(max((c.lost_s for c in keeper), default=0.0), 3),
        "keeper_gap_max_s": round(max((c.gap_s for c in keeper), default=0.0), 3),
        "again_lost_max_s": round(max((c.lost_s for c in again), default=0.0), 3),
        "again_gap_max_s": round(max((c.gap_s for c in again), default=0.0), 3),
        "supervisor_lost_max_s": round(max((c.lost_s for c in supervisor), default=0.0), 3),
        "supervisor_gap_max_s": round(max((c.gap_s for c in supervisor), default=0.0), 3),
        "bad_files": bad,
        "files": files,
    }
    targets = dict(_TARGETS)
    if asked.long_gop:
        targets["gap_p95_s"] = ("<=", 15.0)
    if asked.quick or asked.kills:
        targets.pop("kills")
    return report("kill", asked.quick, figures, targets, enough=kills >= 20)


def _measure(kills: int, asked: argparse.Namespace) -> tuple[list[Cost], int, int]:
    kind = "4k" if asked.four_k else "b" if asked.long_gop else "a"
    size = {} if asked.four_k else {"width": 640, "height": 360, "bit_rate": 800_000}
    settle_s = 12.0 if asked.long_gop else 6.0
    with workplace() as folder:
        logs = folder / "log"
        options = arguments(
            cameras=asked.cameras,
            kind=kind,
            seconds=4 if asked.four_k else 20,
            log=str(logs),
            no_sound=True,
            **size,
        )
        with Simulator(*options, show_progress=True) as simulator, Busy(asked.busy, folder):
            recorder = RunningRecorder(folder / "data")
            try:
                names = {recorder.add(camera): camera.name for camera in simulator.urls}
                time.sleep(settle_s)
                done = _kill(recorder, kills, asked)
                for _ in range(max(1, kills // 20)):
                    done.append(_kill_again(recorder, asked))
                    ended, recorder = recorder, _kill_supervisor(recorder, done)
                    ended.stop()
                    _wait_for_pictures(recorder, list(names), done[-1].wall_ns)
            finally:
                status = recorder.stop()
            if status != 0:
                raise BenchError(f"the recorder ended with status {status}:\n{recorder.log()}")
        costs = [
            cost
            for camera, name in names.items()
            for cost in _costs(done, recorder.media, camera, logs / f"{name}-main.jsonl")
        ]
        files = [
            path
            for camera in names
            for stream in StreamName
            for path in media_files(recorder.media, camera, stream)
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return costs, sum(pool.map(_is_bad, files)), len(files)


def _kill(recorder: RunningRecorder, kills: int, asked: argparse.Namespace) -> list[Kill]:
    chance = random.Random(asked.seed)
    done = []
    for number in range(kills):
        what = ("worker", "keeper", "both")[number % 3]
        done.append(_kill_once(recorder, what))
        time.sleep(chance.uniform(*_pause_s(asked)))
        print(f"\rkilled {number + 1} of {kills}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return done


def _pause_s(asked: argparse.Namespace) -> tuple[float, float]:
    return (12.0, 22.0) if asked.long_gop and not asked.quick else (3.5, 6.5)


def _kill_once(recorder: RunningRecorder, what: str) -> Kill:
    victims = [
        process.pid
        for name, process in recorder.processes().items()
        if (name == "keeper" and what != "worker")
        or (name.startswith("camera-worker") and what != "keeper")
    ]
    done = Kill(what, time.time_ns())
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return done


def _kill_again(recorder: RunningRecorder, asked: argparse.Namespace) -> Kill:
    """Both, and whatever has come in their place, twice more within two seconds."""
    chance = random.Random(asked.seed + 1)
    first = _kill_once(recorder, "both")
    for _ in range(2):
        time.sleep(chance.uniform(0.2, 1.0))
        _kill_once(recorder, "both")
    time.sleep(_pause_s(asked)[1])
    return Kill("again", first.wall_ns)


def _kill_supervisor(recorder: RunningRecorder, done: list[Kill]) -> RunningRecorder:
    """The recorder that is started in its place, once nothing of the old one is left."""
    left = family(recorder.process.pid)
    done.append(Kill("supervisor", time.time_ns()))
    recorder.process.kill()
    recorder.process.wait()
    until_s = time.monotonic() + _ORPHANS_S
    while left := [pid for pid in left if _lives(pid)]:
        if time.monotonic() > until_s:
            raise BenchError(f"{_names(left)} live on without their supervisor")
        time.sleep(0.05)
    return RunningRecorder(recorder.data)


def _names(pids: list[int]) -> str:
    names = []
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            names.append(words[-1].decode())
    return ", ".join(names)


def _wait_for_pictures(recorder: RunningRecorder, cameras: list[CameraId], after_ns: int) -> None:
    """Until every camera is recorded again: how long that takes is told by its frames."""
    until_s = time.monotonic() + _BACK_S
    for camera in cameras:
        while not any(
            path.stat().st_mtime_ns > after_ns and _begins_after(path, after_ns)
            for path in media_files(recorder.media, camera, StreamName.MAIN)
        ):
            if time.monotonic() > until_s:
                raise BenchError(f"{camera} is not recorded again: {recorder.log()[-2000:]}")
            time.sleep(0.3)
    time.sleep(1.0)


def _begins_after(path: Path, after_ns: int) -> bool:
    name = parse_media_path(path)
    return name is not None and name.wall_ms * 1_000_000 > after_ns and any(frames_of_file(path))


def _lives(pid: int) -> bool:
    """Not so once it has ended, whenever somebody takes note of that."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def _costs(kills: list[Kill], media: Path, camera: CameraId, log: Path) -> list[Cost]:
    sent = sent_frames(log)
    walls = [frame.wall_ns for frame in sent]
    on_disk = sorted({frame.number for frame in recorded_frames(media, camera, StreamName.MAIN)})
    if not on_disk or not sent:
        raise BenchError(f"nothing was recorded of {camera}")
    known = set(on_disk)
    costs = []
    for kill in kills:
        last_sent = bisect_right(walls, kill.wall_ns) - 1
        lost = 0
        while last_sent >= lost and sent[last_sent - lost].number not in known:
            lost += 1
        number = sent[last_sent].number
        before = on_disk[bisect_right(on_disk, number) - 1]
        at = bisect_left(on_disk, number + 1)
        if at == len(on_disk):
            raise BenchError("recording did not go on after the last kill")
        gap = (on_disk[at] - before - 1) / FPS
        costs.append(Cost(kill.what, lost / FPS, gap))
    return costs


def _is_bad(path: Path) -> bool:
    """Whether ffmpeg has anything to say about a file."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or done.stderr.strip():
        print(f"{path.name}: {done.stderr.strip()[:300]}", file=sys.stderr)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
