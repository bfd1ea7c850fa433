"""Reports become events, once: whatever is told twice, and wherever a worker is cut off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.store.understood import CAMERA, at, moved, span, walk
from watchglass.app.event_work import EventWork
from watchglass.base.clock import SimulatedClock
from watchglass.base.errors import StorageError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.analysis import Report, Tampered, TamperKind, Understood
from watchglass.model.area import Area, AreaId, AreaKind
from watchglass.model.detection import Box
from watchglass.model.event import Event
from watchglass.model.event_work import FromEventsWorker, MarkTold
from watchglass.model.look_back import LATE
from watchglass.model.notice_event import EventTold, ReviewTold
from watchglass.model.object_track import TrackId, TrackPart
from watchglass.model.rule import Direction, Rule, RuleId, RuleKind
from watchglass.store.event_reviews import Asked
from watchglass.store.event_rows import Counted
from watchglass.store.event_search import Wanted
from watchglass.store.event_writer import Written
from watchglass.store.events import EventStore

ALL = {CAMERA: [(0, 2**63 - 1)]}
LINE = Area(
    id=AreaId("1" * 32), camera=CAMERA, name="gate", kind=AreaKind.LINE,
    points=((0.5, 0.0), (0.5, 1.0)),
)  # fmt: skip
RULES = (
    Rule(id=RuleId("a" * 32), camera=CAMERA, name="moves", kind=RuleKind.MOTION),
    Rule(
        id=RuleId("b" * 32), camera=CAMERA, name="crosses", kind=RuleKind.CROSSING, area=LINE.id,
        alarm=True, notify=True,
    ),
    Rule(id=RuleId("c" * 32), camera=CAMERA, name="counts", kind=RuleKind.COUNTING, area=LINE.id),
)  # fmt: skip


class Bed:
    """A database, and workers on it one after the other."""

    def __init__(self, folder: Path) -> None:
        self.store = EventStore(folder / "events.db")
        self.clock = SimulatedClock(at(0))
        self.said: list[FromEventsWorker] = []
        self.session = random_id()
        self.number = 0
        self.work = self.begin()

    def begin(self) -> EventWork:
        """One more worker: the last was killed."""
        work = EventWork(self.store, self.clock, self.said.append)
        work.resume(RULES, (LINE,))
        self.work = work
        return work

    def report(self, *items: Understood, job: str = "") -> Report:
        self.number += 1
        return Report(self.session, self.number, items, job)

    def events(self) -> list[Event]:
        return sorted(self.store.events(Wanted(ALL)).found, key=lambda each: each.id)

    def counted(self) -> tuple[Counted, ...]:
        return self.store.counts(ALL, at(0), at(100_000), 3600 * 10**9)

    def pass_time(self, seconds: float) -> None:
        self.clock.step_wall(at(seconds) - self.clock.wall_ns())
        self.work.pass_time()


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path)
    yield made
    made.store.close()


def pieces(part: TrackPart, count: int) -> list[TrackPart]:
    """A track as it is told: some points at a time, its end with the last."""
    step = max(1, -(-len(part.points) // count))
    cuts = [part.points[n : n + step] for n in range(0, len(part.points), step)]
    return [
        TrackPart(
            camera=part.camera, track=part.track, kind=part.kind, points=points,
            detector=part.detector, end=part.end if points is cuts[-1] else None,
        )
        for points in cuts
    ]  # fmt: skip


def test_a_walk_over_a_line_is_events_a_count_a_review_item_marks_and_a_notice(bed: Bed) -> None:
    bed.work.take(bed.report(walk("t", 0, 8), span(0, 10), moved(0, 8, 0.1)))
    bed.pass_time(200)
    kinds = {each.why.rule.kind: each for each in bed.events()}
    assert set(kinds) == {RuleKind.MOTION, RuleKind.CROSSING}
    crossing = kinds[RuleKind.CROSSING]
    assert crossing.why.direction is Direction.BACKWARD
    assert crossing.to_ns is not None
    (counted,) = bed.counted()
    assert (counted.forward, counted.backward) == (0, 1)
    (review,) = bed.store.reviews(Asked(ALL)).found
    assert (review.alarm, review.open, len(review.events)) == (True, False, 2)
    marks = [each for each in bed.said if isinstance(each, MarkTold)]
    assert min(each.from_ns for each in marks) <= at(1)
    assert max(each.to_ns for each in marks) >= at(7)
    (notice,) = [each for each in bed.said if isinstance(each, ReviewTold)]
    assert (notice.review, notice.alarm) == (review.id, True)
    told = [(each.event, each.to_ns is None) for each in bed.said if isinstance(each, EventTold)]
    assert {each for each, _ in told} == {each.id for each in bed.events()}


def test_what_is_told_again_is_not_taken_again(bed: Bed) -> None:
    report = bed.report(walk("t", 0, 8))
    bed.work.take(report)
    said = len(bed.said)
    bed.work.take(report)
    bed.begin().take(report)
    assert len(bed.events()) == 2
    assert sum(each.forward + each.backward for each in bed.counted()) == 1
    assert bed.store.last(bed.session) == 1
    assert len(bed.said) >= said


@pytest.mark.full
@settings(max_examples=15)
@given(cuts=st.sets(st.integers(0, 11), max_size=5), count=st.integers(3, 12))
def test_wherever_workers_are_cut_off_the_same_is_found(
    tmp_path_factory: pytest.TempPathFactory, cuts: set[int], count: int
) -> None:
    """Killed before a report is written, or after it and before that is told."""
    tracks = [walk("one", 0, 9), walk("two", 3, 12, way=((0.9, 0.4), (0.1, 0.4)))]
    reports = [
        list(items) for items in zip(*(pieces(track, count) for track in tracks), strict=False)
    ]

    def run(folder: Path, killed: set[int]) -> tuple[list[Event], tuple[Counted, ...]]:
        bed = Bed(folder)
        try:
            told: list[Report] = []

            def begin() -> None:
                """Whatever is not written is told again."""
                bed.begin()
                for each in told:
                    bed.work.take(each)

            for number, items in enumerate(reports):
                if number in killed and number % 2:
                    begin()
                told.append(bed.report(*items))
                bed.work.take(told[-1])
                if number in killed:
                    begin()
            bed.pass_time(1000)
            return bed.events(), bed.counted()
        finally:
            bed.store.close()

    whole = run(tmp_path_factory.mktemp("whole"), set())
    cut = run(tmp_path_factory.mktemp("cut"), cuts)
    assert [each.id for each in cut[0]] == [each.id for each in whole[0]]
    assert [(each.from_ns, each.to_ns) for each in cut[0]] == [
        (each.from_ns, each.to_ns) for each in whole[0]
    ]
    assert cut[1] == whole[1]


def test_an_event_that_nobody_goes_on_with_is_over_where_it_was_seen_last(bed: Bed) -> None:
    part = walk("t", 0, 8, end=None)
    bed.work.take(bed.report(part))
    (moving,) = [each for each in bed.events() if each.why.rule.kind is RuleKind.MOTION]
    assert moving.to_ns is None
    # Its rule went while no worker was there.
    work = EventWork(bed.store, bed.clock, bed.said.append)
    work.resume(RULES[1:], (LINE,))
    (moving,) = [each for each in bed.events() if each.why.rule.kind is RuleKind.MOTION]
    assert moving.to_ns == moving.path[-1].at_ns


def test_what_the_disk_refuses_is_written_when_it_takes_it(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = bed.report(walk("t", 0, 8))
    with monkeypatch.context() as full:

        def write(*_: Written) -> None:
            raise StorageError("full")

        full.setattr(bed.store, "write", write)
        with pytest.raises(StorageError):
            bed.work.take(report)
        assert (bed.work.behind, bed.said) == (True, [])
    bed.work.write_due()
    assert not bed.work.behind
    assert len(bed.events()) == 2
    assert bed.said


def test_what_is_nothing_to_anybody_is_written_a_second_later_and_all_at_once(bed: Bed) -> None:
    written: list[int] = []
    write = bed.store.write

    def count(*several: Written) -> None:
        written.append(len(several))
        write(*several)

    bed.store.write = count  # type: ignore[method-assign]
    for number in range(3):
        bed.work.take(bed.report(span(number, number + 1)))
    bed.work.write_due()
    assert bed.work.behind
    assert bed.store.last(bed.session) is None
    bed.clock.advance(10**9)
    bed.work.write_due()
    assert (bed.work.behind, written) == (False, [3])
    assert (bed.store.last(bed.session), len(bed.store.spans(CAMERA, 0, 2**62))) == (3, 1)
    bed.work.take(bed.report(span(3, 4)))
    bed.work.take(bed.report(walk("t", 4, 8)))
    assert (bed.work.behind, written) == (False, [3, 2])


def test_a_look_at_the_past_finds_for_itself_alone(bed: Bed) -> None:
    job = "e" * 32
    bed.work.take(bed.report(walk("old", 0, 8), span(0, 10), job=job))
    assert bed.events() == []
    assert bed.store.waiting(ALL) == (0, 0)
    assert bed.counted() == ()
    assert bed.said == []
    found = bed.store.events(Wanted(ALL, job=job)).found
    assert {each.why.rule.kind for each in found} == {RuleKind.MOTION, RuleKind.CROSSING}
    # What was looked at was looked at, whoever asked for it.
    assert len(bed.store.spans(CAMERA, at(0), at(10))) == 1


def test_what_is_made_up_for_is_found_as_if_it_had_been_then_and_hours_later_is_no_news(
    bed: Bed,
) -> None:
    bed.pass_time(20_000)
    bed.work.take(bed.report(walk("now", 20_000, 20_008)))
    bed.said.clear()
    before = len(bed.events())
    for piece in pieces(walk("late", 0, 8), 5):
        bed.work.take(bed.report(piece, job=f"{LATE}x"))
        bed.pass_time(20_010)
    late = [each for each in bed.events() if each.track == "late"]
    assert len(late) == before
    assert all(each.review is not None for each in late)
    assert not any(isinstance(each, ReviewTold) for each in bed.said)
    assert any(isinstance(each, MarkTold) for each in bed.said)


def test_a_look_at_the_past_goes_on_after_a_crash(bed: Bed) -> None:
    job = "e" * 32
    first, second = pieces(walk("old", 0, 8), 2)
    bed.work.take(bed.report(first, job=job))
    bed.begin().take(bed.report(second, job=job))
    found = bed.store.events(Wanted(ALL, job=job)).found
    assert {each.why.rule.kind for each in found} == {RuleKind.MOTION, RuleKind.CROSSING}
    assert all(each.to_ns is not None for each in found)


def test_a_look_that_was_cut_off_and_begins_anew_finds_each_thing_once(bed: Bed) -> None:
    job = "e" * 32
    early, cut, again = walk("early", 0, 4), walk("cut", 20, 24), walk("again", 20, 28)
    bed.work.take(bed.report(early, cut, job=job))
    bed.work.take(replace(bed.report(job=job), anew_ns=at(19)))
    bed.work.take(bed.report(again, job=job))
    found = bed.store.events(Wanted(ALL, job=job)).found
    assert {each.track for each in found} == {"early", "again"}
    assert {part.track for part in bed.store.parts(CAMERA, at(0), at(99), job=job)} == {
        "early", "again",
    }  # fmt: skip
    # Told again by whoever was not answered, it erases nothing that came since.
    bed.work.take(replace(bed.report(job=job), anew_ns=at(19), number=bed.number - 2))
    assert len(bed.store.events(Wanted(ALL, job=job)).found) == len(found)


def test_a_look_that_was_cut_off_goes_on_before_what_was_there(bed: Bed) -> None:
    job = "e" * 32
    for track, begin, end in (("gone", 0, 9), ("first", 12, 25), ("second", 24, 33)):
        bed.work.take(bed.report(walk(track, begin, end), job=job))
    assert bed.store.resumed_ns(job, at(30), at(0)) == at(12)
    assert bed.store.resumed_ns(job, at(30), at(20)) == at(20)
    assert bed.store.resumed_ns(job, at(11), at(0)) == at(11)
    assert bed.store.resumed_ns("f" * 32, at(30), at(0)) == at(30)


def test_what_is_made_up_for_twice_is_there_once(bed: Bed) -> None:
    first, _ = pieces(walk("late", 0, 8), 2)
    bed.work.take(bed.report(first, job=f"{LATE}x"))
    bed.work.take(replace(bed.report(job=f"{LATE}x"), anew_ns=at(0)))
    bed.work.take(bed.report(walk("late", 0, 8), job=f"{LATE}x"))
    kinds = [each.why.rule.kind for each in bed.events()]
    assert sorted(kinds) == [RuleKind.CROSSING, RuleKind.MOTION]
    assert sum(each.forward + each.backward for each in bed.counted()) == 1


def test_a_covered_view_waits_for_those_on_duty(bed: Bed) -> None:
    def told(to_s: float | None) -> Tampered:
        return Tampered(
            id="t1", camera=CAMERA, kind=TamperKind.COVERED, from_ns=at(5),
            to_ns=at(to_s) if to_s is not None else None, confidence=0.9,
        )  # fmt: skip

    bed.work.take(bed.report(told(None)))
    assert bed.store.waiting(ALL) == (1, 1)
    bed.work.take(bed.report(told(60)))
    (review,) = bed.store.reviews(Asked(ALL, alarms=True)).found
    assert (review.open, [each.to_ns for each in review.tampers]) == (False, [at(60)])
    assert [each for each in bed.said if isinstance(each, MarkTold)]


def test_other_rules_hold_from_when_they_are_told(bed: Bed) -> None:
    bed.work.use((), ())
    bed.work.take(bed.report(walk("t", 0, 8)))
    assert bed.events() == []
    bed.work.use(RULES, (LINE,))
    bed.work.take(bed.report(walk("u", 20, 28)))
    assert len(bed.events()) == 2


def test_what_has_no_sense_is_left_out_and_the_rest_is_kept(bed: Bed) -> None:
    good = walk("t", 0, 8)
    point = good.points[0]
    odd: list[Understood] = [
        replace(good, camera=CameraId("../x")),
        replace(good, track=TrackId("x" * 65)),
        replace(good, track=TrackId("")),
        replace(good, track=TrackId("u"), points=(replace(point, at_ns=2**63),)),
        replace(good, track=TrackId("v"), points=(replace(point, at_ns=-1),)),
        replace(good, track=TrackId("w"), points=good.points[::-1]),
        span(10, 0),
        replace(span(0, 10), to_ns=2**70),
        Tampered(
            id="t", camera=CAMERA, kind=TamperKind.COVERED, from_ns=5, to_ns=2,
            confidence=float("nan"),
        ),
    ]  # fmt: skip
    nowhere = replace(
        good, track=TrackId("nan"),
        points=(replace(point, box=Box(float("nan"), -5, 7, float("inf")), confidence=9.0),),
    )  # fmt: skip
    bed.work.take(bed.report(*odd, nowhere, good, moved(0, 5, float("nan"))))
    assert {each.id for each in bed.store.tracks(Wanted(ALL)).found} == {"t", "nan"}
    assert bed.store.spans(CAMERA, 0, 2**62) == []
    assert bed.store.last(bed.session) == 1
