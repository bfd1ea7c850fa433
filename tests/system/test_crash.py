"""The recorder as a whole, killed five times while it records, with real cameras in front of it.

Two cameras are our own simulator's, whose frames are numbered; two are served by GStreamer's RTSP
server, which nobody here wrote. What is missing afterwards has to be what the gaps say.
"""

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benches._frames import SentFrame, media_files, recorded_frames, sent_frames
from benches._harness import Login, RunningRecorder
from tests.gst.server import GstServer, require_gst
from tests.second_reader.report import Report, read_site
from watchglass.base.ids import CameraId
from watchglass.media.encode import VideoCodecName
from watchglass.model.control import Accepted, AddCameraRequest
from watchglass.model.stream import StreamName
from watchglass.simulate.loop import LoopSpec
from watchglass.simulate.loop_cache import load_loop
from watchglass.simulate.process import Simulator, arguments

WIDTH, HEIGHT, FPS = 1280, 720, 15
_S = 1_000_000_000
_EDGE_NS = 250_000_000
"""A span's border is known to a frame interval and the jitter of arrival."""


@dataclass(frozen=True, slots=True)
class Site:
    """What was left on disk, and who recorded it."""

    state: Path
    media: Path
    simulated: dict[CameraId, str]
    others: tuple[CameraId, ...]
    logs: Path
    kills: int

    @property
    def cameras(self) -> tuple[CameraId, ...]:
        return (*self.simulated, *self.others)


@pytest.fixture(scope="module", params=[60, pytest.param(600, marks=pytest.mark.long)])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site that was recorded for that many seconds and killed five times."""
    require_gst()
    # Short: the paths of sockets are limited.
    folder = Path(tempfile.mkdtemp(prefix="wg-"))
    try:
        yield _recorded(folder, request.param)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _recorded(folder: Path, seconds: int) -> Site:
    loops = {"h264": _loop(folder, "h264"), "h265": _loop(folder, "h265")}
    logs = folder / "log"
    options = arguments(
        cameras=2,
        kind="a",
        width=WIDTH,
        height=HEIGHT,
        bit_rate=3_000_000,
        seconds=10,
        log=str(logs),
    )
    with Simulator(*options) as simulator, GstServer(loops) as gst:
        # Who looks, and the page, are killed elsewhere (`test_onlookers`), and by the longer story.
        bare = {"WATCHGLASS_ANALYSIS": "false", "WATCHGLASS_PAGE": "false"} if seconds < 600 else {}
        recorder = RunningRecorder(folder / "data", **bare)
        simulated = {recorder.add(camera): camera.name for camera in simulator.urls}
        others = tuple(_add_single(recorder, name, url) for name, url in gst.urls.items())
        chance = random.Random(seconds)
        pause_s = seconds / 6
        for what in ("worker", "keeper", "everything", "worker", "keeper"):
            time.sleep(pause_s + chance.uniform(-1.5, 1.5))
            _kill(recorder, what)
            if what == "everything":
                recorder.stop()
                recorder = RunningRecorder(folder / "data", **bare)
        time.sleep(pause_s)
        assert recorder.stop() == 0, recorder.log()
    return Site(folder / "data" / "state", folder / "data" / "media", simulated, others, logs, 5)


def _loop(folder: Path, codec: VideoCodecName) -> Path:
    spec = LoopSpec(
        codec=codec,
        width=WIDTH,
        height=HEIGHT,
        fps=FPS,
        gop_frames=FPS,
        bit_rate=3_000_000,
        seconds=8,
    )
    path = folder / f"{codec}.{'mp4' if codec == 'h264' else 'mkv'}"
    load_loop(spec).export(path)
    return path


def _add_single(recorder: RunningRecorder, name: str, url: str) -> CameraId:
    login = Login.of(url)
    answer = recorder.ask(
        AddCameraRequest(name, ((StreamName.MAIN, login.url),), login.user, login.password, "", "t")
    )
    assert isinstance(answer, Accepted)
    assert answer.camera is not None
    return answer.camera


def _kill(recorder: RunningRecorder, what: str) -> None:
    found = recorder.processes()
    for name, process in found.items():
        if what == "everything" or name.startswith("camera-worker" if what == "worker" else what):
            os.kill(process.pid, signal.SIGKILL)
    if what == "everything":
        recorder.process.kill()


def _streams(site: Site) -> list[tuple[CameraId, StreamName]]:
    pairs = [(camera, stream) for camera in site.simulated for stream in StreamName]
    return pairs + [(camera, StreamName.MAIN) for camera in site.others]


def _read(site: Site) -> Report:
    return read_site(site.state, [site.media])


@pytest.mark.full
@pytest.mark.timeout(1500)
class TestAfterFiveKills:
    def test_every_file_plays(self, site: Site) -> None:
        files = [
            path
            for camera, stream in _streams(site)
            for path in media_files(site.media, camera, stream)
        ]
        # Seven starts of recording: the first, one after each kill that hit the worker, and more
        # where a file was full.
        assert len(files) >= len(_streams(site)) * 4
        for path in files:
            for command in (
                ["ffprobe", "-v", "error", "-count_packets", str(path)],
                ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
            ):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                assert (done.returncode, done.stderr) == (0, ""), (path, command)

    def test_a_second_reader_finds_nothing(self, site: Site) -> None:
        report = _read(site)
        assert not [
            finding for finding in report.findings if finding.fails or finding.kind == "torn"
        ]
        assert set(report.ledgers) == {*site.cameras, "site"}

    def test_media_and_gaps_leave_no_hole(self, site: Site) -> None:
        report = _read(site)
        for camera, stream in _streams(site):
            timeline = report.timelines[(camera, stream.value)]
            assert timeline.spans[0].start <= timeline.accountable[0][0]
            for (_, end), (start, _) in zip(
                [(s.start, s.end) for s in timeline.spans],
                [(s.start, s.end) for s in timeline.spans[1:]],
                strict=False,
            ):
                assert start <= end
            causes = {span.what for span in timeline.spans if span.what != "media"}
            assert causes <= {"waiting_key_frame", "recorder_crashed", "recorder_stopped"}

    def test_what_is_missing_is_what_the_gaps_say(self, site: Site) -> None:
        report = _read(site)
        for camera, name in site.simulated.items():
            sent = sent_frames(site.logs / f"{name}-main.jsonl")
            on_disk = {
                frame.number for frame in recorded_frames(site.media, camera, StreamName.MAIN)
            }
            timeline = report.timelines[(camera, "main")]
            spans = [(span.start, span.end, span.what) for span in timeline.spans]
            numbers = range(min(on_disk), max(on_disk) + 1)
            at = _clock(sent)
            missing = [number for number in numbers if number not in on_disk]
            for number in missing:
                assert _near(spans, at(number), media=False), f"frame {number} is missing"
            for number in on_disk:
                assert _near(spans, at(number), media=True), f"frame {number} is said to be missing"
            gaps = [
                end - start
                for start, end, cause in spans
                if cause != "media" and start > at(min(on_disk)) and end < at(max(on_disk))
            ]
            assert len(gaps) == 3  # two deaths of the worker, one of everything
            difference = abs(sum(gaps) / _S - len(missing) / FPS)
            assert difference < 0.2 * len(gaps), (sum(gaps) / _S, len(missing) / FPS)


def _clock(sent: list[SentFrame]) -> Callable[[int], int]:
    """When a frame was sent, or would have been: the simulator keeps to its schedule."""
    first = sent[0]

    def at(number: int) -> int:
        return first.wall_ns + (number - first.number) * _S // FPS

    return at


def _near(spans: list[tuple[int, int, str]], wall_ns: int, *, media: bool) -> bool:
    """Whether a moment lies in media (or in a gap), give or take a border."""
    return any(
        start - _EDGE_NS <= wall_ns <= end + _EDGE_NS and (cause == "media") == media
        for start, end, cause in spans
    )
