"""Events: what a rule found, and review items: events of one camera near in time."""

from typing import NewType

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.object_track import Presence, TrackId, TrackPoint
from watchglass.model.polygon import Point
from watchglass.model.rule import Direction, Rule, RuleId

EventId = NewType("EventId", str)
ReviewId = NewType("ReviewId", str)


class BestPicture(msgspec.Struct, frozen=True):
    """Where in the recording it is seen best: a pointer, no picture. UTC ns."""

    at_ns: int
    box: Box


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """All that a rule decided by: itself as it was, its area as it lay, and where it was met.

    ``presence`` is what is known of the thing at the event's end: seen to be there yet, seen to
    go, or not known, as its track was lost or nothing is heard of it.
    """

    rule: Rule
    points: tuple[Point, ...]
    at_ns: int
    at: Point | None
    direction: Direction | None = None
    stayed_s: float = 0.0
    count: int = 0
    presence: Presence = Presence.SEEN


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Times UTC ns; ``to_ns`` None while it goes on. ``path`` is the track's, thinned out; its
    confidences are those over time. ``detector`` is the SHA-256 of the model, or ``regions``."""

    id: EventId
    camera: CameraId
    rule: RuleId
    kind: ObjectClass
    track: TrackId
    from_ns: int
    to_ns: int | None
    confidence: float
    best: BestPicture
    path: tuple[TrackPoint, ...]
    why: Why
    detector: str
    coarse: bool = False
    review: ReviewId | None = None
