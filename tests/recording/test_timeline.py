"""Every moment is told exactly once, and nothing is made up."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.story_making import CAMERA, MAIN, Story, ToldRun
from tests.second_reader import catalogue as reader_catalogue
from tests.second_reader import timeline as reader_timeline
from tests.second_reader.ledger import read_ledger
from tests.second_reader.mediafile import MediaFile
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, GapId, RunId, random_id
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.model.timeline import Span, SpanKind, StreamTimeline
from watchglass.recording.timeline import summary, timeline
from watchglass.store.index import FileRow, GapRow, PurgedRow

BEGAN_NS = 1_700_000_000 * NS_PER_S
EVER = (0, 2**62)


@contextmanager
def told() -> Iterator[Story]:
    with TemporaryDirectory() as folder:
        story = Story(Path(folder))
        story.add()
        try:
            yield story
        finally:
            story.close()


def line_of(story: Story, from_ns: int = EVER[0], to_ns: int = EVER[1]) -> StreamTimeline:
    with story.index.read() as index:
        return timeline(index, CAMERA, MAIN, from_ns, to_ns, story.clock.wall_ns())


def words(line: StreamTimeline) -> list[tuple[str, int]]:
    """What each span is, and its length in whole seconds."""
    return [(span.cause or span.kind.value, round(span.seconds)) for span in line.spans]


# --- one thing at a time ----------------------------------------------------------------------


def test_gap_run_gap() -> None:
    with told() as story:
        story.wait(7)
        story.start()
        story.record(10)
        story.next_file()
        story.record(20)
        story.end(GapCause.STALLED)
        story.wait(3)
        story.cause(GapCause.CAMERA_UNREACHABLE)
        story.wait(4)
        line = line_of(story)
    assert words(line) == [
        ("waiting_key_frame", 7), ("media", 30), ("stalled", 3), ("camera_unreachable", 4)
    ]  # fmt: skip
    assert (line.from_ns, line.to_ns) == (BEGAN_NS, BEGAN_NS + 44 * NS_PER_S)
    assert line.overlaps == ()


def test_hole_belongs_to_its_run() -> None:
    with told() as story:
        story.start()
        story.record(10)
        story.hole(5)
        story.record(10)
        story.end(GapCause.STALLED)
        line = line_of(story)
    assert words(line) == [("media", 10), ("camera_dropped", 5), ("media", 10)]
    runs = {span.run for span in line.spans}
    assert len(runs) == 1
    assert line.spans[1].gap is not None


def test_hole_across_two_files() -> None:
    with told() as story:
        story.start()
        story.record(10)
        story.hole(8, GapCause.OVERLOAD)
        story.next_file()
        story.record(10)
        line = line_of(story)
    assert words(line) == [("media", 10), ("overload", 8), ("media", 10)]


def test_open_file_is_media_and_the_rest_is_pending_for_five_seconds() -> None:
    with told() as story:
        story.start()
        story.record(10)
        story.wait(5)
        assert words(line_of(story)) == [("media", 10), ("pending", 5)]
        now_ns = story.clock.wall_ns()
        assert words(line_of(story, now_ns - 2 * NS_PER_S)) == [("pending", 2)]
        story.wait(1)
        assert words(line_of(story)) == [("media", 10), ("unaccounted", 6)]


def test_a_run_that_only_began_is_pending() -> None:
    with told() as story:
        story.wait(4)
        story.start()
        story.wait(2)
        assert words(line_of(story)) == [("waiting_key_frame", 4), ("pending", 2)]


def test_what_nothing_claims_is_not_filled() -> None:
    with told() as story:
        story.start()
        story.record(5)
        story.end(GapCause.STALLED)
        story.write(story.book.close_gap(MAIN, story.clock.wall_ns() + NS_PER_S))
        story.wait(3)
        story.cause(GapCause.STALLED)
        story.wait(3)
        assert words(line_of(story)) == [
            ("media", 5), ("stalled", 1), ("unaccounted", 2), ("stalled", 3)
        ]  # fmt: skip
        assert story.run is None
        assert words(line_of(story, to_ns=BEGAN_NS + 7 * NS_PER_S))[-1] == ("unaccounted", 1)


def test_unaccounted_before_media_is_never_pending() -> None:
    with told() as story:
        story.write(story.book.close_gap(MAIN, BEGAN_NS))
        story.wait(2)
        story.start()
        story.record(1)
        assert words(line_of(story)) == [("unaccounted", 2), ("media", 1)]
        assert words(line_of(story, to_ns=BEGAN_NS + 2 * NS_PER_S)) == [("unaccounted", 2)]


def test_two_runs_at_once_are_both_told_and_the_later_shown() -> None:
    with told() as story:
        story.start()
        story.record(30)
        story.end(GapCause.CLOCK_STEP)
        story.clock.step_wall(-20 * NS_PER_S)
        story.start()
        story.record(40)
        line = line_of(story)
    assert words(line) == [("media", 10), ("media", 40)]
    first, second = line.spans
    assert first.run != second.run
    assert line.overlaps == ((second.from_ns, second.from_ns + 20 * NS_PER_S),)


def test_the_earlier_run_shows_where_the_later_one_has_a_hole_or_ended() -> None:
    with told() as story:
        story.start()
        story.record(30)
        story.end(GapCause.CLOCK_STEP)
        story.clock.step_wall(-25 * NS_PER_S)
        story.start()
        story.record(5)
        story.hole(5)
        story.record(5)
        story.end(GapCause.STALLED)
        story.wait(20)
        line = line_of(story)
    assert words(line) == [
        ("media", 5), ("media", 5), ("media", 5), ("media", 5), ("media", 10), ("stalled", 10)
    ]  # fmt: skip
    assert [line.spans[at].run == line.spans[0].run for at in range(5)] == [
        True, False, True, False, True
    ]  # fmt: skip
    assert [round((to - begins) / NS_PER_S) for begins, to in line.overlaps] == [5, 5]


def test_media_found_inside_a_gap_wins() -> None:
    with told() as story:
        story.wait(30)
        run, story.run = story.run, None
        assert run is None
        # Adopted after a crash: a run that began while the gap was open in the ledger.
        story.clock.step_wall(-20 * NS_PER_S)
        found = RunId(random_id())
        story.write([("run_started", {"run": found, "stream": "main", "wall": str(BEGAN_NS)})])
        told_run = ToldRun(found)
        story.open_file(told_run)
        story.run = told_run
        story.record(5)
        story.close_file(told_run)
        story.write([("run_ended", {"run": found, "stream": "main", "media": "450000"})])
        story.run = None
        story.wait(15)
        line = line_of(story)
    assert words(line) == [("waiting_key_frame", 10), ("media", 5), ("waiting_key_frame", 15)]


def test_purged_files_are_gaps_and_holes_in_them_keep_their_cause() -> None:
    with told() as story:
        story.start()
        story.record(10)
        story.hole(5)
        story.record(5)
        story.next_file()
        story.record(10)
        story.next_file()
        story.record(10)
        story.purge(1)
        assert words(line_of(story)) == [
            ("retention", 10), ("camera_dropped", 5), ("retention", 5), ("media", 20)
        ]  # fmt: skip
        story.purge(1, GapCause.MEDIA_MISSING)
        assert words(line_of(story))[3:] == [("media_missing", 10), ("media", 10)]


def test_removed_camera_is_not_accounted_for_after_its_end() -> None:
    with told() as story:
        story.start()
        story.record(5)
        story.end(GapCause.DISABLED)
        story.wait(2)
        story.write([("camera_removed", {})])
        story.wait(60)
        assert words(line_of(story)) == [("media", 5), ("disabled", 2)]


def test_window_is_cut() -> None:
    with told() as story:
        story.start()
        story.record(20)
        line = line_of(story, BEGAN_NS + 3 * NS_PER_S, BEGAN_NS + 8 * NS_PER_S)
        assert [(span.from_ns, span.to_ns) for span in line.spans] == [
            (BEGAN_NS + 3 * NS_PER_S, BEGAN_NS + 8 * NS_PER_S)
        ]
        assert line_of(story, 0, BEGAN_NS).spans == ()
        assert line_of(story, BEGAN_NS + 3, BEGAN_NS + 2).spans == ()


def test_a_stream_that_was_never_added_is_not_found() -> None:
    with told() as story, story.index.read() as index:
        with pytest.raises(NotFoundError):
            timeline(index, CAMERA, StreamName.SUB, *EVER, story.clock.wall_ns())
        with pytest.raises(NotFoundError):
            timeline(index, CameraId("ee" * 16), MAIN, *EVER, story.clock.wall_ns())


def test_summary() -> None:
    with told() as story:
        story.wait(7)
        story.start()
        story.record(10)
        story.hole(5)
        story.record(10)
        story.end(GapCause.STALLED)
        story.wait(3)
        story.start()
        story.record(20)
        story.wait(1)
        with story.index.read() as index:
            told_now = summary(index, CAMERA, MAIN, *EVER, story.clock.wall_ns())
        assert told_now.recorded_s == pytest.approx(40)
        assert told_now.pending_s == pytest.approx(1)
        assert told_now.unaccounted_s == 0
        assert [(total.cause, total.count, round(total.seconds)) for total in told_now.causes] == [
            (GapCause.WAITING_KEY_FRAME, 1, 7),
            (GapCause.CAMERA_DROPPED, 1, 5),
            (GapCause.STALLED, 1, 3),
        ]
        assert told_now.whole_since_ns == BEGAN_NS + 35 * NS_PER_S
        assert told_now.media_bytes == 2000 + 1000
        story.end(GapCause.STALLED)
        story.wait(1)
        with story.index.read() as index:
            told_now = summary(index, CAMERA, MAIN, *EVER, story.clock.wall_ns())
        assert told_now.whole_since_ns is None


def test_thousands_of_gaps_are_fast() -> None:
    count = 2000
    with told() as story:
        at_ns = BEGAN_NS
        story.write(story.book.close_gap(MAIN, at_ns))
        with story.index.write() as index:
            for _ in range(count):
                gap = GapId(random_id())
                index.open_new_gap(gap, CAMERA, MAIN, GapCause.STALLED, at_ns, None, None)
                at_ns += NS_PER_S
                index.close_gap(gap, at_ns, None, None)
        story.wait(count)
        began = time.process_time()
        line = line_of(story)
        assert time.process_time() - began < 1
        assert len(line.spans) == count


# --- against an oracle, and against the second reader -----------------------------------------

Step = Callable[[Story], None]

_CAUSES = st.sampled_from([GapCause.STALLED, GapCause.CAMERA_UNREACHABLE, GapCause.PAUSED])


def _ended(story: Story, cause: GapCause) -> None:
    if story.run is not None:
        story.end(cause)


def _started(story: Story) -> None:
    if story.run is None:
        story.start()
        story.record(1)


def _in_run(step: Step) -> Step:
    def only_in_run(story: Story) -> None:
        if story.run is not None:
            step(story)

    return only_in_run


def _holed(story: Story, seconds: int) -> None:
    story.hole(seconds)
    story.record(1)


def _filed(story: Story) -> None:
    story.next_file()
    story.record(1)


def _stepped(story: Story, seconds: int) -> None:
    """As the recorder does: a clock that was set ends the run."""
    went_on = story.run is not None
    if went_on:
        story.end(GapCause.CLOCK_STEP)
    story.clock.step_wall(seconds * NS_PER_S)
    if went_on:
        story.start()
        story.record(1)


STEPS = st.lists(
    st.one_of(
        st.integers(1, 9).map(lambda s: lambda story: story.wait(s) if not story.run else None),
        st.just(_started),
        st.just(_started),
        st.tuples(st.integers(1, 12), st.sampled_from([0.0, 0.3, 2.0])).map(
            lambda told: _in_run(lambda story: story.record(told[0], told[1]))
        ),
        st.integers(2, 6).map(lambda s: _in_run(lambda story: _holed(story, s))),
        st.just(_in_run(_filed)),
        _CAUSES.map(lambda cause: lambda story: _ended(story, cause)),
        _CAUSES.map(lambda cause: lambda story: story.cause(cause)),
        st.integers(-30, 10).map(lambda s: lambda story: _stepped(story, s)),
        st.integers(1, 3).map(lambda n: lambda story: story.purge(n)),
    ),
    max_size=25,
)
DRIFTS = st.sampled_from([0, 0, 200_000, -3_000_000])


@pytest.mark.full
@given(steps=STEPS, drift_ppb=DRIFTS)
def test_spans_tile_and_agree_with_the_oracle(steps: list[Step], drift_ppb: int) -> None:
    with told() as story:
        story.drift_ppb = drift_ppb
        for step in steps:
            step(story)
        story.cycle()
        line = line_of(story)
        _check_tiling(line)
        _check_oracle(story, line)
        _check_reader(story, line)
        middle_ns = (line.from_ns + line.to_ns) // 2
        _check_tiling(line_of(story, middle_ns - 7 * NS_PER_S, middle_ns + 7 * NS_PER_S))


def _check_tiling(line: StreamTimeline) -> None:
    if line.from_ns >= line.to_ns:
        assert line.spans == ()
        return
    assert line.spans[0].from_ns == line.from_ns
    assert line.spans[-1].to_ns == line.to_ns
    for span, following in pairwise(line.spans):
        assert span.from_ns < span.to_ns == following.from_ns
    # Drift is guessed from arrivals, so an open run may seem to end a moment ago.
    assert not line.of(SpanKind.UNACCOUNTED), words(line)


@dataclass(frozen=True)
class _Rows:
    files: list[FileRow]
    gaps: list[GapRow]
    purged: list[PurgedRow]

    def holes_at(self, at_ns: int, run: RunId | None = None) -> list[GapRow]:
        return [
            gap for gap in self.gaps
            if gap.media_from is not None and gap.wall_to is not None
            and gap.wall_from <= at_ns < gap.wall_to
            and run in (None, gap.after_run)
        ]  # fmt: skip

    def runs_at(self, at_ns: int) -> set[RunId]:
        return {
            file.run for file in self.files
            if file.wall_from <= at_ns < file.wall_to and not self.holes_at(at_ns, file.run)
        }  # fmt: skip

    def start_of(self, run: RunId) -> int:
        first = min((file for file in self.files if file.run == run), key=lambda f: f.sequence)
        return first.wall_from - first.media_from * 100_000 // 9

    def at(self, at_ns: int, now_ns: int) -> tuple[SpanKind, object]:
        runs = self.runs_at(at_ns)
        if runs:
            # Of two that began in the same nanosecond either may be shown.
            last_ns = max(map(self.start_of, runs))
            return SpanKind.MEDIA, {run for run in runs if self.start_of(run) == last_ns}
        if holes := self.holes_at(at_ns):
            return SpanKind.GAP, {gap.cause for gap in holes}
        if gone := {row.cause for row in self.purged if row.wall_from <= at_ns < row.wall_to}:
            return SpanKind.GAP, gone
        gaps = {
            gap.cause for gap in self.gaps
            if gap.wall_from <= at_ns < (now_ns if gap.wall_to is None else gap.wall_to)
        }  # fmt: skip
        return (SpanKind.GAP, gaps) if gaps else (SpanKind.UNACCOUNTED, None)


def _span_at(line: StreamTimeline, at_ns: int) -> Span:
    return next(span for span in line.spans if span.from_ns <= at_ns < span.to_ns)


def _check_oracle(story: Story, line: StreamTimeline) -> None:
    with story.index.read() as index:
        rows = _Rows(
            index.files_between(CAMERA, MAIN, *EVER),
            index.gaps_between(CAMERA, MAIN, *EVER),
            index.purged_between(CAMERA, MAIN, *EVER),
        )
    for at_ns in range(line.from_ns + NS_PER_S // 3, line.to_ns, NS_PER_S):
        span = _span_at(line, at_ns)
        kind, what = rows.at(at_ns, line.to_ns)
        if span.kind is SpanKind.PENDING:
            assert kind is SpanKind.UNACCOUNTED
            continue
        assert span.kind is kind
        assert isinstance(what, set)
        assert (span.run if kind is SpanKind.MEDIA else span.cause) in what
        doubled = any(begins <= at_ns < to for begins, to in line.overlaps)
        assert doubled == (len(rows.runs_at(at_ns)) > 1)


@dataclass
class _Stub:
    """As much of a media file as the second reader's timeline asks for."""

    video_end: int


def _check_reader(story: Story, line: StreamTimeline) -> None:
    """Media and gaps lie where a reader says that knows only ledger and format."""
    made = reader_catalogue.build(read_ledger(story.folder / "ledger", CAMERA))
    still_open = {(str(run), n): file.media_to for (run, n), file in story.book.files.items()}
    media = {
        key: cast(MediaFile, _Stub(still_open.get(key, 0)))
        for key, record in made.files.items()
        if not record.deleted
    }
    theirs = reader_timeline.build(made, "main", reader_timeline.AtHand(media, set()), line.to_ns)
    for at_ns in range(line.from_ns + NS_PER_S // 3, line.to_ns, NS_PER_S):
        span = _span_at(line, at_ns)
        found = [each for each in theirs.spans if each.start <= at_ns < each.end]
        if span.kind is SpanKind.PENDING:
            assert not found
            continue
        (each,) = found
        assert (span.cause or reader_timeline.MEDIA) == each.what
    within = [(max(begins, line.from_ns), min(to, line.to_ns)) for begins, to in theirs.overlaps]
    # A clock set back behind the camera's beginning leaves a line without length.
    assert list(line.overlaps) == [(begins, to) for begins, to in within if begins < to]
