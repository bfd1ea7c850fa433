"""Lines in month files: how ledgers and heads lie in their folders.

``<folder>/<YYYY-MM>.jsonl`` are joined in the order of their names. A line is appended to the month
(UTC) of its time, but never to a file before the newest: after the clock was set back across a
month's border, lines go on in the newest file, so that their order stays that of writing.

One process writes (it holds the lock of the state folder), from one thread; others may read.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Generic, NamedTuple, TypeVar

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, StorageError
from watchglass.recording.canonical import MOST_LINE_BYTES

T = TypeVar("T")

_FORM = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\.jsonl")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# No dataclass: a start makes millions of them, and these are made several times as quickly.
class Place(NamedTuple):
    """Where a line lies: its file, its number there from 1, and the offset of its first byte."""

    path: Path
    number: int
    offset: int

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"


def month_name(t_ns: int) -> str:
    """Name of the file for lines of that time (UTC nanoseconds)."""
    at = _EPOCH + timedelta(microseconds=t_ns // 1000)
    return f"{at.year:04d}-{at.month:02d}.jsonl"


def month_files(folder: Path) -> list[Path]:
    """The month files of a folder, oldest first; none when there is no such folder."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"Reading {folder} failed ({error}): check the disk.") from error
    return [folder / name for name in sorted(names) if _FORM.fullmatch(name)]


class LineReader(Generic[T]):
    """Reads the lines of a folder once, oldest first; holds one batch of lines at a time.

    ``parse`` makes something of a line's bytes, or raises DamagedError. A last line without a line
    feed, or that does not parse, is torn: it is not given, and ``torn`` tells where it begins. Such
    a line anywhere else raises DamagedError with file and line. ``more`` says of what was parsed
    that the next line is of the same batch: a last batch without its end is torn as a whole.
    """

    def __init__(
        self,
        folder: Path,
        parse: Callable[[bytes], T],
        more: Callable[[T], bool] = lambda _: False,
    ) -> None:
        self._files = month_files(folder)
        self._parse = parse
        self._more = more
        self.torn: Place | None = None

    def __iter__(self) -> Iterator[tuple[Place, bytes, T]]:
        """Place, bytes without line feed, and what ``parse`` made of them."""
        batch: list[tuple[Place, bytes, T]] = []
        for found in self._lines():
            if batch or self._more(found[2]):
                batch.append(found)
            else:
                yield found
            if batch and not self._more(found[2]):
                yield from batch
                batch.clear()
        if batch:
            self.torn = batch[0][0]

    def _lines(self) -> Iterator[tuple[Place, bytes, T]]:
        filled = [path for path in self._files if path.stat().st_size > 0]
        for path in filled:
            with _reading(path) as file:
                yield from self._lines_of(file, path, path == filled[-1])

    def _lines_of(
        self, file: BinaryIO, path: Path, newest: bool
    ) -> Iterator[tuple[Place, bytes, T]]:
        number = offset = 0
        while line := _read_line(file, path):
            number += 1
            place = Place(path, number, offset)
            offset += len(line)
            try:
                if not line.endswith(b"\n"):
                    raise DamagedError("The line does not end.")
                parsed = self._parse(line[:-1])
            except DamagedError as error:
                if newest and not _read_line(file, path):
                    self.torn = place
                    return
                raise DamagedError(f"{place}: {error.sentence}") from error
            yield place, line[:-1], parsed


def _reading(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StorageError(f"Opening {path} failed ({error}): check the disk.") from error


def _read_line(file: BinaryIO, path: Path) -> bytes:
    try:
        return file.readline(MOST_LINE_BYTES + 1)
    except OSError as error:
        raise StorageError(f"Reading {path} failed ({error}): check the disk.") from error


class LineLog:
    """Appends lines to the newest month file of a folder; keeps that one file open.

    ``torn`` is what a ``LineReader`` found at the end, and is cut off at once.
    """

    def __init__(self, folder: Path, disk: Disk, site: WriteSite, torn: Place | None) -> None:
        self._folder = folder
        self._disk = disk
        self._site = site
        self._fd = -1
        self._end = 0
        self._unsynced: list[tuple[Path, int, bytes]] = []
        disk.make_folders(site, folder)
        if torn is not None:
            self._cut(torn)
        files = month_files(folder)
        self._newest = files[-1] if files else None
        if self._newest is not None:
            self._end = self._newest.stat().st_size

    def _cut(self, torn: Place) -> None:
        fd = self._disk.open(WriteSite.LEDGER_RECOVER, torn.path)
        try:
            self._disk.truncate(WriteSite.LEDGER_RECOVER, fd, torn.offset, str(torn.path))
        finally:
            os.close(fd)

    def append(self, lines: Sequence[bytes], t_ns: int) -> None:
        """Write lines (without line feeds) in one call, into one file.

        When that fails (StorageError), nothing of them counts, and the log can be written on: what
        a failed write left behind is cut off at once, or where the disk refuses, before the next.
        """
        path = self._path_for(t_ns)
        if path != self._newest or self._fd < 0:
            self._open(path)
        # A line must neither follow what a failed write left nor a hole that somebody cut.
        size = os.fstat(self._fd).st_size
        if size < self._end:
            raise DamagedError(f"{path} lost its end while it was in use.")
        if size > self._end:
            self._disk.truncate(WriteSite.LEDGER_RECOVER, self._fd, self._end, str(path))
        data = b"".join(line + b"\n" for line in lines)
        self._disk.write_at(self._site, self._fd, data, self._end, str(path))
        self._unsynced.append((path, self._end, data))
        self._end += len(data)

    def synced(self) -> None:
        """All lines so far are durable."""
        self._unsynced.clear()

    def write_again(self) -> None:
        """Hand the lines since ``synced`` to the kernel once more: a sync failed, and it may have
        dropped them. StorageError when it refuses."""
        for path, offset, data in self._unsynced:
            fd = self._disk.open(self._site, path)
            try:
                self._disk.write_again(self._site, fd, data, offset, str(path))
            finally:
                os.close(fd)

    def _path_for(self, t_ns: int) -> Path:
        path = self._folder / month_name(t_ns)
        return path if self._newest is None else max(path, self._newest)

    def _open(self, path: Path) -> None:
        fd = self._disk.open(self._site, path)
        if path != self._newest and os.fstat(fd).st_size > 0:
            os.close(fd)
            raise DamagedError(f"{path} was written by somebody else.")
        self.close()
        self._fd = fd
        if path != self._newest:
            self._end = 0
            self._newest = path

    def forget(self) -> None:
        """Look anew at what lies in the folder: somebody put a whole month file in its place."""
        self.close()
        self._unsynced.clear()
        self._end = self._newest.stat().st_size if self._newest is not None else 0

    def close(self) -> None:
        """Give the descriptor back; the next append opens the file again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
