"""The index: which files and gaps lie where in UTC. A cache of the ledgers, never the truth.

A row for each file and gap, none for fragments. Rows are made from ledger lines by
``recording.fold`` alone; ``applied`` says how far each ledger has been folded in, in the same
transaction, so a crash leaves an index that is merely behind.

Walls are UTC nanoseconds, media times 1/90000 s of the run. A gap keeps both what it refers to
(a run, a media time) and where that lies as of now; when a file is placed anew, what refers to it
moves with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from watchglass.store.database import CACHE_KIB, SELDOM_CACHE_KIB, Database, Synchronous
from watchglass.store.index_reader import IndexReader
from watchglass.store.index_rows import (
    CLOSED,
    DELETING,
    OPEN,
    ErasureRow,
    FileRow,
    GapRow,
    HoldRow,
    ImportRow,
    PurgedRow,
    StreamRow,
)
from watchglass.store.index_tables import SCHEMA
from watchglass.store.index_writer import IndexWriter

__all__ = [
    "CLOSED",
    "DELETING",
    "OPEN",
    "ErasureRow",
    "FileRow",
    "GapRow",
    "HoldRow",
    "ImportRow",
    "IndexReader",
    "IndexStore",
    "IndexWriter",
    "PurgedRow",
    "StreamRow",
]


_FILLING_CACHE_KIB = 16 * 1024


class IndexStore:
    """The index database. One writer (the keeper), any number of readers."""

    def __init__(
        self, path: Path, *, check: bool = False, to_fill: bool = False, seldom: bool = False
    ) -> None:
        """Open or make it; DamagedError when it cannot be used (``check`` reads all of it).

        ``to_fill``: millions of rows are about to come, in no order of their own. ``seldom``: it is
        asked every few minutes, and what it read stays with the system alone.
        """
        kib = SELDOM_CACHE_KIB if seldom else CACHE_KIB
        self._database = Database(
            path, SCHEMA, synchronous=Synchronous.NORMAL, check=check,
            cache_kib=_FILLING_CACHE_KIB if to_fill else kib,
        )  # fmt: skip

    @contextmanager
    def read(self) -> Iterator[IndexReader]:
        """Ask; sees one consistent state."""
        with self._database.read() as connection:
            yield IndexReader(connection)

    @contextmanager
    def write(self) -> Iterator[IndexWriter]:
        """Change, in one transaction; undone on an exception.

        DamagedError when what was written cannot all be true.
        """
        try:
            with self._database.write() as connection:
                writer = IndexWriter(connection)
                yield writer
                writer.flush()
        except (IntegrityError, OverflowError) as error:
            raise self._database.damaged("ledger lines contradict each other") from error

    def close(self) -> None:
        self._database.close()
