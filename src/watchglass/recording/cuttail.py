"""What recovery would cut off, kept where there is more in it than a torn end.

A fragment in the middle of an open file can be damaged while those behind it are whole. The file
ends before the damage, as the format says; the rest is laid beside it, untouched.
"""

import os
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError
from watchglass.recording.boxes import read_at
from watchglass.recording.fragment import FRAGMENT_TYPE
from watchglass.recording.mediafile import ScannedFile, read_fragment_head

SUFFIX = ".cut"
_MARK = b"uuid" + FRAGMENT_TYPE
_PIECE_BYTES = 1 << 20
_SIZE_BYTES = 4


def keep_tail(path: Path, fd: int, size: int, found: ScannedFile, disk: Disk) -> Path | None:
    """Copy what follows the last whole fragment to ``<name>.cut``, durably, if it holds another.

    None, and nothing is written, for an end that is merely torn.
    """
    if not _holds_a_fragment(fd, size, found):
        return None
    target = path.with_name(path.name + SUFFIX)
    data = read_at(fd, found.whole_bytes, size - found.whole_bytes)
    disk.write_whole(WriteSite.MEDIA_RECOVER, target, data)
    return target


def _holds_a_fragment(fd: int, size: int, found: ScannedFile) -> bool:
    offset = found.whole_bytes
    overlap = len(_MARK) - 1
    while offset < size:
        piece = os.pread(fd, _PIECE_BYTES + overlap, offset)
        at = piece.find(_MARK)
        while at >= 0:
            if _is_one(fd, offset + at - _SIZE_BYTES, size, found):
                return True
            at = piece.find(_MARK, at + 1)
        offset += _PIECE_BYTES
    return False


def _is_one(fd: int, offset: int, size: int, found: ScannedFile) -> bool:
    try:
        own = read_fragment_head(fd, offset, size).info
    except DamagedError:
        return False
    return (own.camera, own.stream, own.run) == (
        found.info.camera, found.info.stream, found.info.run,
    )  # fmt: skip
