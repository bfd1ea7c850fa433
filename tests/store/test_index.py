"""No question to the index reads a whole table of a large site."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from watchglass.store import index_queries
from watchglass.store.database import Database, Synchronous
from watchglass.store.index_tables import META, SCHEMA
from watchglass.store.partial import for_postgresql

_OF_EVERYTHING = {"ALL_FILES", "BYTES_BY_CAMERA", "FILES"}
_LARGE = ("file", "run", "gap", "purged")
QUESTIONS = {
    name: question
    for name, question in vars(index_queries).items()
    if isinstance(question, sa.Select) and not name.startswith("_")
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "index.db", SCHEMA, synchronous=Synchronous.NORMAL)
    yield database
    database.close()


def plan(index: Database, name: str) -> list[str]:
    compiled = QUESTIONS[name].compile(dialect=sqlite.dialect(paramstyle="named"))
    with index.read() as connection:
        found = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}", dict.fromkeys(compiled.params, 1)
        )
        return [str(row[3]) for row in found]


@pytest.mark.parametrize("name", sorted(QUESTIONS.keys() - _OF_EVERYTHING))
def test_it_is_answered_by_an_index(index: Database, name: str) -> None:
    steps = plan(index, name)
    assert steps
    for step in steps:
        words = step.split()
        if words[0] == "SCAN" and words[1] in _LARGE:
            assert "USING INDEX" in step, step


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("FILES_BETWEEN", "file_at (stream=? AND wall_from>? AND wall_from<?)"),
        ("FILES_BETWEEN", "file_longest (stream=?)"),
        ("PLACES_BETWEEN", "file_longest (stream=?)"),
        ("OLDEST_CLOSED", "file_oldest (wall_to<?)"),
        ("OLDEST_CLOSED_OF_STREAM", "file_end (stream=? AND wall_to>? AND wall_to<?)"),
        ("NEWEST_CLOSED", "file_end (stream=? AND wall_to>?)"),
        ("LAST_ENDED_GAPS", "gap_at (stream=? AND wall_from<?)"),
        ("OPEN_FILES", "file_unclosed (state=?)"),
        ("DELETING_FILES", "file_unclosed (state=?)"),
        ("OPEN_RUNS", "run_open"),
        ("OPEN_GAPS", "gap_open (stream=? AND wall_to=?)"),
        ("ENDED_GAPS_BETWEEN", "gap_at (stream=? AND wall_from>? AND wall_from<?)"),
        ("ENDED_GAPS_BETWEEN", "gap_longest (stream=?)"),
        ("ENDED_GAPS_TOGETHER", "gap_at (stream=? AND wall_from>? AND wall_from<?)"),
        ("HOLES_OF_RUN", "gap_after (after_run=?)"),
    ],
)
def test_and_by_the_one_made_for_it(index: Database, name: str, by: str) -> None:
    assert any(by in step for step in plan(index, name)), plan(index, name)


def test_the_oldest_and_the_newest_need_no_sorting(index: Database) -> None:
    for name in ("OLDEST_CLOSED", "OLDEST_CLOSED_OF_STREAM", "NEWEST_CLOSED", "LAST_ENDED_GAPS"):
        assert not any("TEMP B-TREE" in step for step in plan(index, name)), plan(index, name)


def test_tables_and_questions_can_be_put_to_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for_postgresql(META)
    partial = set()
    for table in META.sorted_tables:
        assert str(sa.schema.CreateTable(table).compile(dialect=dialect))
        for each in table.indexes:
            made = str(sa.schema.CreateIndex(each).compile(dialect=dialect))
            if "WHERE" in made:
                partial.add(each.name)
    assert partial == {"run_open", "file_end", "file_oldest", "file_unclosed", "gap_open"}
    for question in QUESTIONS.values():
        assert str(question.compile(dialect=dialect))
