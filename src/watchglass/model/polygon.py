"""Polygons in a picture: what masks and zones are drawn with."""

import math
from collections.abc import Sequence
from typing import TypeAlias

from watchglass.base.errors import UsageError

MOST_POINTS = 32
_LEAST_AREA = 0.0001

Point: TypeAlias = tuple[float, float]
"""From the picture's upper left corner, both from 0 to 1, in parts of its width and height."""


def checked_corners(points: Sequence[Point], what: str) -> tuple[Point, ...]:
    """The corners, to a ten-thousandth; UsageError, about ``what``, for no part of a picture."""
    if not 3 <= len(points) <= MOST_POINTS:
        raise UsageError(f"{what} has 3 to {MOST_POINTS} corners, not {len(points)}.")
    if not all(math.isfinite(each) and 0 <= each <= 1 for point in points for each in point):
        raise UsageError(f"{what}'s corners lie in the picture: from 0 to 1 across and down.")
    corners = tuple((round(x, 4), round(y, 4)) for x, y in points)
    if _crosses_itself(corners):
        raise UsageError(f"The sides of {_lower(what)} may not cross each other: draw two instead.")
    if abs(_area(corners)) < _LEAST_AREA:
        raise UsageError(f"{what} like this covers nothing: move its corners apart.")
    return corners


def inside(corners: Sequence[Point], point: Point) -> bool:
    """Whether a point lies in a polygon; of one on its edge either may be said."""
    x, y = point
    within = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            within = not within
    return within


def _lower(what: str) -> str:
    return what[:1].lower() + what[1:]


def _area(corners: Sequence[Point]) -> float:
    sides = zip(corners, [*corners[1:], corners[0]], strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in sides) / 2


def _crosses_itself(corners: Sequence[Point]) -> bool:
    sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    return any(
        _cross(*sides[one], *sides[other])
        for one in range(len(sides))
        for other in range(one + 2, len(sides))
        if (one, other) != (0, len(sides) - 1)
    )


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
