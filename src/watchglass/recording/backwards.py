"""The lines of a ledger from the newest back, some at a time: for who reads what happened last."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from watchglass.base.errors import DamagedError, StorageError, UsageError
from watchglass.recording.canonical import MOST_LINE_BYTES
from watchglass.recording.ledger import Line, parse_line
from watchglass.recording.linelog import month_files

_CHUNK_BYTES = 1 << 16
_PLACE = re.compile(r"([0-9]{4}-[0-9]{2}):([0-9]{1,15})")


def lines_back(folder: Path, before: str = "") -> Iterator[tuple[str, Line]]:
    """Lines from the newest on, or from the one ahead of ``before``, each with its place.

    Somebody may be writing: a last line, or batch, that is not whole yet is left out. UsageError
    for a place that is none; DamagedError for a line that cannot be read.
    """
    month, end = _place(before) if before else (None, None)
    files = [path for path in month_files(folder) if month is None or path.stem <= month]
    whole = bool(before)
    for path in reversed(files):
        upto = end if path.stem == month else None
        for offset, raw in _back(path, upto):
            try:
                line = parse_line(raw)
            except DamagedError as error:
                if whole:
                    raise DamagedError(f"{path.name}: {error.sentence}") from error
                continue
            # What ends the newest batch was not written yet, or its writer died of it.
            if line.more and not whole:
                continue
            whole = True
            yield f"{path.stem}:{offset}", line


def raw_lines_back(folder: Path) -> Iterator[bytes]:
    """The bytes of lines in month files, from the newest whole one on, without line feeds."""
    for path in reversed(month_files(folder)):
        for _, raw in _back(path, None):
            yield raw


def _place(text: str) -> tuple[str, int]:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise UsageError("This is no place in the log: read it from the newest entry on.")
    return found[1], int(found[2])


def _back(path: Path, end: int | None) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each line that ends before ``end``, last first, without line feeds."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            yield from _lines(file, size if end is None else min(end, size))
    except OSError as error:
        raise StorageError(f"Reading {path} failed ({error}): check the disk.") from error


def _lines(file: BinaryIO, at: int) -> Iterator[tuple[int, bytes]]:
    read = b""  # what lies from ``at`` on, up to the end of the line that is given next
    whole = False
    while at > 0:
        begin = max(0, at - _CHUNK_BYTES)
        file.seek(begin)
        read = file.read(at - begin) + read
        at = begin
        if not whole:
            # Behind the last line feed lies nothing, or a line that is being written.
            read = read[: read.rfind(b"\n") + 1]
            whole = bool(read)
        while (cut := read.rfind(b"\n", 0, max(0, len(read) - 1))) >= 0:
            yield at + cut + 1, read[cut + 1 : -1]
            read = read[: cut + 1]
        if len(read) > MOST_LINE_BYTES:
            raise DamagedError("A line has no beginning.")
    if read:
        yield 0, read[:-1]
