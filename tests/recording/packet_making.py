"""Parameters that libavformat takes, packets that need no encoder, and a sink that keeps all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from tests.media.encoded import encode
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.gap import GapCause
from watchglass.model.stream import (
    Packet,
    SoundCodec,
    SoundParameters,
    Track,
    VideoCodec,
    VideoParameters,
)
from watchglass.recording.job import Job, WriteFragment

WALL_NS = 1_700_000_000 * 10**9
SOUND = SoundParameters(SoundCodec.PCM_ALAW, 8000, 1)


@cache
def parameters(width: int = 64) -> VideoParameters:
    """What a small encoder says of itself; another width, other parameter sets."""
    unit = encode(VideoCodec.H264, width, 48, 1)[0]
    sets = ParameterSets(VideoCodec.H264)
    sets.update(to_length_prefixed(unit, VideoCodec.H264).parameter_sets)
    return sets.parameters()


def video_packet(
    dts: int | None, at_ns: int, *, pts: int | None = None, lost: bool = False
) -> Packet:
    """A picture that arrives ``at_ns`` after the beginning; the payload goes its own way."""
    shown = pts if pts is not None else dts
    return Packet(Track.VIDEO, b"", shown, dts, 90_000, False, WALL_NS + at_ns, at_ns, lost=lost)


def sound_packet(pts: int | None, at_ns: int, data: bytes, timescale: int = 8000) -> Packet:
    return Packet(Track.SOUND, data, pts, pts, timescale, True, WALL_NS + at_ns, at_ns)


@dataclass
class KeptJobs:
    """A sink that says no when told to. ``by_tick`` marks what came from a time-out."""

    refuses: Callable[[int], bool] = lambda size: False
    jobs: list[Job] = field(default_factory=list)
    by_tick: set[int] = field(default_factory=set)
    in_tick: bool = False
    refused: int = 0

    def put(self, job: WriteFragment) -> bool:
        if self.refuses(len(job.data)):
            self.refused += 1
            return False
        if self.in_tick:
            self.by_tick.add(job.number)
        self.jobs.append(job)
        return True

    def has_room(self, size_bytes: int) -> bool:
        self.refused += self.refuses(size_bytes)
        return not self.refuses(size_bytes)

    def put_always(self, job: Job) -> None:
        self.jobs.append(job)

    def congestion(self) -> GapCause:
        return GapCause.OVERLOAD
