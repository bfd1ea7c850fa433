"""Events of one camera near in time are one item, which closes after quiet and notifies once."""

import itertools
from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.events.review import LATE_NS, MOST_NS, QUIET_NS, Joiner, last_known_ns
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import BestPicture, Event, EventId, Why
from watchglass.model.object_track import TrackId
from watchglass.model.review import Review
from watchglass.model.rule import Rule, RuleId, RuleKind

BOX = Box(0.1, 0.1, 0.2, 0.3)
BEGAN_NS = 1_700_000_000 * NS_PER_S


def at(seconds: float) -> int:
    return BEGAN_NS + round(seconds * NS_PER_S)


def asked(alarm: bool = False, notify: bool = False) -> Rule:
    return Rule(
        id=RuleId("r"), camera=CameraId("c"), name="r", kind=RuleKind.ENTER, alarm=alarm,
        notify=notify,
    )  # fmt: skip


def event(name: str, begin: float, end: float | None, camera: str = "c") -> Event:
    return Event(
        id=EventId(name), camera=CameraId(camera), rule=RuleId("r"), kind=ObjectClass.PERSON,
        track=TrackId(name), from_ns=at(begin), to_ns=at(end) if end is not None else None,
        confidence=0.9, best=BestPicture(at(begin), BOX), path=(),
        why=Why(rule=asked(), points=(), at_ns=at(begin), at=None), detector="regions",
    )  # fmt: skip


def test_near_in_time_is_one_item_and_far_is_another() -> None:
    joiner = Joiner()
    _, first = joiner.join(event("a", 0, 10), asked())
    joined, same = joiner.join(event("b", 35, 50), asked())
    assert joined.review == first.id == same.id
    assert (same.from_ns, same.to_ns) == (at(0), at(50))
    _, other = joiner.join(event("d", 81, 90), asked())
    assert other.id != first.id
    _, elsewhere = joiner.join(event("e", 5, 6, camera="d"), asked())
    assert elsewhere.id not in (first.id, other.id)


def test_it_closes_after_quiet_and_not_while_something_goes_on() -> None:
    joiner = Joiner()
    joiner.join(event("a", 0, None), asked())
    assert not joiner.pass_time(at(600))
    joiner.join(event("a", 0, 20), asked())
    assert not joiner.pass_time(at(50))
    (closed,) = joiner.pass_time(at(61))
    assert (closed.open, closed.to_ns) == (False, at(20))
    assert not joiner.pass_time(at(70))


def test_late_evidence_opens_the_same_item_again() -> None:
    joiner = Joiner()
    _, first = joiner.join(event("a", 0, 20), asked(notify=True))
    joiner.pass_time(at(100))
    _, again = joiner.join(event("b", 15, 25), asked(notify=True))
    assert (again.id, again.open, again.notify) == (first.id, True, True)
    (closed,) = joiner.pass_time(at(200))
    assert closed.id == first.id
    _, told_again = joiner.join(event("a", 0, 20), asked())
    assert not told_again.open


def test_its_alarm_and_notice_stay() -> None:
    joiner = Joiner()
    joiner.join(event("a", 0, 20), asked(alarm=True))
    _, both = joiner.join(event("b", 5, 20), asked(notify=True))
    _, yet = joiner.join(event("d", 6, 20), asked())
    assert (both.alarm, both.notify) == (yet.alarm, yet.notify) == (True, True)


def test_a_busy_day_is_not_one_item() -> None:
    joiner = Joiner()
    items = [joiner.join(event(f"e{n}", n * 10, n * 10 + 15), asked())[1] for n in range(360)]
    assert len({each.id for each in items}) == 4
    assert all(each.to_ns - each.from_ns <= MOST_NS + QUIET_NS for each in items)


def test_after_a_crash_events_that_are_told_again_stay_where_they_were() -> None:
    before = Joiner()
    events = [event(f"e{n}", n * 10, n * 10 + 15) for n in range(200)]
    told = {each.id: before.join(each, asked()) for each in events}
    newest = {review.id: review for _, review in told.values()}
    after = Joiner()
    after.resume(list(newest.values()))
    for each in events:
        joined, _ = after.join(msgspec.structs.replace(each, confidence=0.95), asked())
        assert joined.review == told[each.id][0].review


def test_what_is_long_over_is_forgotten() -> None:
    joiner = Joiner()
    _, first = joiner.join(event("a", 0, 20), asked())
    joiner.pass_time(at(100))
    joiner.pass_time(at(21) + LATE_NS)
    _, other = joiner.join(event("b", 10, 25), asked())
    assert other.id != first.id


spans = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 120)), max_size=30)


def joined(joiner: Joiner, events: Sequence[Event]) -> dict[str, tuple[Event, Review]]:
    return {each.id: joiner.join(each, asked()) for each in events}


@given(spans)
def test_each_event_lies_in_its_item_and_items_lie_apart(times: list[tuple[int, int]]) -> None:
    events = [event(f"e{n}", begin, begin + long) for n, (begin, long) in enumerate(sorted(times))]
    told = joined(Joiner(), events)
    newest = {review.id: review for _, review in told.values()}
    for each, _ in told.values():
        assert each.review is not None
        review = newest[each.review]
        assert review.from_ns <= each.from_ns
        assert last_known_ns(each) <= review.to_ns
    items = sorted(newest.values(), key=lambda each: each.from_ns)
    for one, other in itertools.pairwise(items):
        apart = other.from_ns - one.to_ns > QUIET_NS
        assert apart or other.from_ns - one.from_ns > MOST_NS


@given(spans, st.data())
def test_time_that_passes_or_a_crash_changes_no_item(
    times: list[tuple[int, int]], data: st.DataObject
) -> None:
    events = [event(f"e{n}", begin, begin + long) for n, (begin, long) in enumerate(sorted(times))]
    plain = joined(Joiner(), events)
    joiner, told = Joiner(), {}
    newest: dict[str, Review] = {}
    for each in events:
        if data.draw(st.booleans()):
            joiner = Joiner()
            joiner.resume(list(newest.values()))
        for review in joiner.pass_time(each.from_ns):
            newest[review.id] = review
        told[each.id], review = joiner.join(each, asked())
        newest[review.id] = review
    assert {name: each.review for name, each in told.items()} == {
        name: each.review for name, (each, _) in plain.items()
    }
