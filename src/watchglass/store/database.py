"""One SQLite file: opened, checked, brought to this version's schema, and its errors mapped.

All SQL that only SQLite understands is here, so that the tables of ``site`` and ``index`` can lie
on PostgreSQL as they are. A transaction is always explicit: ``read`` sees one moment, ``write``
takes the write lock before its first statement, so that what it reads cannot change under it.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy import event, exc

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import (
    ConfigError,
    DamagedError,
    DiskFullError,
    OutdatedError,
    StorageError,
    WatchglassError,
    WriteFailedError,
)
from watchglass.store.online_copy import copy_database

Upgrade: TypeAlias = Callable[[sa.Connection], None]

_VERSIONS = sa.Table(
    "schema_version",
    sa.MetaData(),
    sa.Column("what", sa.String(32), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_REFUSED = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY})
# Another process that makes the same new file holds it for one short transaction.
_WAL_TRIES = 100
# SQLite leaves a file open whose connection is closed while there are others: its locks are the
# process's. So connections are not opened as they are asked for, and seldom beyond these.
_KEPT = 4
_MOST_CONNECTIONS = 15
CACHE_KIB = 256
SELDOM_CACHE_KIB = 32
"""Of a database that is asked every few minutes: what was read is not needed again soon."""
_CURSORS = 200
"""Of so many Python keeps what is left of them, 80 bytes each, for each connection."""


class Synchronous(StrEnum):
    """What a commit waits for: the disk, or nothing (a power loss may take the last commits)."""

    FULL = "FULL"
    NORMAL = "NORMAL"


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables as this version has them, and the way there from each older one.

    ``upgrades[0]`` takes version ``oldest`` to the next, and so on; a new file gets ``tables`` at
    once. An upgrade never changes once released, and must not use ``tables``: those move on. A
    cache has none: it raises ``oldest`` with each change, and is made anew. ``name`` tells these
    tables from others in the same database; ``if_damaged`` says what the user can do.
    """

    name: str
    tables: sa.MetaData
    if_damaged: str
    upgrades: tuple[Upgrade, ...] = ()
    oldest: int = 1

    @property
    def version(self) -> int:
        return self.oldest + len(self.upgrades)


class Database:
    """A database file and its connections. Thread-safe; other processes may have it open too.

    Raises ConfigError (a newer schema, a folder that cannot hold it), DamagedError, OutdatedError
    (a schema too old to be brought up), and StorageError for what the disk or a lock refuses, here
    and from within both transactions.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        *,
        synchronous: Synchronous,
        disk: Disk | None = None,
        busy_timeout_s: float = 10.0,
        check: bool = False,
        erase_deleted: bool = False,
        cache_kib: int = CACHE_KIB,
    ) -> None:
        """Open ``path``, made where missing (0600); its folder must exist.

        An older file is brought up in one transaction, or left as it was; a copy of it stays beside
        it, as ``<name>.<schema>-<version>``. ``check`` reads the
        whole file for damage first; ``erase_deleted`` overwrites with zeros what is deleted.
        ``cache_kib`` is for each connection: the system keeps the file's pages anyway, and what
        SQLite keeps besides fills for days in a process that runs for months.
        """
        self.path = path.absolute()
        self.schema = schema
        self._pragmas = (
            f"busy_timeout = {round(busy_timeout_s * 1000)}",
            "foreign_keys = ON",
            f"cache_size = {-cache_kib}",
            f"synchronous = {synchronous}",
            f"secure_delete = {'ON' if erase_deleted else 'FAST'}",
        )
        self._disk = disk or Disk()
        self._make_file()
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(self.path)),
            pool_size=_KEPT,
            max_overflow=_MOST_CONNECTIONS - _KEPT,
            # Who comes alone always has the same one: each has a cache of pages, and Python keeps
            # what is left of the last 200 cursors of each.
            pool_use_lifo=True,
            hide_parameters=True,  # an error that is logged must not carry a user or a secret
        )
        self._watch: sqlite3.Cursor | None = None
        self._watch_lock = threading.Lock()
        self._writer = self._engine.execution_options(takes_write_lock=True)
        event.listen(self._engine, "connect", self._on_connect)
        event.listen(self._engine, "begin", _on_begin)
        try:
            self._use_wal()
            if check:
                self._check()
            with self.read() as connection:
                current = self._is_current(connection)
            if not current:  # else opening would wait for whoever writes
                with self.write() as connection:
                    self._bring_up(connection)
            self._fill_pool()
        except BaseException:
            self.close()
            raise

    def read(self) -> AbstractContextManager[sa.Connection]:
        """A transaction for reading; it sees the database as it is at its first statement."""
        return self._transaction(self._engine)

    def write(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that is alone in writing; kept when the block ends, undone when it raises.

        Waits for another writer up to the busy time-out, then StorageError.
        """
        return self._transaction(self._writer)

    def commits(self) -> int:
        """Another number than before once anybody has committed, here or in another process.

        Some microseconds: it reads shared memory, and no page of the file.
        """
        with self._mapping(), self._watch_lock:
            if self._watch is None:
                # Its own, and it never writes: SQLite tells each connection of others' commits.
                watching = sqlite3.connect(self.path, check_same_thread=False)
                self._on_connect(watching, None)
                # Always the same cursor: a connection keeps what is left of its last 200.
                self._watch = watching.cursor()
            ((found,),) = self._watch.execute("PRAGMA data_version").fetchall()
            return int(found)

    def close(self) -> None:
        """Close all connections; the last process to do so folds the log into the file."""
        with self._watch_lock:
            if self._watch is not None:
                self._watch.connection.close()
                self._watch = None
        self._engine.dispose()

    def damaged(self, what: str) -> DamagedError:
        """The error for content that no version of us has written."""
        return DamagedError(
            f"The database {self.path} is damaged ({what}): {self.schema.if_damaged}"
        )

    # --- opening ---------------------------------------------------------------------------

    def _make_file(self) -> None:
        # SQLite would make it with the umask's rights; log and shared memory take the file's.
        if self.path.exists():
            return
        if not self.path.parent.is_dir():
            raise ConfigError(
                f"The folder {self.path.parent} for the database does not exist: "
                "create it or set another data folder."
            )
        try:
            os.close(self._disk.create(WriteSite.SETTINGS, self.path, 0o600))
        except WriteFailedError:
            if not self.path.exists():  # else another process was first
                raise
        self._disk.sync_folder(WriteSite.SETTINGS, self.path.parent)

    def _on_connect(self, connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own implicit transactions leave out DDL and the first reads.
        connection.isolation_level = None
        for pragma in self._pragmas:
            connection.execute(f"PRAGMA {pragma}")

    def _use_wal(self) -> None:
        # The busy time-out does not hold for this statement, and only a new file needs it.
        for attempt in range(1, _WAL_TRIES + 1):
            try:
                mode = self._pragma("journal_mode = WAL")
            except StorageError:
                if attempt == _WAL_TRIES:
                    raise
                with self.write():  # wait for the other process, as long as a writer would
                    continue
            if mode != "wal":
                raise ConfigError(
                    f"The folder {self.path.parent} cannot hold a database that several processes "
                    "share (a network file system?): set the data folder to a local disk."
                )
            return

    def _fill_pool(self) -> None:
        """Open all connections that are kept; more are opened while asked for, and closed again.

        The one that is used from now on begins with as many cursors behind it as it remembers: what
        is left of them would come in an hour or a day, where it cannot be told from a leak.
        """
        with self._mapping(), ExitStack() as stack:
            kept = [
                stack.enter_context(closing(self._engine.raw_connection())) for _ in range(_KEPT)
            ]
            # It is fresh: there were fewer until now.
            for _ in range(_CURSORS - len(self._pragmas)):
                kept[-1].cursor()
            # The last to be given back is the next to be taken.
            for each in kept:
                each.close()

    def _check(self) -> None:
        found = self._pragma("quick_check(1)")
        if found != "ok":
            raise self.damaged(str(found).splitlines()[-1])

    def _pragma(self, pragma: str) -> object:
        with self._mapping(), closing(self._engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {pragma}")
            row = cursor.fetchone()
            cursor.close()
            return None if row is None else row[0]

    def _is_current(self, connection: sa.Connection) -> bool:
        if not sa.inspect(connection).has_table(_VERSIONS.name):
            return False
        found = sa.select(_VERSIONS.c.version).where(_VERSIONS.c.what == self.schema.name)
        return bool(connection.scalar(found) == self.schema.version)

    def _bring_up(self, connection: sa.Connection) -> None:
        _VERSIONS.create(connection, checkfirst=True)
        ours = _VERSIONS.c.what == self.schema.name
        found = connection.scalar(sa.select(_VERSIONS.c.version).where(ours))
        if found is None:
            self._create(connection)
            return
        if not isinstance(found, int) or found < 1:
            raise self.damaged(f"its schema version is {found!r}")
        if found > self.schema.version:
            raise ConfigError(
                f"The database {self.path} was written by a newer Watchglass (schema {found}, this "
                f"one knows {self.schema.version}): install the newer version again, or restore a "
                "backup made before it."
            )
        if found < self.schema.oldest:
            raise OutdatedError(
                f"The database {self.path} was written by a Watchglass too old for this one "
                f"(schema {found}): {self.schema.if_damaged}"
            )
        if found < self.schema.version:
            self._keep(found)
            for upgrade in self.schema.upgrades[found - self.schema.oldest :]:
                upgrade(connection)
            connection.execute(sa.update(_VERSIONS).where(ours).values(version=self.schema.version))

    def _keep(self, found: int) -> None:
        """A copy of the file as the older version left it; nobody else writes meanwhile.

        One that is there is of an upgrade that was undone, and says the same.
        """
        kept = self.path.with_name(f"{self.path.name}.{self.schema.name}-{found}")
        if not kept.exists():
            partial = kept.with_name(f".{kept.name}.part")
            self._disk.unlink(WriteSite.SETTINGS, partial)
            copy_database(self.path, partial)
            self._disk.replace(WriteSite.SETTINGS, partial, kept)
            self._disk.sync_folder(WriteSite.SETTINGS, kept.parent)

    def _create(self, connection: sa.Connection) -> None:
        if set(sa.inspect(connection).get_table_names()) & set(self.schema.tables.tables):
            raise self.damaged("it has tables and no schema version")
        self.schema.tables.create_all(connection)
        connection.execute(
            sa.insert(_VERSIONS).values(what=self.schema.name, version=self.schema.version)
        )

    # --- transactions and errors -----------------------------------------------------------

    @contextmanager
    def _transaction(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        with self._mapping(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _mapping(self) -> Iterator[None]:
        try:
            yield
        except exc.TimeoutError as error:
            raise StorageError(
                f"The database {self.path} has too many readers at once: try again."
            ) from error
        except (exc.DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, exc.DBAPIError) else error
            mapped = self._mapped(cause) if isinstance(cause, sqlite3.Error) else None
            if mapped is None:
                raise  # a mistake of ours, such as a broken constraint
            raise mapped from error

    def _mapped(self, error: sqlite3.Error) -> WatchglassError | None:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:  # raised by the driver, not by SQLite
            return self.damaged("not UTF-8") if "decode to UTF-8" in str(error) else None
        primary = code & 0xFF
        if primary in _DAMAGED:
            return self.damaged(str(error))
        if primary in _BUSY:
            return StorageError(
                f"The database {self.path} is held by another process for too long: try again, "
                "and look for a process that hangs."
            )
        if primary == sqlite3.SQLITE_FULL:
            return DiskFullError(
                f"No room left to write {self.path}: free some space or shorten retention."
            )
        if primary in _REFUSED:
            return WriteFailedError(
                f"The database {self.path} cannot be opened for writing ({error}): it and its "
                "folder must belong to the user that runs Watchglass."
            )
        if primary == sqlite3.SQLITE_IOERR:
            return WriteFailedError(
                f"Reading or writing {self.path} failed ({error}): check the disk and its mount."
            )
        return None


def _on_begin(connection: sa.Connection) -> None:
    # IMMEDIATE: a reader that turns writer midway fails at once, without waiting.
    write = connection.get_execution_options().get("takes_write_lock", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
