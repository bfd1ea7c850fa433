"""One connection to a camera's stream: its parameter sets, and its runs, one after the other.

What a source brings goes in packet by packet; a run begins with the first key frame whose parameter
sets are known, and ends where time, the clock or the disk breaks it.
"""

from dataclasses import dataclass, field

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import StreamInvalidError
from watchglass.base.ids import GapId, RunId, random_id
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.fact import GapOpened
from watchglass.model.gap import GapCause
from watchglass.model.source import VideoSource
from watchglass.model.stream import Packet, SoundParameters, Track, VideoCodec, VideoParameters
from watchglass.recording.assembler import Assembler, Limits, RunBrokenError
from watchglass.recording.job import Tell
from watchglass.recording.runclock import RunClock
from watchglass.recording.tap import Tap
from watchglass.recording.writer import StreamQueue

_NO_KEY_FRAME_NS = 2 * NS_PER_S
_LOG = log.get("recorder")


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


class Session:
    """Used by its reader's thread, but for ``tick`` and ``show``."""

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
