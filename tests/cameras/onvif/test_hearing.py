"""What becomes of a camera's messages: few events, each with a beginning, an end and a time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.cameras.onvif.hearing import (
    BURST,
    EACH_NS,
    LONGEST_NS,
    MOST_LATE_NS,
    Hearing,
    Message,
    kind_of,
    state_of,
)
from watchglass.cameras.onvif.listening import utc_ns
from watchglass.model.said import MOST_TEXT, Said, SaidClock, SaidKind

CAMERA = CameraId("c" * 32)
T0 = 1_800_000_000 * NS_PER_S
CELL = "tns1:RuleEngine/CellMotionDetector/Motion"
ALARM = "tns1:VideoSource/MotionAlarm"


def said(topic: str, on: bool | None, at_s: float = 0, **data: str) -> Message:
    items = tuple(data.items()) or ((("State", str(on).lower()),) if on is not None else ())
    return Message(topic, "Changed", T0 + round(at_s * NS_PER_S), (("Source", "vs"),), items)


@pytest.mark.parametrize(
    ("topic", "data", "kind"),
    [
        (CELL, {"IsMotion": "true"}, SaidKind.MOTION),
        (ALARM, {"State": "true"}, SaidKind.MOTION),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", {"IsInside": "true"}, SaidKind.MOTION),
        ("tns1:RuleEngine/MyRuleDetector/PeopleDetect", {"State": "true"}, SaidKind.PERSON),
        ("tns1:RuleEngine/MyRuleDetector/VehicleDetect", {"State": "true"}, SaidKind.VEHICLE),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", {"ClassTypes": "Human"}, SaidKind.PERSON),
        ("tns1:RuleEngine/LineDetector/Crossed", {"ObjectId": "7"}, SaidKind.LINE),
        ("tns1:RuleEngine/TamperDetector/Tamper", {"IsTamper": "1"}, SaidKind.TAMPER),
        ("tns1:VideoSource/GlobalSceneChange/ImagingService", {"State": "1"}, SaidKind.TAMPER),
        ("tns1:VideoSource/ImageTooDark/ImagingService", {"State": "1"}, SaidKind.TAMPER),
        ("tns1:Device/Trigger/DigitalInput", {"LogicalState": "true"}, SaidKind.OTHER),
        ("", {}, SaidKind.OTHER),
    ],
)
def test_kinds(topic: str, data: dict[str, str], kind: SaidKind) -> None:
    assert kind_of(Message(topic, "Changed", None, (), tuple(data.items()))) is kind


def test_an_event_begins_and_ends_in_our_time() -> None:
    hearing = Hearing(CAMERA)
    offset_s = 3600.0  # its clock is an hour ahead
    on = Message(CELL, "Changed", T0 + 3600 * NS_PER_S, (), (("IsMotion", "true"),))
    off = Message(CELL, "Changed", T0 + 3607 * NS_PER_S, (), (("IsMotion", "false"),))
    (began,) = hearing.hear([on], T0 + NS_PER_S, offset_s)
    assert (began.kind, began.from_ns, began.to_ns) == (SaidKind.MOTION, T0, None)
    assert began.clock is SaidClock.CAMERA
    (ended,) = hearing.hear([off], T0 + 8 * NS_PER_S, offset_s)
    assert (ended.id, ended.to_ns) == (began.id, T0 + 7 * NS_PER_S)
    assert hearing.hear([off], T0 + 9 * NS_PER_S, offset_s) == [], "it was over"


@pytest.mark.parametrize("utc", [None, 0, T0 + 400 * NS_PER_S, 2**70, -5])
def test_a_time_that_cannot_be_is_ours(utc: int | None) -> None:
    message = Message(CELL, "Changed", utc, (), (("IsMotion", "true"),))
    (began,) = Hearing(CAMERA).hear([message], T0, 0.0)
    assert (began.from_ns, began.clock) == (T0, SaidClock.RECORDER)


def test_two_topics_for_one_thing_are_one_event_until_both_are_over() -> None:
    hearing = Hearing(CAMERA)
    (first,) = hearing.hear([said(CELL, True), said(ALARM, True)], T0, 0.0)
    assert hearing.hear([said(CELL, False)], T0, 0.0) == []
    (ended,) = hearing.hear([said(ALARM, False, 2)], T0 + 2 * NS_PER_S, 0.0)
    assert (ended.id, ended.count) == (first.id, 2)


def test_what_begins_again_soon_goes_on() -> None:
    hearing = Hearing(CAMERA)
    (first,) = hearing.hear([said(CELL, True)], T0, 0.0)
    hearing.hear([said(CELL, False, 1)], T0 + NS_PER_S, 0.0)
    (again,) = hearing.hear([said(CELL, True, 4)], T0 + 4 * NS_PER_S, 0.0)
    assert (again.id, again.to_ns, again.from_ns) == (first.id, None, first.from_ns)
    hearing.hear([said(CELL, False, 5)], T0 + 5 * NS_PER_S, 0.0)
    (other,) = hearing.hear([said(CELL, True, 30)], T0 + 30 * NS_PER_S, 0.0)
    assert other.id != first.id


def test_what_only_happens_is_a_moment_and_what_is_initialised_is_not() -> None:
    hearing = Hearing(CAMERA)
    line = "tns1:RuleEngine/LineDetector/Crossed"
    (crossed,) = hearing.hear([said(line, None, ObjectId="7")], T0, 0.0)
    assert (crossed.kind, crossed.from_ns, crossed.to_ns) == (SaidKind.LINE, T0, T0)
    started = Message("tns1:Device/x", "Initialized", T0, (), ())
    assert hearing.hear([started], T0, 0.0) == []


def test_what_never_ends_is_ended_and_so_is_what_was_not_heard_on() -> None:
    hearing = Hearing(CAMERA)
    (began,) = hearing.hear([said(CELL, True)], T0, 0.0)
    (ended,) = hearing.hear([], T0 + LONGEST_NS + NS_PER_S, 0.0)
    assert (ended.id, ended.to_ns) == (began.id, T0 + LONGEST_NS)
    later_ns = T0 + 2 * LONGEST_NS
    hearing.hear([said(CELL, True, later_ns / NS_PER_S - T0 / NS_PER_S)], later_ns, 0.0)
    (lost,) = hearing.lose(later_ns + 7)
    assert lost.to_ns == later_ns + 7
    assert hearing.lose(later_ns + 8) == []


def test_a_flood_is_bounded_and_told() -> None:
    hearing = Hearing(CAMERA)
    kept: dict[str, Said] = {}
    for number in range(5000):
        at_ns = T0 + number * NS_PER_S // 100
        topic = f"tns1:Device/Odd{number}"
        for each in hearing.hear([Message(topic, "Changed", at_ns, (), ())], at_ns, 0.0):
            kept[each.id] = each
    floods = [each for each in kept.values() if each.text == "more events than are kept"]
    assert len(kept) - len(floods) <= BURST + 50 * NS_PER_S // EACH_NS + 1
    assert sum(each.count for each in floods) + len(kept) - len(floods) == 5000


_MESSAGES = st.builds(
    Message,
    topic=st.sampled_from([CELL, ALARM, "x", "tns1:a/b\u202e<b>"]) | st.text(max_size=50),
    operation=st.sampled_from(["Changed", "Initialized", "Deleted", "", "\x00"]),
    utc_ns=st.none() | st.integers(-(2**70), 2**70) | st.integers(T0, T0 + 10 * NS_PER_S),
    source=st.just(()),
    data=st.lists(
        st.tuples(st.sampled_from(["State", "IsMotion", "x"]), st.sampled_from(["true", "0", "y"])),
        max_size=3,
    ).map(tuple),
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(st.tuples(st.lists(_MESSAGES, max_size=4), st.integers(0, 10**12)), max_size=12),
       st.none() | st.floats(-1e9, 1e9))  # fmt: skip
def test_whatever_is_said_events_have_sense(
    batches: list[tuple[list[Message], int]], offset_s: float | None
) -> None:
    hearing, now_ns = Hearing(CAMERA), T0
    states: dict[str, list[Said]] = {}
    for messages, passed_ns in batches:
        now_ns += passed_ns
        for each in hearing.hear(messages, now_ns, offset_s):
            states.setdefault(each.id, []).append(each)
            assert each.from_ns <= now_ns
            assert each.from_ns >= T0 - MOST_LATE_NS
            assert each.to_ns is None or each.from_ns <= each.to_ns <= now_ns
            assert len(each.text) <= MOST_TEXT
            assert each.text.isprintable()
    for told in states.values():
        assert len({each.from_ns for each in told}) == 1
        assert all(a.count <= b.count for a, b in pairwise(told))
    assert all(each.to_ns is not None for each in hearing.lose(now_ns))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-03T09:12:44.5Z", 1_793_697_164_500_000_000),
        ("2026-11-03T09:12:44", 1_793_697_164_000_000_000),
        ("2026-11-03T10:12:44+01:00", 1_793_697_164_000_000_000),
        ("", None), (None, None), ("nonsense", None), ("9999-12-31T23:59:59-23:59", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)  # fmt: skip
def test_times(text: str | None, value: int | None) -> None:
    found = utc_ns(text)
    assert found == value or (value is None and found is not None and abs(found) > 10**18)


def test_a_state_is_read_from_the_data_or_from_what_became_of_it() -> None:
    assert state_of(Message("x", "Deleted", None)) is False
    assert state_of(Message("x", "Changed", None, (), (("IsMotion", "1"),))) is True
    assert state_of(Message("x", "Changed", None, (), (("Count", "1"),))) is None
