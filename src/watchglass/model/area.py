"""Parts of a camera's picture that rules speak of: zones, lines, and what is left out."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NewType

import msgspec

from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId
from watchglass.model.polygon import Point, checked_corners

AreaId = NewType("AreaId", str)

MOST_AREAS = 32
"""Of one camera."""
MOST_NAME = 60
_LEAST_LENGTH = 0.01


class AreaKind(StrEnum):
    """``zone``: a polygon. ``line``: from its first point to its second, and it has two sides.
    ``ignore``: a polygon in which nothing is looked at."""

    ZONE = "zone"
    LINE = "line"
    IGNORE = "ignore"


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """As somebody drew it. A line is crossed *forward* from its left side to its right, seen from
    its first point towards its second. ``expires_ns`` (UTC): an ignore area that nobody renews."""

    id: AreaId
    camera: CameraId
    name: str
    kind: AreaKind
    points: tuple[Point, ...]
    expires_ns: int | None = None


def checked_points(kind: AreaKind, points: Sequence[Point]) -> tuple[Point, ...]:
    """The points, to a ten-thousandth; UsageError for what is no such area."""
    if kind is not AreaKind.LINE:
        return checked_corners(points, "A zone")
    if len(points) != 2:
        raise UsageError("A line has two ends.")
    if not all(math.isfinite(each) and 0 <= each <= 1 for point in points for each in point):
        raise UsageError("A line's ends lie in the picture: from 0 to 1 across and down.")
    (x0, y0), (x1, y1) = first, second = [(round(x, 4), round(y, 4)) for x, y in points]
    if math.hypot(x1 - x0, y1 - y0) < _LEAST_LENGTH:
        raise UsageError("This line is too short: move its ends apart.")
    return first, second


def checked_name(name: str, what: str) -> str:
    """The name on one line; UsageError, about ``what``, for one that is empty or too long."""
    cleaned = " ".join("".join(each if each.isprintable() else " " for each in name).split())
    if not cleaned or len(cleaned) > MOST_NAME:
        raise UsageError(f"{what} has a name of 1 to {MOST_NAME} characters, such as 'gate'.")
    return cleaned
