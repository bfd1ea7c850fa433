"""The same points lead to the same events, in whatever pieces they come, and after a crash too."""

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.events.rules.tracks import (
    CAMERA,
    PERSON,
    area,
    at,
    box,
    chunks,
    line,
    newest,
    one_by_one,
    part,
    rule,
)  # fmt: skip
from watchglass.events.rules.engine import Engine
from watchglass.model.area import Area, AreaId
from watchglass.model.detection import ObjectClass
from watchglass.model.event import Event
from watchglass.model.found import Crossing, Found
from watchglass.model.object_track import TrackEnd, TrackPart, TrackPoint
from watchglass.model.rule import RuleKind

ZONE = area()
LINE = msgspec.structs.replace(line((0.5, 0.9), (0.45, 0.1)), id=AreaId("l"))
AREAS: list[Area] = [ZONE, LINE]
RULES = [
    *(
        rule(kind, on=ZONE, name=kind.value, dwell_s=3, count=2)
        for kind in RuleKind
        if kind is not RuleKind.CROSSING
    ),
    rule(RuleKind.CROSSING, on=LINE, name="over", kinds=(PERSON,)),
    rule(RuleKind.COUNTING, on=LINE, name="counted"),
    rule(RuleKind.ENTER, name="anywhere"),
]
seeds = st.integers(0, 2**32)


def tracks(seed: int) -> list[TrackPart]:
    """Some things that wander about the zone, stop, are hidden, settle and wake."""
    chance = random.Random(seed)
    made = []
    for number in range(chance.randint(1, 4)):
        kind = chance.choice([PERSON, ObjectClass.CAR, ObjectClass.MOVING])
        x, y, t = chance.uniform(0.3, 0.7), chance.uniform(0.3, 0.7), chance.randint(0, 20) / 5
        points, speed = [], (0.0, 0.0)
        for _ in range(chance.randint(2, 80)):
            if chance.random() < 0.1:
                speed = chance.choice(
                    [(0, 0), (chance.uniform(-0.03, 0.03), chance.uniform(-0.03, 0.03))]
                )
            x, y = min(0.98, max(0.02, x + speed[0])), min(0.99, max(0.1, y + speed[1]))
            seen = chance.random() < 0.85
            points.append(
                TrackPoint(at(t), box(x, y), chance.uniform(0.3, 1) if seen else 0.0, seen)
            )
            t = round(t + (chance.choice([5, 15, 40]) if chance.random() < 0.03 else 0.2), 1)
        end = chance.choice([*TrackEnd, None])
        made.append(part(points, f"t{number}", kind=kind, end=end))
        if end is TrackEnd.SETTLED:
            again = [
                TrackPoint(at(t + 30 + step / 5), box(min(0.98, x + 0.02 * step), y), 0.9)
                for step in range(20)
            ]
            made.append(part(again, f"t{number}", kind=kind, end=TrackEnd.LEFT))
    return made


def engine() -> Engine:
    made = Engine()
    made.use(RULES, AREAS)
    return made


def at_once(parts: list[TrackPart]) -> tuple[list[Event], list[Crossing]]:
    whole = engine()
    return newest([whole.take(parts), whole.finish()])


def test_the_tracks_of_these_tests_meet_all_rules() -> None:
    told = [at_once(tracks(seed)) for seed in range(60)]
    assert {event.rule for each in told for event in each[0]} == {
        each.id for each in RULES if each.kind is not RuleKind.COUNTING
    }
    assert {crossing.rule for each in told for crossing in each[1]} == {"counting", "counted"}


@given(seeds, st.integers(1, 30))
def test_in_pieces_it_finds_what_it_finds_at_once(seed: int, size: int) -> None:
    parts = tracks(seed)
    pieces = engine()
    told = [pieces.take(each) for each in chunks(one_by_one(parts), size)]
    assert newest([*told, pieces.finish()]) == at_once(parts)


@given(seeds, st.integers(1, 30))
def test_time_that_passes_between_changes_nothing(seed: int, size: int) -> None:
    parts = tracks(seed)
    live = engine()
    told: list[Found] = []
    for each in chunks(one_by_one(parts), size):
        told.append(live.take(each))
        told.append(live.pass_time(max(point.at_ns for single in each for point in single.points)))
    assert newest([*told, live.finish()]) == at_once(parts)


@given(seeds, st.floats(0, 1))
def test_fed_once_more_after_a_crash_it_goes_on_as_if_nothing_had_been(
    seed: int, when: float
) -> None:
    parts = tracks(seed)
    single = one_by_one(parts)
    cut = round(when * len(single))
    before = engine()
    told = [before.take([each]) for each in single[:cut]]
    over = {each.track for each in single[:cut] if each.end in (TrackEnd.LEFT, TrackEnd.LOST)}
    after = engine()
    told.append(after.take([each for each in single[:cut] if each.track not in over]))
    told += [after.take([each]) for each in single[cut:]]
    told.append(after.finish())
    events, crossings = newest(told)
    alone, counted = at_once(parts)
    without_crowds = [each for each in events if each.rule != "crowding"]
    assert without_crowds == [each for each in alone if each.rule != "crowding"]
    assert crossings == counted


@given(seeds)
def test_what_is_told_twice_counts_once(seed: int) -> None:
    parts = tracks(seed)
    twice = engine()
    told = []
    for each in one_by_one(parts):
        told += [twice.take([each, each]), twice.take([msgspec.structs.replace(each, end=None)])]
    assert newest([*told, twice.finish()])[1] == at_once(parts)[1]


@given(seeds)
def test_guesses_fire_nothing(seed: int) -> None:
    parts = [
        msgspec.structs.replace(
            each, points=tuple(msgspec.structs.replace(point, seen=False) for point in each.points)
        )
        for each in tracks(seed)
    ]
    assert at_once(parts) == ([], [])


@given(seeds)
def test_each_event_lies_in_its_track_and_says_why(seed: int) -> None:
    parts = tracks(seed)
    for event in at_once(parts)[0]:
        seen = [
            point.at_ns
            for each in parts
            if each.track == event.track
            for point in each.points
            if point.seen
        ]
        assert event.camera == CAMERA
        assert event.to_ns is not None
        assert event.from_ns <= event.to_ns
        assert event.from_ns <= event.why.at_ns
        assert event.best.at_ns in seen
        assert all(point.at_ns in seen for point in event.path)
        assert event.path
        assert len(event.path) <= 66
        assert event.why.rule in RULES
        if event.why.rule.kind is not RuleKind.CROWDING:
            assert min(seen) <= event.from_ns
            assert event.to_ns <= max(seen)
