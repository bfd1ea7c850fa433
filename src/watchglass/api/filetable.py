"""Where each fragment of a media file lies: one footer read, then remembered for a while.

A file that is being written has no footer: what is whole of it is read by its boxes, and only what
was added since is read the next time. All of it blocks.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from watchglass.api.errors import GoneError
from watchglass.base.errors import DamagedError, StorageError
from watchglass.model.gap import GapCause
from watchglass.model.stream import Track
from watchglass.recording.boxes import read_at
from watchglass.recording.fileheader import FileInfo, read_header
from watchglass.recording.footer import Entry
from watchglass.recording.mediafile import read_fragment_head, scan
from watchglass.recording.track import TrackHeader, track_header

_MOST_FILES = 96
_MOST_ENTRIES = 24_000
"""Some 350 bytes each. A file of 5 minutes has 750 of each track."""
_MAGIC_BYTES = 4
_FOOTER_MAGIC = b"WGft"


@dataclass(frozen=True, slots=True)
class ReadableFile:
    """A media file as far as it can be read now. ``closed`` when it has its footer."""

    path: Path
    inode: int
    size: int
    info: FileInfo
    header: bytes = field(repr=False)
    entries: tuple[Entry, ...]
    whole_bytes: int
    closed: bool

    def track(self, track: Track) -> TrackHeader:
        """The header of one of its tracks; NotFoundError when it has none of that kind."""
        return track_header(self.header, track)

    def of(self, track: Track) -> list[Entry]:
        """The fragments of a track that are there, in order."""
        return [each for each in self.entries if each.track is track and not each.erased]


class FileTable:
    """The files that were read last. Thread-safe."""

    def __init__(self, most: int = _MOST_FILES, most_entries: int = _MOST_ENTRIES) -> None:
        """So many files, and fewer where they have more fragments together; one at least."""
        self._most = most
        self._most_entries = most_entries
        self._lock = threading.Lock()
        self._entries = 0
        self._files: OrderedDict[Path, ReadableFile] = OrderedDict()
        self.reads = 0

    def file(self, path: Path) -> ReadableFile:
        """The file at ``path``; GoneError when it is not there, DamagedError where it is none."""
        with descriptor(path) as fd:
            return self.of_descriptor(path, fd)

    def of_descriptor(self, path: Path, fd: int) -> ReadableFile:
        """The same for a file that is open already."""
        status = os.fstat(fd)
        with self._lock:
            known = self._files.get(path)
            if known is not None:
                self._files.move_to_end(path)
        if known is not None and (known.inode, known.size) == (status.st_ino, status.st_size):
            return known
        found = _read(path, fd, status, known)
        with self._lock:
            self.reads += 1
            self._forget(path)
            self._files[path] = found
            self._entries += len(found.entries)
            while len(self._files) > self._most or self._is_full():
                self._forget(next(iter(self._files)))
        return found

    def _is_full(self) -> bool:
        return self._entries > self._most_entries and len(self._files) > 1

    def _forget(self, path: Path) -> None:
        gone = self._files.pop(path, None)
        if gone is not None:
            self._entries -= len(gone.entries)


def read_entries(fd: int, entries: Sequence[Entry]) -> bytes:
    """The bytes of fragments; those that lie side by side are read at once."""
    pieces: list[bytes] = []
    start = end = 0
    for entry in entries:
        if entry.offset != end:
            if end > start:
                pieces.append(read_at(fd, start, end - start))
            start = entry.offset
        end = entry.offset + entry.length
    if end > start:
        pieces.append(read_at(fd, start, end - start))
    return b"".join(pieces)


@contextmanager
def descriptor(path: Path) -> Iterator[int]:
    """An open file; GoneError when there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise GoneError(
            "This recording is not on its disk any more.", GapCause.MEDIA_MISSING
        ) from error
    except OSError as error:
        raise StorageError(f"A recording cannot be read ({error.strerror}).") from error
    try:
        yield fd
    finally:
        os.close(fd)


def _read(path: Path, fd: int, status: os.stat_result, known: ReadableFile | None) -> ReadableFile:
    size = status.st_size
    grows = known is not None and not known.closed and known.inode == status.st_ino
    if known is not None and grows and size >= known.size and not _may_be_closed(fd, size):
        return _grown(fd, size, known)
    scanned = scan(fd, size, hash_leaves=False)
    header = read_header(fd, size)
    return ReadableFile(
        path, status.st_ino, size, scanned.info, header, scanned.entries, scanned.whole_bytes,
        scanned.footer is not None,
    )  # fmt: skip


def _may_be_closed(fd: int, size: int) -> bool:
    return read_at(fd, size - _MAGIC_BYTES, _MAGIC_BYTES) == _FOOTER_MAGIC


def _grown(fd: int, size: int, known: ReadableFile) -> ReadableFile:
    entries = list(known.entries)
    offset = known.whole_bytes
    while offset < size:
        number = known.info.first_fragment + len(entries)
        try:
            head = read_fragment_head(fd, offset, size)
        except DamagedError:
            break  # half of it is written yet
        if head.info.number != number or head.info.run != known.info.run:
            break
        entries.append(
            Entry(
                number, offset, head.length, head.info.track, head.info.flags,
                head.info.media_time, head.duration, len(head.samples), head.info.wall_ns, b"",
            )
        )  # fmt: skip
        offset += head.length
    return replace(known, size=size, entries=tuple(entries), whole_bytes=offset)
