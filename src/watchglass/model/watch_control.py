"""What people ask about areas and rules of cameras, and about what rules found."""

import msgspec

from watchglass.model.area import Area, AreaId
from watchglass.model.event import ReviewId
from watchglass.model.look_back import LookBack, LookBackId
from watchglass.model.rule import Rule, RuleId


class SetAreaRequest(msgspec.Struct, frozen=True, tag="set_area"):
    """Draw an area, whose id is of the asker's making; ``new`` False: change the one of that id."""

    camera: str
    area: Area
    new: bool
    by: str


class DropAreaRequest(msgspec.Struct, frozen=True, tag="drop_area"):
    """Take an area away that no rule is about."""

    camera: str
    area: AreaId
    by: str


class SetRuleRequest(msgspec.Struct, frozen=True, tag="set_rule"):
    """Make a rule, whose id is of the asker's making; ``new`` False: change the one of that id."""

    camera: str
    rule: Rule
    new: bool
    by: str


class DropRuleRequest(msgspec.Struct, frozen=True, tag="drop_rule"):
    """Forget a rule; what it found stays."""

    camera: str
    rule: RuleId
    by: str


class SeenRequest(msgspec.Struct, frozen=True, tag="review_seen"):
    """Somebody has seen a review item; ``seen`` False: it is as if nobody had."""

    review: ReviewId
    seen: bool
    by: str


class AcknowledgeRequest(msgspec.Struct, frozen=True, tag="alarm_acknowledge"):
    """Somebody on duty has taken notice of an alarm."""

    review: ReviewId
    by: str


class AssignRequest(msgspec.Struct, frozen=True, tag="alarm_assign"):
    """An alarm is for somebody, by name; empty: for nobody any more. ``note``: a few words with it,
    or nothing."""

    review: ReviewId
    to: str
    by: str
    note: str = ""


class AlarmNoteRequest(msgspec.Struct, frozen=True, tag="alarm_note"):
    """A few words on an alarm."""

    review: ReviewId
    text: str
    by: str


class LookBackRequest(msgspec.Struct, frozen=True, tag="look_back"):
    """Look at a span (UTC ns) of the past; its id is of the asker's making."""

    id: LookBackId
    camera: str
    from_ns: int
    to_ns: int
    by: str


class StopLookBackRequest(msgspec.Struct, frozen=True, tag="stop_look_back"):
    """Stop one that goes on, or forget one that is over with what it found."""

    id: LookBackId
    by: str


class LooksBackRequest(msgspec.Struct, frozen=True, tag="looks_back"):
    """Which looks at the past there are."""


class LooksBack(msgspec.Struct, frozen=True, tag="looks_back_told"):
    """Newest first."""

    looks: tuple[LookBack, ...]


ReviewRequest = SeenRequest | AcknowledgeRequest | AssignRequest | AlarmNoteRequest
LookBackErrand = LookBackRequest | StopLookBackRequest | LooksBackRequest
WatchRequest = SetAreaRequest | DropAreaRequest | SetRuleRequest | DropRuleRequest
