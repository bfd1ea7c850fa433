"""One stream of one camera: connect, record, and say why when there is nothing to record.

A thread owns the source. Once it plays, it is read in rounds, together with the other sources of
the worker, or by this thread where that cannot be. Reading never waits for the disk or for anybody
else: what has come goes into the stream's bounded queue. At each moment the stream is in a run or
in a gap; this module decides which, and names the cause.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CertificateError,
    CodecUnsupportedError,
    StreamInvalidError,
    StreamStalledError,
)
from watchglass.base.ids import GapId, RunId, random_id
from watchglass.base.retry import Backoff
from watchglass.base.signpost import signposted
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.fact import GapOpened, StreamIs
from watchglass.model.gap import GapCause
from watchglass.model.live import LiveSink
from watchglass.model.source import CountsLosses, SharedSource, TellsClock, VideoSource
from watchglass.model.stream import Packet, SoundParameters, Track, VideoCodec, VideoParameters
from watchglass.recording.assembler import Assembler, Limits, RunBrokenError
from watchglass.recording.job import Tell
from watchglass.recording.rounds import Reading, Rounds
from watchglass.recording.runclock import RunClock
from watchglass.recording.tap import Tap
from watchglass.recording.writer import StreamQueue

_NO_KEY_FRAME_NS = 2 * NS_PER_S
_STEADY_NS = 10 * NS_PER_S
_LOG = log.get("recorder")


def cause_of(error: CameraError) -> GapCause:
    """The gap that an error of a source leaves."""
    match error:
        case AuthFailedError():
            return GapCause.AUTH_FAILED
        case CertificateError():
            return GapCause.CERTIFICATE_UNTRUSTED
        case StreamStalledError():
            return GapCause.STALLED
        case CodecUnsupportedError():
            return GapCause.CODEC_UNSUPPORTED
        case StreamInvalidError():
            return GapCause.STREAM_INVALID
        case _:
            return GapCause.CAMERA_UNREACHABLE


@dataclass(slots=True)
class StreamCounters:
    """What one stream did since its worker started, or since it was given to it.

    Monotonic times: ``reader_ns``, when its reader last did something; ``since_ns``, since when it
    is in this run, or in no run.
    """

    packets: int = 0
    pictures: int = 0
    media_bytes: int = 0
    connects: int = 0
    errors: int = 0
    last_error: str = ""
    last_packet_wall_ns: int = 0
    lost_packets: int = 0
    reader_ns: int = 0
    since_ns: int = 0
    by_cause: dict[str, int] = field(default_factory=dict)


class StreamRecorder:
    """Records a stream. ``open_source`` makes a fresh source for each attempt; without ``rounds``
    its own thread reads it."""

    def __init__(
        self,
        queue: StreamQueue,
        open_source: Callable[[], VideoSource],
        clock: Clock,
        *,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        rounds: Rounds | None = None,
    ) -> None:
        self._queue = queue
        self._open_source = open_source
        self._clock = clock
        self._limits = limits or Limits()
        self._backoff = backoff or Backoff()
        self._rounds = rounds
        self._reading: Reading | None = None
        self._stop = threading.Event()
        self._stop_cause = GapCause.RECORDER_STOPPED
        self._tap = Tap()
        self._watcher: LiveSink | None = None
        self._follower: LiveSink | None = None
        self._source: VideoSource | None = None
        self._session: _Session | None = None
        now_ns = clock.monotonic_ns()
        self.counters = StreamCounters(reader_ns=now_ns, since_ns=now_ns)
        name = f"read {queue.camera[:8]}/{queue.stream}"
        work = signposted(queue.camera, self._work)
        self._thread = threading.Thread(target=work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, cause: GapCause) -> None:
        """Ask it to end; what follows is a gap of ``cause``. Does not wait."""
        self._stop_cause = cause
        self._stop.set()
        source, reading = self._source, self._reading
        if reading is not None and self._rounds is not None:
            # Its descriptor must stay as long as the rounds have it; its own thread closes it.
            self._rounds.leave(reading)
        elif source is not None:
            # One that is looking up a name comes back when it pleases.
            threading.Thread(target=source.close, name="close", daemon=True).start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def tick(self, monotonic_ns: int) -> None:
        """Let an idle fragment close; called a few times a second from another thread."""
        session = self._session
        if session is not None:
            session.tick(monotonic_ns)

    def watch(self, sink: LiveSink | None) -> None:
        """Give ``sink`` the pictures too, from those that are still pending on; None ends it.

        They are waited for: what arrives is read at once."""
        self._watcher = sink
        reading = self._reading
        if reading is not None and self._rounds is not None:
            self._rounds.hurry(reading, sink is not None)
        self._show()

    def follow(self, sink: LiveSink | None) -> None:
        """The same for one that takes them whenever they are read."""
        self._follower = sink
        self._show()

    def _show(self) -> None:
        self._tap.sinks = tuple(each for each in (self._watcher, self._follower) if each)
        session = self._session
        if session is not None:
            session.show()

    @property
    def in_run(self) -> bool:
        """Whether pictures are being recorded."""
        session = self._session
        return session is not None and session.run is not None

    @property
    def lost_packets(self) -> int:
        """Of all connections, as far as their sources can tell."""
        source = self._source
        return self.counters.lost_packets + (_lost(source) if source is not None else 0)

    @property
    def clock_offset_ns(self) -> int | None:
        """The camera's clock less ours; None where its source cannot tell."""
        source = self._source
        return _offset_ns(source) if source is not None else None

    def status(self) -> StreamIs:
        """What a keeper that was restarted has to know."""
        session = self._session
        run = session.run if session is not None else None
        return StreamIs(self._queue.camera, self._queue.stream, run)

    # --- the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stop.is_set():
            cause, recorded_s = self._attempt()
            if self._stop.is_set():
                break
            self._tell_gap(cause)
            # A camera that hangs up again and again loses no more than it gives.
            self._clock.wait(self._stop, self._backoff.next_s(recorded_s))
        self._tell_gap(self._stop_cause)

    def _attempt(self) -> tuple[GapCause, float | None]:
        """Connect and record until something ends it; the cause of the gap that follows, and for
        how long there were pictures (None: there was none)."""
        began_ns = self._clock.monotonic_ns()
        self.counters.connects += 1
        self.counters.reader_ns = began_ns
        source: VideoSource | None = None
        try:
            source = self._source = self._open_source()
            # In this order: `stop` sets what is asked for here, then looks for a source to close.
            if not self._stop.is_set():
                source.open()
                session = self._session = _Session(
                    self._queue, source, self._clock, self._limits, self.counters, self._tap
                )
                self._read(source, session)
            cause = self._stop_cause
        except CameraError as error:
            cause = self._why_ended(error)
            self._note(error, cause)
        except Exception as error:  # noqa: BLE001 - the task's border: one stream must not stop
            # for good, and in silence, because of a mistake of ours.
            _LOG.exception("stream_failed", camera=self._queue.camera, stream=self._queue.stream)
            cause = GapCause.STREAM_INVALID
            self._note(StreamInvalidError(f"The recorder failed at this stream: {error}"), cause)
        finally:
            self._source = None
            if source is not None:
                self.counters.lost_packets += _lost(source)
                source.close()
        ended = self._session
        if ended is None:
            return cause, None
        ended.end(cause)
        self._session = None
        if self._clock.monotonic_ns() - began_ns > _STEADY_NS:
            self._backoff.reset()
        return cause, ended.recorded_s

    def _read(self, source: VideoSource, session: "_Session") -> None:
        """Take what the source brings until it fails, or until `stop`."""
        if self._rounds is not None and isinstance(source, SharedSource):
            descriptor = source.share()
            if descriptor is not None:
                self._read_in_rounds(self._rounds, source, descriptor, session)
                return
        while not self._stop.is_set():
            session.take(source.read())

    def _read_in_rounds(
        self, rounds: Rounds, source: SharedSource, descriptor: int, session: "_Session"
    ) -> None:
        def turn() -> bool:
            for packet in source.take():
                session.take(packet)
            return source.was_much

        reading = Reading(descriptor, signposted(self._queue.camera, turn))
        self._reading = reading
        try:
            # In this order: `watch` and `stop` set what is asked for here, then look for a reading.
            reading.hurried = self._watcher is not None
            if not self._stop.is_set():
                rounds.attend(reading)
        finally:
            self._reading = None

    def _why_ended(self, error: CameraError) -> GapCause:
        if self._stop.is_set():
            return self._stop_cause
        session = self._session
        # Connections do not outlive a long sleep; it is not the camera that was away.
        slept = session is not None and session.slept
        return GapCause.MACHINE_OFF if slept else cause_of(error)

    def _note(self, error: CameraError, cause: GapCause) -> None:
        if self._stop.is_set():
            return
        counters = self.counters
        counters.errors += 1
        counters.by_cause[cause] = counters.by_cause.get(cause, 0) + 1
        if counters.last_error != error.sentence:
            _LOG.warning(
                "stream_lost", camera=self._queue.camera, stream=self._queue.stream,
                cause=cause, error=error.sentence,
            )  # fmt: skip
        counters.last_error = error.sentence

    def _tell_gap(self, cause: GapCause) -> None:
        """Harmless when the gap of that cause is open already: the writer leaves it out."""
        self._queue.put_always(
            Tell(
                GapOpened(
                    GapId(random_id()), self._queue.camera, self._queue.stream, cause,
                    self._clock.wall_ns(),
                )
            )
        )  # fmt: skip


def _offset_ns(source: VideoSource) -> int | None:
    return source.clock_offset_ns if isinstance(source, TellsClock) else None


def _lost(source: VideoSource) -> int:
    return source.lost_packets if isinstance(source, CountsLosses) else 0


class _Session:
    """One connection: its parameter sets and its runs, one after the other."""

    def __init__(
        self,
        queue: StreamQueue,
        source: VideoSource,
        clock: Clock,
        limits: Limits,
        counters: StreamCounters,
        tap: Tap,
    ) -> None:
        self._queue = queue
        self._clock = clock
        self._limits = limits
        self._counters = counters
        self._tap = tap
        if source.codec is None:
            raise StreamInvalidError("The camera did not say what it sends.")
        self._codec: VideoCodec = source.codec
        self._sound: SoundParameters | None = source.sound
        told = source.video
        self._sets = ParameterSets(self._codec, told.parameter_sets if told else ())
        self._parameters: VideoParameters | None = None
        self._held = b""
        self._assembler: Assembler | None = None
        self._run_clock = RunClock(clock)
        self._opened_ns = clock.monotonic_ns()
        self._waiting_told = False
        self._first_ns: int | None = None
        self._last_ns = 0

    @property
    def recorded_s(self) -> float | None:
        """From the first picture that was recorded to the last; None when there was none."""
        if self._first_ns is None:
            return None
        return (self._last_ns - self._first_ns) / NS_PER_S

    @property
    def slept(self) -> bool:
        """Whether the machine slept since the run began."""
        return self._run_clock.slept()

    @property
    def run(self) -> RunId | None:
        return self._assembler.run if self._assembler is not None else None

    def tick(self, monotonic_ns: int) -> None:
        assembler = self._assembler
        if assembler is not None:
            assembler.tick(monotonic_ns)

    def show(self) -> None:
        assembler = self._assembler
        if assembler is not None:
            assembler.show()

    def take(self, packet: Packet) -> None:
        """One packet of the source."""
        self._counters.packets += 1
        self._counters.media_bytes += len(packet.data)
        self._counters.last_packet_wall_ns = packet.arrival_wall_ns
        self._counters.reader_ns = packet.arrival_monotonic_ns
        if packet.track is Track.SOUND:
            if self._assembler is not None:
                self._assembler.add_sound(packet)
            return
        if self._queue.failed.is_set():
            self._end_run(GapCause.WRITE_FAILED)
        self._run_clock.tell(packet)
        if packet.parameter_sets and self._sets.update(packet.parameter_sets):
            self._parameters = None
        if not packet.has_picture:
            # Parameter sets or SEI on their own: they belong to the picture that follows.
            if len(self._held) + len(packet.data) <= 1 << 20:
                self._held += packet.data
            return
        self._counters.pictures += 1
        data = self._held + packet.data if self._held else packet.data
        self._held = b""
        self._picture(packet, data)

    def end(self, cause: GapCause) -> None:
        """The connection is over."""
        self._end_run(cause)

    def _picture(self, packet: Packet, data: bytes) -> None:
        if self._run_clock.broken is not None and packet.is_key:
            self._end_run(self._run_clock.broken)
            self._run_clock.begin_anew(packet)
        try:
            self._feed(packet, data)
        except RunBrokenError as broken:
            _LOG.info(
                "run_broken", camera=self._queue.camera, stream=self._queue.stream,
                why=str(broken),
            )  # fmt: skip
            slept = self._run_clock.slept()
            self._end_run(GapCause.MACHINE_OFF if slept else GapCause.CAMERA_DROPPED)
            self._feed(packet, data)

    def _feed(self, packet: Packet, data: bytes) -> None:
        is_key = packet.is_key
        assembler = self._assembler
        if assembler is None:
            if not is_key or not self._sets.complete:
                self._wait_for_key_frame(packet)
                return
            assembler = self._assembler = Assembler(
                self._queue.camera, self._queue.stream, self._queue,
                sound=self._sound, limits=self._limits, tap=self._tap,
            )  # fmt: skip
            self._counters.since_ns = packet.arrival_monotonic_ns
        if is_key and self._parameters is None:
            self._parameters = self._sets.parameters()
        assembler.add_video(packet, data, is_key, self._parameters if is_key else None)
        if self._first_ns is None:
            self._first_ns = packet.arrival_monotonic_ns
        self._last_ns = packet.arrival_monotonic_ns

    def _wait_for_key_frame(self, packet: Packet) -> None:
        waited_ns = packet.arrival_monotonic_ns - self._opened_ns
        if self._waiting_told or waited_ns < _NO_KEY_FRAME_NS:
            return
        self._waiting_told = True
        wall_ns = packet.arrival_wall_ns - waited_ns
        self._queue.put_always(
            Tell(
                GapOpened(
                    GapId(random_id()), self._queue.camera, self._queue.stream,
                    GapCause.WAITING_KEY_FRAME, wall_ns,
                )
            )
        )  # fmt: skip

    def _end_run(self, cause: GapCause) -> None:
        assembler, self._assembler = self._assembler, None
        if assembler is not None:
            assembler.end(cause, self._clock.wall_ns())
            self._counters.since_ns = self._clock.monotonic_ns()
        self._opened_ns = self._clock.monotonic_ns()
        self._waiting_told = False
