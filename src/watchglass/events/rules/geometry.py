"""How deep a point lies in a zone, and how far beside a line. All in parts of the picture."""

import math
from collections.abc import Sequence

from watchglass.model.polygon import Point


def depth(corners: Sequence[Point], at: Point) -> float:
    """How far from the border of the polygon: above zero inside, below outside."""
    inside, nearest = False, math.inf
    (x, y), (x0, y0) = at, corners[-1]
    for x1, y1 in corners:
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            inside = not inside
        nearest = min(nearest, _distance((x0, y0), (x1, y1), at))
        x0, y0 = x1, y1
    return nearest if inside else -nearest


def room(corners: Sequence[Point]) -> float:
    """How deep in the polygon a point may lie: never less than half of what this says, and for a
    narrow one nearly twice as much."""
    (x0, y0), double, around = corners[-1], 0.0, 0.0
    for x1, y1 in corners:
        double += x0 * y1 - x1 * y0
        around += math.hypot(x1 - x0, y1 - y0)
        x0, y0 = x1, y1
    return abs(double) / 2 / around


def beside(begin: Point, end: Point, at: Point) -> float:
    """How far from the line through both: above zero on the right, seen from ``begin``."""
    across, down = end[0] - begin[0], end[1] - begin[1]
    return (across * (at[1] - begin[1]) - down * (at[0] - begin[0])) / math.hypot(across, down)


def passes(begin: Point, end: Point, before: Point, after: Point) -> int:
    """1 where the way from ``before`` to ``after`` goes over the line to its right, -1 to its left;
    0 where it does not, or goes around an end. What lies on the line is on its left."""
    was, is_now = beside(begin, end, before), beside(begin, end, after)
    if (was > 0) == (is_now > 0):
        return 0
    part = was / (was - is_now)
    x = before[0] + part * (after[0] - before[0])
    y = before[1] + part * (after[1] - before[1])
    across, down = end[0] - begin[0], end[1] - begin[1]
    along = ((x - begin[0]) * across + (y - begin[1]) * down) / (across**2 + down**2)
    if not -_SLACK <= along <= 1 + _SLACK:
        return 0
    return 1 if is_now > 0 else -1


_SLACK = 1e-9


def _distance(begin: Point, end: Point, at: Point) -> float:
    across, down = end[0] - begin[0], end[1] - begin[1]
    length = across**2 + down**2
    part = 0.0
    if length:
        part = ((at[0] - begin[0]) * across + (at[1] - begin[1]) * down) / length
        part = min(1.0, max(0.0, part))
    return math.hypot(at[0] - begin[0] - part * across, at[1] - begin[1] - part * down)
