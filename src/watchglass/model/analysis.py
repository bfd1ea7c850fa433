"""How each second of a camera was understood: looked at, quiet, or not looked at and why."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.detection import Box
from watchglass.model.object_track import TrackPart


class Analysis(StrEnum):
    """``analysed``: its pictures were looked at. ``quiet``: the sizes of its packets, or the key
    frames that were probed, told that nothing moves. ``skipped``: neither."""

    ANALYSED = "analysed"
    QUIET = "quiet"
    SKIPPED = "skipped"


class SkipCause(StrEnum):
    """Why a span was not looked at."""

    OVERLOAD = "overload"
    """More was to be seen than the machine can."""
    NO_ANALYST = "no_analyst"
    """The process that looks was not there: it was starting, or had died."""
    UNREADABLE = "unreadable"
    """The pictures could not be decoded."""
    SET_APART = "set_apart"
    """Pictures of this camera had ended the process that looks: they are left alone for a while."""
    OFF = "off"
    """Somebody switched it off, for this camera or for all."""
    NOT_TOLD = "not_told"
    """Recorded, and nobody said anything of it."""


class AnalysisSpan(msgspec.Struct, frozen=True, tag="span", kw_only=True):
    """UTC ns; spans of one camera that touch and are alike count as one."""

    camera: CameraId
    from_ns: int
    to_ns: int
    state: Analysis
    cause: SkipCause | None = None
    coarse: bool = False


class TamperKind(StrEnum):
    """What was done to a camera's view."""

    COVERED = "covered"
    TURNED = "turned"
    DEFOCUSED = "defocused"
    SCENE_CHANGED = "scene_changed"


class Tampered(msgspec.Struct, frozen=True, tag="tamper", kw_only=True):
    """The view is not what it was; told again with the same ``id`` when it is over."""

    id: str
    camera: CameraId
    kind: TamperKind
    from_ns: int
    to_ns: int | None
    confidence: float


class MotionSeen(msgspec.Struct, frozen=True, tag="motion", kw_only=True):
    """How much of the picture moved during a span, from 0 to 1, and where most of it did: what the
    timeline's density is made of."""

    camera: CameraId
    from_ns: int
    to_ns: int
    amount: float
    where: Box


Understood = TrackPart | AnalysisSpan | Tampered | MotionSeen


class Report(msgspec.Struct, frozen=True, tag="report"):
    """From the analytics-worker to the events-worker, kept until it is taken: ``number`` counts
    within ``session``. ``job`` names the look at the past that it belongs to; empty: it is now.
    ``anew_ns`` (UTC): what the job found from then on, before it was cut off, is void."""

    session: str
    number: int
    items: tuple[Understood, ...]
    job: str = ""
    anew_ns: int = 0


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """The events-worker has written all of ``session`` up to ``last``."""

    session: str
    last: int
