"""A camera, its recorder, the disk and the keeper in one thread, on a clock that is played with.

Everything between the source and the ledger is the real code; only the source is a script. Its
``read`` runs the script up to the next picture, so a week with odd clocks takes a moment.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.media.encoded import encode
from tests.recording.keeper_making import Site
from tests.recording.packet_making import parameters
from tests.recording.stream_making import do_jobs, scanned
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import CameraUnreachableError, StreamStalledError
from watchglass.base.ids import CameraId, random_id
from watchglass.base.retry import Backoff
from watchglass.media.bitstream import to_length_prefixed
from watchglass.model.gap import GapCause
from watchglass.model.order import Facts, Synced
from watchglass.model.stream import (
    Packet,
    SoundParameters,
    StreamName,
    Track,
    VideoCodec,
    VideoParameters,
)
from watchglass.model.timeline import Span
from watchglass.recording.outbox import Outbox
from watchglass.recording.placement import wall_at
from watchglass.recording.recorder import StreamRecorder
from watchglass.recording.timeline import timeline
from watchglass.recording.writer import StreamQueue, VolumeWriter

FPS = 2
_TICKS = 90_000
_STALL_S = 5.0
_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class Pictures:
    """So many, at the camera's pace."""

    count: int


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody sets the wall clock."""

    by_s: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """The machine sleeps; the camera goes on, and its connection lives or not."""

    for_s: float
    survives: bool


@dataclass(frozen=True, slots=True)
class HangUp:
    """The camera ends the connection; the next begins with so many cached pictures at once."""

    burst: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing comes; a stall is noticed after 5 s."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Jump:
    """The camera's own clock jumps."""

    by_s: float


@dataclass(frozen=True, slots=True)
class Keep:
    """The keeper takes what it was told, and syncs."""


Event = Pictures | Step | Sleep | HangUp | Silence | Jump | Keep


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture that the recorder was given: when, by the run's own reckoning and by the clock."""

    pts: int
    wall_ns: int
    monotonic_ns: int
    is_late: bool


@dataclass
class TimeTape:
    """Plays ``events`` once; use ``play``, then ask."""

    folder: Path
    events: list[Event]
    gop: int = 4
    drift: float = 0.0
    origin: int = 0
    seen: list[Seen] = field(default_factory=list)
    latest_ns: int = 0

    def play(self) -> None:
        self.site = Site(self.folder, file_s=20)
        self.site.start()
        self.camera: CameraId = self.site.add_camera()
        self.added_ns = self.site.clock.wall_ns()
        self._session = random_id()
        self._outbox = Outbox(limit=1_000_000)
        self._writer = VolumeWriter(self.site.volume, self.site.disk, self._outbox, self.site.clock)
        queue = StreamQueue(self.camera, StreamName.MAIN, self._writer, 64 << 20)
        self._camera_s = 0.0
        self._jumped_s = 0.0
        self._number = 0
        self._burst = 0
        self._script = self._run()
        self.site.running.peer_joined("w")
        self._recorder = StreamRecorder(
            queue, lambda: _Scripted(self), self.site.clock,
            backoff=Backoff(first_s=0.3, most_s=0.3),
        )  # fmt: skip
        self._recorder._work()
        for _ in range(3):
            self.keep()

    def keep(self) -> None:
        do_jobs(self._writer)
        keeper = self.site.running
        while batch := self._outbox.unsent():
            facts = [fact for _, fact in batch]
            keeper.take_facts("w", Facts(self._session, batch[-1][0], facts))
        for _, answer in self.site.cycle():
            if isinstance(answer, Synced):
                self._outbox.acknowledge(answer.last)
        self.latest_ns = max(self.latest_ns, self.site.clock.wall_ns())

    # --- the script ---------------------------------------------------------------------------

    def _pass(self, seconds: float) -> None:
        self.site.clock.advance(round(seconds * NS_PER_S))
        self._camera_s += seconds
        self.latest_ns = max(self.latest_ns, self.site.clock.wall_ns())

    def _run(self) -> Iterator[Packet | Exception]:
        for event in self.events:
            match event:
                case Pictures() | HangUp() | Silence() | Sleep():
                    yield from self._camera_does(event)
                case Step(by_s):
                    self.site.clock.step_wall(round(by_s * NS_PER_S))
                case Jump(by_s):
                    self._jumped_s += by_s
                case Keep():
                    self.keep()
        self._recorder.stop(GapCause.RECORDER_STOPPED)
        yield CameraUnreachableError("The recorder hangs up.")

    def _camera_does(
        self, event: Pictures | HangUp | Silence | Sleep
    ) -> Iterator[Packet | Exception]:
        match event:
            case Pictures(count):
                for _ in range(count):
                    self._pass(1 / FPS)
                    yield self._picture()
                return
            case HangUp(burst):
                yield CameraUnreachableError("The camera ended the stream.")
                self._to_key_frame()
                for back in range(burst, 0, -1):
                    yield self._picture(back / FPS)
            case Silence(seconds):
                self._pass(seconds)
                self._to_key_frame()
                if seconds >= _STALL_S:
                    yield StreamStalledError("No picture came.")
            case Sleep(for_s, survives):
                self.site.clock.suspend(round(for_s * NS_PER_S))
                self._camera_s += for_s
                self._to_key_frame()
                if not survives:
                    yield CameraUnreachableError("The camera ended the stream.")

    def _to_key_frame(self) -> None:
        self._number = -(-self._number // self.gop) * self.gop

    def _picture(self, late_s: float = 0.0) -> Packet:
        camera_s = (self._camera_s - late_s) * (1 + self.drift) + self._jumped_s
        pts = self.origin + round(camera_s * _TICKS)
        clock = self.site.clock
        is_key = self._number % self.gop == 0
        self._number += 1
        self.seen.append(Seen(pts, clock.wall_ns(), clock.monotonic_ns(), late_s > 0))
        return Packet(
            Track.VIDEO, _PICTURE, pts, pts, _TICKS, is_key, clock.wall_ns(), clock.monotonic_ns()
        )

    def next(self) -> Packet:
        found = next(self._script)
        if isinstance(found, Exception):
            raise found
        return found

    # --- afterwards ---------------------------------------------------------------------------

    def spans(self) -> tuple[Span, ...]:
        """The timeline from when the camera was added until the latest wall time there was."""
        with self.site.running.index.read() as index:
            return timeline(
                index, self.camera, StreamName.MAIN, self.added_ns, self.latest_ns, self.latest_ns
            ).spans

    def causes(self) -> set[GapCause]:
        with self.site.running.index.read() as index:
            rows = index.gaps_between(self.camera, StreamName.MAIN, -_FAR, _FAR)
        return {row.cause for row in rows}

    def places(self) -> list[tuple[int, int]]:
        """For each fragment on disk: when its first picture arrived, as its bytes say, and where
        the index draws it (UTC ns)."""
        found = []
        with self.site.running.index.read() as index:
            for path in self.site.files:
                scan = scanned(path)
                row = index.file(scan.info.run, scan.info.sequence)
                assert row is not None
                for entry in scan.entries:
                    drawn = wall_at(entry.media_time, row.media_from, row.wall_from, row.rate_ppb)
                    found.append((entry.wall_ns, drawn))
        return found

    def overlaps(self) -> list[str]:
        """Where two files of a run share media time."""
        spans: dict[str, list[tuple[int, int]]] = {}
        for path in self.site.files:
            scan = scanned(path)
            if scan.entries:
                last = scan.entries[-1]
                end = last.media_time + last.duration
                spans.setdefault(scan.info.run, []).append((scan.info.media_from, end))
        return [
            f"{run}: {one} and {other}"
            for run, each in spans.items()
            for one, other in zip(sorted(each), sorted(each)[1:], strict=False)
            if one[1] > other[0]
        ]


class _Scripted:
    """A connection: a VideoSource that the tape feeds."""

    codec = VideoCodec.H264
    sound: SoundParameters | None = None

    def __init__(self, tape: TimeTape) -> None:
        self._tape = tape

    @property
    def video(self) -> VideoParameters:
        return parameters()

    def open(self) -> None:
        """Answers at once."""

    def read(self) -> Packet:
        return self._tape.next()

    def close(self) -> None:
        """Nothing is open."""


_PICTURE = to_length_prefixed(encode(VideoCodec.H264, 64, 48, 1)[0], VideoCodec.H264).data
