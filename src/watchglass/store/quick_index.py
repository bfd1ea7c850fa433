"""The index for who looks at it all day, in a process that outlives it.

For timelines, files of one run that follow each other count as one: a timeline of 90 days reads
tens of thousands of files, and shows a few spans.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName
from watchglass.store import index_queries as ask
from watchglass.store.database import Database, Synchronous
from watchglass.store.index_reader import IndexReader
from watchglass.store.index_rows import FileRow
from watchglass.store.index_tables import SCHEMA

_JOIN_NS = NS_PER_S
"""As the timeline joins files: nothing shorter is a hole."""


class MergedReader(IndexReader):
    """Answers ``files_between`` with one row for files of a run that join: for timelines alone.

    Of a row, only the run, the first file's sequence and media time, and the place are its own.
    """

    def files_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[FileRow]:
        number = self._stream(camera, stream)
        asked = self._ask(ask.PLACES_BETWEEN, stream=number, wall_from=wall_from, wall_to=wall_to)
        merged: list[_Joined] = []
        last_of: dict[bytes, _Joined] = {}
        for run, sequence, begins, ends, media in asked:
            last = last_of.get(run)
            if last is not None and last.joins(sequence, begins):
                last.sequence, last.ends = sequence, max(last.ends, ends)
            else:
                last_of[run] = _Joined(run, sequence, begins, media, sequence, ends)
                merged.append(last_of[run])
        if not merged:
            return []
        plain = self.file(RunId(merged[0].run.hex()), merged[0].first)
        assert plain is not None
        return [
            replace(
                plain, run=RunId(row.run.hex()), sequence=row.first, media_from=row.media_from,
                wall_from=row.begins, wall_to=row.ends,
            )
            for row in merged
        ]  # fmt: skip


@dataclass(slots=True)
class _Joined:
    """Files of one run, up to ``sequence``; UTC ns."""

    run: bytes
    first: int
    begins: int
    media_from: int
    sequence: int
    ends: int

    def joins(self, sequence: int, begins: int) -> bool:
        return sequence == self.sequence + 1 and 0 <= begins - self.ends <= _JOIN_NS


class QuickIndex:
    """The index file, to look. Thread-safe.

    The index is a cache, and the keeper may make it anew under us: then the new file is opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened = self._open()

    def close(self) -> None:
        with self._lock:
            self._opened[1].close()

    @contextmanager
    def read(self) -> Iterator[IndexReader]:
        """One moment of the index."""
        with self._current().read() as connection:
            yield IndexReader(connection)

    @contextmanager
    def merged(self) -> Iterator[IndexReader]:
        """The same for timelines."""
        with self._current().read() as connection:
            yield MergedReader(connection)

    def _current(self) -> Database:
        with self._lock:
            if _inode(self._path) not in (0, self._opened[0]):
                before, self._opened = self._opened[1], self._open()
                before.close()
            return self._opened[1]

    def _open(self) -> tuple[int, Database]:
        database = Database(self._path, SCHEMA, synchronous=Synchronous.NORMAL)
        return _inode(self._path), database


def _inode(path: Path) -> int:
    """0 while there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
