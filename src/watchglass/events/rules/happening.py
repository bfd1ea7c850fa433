"""An event while it goes on: what of it is told, and when again."""

from dataclasses import dataclass

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.events.rules.thing import Thing
from watchglass.model.area import Area
from watchglass.model.event import BestPicture, Event, EventId, Why
from watchglass.model.found import made_id
from watchglass.model.object_track import Presence, TrackPoint
from watchglass.model.polygon import Point
from watchglass.model.rule import Direction, Rule

SILENT_NS = 10 * NS_PER_S
"""Nothing was heard of a thing for so long: nobody knows whether it is there."""
_AGAIN_NS = 10 * NS_PER_S
_BETTER = 1.1


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an event is told: where and when its rule was met. UTC ns."""

    from_ns: int
    at_ns: int
    at: Point | None
    direction: Direction | None = None
    stayed_s: float = 0.0
    count: int = 0


@dataclass(slots=True)
class Happening:
    """``to_ns`` None: it goes on. ``silent``: it was told to be over, as nothing is heard of it."""

    event: Event
    silent: bool = False
    _told_ns: int = 0
    _good: float = 0.0

    @classmethod
    def of(cls, rule: Rule, area: Area | None, thing: Thing, cause: Cause) -> "Happening":
        last = thing.last
        why = Why(
            rule=rule, points=area.points if area is not None else (), at_ns=cause.at_ns,
            at=cause.at, direction=cause.direction, stayed_s=cause.stayed_s, count=cause.count,
        )  # fmt: skip
        event = Event(
            id=EventId(made_id("event", rule.id, thing.id, cause.from_ns)), camera=thing.camera,
            rule=rule.id, kind=thing.kind, track=thing.id, from_ns=cause.from_ns, to_ns=None,
            confidence=thing.confidence, best=BestPicture(last.at_ns, last.box), path=(),
            why=why, detector=thing.detector, coarse=thing.coarse,
        )  # fmt: skip
        return cls(event, _told_ns=last.at_ns, _good=_good(last))

    def see(self, point: TrackPoint) -> bool:
        """Its thing was seen; whether it is to be told again."""
        if _good(point) > self._good * _BETTER:
            self._good = _good(point)
            self.event = msgspec.structs.replace(
                self.event, best=BestPicture(point.at_ns, point.box)
            )
        return self.again(point.at_ns)

    def again(self, at_ns: int) -> bool:
        """Whether it is to be told again, as it goes on at that time."""
        again = self.silent or at_ns - self._told_ns >= _AGAIN_NS
        if again:
            self.silent, self._told_ns = False, at_ns
        return again

    def as_it_is(
        self, thing: Thing, to_ns: int | None = None, presence: Presence = Presence.SEEN
    ) -> Event:
        """The event by now; ``to_ns`` where it is over."""
        until_ns = thing.seen_ns if to_ns is None else to_ns
        self.event = msgspec.structs.replace(
            self.event, to_ns=to_ns, kind=thing.kind, confidence=thing.confidence,
            path=thing.way(self.event.from_ns, until_ns), coarse=thing.coarse,
            why=msgspec.structs.replace(self.event.why, presence=presence),
        )  # fmt: skip
        return self.event


def _good(point: TrackPoint) -> float:
    """How well it is seen: surely, large, and not cut off by the picture's edge."""
    box = point.box
    whole = box.x0 > 0.01 and box.x1 < 0.99 and box.y1 < 0.995
    return float(point.confidence * box.area**0.5 * (1.0 if whole else 0.5))
