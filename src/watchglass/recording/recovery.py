"""A media file whose writer is gone: cut back to its last whole fragment, and closed.

Nothing playable is thrown away, and doing it twice does no harm. Whether a writer is gone is told
by the lock it held, by nothing else.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite, lock
from watchglass.base.errors import DamagedError, StorageError
from watchglass.model.stream import Track
from watchglass.recording.cuttail import keep_tail
from watchglass.recording.fileheader import FileInfo, read_header
from watchglass.recording.footer import Entry, encode_footer, file_root
from watchglass.recording.mediafile import ScannedFile, scan
from watchglass.recording.shape import Shape, shape_of

_HOLE = 90_000


class StillWrittenError(Exception):
    """Somebody holds the file's lock: it is being written."""


@dataclass(frozen=True, slots=True)
class RecoveredFile:
    """A file as it lies on disk now, with its footer. ``cut_bytes`` were torn off its end.

    ``was_closed``: by its writer, which may have gone on with another file.
    """

    info: FileInfo
    entries: tuple[Entry, ...]
    header_leaf: bytes
    header_bytes: int
    shape: Shape
    length: int
    root: bytes
    media_to: int
    cut_bytes: int
    was_closed: bool


def recover(path: Path, disk: Disk) -> RecoveredFile:
    """Close a file that was left open; one that was closed, and is whole, is only read.

    StillWrittenError when it is locked; DamagedError when its header cannot be read (the file is
    left as it is); StorageError when it is not there or the disk refuses.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(f"{path} cannot be opened ({error.strerror}).") from error
    try:
        if not lock(fd):
            raise StillWrittenError(str(path))
        # What a failed sync left in memory alone must not be taken for what is on the disk.
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        return _recover_locked(path, fd, disk)
    finally:
        os.close(fd)


def read_open(path: Path) -> ScannedFile:
    """What lies in a file that may still be written, up to its last whole fragment."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(f"{path} cannot be opened ({error.strerror}).") from error
    try:
        return scan(fd, os.fstat(fd).st_size)
    finally:
        os.close(fd)


def _recover_locked(path: Path, fd: int, disk: Disk) -> RecoveredFile:
    size = os.fstat(fd).st_size
    if size == 0:
        raise DamagedError(f"{path} is empty.")
    found = scan(fd, size)
    if found.damaged:
        found = _up_to_damage(found, size)
    shape = shape_of(read_header(fd, size))
    if found.footer is not None:
        length, root = size, found.footer.root
    else:
        root = file_root(found.header_leaf, found.entries)
        footer = encode_footer(
            found.header_bytes, found.header_leaf, found.entries, root, found.whole_bytes
        )
        keep_tail(path, fd, size, found, disk)
        disk.truncate(WriteSite.MEDIA_RECOVER, fd, found.whole_bytes, str(path))
        disk.write_at(WriteSite.MEDIA_RECOVER, fd, footer, found.whole_bytes, str(path))
        length = found.whole_bytes + len(footer)
    # A line will tell of it. Whoever made it may have died before its folder or its end was synced.
    disk.sync_filesystem(fd, str(path))
    return RecoveredFile(
        found.info, found.entries, found.header_leaf, found.header_bytes, shape, length, root,
        media_end(found.info, found.entries), found.torn_bytes, found.footer is not None,
    )  # fmt: skip


def _up_to_damage(found: ScannedFile, size: int) -> ScannedFile:
    """A file that was closed just before the power went: its footer is there, its bytes are not."""
    number = found.damaged[0] - found.info.first_fragment
    whole_bytes = found.entries[number].offset
    return replace(
        found, entries=found.entries[:number], whole_bytes=whole_bytes, footer=None,
        torn_bytes=size - whole_bytes, damaged=(),
    )  # fmt: skip


def media_end(info: FileInfo, entries: tuple[Entry, ...]) -> int:
    """End of the last picture, 1/90000 s of the run."""
    ends = (entry.media_time + entry.duration for entry in entries if entry.track is Track.VIDEO)
    return max(ends, default=info.media_from)


def holes(
    entries: tuple[Entry, ...], media_to: int, before: int | None = None
) -> Iterator[tuple[int, int]]:
    """Spans without pictures inside a file: from the last one before to the next key frame.

    ``before`` is the end of the run's file before, where there is one.

    The recorder closes a fragment ahead of a hole and never stretches a sample over it, so that a
    hole is the only thing that can lie between two fragments.
    """
    end = before
    opened: int | None = None
    for entry in entries:
        if entry.track is not Track.VIDEO or entry.erased:
            continue
        if end is not None and opened is None and entry.media_time - end > _HOLE:
            opened = end
        if opened is not None and entry.flags & 1:
            yield opened, entry.media_time
            opened = None
        end = entry.media_time + entry.duration
    if opened is not None and media_to > opened:
        yield opened, media_to
