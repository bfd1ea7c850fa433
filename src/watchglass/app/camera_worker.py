"""Entry of a camera-worker process: reads what to record from standard input."""

import gc
import os
import queue
import signal
import threading
from pathlib import Path

import msgspec

from watchglass.analytics.outlet import AnalysisOutlet
from watchglass.app.fences import FencedVolume, fence_in, of_camera_worker, tell
from watchglass.app.last_words import listen_to_faults, tell_failure
from watchglass.app.pipes import first_message, leave, take_messages
from watchglass.app.reporter import Reporter
from watchglass.base import heap, log
from watchglass.base.clock import Clock, SystemClock
from watchglass.base.disk import Disk
from watchglass.base.secret import Secret
from watchglass.cameras.source import open_camera
from watchglass.live.outlet import Outlet
from watchglass.model.assignment import (
    AssignedCamera,
    AssignedStream,
    CameraSays,
    LookAt,
    Record,
    Shutdown,
    StopRecording,
    ToWorker,
    WorkerStart,
)
from watchglass.model.camera import Credentials, StreamAddress
from watchglass.model.gap import GapCause
from watchglass.model.metric import Sample
from watchglass.model.source import SourceSettings, VideoSource
from watchglass.model.stream import StreamName
from watchglass.model.vitals import WorkerVitals
from watchglass.model.way import Way
from watchglass.recording.assembler import VIDEO_TIMESCALE, Limits
from watchglass.recording.volume import Volume
from watchglass.recording.worker import CameraWorker


def main() -> None:
    """Record until told to stop, or until the supervisor is gone."""
    # Ctrl-C goes to the whole group; the supervisor is the one to say what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    heap.bound()
    decoder: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, WorkerStart)
    log.configure(start.log_level, json=start.log_json)
    volumes = [Path(path) for _, path in start.volumes]
    tell(fence_in(of_camera_worker(volumes, _sources(start)), start.fences))
    listen_to_faults()
    threading.excepthook = _die
    _calm_collector()
    allow = set(start.allow)
    clock = SystemClock()
    heap.fill_names()
    heap.tend(clock)
    worker = _worker(start, allow, clock)
    worker.start()
    outlet = Outlet(start.live, start.name, worker.watch, clock)
    outlet.start()
    analysis = None
    if start.analyst is not None:
        analysis = AnalysisOutlet(start.analyst, start.name, worker.follow, clock)
        analysis.start()

    def samples() -> list[Sample]:
        looked_at = analysis.samples() if analysis is not None else []
        return [*worker.samples(), *outlet.samples(), *looked_at, *relay.samples()]

    def vitals() -> WorkerVitals:
        untold_ns = analysis.untold_since_ns if analysis is not None else 0
        return msgspec.structs.replace(worker.vitals(), untold_since_ns=untold_ns)

    relay = _Relay(start.name, worker, clock)
    relay.use(start.relay)
    reporter = Reporter(start.vitals, start.name, vitals, samples, clock)
    reporter.start()
    messages: queue.SimpleQueue[ToWorker] = queue.SimpleQueue()
    gone = Shutdown(GapCause.RECORDER_CRASHED)
    take_messages(decoder, messages.put, lambda: messages.put(gone))
    for camera in start.cameras:
        _record(worker, analysis, camera)
    _obey(worker, analysis, relay, messages, allow)
    outlet.close()
    relay.close()
    if analysis is not None:
        analysis.close()
    reporter.close()
    leave()


def _die(failed: threading.ExceptHookArgs) -> None:
    """A thread that ends by a mistake would be missed in silence; a dead worker is replaced."""
    log.get("worker").error(
        "thread_failed",
        thread=failed.thread.name if failed.thread is not None else "",
        exc_info=(failed.exc_type, failed.exc_value, failed.exc_traceback),
    )
    tell_failure(failed)
    os._exit(70)


class _Relay:
    """The way to who hands pictures on, once there is one; it costs nothing before."""

    def __init__(self, name: str, worker: CameraWorker, clock: Clock) -> None:
        self._name = name
        self._worker = worker
        self._clock = clock
        self._outlet: Outlet | None = None

    def use(self, way: Way | None) -> None:
        if way is not None and self._outlet is None:
            self._outlet = Outlet(
                way, self._name, self._worker.restream, self._clock,
                set_sound_sink=self._worker.hear, hop="relay",
            )  # fmt: skip
            self._outlet.start()

    def samples(self) -> list[Sample]:
        return self._outlet.samples() if self._outlet is not None else []

    def close(self) -> None:
        if self._outlet is not None:
            self._outlet.close()


def _calm_collector() -> None:
    """Packets are freed by their counts; looking for cycles among them again and again is waste."""
    gc.set_threshold(20_000, 20, 20)


def _record(worker: CameraWorker, analysis: AnalysisOutlet | None, camera: AssignedCamera) -> None:
    if analysis is not None and not camera.quarantined:
        names = [each.stream for each in camera.streams]
        stream = StreamName.SUB if StreamName.SUB in names else names[0]
        large = stream is StreamName.SUB and StreamName.MAIN in names
        analysis.take_up(camera.camera, stream, off=not camera.analysis, large=large)
    worker.record(camera)


def _obey(
    worker: CameraWorker,
    analysis: AnalysisOutlet | None,
    relay: _Relay,
    messages: "queue.SimpleQueue[ToWorker]",
    allow: set[str],
) -> None:
    while True:
        message = messages.get()
        match message:
            case Record(camera):
                _record(worker, analysis, camera)
            case StopRecording(camera, cause):
                worker.stop_recording(camera, cause)
                if analysis is not None:
                    analysis.leave(camera)
            case CameraSays() | LookAt():
                if analysis is not None:
                    _look(analysis, message)
            case Shutdown(cause):
                worker.shutdown(cause)
                return
            case WorkerStart():
                # Said again to one that runs: there are more addresses or volumes, all else stays
                # but that there may be somebody who hands pictures on.
                allow.update(message.allow)
                worker.use_volumes(_volumes(message))
                relay.use(message.relay)


def _look(analysis: AnalysisOutlet, message: CameraSays | LookAt) -> None:
    match message:
        case CameraSays(camera):
            analysis.said(camera)
        case LookAt(camera, on):
            analysis.switch(camera, off=not on)


def _worker(start: WorkerStart, allow: set[str], clock: Clock) -> CameraWorker:
    def open_source(camera: AssignedCamera, stream: AssignedStream) -> VideoSource:
        credentials = Credentials(camera.user, Secret(camera.password)) if camera.user else None
        # Sound comes with the large picture; asking for it twice would only cost.
        sound = camera.sound and stream.stream is StreamName.MAIN
        address = StreamAddress(
            stream.stream, stream.url, transport=stream.transport, fingerprint=stream.fingerprint
        )
        return open_camera(
            SourceSettings(address, clock, credentials, sound, frozenset(allow), _sources(start))
        )

    limits = Limits(
        fragment=start.fragment_ms * VIDEO_TIMESCALE // 1000, file=start.file_s * VIDEO_TIMESCALE
    )
    return CameraWorker(
        start.name, start.keeper, _volumes(start), open_source, Disk(), clock,
        limits=limits, queue_bytes=start.queue_bytes,
    )  # fmt: skip


def _sources(start: WorkerStart) -> Path | None:
    return Path(start.sources) if start.sources else None


def _volumes(start: WorkerStart) -> list[Volume]:
    return [FencedVolume(volume, Path(path)) for volume, path in start.volumes]


if __name__ == "__main__":
    main()
