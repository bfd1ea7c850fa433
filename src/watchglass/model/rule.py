"""Rules: what somebody wants to be told of, said of tracks, zones and lines."""

from enum import StrEnum
from typing import NewType

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.area import AreaId
from watchglass.model.detection import ObjectClass
from watchglass.model.schedule import WeeklySpan

RuleId = NewType("RuleId", str)


class RuleKind(StrEnum):
    """``motion``: something moves in a zone. ``loitering``: one thing stays in it for ``dwell_s``.
    ``crowding``: at least ``count`` are in it at once for ``dwell_s``. ``counting``: each crossing
    is counted and none is told of."""

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
    clock of ``zone`` (IANA); empty: always. ``alarm``: it goes to those on duty."""

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
