"""CPU of pulling a quiet camera's sub-stream and understanding it ÷ CPU of the usual way.

The usual way is an ffmpeg for each camera that pulls the sub-stream over RTSP and decodes it into a
pipe, and a running average over each picture, in numpy (`benches.recall.usual`: the same step, and
the same settings, as the recall is held against). Ours pulls over RTSP too, from the same cameras
at the same time. Ours also records what it pulls; that is told apart, by a second recorder beside
it that does nothing else: what the first spends more is understanding, and what pulling alone takes
is measured by the recorder's own reader in a process of its own.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benches._clip_cameras import ClipCameras
from benches._harness import BenchError, Login, RunningRecorder, cpu_seconds, report, workplace
from benches.recall.__main__ import USUAL, settings_hash
from watchglass.model.control import Accepted, AddCameraRequest, Measurements, MeasureRequest
from watchglass.model.stream import StreamName
from watchglass.simulate.fleet import CameraUrls

_TARGETS = {"cpu_ratio_vbr": ("<=", 0.15), "cpu_ratio_cbr": ("<=", 0.40)}
_LEARN_S = 80.0
"""A gate that does not know its camera yet looks at all of it; that is no idle camera."""

_USUAL = """
import subprocess, sys, threading
import numpy as np
WIDTH, HEIGHT = 160, 90
threshold, area, alpha = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
def largest(cells):
    wide = np.pad(cells, 1).astype(np.uint8)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return int(np.count_nonzero(cells & (around >= 6)))
def watch(url):
    pipe = subprocess.Popen(
        ["ffmpeg", "-v", "quiet", "-rtsp_transport", "tcp", "-threads", "1", "-i", url, "-an",
         "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area", "-pix_fmt", "gray", "-f", "rawvideo", "-"],
        stdout=subprocess.PIPE)
    sys.stdout.write(f"{pipe.pid}\\n")
    sys.stdout.flush()
    average = None
    while data := pipe.stdout.read(WIDTH * HEIGHT):
        picture = np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH).astype(np.float32)
        if average is None:
            average = picture.copy()
        different = np.abs(picture - average) > threshold
        average += np.float32(alpha) * (picture - average)
        largest(different)
urls = sys.stdin.read().split()
for url in urls:
    threading.Thread(target=watch, args=(url,)).start()
"""

_PULL = """
import sys, threading
from watchglass.base.clock import SystemClock
from watchglass.cameras.source import open_camera
from watchglass.model.camera import StreamAddress
from watchglass.model.source import SourceSettings
from watchglass.model.stream import StreamName
from watchglass.recording.rounds import Reading, Rounds
clock = SystemClock()
rounds = Rounds(clock)
rounds.start()
def pull(url):
    source = open_camera(SourceSettings(
        StreamAddress(StreamName.SUB, url), clock, allow=frozenset({"127.0.0.1"})))
    source.open()
    def turn():
        for packet in source.take():
            pass
        return source.was_much
    rounds.attend(Reading(source.share(), turn))
for url in sys.stdin.read().split():
    threading.Thread(target=pull, args=(url,), daemon=True).start()
threading.Event().wait()
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU in ms per camera-second."""

    usual: float
    pull: float
    record: float
    all: float
    analyst: float

    @property
    def understand(self) -> float:
        return max(0.0, self.all - self.record)

    @property
    def ratio(self) -> float:
        return (self.pull + self.understand) / self.usual


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench idle", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cameras", type=int, default=None, help="of each kind")
    parser.add_argument("--seconds", type=float, default=None, help="measured time")
    asked = parser.parse_args()
    cameras = asked.cameras or (4 if asked.quick else 8)
    seconds = asked.seconds or (20.0 if asked.quick else 120.0)
    try:
        found = _measure(cameras, seconds)
    except BenchError as error:
        print(f"idle: {error}", file=sys.stderr)
        return 1
    figures: dict[str, float | int | None] = {}
    for kind, short in (("variable", "vbr"), ("constant", "cbr")):
        spent = found[kind]
        figures[f"cpu_ratio_{short}"] = round(spent.ratio, 3)
        figures[f"usual_ms_{short}"] = round(spent.usual, 3)
        figures[f"pull_ms_{short}"] = round(spent.pull, 3)
        figures[f"understand_ms_{short}"] = round(spent.understand, 3)
        figures[f"analyst_ms_{short}"] = round(spent.analyst, 3)
        figures[f"record_ms_{short}"] = round(spent.record, 3)
    figures["cameras"] = cameras
    figures["seconds"] = seconds
    print(f"settings {settings_hash()}")
    return report("idle", asked.quick, figures, _TARGETS)


def _measure(cameras: int, seconds: float) -> dict[str, Spent]:
    with ExitStack() as stack:
        folder = stack.enter_context(workplace())
        clips = stack.enter_context(ClipCameras(variable=cameras, constant=cameras))
        sides = {
            kind: stack.enter_context(_sides(folder / kind[:3], clips.urls[kind]))
            for kind in clips.urls
        }
        time.sleep(_LEARN_S)
        before = {kind: side.spent() for kind, side in sides.items()}
        apart = {kind: side.apart() for kind, side in sides.items()}
        began_s = time.monotonic()
        time.sleep(seconds)
        scale = 1000 / (time.monotonic() - began_s) / cameras
        found = {}
        for kind, side in sides.items():
            after = side.spent()
            found[kind] = Spent(
                *((n - o) * scale for n, o in zip(after, before[kind], strict=True))
            )
            print(f"{kind}: gates {side.states()}")
            for (name, ours, alone), (_, o, a) in zip(side.apart(), apart[kind], strict=True):
                print(
                    f"  {name:<20} {(ours - o) * scale:7.3f} ms, {(alone - a) * scale:7.3f} alone"
                )
        return found


@dataclass(frozen=True, slots=True)
class _Sides:
    understands: RunningRecorder
    records: RunningRecorder
    usual: "subprocess.Popen[str]"
    decoders: tuple[int, ...]
    pulls: "subprocess.Popen[str]"

    def spent(self) -> tuple[float, float, float, float, float]:
        if self.usual.poll() is not None or self.pulls.poll() is not None:
            raise BenchError("a process died during the measurement")
        usual = sum(map(cpu_seconds, (self.usual.pid, *self.decoders)))
        analyst = self.understands.processes()["analytics-worker"].pid
        return (
            usual, cpu_seconds(self.pulls.pid), _all(self.records), _all(self.understands),
            cpu_seconds(analyst),
        )  # fmt: skip

    def apart(self) -> list[tuple[str, float, float]]:
        """By process: since its start."""
        one, other = self.understands.processes(), self.records.processes()
        return [
            (
                name, cpu_seconds(process.pid),
                cpu_seconds(other[name].pid) if name in other else 0.0,
            )
            for name, process in one.items()
        ] + [
            ("supervisor", cpu_seconds(self.understands.process.pid),
             cpu_seconds(self.records.process.pid))
        ]  # fmt: skip

    def states(self) -> dict[str, int]:
        """How many gates are in which state."""
        told = self.understands.ask(MeasureRequest())
        assert isinstance(told, Measurements)
        found: dict[str, int] = {}
        for each in told.samples:
            if each.metric == "watchglass_gate_state" and each.value:
                found[each.labels[1]] = found.get(each.labels[1], 0) + 1
        return found


def _all(recorder: RunningRecorder) -> float:
    processes = recorder.processes().values()
    if any(each.restarts for each in processes):
        raise BenchError("a process of the recorder died during the measurement")
    return sum(map(cpu_seconds, [recorder.process.pid, *(each.pid for each in processes)]))


@contextmanager
def _sides(folder: Path, urls: Sequence[CameraUrls]) -> Iterator[_Sides]:
    with ExitStack() as stack:
        folder.mkdir()
        recorders = []
        for name, analysis in (("a", "true"), ("r", "false")):
            recorder = RunningRecorder(folder / name, WATCHGLASS_ANALYSIS=analysis)
            stack.callback(recorder.stop)
            for each in urls:
                _add(recorder, each)
            recorders.append(recorder)
        subs = "\n".join(each.sub for each in urls)
        settings = (str(USUAL.threshold), str(USUAL.area), str(USUAL.alpha))
        usual = _process(stack, [sys.executable, "-c", _USUAL, *settings], subs)
        pulls = _process(stack, [sys.executable, "-c", _PULL], subs)
        assert usual.stdout is not None
        decoders = tuple(int(usual.stdout.readline()) for _ in urls)
        for pid in decoders:
            stack.callback(_end, pid)
        yield _Sides(recorders[0], recorders[1], usual, decoders, pulls)


def _add(recorder: RunningRecorder, camera: CameraUrls) -> None:
    """Its sub-stream alone."""
    login = Login.of(camera.sub)
    streams = ((StreamName.MAIN, login.url),)
    answer = recorder.ask(
        AddCameraRequest(camera.name, streams, login.user, login.password, "", "bench")
    )
    if not isinstance(answer, Accepted):
        raise BenchError(f"the recorder refused a camera: {answer}")


def _process(stack: ExitStack, command: list[str], given: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end() -> None:
        process.kill()
        process.wait()

    stack.callback(end)
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    return process


def _end(pid: int) -> None:
    # One that the reference started: without its reader it would end by itself, only later.
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    except OSError:
        return
    if name == "ffmpeg":
        subprocess.run(["kill", str(pid)], check=False)


if __name__ == "__main__":
    sys.exit(main())
