"""What the assembler gathers before it hands it on: a fragment, and the file that is to follow."""

from dataclasses import dataclass

from watchglass.model.stream import Track, VideoParameters
from watchglass.recording.fragment import Sample

MOST_PENDING_BYTES = 8 << 20
MOST_PENDING_SAMPLES = 4096
"""Bounds that no honest camera comes near: a fragment has to fit into memory and its fields."""


@dataclass(slots=True)
class PendingFragment:
    """A fragment being filled. Times count in the track's ticks since the run's start.

    ``after`` is the decode time of the picture before its first, -1 at the run's start.
    """

    track: Track
    timescale: int
    media_time: int
    wall_ns: int
    fed_ns: int
    samples: list[Sample]
    payload: list[bytes]
    last: int
    size_bytes: int = 0
    after: int = -1

    def is_full(self, more_bytes: int) -> bool:
        """Whether a sample of ``more_bytes`` has to go into the next one."""
        return (
            self.size_bytes + more_bytes > MOST_PENDING_BYTES
            or len(self.samples) >= MOST_PENDING_SAMPLES
        )


class NextFile:
    """A file to be opened with its first fragment. ``header`` is without the box of our own."""

    __slots__ = ("header", "media_from", "video", "wall_ns")

    def __init__(
        self, video: VideoParameters, header: bytes, media_from: int, wall_ns: int
    ) -> None:
        self.video = video
        self.header = header
        self.media_from = media_from
        self.wall_ns = wall_ns
