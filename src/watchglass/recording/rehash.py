"""A closed file, hashed again: whether its bytes are still those that were written.

Only hashes are compared: nothing of what a camera sent is taken apart. Damage is looked at twice,
each time from the disk, because memory and cables err, too.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from watchglass.base.errors import DamagedError, StorageError
from watchglass.model.stream import Track
from watchglass.recording.boxes import read_at
from watchglass.recording.fileheader import decode_header, read_header
from watchglass.recording.footer import Entry, Footer, file_root, read_footer
from watchglass.recording.fragment import FIRST_IS_KEY
from watchglass.recording.mediafile import scan
from watchglass.recording.merkle import leaf_hash

_PIECE_BYTES = 1 << 20
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})

Pause = Callable[[int], None]
"""Called with the bytes that were read, again and again: it may wait, or raise to end it."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All of it is as it was."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """It is not there. Whether its volume is has to be seen by whoever asked."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The disk does not read it, or not twice the same: that says nothing about the file."""

    why: str


@dataclass(frozen=True, slots=True)
class Damage:
    """``fragments`` are not what they were; without any, it is header or footer. ``spans`` (media
    times) cannot be seen for it: each lasts to the next key frame, or to the end."""

    fragments: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


Seen = Whole | Vanished | Unreadable | Damage


def look_again(path: Path, length: int, root: bytes, media: tuple[int, int], pause: Pause) -> Seen:
    """Hash a closed file, which its ledger says has ``length`` bytes and that root.

    ``media`` is from where to where it lasts. What ``pause`` raises ends it.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return Vanished() if error.errno in _GONE else Unreadable(error.strerror or str(error))
    try:
        first = _looked(fd, length, root, media, pause)
        if isinstance(first, Whole):
            return first
        if _looked(fd, length, root, media, pause) != first:
            return Unreadable("read twice, it was not the same")
        return first
    except StorageError as error:
        return Unreadable(error.sentence)
    finally:
        os.close(fd)


def _looked(
    fd: int, length: int, root: bytes, media: tuple[int, int], pause: Pause
) -> Whole | Damage:
    # From the disk, and not kept: what people look at now is of more use in memory.
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        footer = _footer(fd, length, root)
        if footer is None:
            return _without_footer(fd, root, media)
        bad = [entry for entry in footer.entries if not _is_whole(fd, entry, pause)]
    except DamagedError:
        return Damage((), (media,))
    finally:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    if not bad:
        return Whole()
    numbers = tuple(entry.number for entry in bad)
    return Damage(numbers, tuple(_spans(footer.entries, set(numbers), media[1])))


def _footer(fd: int, length: int, root: bytes) -> Footer | None:
    """The footer that the ledger tells of; None when it is not there. DamagedError for a header
    that is another: without it no player opens the file."""
    size = os.fstat(fd).st_size
    header = read_header(fd, size)
    _, header_bytes = decode_header(header)
    try:
        footer = read_footer(fd, size)
    except DamagedError:
        return None
    if footer is None or size != length or footer.root != root:
        return None
    if (footer.header_bytes, footer.header_leaf) != (header_bytes, leaf_hash(header)):
        raise DamagedError("The header is not the one that was hashed.")
    return footer


def _without_footer(fd: int, root: bytes, media: tuple[int, int]) -> Damage:
    """What its fragments say themselves: with the root that the ledger tells, all of them are whole
    and only the footer is not; otherwise nobody can say which."""
    found = scan(fd, os.fstat(fd).st_size)
    whole = found.footer is None and file_root(found.header_leaf, found.entries) == root
    return Damage((), () if whole else (media,))


def _is_whole(fd: int, entry: Entry, pause: Pause) -> bool:
    if entry.erased:
        return True
    digest = hashlib.sha256(b"\x00")
    for offset in range(entry.offset, entry.offset + entry.length, _PIECE_BYTES):
        piece = read_at(fd, offset, min(_PIECE_BYTES, entry.offset + entry.length - offset))
        digest.update(piece)
        pause(len(piece))
    return digest.digest() == entry.leaf


def _spans(entries: Iterable[Entry], bad: set[int], media_to: int) -> Iterable[tuple[int, int]]:
    """From each bad picture to the next whole key frame."""
    began: int | None = None
    for entry in entries:
        if entry.track is not Track.VIDEO or entry.erased:
            continue
        if entry.number in bad:
            began = entry.media_time if began is None else began
        elif began is not None and entry.flags & FIRST_IS_KEY:
            yield began, entry.media_time
            began = None
    if began is not None and began < media_to:
        yield began, media_to
