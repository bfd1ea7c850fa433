"""Rules about being in a zone: motion, enter, leave, loitering, and counts of who came and went."""

from collections.abc import Callable
from dataclasses import dataclass

from watchglass.base.clock import NS_PER_S
from watchglass.events.rules.happening import Cause, Happening
from watchglass.events.rules.place import InZone
from watchglass.events.rules.thing import APPEARS_NS, Thing
from watchglass.events.rules.watch import Watch
from watchglass.model.object_track import Presence, TrackEnd, TrackId, TrackPoint
from watchglass.model.rule import Direction

STILL_NS = 10 * NS_PER_S
"""So long after it moved last, a movement is over."""


@dataclass(slots=True)
class Stay:
    """One thing, and its stay in the zone. ``done``: what the rule says of this stay was told.
    ``held_ns``: since when it is there while the rule holds."""

    place: InZone
    happening: Happening | None = None
    done: bool = False
    held_ns: int | None = None


class ZoneWatch(Watch):
    """Follows each thing into the zone and out of it."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type] # as Watch
        self._stays: dict[TrackId, Stay] = {}

    def see(self, thing: Thing, point: TrackPoint) -> None:
        stay = self._stays.get(thing.id)
        if stay is None:
            corners = self.area.points if self.area is not None else ()
            stay = self._stays[thing.id] = Stay(InZone(corners))
        was = stay.place.inside
        last_ns = stay.place.inside_ns
        stay.place.see(point.at_ns, point.box)
        if stay.place.inside:
            self._inside(thing, stay, point)
        elif was:
            self._out(thing, stay, point, last_ns)
            stay.happening, stay.done, stay.held_ns = None, False, None

    def over(self, thing: Thing, end: TrackEnd) -> None:
        if end is TrackEnd.SETTLED:
            return
        stay = self._stays.pop(thing.id, None)
        if stay is None or not stay.place.inside:
            return
        if end is TrackEnd.LEFT:
            self._out(thing, stay, thing.last, stay.place.inside_ns)
        elif stay.happening is not None:
            self._end(stay.happening, thing, stay.place.inside_ns, Presence.UNKNOWN)

    def forget(self, thing: Thing) -> None:
        self.over(thing, TrackEnd.LOST)

    def pass_time(self, now_ns: int, things: Callable[[TrackId], Thing]) -> None:
        for track, stay in self._stays.items():
            thing = things(track)
            self._wait(thing, stay, now_ns)
            if stay.happening is not None and not thing.settled:
                self._silence(stay.happening, thing, now_ns)

    def stop(self, things: Callable[[TrackId], Thing]) -> None:
        for track, stay in self._stays.items():
            if stay.happening is not None:
                self._end(stay.happening, things(track), stay.place.inside_ns, Presence.UNKNOWN)
        self._stays.clear()

    def _inside(self, thing: Thing, stay: Stay, point: TrackPoint) -> None:
        raise NotImplementedError

    def _out(self, thing: Thing, stay: Stay, point: TrackPoint, last_ns: int) -> None:
        """It was seen inside at ``last_ns``, and outside at ``point`` or on its way out there."""
        if stay.happening is not None:
            self._end(stay.happening, thing, last_ns, Presence.GONE)

    def _wait(self, thing: Thing, stay: Stay, now_ns: int) -> None:
        """Nothing new was seen of it up to ``now_ns``."""

    def _came(self, thing: Thing, stay: Stay) -> bool:
        """Whether it was seen to come in; what stood there from the first did not."""
        young = stay.place.since_ns - thing.first_ns <= APPEARS_NS
        return stay.place.came_in or (young and thing.appeared)


class EnterWatch(ZoneWatch):
    """Told when it is in, and goes on until it is out."""

    def _inside(self, thing: Thing, stay: Stay, point: TrackPoint) -> None:
        if stay.happening is not None:
            self._go_on(stay.happening, thing, point)
        elif (
            not stay.done
            and self._came(thing, stay)
            and self._holds(stay.place.since_ns)
            and self._means(thing, point)
        ):
            stay.done = True
            cause = Cause(stay.place.since_ns, point.at_ns, point.box.foot)
            stay.happening = self._begin(thing, cause)


class LeaveWatch(ZoneWatch):
    """Told when it was seen to be out, or to go over the edge of the picture."""

    def _inside(self, thing: Thing, stay: Stay, point: TrackPoint) -> None:
        pass

    def _out(self, thing: Thing, stay: Stay, point: TrackPoint, last_ns: int) -> None:
        if self._holds(point.at_ns) and self._means(thing, point):
            stayed_s = (last_ns - stay.place.since_ns) / NS_PER_S
            cause = Cause(last_ns, point.at_ns, point.box.foot, stayed_s=stayed_s)
            self._once(thing, cause, Presence.GONE)


class MotionWatch(ZoneWatch):
    """Told while it moves in the zone: once when it stands after that, until it moves again."""

    def _inside(self, thing: Thing, stay: Stay, point: TrackPoint) -> None:
        moved_ns = thing.moved_ns
        moves = moved_ns is not None and point.at_ns - moved_ns < STILL_NS
        if stay.happening is None:
            if moves and self._holds(point.at_ns) and self._means(thing, point):
                began_ns = max(stay.place.since_ns, thing.began_ns)
                stay.happening = self._begin(
                    thing, Cause(began_ns, point.at_ns, point.box.foot)
                )  # fmt: skip
        elif moves:
            self._go_on(stay.happening, thing, point)
        else:
            self._stands(thing, stay)

    def over(self, thing: Thing, end: TrackEnd) -> None:
        stay = self._stays.get(thing.id)
        if end is TrackEnd.SETTLED and stay is not None:
            self._stands(thing, stay)
        super().over(thing, end)

    def _stands(self, thing: Thing, stay: Stay) -> None:
        if stay.happening is not None and thing.moved_ns is not None:
            self._end(stay.happening, thing, thing.moved_ns, Presence.SEEN)
            stay.happening = None


class LoiteringWatch(ZoneWatch):
    """Told once a stay, when it has been so long while the rule held."""

    def _inside(self, thing: Thing, stay: Stay, point: TrackPoint) -> None:
        if stay.happening is not None:
            self._go_on(stay.happening, thing, point)
        elif not self._holds(point.at_ns):
            stay.held_ns = None
        elif stay.held_ns is None:
            stay.held_ns = point.at_ns
        if not stay.done and self._means(thing, point):
            self._tell(thing, stay, point.at_ns)

    def _wait(self, thing: Thing, stay: Stay, now_ns: int) -> None:
        """What settled is there yet, until it is seen to move."""
        if not thing.settled or not stay.place.inside or stay.done or stay.held_ns is None:
            return
        due_ns = stay.held_ns + self._dwell_ns
        if due_ns <= now_ns and self._holds(due_ns) and self._means(thing, thing.last):
            self._tell(thing, stay, due_ns)

    def _tell(self, thing: Thing, stay: Stay, at_ns: int) -> None:
        if stay.held_ns is None or at_ns - stay.held_ns < self._dwell_ns:
            return
        stay.done = True
        stayed_s = (at_ns - stay.held_ns) / NS_PER_S
        cause = Cause(stay.held_ns, at_ns, thing.last.box.foot, stayed_s=stayed_s)
        stay.happening = self._begin(thing, cause)

    @property
    def _dwell_ns(self) -> int:
        return round(self.rule.dwell_s * NS_PER_S)


class ZoneCount(ZoneWatch):
    """Who came in is a crossing forward, who went out one backward."""

    def _inside(self, thing: Thing, stay: Stay, point: TrackPoint) -> None:
        if (
            not stay.done
            and self._came(thing, stay)
            and self._wants(Direction.FORWARD)
            and self._holds(stay.place.since_ns)
            and self._means(thing, point)
        ):
            stay.done = True
            self._count(thing, stay.place.since_ns, Direction.FORWARD)

    def _out(self, thing: Thing, stay: Stay, point: TrackPoint, last_ns: int) -> None:
        wanted = self._wants(Direction.BACKWARD) and self._holds(point.at_ns)
        if wanted and self._means(thing, point):
            self._count(thing, point.at_ns, Direction.BACKWARD)
