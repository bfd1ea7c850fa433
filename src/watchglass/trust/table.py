"""Fact tables as files: CSV in UTF-8 with a fixed head, read strictly.

A user may replace a table, so what is in one is checked as carefully as what a stranger sends: a
row that is off stops the whole table, with its line and column named.
"""

import csv
import io
from collections.abc import Iterator

from watchglass.base.errors import ConfigError

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 100_000
MOST_CELL_CHARS = 1_500


class FactsError(ConfigError):
    """A fact table that cannot be used."""

    code = "facts"


class Row:
    """One row; ``text`` and its kin read a cell, and say where it is wrong."""

    def __init__(self, table: str, line: int, cells: dict[str, str]) -> None:
        self.table, self.line, self._cells = table, line, cells

    def text(self, column: str) -> str:
        """A cell that must hold something."""
        found = self._cells[column]
        if not found:
            raise self.wrong(column, "is empty")
        return found

    def maybe(self, column: str) -> str:
        return self._cells[column]

    def several(self, column: str, between: str = ";") -> tuple[str, ...]:
        """Texts with ``;`` between them."""
        return tuple(part.strip() for part in self._cells[column].split(between) if part.strip())

    def one_of(self, column: str, known: tuple[str, ...]) -> str:
        found = self._cells[column]
        if found not in known:
            raise self.wrong(column, f"is {found[:60]!r} and must be one of {', '.join(known)}")
        return found

    def number(self, column: str, least: int, most: int) -> int:
        found = self._cells[column]
        if not (found.isascii() and found.isdigit() and least <= int(found) <= most):
            raise self.wrong(column, f"is {found[:60]!r} and must be {least} to {most}")
        return int(found)

    def wrong(self, column: str, what: str) -> FactsError:
        return FactsError(
            f"The fact table {self.table} cannot be used: line {self.line}, column {column} {what}."
        )


def read_table(name: str, data: bytes, columns: tuple[str, ...]) -> Iterator[Row]:
    """The rows of a table whose head is exactly ``columns``. FactsError for what is off."""
    if len(data) > MOST_BYTES:
        raise FactsError(f"The fact table {name} is larger than {MOST_BYTES >> 20} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FactsError(f"The fact table {name} is not UTF-8 text.") from None
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        head = next(reader, [])
        if tuple(head) != columns:
            raise FactsError(
                f"The fact table {name} has other columns than {','.join(columns)}: "
                f"its first line is {','.join(head)[:200]!r}."
            )
        for count, cells in enumerate(reader):
            if count >= MOST_ROWS:
                raise FactsError(f"The fact table {name} has more than {MOST_ROWS} rows.")
            yield _row(name, reader.line_num, columns, cells)
    except csv.Error as error:
        raise FactsError(
            f"The fact table {name} is not CSV (line {reader.line_num}: {error})."
        ) from error


def _row(name: str, line: int, columns: tuple[str, ...], cells: list[str]) -> Row:
    if len(cells) != len(columns):
        raise FactsError(
            f"The fact table {name} cannot be used: line {line} has {len(cells)} cells, "
            f"not {len(columns)}."
        )
    row = Row(name, line, dict(zip(columns, cells, strict=True)))
    for column, cell in zip(columns, cells, strict=True):
        if len(cell) > MOST_CELL_CHARS or not cell.isprintable():
            raise row.wrong(column, "is too long or holds what does not print")
    return row
