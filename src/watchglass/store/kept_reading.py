"""What was read from a database, kept until somebody commits.

For what is asked about every second and changes every week: asking whether there was a commit costs
some microseconds, and a query a hundred times as much.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import sqlalchemy as sa

from watchglass.store.database import Database

T = TypeVar("T")


class KeptReading(Generic[T]):
    """One reading of one database. Thread-safe; what it gives is shared, and must not be changed.

    Raises what ``read`` and ``Database`` do.
    """

    def __init__(self, database: Database, read: Callable[[sa.Connection], T]) -> None:
        self._database = database
        self._read = read
        self._lock = threading.Lock()
        self._found: tuple[int, T] | None = None

    def __call__(self) -> T:
        """As of the last commit, whoever made it."""
        with self._lock:
            # Asked first: what is committed while it is read is read again next time.
            commits = self._database.commits()
            if self._found is None or self._found[0] != commits:
                with self._database.read() as connection:
                    self._found = commits, self._read(connection)
            return self._found[1]
