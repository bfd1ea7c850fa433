"""The index for who asks it all day: what its plain reader works out anew each time is remembered.

For timelines, files of one run that follow each other count as one: a timeline of 90 days reads
tens of thousands of files, and shows a few spans.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName
from watchglass.store.database import Database, Synchronous
from watchglass.store.index_reader import IndexReader
from watchglass.store.index_rows import DELETING, FileRow
from watchglass.store.index_tables import FILE, RUN, SCHEMA

_JOIN_NS = NS_PER_S
"""As the timeline joins files: nothing shorter is a hole."""
_KEPT_S = 300.0
# A file that is being written may have grown by as much since.
_SLACK_NS = 2 * round(_KEPT_S) * NS_PER_S


class Remembered:
    """Numbers of streams, which never change, and their longest files. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[tuple[CameraId, StreamName], int] = {}
        self._longest: dict[int, tuple[float, int]] = {}

    def number(self, camera: CameraId, stream: StreamName) -> int | None:
        with self._lock:
            return self._numbers.get((camera, stream))

    def put_number(self, camera: CameraId, stream: StreamName, number: int) -> None:
        with self._lock:
            self._numbers[camera, stream] = number

    def longest(self, number: int) -> int | None:
        with self._lock:
            at_s, found = self._longest.get(number, (0.0, 0))
        return found if found and time.monotonic() - at_s < _KEPT_S else None

    def put_longest(self, number: int, found: int) -> None:
        with self._lock:
            self._longest[number] = (time.monotonic(), found)


class QuickReader(IndexReader):
    """As the plain reader, and sooner."""

    def __init__(self, connection: sa.Connection, remembered: Remembered) -> None:
        super().__init__(connection)
        self._remembered = remembered

    def _stream(self, camera: CameraId, stream: StreamName) -> int | None:
        known = self._remembered.number(camera, stream)
        if known is None:
            known = super()._stream(camera, stream)
            if known is not None:
                self._remembered.put_number(camera, stream, known)
        return known

    def _longest(self, stream: int) -> int:
        known = self._remembered.longest(stream)
        if known is None:
            known = super()._longest(stream) + _SLACK_NS
            self._remembered.put_longest(stream, known)
        return known


class MergedReader(QuickReader):
    """Answers ``files_between`` with one row for files of a run that join: for timelines alone.

    A row's length is not that of its files, and its sequence that of the first.
    """

    def files_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[FileRow]:
        number = self._stream(camera, stream)
        if number is None:
            return []
        query = (
            sa.select(
                FILE.c.run, FILE.c.sequence, FILE.c.wall_from, FILE.c.wall_to, FILE.c.media_from
            )
            .where(
                FILE.c.stream == number,
                FILE.c.wall_from < wall_to,
                FILE.c.wall_from >= wall_from - self._longest(number),
                FILE.c.wall_to > wall_from,
                FILE.c.state != DELETING,
            )
            .order_by(FILE.c.wall_from, FILE.c.num)
        )
        merged: list[list[int]] = []
        last_of: dict[int, list[int]] = {}
        for run, sequence, begins, ends, media in self._db.execute(query):
            last = last_of.get(run)
            if last is not None and sequence == last[1] + 1 and 0 <= begins - last[3] <= _JOIN_NS:
                last[1], last[3] = sequence, max(last[3], ends)
            else:
                last_of[run] = row = [run, sequence, begins, ends, media, sequence]
                merged.append(row)
        return self._rows(merged, camera, stream)

    def _rows(self, merged: list[list[int]], camera: CameraId, stream: StreamName) -> list[FileRow]:
        if not merged:
            return []
        numbers = {run for run, *_ in merged}
        query = sa.select(RUN.c.num, RUN.c.id).where(
            RUN.c.num >= min(numbers), RUN.c.num <= max(numbers)
        )
        ids = {
            number: RunId(run.hex()) for number, run in self._db.execute(query) if number in numbers
        }
        plain: FileRow | None = None
        rows = []
        for run, _, begins, ends, media, first in merged:
            if plain is None:
                plain = self.file(ids[run], first)
                assert plain is not None
            rows.append(
                replace(
                    plain, run=ids[run], sequence=first, camera=camera, stream=stream,
                    media_from=media, wall_from=begins, wall_to=ends,
                )
            )  # fmt: skip
        return rows


class QuickIndex:
    """The index file, to look. Thread-safe.

    The index is a cache, and the keeper may make it anew under us: then the new file is opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: tuple[int, Database, Remembered] = self._open()

    def close(self) -> None:
        with self._lock:
            self._opened[1].close()

    @contextmanager
    def read(self) -> Iterator[IndexReader]:
        """One moment of the index."""
        database, remembered = self._current()
        with database.read() as connection:
            yield QuickReader(connection, remembered)

    @contextmanager
    def merged(self) -> Iterator[IndexReader]:
        """The same for timelines."""
        database, remembered = self._current()
        with database.read() as connection:
            yield MergedReader(connection, remembered)

    def _current(self) -> tuple[Database, Remembered]:
        with self._lock:
            if _inode(self._path) not in (0, self._opened[0]):
                before, self._opened = self._opened[1], self._open()
                before.close()
            return self._opened[1:]

    def _open(self) -> tuple[int, Database, Remembered]:
        database = Database(self._path, SCHEMA, synchronous=Synchronous.NORMAL)
        return _inode(self._path), database, Remembered()


def _inode(path: Path) -> int:
    """0 while there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
