"""A rule tried on what was seen before: 'would have fired 7 times: here'."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watchglass.events.rules.engine import Engine
from watchglass.model.area import Area
from watchglass.model.event import Event
from watchglass.model.found import Found
from watchglass.model.object_track import TrackPart
from watchglass.model.rule import Direction, Rule

MOST_TRIED_NS = 31 * 24 * 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Trial:
    """What it would have found: ``events``, the newest first; of a counting rule how many went
    which way. ``tracks``: of how many things that were seen."""

    events: tuple[Event, ...]
    forward: int
    backward: int
    tracks: int


def tried(
    rule: Rule, areas: Sequence[Area], parts: Iterable[TrackPart], span: tuple[int, int],
    now_ns: int,
) -> Trial:  # fmt: skip
    """``parts``: the tracks of that span (UTC ns), whole, in the order of their beginnings."""
    engine = Engine()
    engine.use([rule], areas)
    events: dict[str, Event] = {}
    ways = dict.fromkeys(Direction, 0)
    tracks: set[str] = set()

    def add(found: Found) -> None:
        events.update((each.id, each) for each in found.events)
        for each in found.crossings:
            if span[0] <= each.at_ns < span[1]:
                ways[each.direction] += 1

    for part in parts:
        tracks.add(part.track)
        add(engine.take([part]))
    add(engine.pass_time(min(span[1], now_ns)))
    add(engine.finish())
    found = [each for each in events.values() if span[0] <= each.from_ns < span[1]]
    found.sort(key=lambda each: each.from_ns, reverse=True)
    return Trial(
        tuple(found), ways[Direction.FORWARD] + ways[Direction.BOTH], ways[Direction.BACKWARD],
        len(tracks),
    )  # fmt: skip
