"""Real recorders, simulated cameras: live pictures and playback as a browser gets them."""

import json
import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from benches._frames import recorded_frames
from benches._harness import RunningRecorder
from tests.api.processes import Page
from tests.api.recorded import pictures
from tests.app.running import wait_until
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName
from watchglass.simulate import frame_sei
from watchglass.simulate.process import Simulator, arguments

pytestmark = pytest.mark.full

_FPS = 15
_CHUNK_HEAD_BYTES = 104 + 8
_SYNC_AT = 96
_SYNC_SAMPLE = bytes.fromhex("02000000")


@pytest.fixture(scope="module")
def camera_of_long_groups() -> Iterator[Simulator]:
    """A key frame each 10 s: what is missing after the last one would be missed for long."""
    with Simulator(
        *arguments(cameras=1, kind="b", width=320, height=180, fps=_FPS, bit_rate=300_000,
                   seconds=20, sub_width=160, sub_height=90, sub_bit_rate=100_000)
    ) as simulator:  # fmt: skip
        yield simulator


@pytest.fixture
def recorder(data: Path) -> Iterator[RunningRecorder]:
    found = RunningRecorder(data, PYTHONWARNINGS="error", WATCHGLASS_ANALYSIS="false")
    yield found
    found.stop()


def number_of(chunk: bytes) -> int:
    """The number that the camera gave the frame in a chunk."""
    units, at = [], _CHUNK_HEAD_BYTES
    while at + 4 <= len(chunk):
        length = int.from_bytes(chunk[at : at + 4], "big")
        units.append(chunk[at + 4 : at + 4 + length])
        at += 4 + length
    number = frame_sei.find(units, "h264")
    assert number is not None
    return number


def is_key(chunk: bytes) -> bool:
    return chunk[_SYNC_AT : _SYNC_AT + 4] == _SYNC_SAMPLE


class Watching:
    """One who watches, and reads when the test says so."""

    def __init__(self, link: ClientConnection) -> None:
        self.link = link
        self.texts: list[str] = []
        self.frames: list[bytes] = []

    def read(self, frames: int) -> list[int]:
        """So many frames more; their numbers."""
        until = len(self.frames) + frames
        while len(self.frames) < until:
            message = self.link.recv(timeout=30)
            if isinstance(message, str):
                self.texts.append(json.loads(message)["type"])
            elif message[4:8] == b"moof":
                self.frames.append(message)
        return [number_of(each) for each in self.frames[until - frames :]]


def recorded_numbers(recorder: RunningRecorder, camera: CameraId) -> list[int]:
    return [each.number for each in recorded_frames(recorder.media, camera, StreamName.MAIN)]


def test_nothing_is_missing_between_the_disk_and_the_relay(
    recorder: RunningRecorder, camera_of_long_groups: Simulator
) -> None:
    camera = recorder.add(camera_of_long_groups.urls[0])
    with Page(recorder.page()) as page:
        page.set_up()
        wait_until(lambda: camera in page.recording())
        wait_until(lambda: len(recorded_numbers(recorder, camera)) > 2 * _FPS)
        for _ in range(6):
            on_disk = recorded_numbers(recorder, camera)
            with page.live(camera, "main") as first, page.live(camera, "main") as second:
                for link in (first, second):
                    watching = Watching(link)
                    back = 1 + on_disk[-1] - max(n for n in on_disk if n % (10 * _FPS) == 0)
                    numbers = watching.read(back + _FPS)
                    assert is_key(watching.frames[0])
                    assert numbers[0] % (10 * _FPS) == 0
                    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
                    assert watching.texts == ["shape"]
            time.sleep(0.37)


def test_dead_workers_dead_pages_and_slow_viewers(
    recorder: RunningRecorder, camera_of_long_groups: Simulator
) -> None:
    camera = recorder.add(camera_of_long_groups.urls[0])
    with Page(recorder.page()) as page:
        page.set_up()
        wait_until(lambda: camera in page.recording())
        with page.live(camera, "main") as link, page.live(camera, "main") as asleep:
            watching, slow = Watching(link), Watching(asleep)
            watching.read(_FPS)
            os.kill(recorder.processes()["camera-worker-1"].pid, signal.SIGKILL)
            wait_until(lambda: bool(watching.read(1)) and "origin" in watching.texts)
            assert is_key(watching.frames[-1])
            assert number_of(watching.frames[-1]) % (10 * _FPS) == 0
            numbers = watching.read(2 * _FPS)
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            os.kill(recorder.processes()["api"].pid, signal.SIGKILL)
            with pytest.raises(ConnectionClosed):
                watching.read(1000)
            with pytest.raises(ConnectionClosed):
                slow.read(1000)
        wait_until(lambda: _answers(page))
        with page.live(camera, "main") as link:
            watching = Watching(link)
            numbers = watching.read(2 * _FPS)
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        on_disk = recorded_numbers(recorder, camera)
        holes = sum(later != each + 1 for each, later in pairwise(on_disk))
        assert holes <= 1  # while the worker was dead
        assert "Traceback" not in recorder.log()


def _answers(page: Page) -> bool:
    try:
        return bool(page.recording())
    except Exception:  # noqa: BLE001 - whatever it is, the page is not up yet
        return False


def test_live_and_playback_of_a_real_recorder(
    recorder: RunningRecorder, camera_of_long_groups: Simulator
) -> None:
    camera = recorder.add(camera_of_long_groups.urls[0])
    with Page(recorder.page()) as page:
        assert page.get("/api/v1/cameras").status_code == 401
        page.set_up()
        wait_until(lambda: camera in page.recording())
        time.sleep(3)
        parts: list[bytes] = []
        with page.live(camera, "main") as socket:
            shape = json.loads(socket.recv(timeout=5))
            assert shape["type"] == "shape"
            while len(parts) < 60:
                message = socket.recv(timeout=5)
                assert isinstance(message, bytes)
                parts.append(message)
        assert parts[0][4:8] == b"ftyp"
        # What a decoder leaves out in silence is told apart: where it began, and what is missing.
        numbers = [number_of(each) for each in parts[1:]]
        assert is_key(parts[1])
        assert numbers[0] % (10 * _FPS) == 0
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len(pictures(b"".join(parts))) == len(parts) - 1
        now = page.json("/api/v1/cameras")["now_ms"]
        found = page.json(f"/api/v1/playback/{camera}/main", at_ms=now - 4000, span_ms=3000)
        piece = found["pieces"][0]["video"]
        got = [page.get(piece["init_url"]).content]
        got += [page.get(segment["url"]).content for segment in piece["segments"]]
        assert len(pictures(b"".join(got))) > 20
        paused = page.post(f"/api/v1/cameras/{camera}/pause", {"reason": "painters"})
        assert paused.status_code == 200, paused.text
        assert paused.json()["now"]["state"] == "paused"
