"""What is kept of a database is as new as its last commit, whoever made it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from watchglass.store.database import Database, Schema, Synchronous
from watchglass.store.kept_reading import KeptReading

_T = sa.MetaData()
_NUMBERS = sa.Table("numbers", _T, sa.Column("number", sa.Integer, primary_key=True))
_SCHEMA = Schema("numbers", _T, "make it anew")


def _open(path: Path) -> Database:
    return Database(path, _SCHEMA, synchronous=Synchronous.NORMAL)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = _open(tmp_path / "numbers.db")
    yield found
    found.close()


class _Counted:
    def __init__(self) -> None:
        self.reads = 0

    def __call__(self, connection: sa.Connection) -> list[int]:
        self.reads += 1
        return list(connection.scalars(sa.select(_NUMBERS.c.number).order_by(_NUMBERS.c.number)))


def _add(database: Database, number: int) -> None:
    with database.write() as connection:
        connection.execute(sa.insert(_NUMBERS).values(number=number))


def test_it_is_read_again_only_after_a_commit(database: Database) -> None:
    read = _Counted()
    kept = KeptReading(database, read)
    for number in range(1, 6):
        _add(database, number)
        assert kept() == kept() == list(range(1, number + 1))
    assert read.reads == 5
    with pytest.raises(sa.exc.IntegrityError):
        _add(database, 5)
    assert kept() == [1, 2, 3, 4, 5]


def test_another_process_commits(database: Database) -> None:
    kept = KeptReading(database, _Counted())
    assert kept() == []
    program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
    program += "c.execute('insert into numbers values (7)'); c.commit()"
    subprocess.run([sys.executable, "-c", program, str(database.path)], check=True)
    assert kept() == [7]


def test_what_failed_is_read_again(database: Database) -> None:
    fails = True

    def read(_connection: sa.Connection) -> str:
        if fails:
            raise ValueError
        return "read"

    kept = KeptReading(database, read)
    with pytest.raises(ValueError):
        kept()
    fails = False
    assert kept() == "read"


def test_nobody_sees_less_than_was_committed_before_he_asked(database: Database) -> None:
    """Three ask while one writes: nobody is given a state older than the last he can know of."""
    kept = KeptReading(database, _Counted())
    committed, short = 0, []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            known = committed
            found = kept()
            if len(found) < known:
                short.append((len(found), known))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for each in askers:
        each.start()
    for number in range(150):
        _add(database, number)
        committed = number + 1
    over.set()
    for each in askers:
        each.join()
    assert short == []
    assert len(kept()) == 150
