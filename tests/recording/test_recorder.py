"""The reader's border: whatever a source does, its stream goes on and says why it stood still."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.base.errors import AuthFailedError, CameraUnreachableError
from watchglass.base.ids import CameraId, random_id
from watchglass.base.retry import Backoff
from watchglass.model.assignment import AssignedCamera, AssignedStream
from watchglass.model.fact import GapOpened
from watchglass.model.gap import GapCause
from watchglass.model.source import VideoSource
from watchglass.model.stream import Packet, SoundParameters, StreamName, VideoCodec, VideoParameters
from watchglass.model.way import Way
from watchglass.recording import worker as worker_module
from watchglass.recording.outbox import Outbox
from watchglass.recording.recorder import StreamRecorder
from watchglass.recording.volume import create_volume
from watchglass.recording.worker import CameraWorker
from watchglass.recording.writer import StreamQueue, VolumeWriter

_WAIT_S = 10.0
_JOIN_S = 0.3
_STREAMS = 40


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


class EndlessSource(FailingSource):
    """Opening it takes until ``released``, and so does closing it, whoever asks."""

    def __init__(self, released: threading.Event) -> None:
        super().__init__(CameraUnreachableError("released"))
        self._released = released
        self.opening = threading.Event()

    def open(self) -> None:
        self.opening.set()
        self._released.wait()
        super().open()

    def close(self) -> None:
        self._released.wait()


@contextmanager
def a_queue(folder: Path) -> Iterator[StreamQueue]:
    clock = SystemClock()
    volume = create_volume(folder / "volume", Disk(), clock)
    writer = VolumeWriter(volume, Disk(), Outbox(), clock)
    writer.start()
    yield StreamQueue(CameraId(random_id()), StreamName.MAIN, writer, 1 << 20)
    writer.finish(_WAIT_S)


def test_a_source_that_was_made_too_late_is_not_opened(tmp_path: Path) -> None:
    """Asked to end while its source is being made, a stream finds nothing to close: it must look
    itself, or it would wait for its camera's first picture."""
    making, told, released = threading.Event(), threading.Event(), threading.Event()
    source = EndlessSource(released)

    def open_source() -> VideoSource:
        making.set()
        assert told.wait(_WAIT_S)
        return source

    with a_queue(tmp_path) as queue:
        recorder = StreamRecorder(queue, open_source, SystemClock())
        recorder.start()
        assert making.wait(_WAIT_S)
        recorder.stop(GapCause.RECORDER_CRASHED)
        told.set()
        released_late = threading.Timer(_WAIT_S, released.set)
        released_late.start()
        try:
            assert not source.opening.wait(0.05)
        finally:
            released.set()
            released_late.cancel()
        assert recorder.join(_WAIT_S)


def test_ending_a_stream_waits_for_nobody(tmp_path: Path) -> None:
    released = threading.Event()
    source = EndlessSource(released)
    with a_queue(tmp_path) as queue:
        recorder = StreamRecorder(queue, lambda: source, SystemClock())
        recorder.start()
        assert source.opening.wait(_WAIT_S)
        ended = threading.Event()

        def end() -> None:
            recorder.stop(GapCause.RECORDER_CRASHED)
            ended.set()

        threading.Thread(target=end, daemon=True).start()
        try:
            assert ended.wait(_WAIT_S)
        finally:
            released.set()
        assert recorder.join(_WAIT_S)


@pytest.mark.full
def test_a_worker_ends_as_soon_with_many_streams_as_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_JOIN_S", _JOIN_S)
    released = threading.Event()
    sources = [EndlessSource(released) for _ in range(_STREAMS)]
    left = list(sources)
    volume = create_volume(tmp_path / "volume", Disk(), SystemClock())
    worker = CameraWorker(
        "w", Way(f"ipc://{tmp_path}/nobody", ""), [volume], lambda _camera, _stream: left.pop(),
        Disk(), SystemClock(),
    )  # fmt: skip
    worker.start()
    try:
        for _ in range(_STREAMS // 2):
            streams = tuple(AssignedStream(name, "rtsp://never") for name in StreamName)
            worker.record(AssignedCamera(CameraId(random_id()), volume.id, streams, "", "", False))
        assert all(source.opening.wait(_WAIT_S) for source in sources)
        began_s = time.monotonic()
        worker.shutdown(GapCause.RECORDER_CRASHED)
        assert time.monotonic() - began_s < _STREAMS * _JOIN_S / 2
    finally:
        released.set()
