"""ISO-BMFF boxes, read with bounds: from a buffer or from a descriptor.

Whatever the bytes are, a walk ends: a box of size 0, of a 64-bit size, or reaching past its end is
a DamagedError that names the offset. A disk that fails to read is a StorageError instead, so that
nobody takes an input/output error for a torn tail and cuts it off.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from watchglass.base.errors import DamagedError, StorageError
from watchglass.recording.merkle import Buffer

BOX_HEADER_BYTES = 8
UUID_HEADER_BYTES = 24

_BOX = struct.Struct(">I4s")


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box lies. ``extended_type`` is 16 bytes for a ``uuid`` box, empty for any other."""

    type: bytes
    offset: int
    size: int
    extended_type: bytes = b""

    @property
    def payload(self) -> int:
        """Offset of what follows the box's size and types."""
        return self.offset + (UUID_HEADER_BYTES if self.extended_type else BOX_HEADER_BYTES)

    @property
    def end(self) -> int:
        """Offset of the first byte after the box."""
        return self.offset + self.size


def read_at(fd: int, offset: int, length: int) -> bytes:
    """Exactly ``length`` bytes at ``offset``; DamagedError when the file ends before."""
    pieces: list[bytes] = []
    missing = length
    while missing > 0:
        piece = _pread(fd, missing, offset + length - missing)
        if not piece:
            raise DamagedError(f"The file ends inside the {length} bytes at {offset}.")
        pieces.append(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _pread(fd: int, length: int, offset: int) -> bytes:
    try:
        return os.pread(fd, length, offset)
    except (OSError, OverflowError) as error:
        raise StorageError(
            f"Reading {length} bytes at {offset} failed ({error}): check the disk and its mount."
        ) from error


def box_at(buffer: Buffer, offset: int = 0, end: int | None = None) -> Box:
    """The box at ``offset``, all of it before ``end`` (by default the end of the buffer)."""
    last = len(buffer) if end is None else min(end, len(buffer))
    _check_start(offset, last)
    return _parsed(bytes(buffer[offset : min(offset + UUID_HEADER_BYTES, last)]), offset, last)


def walk(buffer: Buffer, offset: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that lie one after the other from ``offset`` to ``end``."""
    last = len(buffer) if end is None else min(end, len(buffer))
    while offset < last:
        box = box_at(buffer, offset, last)
        yield box
        offset = box.end


def box_in_file(fd: int, offset: int, end: int) -> Box:
    """The box at ``offset`` of an open file, all of it before ``end`` (mostly the file's size)."""
    _check_start(offset, end)
    return _parsed(read_at(fd, offset, min(UUID_HEADER_BYTES, end - offset)), offset, end)


def walk_file(fd: int, offset: int, end: int) -> Iterator[Box]:
    """The boxes of an open file from ``offset`` to ``end``; reads 24 bytes of each."""
    while offset < end:
        box = box_in_file(fd, offset, end)
        yield box
        offset = box.end


def _check_start(offset: int, end: int) -> None:
    if offset < 0 or end - offset < BOX_HEADER_BYTES:
        raise DamagedError(f"No room for a box at {offset}: the data ends at {end}.")


def _parsed(head: bytes, offset: int, end: int) -> Box:
    size, kind = _BOX.unpack_from(head)
    name = kind.decode("latin-1")
    if size < BOX_HEADER_BYTES:
        raise DamagedError(f"The box {name!r} at {offset} has the size {size}.")
    if offset + size > end:
        raise DamagedError(f"The box {name!r} at {offset} reaches past the end at {end}.")
    if kind != b"uuid":
        return Box(kind, offset, size)
    if size < UUID_HEADER_BYTES:
        raise DamagedError(f"The uuid box at {offset} is too short for its type.")
    return Box(kind, offset, size, head[BOX_HEADER_BYTES:UUID_HEADER_BYTES])
