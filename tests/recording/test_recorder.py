"""The reader's border: whatever a source does, its stream goes on and says why it stood still."""

import threading
import time
from pathlib import Path

from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.base.errors import AuthFailedError, CameraUnreachableError
from watchglass.base.ids import CameraId, random_id
from watchglass.base.retry import Backoff
from watchglass.model.fact import GapOpened
from watchglass.model.gap import GapCause
from watchglass.model.source import VideoSource
from watchglass.model.stream import Packet, SoundParameters, StreamName, VideoCodec, VideoParameters
from watchglass.recording.outbox import Outbox
from watchglass.recording.recorder import StreamRecorder
from watchglass.recording.volume import create_volume
from watchglass.recording.writer import StreamQueue, VolumeWriter

_WAIT_S = 10.0


class FailingSource:
    """Raises ``error`` when it is opened."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def open(self) -> None:
        raise self._error

    @property
    def codec(self) -> VideoCodec | None:
        return None

    @property
    def video(self) -> VideoParameters | None:
        return None

    @property
    def sound(self) -> SoundParameters | None:
        return None

    def read(self) -> Packet:
        raise AssertionError("not opened")

    def close(self) -> None:
        """Nothing is open."""


def test_each_failure_has_its_cause_and_none_ends_the_stream(tmp_path: Path) -> None:
    clock = SystemClock()
    outbox = Outbox()
    volume = create_volume(tmp_path / "volume", Disk(), clock)
    writer = VolumeWriter(volume, Disk(), outbox, clock)
    writer.start()
    queue = StreamQueue(CameraId(random_id()), StreamName.MAIN, writer, 1 << 20)
    errors: list[Exception] = [
        CameraUnreachableError("away"),
        ZeroDivisionError("a mistake of ours"),
        AuthFailedError("no"),
    ]
    tried = threading.Event()
    attempts = 0

    def open_source() -> VideoSource:
        nonlocal attempts
        attempts += 1
        if attempts > len(errors):
            tried.set()
        return FailingSource(errors[min(attempts, len(errors)) - 1])

    recorder = StreamRecorder(queue, open_source, clock, backoff=Backoff(first_s=0.01, most_s=0.01))
    recorder.start()
    assert tried.wait(_WAIT_S)
    recorder.stop(GapCause.RECORDER_STOPPED)
    assert recorder.join(_WAIT_S)
    deadline = time.monotonic() + _WAIT_S
    causes: list[GapCause] = []
    while time.monotonic() < deadline and GapCause.RECORDER_STOPPED not in causes:
        causes += [f.cause for _, f in outbox.unsent() if isinstance(f, GapOpened)]
        time.sleep(0.01)
    writer.finish(_WAIT_S)
    assert causes == [
        GapCause.CAMERA_UNREACHABLE,
        GapCause.STREAM_INVALID,
        GapCause.AUTH_FAILED,
        GapCause.RECORDER_STOPPED,
    ]
