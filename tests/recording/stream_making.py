"""A stream recorded in one thread: assembler, queue and real writer, jobs done on demand."""

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.media.encoded import encode
from tests.recording.packet_making import SOUND
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.ids import CameraId, RunId
from watchglass.media import jpeg
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.fact import (
    Fact,
    FileClosed,
    FileOpened,
    FragmentWritten,
    GapOpened,
    Hole,
    RunEnded,
    RunStarted,
    SoundBroke,
)
from watchglass.model.gap import GapCause
from watchglass.model.stream import Packet, StreamName, Track, VideoCodec, VideoParameters
from watchglass.recording import writer as writer_module
from watchglass.recording.assembler import Assembler, Limits, RunBrokenError
from watchglass.recording.mediafile import ScannedFile, scan
from watchglass.recording.outbox import Outbox
from watchglass.recording.volume import Volume
from watchglass.recording.writer import StreamQueue, VolumeWriter

FPS = 10
GOP = 10
FILE_S = 3


class TroubledDisk(Disk):
    """Asks ``fails`` ahead of each change for the errno to raise; lets ``clock`` run meanwhile."""

    def __init__(self, clock: SimulatedClock | None = None, tick_ns: int = 0) -> None:
        super().__init__()
        self.fails: Callable[[WriteSite, str, str], int | None] = lambda site, call, path: None
        self.calls: list[tuple[WriteSite, str]] = []
        self._clock = clock
        self._tick_ns = tick_ns

    def before(self, site: WriteSite, call: str, path: str) -> None:
        self.calls.append((site, call))
        if self._clock is not None:
            self._clock.advance(self._tick_ns)
        code = self.fails(site, call, path)
        if code is not None:
            raise OSError(code, os.strerror(code), path)

    def fail_calls(self, site: WriteSite, first: int, last: float, code: int = errno.EIO) -> None:
        """Refuse the calls ``first`` to ``last`` (counted from 0, from now on) of a site."""
        seen = 0

        def fails(asked: WriteSite, call: str, path: str) -> int | None:
            nonlocal seen
            if asked is not site:
                return None
            seen += 1
            return code if first <= seen - 1 <= last else None

        self.fails = fails

    def heal(self) -> None:
        self.fails = lambda site, call, path: None


def pictures(
    width: int = 64, height: int = 48, codec: VideoCodec = VideoCodec.H264
) -> tuple[list[tuple[bytes, bool]], VideoParameters]:
    """A group of pictures from a real encoder, length-prefixed, to be sent again and again."""
    options = (("g", str(GOP)),) if codec is VideoCodec.H264 else ()
    units = encode(codec, width, height, GOP, options, FPS)
    sets = ParameterSets(codec)
    found = []
    for unit in units:
        if codec is VideoCodec.MJPEG:
            picture, header = jpeg.whole(unit)
            sets.update((header,))
            found.append((picture, True))
            continue
        sample = to_length_prefixed(unit, codec)
        sets.update(sample.parameter_sets)
        found.append((sample.data, sample.is_key))
    return found, sets.parameters()


class RecordedStream:
    """A camera's stream; time passes on ``clock`` as it is fed."""

    def __init__(
        self,
        camera: CameraId,
        writer: VolumeWriter,
        clock: SimulatedClock,
        *,
        stream: StreamName = StreamName.MAIN,
        queue_bytes: int = 16 << 20,
        sound: bool = False,
        file_s: float = FILE_S,
    ) -> None:
        self.queue = StreamQueue(camera, stream, writer, queue_bytes)
        self.clock = clock
        self.assembler: Assembler | None = None
        self.fed: list[bytes] = []
        self._sound = SOUND if sound else None
        self._limits = Limits(file=round(file_s * 90_000))
        self._pictures, self._parameters = pictures()
        self.offsets: Sequence[int] = (0,)
        """How much later than it is decoded each picture is shown, in 1/90000 s."""
        self._offset = 0
        self._dts = 0
        self._at = 0

    @property
    def run(self) -> RunId | None:
        """The run it is in."""
        return self.assembler.run if self.assembler is not None else None

    def feed(self, frames: int, *, lasts_s: float = 1 / FPS) -> None:
        """So many pictures; a run begins with the first key frame, or after a disk's failure."""
        for _ in range(frames):
            self.clock.advance(round(lasts_s * NS_PER_S))
            self._dts += round(lasts_s * 90_000)
            data, is_key = self._pictures[self._at % len(self._pictures)]
            self._offset = self.offsets[self._at % len(self.offsets)]
            self._at += 1
            if self.assembler is not None and self.queue.failed.is_set():
                self.end(GapCause.WRITE_FAILED)
            if self.assembler is None:
                if not is_key:
                    continue
                self.assembler = Assembler(
                    self.queue.camera, self.queue.stream, self.queue,
                    sound=self._sound, limits=self._limits,
                )  # fmt: skip
            try:
                self._add(data, is_key)
            except RunBrokenError:
                self.end(GapCause.CAMERA_DROPPED)

    def _add(self, data: bytes, is_key: bool) -> None:
        assert self.assembler is not None
        wall_ns, monotonic_ns = self.clock.wall_ns(), self.clock.monotonic_ns()
        pts = self._dts + self._offset
        self.assembler.add_video(
            Packet(
                Track.VIDEO, b"", pts, self._dts, 90_000, is_key, wall_ns, monotonic_ns
            ), data, is_key, self._parameters if is_key else None,
        )  # fmt: skip
        self.fed.append(data)
        if self._sound is not None:
            pts = self._dts * 8000 // 90_000
            self.assembler.add_sound(
                Packet(Track.SOUND, bytes(160), pts, pts, 8000, True, wall_ns, monotonic_ns)
            )

    def skip(self, seconds: float) -> None:
        """Nothing comes for a while, in a run that goes on."""
        self.clock.advance(round(seconds * NS_PER_S))
        self._dts += round(seconds * 90_000)

    def to_key_frame(self) -> None:
        """The next picture is the first of its group."""
        self._at = -(-self._at // GOP) * GOP

    def tick(self) -> None:
        if self.assembler is not None:
            self.assembler.tick(self.clock.monotonic_ns())

    def end(self, cause: GapCause) -> None:
        if self.assembler is not None:
            self.assembler.end(cause, self.clock.wall_ns())
            self.assembler = None
        self.to_key_frame()


def do_jobs(writer: VolumeWriter) -> None:
    """Do in this thread what waits for the writer's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer_module, "_RETRY_S", 0.0)
        writer._bell.put(False)
        writer._work()


def made_writer(
    volume: Volume, disk: Disk, clock: SimulatedClock, outbox: Outbox | None = None
) -> tuple[VolumeWriter, Outbox]:
    outbox = outbox or Outbox()
    return VolumeWriter(volume, disk, outbox, clock), outbox


def facts_of(outbox: Outbox) -> list[Fact]:
    return [fact for _, fact in outbox.unsent(1_000_000)]


def media_files(volume: Path) -> list[Path]:
    return sorted(volume.glob("*/*/*/*/*/*.mp4"))


def scanned(path: Path) -> ScannedFile:
    fd = os.open(path, os.O_RDONLY)
    try:
        return scan(fd, os.fstat(fd).st_size)
    finally:
        os.close(fd)


def check_order(facts: list[Fact]) -> None:
    """At each moment the stream is in a run or in a gap, and each fact belongs where it stands."""
    run: str | None = None
    file: int | None = None
    number = 0
    for fact in facts:
        match fact:
            case RunStarted():
                assert run is None
                run, file, number = fact.run, None, 0
            case RunEnded():
                assert run == fact.run
                run = None
            case GapOpened():
                assert run is None
            case FileOpened():
                assert (run, file) == (fact.run, None)
                file = fact.sequence
                assert fact.first_fragment == number
            case FragmentWritten():
                assert (run, file, number) == (fact.run, fact.sequence, fact.number)
                number += 1
            case FileClosed():
                assert (run, file) == (fact.run, fact.sequence)
                file = None
            case Hole() | SoundBroke():
                assert run == fact.run
