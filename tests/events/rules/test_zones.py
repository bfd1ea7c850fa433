"""Zones: who moves in them, comes, goes, stays, and how many they are."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.events.rules.tracks import (
    BEGAN_NS,
    CAMERA,
    SQUARE,
    area,
    at,
    crossings,
    events,
    found,
    newest,
    part,
    point,
    rule,
    straight,
    walk,
)  # fmt: skip
from watchglass.base.clock import NS_PER_S
from watchglass.events.rules.engine import Engine
from watchglass.model.analysis import Analysis, AnalysisSpan
from watchglass.model.area import AreaId, AreaKind
from watchglass.model.detection import ObjectClass
from watchglass.model.object_track import Presence, TrackEnd, TrackPart, TrackPoint
from watchglass.model.rule import Direction, RuleKind
from watchglass.model.schedule import WeeklySpan

ZONE = area()
THROUGH = straight((0.2, 0.5), (0.8, 0.5), 12)
"""Inside from 4 s to 8 s."""


def standing(x: float, y: float, seconds: float, first: float) -> list[TrackPoint]:
    return walk(lambda _: (x, y), seconds, first=first)


def test_who_walks_through_a_zone_enters_it_moves_in_it_and_leaves_it() -> None:
    (entered,) = events(rule(RuleKind.ENTER, on=ZONE), ZONE, part(THROUGH))
    assert entered.to_ns is not None
    assert entered.from_ns == pytest.approx(at(4), abs=0.5 * NS_PER_S)
    assert entered.to_ns == pytest.approx(at(8), abs=0.5 * NS_PER_S)
    assert entered.why.points == SQUARE
    assert entered.path[0].at_ns < entered.from_ns
    (moved,) = events(rule(RuleKind.MOTION, on=ZONE), ZONE, part(THROUGH))
    assert moved.from_ns == entered.from_ns
    (left,) = events(rule(RuleKind.LEAVE, on=ZONE), ZONE, part(THROUGH))
    assert left.to_ns == pytest.approx(at(8), abs=0.5 * NS_PER_S)
    assert left.why.stayed_s == pytest.approx(4, abs=0.6)


def test_beside_a_zone_is_not_in_it() -> None:
    beside = part(straight((0.2, 0.7), (0.8, 0.7), 12))
    for kind in (RuleKind.ENTER, RuleKind.MOTION, RuleKind.LEAVE, RuleKind.LOITERING):
        assert not events(rule(kind, on=ZONE), ZONE, beside)


@given(st.lists(st.floats(-0.005, 0.005), min_size=10, max_size=60))
def test_who_shakes_on_the_border_enters_once_at_the_most(shakes: list[float]) -> None:
    way = straight((0.2, 0.5), (0.4, 0.5), 4)
    shaking = [point(4.2 + number / 5, 0.4 + off, 0.5) for number, off in enumerate(shakes)]
    assert len(events(rule(RuleKind.ENTER, on=ZONE), ZONE, part([*way, *shaking]))) <= 1


def test_through_a_corner_of_the_zone_is_at_its_border_only() -> None:
    touching = part(straight((0.3, 0.5), (0.5, 0.3), 5))
    assert not events(rule(RuleKind.ENTER, on=ZONE), ZONE, touching)


def test_a_narrow_zone_has_an_inside_yet() -> None:
    narrow = area(((0.4, 0.49), (0.6, 0.49), (0.6, 0.502), (0.4, 0.502)))
    way = part(straight((0.2, 0.496), (0.8, 0.496), 12))
    assert len(events(rule(RuleKind.ENTER, on=narrow), narrow, way)) == 1


def test_what_stood_in_a_zone_from_the_first_has_not_entered_it() -> None:
    stands = standing(0.5, 0.5, 20, 0)
    drives = straight((0.5, 0.5), (0.8, 0.5), 4, first=20.2)
    whole = part([*stands, *drives])
    assert not events(rule(RuleKind.ENTER, on=ZONE), ZONE, whole)
    assert len(events(rule(RuleKind.LEAVE, on=ZONE), ZONE, whole)) == 1
    (moved,) = events(rule(RuleKind.MOTION, on=ZONE), ZONE, whole)
    assert moved.from_ns == pytest.approx(at(20), abs=NS_PER_S)


def test_who_comes_out_of_a_door_in_the_zone_has_entered_it() -> None:
    appears = part(straight((0.5, 0.5), (0.5, 0.7), 4))
    assert len(events(rule(RuleKind.ENTER, on=ZONE), ZONE, appears)) == 1


def test_lost_is_not_left_and_over_the_edge_is() -> None:
    inside = straight((0.2, 0.5), (0.5, 0.5), 6)
    leave = rule(RuleKind.LEAVE, on=ZONE)
    assert not events(leave, ZONE, part(inside, end=TrackEnd.LOST))
    assert len(events(leave, ZONE, part(inside, end=TrackEnd.LEFT))) == 1
    guessed = [point(6.2 + t / 5, 0.5 + 0.02 * t, 0.5, seen=False) for t in range(12)]
    assert not events(leave, ZONE, part([*inside, *guessed], end=TrackEnd.LOST))
    (entered,) = events(
        rule(RuleKind.ENTER, on=ZONE), ZONE, part([*inside, *guessed], end=TrackEnd.LOST)
    )
    assert entered.to_ns == inside[-1].at_ns
    assert entered.why.presence is Presence.UNKNOWN
    (gone,) = events(rule(RuleKind.ENTER, on=ZONE), ZONE, part(inside, end=TrackEnd.LEFT))
    assert gone.why.presence is Presence.GONE


def test_all_of_the_picture_is_left_over_its_edge() -> None:
    way = straight((0.2, 0.5), (0.9, 0.5), 6)
    assert len(events(rule(RuleKind.ENTER), None, part(way))) == 1
    assert len(events(rule(RuleKind.LEAVE), None, part(way, end=TrackEnd.LEFT))) == 1
    assert not events(rule(RuleKind.LEAVE), None, part(way, end=TrackEnd.LOST))


def test_a_parked_car_is_told_of_once_and_again_when_it_moves() -> None:
    comes = straight((0.2, 0.5), (0.5, 0.5), 6)
    shaking = [point(6.2 + number / 5, 0.5 + 0.003 * (-1) ** number, 0.5) for number in range(100)]
    parked = part([*comes, *shaking], kind=ObjectClass.CAR, end=TrackEnd.SETTLED)
    motion = rule(RuleKind.MOTION, on=ZONE)
    (once,) = events(motion, ZONE, parked)
    assert once.to_ns is not None
    assert once.to_ns < at(8)
    assert once.why.presence is Presence.SEEN
    looked_at_again = part(
        [point(600 + number / 5, 0.5, 0.5) for number in range(40)], kind=ObjectClass.CAR,
        end=TrackEnd.SETTLED,
    )  # fmt: skip
    assert len(events(motion, ZONE, parked, looked_at_again)) == 1
    drives = part(straight((0.5, 0.5), (0.9, 0.5), 6, first=900), kind=ObjectClass.CAR)
    both = events(motion, ZONE, parked, looked_at_again, drives)
    assert [each.from_ns >= at(899) for each in both] == [False, True]
    assert len(events(rule(RuleKind.ENTER, on=ZONE), ZONE, parked, looked_at_again, drives)) == 1
    assert len(events(rule(RuleKind.LEAVE, on=ZONE), ZONE, parked, looked_at_again, drives)) == 1


def test_who_stays_long_enough_loiters_once_a_stay() -> None:
    asked = rule(RuleKind.LOITERING, on=ZONE, dwell_s=20)
    comes, stays = straight((0.2, 0.5), (0.5, 0.5), 6), standing(0.5, 0.5, 30, 6.2)
    goes = straight((0.5, 0.5), (0.9, 0.5), 6, first=36.4)
    assert not events(asked, ZONE, part([*comes, *standing(0.5, 0.5, 15, 6.2)]))
    (stayed,) = events(asked, ZONE, part([*comes, *stays, *goes]))
    assert stayed.why.stayed_s == pytest.approx(20, abs=0.3)
    assert stayed.why.at_ns == pytest.approx(stayed.from_ns + 20 * NS_PER_S, abs=0.3 * NS_PER_S)
    assert stayed.to_ns is not None
    assert at(37) < stayed.to_ns < at(39)


def test_a_guess_lets_nobody_loiter_but_a_later_sighting_does() -> None:
    asked = rule(RuleKind.LOITERING, on=ZONE, dwell_s=20)
    comes = straight((0.2, 0.5), (0.5, 0.5), 6)
    guessed = [point(6.2 + number / 5, 0.5, 0.5, seen=False) for number in range(150)]
    assert not events(asked, ZONE, part([*comes, *guessed]))
    assert len(events(asked, ZONE, part([*comes, *guessed, point(60, 0.5, 0.5)]))) == 1


def test_what_settled_in_the_zone_stays_there_while_time_passes() -> None:
    asked = rule(RuleKind.LOITERING, on=ZONE, dwell_s=60, kinds=(ObjectClass.CAR,))
    comes = straight((0.2, 0.5), (0.5, 0.5), 6)
    parked = part(
        [*comes, *standing(0.5, 0.5, 20, 6.2)], kind=ObjectClass.CAR, end=TrackEnd.SETTLED
    )
    engine = Engine()
    engine.use([asked], [ZONE])
    assert not engine.take([parked]).events
    assert not engine.pass_time(at(50)).events
    (stays,) = engine.pass_time(at(80)).events
    assert stays.why.stayed_s == 60
    assert not engine.pass_time(at(200)).events


def crowd(*places: tuple[float, float, float, float]) -> list[TrackPart]:
    """Each comes at a time to a place in the zone, and is lost later."""
    return [
        part(
            [
                *straight((0.2, 0.5), (x, y), 2, first=come),
                *standing(x, y, go - come - 2.2, come + 2.2),
            ],
            f"t{number}",
            end=TrackEnd.LOST,
        )
        for number, (come, go, x, y) in enumerate(places)
    ]  # fmt: skip


def test_enough_at_once_for_long_enough_are_a_crowd() -> None:
    asked = rule(RuleKind.CROWDING, on=ZONE, count=3, dwell_s=5)
    here = [(0.0, 30.0, 0.45, 0.5), (4.0, 30.0, 0.5, 0.5), (8.0, 25.0, 0.55, 0.5)]
    assert not events(asked, ZONE, *crowd(*here[:2]))
    (told,) = events(asked, ZONE, *crowd(*here))
    assert told.why.count == 3
    assert told.from_ns == pytest.approx(at(10), abs=NS_PER_S)
    assert told.why.at_ns == pytest.approx(told.from_ns + 5 * NS_PER_S, abs=0.4 * NS_PER_S)
    assert told.to_ns == pytest.approx(at(25), abs=NS_PER_S)
    after_another = [(0.0, 12.0, 0.45, 0.5), (4.0, 30.0, 0.5, 0.5), (13.0, 30.0, 0.55, 0.5)]
    assert not events(rule(RuleKind.CROWDING, on=ZONE, count=3), ZONE, *crowd(*after_another))


def test_zones_count_who_comes_and_who_goes() -> None:
    counted = crossings(rule(RuleKind.COUNTING, on=ZONE), ZONE, part(THROUGH))
    assert [each.direction for each in counted] == [Direction.FORWARD, Direction.BACKWARD]
    only = rule(RuleKind.COUNTING, on=ZONE, direction=Direction.BACKWARD)
    assert [each.direction for each in crossings(only, ZONE, part(THROUGH))] == [Direction.BACKWARD]


def test_a_rule_is_for_kinds_sizes_and_certainties() -> None:
    kinds = (ObjectClass.CAR, ObjectClass.TRUCK)
    enter = rule(RuleKind.ENTER, on=ZONE, kinds=kinds)
    assert not events(enter, ZONE, part(THROUGH))
    assert len(events(enter, ZONE, part(THROUGH, kind=ObjectClass.TRUCK))) == 1
    assert not events(rule(RuleKind.ENTER, on=ZONE, least_area=0.01), ZONE, part(THROUGH))
    assert not events(rule(RuleKind.ENTER, on=ZONE, most_area=0.001), ZONE, part(THROUGH))
    assert not events(rule(RuleKind.ENTER, on=ZONE, least_confidence=0.95), ZONE, part(THROUGH))
    assert not events(rule(RuleKind.ENTER, on=ZONE, enabled=False), ZONE, part(THROUGH))


def test_who_gets_a_name_inside_has_entered_when_it_came() -> None:
    enter = rule(RuleKind.ENTER, on=ZONE, kinds=(ObjectClass.PERSON,))
    moving = part([each for each in THROUGH if each.at_ns < at(6)], kind=ObjectClass.MOVING)
    (entered,) = events(
        enter, ZONE, moving, part([each for each in THROUGH if each.at_ns >= at(6)])
    )
    assert entered.from_ns < at(5)
    assert entered.why.at_ns == at(6)


def test_what_lies_in_an_ignore_area_is_not_seen_while_that_holds() -> None:
    ignored = msgspec.structs.replace(
        area(((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)), AreaKind.IGNORE), id=AreaId("i")
    )
    enter = rule(RuleKind.ENTER, on=ZONE)
    assert not found([enter], [ZONE, ignored], [part(THROUGH)])[0]
    expired = msgspec.structs.replace(ignored, expires_ns=at(0))
    assert found([enter], [ZONE, expired], [part(THROUGH)])[0]


def test_a_rule_that_changes_ends_its_events_and_what_is_inside_does_not_enter_again() -> None:
    enter = rule(RuleKind.ENTER, on=ZONE)
    engine = Engine()
    engine.use([enter], [ZONE])
    inside = [each for each in THROUGH if each.at_ns <= at(6)]
    (open_,) = engine.take([part(inside)]).events
    assert open_.to_ns is None
    engine.use([enter, rule(RuleKind.ENTER, on=ZONE, name="other")], [ZONE])
    assert not engine.take([part(THROUGH[31:33])]).events
    engine.use([rule(RuleKind.ENTER, on=ZONE, name="other")], [ZONE])
    (over,) = engine.take([part(THROUGH[33:])]).events
    assert (over.id, over.to_ns) == (open_.id, THROUGH[32].at_ns)


def test_an_event_of_a_thing_that_nothing_is_heard_of_is_over_until_it_is_seen_again() -> None:
    engine = Engine()
    engine.use([rule(RuleKind.ENTER, on=ZONE)], [ZONE])
    inside = straight((0.2, 0.5), (0.5, 0.5), 6)
    (open_,) = engine.take([part(inside)]).events
    assert not engine.pass_time(at(15)).events
    (silent,) = engine.pass_time(at(30)).events
    assert (silent.id, silent.to_ns) == (open_.id, inside[-1].at_ns)
    assert silent.why.presence is Presence.UNKNOWN
    (again,) = engine.take([part([point(60, 0.5, 0.5)])]).events
    assert (again.id, again.to_ns) == (open_.id, None)
    (over,) = engine.take([part([], end=TrackEnd.LOST)]).events
    assert over.to_ns == at(60)


def test_a_span_that_was_analysed_passes_the_time_of_its_camera() -> None:
    engine = Engine()
    engine.use([rule(RuleKind.ENTER, on=ZONE)], [ZONE])
    engine.take([part(straight((0.2, 0.5), (0.5, 0.5), 6))])
    quiet = AnalysisSpan(camera=CAMERA, from_ns=at(6), to_ns=at(40), state=Analysis.QUIET)
    (silent,) = engine.take([quiet]).events
    assert silent.to_ns == at(6)


@pytest.mark.parametrize(
    ("day", "hour", "minute", "holds"),
    [
        ((2026, 3, 29), 0, 30, False), ((2026, 3, 29), 1, 30, True), ((2026, 3, 29), 3, 30, False),
        ((2026, 10, 25), 0, 59, False), ((2026, 10, 25), 1, 30, True),
        ((2026, 10, 25), 2, 30, True), ((2026, 10, 25), 3, 0, False),
    ],
)  # fmt: skip
def test_a_schedule_is_what_the_clock_on_the_wall_shows(
    day: tuple[int, int, int], hour: int, minute: int, holds: bool
) -> None:
    """From one to three: in the night of spring the second of these hours is skipped."""
    zone = ZoneInfo("Europe/Vienna")
    moment = datetime(*day, hour, minute, tzinfo=zone)
    for fold in (0, 1):
        begins_ns = round(moment.replace(fold=fold).timestamp()) * NS_PER_S
        shift = begins_ns - BEGAN_NS
        way = [
            TrackPoint(each.at_ns + shift - 4 * NS_PER_S, each.box, each.confidence)
            for each in THROUGH
        ]
        enter = rule(
            RuleKind.ENTER, on=ZONE, zone="Europe/Vienna", spans=(WeeklySpan((6,), 60, 180),)
        )
        assert bool(events(enter, ZONE, part(way))) is holds


def test_a_stay_counts_from_when_the_rule_holds() -> None:
    """From 22:20 UTC on: the walk comes at 22:13."""
    asked = rule(
        RuleKind.LOITERING, on=ZONE, dwell_s=60, spans=(WeeklySpan(tuple(range(7)), 1340, 1400),)
    )
    comes = straight((0.2, 0.5), (0.5, 0.5), 6)
    stays = walk(lambda _: (0.5, 0.5), 600, rate=1, first=7)
    (told,) = events(asked, ZONE, part([*comes, *stays]))
    assert told.from_ns == pytest.approx(
        BEGAN_NS - BEGAN_NS % (60 * NS_PER_S) + 7 * 60 * NS_PER_S, abs=2 * NS_PER_S
    )
    assert told.why.at_ns == told.from_ns + 60 * NS_PER_S


def test_both_ends_of_what_is_told_are_of_one_camera() -> None:
    engine = Engine()
    engine.use([rule(RuleKind.ENTER, on=ZONE)], [ZONE])
    other = msgspec.structs.replace(part(THROUGH), camera="d" * 32)
    assert newest([engine.take([other]), engine.finish()]) == ([], [])
