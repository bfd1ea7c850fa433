""" "This was wrong": an ignore area to suggest, and every past event that it would have hidden."""

from collections.abc import Iterable

from watchglass.events.rules.engine import lies_in
from watchglass.model.area import Area
from watchglass.model.detection import Box
from watchglass.model.event import Event
from watchglass.model.polygon import Point

_LEAST_SIDE = 0.02


def suggested(event: Event) -> tuple[Point, ...]:
    """The corners of an area in which things like that are not looked at: around all places where
    this one was, and half of its size more."""
    boxes = [event.best.box, *(each.box for each in event.path if _is_in_time(event, each.at_ns))]
    middles = [_middle(each) for each in boxes]
    across = max(_LEAST_SIDE, *(each.x1 - each.x0 for each in boxes)) / 2
    down = max(_LEAST_SIDE, *(each.y1 - each.y0 for each in boxes)) / 2
    left = _within(min(x for x, _ in middles) - across)
    right = _within(max(x for x, _ in middles) + across)
    top = _within(min(y for _, y in middles) - down)
    bottom = _within(max(y for _, y in middles) + down)
    return (left, top), (right, top), (right, bottom), (left, bottom)


def hidden(area: Area, events: Iterable[Event]) -> tuple[Event, ...]:
    """Those that would not have been told, or not as they were: their thing lay in the area when
    their rule was met, or wherever it was seen during them. In doubt an event is among them."""
    return tuple(each for each in events if each.camera == area.camera and _is_hidden(area, each))


def _is_hidden(area: Area, event: Event) -> bool:
    during = [each for each in event.path if _is_in_time(event, each.at_ns)]
    if during and all(lies_in(area, each.box) for each in during):
        return True
    met = min(event.path, key=lambda each: abs(each.at_ns - event.why.at_ns), default=None)
    return lies_in(area, met.box if met is not None else event.best.box)


def _is_in_time(event: Event, at_ns: int) -> bool:
    return event.from_ns <= at_ns and (event.to_ns is None or at_ns <= event.to_ns)


def _middle(box: Box) -> Point:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2


def _within(part: float) -> float:
    return round(min(1.0, max(0.0, part)), 4)
