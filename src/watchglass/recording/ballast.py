"""A file that only takes room, so that a full disk can still pay for its bookkeeping.

Random bytes, because a file system that compresses or leaves out zeros would give nothing back.
"""

import os
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import StorageError

_PIECE = 1 << 20


class Ballast:
    """The file ``ballast`` of a folder."""

    def __init__(self, folder: Path, disk: Disk, size_bytes: int) -> None:
        self._path = folder / "ballast"
        self._disk = disk
        self._size_bytes = size_bytes

    def hold(self) -> bool:
        """Make it where it is missing and there is room; whether it is there."""
        if self._size_bytes == 0 or self._path.exists():
            return self._path.exists()
        try:
            free = os.statvfs(self._path.parent)
            if free.f_bavail * free.f_frsize < 4 * self._size_bytes:
                return False
            self._fill()
        except (OSError, StorageError):
            self.release()
            return False
        return True

    def release(self) -> bool:
        """Give its room back; False when there was none."""
        try:
            return self._disk.unlink(WriteSite.BALLAST, self._path)
        except StorageError:
            return False

    def _fill(self) -> None:
        fd = self._disk.create(WriteSite.BALLAST, self._path)
        try:
            for offset in range(0, self._size_bytes, _PIECE):
                piece = os.urandom(min(_PIECE, self._size_bytes - offset))
                self._disk.write_at(WriteSite.BALLAST, fd, piece, offset, str(self._path))
        finally:
            os.close(fd)
