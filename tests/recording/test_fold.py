"""An index is the same, however the lines of its ledger came to it, and finds what it has."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recording.keeper_making import answers_of
from tests.recording.story_making import CAMERA, MAIN
from tests.recording.test_timeline import BEGAN_NS, STEPS, Step, told
from watchglass.base.clock import NS_PER_S
from watchglass.model.gap import GapCause
from watchglass.recording.fold import catch_up, fold_lines
from watchglass.recording.ledger import Ledger, Line
from watchglass.store import index_writer
from watchglass.store.index import IndexReader, IndexStore


@contextmanager
def folded(lines: list[Line], batch: int) -> Iterator[IndexStore]:
    """A new index, with so many lines in a transaction."""
    with TemporaryDirectory() as folder:
        store = IndexStore(Path(folder) / "index.db")
        for first in range(0, len(lines), batch):
            with store.write() as index:
                fold_lines(index, CAMERA, lines[first : first + batch])
        yield store
        store.close()


@settings(max_examples=min(100, settings().max_examples))
@given(steps=STEPS, batch=st.integers(2, 40), most_known=st.integers(0, 4))
def test_transactions_make_no_difference(steps: list[Step], batch: int, most_known: int) -> None:
    with told() as story, pytest.MonkeyPatch.context() as patched:
        for step in steps[:10]:  # each line is a transaction
            step(story)
        lines = list(story.ledger.lines())
        patched.setattr(index_writer, "_MOST_KNOWN", most_known)
        with folded(lines, 1) as single, folded(lines, batch) as several:
            assert answers_of(several, [CAMERA]) == answers_of(single, [CAMERA])


def test_what_waits_is_in_every_answer() -> None:
    with told() as story:
        story.start()
        story.record(3)
        story.next_file()
        story.record(3)
        assert story.run is not None
        run = story.run.id
        with TemporaryDirectory() as folder:
            store = IndexStore(Path(folder) / "index.db")
            with store.write() as index:
                fold_lines(index, CAMERA, story.ledger.lines())
                within = _asked(index)
                last = index.last_file(run)
            with store.read() as index:
                assert _asked(index) == within
                assert index.last_file(run) == last
            store.close()


def _asked(index: IndexReader) -> list[object]:
    return [
        list(index.all_files()),
        index.files_between(CAMERA, MAIN, 0, 1 << 62),
        index.open_files(),
        index.file_keys(CAMERA, MAIN),
        index.oldest_closed(None, 10),
        index.oldest_closed_of(CAMERA, 1 << 62, 10),
        index.bytes_by_camera(),
    ]


def test_a_transaction_that_fails_leaves_nothing() -> None:
    with told() as story, folded([], 1) as store:
        story.start()
        story.record(3)
        empty = answers_of(store, [CAMERA])
        with pytest.raises(ZeroDivisionError):
            _fold_and_fail(store, list(story.ledger.lines()))
        assert answers_of(store, [CAMERA]) == empty


def _fold_and_fail(store: IndexStore, lines: list[Line]) -> None:
    with store.write() as index:
        fold_lines(index, CAMERA, lines)
        raise ZeroDivisionError


def test_an_index_that_is_behind_is_brought_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchglass.recording.fold._BATCH", 3)
    with told() as story:
        for _ in range(4):
            story.start()
            story.record(2)
            story.next_file()
            story.record(2)
            story.wait(3)
            story.write(story.book.place())
        lines = list(Ledger.read_lines(story.ledger.folder))
        for known in (0, 1, len(lines) - 1, len(lines)):
            with folded(lines[:known], len(lines)) as store:
                catch_up(store, CAMERA, story.ledger.folder, len(lines))
                with folded(lines, len(lines)) as whole:
                    assert answers_of(store, [CAMERA]) == answers_of(whole, [CAMERA])


@pytest.mark.full
@settings(max_examples=min(100, settings().max_examples))
@given(
    steps=STEPS,
    spans=st.lists(st.tuples(st.integers(-5, 150), st.integers(0, 60)), min_size=1, max_size=8),
)
def test_what_is_told_of_a_span_touches_it(steps: list[Step], spans: list[tuple[int, int]]) -> None:
    """However long some are, and wherever the clock was set to."""
    with told() as story:
        for step in steps:
            step(story)
        story.cycle()
        with story.index.read() as index:
            files = index.files_between(CAMERA, MAIN, -(1 << 62), 1 << 62)
            gaps = index.gaps_between(CAMERA, MAIN, -(1 << 62), 1 << 62)
            assert len(files) == len(list(index.all_files()))
            for first, length in spans:
                begins = BEGAN_NS + first * NS_PER_S
                ends = begins + length * NS_PER_S
                assert index.files_between(CAMERA, MAIN, begins, ends) == [
                    row for row in files if row.wall_from < ends and row.wall_to > begins
                ]
                assert index.gaps_between(CAMERA, MAIN, begins, ends) == [
                    row
                    for row in gaps
                    if row.wall_from < ends and (row.wall_to is None or row.wall_to > begins)
                ]
                together = Counter[GapCause]()
                for row in index.gaps_between(CAMERA, MAIN, begins, ends):
                    there = min(ends, row.wall_to or ends) - max(begins, row.wall_from)
                    together[row.cause] += there
                assert index.missing_ns(CAMERA, MAIN, begins, ends) == together


def test_the_oldest_of_a_camera_come_first() -> None:
    with told() as story:
        story.start()
        for _ in range(5):
            story.record(2)
            story.next_file()
        with story.index.read() as index:
            ends = [row.wall_to for row in index.oldest_closed(None, 100)]
            assert ends == sorted(ends)
            assert len(ends) == 5
            for limit in (1, 3, 9):
                assert index.oldest_closed_of(CAMERA, ends[3], limit) == (
                    index.oldest_closed(ends[3], limit)
                )
