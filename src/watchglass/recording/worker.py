"""A camera-worker: up to eight cameras read in rounds by one thread, a writer for each volume.

It waits for nobody but the disk. What the keeper has to know goes into an outbox that survives a
restart of the keeper; a worker whose pipe to the supervisor breaks closes its files and ends.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import Disk
from watchglass.base.errors import BusError
from watchglass.base.ids import CameraId, GapId, VolumeId, random_id
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.model.assignment import AssignedCamera, AssignedStream
from watchglass.model.fact import Fact, GapOpened
from watchglass.model.gap import GapCause
from watchglass.model.live import LiveSink, SoundSink
from watchglass.model.metric import Sample
from watchglass.model.order import Doubt, Facts, FromKeeper, Synced, ToKeeper
from watchglass.model.source import VideoSource
from watchglass.model.stream import StreamName
from watchglass.model.vitals import StreamVitals, WorkerVitals, WriterVitals
from watchglass.model.way import Way
from watchglass.recording.assembler import Limits
from watchglass.recording.job import Abandon
from watchglass.recording.metrics import outbox_samples, stream_samples
from watchglass.recording.outbox import Outbox
from watchglass.recording.recorder import StreamRecorder
from watchglass.recording.rounds import Rounds
from watchglass.recording.volume import Volume
from watchglass.recording.writer import StreamQueue, VolumeWriter

SourceFactory = Callable[[AssignedCamera, AssignedStream], VideoSource]

_LINK_POLL_S = 1.0
"""As often as the keeper answers, which is when most facts are sent: both are awake then."""
_TICK_S = 0.5
_LINK_BYTES = 8 << 20
_JOIN_S = 2.4
"""For all streams together, for all volumes, and for the keeper. With what is soon over that is no
more than a keeper that was left alone waits for the last facts."""
_SOON_S = 0.4
_LOG = log.get("worker")
_Sink = TypeVar("_Sink")


class CameraWorker:
    """Records the cameras it is given. ``open_source`` makes a source for one stream."""

    def __init__(
        self,
        name: str,
        keeper: Way,
        volumes: list[Volume],
        open_source: SourceFactory,
        disk: Disk,
        clock: Clock,
        *,
        limits: Limits | None = None,
        queue_bytes: int = 16 << 20,
    ) -> None:
        self.name = name
        self._open_source = open_source
        self._clock = clock
        self._limits = limits
        self._queue_bytes = queue_bytes
        self._outbox = Outbox(on_fact=self._wake_link)
        self._rounds = Rounds(clock, within=self._while_writers_rest)
        self._disk = disk
        self._volumes = volumes
        self._writers: dict[VolumeId, VolumeWriter] = {}
        self._streams: dict[CameraId, list[tuple[StreamRecorder, StreamQueue]]] = {}
        self._sinks: dict[tuple[CameraId, StreamName], LiveSink] = {}
        self._followers: dict[tuple[CameraId, StreamName], LiveSink] = {}
        self._restreams: dict[tuple[CameraId, StreamName], LiveSink] = {}
        self._listeners: dict[tuple[CameraId, StreamName], SoundSink] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._session = random_id()
        self._proofs: dict[CameraId, str] = {}
        # The oldest unacknowledged fact, and since when it is the oldest.
        self._oldest: tuple[int | None, int] = (None, 0)
        self._client: BusClient[ToKeeper, FromKeeper] = BusClient(
            keeper.endpoint, name, Codec[ToKeeper](ToKeeper), Codec[FromKeeper](FromKeeper),
            limit_bytes=_LINK_BYTES, clock=clock, proof=keeper.proof,
        )  # fmt: skip
        self._link = threading.Thread(target=self._keep_link, name="link", daemon=True)
        self._ticker = threading.Thread(target=self._tick, name="ticker", daemon=True)

    def start(self) -> None:
        self.use_volumes(self._volumes)
        self._rounds.start()
        self._link.start()
        self._ticker.start()

    def use_volumes(self, volumes: list[Volume]) -> None:
        """Record to these as well from now on."""
        with self._lock:
            for volume in volumes:
                if volume.id not in self._writers:
                    writer = VolumeWriter(volume, self._disk, self._outbox, self._clock)
                    self._writers[volume.id] = writer
                    writer.start()

    def record(self, camera: AssignedCamera) -> None:
        """Begin with a camera; one that is recorded already is left as it is."""
        # For good: facts may be told after another worker has it.
        self._proofs[camera.camera] = camera.proof
        if camera.quarantined:
            self._tell_quarantine(camera)
            return
        with self._lock:
            if camera.camera in self._streams:
                return
            writer = self._writers[camera.volume]
            streams = []
            for each in camera.streams:
                queue = StreamQueue(camera.camera, each.stream, writer, self._queue_bytes)
                recorder = StreamRecorder(
                    queue, self._source_of(camera, each), self._clock,
                    limits=self._limits, rounds=self._rounds,
                )  # fmt: skip
                recorder.watch(self._sinks.get((camera.camera, each.stream)))
                recorder.follow(self._followers.get((camera.camera, each.stream)))
                recorder.restream(self._restreams.get((camera.camera, each.stream)))
                recorder.hear(self._listeners.get((camera.camera, each.stream)))
                streams.append((recorder, queue))
            self._streams[camera.camera] = streams
        for recorder, _ in streams:
            recorder.start()

    def stop_recording(self, camera: CameraId, cause: GapCause) -> None:
        """End with a camera; waits a moment for its threads."""
        with self._lock:
            streams = self._streams.pop(camera, [])
        for recorder, _ in streams:
            recorder.stop(cause)
        self._wait_for([recorder for recorder, _ in streams])

    def watch(self, camera: CameraId, stream: StreamName, sink: LiveSink | None) -> None:
        """Give ``sink`` the pictures of a stream as they arrive; None ends it.

        It holds for a camera that is not recorded here, or not yet. The sink may be called once
        more after its end.
        """
        with self._lock:
            _keep(self._sinks, (camera, stream), sink)
            for recorder in self._recorders(camera, stream):
                recorder.watch(sink)

    def restream(self, camera: CameraId, stream: StreamName, sink: LiveSink | None) -> None:
        """The same for one beside it, which passes them to another system."""
        with self._lock:
            _keep(self._restreams, (camera, stream), sink)
            for recorder in self._recorders(camera, stream):
                recorder.restream(sink)

    def hear(self, camera: CameraId, stream: StreamName, sink: SoundSink | None) -> None:
        """The same for a stream's sound."""
        with self._lock:
            _keep(self._listeners, (camera, stream), sink)
            for recorder in self._recorders(camera, stream):
                recorder.hear(sink)

    def follow(self, camera: CameraId, stream: StreamName, sink: LiveSink | None) -> None:
        """The same for one beside it that takes pictures whenever they are read: nothing is read
        sooner for it."""
        with self._lock:
            _keep(self._followers, (camera, stream), sink)
            for recorder in self._recorders(camera, stream):
                recorder.follow(sink)

    def _recorders(self, camera: CameraId, stream: StreamName) -> list[StreamRecorder]:
        found = self._streams.get(camera, [])
        return [recorder for recorder, queue in found if queue.stream is stream]

    def shutdown(self, cause: GapCause) -> None:
        """End with all cameras, close all files, and tell the keeper; some seconds at most."""
        with self._lock:
            recorders = [r for streams in self._streams.values() for r, _ in streams]
        for recorder in recorders:
            recorder.stop(cause)
        self._wait_for(recorders)
        self._rounds.close(_SOON_S)
        for writer in self._writers.values():
            writer.end()
        until_ns = self._until_ns()
        for writer in self._writers.values():
            writer.finish(self._left_s(until_ns))
        self._wake_link()
        if not self._outbox.wait_until_empty(_JOIN_S):
            _LOG.warning("facts_not_acknowledged", waiting=self._outbox.depth().waiting)
        self._ending.set()
        self._wake_link()
        self._link.join(_SOON_S)

    def vitals(self) -> WorkerVitals:
        """Signs of life, as of now. Called by one thread, about once a second."""
        now_ns = self._clock.monotonic_ns()
        oldest = self._outbox.oldest()
        if oldest != self._oldest[0]:
            self._oldest = oldest, now_ns
        with self._lock:
            streams = [each for streams in self._streams.values() for each in streams]
            writers = list(self._writers.values())
        return WorkerVitals(
            tuple(_stream_vitals(recorder, queue) for recorder, queue in streams),
            tuple(WriterVitals(each.volume, each.waits_since_ns) for each in writers),
            self._oldest[1] if oldest is not None else 0,
        )

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors."""
        with self._lock:
            streams = [each for streams in self._streams.values() for each in streams]
        found = outbox_samples(self.name, self._outbox.depth())
        found += hop_samples(self._client.stats(), "facts", self.name)
        for recorder, queue in streams:
            found += stream_samples(recorder, queue)
        return found

    def _wait_for(self, recorders: list[StreamRecorder]) -> None:
        """A moment for all of them: each may be waiting for a camera, or for a name."""
        until_ns = self._until_ns()
        for recorder in recorders:
            recorder.join(self._left_s(until_ns))

    def _until_ns(self) -> int:
        return self._clock.monotonic_ns() + round(_JOIN_S * NS_PER_S)

    def _left_s(self, until_ns: int) -> float:
        return max(0.0, (until_ns - self._clock.monotonic_ns()) / NS_PER_S)

    def _tell_quarantine(self, camera: AssignedCamera) -> None:
        for each in camera.streams:
            self._outbox.add(
                GapOpened(
                    GapId(random_id()), camera.camera, each.stream, GapCause.QUARANTINED,
                    self._clock.wall_ns(),
                )
            )  # fmt: skip

    def _source_of(
        self, camera: AssignedCamera, stream: AssignedStream
    ) -> Callable[[], VideoSource]:
        return lambda: self._open_source(camera, stream)

    @contextmanager
    def _while_writers_rest(self) -> Iterator[None]:
        """A writer that woke up for each job of a round would only wait for the interpreter."""
        writers = list(self._writers.values())
        for writer in writers:
            writer.hold()
        try:
            yield
        finally:
            for writer in writers:
                writer.release()

    # --- threads -----------------------------------------------------------------------------

    def _tick(self) -> None:
        while not self._ending.wait(_TICK_S):
            now_ns = self._clock.monotonic_ns()
            with self._lock:
                recorders = [r for streams in self._streams.values() for r, _ in streams]
            for recorder in recorders:
                recorder.tick(now_ns)

    def _wake_link(self) -> None:
        self._client.wake()

    def _keep_link(self) -> None:
        """Carry facts to the keeper and its acknowledgements back."""
        present = False
        while not self._ending.is_set():
            if self._client.connected and not present:
                self._say_what_is_recorded()
            present = self._client.connected
            self._send_facts()
            try:
                received = self._client.poll(_LINK_POLL_S)
            except BusError as error:
                _LOG.error("keeper_refuses", error=error.sentence)
                return
            for message in received:
                if isinstance(message, LinkRenewed):
                    self._client.discard_queued()
                    self._outbox.send_again()
                    self._say_what_is_recorded()
                elif isinstance(message, Synced) and message.session == self._session:
                    self._outbox.acknowledge(message.last)
                elif isinstance(message, Doubt):
                    self._begin_anew(message)
        self._client.close()

    def _begin_anew(self, doubt: Doubt) -> None:
        with self._lock:
            streams = [each for streams in self._streams.values() for each in streams]
        for recorder, queue in streams:
            run = recorder.status().run
            if run is not None and run in doubt.runs:
                queue.put_always(Abandon(run))

    def _send_facts(self) -> None:
        while batch := self._outbox.unsent():
            if not self._tell(batch[-1][0], [fact for _, fact in batch]):
                self._outbox.unsend(batch[0][0])
                return

    def _say_what_is_recorded(self) -> None:
        with self._lock:
            recorders = [r for streams in self._streams.values() for r, _ in streams]
        self._tell(-1, [each.status() for each in recorders])

    def _tell(self, last: int, facts: Sequence[Fact]) -> bool:
        cameras = {fact.camera for fact in facts}
        proofs = {camera: self._proofs.get(camera, "") for camera in cameras}
        return self._client.send(Facts(self._session, last, list(facts), proofs))


def _stream_vitals(recorder: StreamRecorder, queue: StreamQueue) -> StreamVitals:
    counters, depth, in_run = recorder.counters, queue.depth(), recorder.in_run
    cause = queue.hindrance if in_run else queue.told
    return StreamVitals(
        queue.camera, queue.stream, in_run, cause, counters.reader_ns, counters.since_ns,
        queue.tally.written_ns, depth.size_bytes, depth.limit_bytes,
    )  # fmt: skip


def _keep(
    sinks: dict[tuple[CameraId, StreamName], _Sink],
    key: tuple[CameraId, StreamName],
    sink: _Sink | None,
) -> None:
    if sink is None:
        sinks.pop(key, None)
    else:
        sinks[key] = sink
