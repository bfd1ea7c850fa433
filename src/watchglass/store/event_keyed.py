"""Rows that take the place of what has the same key, by statements that are made once.

Who writes the same few rows each second all day would spend more on making statements than on what
they do.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa


class Keyed:
    """A table as it is written by one key of it."""

    def __init__(self, table: sa.Table, *key: str) -> None:
        self._key = key
        self._gone = sa.delete(table).where(
            *(table.c[name] == sa.bindparam(f"key_{name}") for name in key)
        )
        self._new = sa.insert(table)

    def put(self, connection: sa.Connection, rows: Iterable[Mapping[str, object]]) -> None:
        """Insert, in the place of what has the same key; of two such rows the later holds."""
        newest = {tuple(row[name] for name in self._key): row for row in rows}
        if newest:
            self.delete(connection, newest)
            connection.execute(self._new, [*newest.values()])

    def delete(self, connection: sa.Connection, keys: Iterable[tuple[object, ...]]) -> None:
        """Without the rows of these keys."""
        gone = [
            {f"key_{name}": value for name, value in zip(self._key, key, strict=True)}
            for key in keys
        ]
        if gone:
            connection.execute(self._gone, gone)
