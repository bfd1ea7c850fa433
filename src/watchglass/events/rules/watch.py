"""What all rules have in common: whom they mean, when they hold, and what they tell."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from watchglass.events.rules.happening import SILENT_NS, Cause, Happening
from watchglass.events.rules.thing import Thing
from watchglass.model.area import Area
from watchglass.model.event import Event
from watchglass.model.found import Crossing, made_id
from watchglass.model.object_track import Presence, TrackEnd, TrackId, TrackPoint
from watchglass.model.polygon import Point
from watchglass.model.rule import Direction, Rule
from watchglass.model.schedule import shows, zone_of


@dataclass(slots=True)
class Telling:
    """What was found and has not been handed out; of an event the newest alone."""

    events: dict[str, Event] = field(default_factory=dict)
    crossings: list[Crossing] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.events.pop(event.id, None)
        self.events[event.id] = event


class Watch:
    """One rule, over all tracks of its camera. Used in the order of time."""

    def __init__(self, rule: Rule, area: Area | None, telling: Telling) -> None:
        self.rule = rule
        self.area = area
        self._telling = telling
        self._zone: tzinfo = zone_of(rule.zone)

    @property
    def key(self) -> tuple[Rule, tuple[Point, ...]]:
        """Two with the same lead to the same."""
        return self.rule, self.area.points if self.area is not None else ()

    def see(self, thing: Thing, point: TrackPoint) -> None:
        """A point at which the thing was seen."""
        raise NotImplementedError

    def over(self, thing: Thing, end: TrackEnd) -> None:
        """Its track is over; one that settled is there yet."""
        raise NotImplementedError

    def forget(self, thing: Thing) -> None:
        """Nothing will be heard of it."""
        raise NotImplementedError

    def pass_time(self, now_ns: int, things: Callable[[TrackId], Thing]) -> None:
        """All up to ``now_ns`` was told."""

    def stop(self, things: Callable[[TrackId], Thing]) -> None:
        """The rule holds no longer: what goes on is over."""

    def _holds(self, at_ns: int) -> bool:
        return not self.rule.spans or shows(self.rule.spans, self._zone, at_ns)

    def _means(self, thing: Thing, point: TrackPoint) -> bool:
        """Whether it is of a kind, a size and a certainty that the rule is for."""
        rule = self.rule
        return (
            (not rule.kinds or thing.kind in rule.kinds)
            and rule.least_area <= point.box.area <= rule.most_area
            and thing.confidence >= rule.least_confidence
        )

    def _begin(self, thing: Thing, cause: Cause) -> Happening:
        """An event that goes on."""
        happening = Happening.of(self.rule, self.area, thing, cause)
        self._telling.event(happening.as_it_is(thing))
        return happening

    def _once(self, thing: Thing, cause: Cause, presence: Presence = Presence.SEEN) -> None:
        """An event of a moment."""
        happening = Happening.of(self.rule, self.area, thing, cause)
        self._telling.event(happening.as_it_is(thing, cause.at_ns, presence))

    def _go_on(self, happening: Happening, thing: Thing, point: TrackPoint) -> None:
        if happening.see(point):
            self._telling.event(happening.as_it_is(thing))

    def _end(self, happening: Happening, thing: Thing, to_ns: int, presence: Presence) -> None:
        until_ns = max(to_ns, happening.event.from_ns)
        self._telling.event(happening.as_it_is(thing, until_ns, presence))

    def _silence(self, happening: Happening, thing: Thing, now_ns: int) -> None:
        """Told to be over when nothing is heard of it; it goes on if that changes."""
        if not happening.silent and now_ns - thing.heard_ns > SILENT_NS:
            happening.silent = True
            self._end(happening, thing, thing.seen_ns, Presence.UNKNOWN)

    def _count(self, thing: Thing, at_ns: int, direction: Direction) -> None:
        self._telling.crossings.append(
            Crossing(
                id=made_id("crossing", self.rule.id, thing.id, at_ns, direction),
                camera=thing.camera, rule=self.rule.id, track=thing.id, kind=thing.kind,
                at_ns=at_ns, direction=direction,
            )
        )  # fmt: skip

    def _wants(self, direction: Direction) -> bool:
        return self.rule.direction in (Direction.BOTH, direction)
