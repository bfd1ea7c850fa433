"""What is put on the screen: for people on a terminal, plain lines elsewhere, JSON when asked.

Text of cameras and of other people is hostile: it is made printable here, and never read as
markup. Nothing but what was asked for goes to standard output; remarks and errors to the other.
"""

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDEST = 100
_QUIET = "dim"
AMBER = "yellow"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``wraps`` where there may be much text."""

    head: str
    right: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """Text with a style, where it says more than the others."""

    text: str
    style: str = ""


Row = Sequence[str | Cell]


def printable(text: str) -> str:
    """``text`` with everything escaped that does not print: control characters, bidi marks."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape", "surrogatepass").decode("ascii")


class Screen:
    """Standard output and standard error, or what is given in their stead."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out = Console(file=out or sys.stdout, highlight=False, emoji=False, markup=False)
        self.err = Console(file=err or sys.stderr, highlight=False, emoji=False, markup=False)

    @property
    def live(self) -> bool:
        """Whether somebody watches: then things may move and be asked."""
        return self.out.is_terminal and not self.out.is_dumb_terminal

    def say(self, sentence: str = "", style: str = "") -> None:
        _write(self.out, sentence, style)

    def hint(self, sentence: str) -> None:
        """What could be done next."""
        _write(self.out, sentence, _QUIET)

    def command(self, line: str) -> None:
        """A line to be copied: never broken."""
        if self.out.is_terminal:
            self.out.print(Text("  " + printable(line), "bold"), soft_wrap=True)
        else:
            self.out.file.write(f"  {printable(line)}\n")
            self.out.file.flush()

    def remark(self, sentence: str) -> None:
        """Beside what was asked for: on standard error."""
        _write(self.err, sentence, AMBER)

    def error(self, sentence: str) -> None:
        _write(self.err, sentence, "bold red" if self.err.is_terminal else "")

    def json(self, value: Any) -> None:
        self.out.file.write(json.dumps(value, ensure_ascii=True) + "\n")
        self.out.file.flush()

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        if self.out.is_terminal:
            self.out.print(table(columns, rows))
            return
        plain = [[column.head for column in columns]]
        plain += [[printable(_cell(cell).text) for cell in row] for row in rows]
        widths = [max(len(row[at]) for row in plain) for at in range(len(columns))]
        for row in plain:
            cells = [
                text.rjust(width) if column.right else text.ljust(width)
                for text, width, column in zip(row, widths, columns, strict=True)
            ]
            self.out.file.write("  ".join(cells).rstrip() + "\n")

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something goes on; nothing where nobody watches."""
        if not self.err.is_terminal:
            yield
            return
        with self.err.status(Text(printable(what), _QUIET), spinner="dots"):
            yield

    def confirm(self, question: str) -> bool:
        """Ask; no is the answer to everything but yes. Only where somebody watches."""
        self.err.print(Text(f"{printable(question)} [y/N] "), end="", soft_wrap=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def table(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    """A table without lines: space divides it."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=_QUIET)
    for column in columns:
        made.add_column(
            Text(column.head),
            justify="right" if column.right else "left",
            no_wrap=not column.wraps,
            overflow="fold" if column.wraps else "ellipsis",
        )
    for row in rows:
        cells = [_cell(cell) for cell in row]
        made.add_row(*(Text(printable(cell.text), cell.style) for cell in cells))
    return made


def _cell(cell: str | Cell) -> Cell:
    return cell if isinstance(cell, Cell) else Cell(cell)


def _write(console: Console, sentence: str, style: str) -> None:
    """A paragraph. On a terminal words are kept whole, so that a path can be copied."""
    sentence = printable(sentence)
    if not console.is_terminal:
        console.file.write(sentence + "\n")
        console.file.flush()
        return
    lines = textwrap.wrap(
        sentence, min(console.width, _WIDEST), break_long_words=False, break_on_hyphens=False
    )
    console.print(Text("\n".join(lines), style), soft_wrap=True)
