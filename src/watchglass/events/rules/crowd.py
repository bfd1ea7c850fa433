"""The rule about many at once."""

from collections.abc import Callable
from dataclasses import dataclass

from watchglass.base.clock import NS_PER_S
from watchglass.events.rules.happening import SILENT_NS, Cause, Happening
from watchglass.events.rules.place import InZone
from watchglass.events.rules.thing import Thing
from watchglass.events.rules.watch import Watch
from watchglass.model.object_track import Presence, TrackEnd, TrackId, TrackPoint

_AT_ONCE_NS = 3 * NS_PER_S // 2
"""Seen within so long, things are there at once."""
_LESS_NS = 3 * NS_PER_S
"""It may be fewer for so long: somebody stands before another."""


@dataclass(slots=True)
class _Member:
    place: InZone
    thing: Thing
    meant: bool = False


class CrowdWatch(Watch):
    """Told when so many are in the zone for so long; its track is that of the last who came."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type] # as Watch
        self._members: dict[TrackId, _Member] = {}
        self._since_ns: int | None = None
        self._less_ns: int | None = None
        self._happening: tuple[Happening, Thing] | None = None

    def see(self, thing: Thing, point: TrackPoint) -> None:
        member = self._members.get(thing.id)
        if member is None:
            corners = self.area.points if self.area is not None else ()
            member = self._members[thing.id] = _Member(InZone(corners), thing)
        member.place.see(point.at_ns, point.box)
        member.meant = self._means(thing, point)
        self._judge(thing, point)

    def over(self, thing: Thing, end: TrackEnd) -> None:
        if end is not TrackEnd.SETTLED and self._members.pop(thing.id, None) is not None:
            self._fewer(thing.seen_ns)

    def forget(self, thing: Thing) -> None:
        self.over(thing, TrackEnd.LOST)

    def pass_time(self, now_ns: int, things: Callable[[TrackId], Thing]) -> None:
        if self._less_ns is not None and now_ns - self._less_ns > _LESS_NS:
            self._dissolve(self._less_ns)
        if self._happening is not None and not any(
            each.thing.settled or now_ns - each.thing.heard_ns <= SILENT_NS
            for each in self._there()
        ):
            happening, thing = self._happening
            if not happening.silent:
                happening.silent = True
                self._end(happening, thing, self._seen_ns(), Presence.UNKNOWN)

    def stop(self, things: Callable[[TrackId], Thing]) -> None:
        self._dissolve(self._seen_ns())
        self._members.clear()

    def _there(self) -> list[_Member]:
        return [each for each in self._members.values() if each.place.inside and each.meant]

    def _seen_ns(self) -> int:
        return max((each.thing.seen_ns for each in self._there()), default=0)

    def _judge(self, thing: Thing, point: TrackPoint) -> None:
        at_ns, rule = point.at_ns, self.rule
        if len(self._there()) < rule.count:
            self._fewer(at_ns)
            return
        self._less_ns = None
        if self._happening is not None:
            happening, whose = self._happening
            again = happening.see(point) if thing is whose else happening.again(at_ns)
            if again:
                self._telling.event(happening.as_it_is(whose))
            return
        sure = [
            each
            for each in self._there()
            if each.thing.settled or at_ns - each.thing.seen_ns <= _AT_ONCE_NS
        ]
        if len(sure) < rule.count or not self._holds(at_ns):
            if not self._holds(at_ns):
                self._since_ns = None
            return
        if self._since_ns is None:
            self._since_ns = at_ns
        stayed_s = (at_ns - self._since_ns) / NS_PER_S
        if stayed_s >= rule.dwell_s:
            cause = Cause(
                self._since_ns, at_ns, point.box.foot, stayed_s=stayed_s, count=len(sure)
            )  # fmt: skip
            self._happening = self._begin(thing, cause), thing

    def _fewer(self, at_ns: int) -> None:
        if len(self._there()) >= self.rule.count:
            return
        if self._less_ns is None:
            self._less_ns = at_ns
        elif at_ns - self._less_ns > _LESS_NS:
            self._dissolve(self._less_ns)

    def _dissolve(self, at_ns: int) -> None:
        if self._happening is not None:
            happening, thing = self._happening
            self._end(happening, thing, at_ns, Presence.UNKNOWN)
        self._happening = self._since_ns = None
