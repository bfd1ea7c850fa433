"""What people ask about areas and rules of cameras, and about what rules found."""

import msgspec

from watchglass.model.area import Area, AreaId
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


WatchRequest = SetAreaRequest | DropAreaRequest | SetRuleRequest | DropRuleRequest
