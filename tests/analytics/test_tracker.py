"""Tracks of things whose ways are known, at rates from one to ten pictures a second."""

import itertools
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.analytics.following import Pace
from watchglass.analytics.tracker import Tracker
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.detection import Box, Detection, ObjectClass
from watchglass.model.object_track import TrackEnd, TrackPart, TrackPoint

PERSON, CAR, MOVING = ObjectClass.PERSON, ObjectClass.CAR, ObjectClass.MOVING
BEGAN_NS = 1_700_000_000 * NS_PER_S


def tracker(**pace: float) -> Tracker:
    numbers = itertools.count(1)
    return Tracker(
        CameraId("c" * 32), "regions", pace=Pace(**pace),  # type: ignore[arg-type]
        new_id=lambda: str(next(numbers)),
    )  # fmt: skip


def at(seconds: float) -> int:
    return BEGAN_NS + round(seconds * NS_PER_S)


def person(x: float, y: float = 0.8, kind: ObjectClass = PERSON, sure: float = 0.9) -> Detection:
    """Its foot there; a sixth of the picture high."""
    return Detection(kind, Box(x - 0.02, y - 0.16, x + 0.02, y), sure)


def car(x: float, y: float = 0.6, kind: ObjectClass = CAR) -> Detection:
    return Detection(kind, Box(x - 0.08, y - 0.12, x + 0.08, y), 0.8)


def followed(
    follows: Tracker, times: Sequence[float], where: Callable[[float], Sequence[Detection]]
) -> list[TrackPart]:
    return [part for each in times for part in follows.see(at(each), where(each))]


def points(parts: Sequence[TrackPart], track: str) -> list[TrackPoint]:
    return [point for part in parts if part.track == track for point in part.points]


def ends(parts: Sequence[TrackPart]) -> dict[str, TrackEnd]:
    return {part.track: part.end for part in parts if part.end is not None}


def steps(seconds: float, rate: float, first: float = 0.0) -> list[float]:
    return [first + number / rate for number in range(int(seconds * rate))]


@given(
    st.lists(st.floats(0.1, 1.0), min_size=8, max_size=40),
    st.sampled_from([PERSON, CAR, MOVING]),
    st.sampled_from([-1, 1]),
)
def test_one_thing_that_moves_is_one_track_at_any_rate(
    waits: list[float], kind: ObjectClass, way: int
) -> None:
    times = list(itertools.accumulate(waits, initial=0.0))
    speed = 0.8 / times[-1]
    if speed > 0.06:  # a walk of 0.16 of the picture's height is 1.7 m: brisk
        speed = 0.06
    begins = 0.1 if way > 0 else 0.9
    parts = followed(tracker(), times, lambda t: [person(begins + way * speed * t, kind=kind)])
    assert {part.track for part in parts} == {"1"}
    assert {part.kind for part in parts} == {kind}
    seen = points(parts, "1")
    assert [each.at_ns for each in seen] == sorted({at(each) for each in times})
    assert all(each.seen for each in seen)


@pytest.mark.parametrize("rate", [2, 5, 10])
def test_people_who_pass_each_other_stay_who_they_are(rate: float) -> None:
    def where(t: float) -> list[Detection]:
        return [person(0.2 + 0.05 * t, 0.80), person(0.8 - 0.05 * t, 0.84)]

    parts = followed(tracker(), steps(12, rate), where)
    assert {part.track for part in parts} == {"1", "2"}
    for track, way in (("1", 1), ("2", -1)):
        ways = [point.box.foot[0] for point in points(parts, track)]
        assert (ways[-1] - ways[0]) * way > 0.4


def test_what_was_found_once_is_not_told() -> None:
    follows = tracker()
    parts = followed(follows, steps(4, 5), lambda t: [person(0.5)] if t == 1.0 else [])
    assert not parts
    assert not follows.close()


def test_an_unsure_detection_carries_a_track_on_but_begins_none() -> None:
    parts = followed(tracker(), steps(4, 5), lambda t: [person(0.3 + 0.03 * t, sure=0.3)])
    assert not parts
    parts = followed(
        tracker(), steps(4, 5), lambda t: [person(0.3 + 0.03 * t, sure=0.9 if t < 1 else 0.3)]
    )
    assert all(point.seen for point in points(parts, "1"))
    assert len(points(parts, "1")) == 20


def test_behind_a_post_it_is_carried_on_unseen_and_is_the_same_after() -> None:
    def where(t: float) -> list[Detection]:
        return [] if 2 <= t < 3.4 else [person(0.2 + 0.05 * t)]

    parts = followed(tracker(), steps(6, 5), where)
    assert {part.track for part in parts} == {"1"}
    hidden = [each for each in points(parts, "1") if at(2) <= each.at_ns < at(3.4)]
    assert len(hidden) == 7
    assert not any(each.seen for each in hidden)
    assert hidden[-1].box.foot[0] == pytest.approx(0.2 + 0.05 * 3.2, abs=0.02)


def test_lost_is_not_left() -> None:
    vanishes = followed(tracker(), steps(8, 5), lambda t: [person(0.2 + 0.05 * t)] if t < 4 else [])
    assert ends(vanishes) == {"1": TrackEnd.LOST}
    leaves = followed(
        tracker(), steps(10, 5), lambda t: [person(0.6 + 0.06 * t)] if t < 6.5 else []
    )
    assert ends(leaves) == {"1": TrackEnd.LEFT}


def test_nothing_follows_an_end() -> None:
    parts = followed(tracker(), steps(20, 5), lambda t: [person(0.2 + 0.05 * t)] if t < 4 else [])
    assert parts[-1].end is TrackEnd.LOST
    assert sum(part.end is not None for part in parts) == 1


def test_a_parked_car_settles_says_nothing_more_and_is_the_same_when_it_drives_on() -> None:
    follows = tracker(settle_s=5.0)

    def where(t: float) -> list[Detection]:
        x = min(0.2 + 0.1 * t, 0.5) if t < 60 else 0.5 + 0.1 * (t - 60)
        shake = 0.004 * (-1 if int(t * 5) % 2 else 1)
        return [car(x + shake)]

    before = followed(follows, steps(20, 5), where)
    assert ends(before) == {"1": TrackEnd.SETTLED}
    assert not followed(follows, steps(38, 5, first=20.0), where)
    after = followed(follows, steps(4, 5, first=58.0), where)
    assert {part.track for part in after} == {"1"}
    first = points(after, "1")[0]
    assert at(60) < first.at_ns < at(61.5)


def test_another_car_that_hides_a_parked_one_is_no_movement_of_it() -> None:
    follows = tracker(settle_s=5.0)
    followed(follows, steps(12, 5), lambda t: [car(0.5)])
    passing = followed(follows, steps(8, 5, first=12.0), lambda t: [car(0.1 + 0.1 * (t - 12))])
    assert {part.track for part in passing} == {"2"}
    after = followed(follows, steps(8, 5, first=20.0), lambda t: [car(0.5)])
    assert ends(after) == {"2": TrackEnd.LEFT}
    assert {part.track for part in after} == {"2"}


def test_the_kind_is_what_most_pictures_say() -> None:
    def where(t: float) -> list[Detection]:
        kind = ObjectClass.TRUCK if int(t * 5) % 4 == 1 else CAR
        return [car(0.2 + 0.05 * t, kind=kind)]

    parts = followed(tracker(), steps(6, 5), where)
    assert {part.track for part in parts} == {"1"}
    assert {part.kind for part in parts} == {CAR}


def test_a_moving_region_gets_its_name_as_soon_as_one_is_found() -> None:
    parts = followed(
        tracker(), steps(4, 5),
        lambda t: [person(0.2 + 0.04 * t, kind=MOVING if t < 2 else PERSON)],
    )  # fmt: skip
    assert {part.track for part in parts} == {"1"}
    assert parts[0].kind is MOVING
    assert parts[-1].kind is PERSON


def test_a_person_and_a_car_in_one_place_are_two() -> None:
    box = Box(0.4, 0.4, 0.5, 0.6)
    parts = followed(
        tracker(), steps(2, 5), lambda t: [Detection(PERSON, box, 0.9), Detection(CAR, box, 0.8)]
    )
    assert {part.kind for part in parts} == {PERSON, CAR}
    twice = followed(
        tracker(), steps(2, 5),
        lambda t: [Detection(ObjectClass.TRUCK, box, 0.9), Detection(CAR, box, 0.8)],
    )  # fmt: skip
    assert {part.track for part in twice} == {"1"}


def test_what_stood_is_there_yet_after_a_quiet_time_and_what_moved_is_not() -> None:
    follows = tracker()
    followed(follows, steps(4, 5), lambda t: [person(0.3), person(0.5 + 0.05 * t)])
    after = followed(follows, steps(4, 5, first=60.0), lambda t: [person(0.3), person(0.7)])
    assert ends(after) == {"2": TrackEnd.LOST}
    assert {part.track for part in after if part.points} == {"1", "3"}


def test_a_rest_tells_the_end_of_what_moved() -> None:
    follows = tracker()
    followed(follows, steps(4, 5), lambda t: [person(0.3), person(0.5 + 0.05 * t)])
    assert not follows.rest(at(5))
    assert ends(follows.rest(at(8))) == {"2": TrackEnd.LOST}
    assert ends(follows.close()) == {"1": TrackEnd.LOST}


def test_fewer_than_two_pictures_a_second_are_coarse() -> None:
    often = followed(tracker(), steps(4, 4), lambda t: [person(0.3 + 0.02 * t)])
    seldom = followed(tracker(), steps(8, 1), lambda t: [person(0.3 + 0.02 * t)])
    assert not any(part.coarse for part in often)
    assert all(part.coarse for part in seldom)


def test_a_picture_that_is_no_later_tells_nothing() -> None:
    follows = tracker()
    followed(follows, steps(1, 5), lambda t: [person(0.3)])
    assert not follows.see(at(0.5), [person(0.3)])
    assert follows.see(at(1.0), [person(0.3)])


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 1), st.floats(0.001, 1),
                st.floats(0, 1), st.sampled_from(list(ObjectClass)),
            ),
            max_size=4,
        ),
        max_size=12,
    ),
    st.floats(0.01, 10),
)  # fmt: skip
def test_whatever_is_found_each_track_is_in_order_in_the_picture_and_ends_once(
    pictures: list[list[tuple[float, float, float, float, float, ObjectClass]]], wait: float
) -> None:
    follows = tracker()
    parts = [
        part
        for number, found in enumerate(pictures)
        for part in follows.see(
            at(number * wait),
            [
                Detection(kind, Box(x, y, x + w, y + h), sure)
                for x, y, w, h, sure, kind in found
            ],
        )
    ]  # fmt: skip
    parts += follows.close()
    for track in {part.track for part in parts}:
        mine = [part for part in parts if part.track == track]
        told = [point.at_ns for part in mine for point in part.points]
        assert told == sorted(set(told))
        over = [part.end for part in mine if part.end is not TrackEnd.SETTLED]
        assert over.count(None) == len(over) - 1
        assert over[-1] is not None
        for part in mine:
            for point in part.points:
                box = point.box
                assert 0 <= box.x0 < box.x1 <= 1
                assert 0 <= box.y0 < box.y1 <= 1
