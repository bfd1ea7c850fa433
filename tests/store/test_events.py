"""events.db: what is told is there again, whole, once, and as few rows as say it."""

import threading
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.store.understood import (
    BEGAN_NS,
    CAMERA,
    at,
    event_of,
    moved,
    review_of,
    span,
    walk,
)
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import CameraId
from watchglass.model.analysis import (
    Analysis,
    AnalysisSpan,
    Report,
    SkipCause,
    Tampered,
    TamperKind,
)
from watchglass.model.detection import ObjectClass
from watchglass.model.event import ReviewId
from watchglass.model.found import Crossing, made_id
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.rule import Direction, RuleId
from watchglass.store.event_motion import bucket_for
from watchglass.store.event_points import pack, packed_again, thinned, unpack
from watchglass.store.event_reviews import MOST_NOTES, Asked
from watchglass.store.event_search import Wanted
from watchglass.store.event_spans import accounted, laid_over
from watchglass.store.event_writer import Written
from watchglass.store.events import EventStore
from watchglass.store.online_copy import copy_database

OTHER = CameraId("d" * 32)
ALL = {CAMERA: [(0, 2**63 - 1)], OTHER: [(0, 2**63 - 1)]}
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
R1 = "1" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    store = EventStore(tmp_path / "events.db")
    yield store
    store.close()


def told(store: EventStore, number: int, *items: object, **more: object) -> None:
    report = Report("s", number, items)  # type: ignore[arg-type]
    store.write(Written(report, BEGAN_NS, **more))  # type: ignore[arg-type]


# --- tracks ---------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 10**13), st.floats(0, 1), st.booleans()), max_size=50))
def test_points_come_back_as_they_were(found: list[tuple[int, float, bool]]) -> None:
    points = [
        TrackPoint(BEGAN_NS + ns, walk("t", 0, 1).points[0].box, sure, seen)
        for ns, sure, seen in sorted(found)
    ]
    back = [each for blob in pack(points) for each in unpack(blob)]
    assert len(back) == len(points)
    for one, other in zip(points, back, strict=True):
        assert abs(one.at_ns - other.at_ns) < 1000
        assert abs(one.confidence - other.confidence) < 1 / 255
        assert abs(one.box.x0 - other.box.x0) < 1 / 65535
        assert one.seen == other.seen


@given(
    st.lists(st.integers(0, 3 * 10**13), max_size=40, unique=True).map(sorted),
    st.lists(st.integers(0, 40), max_size=6).map(sorted),
)
def test_parts_packed_again_are_what_the_whole_is(found: list[int], cuts: list[int]) -> None:
    box = walk("t", 0, 1).points[0].box
    points = [TrackPoint(BEGAN_NS + ns, box, ns % 7 / 7, ns % 2 > 0) for ns in found]
    parts = [points[one:other] for one, other in pairwise([0, *cuts, len(points)])]
    blobs = [blob for part in parts for blob in pack(part)]
    kept = [point for blob in blobs for point in unpack(blob)]
    assert packed_again(blobs) == pack(kept)
    assert [each for blob in packed_again(blobs) for each in unpack(blob)] == kept


def test_the_end_of_a_long_track_takes_little(store: EventStore) -> None:
    """Half an hour is thousands of points, and each was made anew to be packed with the rest."""
    whole = walk("t1", 0, 1_800, end=None)
    for number, at_once in enumerate(range(0, len(whole.points), 100)):
        told(store, number, replace(whole, points=whole.points[at_once : at_once + 100]))
    end = replace(whole, points=(), end=TrackEnd.LEFT)
    tracemalloc.start()
    try:
        told(store, 100, end)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (track,) = store.tracks(Wanted(ALL)).found
    assert (len(track.points), track.ended) == (len(whole.points), TrackEnd.LEFT)
    assert most < 1_000_000


def test_a_track_is_put_together_of_its_parts_and_told_twice_is_there_once(
    store: EventStore,
) -> None:
    whole = walk("t1", 0, 20)
    first = walk("t1", 0, 20, end=None)
    cut = len(whole.points) // 2
    parts = [
        type(whole)(
            camera=CAMERA, track=whole.track, kind=kind, points=points, detector="regions", end=end
        )
        for kind, points, end in (
            (ObjectClass.MOVING, first.points[:cut], None),
            (ObjectClass.PERSON, first.points[cut:], None),
            (ObjectClass.PERSON, (), whole.end),
        )
    ]
    told(store, 1, parts[0])
    told(store, 2, parts[1])
    assert [len(each.points) for each in store.open_tracks(0)] == [len(whole.points)]
    told(store, 3, parts[1], parts[2])
    (track,) = store.tracks(Wanted(ALL)).found
    assert (track.kind, track.ended) == (ObjectClass.PERSON, whole.end)
    assert [each.at_ns // 1000 for each in track.points] == [
        each.at_ns // 1000 for each in whole.points
    ]
    assert store.last("s") == 3
    assert store.last("another") is None


@pytest.mark.full
@settings(max_examples=15)
@given(
    cuts=st.lists(st.integers(1, 39), max_size=6, unique=True).map(sorted),
    settled=st.integers(0, 6), again=st.integers(0, 6),
)  # fmt: skip
def test_written_together_it_is_what_it_is_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], settled: int, again: int
) -> None:
    whole = walk("t1", 0, 8, rate=5)
    edges = [0, *cuts, len(whole.points)]
    parts = [
        TrackPart(
            camera=CAMERA, track=whole.track, kind=ObjectClass.MOVING, detector="regions",
            points=whole.points[begin:end], end=TrackEnd.SETTLED if n == settled else None,
        )
        for n, (begin, end) in enumerate(pairwise(edges))
    ]  # fmt: skip
    parts = [*parts[: again + 1], *parts[again:]]
    written = [
        Written(Report("s", n, (part, span(n, n + 1), moved(n, n + 1, 0.1 * n + 0.1))), BEGAN_NS)
        for n, part in enumerate(parts)
    ]
    found = []
    for together in (False, True):
        store = EventStore(tmp_path_factory.mktemp("s") / "events.db")
        try:
            for each in [written] if together else [[one] for one in written]:
                store.write(*each)
            tracks = store.tracks(Wanted(ALL)).found
            found.append(
                (tracks, store.spans(CAMERA, 0, 2**62), store.density(CAMERA, 0, 2**62, 1))
            )
        finally:
            store.close()
    assert found[0] == found[1]
    assert len(found[0][0][0].points) == len(whole.points)


def test_a_path_is_found_by_where_it_goes_and_in_which_order(store: EventStore) -> None:
    right = walk("right", 0, 10, way=((0.1, 0.5), (0.9, 0.5)))
    left = walk("left", 20, 30, way=((0.9, 0.5), (0.1, 0.5)))
    stays = walk("stays", 40, 50, way=((0.8, 0.9), (0.9, 0.9)))
    told(store, 1, right, left, stays, events=[event_of(each) for each in (right, left, stays)])

    def found(**more: object) -> list[str]:
        wanted = Wanted(ALL, **more)  # type: ignore[arg-type]
        events: list[str] = [each.track for each in store.events(wanted).found]
        assert events == [each.id for each in store.tracks(wanted).found]
        return events

    assert found() == ["stays", "left", "right"]
    assert found(region=LEFT) == ["left", "right"]
    assert found(region=LEFT, then=RIGHT) == ["right"]
    assert found(region=RIGHT, then=LEFT) == ["left"]
    assert found(region=((0.8, 0.8), (1.0, 0.8), (1.0, 1.0), (0.8, 1.0))) == ["stays"]
    assert found(from_ns=at(15), to_ns=at(35)) == ["left"]
    assert found(kinds=frozenset({ObjectClass.CAR})) == []


def test_pages_lead_on_and_show_each_once(store: EventStore) -> None:
    parts = [walk(f"t{n:03}", n % 7, n % 7 + 2) for n in range(50)]
    told(store, 1, *parts, events=[event_of(each) for each in parts])
    seen: list[str] = []
    before = None
    while True:
        page = store.events(Wanted(ALL, before=before, most=7))
        seen += [each.id for each in page.found]
        before = page.before
        if before is None:
            break
    assert len(seen) == len(set(seen)) == 50


def test_nothing_is_told_of_footage_that_one_may_not_see(store: EventStore) -> None:
    parts = [walk("early", 0, 10), walk("over", 8, 14), walk("late", 20, 30),
             walk("other", 20, 30, camera=OTHER)]  # fmt: skip
    told(store, 1, *parts, events=[event_of(each) for each in parts])
    for times, expected in (
        ({CAMERA: [(at(12), at(40))]}, ["late"]),
        ({CAMERA: [(at(0), at(11)), (at(20), at(31))]}, ["late", "early"]),
        ({OTHER: [(0, 2**63 - 1)]}, ["other"]),
        ({}, []),
    ):
        found = store.events(Wanted(times)).found
        assert [each.track for each in found] == expected
        assert [each.id for each in store.tracks(Wanted(times)).found] == expected


# --- spans ----------------------------------------------------------------------------------------

_SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 30), st.sampled_from(Analysis)), max_size=25
)


@given(_SPANS)
def test_spans_lie_apart_in_order_and_joined_and_say_of_each_second_the_best(
    told_of: list[tuple[int, int, Analysis]],
) -> None:
    spans: list[AnalysisSpan] = []
    worth = {Analysis.SKIPPED: 0, Analysis.QUIET: 1, Analysis.ANALYSED: 2}
    best: dict[int, Analysis] = {}
    for begin, length, state in told_of:
        spans = laid_over(spans, span(begin, begin + length, state))
        for second in range(begin, begin + length):
            if worth[state] >= worth[best.get(second, Analysis.SKIPPED)]:
                best[second] = state
    for one, other in pairwise(spans):
        assert one.to_ns <= other.from_ns
        alike = (one.state, one.cause) == (other.state, other.cause)
        assert not (one.to_ns == other.from_ns and alike)
    found = {
        second: each.state
        for each in spans
        for second in range(
            (each.from_ns - BEGAN_NS) // NS_PER_S, (each.to_ns - BEGAN_NS) // NS_PER_S
        )
    }
    assert found == best


@pytest.mark.full
@given(_SPANS)
@settings(max_examples=25)
def test_the_database_keeps_spans_as_they_were_laid(
    tmp_path_factory: pytest.TempPathFactory, told_of: list[tuple[int, int, Analysis]]
) -> None:
    store = EventStore(tmp_path_factory.mktemp("spans") / "events.db")
    try:
        spans: list[AnalysisSpan] = []
        for number, (begin, length, state) in enumerate(told_of):
            new = span(begin, begin + length, state)
            spans = laid_over(spans, new)
            told(store, number, new)
            told(store, number, new)
        assert store.spans(CAMERA, 0, 2**62) == spans
        for each in spans:
            cut = store.spans(CAMERA, each.from_ns, each.to_ns)
            assert cut == [each]
    finally:
        store.close()


def test_what_was_recorded_and_nobody_told_of_is_skipped_and_not_silent() -> None:
    spans = [span(10, 20), span(30, 40, Analysis.QUIET)]
    recorded = [(at(0), at(35)), (at(50), at(60))]
    found = [
        ((each.from_ns - BEGAN_NS) // NS_PER_S, (each.to_ns - BEGAN_NS) // NS_PER_S, each.cause)
        for each in accounted(spans, recorded, CAMERA)
    ]
    lost = SkipCause.NOT_TOLD
    assert found == [
        (0, 10, lost), (10, 20, None), (20, 30, lost), (30, 40, None), (50, 60, lost),
    ]  # fmt: skip


@given(_SPANS, st.lists(st.tuples(st.integers(0, 100), st.integers(1, 20)), max_size=8))
def test_each_recorded_second_is_told_of_or_skipped_once(
    told_of: list[tuple[int, int, Analysis]], recordings: list[tuple[int, int]]
) -> None:
    spans: list[AnalysisSpan] = []
    for begin, length, state in told_of:
        spans = laid_over(spans, span(begin, begin + length, state))
    recorded, last = [], 0
    for begin, length in sorted(recordings):
        if begin > last:
            recorded.append((at(begin), at(begin + length)))
            last = begin + length
    found = accounted(spans, recorded, CAMERA)
    for one, other in pairwise(found):
        assert one.to_ns <= other.from_ns
    assert [each for each in found if each.cause is not SkipCause.NOT_TOLD] == spans

    def seconds(of: list[tuple[int, int]]) -> set[int]:
        return {
            second for a, b in of for second in range((a - BEGAN_NS) // NS_PER_S,
                                                      (b - BEGAN_NS) // NS_PER_S)
        }  # fmt: skip

    told = seconds([(each.from_ns, each.to_ns) for each in spans])
    assert seconds([(each.from_ns, each.to_ns) for each in found]) == told | seconds(recorded)


# --- motion ---------------------------------------------------------------------------------------


@pytest.mark.full
@given(
    st.lists(st.tuples(st.integers(0, 100_000), st.integers(1, 90), st.integers(1, 100))),
    st.sampled_from([1, 5, 60, 300, 3600, 86400]),
)
@settings(max_examples=25)
def test_buckets_of_any_zoom_are_sums_of_the_seconds(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[int, int, int]], bucket_s: int
) -> None:
    store = EventStore(tmp_path_factory.mktemp("motion") / "events.db")
    try:
        seconds: dict[int, int] = {}
        for number, (begin, length, percent) in enumerate(seen):
            told(store, number, moved(begin, begin + length, percent / 100))
            for second in range(begin, begin + length):
                value = max(1, round(percent / 100 * 255))
                seconds[second] = max(seconds.get(second, 0), value)
        expected: dict[int, list[int]] = {}
        for second, value in seconds.items():
            bucket = (BEGAN_NS // NS_PER_S + second) // bucket_s * bucket_s
            sums = expected.setdefault(bucket, [0, 0])
            sums[0], sums[1] = max(sums[0], value), sums[1] + 1
        found = store.density(CAMERA, at(0), at(200_000), bucket_s)
        assert [
            [each.from_ns // NS_PER_S, round(each.peak * 255), each.moving_s] for each in found
        ] == [[bucket, *sums] for bucket, sums in sorted(expected.items())]
    finally:
        store.close()


@given(st.integers(1, 400 * 86400), st.integers(1, 5000))
def test_a_bucket_is_chosen_so_that_few_enough_fill_the_span(length_s: int, most: int) -> None:
    bucket_s = bucket_for(at(0), at(length_s), most)
    assert length_s / bucket_s <= most
    assert any(each % bucket_s == 0 for each in (60, 3600, 86400)) or bucket_s % 86400 == 0


# --- reviews and alarms ---------------------------------------------------------------------------


def test_a_review_item_is_seen_until_something_joins_it(store: EventStore) -> None:
    early, late = walk("t1", 0, 10), walk("t2", 20, 30)
    first, second = event_of(early, review=R1), event_of(late, review=R1)
    told(store, 1, early, events=[first], reviews=[review_of(first)])
    store.mark_seen(ReviewId(R1), True, "ann", at(50))
    (item,) = store.reviews(Asked(ALL)).found
    assert (item.seen, item.seen_by, [each.id for each in item.events]) == (
        True, "ann", [first.id],
    )  # fmt: skip
    assert store.reviews(Asked(ALL, seen=False)).found == ()
    assert store.waiting(ALL) == (0, 0)
    grown = type(review_of(first))(
        id=ReviewId(R1), camera=CAMERA, from_ns=at(0), to_ns=at(30), open=True
    )
    told(store, 2, late, events=[second], reviews=[grown])
    (item,) = store.reviews(Asked(ALL, seen=False)).found
    assert (item.seen, len(item.events)) == (False, 2)
    assert store.waiting(ALL) == (1, 0)
    store.mark_seen(ReviewId(R1), True, "bob", at(60))
    store.mark_seen(ReviewId(R1), False, "bob", at(61))
    assert store.waiting(ALL) == (1, 0)
    with pytest.raises(NotFoundError):
        store.mark_seen(ReviewId("9" * 32), True, "bob", at(61))
    with pytest.raises(RefusedError):
        store.acknowledge(ReviewId(R1), "bob", at(61))


def test_an_alarm_is_acknowledged_by_the_first_and_carries_notes(store: EventStore) -> None:
    event = event_of(walk("t1", 0, 10), review=R1)
    told(store, 1, events=[event], reviews=[review_of(event, alarm=True)])
    assert store.waiting(ALL) == (1, 1)
    assert store.waiting({OTHER: [(0, 2**63 - 1)]}) == (0, 0)
    store.acknowledge(ReviewId(R1), "ann", at(20))
    store.acknowledge(ReviewId(R1), "bob", at(21))
    store.assign(ReviewId(R1), "bob", at(22))
    store.add_note(ReviewId(R1), "the cleaner", "bob", at(23))
    (alarm,) = store.reviews(Asked(ALL, alarms=True, acknowledged=True)).found
    assert (alarm.acknowledged_by, alarm.acknowledged_ns, alarm.assigned_to) == (
        "ann", at(20), "bob",
    )  # fmt: skip
    assert [(each.by, each.text) for each in alarm.notes] == [("bob", "the cleaner")]
    assert store.waiting(ALL) == (1, 0)


def test_an_alarm_is_given_with_its_note_or_not_at_all(store: EventStore) -> None:
    event = event_of(walk("t1", 0, 10), review=R1)
    told(store, 1, events=[event], reviews=[review_of(event, alarm=True)])
    store.assign(ReviewId(R1), "bob", at(20), "ann", "the gate again")
    for number in range(MOST_NOTES - 1):
        store.add_note(ReviewId(R1), f"{number}", "bob", at(21 + number))
    with pytest.raises(RefusedError):
        store.assign(ReviewId(R1), "cy", at(200), "bob", "one too many")
    alarm = store.review(ReviewId(R1))
    assert alarm is not None
    assert (alarm.assigned_to, len(alarm.notes)) == ("bob", MOST_NOTES)
    assert (alarm.notes[0].by, alarm.notes[0].text) == ("ann", "the gate again")
    store.assign(ReviewId(R1), "", at(201))
    alarm = store.review(ReviewId(R1))
    assert alarm is not None
    assert alarm.assigned_to == ""


# --- counts ---------------------------------------------------------------------------------------


def crossing(number: int, seconds: float, *, forward: bool = True) -> Crossing:
    return Crossing(
        id=made_id("x", number), camera=CAMERA, rule=RuleId("a" * 32), track=TrackId(f"t{number}"),
        kind=ObjectClass.CAR, at_ns=at(seconds),
        direction=Direction.FORWARD if forward else Direction.BACKWARD,
    )  # fmt: skip


def test_counts_are_the_same_after_their_crossings_are_folded(store: EventStore) -> None:
    hour_ns = 3600 * NS_PER_S
    crossings = [crossing(n, n * 100, forward=n % 3 > 0) for n in range(100)]
    told(store, 1, crossings=crossings)
    told(store, 2, crossings=crossings[:50])
    begin, end = at(0) // hour_ns * hour_ns, at(0) // hour_ns * hour_ns + 6 * hour_ns
    before = store.counts(ALL, begin, end, hour_ns)
    assert sum(each.forward + each.backward for each in before) == 100
    assert sum(each.backward for each in before) == 34
    store.forget(CAMERA, at(5000))
    assert store.counts(ALL, begin, end, hour_ns) == before
    assert (
        sum(each.forward + each.backward for each in store.counts(ALL, begin, end, 60 * NS_PER_S))
        == 100
    )
    store.forget(CAMERA, at(10**6))
    assert store.counts(ALL, begin, end, hour_ns) == before
    store.forget_camera(CAMERA)
    assert store.counts(ALL, begin, end, hour_ns) == ()
    assert store.cameras() == ()


def test_what_is_of_footage_that_is_gone_goes_with_it(store: EventStore) -> None:
    old, new = walk("old", 0, 10), walk("new", 100, 110)
    first, second = event_of(old, review=R1), event_of(new, review="2" * 32)
    tamper = Tampered(
        id="t", camera=CAMERA, kind=TamperKind.COVERED, from_ns=at(0), to_ns=at(5), confidence=1
    )
    items = old, new, span(0, 50), span(60, 120), moved(0, 5, 0.5)
    reviews = [review_of(first), review_of(second)]
    told(store, 1, *items, events=[first, second], reviews=reviews,
         tampers=[(tamper, ReviewId(R1))])  # fmt: skip
    store.mark_seen(ReviewId(R1), True, "ann", at(50))
    assert store.forget(CAMERA, at(55)) == 2
    assert [each.track for each in store.events(Wanted(ALL)).found] == ["new"]
    assert [each.id for each in store.tracks(Wanted(ALL)).found] == ["new"]
    assert [each.id for each in store.reviews(Asked(ALL)).found] == [second.review]
    assert [each.from_ns for each in store.spans(CAMERA, 0, 2**62)] == [at(60)]
    assert store.tampers(CAMERA, 0, 2**62) == []
    assert store.review(ReviewId(R1)) is None


def test_a_long_path_is_thinned_and_keeps_its_ends() -> None:
    points = walk("t", 0, 1000).points
    few = thinned(points, 100)
    assert (len(few), few[0], few[-1]) == (100, points[0], points[-1])


def test_what_was_written_since_is_told_once(store: EventStore) -> None:
    began = store.change()
    event = event_of(walk("t1", 0, 10), review=R1)
    told(store, 1, events=[event], reviews=[review_of(event)])
    first = store.changed(began)
    assert ([each.id for each in first.events], first.reviews) == ([event.id], (R1,))
    told(store, 2, span(0, 5))
    assert store.changed(first.number) == type(first)(first.number)
    store.mark_seen(ReviewId(R1), True, "ann", at(1))
    second = store.changed(first.number)
    assert (second.events, second.reviews, second.missed) == ((), (R1,), False)
    # Begun anew meanwhile: it counts from the beginning.
    assert store.changed(second.number + 1000).missed


def test_a_copy_is_made_while_reports_are_written(store: EventStore, tmp_path: Path) -> None:
    parts = [walk(f"t{n:03}", n, n + 5) for n in range(120)]
    told(store, 0, *parts, events=[event_of(each) for each in parts])
    over = threading.Event()

    def write() -> None:
        number = 1
        while not over.is_set():
            told(store, number, span(number, number + 1))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copy_database(tmp_path / "events.db", tmp_path / "copy.db")
    finally:
        over.set()
        writer.join()
    copy = EventStore(tmp_path / "copy.db")
    try:
        assert len(copy.events(Wanted(ALL, most=500)).found) == 120
    finally:
        copy.close()


def test_what_nobody_told_of_is_switched_off_where_that_was_so(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "e.db")
    looked = span(40, 50, Analysis.ANALYSED)
    store.write(Written(Report("s", 1, (looked,)), at(60)))
    store.put_switched_off(at(0), at(20))
    store.put_switched_off(at(0), at(30))
    off = store.switched_off(at(5), at(100))
    assert [(each.from_ns, each.to_ns) for each in off] == [(at(5), at(30))]
    spans = store.spans(CAMERA, at(5), at(100))
    found = accounted(spans, [(at(10), at(35)), (at(38), at(60))], CAMERA, off)
    assert [(each.from_ns, each.to_ns, each.cause) for each in found] == [
        (at(10), at(30), SkipCause.OFF), (at(30), at(35), SkipCause.NOT_TOLD),
        (at(38), at(40), SkipCause.NOT_TOLD), (at(40), at(50), None),
        (at(50), at(60), SkipCause.NOT_TOLD),
    ]  # fmt: skip
    assert {each.camera for each in found} == {CAMERA}
    assert store.cameras() == (CAMERA,)
    store.close()
