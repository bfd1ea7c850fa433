"""Where a thing is, seen from a zone or a line.

A border is a band: a foot that shakes on it goes in or over once. Where it is has to be seen beyond
the band; inside of it a thing is where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from watchglass.events.rules.geometry import beside, depth, passes, room
from watchglass.model.detection import Box
from watchglass.model.polygon import Point
from watchglass.model.rule import Direction

_LEAST_BAND, _MOST_BAND = 0.004, 0.03
_OF_HEIGHT = 0.06
"""How far the foot of a box shakes, in parts of its height."""


def band(box: Box) -> float:
    """Half the width of the band."""
    return min(_MOST_BAND, max(_LEAST_BAND, _OF_HEIGHT * (box.y1 - box.y0)))


@dataclass(slots=True)
class InZone:
    """Whether a thing is in a zone. ``inside`` None: it was at the border all the time.

    ``since_ns`` is when it came in, and ``inside_ns`` when it was seen there last. ``came_in``: it
    was seen outside before. No ``corners``: the zone is all of the picture.
    """

    corners: Sequence[Point]
    inside: bool | None = None
    came_in: bool = False
    since_ns: int = 0
    inside_ns: int = 0

    def see(self, at_ns: int, box: Box) -> None:
        now = self._is_in(box)
        if now and not self.inside:
            self.came_in, self.since_ns = self.inside is False, at_ns
        if now is not None:
            self.inside = now
        if self.inside:
            self.inside_ns = at_ns

    def _is_in(self, box: Box) -> bool | None:
        if not self.corners:
            return True
        deep = depth(self.corners, box.foot)
        width = min(band(box), room(self.corners) / 2)
        return deep > 0 if abs(deep) >= width else None


@dataclass(slots=True)
class AtLine:
    """On which side of a line a thing is; ``right`` None: it was on the line all the time."""

    begin: Point
    end: Point
    right: bool | None = None
    _before: Point | None = None
    _over: int = 0

    def see(self, box: Box) -> Direction | None:
        """In which direction it is over by now, if it is."""
        foot = box.foot
        if self._before is not None and self.right is not None:
            self._over += passes(self.begin, self.end, self._before, foot)
        self._before = foot
        off = beside(self.begin, self.end, foot)
        if abs(off) < band(box):
            return None
        was, self.right = self.right, off > 0
        over, self._over = self._over, 0
        if was is None or was == self.right or over == 0:
            return None
        return Direction.FORWARD if self.right else Direction.BACKWARD
