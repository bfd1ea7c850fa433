"""A disk, and a machine, that cannot keep up: what is missing is told, and nobody else pays."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from benches._frames import SentFrame, recorded_frames, sent_frames
from benches._harness import Login, RunningRecorder
from tests.recording.stream_making import check_order, facts_of
from tests.second_reader.report import read_site
from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.ids import CameraId, random_id
from watchglass.media.rtsp import RtspSource
from watchglass.model.fact import Hole
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.outbox import Outbox
from watchglass.recording.recorder import StreamRecorder
from watchglass.recording.volume import create_volume
from watchglass.recording.writer import StreamQueue, VolumeWriter
from watchglass.simulate.process import Simulator, arguments

pytestmark = pytest.mark.long

_FPS = 10
_EDGE_NS = 300_000_000
_WRITE_S = 3.0
_SLOW_S = 6.0
_CAMERAS = 24


class SlowDisk(Disk):
    """Takes three seconds for each fragment, while ``slow``."""

    slow = True

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if self.slow and site is WriteSite.MEDIA_FRAGMENT:
            time.sleep(_WRITE_S)


class _Recording:
    """One stream onto a volume of its own, in this process."""

    def __init__(self, folder: Path, disk: Disk, url: str) -> None:
        clock = SystemClock()
        login = Login.of(url)
        self.outbox = Outbox(limit=1_000_000)
        self.volume = create_volume(folder, Disk(), clock)
        self.camera = CameraId(random_id())
        self._writer = VolumeWriter(self.volume, disk, self.outbox, clock)
        self._writer.start()
        self.queue = StreamQueue(self.camera, StreamName.MAIN, self._writer, 100_000)
        self._recorder = StreamRecorder(
            self.queue, lambda: RtspSource(login.url, None, sound=False, clock=clock), clock
        )
        self._recorder.start()

    def end(self) -> None:
        self._recorder.stop(GapCause.RECORDER_STOPPED)
        assert self._recorder.join(10)
        self._writer.finish(10)

    def numbers(self) -> list[int]:
        frames = recorded_frames(self.volume.path, self.camera, StreamName.MAIN)
        return [frame.number for frame in frames]


def test_a_disk_that_takes_three_seconds_a_write_costs_its_own_camera_alone(folder: Path) -> None:
    options = arguments(
        cameras=2, kind="a", width=320, height=180, fps=_FPS, bit_rate=400_000, seconds=4,
        sub_width=160, sub_height=90, no_sound=True, log=str(folder / "log"),
    )  # fmt: skip
    disk = SlowDisk()
    with Simulator(*options) as simulator:
        slow = _Recording(folder / "slow", disk, simulator.urls[0].main)
        quick = _Recording(folder / "quick", Disk(), simulator.urls[1].main)
        time.sleep(_SLOW_S)
        disk.slow = False
        time.sleep(_WRITE_S + 2.0)
        slow.end()
        quick.end()
    numbers = quick.numbers()
    assert len(numbers) > _FPS * _SLOW_S
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert quick.queue.depth().dropped_items == 0

    facts = facts_of(slow.outbox)
    check_order(facts)
    holes = [fact for fact in facts if isinstance(fact, Hole)]
    assert {hole.cause for hole in holes} == {GapCause.OVERLOAD}
    assert slow.queue.depth().dropped_items > 0
    frames = recorded_frames(slow.volume.path, slow.camera, StreamName.MAIN)
    assert len({frame.run for frame in frames}) == 1
    (first, *_), step = frames, 90_000 // _FPS
    on_disk = {frame.number for frame in frames}
    missing = [n for n in range(first.number, max(on_disk)) if n not in on_disk]
    assert missing
    # The clock of the run is the camera's, so a frame's number says where it would lie.
    for number in missing:
        media = first.media + (number - first.number) * step
        assert any(hole.media_from <= media < hole.media_to for hole in holes), number
    assert sum(hole.media_to - hole.media_from for hole in holes) == len(missing) * step


@pytest.mark.timeout(240)
def test_24_cameras_beside_processes_that_eat_the_machine(folder: Path) -> None:
    options = arguments(
        cameras=_CAMERAS, kind="a", width=320, height=180, fps=_FPS, bit_rate=200_000, seconds=4,
        sub_width=160, sub_height=90, no_sound=True, log=str(folder / "log"),
    )  # fmt: skip
    with Simulator(*options) as simulator:
        recorder = RunningRecorder(folder / "data")
        try:
            # Each waits for the disk, and they need not wait for each other.
            with ThreadPoolExecutor(8) as pool:
                added = list(pool.map(recorder.add, simulator.urls))
            ids = dict(zip(added, (camera.name for camera in simulator.urls), strict=True))
            with ExitStack() as hogs:
                for _ in range(2 * (os.cpu_count() or 1)):
                    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                    hogs.callback(hog.wait)
                    hogs.callback(hog.kill)
                time.sleep(6.0)
            time.sleep(2.0)
        finally:
            assert recorder.stop() == 0, recorder.log()
    report = read_site(folder / "data" / "state", [folder / "data" / "media"])
    assert not [finding for finding in report.findings if finding.fails]
    for camera, name in ids.items():
        sent = sent_frames(folder / "log" / f"{name}-main.jsonl")
        frames = recorded_frames(folder / "data" / "media", camera, StreamName.MAIN)
        on_disk = {frame.number for frame in frames}
        assert on_disk, name
        spans = [
            (span.start, span.end)
            for span in report.timelines[(camera, "main")].spans
            if span.what != "media"
        ]
        silent = [
            frame.number
            for frame in sent
            if min(on_disk) < frame.number < max(on_disk) and frame.number not in on_disk
            if not _is_in(spans, frame)
        ]
        assert silent == [], (name, spans)


def _is_in(spans: list[tuple[int, int]], frame: SentFrame) -> bool:
    return any(start - _EDGE_NS <= frame.wall_ns <= end + _EDGE_NS for start, end in spans)
