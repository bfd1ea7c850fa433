"""The media-worker as a process: it makes pictures, holds nothing, and is started again."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.running import wait_until
from tests.media.numbered import number_in, numbered
from watchglass.api.errors import MediaWorkerError, PictureDamagedError
from watchglass.app.child import Child
from watchglass.app.layout import Layout
from watchglass.app.media_port import MediaPort
from watchglass.app.ways import Ways
from watchglass.base.clock import SystemClock
from watchglass.base.errors import BusError
from watchglass.bus.endpoint import answers, ipc_path
from watchglass.bus.message import Codec
from watchglass.bus.request import ControlClient
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.still import (
    MOST_KEY_FRAME_BYTES,
    FromMediaWorker,
    MediaRequest,
    MediaStart,
    StillRequest,
)
from watchglass.model.stream import VideoCodec

pytestmark = pytest.mark.full

CLOCK = SystemClock()


class Worker:
    """A media-worker that is kept alive, as the supervisor does it."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder)
        self.layout.run.mkdir(parents=True, mode=0o700)
        self.ways = Ways(self.layout)
        start = MediaStart(self.ways.media, "info", False)
        self.child = Child("media-worker", "watchglass.app.media_worker", lambda _: start, CLOCK)
        self.port = MediaPort(self.ways.ask_media(), CLOCK)
        self.child.start()
        self.wait()

    def wait(self) -> None:
        wait_until(lambda: answers(ipc_path(self.layout.media)))

    @property
    def proc(self) -> Path:
        return Path(f"/proc/{self.child.pid}")


@pytest.fixture
def worker() -> Iterator[Worker]:
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder:
        found = Worker(Path(folder) / "s")
        yield found
        found.child.stop(Shutdown(GapCause.RECORDER_STOPPED))
        assert found.child.wait(10)


def asked(codec: VideoCodec, number: int = 10, width: int = 320) -> StillRequest:
    video = numbered(codec, 21)
    return StillRequest(codec, video.configuration, video.access_units[number][0], width)


def test_pictures_and_errors(worker: Worker) -> None:
    for codec in (VideoCodec.H264, VideoCodec.H265):
        assert number_in(worker.port.still(asked(codec, 20))) == 20
        whole = asked(codec)
        with pytest.raises(PictureDamagedError):
            worker.port.still(StillRequest(codec, whole.configuration, whole.access_unit[:-9], 320))
    noise = StillRequest(VideoCodec.H265, os.urandom(80), os.urandom(MOST_KEY_FRAME_BYTES), 320)
    with pytest.raises(PictureDamagedError):
        worker.port.still(noise)
    assert number_in(worker.port.still(asked(VideoCodec.H264))) == 10
    assert worker.child.restarts == 0


def test_many_ask_at_once(worker: Worker) -> None:
    found: list[int | None] = []

    def ask(number: int) -> None:
        found.append(number_in(worker.port.still(asked(VideoCodec.H265, number))))

    threads = [threading.Thread(target=ask, args=(each,)) for each in (0, 10, 20, 0, 10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each for each in found if each is not None) == [0, 0, 10, 10, 20, 20]


def test_killed_it_is_missed_and_started_again(worker: Worker) -> None:
    assert worker.port.still(asked(VideoCodec.H264))
    old = worker.child.pid
    # Stopped first, so that the request is under way when it dies.
    os.kill(old, signal.SIGSTOP)
    problems: list[Exception] = []

    def ask() -> None:
        try:
            worker.port.still(asked(VideoCodec.H264))
        except MediaWorkerError as error:
            problems.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    os.kill(old, signal.SIGKILL)
    asking.join(10)
    assert len(problems) == 1
    wait_until(lambda: worker.child.pid != old)
    worker.wait()
    assert number_in(worker.port.still(asked(VideoCodec.H265, 20))) == 20
    assert worker.child.restarts == 1


def test_request_that_nobody_waits_for_is_dropped(worker: Worker) -> None:
    client: ControlClient[MediaRequest, FromMediaWorker] = ControlClient(
        worker.layout.media,
        Codec[MediaRequest](MediaRequest),
        Codec[FromMediaWorker](FromMediaWorker),
        proof=worker.ways.ask_media().proof,
    )
    late = asked(VideoCodec.H264)
    assert late.until_ns < CLOCK.monotonic_ns()
    with pytest.raises(BusError, match="busy"):
        client.call(late, 5.0)


def test_it_has_few_rights(worker: Worker) -> None:
    assert worker.port.still(asked(VideoCodec.H264))
    limits = {
        line[:26].strip(): line[26:].split()[:2]
        for line in (worker.proc / "limits").read_text().splitlines()
    }
    assert limits["Max processes"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["64", "64"]
    assert limits["Max address space"] == [str(2 << 30)] * 2
    niceness = int((worker.proc / "stat").read_text().rpartition(")")[2].split()[16])
    assert niceness >= 5
    held = [os.readlink(each) for each in (worker.proc / "fd").iterdir()]
    assert not [path for path in held if path.endswith((".db", ".key", ".mp4", ".ledger"))]


def test_decoding_without_end_ends_the_process() -> None:
    """The alarm kills also what never comes back to Python, and holds its lock."""
    code = (
        "import ctypes, watchglass.app.media_worker as worker\n"
        "import watchglass.app.picture_desk as desk\n"
        "from watchglass.base.clock import SystemClock\n"
        "from watchglass.bus.request import Token\n"
        "from watchglass.model.still import StillRequest\n"
        "class Server:\n"
        "    asked = [(Token(b'', b''), StillRequest('h264', b'', b'', 1, until_ns=1 << 62))]\n"
        "    def poll(self, timeout_s):\n"
        "        return [self.asked.pop()] if self.asked else []\n"
        "desk.still = lambda *_: ctypes.PyDLL(None).sleep(60)\n"
        "at = desk.PictureDesk(SystemClock(), 1, 0.2, lambda: None)\n"
        "while True:\n"
        "    worker._turn(Server(), at, worker.Beats(0.0, SystemClock()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=20, check=False)
    assert done.returncode == -signal.SIGALRM


def test_it_ends_with_its_parent() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "watchglass.app.media_worker"], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
