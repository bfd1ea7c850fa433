"""Tracks, areas and rules for the tests of the rule engine."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.events.rules.engine import Engine
from watchglass.model.area import Area, AreaId, AreaKind
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import Event
from watchglass.model.found import Crossing, Found
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.polygon import Point
from watchglass.model.rule import Rule, RuleId, RuleKind

CAMERA = CameraId("c" * 32)
PERSON = ObjectClass.PERSON
BEGAN_NS = 1_700_000_000 * NS_PER_S
SQUARE = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))


def at(seconds: float) -> int:
    return BEGAN_NS + round(seconds * NS_PER_S)


def box(x: float, y: float, high: float = 0.1) -> Box:
    """With its foot there."""
    return Box(x - high / 5, y - high, x + high / 5, y)


def point(
    seconds: float, x: float, y: float, *, seen: bool = True, sure: float = 0.9
) -> TrackPoint:
    return TrackPoint(at(seconds), box(x, y), sure if seen else 0.0, seen)


def part(
    points: Iterable[TrackPoint], track: str = "a", *, kind: ObjectClass = PERSON,
    end: TrackEnd | None = None, detector: str = "regions",
) -> TrackPart:  # fmt: skip
    return TrackPart(
        camera=CAMERA, track=TrackId(track), kind=kind, points=tuple(points), detector=detector,
        end=end,
    )  # fmt: skip


def walk(
    where: Callable[[float], Point], seconds: float, *, rate: float = 5, first: float = 0.0
) -> list[TrackPoint]:
    """A point each 1/rate s; ``where`` is told the seconds since the first."""
    times = [number / rate for number in range(round(seconds * rate) + 1)]
    return [point(first + each, *where(each)) for each in times]


def straight(
    begin: Point, end: Point, seconds: float, *, rate: float = 5, first: float = 0.0
) -> list[TrackPoint]:
    def where(t: float) -> Point:
        done = t / seconds
        return begin[0] + done * (end[0] - begin[0]), begin[1] + done * (end[1] - begin[1])

    return walk(where, seconds, rate=rate, first=first)


def area(points: Sequence[Point] = SQUARE, kind: AreaKind = AreaKind.ZONE, **more: Any) -> Area:
    return Area(id=AreaId("z"), camera=CAMERA, name="yard", kind=kind, points=tuple(points), **more)


def line(begin: Point, end: Point) -> Area:
    return area((begin, end), AreaKind.LINE)


def rule(kind: RuleKind, *, on: Area | None = None, name: str = "r", **more: Any) -> Rule:
    return Rule(
        id=RuleId(name), camera=CAMERA, name="a rule", kind=kind,
        area=on.id if on is not None else None, **more,
    )  # fmt: skip


def found(
    rules: Sequence[Rule], areas: Sequence[Area], parts: Sequence[TrackPart]
) -> tuple[list[Event], list[Crossing]]:
    """What rules find when they are told all at once."""
    engine = Engine()
    engine.use(rules, areas)
    return newest([engine.take(parts), engine.finish()])


def events(asked: Rule, on: Area | None, *parts: TrackPart) -> list[Event]:
    return found([asked], [on] if on is not None else [], parts)[0]


def crossings(asked: Rule, on: Area, *parts: TrackPart) -> list[Crossing]:
    return found([asked], [on], parts)[1]


def newest(told: Iterable[Found]) -> tuple[list[Event], list[Crossing]]:
    """Of each event what was told last, by time."""
    kept: dict[str, Event] = {}
    counted: dict[str, Crossing] = {}
    for each in told:
        kept.update((event.id, event) for event in each.events)
        counted.update((crossing.id, crossing) for crossing in each.crossings)
    return (
        sorted(kept.values(), key=lambda event: (event.from_ns, event.id)),
        sorted(counted.values(), key=lambda crossing: (crossing.at_ns, crossing.id)),
    )


def one_by_one(parts: Sequence[TrackPart]) -> list[TrackPart]:
    """Each point alone, in the order of time; an end with its track's last point or after it."""
    single: list[tuple[int, str, TrackPart]] = []
    for each in parts:
        for number, here in enumerate(each.points):
            last = number == len(each.points) - 1
            single.append(
                (here.at_ns, each.track, part([here], each.track, kind=each.kind,
                 end=each.end if last else None, detector=each.detector))
            )  # fmt: skip
    return [each for _, _, each in sorted(single, key=lambda each: each[:2])]


def chunks(parts: Sequence[TrackPart], size: int) -> list[Sequence[TrackPart]]:
    iterator = iter(parts)
    return list(iter(lambda: list(itertools.islice(iterator, size)), []))
