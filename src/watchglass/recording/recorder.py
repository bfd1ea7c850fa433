"""One stream of one camera: connect, record, and say why when there is nothing to record.

A thread owns the source. Once it plays, it is read in rounds, together with the other sources of
the worker, or by this thread where that cannot be. Reading never waits for the disk or for anybody
else: what has come goes into the stream's bounded queue. At each moment the stream is in a run or
in a gap; this module decides which, and names the cause.
"""

import threading
from collections.abc import Callable

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
from watchglass.base.ids import GapId, random_id
from watchglass.base.retry import Backoff
from watchglass.base.signpost import signposted
from watchglass.model.fact import GapOpened, StreamIs
from watchglass.model.gap import GapCause
from watchglass.model.live import LiveSink, SoundSink
from watchglass.model.source import CountsLosses, SharedSource, TellsClock, VideoSource
from watchglass.recording.assembler import Limits
from watchglass.recording.job import Tell
from watchglass.recording.rounds import Reading, Rounds
from watchglass.recording.session import Session, StreamCounters
from watchglass.recording.tap import Tap
from watchglass.recording.writer import StreamQueue

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
        self._restream: LiveSink | None = None
        self._source: VideoSource | None = None
        self._session: Session | None = None
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
        self._hurry()

    def restream(self, sink: LiveSink | None) -> None:
        """The same for one beside it."""
        self._restream = sink
        self._hurry()

    def hear(self, sink: SoundSink | None) -> None:
        """Give ``sink`` the sound too, as it is read; None ends it."""
        self._tap.sound.sink = sink
        self._show()

    def _hurry(self) -> None:
        reading = self._reading
        if reading is not None and self._rounds is not None:
            self._rounds.hurry(reading, self._waited_for)
        self._show()

    @property
    def _waited_for(self) -> bool:
        return self._watcher is not None or self._restream is not None

    def follow(self, sink: LiveSink | None) -> None:
        """The same for one that takes them whenever they are read."""
        self._follower = sink
        self._show()

    def _show(self) -> None:
        sinks = (self._watcher, self._follower, self._restream)
        self._tap.sinks = tuple(each for each in sinks if each)
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
                session = self._session = Session(
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

    def _read(self, source: VideoSource, session: Session) -> None:
        """Take what the source brings until it fails, or until `stop`."""
        if self._rounds is not None and isinstance(source, SharedSource):
            descriptor = source.share()
            if descriptor is not None:
                self._read_in_rounds(self._rounds, source, descriptor, session)
                return
        while not self._stop.is_set():
            session.take(source.read())

    def _read_in_rounds(
        self, rounds: Rounds, source: SharedSource, descriptor: int, session: Session
    ) -> None:
        def turn() -> bool:
            for packet in source.take():
                session.take(packet)
            return source.was_much

        reading = Reading(descriptor, signposted(self._queue.camera, turn))
        self._reading = reading
        try:
            # In this order: `watch` and `stop` set what is asked for here, then look for a reading.
            reading.hurried = self._waited_for
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
