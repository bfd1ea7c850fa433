"""What is in each second of a stream: media, a gap, or neither.

Walls are UTC nanoseconds; a span holds its start and not its end.
"""

from dataclasses import dataclass
from enum import StrEnum

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, GapId, RunId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName


class SpanKind(StrEnum):
    """``pending`` is being written as we look; ``unaccounted`` is what must never be;
    ``withheld`` is what whoever asks may not see."""

    MEDIA = "media"
    GAP = "gap"
    PENDING = "pending"
    UNACCOUNTED = "unaccounted"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Span:
    """A span of one kind. Media has a ``run``; a gap a ``cause``.

    ``gap`` is None for a gap that only tells of files that are gone (retention, media_missing);
    a gap inside a run names that run.
    """

    from_ns: int
    to_ns: int
    kind: SpanKind
    cause: GapCause | None = None
    run: RunId | None = None
    gap: GapId | None = None

    @property
    def seconds(self) -> float:
        return (self.to_ns - self.from_ns) / NS_PER_S


@dataclass(frozen=True, slots=True)
class StreamTimeline:
    """``spans`` tile ``from_ns`` to ``to_ns`` without a hole or an overlap.

    ``overlaps`` are where two runs share UTC: the spans show the one that began later.
    """

    camera: CameraId
    stream: StreamName
    from_ns: int
    to_ns: int
    spans: tuple[Span, ...]
    overlaps: tuple[tuple[int, int], ...] = ()

    def of(self, kind: SpanKind) -> list[Span]:
        """The spans of one kind."""
        return [span for span in self.spans if span.kind is kind]


@dataclass(frozen=True, slots=True)
class CauseTotal:
    """How often and how long something was missing for one cause."""

    cause: GapCause
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """A stream's timeline in a few numbers.

    ``whole_since_ns``: nothing is missing from there to the end; None when something is missing
    right now. ``causes`` begin with the one that took the most. ``media_bytes`` is the length of
    all files that touch the span.
    """

    camera: CameraId
    stream: StreamName
    from_ns: int
    to_ns: int
    recorded_s: float
    pending_s: float
    unaccounted_s: float
    causes: tuple[CauseTotal, ...]
    whole_since_ns: int | None
    media_bytes: int
