"""What the engine remembers of a track: its kind, its way, and whether it moves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.object_track import TrackId, TrackPoint

_MOST_PATH = 64
_MOVED = 0.5
"""In its own sizes, from where it stood."""
_NEAR = 0.15
_GROWN = 0.3
_PAUSE_NS = 2 * NS_PER_S
APPEARS_NS = 3 * NS_PER_S
"""What moves within so long after it was first seen came from somewhere."""


@dataclass(slots=True)
class Thing:
    """Times UTC ns. ``last`` was seen; ``heard_ns`` may be of a guess. ``began_ns`` is when the
    movement that it is in began, and ``moved_ns`` when it was last seen to have moved; None: it
    never was."""

    camera: CameraId
    id: TrackId
    kind: ObjectClass
    detector: str
    last: TrackPoint
    first_ns: int
    heard_ns: int
    coarse: bool = False
    settled: bool = False
    woke: bool = False
    confidence: float = 0.0
    began_ns: int = 0
    moved_ns: int | None = None
    path: list[TrackPoint] = field(default_factory=list)
    _anchor: Box | None = None
    _near_ns: int = 0
    _first_moved_ns: int | None = None
    _every: int = 1
    _left_out: int = 0

    @property
    def seen_ns(self) -> int:
        return self.last.at_ns

    @property
    def appeared(self) -> bool:
        """It moved when it was first seen: it came from somewhere, if nobody saw from where."""
        moved_ns = self._first_moved_ns
        return not self.woke and moved_ns is not None and moved_ns - self.first_ns <= APPEARS_NS

    def see(self, point: TrackPoint) -> None:
        """A point that was seen."""
        self.last = point
        if self.settled:
            self.settled, self.woke = False, True
        self.confidence = max(self.confidence, point.confidence)
        self._move(point)
        self._walk(point)

    def _move(self, point: TrackPoint) -> None:
        box, at_ns = point.box, point.at_ns
        if self._anchor is None:
            self._anchor, self._near_ns = box, at_ns
        off = _off(self._anchor, box)
        if off >= _MOVED or self.kind is ObjectClass.MOVING:
            if self.moved_ns is None or self._near_ns - self.moved_ns > _PAUSE_NS:
                self.began_ns = self._near_ns
            if self._first_moved_ns is None:
                self._first_moved_ns = at_ns
            self._anchor, self.moved_ns, self._near_ns = box, at_ns, at_ns
        elif off <= _NEAR:
            self._near_ns = at_ns

    def _walk(self, point: TrackPoint) -> None:
        """Keeps the path, thinned out evenly when it gets long."""
        self._left_out += 1
        if self.path and self._left_out < self._every:
            return
        self._left_out = 0
        self.path.append(point)
        if len(self.path) > _MOST_PATH:
            del self.path[1::2]
            self._every *= 2

    def way(self, from_ns: int, to_ns: int) -> tuple[TrackPoint, ...]:
        """Its path around that time, a little before it too."""
        begin_ns = from_ns - APPEARS_NS
        kept: Sequence[TrackPoint] = [each for each in self.path if begin_ns <= each.at_ns <= to_ns]
        if self.last.at_ns <= to_ns and (not kept or kept[-1] != self.last):
            kept = [*kept, self.last]
        return tuple(kept)


def _off(one: Box, other: Box) -> float:
    """How far, in its own sizes; something that comes nearer grows where it stands."""
    width, height = one.x1 - one.x0, one.y1 - one.y0
    (x0, y0), (x1, y1) = one.foot, other.foot
    across, down = (x1 - x0) / max(width, height / 3), (y1 - y0) / max(height, width / 3)
    grown = abs(math.log(max(1e-6, other.y1 - other.y0) / max(1e-6, height)))
    return max(math.hypot(across, down), grown / _GROWN * _MOVED)
