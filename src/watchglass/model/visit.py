"""What camera-workers and the analytics-worker say to each other: a visit is a span of pictures.

The worker's gate begins one where something may be happening, from the last key frame on, and the
analytics-worker says whether anything moves in it. What the gate itself decides on, a span in which
all was quiet or one that could not be sent, goes the same way and is kept until it is taken.
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.analysis import AnalysisSpan
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.polygon import Point


class VisitCause(StrEnum):
    """Why the gate opened."""

    SIZES = "sizes"
    """Packets grew beyond what this camera sends when nothing happens."""
    CAMERA = "camera"
    """The camera itself said that something happens."""
    PROBE = "probe"
    """A key frame only, to see whether anything changed."""
    PEEK = "peek"
    """Packets grew: all from the last key frame on, to see whether anything shows in the last."""
    CHECK = "check"
    """All is quiet, and looked at all the same: the gate measures what it misses."""
    BLIND = "blind"
    """Sizes tell nothing here, so that everything is looked at."""
    LEARNING = "learning"
    """The gate does not know this camera yet."""
    JOB = "job"
    """Somebody asked for this span of the past."""


LOOKS_AT_ONE = frozenset({VisitCause.PROBE, VisitCause.PEEK})
"""They are answered whatever is in them, and account for nothing."""


class Visited(msgspec.Struct, frozen=True, tag="visited", kw_only=True):
    """Pictures of a visit, in decode order; the first part begins with a shape and a key frame.

    ``last``: the visit ends with these. ``job`` is set where they are of the past; with ``anew_ns``
    (UTC) it begins there, and what it found from then on, before it was cut off, is void.
    ``fine``: a shape and one key frame of the camera's large stream, to look at more closely; no
    visit.
    """

    visit: str
    camera: CameraId
    cause: VisitCause
    items: tuple[LiveShape | LiveFrame, ...]
    last: bool = False
    job: str = ""
    fine: bool = False
    anew_ns: int = 0


class Accounted(msgspec.Struct, frozen=True, tag="accounted"):
    """Spans that the gate answers for, kept until ``Noted``."""

    session: str
    number: int
    spans: tuple[AnalysisSpan, ...]


class Moves(msgspec.Struct, frozen=True, tag="moves"):
    """What is seen in a visit so far, up to ``at_ns`` (UTC, a picture's arrival). ``finer``: what
    moves is too small to be named in this stream, and key frames of the large one would help.
    ``apart``: they were not looked at, for pictures of this camera had ended who looks."""

    visit: str
    at_ns: int
    moving: bool
    finer: bool = False
    apart: bool = False


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    """The analytics-worker has handed on all accounts of ``session`` up to ``last``."""

    session: str
    last: int


class Analysed(msgspec.Struct, frozen=True, kw_only=True):
    """What the analytics-worker is told of a camera. ``left_out``: masks and ignore areas."""

    camera: CameraId
    left_out: tuple[tuple[Point, ...], ...] = ()
    priority: int = 0


ToAnalyst: TypeAlias = Visited | Accounted
FromAnalyst: TypeAlias = Moves | Noted
