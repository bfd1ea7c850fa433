"""The file is opened, brought up, and refused with a sentence where it cannot be."""

import gc
import os
import sqlite3
import subprocess
import sys
import threading
import weakref
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import (
    ConfigError,
    DamagedError,
    DiskFullError,
    StorageError,
    WriteFailedError,
)
from watchglass.store.database import Database, Schema, Synchronous, Upgrade
from watchglass.store.online_copy import copy_database

TABLES = sa.MetaData()
NOTES = sa.Table(
    "notes", TABLES, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text)
)
NEWER = sa.MetaData()
sa.Table(
    "notes",
    NEWER,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text),
    sa.Column("colour", sa.Text),
    sa.Column("size", sa.Integer),
)


FIRST = Schema("notes", TABLES, if_damaged="throw it away.")


def newer(*upgrades: Upgrade) -> Schema:
    return Schema("notes", NEWER, if_damaged="throw it away.", upgrades=upgrades)


def add_colour(connection: sa.Connection) -> None:
    connection.execute(sa.text("ALTER TABLE notes ADD COLUMN colour TEXT"))


def add_size(connection: sa.Connection) -> None:
    connection.execute(sa.text("ALTER TABLE notes ADD COLUMN size INTEGER"))


def fail(connection: sa.Connection) -> None:
    raise RuntimeError("an upgrade that fails")


def opened(
    path: Path,
    schema: Schema = FIRST,
    *,
    synchronous: Synchronous = Synchronous.NORMAL,
    disk: Disk | None = None,
    busy_timeout_s: float = 0.1,
    check: bool = False,
    erase_deleted: bool = False,
) -> Database:
    return Database(
        path,
        schema,
        synchronous=synchronous,
        disk=disk,
        busy_timeout_s=busy_timeout_s,
        check=check,
        erase_deleted=erase_deleted,
    )


def pragma(database: Database, name: str) -> object:
    with database.read() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def run(database: Database, *statements: str) -> None:
    """All in one transaction."""
    with database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def columns(database: Database) -> list[str]:
    with database.read() as connection:
        return [column["name"] for column in sa.inspect(connection).get_columns("notes")]


@pytest.mark.parametrize(
    ("synchronous", "number"), [(Synchronous.FULL, 2), (Synchronous.NORMAL, 1)]
)
def test_connections_are_set_up(tmp_path: Path, synchronous: Synchronous, number: int) -> None:
    database = opened(tmp_path / "x.db", synchronous=synchronous, erase_deleted=True)
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == number
    assert pragma(database, "foreign_keys") == 1
    assert pragma(database, "secure_delete") == 1
    assert pragma(database, "busy_timeout") == 100
    database.close()
    assert (tmp_path / "x.db").stat().st_mode & 0o777 == 0o600


def test_a_block_that_raises_leaves_nothing(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.db")
    with pytest.raises(sa.exc.OperationalError):
        run(
            database,
            "INSERT INTO notes (text) VALUES ('a')",
            "CREATE TABLE other (id INTEGER)",
            "a mistake",
        )
    with database.read() as connection:
        assert connection.execute(sa.select(NOTES)).all() == []
        assert not sa.inspect(connection).has_table("other")
    database.close()


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.db")
    with database.read() as reader:
        assert reader.execute(sa.select(NOTES)).all() == []
        with database.write() as writer:
            writer.execute(sa.insert(NOTES).values(text="a"))
        assert reader.execute(sa.select(NOTES)).all() == []
    database.close()


def test_two_writers_wait_for_each_other(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.db")
    with database.write(), pytest.raises(StorageError, match="held by another"), database.write():
        pytest.fail("two were let in")
    database.close()


def rollback_mode_writer(path: Path) -> sqlite3.Connection:
    """A file as it is for the moment between its making and WAL, held by a writer."""
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("CREATE TABLE other (id INTEGER)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO other VALUES (1)")
    return writer


def test_opening_waits_for_a_writer_of_a_file_not_yet_in_wal(tmp_path: Path) -> None:
    writer = rollback_mode_writer(tmp_path / "x.db")
    timer = threading.Timer(0.1, writer.commit)
    timer.start()
    database = opened(tmp_path / "x.db", busy_timeout_s=20)
    assert pragma(database, "journal_mode") == "wal"
    timer.join()
    writer.close()
    database.close()


def test_opening_gives_up_on_a_writer_that_stays(tmp_path: Path) -> None:
    writer = rollback_mode_writer(tmp_path / "x.db")
    with pytest.raises(StorageError, match="held by another"):
        opened(tmp_path / "x.db")
    writer.close()


def test_opening_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.db")
    with database.write():
        opened(tmp_path / "x.db", check=True).close()
    database.close()


def test_upgrades_run_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    opened(path).close()
    upgraded = opened(path, newer(add_colour, add_size))
    assert columns(upgraded) == ["id", "text", "colour", "size"]
    upgraded.close()
    again = opened(path, newer(fail, fail))
    again.close()
    new = opened(tmp_path / "new.db", newer(fail, fail))
    assert columns(new) == ["id", "text", "colour", "size"]
    new.close()


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    opened(path).close()
    with pytest.raises(RuntimeError):
        opened(path, newer(add_colour, fail))
    database = opened(path)
    assert columns(database) == ["id", "text"]
    database.close()


def test_an_upgrade_whose_copy_cannot_be_made_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    opened(path).close()
    in_its_way = tmp_path / ".x.db.notes-1.part"
    in_its_way.mkdir()
    with pytest.raises(WriteFailedError, match=r"notes-1\.part failed"):
        opened(path, newer(add_colour))
    in_its_way.rmdir()
    database = opened(path)
    assert columns(database) == ["id", "text"]
    database.close()


@pytest.mark.parametrize("target", ["taken.db", "missing/copy.db", "x.db/copy.db"])
def test_a_copy_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path, target: str) -> None:
    opened(tmp_path / "x.db").close()
    (tmp_path / "taken.db").write_bytes(b"somebody's")
    with pytest.raises(WriteFailedError, match=r"cannot be made .* its folder must belong"):
        copy_database(tmp_path / "x.db", tmp_path / target)
    assert (tmp_path / "taken.db").read_bytes() == b"somebody's"


def test_newer_and_too_old_schemas_are_refused(tmp_path: Path) -> None:
    opened(tmp_path / "new.db", newer(fail)).close()
    before = (tmp_path / "new.db").read_bytes()
    with pytest.raises(ConfigError, match=r"newer Watchglass \(schema 2, this one knows 1\)"):
        opened(tmp_path / "new.db")
    assert (tmp_path / "new.db").read_bytes() == before
    opened(tmp_path / "old.db").close()
    with pytest.raises(DamagedError, match=r"too old.*throw it away"):
        opened(tmp_path / "old.db", Schema("notes", NEWER, if_damaged="throw it away.", oldest=2))


@pytest.mark.parametrize("version", ["0", "-1", "'x'", "1.5"])
def test_a_senseless_version_is_damage(tmp_path: Path, version: str) -> None:
    opened(tmp_path / "x.db").close()
    raw(tmp_path / "x.db", f"UPDATE schema_version SET version = {version}")
    with pytest.raises(DamagedError, match="schema version"):
        opened(tmp_path / "x.db")


def raw(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_tables_of_somebody_else_are_not_mixed_in(tmp_path: Path) -> None:
    raw(tmp_path / "x.db", "CREATE TABLE notes (id INTEGER)")
    with pytest.raises(DamagedError, match="no schema version"):
        opened(tmp_path / "x.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database at all " * 400)
    with pytest.raises(DamagedError, match=r"x\.db is damaged.*throw it away"):
        opened(tmp_path / "x.db")


def filled(path: Path) -> None:
    database = opened(path)
    with database.write() as connection:
        connection.execute(sa.insert(NOTES), [{"text": "word " * 200} for _ in range(200)])
    database.close()


def test_a_file_cut_short_is_found_when_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    filled(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(DamagedError, match=r"x\.db"):
        opened(path, check=True)


def test_damage_inside_is_found_by_the_check_and_by_a_query(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    filled(path)
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\xff" * (len(content) - 4096 * 3)
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"x\.db"):
        opened(path, check=True)
    unchecked = opened(path)
    with pytest.raises(DamagedError), unchecked.read() as connection:
        connection.execute(sa.select(NOTES)).all()
    unchecked.close()


def test_text_that_is_not_utf8_is_damage(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.db")
    raw(tmp_path / "x.db", "INSERT INTO notes (text) VALUES (CAST(x'ff41' AS TEXT))")
    with pytest.raises(DamagedError, match="not UTF-8"), database.read() as connection:
        connection.execute(sa.select(NOTES)).all()
    database.close()


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        opened(tmp_path / "no" / "x.db")


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.db").mkdir()
    with pytest.raises(WriteFailedError, match="cannot be opened"):
        opened(tmp_path / "x.db")


def test_a_full_disk_when_it_is_made(tmp_path: Path) -> None:
    class FullDisk(Disk):
        def before(self, site: WriteSite, call: str, path: str) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(DiskFullError):
        opened(tmp_path / "x.db", disk=FullDisk())


def test_a_full_disk_later(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.db")
    with pytest.raises(DiskFullError, match=r"x\.db"):
        run(
            database,
            "PRAGMA max_page_count = 5",
            "INSERT INTO notes (text) VALUES (hex(zeroblob(100000)))",
        )
    database.close()


def test_a_mistake_of_ours_stays_one_and_prints_no_values(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.db")
    twice = sa.insert(NOTES).values([{"id": 1, "text": "hush"}, {"id": 1, "text": "hush"}])
    with pytest.raises(sa.exc.IntegrityError) as caught, database.write() as connection:
        connection.execute(twice)
    assert "hush" not in str(caught.value)
    database.close()


def test_odd_characters_in_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "a?b=c%20#d & 'e'"
    folder.mkdir()
    opened(folder / "file:x.db").close()
    assert (folder / "file:x.db").stat().st_size > 0


def test_threads_side_by_side(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.db", busy_timeout_s=20)

    def write() -> None:
        for _ in range(20):
            with database.write() as connection:
                most = connection.scalar(sa.select(sa.func.max(NOTES.c.id))) or 0
                connection.execute(sa.insert(NOTES).values(id=most + 1))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(NOTES)) == 80
    database.close()


MAKER = """
import sys, time
from pathlib import Path
import sqlalchemy as sa
from watchglass.store.database import Database, Schema, Synchronous
tables = sa.MetaData()
sa.Table("notes", tables, sa.Column("id", sa.Integer, primary_key=True))
go = Path(sys.argv[1])
print("ready", flush=True)
while not go.exists():
    pass
for number in range(10):
    Database(go.with_name(f"{number}.db"), Schema("notes", tables, "x"),
             synchronous=Synchronous.FULL, check=True).close()
"""


@pytest.mark.full
def test_processes_that_make_the_same_file_at_once(tmp_path: Path) -> None:
    go = tmp_path / "go"
    makers = [
        subprocess.Popen([sys.executable, "-c", MAKER, str(go)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for maker in makers:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
    go.touch()
    for maker in makers:
        maker.communicate(timeout=60)
        assert maker.returncode == 0


def _opened(path: Path) -> int:
    files = (Path("/proc/self/fd") / each for each in os.listdir("/proc/self/fd"))
    return sum(os.path.lexists(each) and os.path.realpath(each) == str(path) for each in files)


def test_as_many_files_are_open_however_often_it_is_read(tmp_path: Path) -> None:
    path = tmp_path.resolve() / "some.db"
    database = Database(path, FIRST, synchronous=Synchronous.NORMAL)
    at_first = _opened(path)

    def read(at_once: int) -> int:
        with ExitStack() as stack:
            for _ in range(at_once):
                stack.enter_context(database.read()).execute(sa.select(NOTES.c.id)).all()
        return _opened(path)

    assert [read(count) for count in (1, 2, 3, 4, 4, 1)] == [at_first] * 6
    # SQLite keeps the file of a connection more, and gives it to the next.
    most = read(8)
    assert [read(count) for count in (8, 5, 8, 8, 2)] == [most] * 5
    database.close()
    assert _opened(path) == 0


def test_what_is_left_of_cursors_is_there_from_the_start(tmp_path: Path) -> None:
    """Python drops it once there is that of 200, which takes an hour where little is asked."""

    def left() -> int:
        return sum(type(each) is weakref.ref and each() is None for each in gc.get_objects())

    before = left()
    with closing(opened(tmp_path / "notes")) as database:
        began, later = left(), []
        for number in range(300):
            with database.read() as connection:
                connection.execute(sa.select(NOTES.c.id)).all()
            if number % 20 == 0:
                later.append(left())
    assert began - before > 190
    assert max(later) <= began + 5
