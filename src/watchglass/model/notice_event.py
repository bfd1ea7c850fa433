"""What the events-worker says on its standard output, for notices: one JSON line each.

An event is said when it begins and again when it is over; a review item once it is to be noticed.
Both may be said again after a start: whoever hears them knows them by their ids, and tells nobody
twice.
"""

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.area import AreaId
from watchglass.model.detection import ObjectClass
from watchglass.model.event import BestPicture, EventId, ReviewId
from watchglass.model.rule import RuleId


class EventTold(msgspec.Struct, frozen=True, tag="event_told", kw_only=True):
    """An event of any rule, whether somebody is noticed of it or not. UTC ns; ``to_ns`` None: it
    goes on. ``area`` None: the rule looks at all of the picture."""

    event: EventId
    camera: CameraId
    rule: RuleId
    area: AreaId | None
    kind: ObjectClass
    from_ns: int
    to_ns: int | None


class ReviewTold(msgspec.Struct, frozen=True, tag="review_told", kw_only=True):
    """A review item with an event whose rule asks for a notice (``Rule.notify``), said at the first
    such event. ``alarm``: one of its rules is for those on duty, so it goes through quiet hours;
    an item that becomes one later is said again, and then alone for that."""

    review: ReviewId
    camera: CameraId
    rule: RuleId
    rule_name: str
    kind: ObjectClass
    at_ns: int
    best: BestPicture
    alarm: bool = False


ToNotices = EventTold | ReviewTold
