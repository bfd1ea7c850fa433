"""Rules about a line: each way over it is told, or counted."""

from dataclasses import dataclass, field

from watchglass.base.clock import NS_PER_S
from watchglass.events.rules.happening import Cause
from watchglass.events.rules.place import AtLine
from watchglass.events.rules.thing import Thing
from watchglass.events.rules.watch import Watch
from watchglass.model.object_track import TrackEnd, TrackId, TrackPoint
from watchglass.model.polygon import Point
from watchglass.model.rule import Direction

_NAMED_NS = 3 * NS_PER_S
"""So long after the line a thing may yet turn out to be what the rule is for."""


@dataclass(frozen=True, slots=True)
class _Over:
    at_ns: int
    at: Point
    direction: Direction


@dataclass(slots=True)
class _AtLine:
    place: AtLine
    open: list[_Over] = field(default_factory=list)


class LineWatch(Watch):
    """Follows each thing over the line."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type] # as Watch
        self._things: dict[TrackId, _AtLine] = {}

    def see(self, thing: Thing, point: TrackPoint) -> None:
        assert self.area is not None
        begin, end = self.area.points
        at_line = self._things.setdefault(thing.id, _AtLine(AtLine(begin, end)))
        direction = at_line.place.see(point.box)
        if direction is not None and self._wants(direction) and self._holds(point.at_ns):
            at_line.open.append(_Over(point.at_ns, point.box.foot, direction))
        if at_line.open and self._means(thing, point):
            for each in at_line.open:
                self._tell(thing, each)
            at_line.open.clear()
        at_line.open = [each for each in at_line.open if point.at_ns - each.at_ns < _NAMED_NS]

    def over(self, thing: Thing, end: TrackEnd) -> None:
        if end is not TrackEnd.SETTLED:
            self._things.pop(thing.id, None)

    def forget(self, thing: Thing) -> None:
        self._things.pop(thing.id, None)

    def _tell(self, thing: Thing, over: _Over) -> None:
        raise NotImplementedError


class CrossingWatch(LineWatch):
    """Told when it is over the line."""

    def _tell(self, thing: Thing, over: _Over) -> None:
        self._once(thing, Cause(over.at_ns, over.at_ns, over.at, direction=over.direction))


class LineCount(LineWatch):
    """Counted when it is over the line."""

    def _tell(self, thing: Thing, over: _Over) -> None:
        self._count(thing, over.at_ns, over.direction)
