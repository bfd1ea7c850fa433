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
        self.folder = folder
        self._path = folder / "ballast"
        self._disk = disk
        self._size_bytes = size_bytes

    @property
    def lacking_bytes(self) -> int:
        """Room that has to be free for ``hold``; 0 while it is there."""
        return 0 if self._path.exists() else 2 * self._size_bytes

    def shares_disk(self, path: Path) -> bool:
        """Whether what it gives up is room for ``path``."""
        try:
            return os.stat(self.folder).st_dev == os.stat(path).st_dev
        except OSError:  # not there at the moment
            return False

    def hold(self) -> bool:
        """Make it where it is missing and there is room; whether it is there."""
        lacking_bytes = self.lacking_bytes
        if lacking_bytes == 0:
            return self._path.exists()
        try:
            free = os.statvfs(self.folder)
            if free.f_bavail * free.f_frsize < lacking_bytes:
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
