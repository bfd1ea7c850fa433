"""Lines: which way, once, and only where something was seen to go over them."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.events.rules.tracks import at, crossings, events, line, part, point, rule, straight, walk
from watchglass.events.rules.geometry import beside, depth, passes, room
from watchglass.model.detection import ObjectClass
from watchglass.model.object_track import TrackEnd
from watchglass.model.polygon import Point
from watchglass.model.rule import Direction, RuleKind

UP = line((0.5, 0.8), (0.5, 0.2))
"""Drawn upwards: its right side is that of the picture."""
CROSSING = rule(RuleKind.CROSSING, on=UP)
COUNTING = rule(RuleKind.COUNTING, on=UP)
coordinates = st.floats(0, 1)


def test_the_right_of_a_line_is_as_seen_from_its_first_point() -> None:
    assert beside((0.5, 0.8), (0.5, 0.2), (0.7, 0.5)) == pytest.approx(0.2)
    assert passes((0.5, 0.8), (0.5, 0.2), (0.4, 0.5), (0.6, 0.5)) == 1
    assert passes((0.5, 0.2), (0.5, 0.8), (0.4, 0.5), (0.6, 0.5)) == -1


@pytest.mark.parametrize("rate", [1, 2, 5, 25])
def test_a_walk_over_a_line_is_one_event_with_its_direction(rate: float) -> None:
    (there,) = events(CROSSING, UP, part(straight((0.3, 0.5), (0.7, 0.5), 8, rate=rate)))
    assert there.why.direction is Direction.FORWARD
    assert there.why.points == UP.points
    assert there.why.at is not None
    assert 0.5 < there.why.at[0] < 0.6
    assert there.from_ns == there.to_ns == there.why.at_ns == there.best.at_ns
    (back,) = events(CROSSING, UP, part(straight((0.7, 0.5), (0.3, 0.5), 8, rate=rate)))
    assert back.why.direction is Direction.BACKWARD


def test_a_direction_that_was_not_asked_for_is_not_told() -> None:
    only = rule(RuleKind.CROSSING, on=UP, direction=Direction.BACKWARD)
    there, back = straight((0.3, 0.5), (0.7, 0.5), 8), straight((0.7, 0.5), (0.3, 0.5), 8, first=9)
    assert [each.from_ns >= at(9) for each in events(only, UP, part([*there, *back]))] == [True]


def test_around_its_end_is_not_over_it() -> None:
    def where(t: float) -> Point:
        return 0.3 + 0.05 * t, 0.85

    assert not crossings(COUNTING, UP, part(walk(where, 8)))


def test_over_it_and_back_around_its_end_is_once() -> None:
    over = straight((0.4, 0.5), (0.6, 0.5), 4)
    down = straight((0.6, 0.5), (0.6, 0.95), 4, first=4.2)
    around = straight((0.6, 0.95), (0.3, 0.95), 4, first=8.4)
    (one,) = crossings(COUNTING, UP, part([*over, *down, *around]))
    assert one.direction is Direction.FORWARD


@given(st.lists(st.floats(-0.005, 0.005), min_size=10, max_size=60))
def test_one_that_stands_on_a_line_and_shakes_is_never_over_it(shakes: list[float]) -> None:
    points = [point(number / 5, 0.5 + off, 0.5) for number, off in enumerate(shakes)]
    assert not crossings(COUNTING, UP, part(points))


@given(st.lists(st.floats(-0.005, 0.005), min_size=10, max_size=60))
def test_one_that_shakes_on_its_way_over_is_over_it_once(shakes: list[float]) -> None:
    points = [
        point(number / 5, 0.4 + 0.2 * number / (len(shakes) - 1) + off, 0.5)
        for number, off in enumerate(shakes)
    ]
    (one,) = crossings(COUNTING, UP, part(points))
    assert one.direction is Direction.FORWARD


def test_one_that_turns_round_on_the_line_is_not_over_it() -> None:
    there, back = (
        straight((0.4, 0.5), (0.502, 0.5), 4),
        straight((0.502, 0.5), (0.4, 0.5), 4, first=5),
    )
    assert not crossings(COUNTING, UP, part([*there, *back]))


def test_along_the_line_is_not_over_it() -> None:
    assert not crossings(COUNTING, UP, part(straight((0.5, 0.9), (0.5, 0.1), 8)))


def test_one_that_is_first_seen_on_the_line_came_from_nowhere() -> None:
    assert not crossings(COUNTING, UP, part(straight((0.5, 0.5), (0.7, 0.5), 8)))
    away = straight((0.7, 0.5), (0.3, 0.5), 8, first=9)
    both = crossings(COUNTING, UP, part([*straight((0.5, 0.5), (0.7, 0.5), 8), *away]))
    assert [each.direction for each in both] == [Direction.BACKWARD]


@pytest.mark.parametrize("end", [0.2, 0.8])
def test_exactly_over_an_end_of_the_line_is_over_it(end: float) -> None:
    (one,) = crossings(COUNTING, UP, part(straight((0.3, end), (0.7, end), 8)))
    assert one.direction is Direction.FORWARD


def test_with_a_point_exactly_on_the_line_it_is_over_it_once() -> None:
    points = [point(0, 0.4, 0.5), point(1, 0.5, 0.5), point(2, 0.6, 0.5)]
    assert len(crossings(COUNTING, UP, part(points))) == 1
    assert (
        len(crossings(COUNTING, UP, part([*points, *straight((0.6, 0.5), (0.4, 0.5), 2, first=3)])))
        == 2
    )


def test_what_is_only_carried_on_is_never_over_it() -> None:
    seen = straight((0.3, 0.5), (0.45, 0.5), 3)
    guessed = [point(3.2 + t / 5, 0.45 + 0.03 * t, 0.5, seen=False) for t in range(1, 8)]
    assert not crossings(COUNTING, UP, part([*seen, *guessed], end=TrackEnd.LOST))
    (one,) = crossings(COUNTING, UP, part([*seen, *guessed, point(5, 0.7, 0.5)]))
    assert one.at_ns == at(5)


def test_one_that_gets_its_name_behind_the_line_is_told_yet() -> None:
    people = rule(RuleKind.COUNTING, on=UP, kinds=(ObjectClass.PERSON,))
    way = straight((0.3, 0.5), (0.7, 0.5), 8)
    moving = part([each for each in way if each.at_ns < at(5)], kind=ObjectClass.MOVING)
    named = part([each for each in way if each.at_ns >= at(5)])
    (one,) = crossings(people, UP, moving, named)
    assert at(4) < one.at_ns < at(5)
    assert one.kind is ObjectClass.PERSON
    never = part([each for each in way if each.at_ns >= at(5)], kind=ObjectClass.DOG)
    assert not crossings(people, UP, moving, never)


@given(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=30))
def test_over_a_line_that_goes_through_all_of_the_picture_ways_take_turns(
    ways: list[Point],
) -> None:
    through = line((0.5, 1.0), (0.5, 0.0))
    told = crossings(
        rule(RuleKind.COUNTING, on=through), through,
        part([point(number, x, y) for number, (x, y) in enumerate(ways)]),
    )  # fmt: skip
    turns = [each.direction for each in told]
    assert all(one is not other for one, other in itertools.pairwise(turns))


@given(coordinates, coordinates, st.floats(0, 2 * math.pi), st.floats(0.05, 0.5))
def test_the_depth_in_a_polygon_is_the_distance_to_its_border(
    x: float, y: float, turn: float, size: float
) -> None:
    corners = [
        (0.5 + size * math.cos(turn + each), 0.5 + size * math.sin(turn + each))
        for each in (0, math.pi / 2, math.pi, 3 * math.pi / 2)
    ]
    across = (x - 0.5) * math.cos(turn + math.pi / 4) + (y - 0.5) * math.sin(turn + math.pi / 4)
    down = (y - 0.5) * math.cos(turn + math.pi / 4) - (x - 0.5) * math.sin(turn + math.pi / 4)
    half = size / math.sqrt(2)
    beyond = max(abs(across), abs(down)) - half
    deep = depth(corners, (x, y))
    if beyond < 0:
        assert deep == pytest.approx(-beyond, abs=1e-9)
    else:
        outside = math.hypot(max(0, abs(across) - half), max(0, abs(down) - half))
        assert -deep == pytest.approx(outside, abs=1e-9)
    assert room(corners) == pytest.approx(half / 2)
