"""Rules: what somebody wants to be told of, said of tracks, zones and lines."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NewType

import msgspec

from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId
from watchglass.model.area import Area, AreaId, AreaKind, checked_name
from watchglass.model.detection import ObjectClass
from watchglass.model.schedule import WeeklySpan, check_spans, zone_of
from watchglass.model.statement import Statement

RuleId = NewType("RuleId", str)

MOST_RULES = 64
"""Of one camera."""
MOST_PURPOSE = 500
MOST_DWELL_S = 24 * 3600.0
MOST_COUNT = 500
_LEAST_PURPOSE = 10


class RuleKind(StrEnum):
    """``motion``: something moves in a zone. ``loitering``: one thing stays in it for ``dwell_s``.
    ``crowding``: at least ``count`` are in it at once for ``dwell_s``. ``counting``: each crossing
    of a line, or each way into a zone (forward) and out of it, is counted and none is told of."""

    MOTION = "motion"
    ENTER = "enter"
    LEAVE = "leave"
    CROSSING = "crossing"
    LOITERING = "loitering"
    CROWDING = "crowding"
    COUNTING = "counting"


NEEDS_PURPOSE = frozenset({RuleKind.LOITERING, RuleKind.CROWDING})
"""They watch how people behave: each needs a written purpose, and is refused at some places."""


class Direction(StrEnum):
    """Over a line: ``forward`` is from its left side to its right."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """``area`` empty: all of the picture. ``kinds`` empty: whatever it is. ``least_area`` and
    ``most_area``: how large it must look, in parts of the picture. ``spans``: when it holds, by the
    clock of ``zone`` (IANA); empty: always. ``alarm``: it goes to those on duty. ``off_why``: why
    it was switched off, where that was not somebody's wish."""

    id: RuleId
    camera: CameraId
    name: str
    kind: RuleKind
    area: AreaId | None = None
    kinds: tuple[ObjectClass, ...] = ()
    direction: Direction = Direction.BOTH
    least_area: float = 0.0
    most_area: float = 1.0
    least_confidence: float = 0.0
    dwell_s: float = 0.0
    count: int = 0
    zone: str = "UTC"
    spans: tuple[WeeklySpan, ...] = ()
    purpose: str = ""
    alarm: bool = False
    notify: bool = False
    enabled: bool = True
    off_why: str = ""


_NEEDS_LINE = frozenset({RuleKind.CROSSING})
_NEEDS_ZONE = frozenset({RuleKind.ENTER, RuleKind.LEAVE})
_NEEDS_AREA = frozenset({RuleKind.COUNTING})


def checked_rule(rule: Rule, areas: Sequence[Area], statement: Statement) -> Rule:
    """The rule, its texts trimmed; UsageError for one that can never hold, RefusedError for one
    that may not be. ``areas`` and ``statement`` are the camera's."""
    if rule.kind in NEEDS_PURPOSE:
        if statement.refuses_rules:
            raise RefusedError(
                f"A {rule.kind.value} rule watches how people behave, and this camera is stated to "
                f"watch a {place_words(statement)}: no such rule can be set on it."
            )
        if len(rule.purpose.strip()) < _LEAST_PURPOSE:
            raise UsageError(
                f"A {rule.kind.value} rule needs its purpose, in a sentence: it watches how people "
                "behave."
            )
    if len(rule.purpose) > MOST_PURPOSE or not rule.purpose.replace("\n", "").isprintable():
        raise UsageError(f"A rule's purpose has at most {MOST_PURPOSE} characters that print.")
    _check_area(rule, areas)
    _check_numbers(rule)
    zone_of(rule.zone)
    check_spans(rule.spans)
    return msgspec.structs.replace(
        rule, name=checked_name(rule.name, "A rule"), purpose=rule.purpose.strip(),
        kinds=tuple(kind for kind in ObjectClass if kind in rule.kinds),
        off_why="" if rule.enabled else rule.off_why,
    )  # fmt: skip


def place_words(statement: Statement) -> str:
    """'place of worship', 'union'."""
    return statement.place.value.replace("_", " ")


def _check_area(rule: Rule, areas: Sequence[Area]) -> None:
    found = {each.id: each for each in areas}
    if rule.area is None:
        if rule.kind in _NEEDS_LINE | _NEEDS_AREA:
            raise UsageError(f"A {rule.kind.value} rule needs a line: draw one first.")
        if rule.kind in _NEEDS_ZONE:
            raise UsageError("What enters or leaves does so by a zone: draw one first.")
        return
    area = found.get(rule.area)
    if area is None:
        raise NotFoundError("This camera has no such area: see 'watchglass zone list'.")
    if area.kind is AreaKind.IGNORE:
        raise UsageError("Nothing is looked at in an ignore area: choose a zone or a line.")
    if area.kind is AreaKind.LINE and rule.kind not in _NEEDS_LINE | _NEEDS_AREA:
        raise UsageError(f"A {rule.kind.value} rule is about a zone, and '{area.name}' is a line.")
    if area.kind is AreaKind.ZONE and rule.kind in _NEEDS_LINE:
        raise UsageError(f"A crossing is over a line, and '{area.name}' is a zone.")


def _check_numbers(rule: Rule) -> None:
    numbers = (rule.least_area, rule.most_area, rule.least_confidence)
    if not all(0 <= each <= 1 for each in numbers) or rule.least_area >= rule.most_area:
        raise UsageError("Sizes and confidence are from 0 to 1, the largest above the least.")
    if not 0 <= rule.dwell_s <= MOST_DWELL_S:
        raise UsageError("How long something stays is from 0 seconds to a day.")
    if rule.kind is RuleKind.LOITERING and rule.dwell_s <= 0:
        raise UsageError("Loitering begins after a time: say after how many seconds.")
    least = 2 if rule.kind is RuleKind.CROWDING else 0
    if not least <= rule.count <= MOST_COUNT:
        raise UsageError(f"A crowd is of 2 to {MOST_COUNT}: say of how many.")
