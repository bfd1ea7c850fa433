"""Where a clip is written: under another name until all of it is durable, or not at all."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import StorageError


class _Reader:
    """A second look at a file that is being written; libavformat moves its index with it."""

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self._at = 0
        self.name = name

    def read(self, size: int) -> bytes:
        data = os.pread(self._fd, size, self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = _sought(self._fd, self._at, offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at


def _sought(fd: int, at: int, offset: int, whence: int) -> int:
    if whence == os.SEEK_SET:
        return offset
    return offset + (at if whence == os.SEEK_CUR else os.fstat(fd).st_size)


class PartFile:
    """A file for ``remux`` to write. ``target`` is what it will be called."""

    def __init__(self, target: Path, disk: Disk) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.{os.getpid()}.part")
        self._disk = disk
        self._at = 0
        self.failure: StorageError | None = None
        self._fd = disk.create(WriteSite.CLIP, self.path)

    @property
    def name(self) -> str:
        return str(self.target)

    @property
    def length(self) -> int:
        return os.fstat(self._fd).st_size

    def write(self, data: bytes) -> int:
        try:
            self._disk.write_at(WriteSite.CLIP, self._fd, data, self._at, str(self.target))
        except StorageError as error:
            self.failure = self.failure or error
            raise
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = _sought(self._fd, self._at, offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at

    def reader(self) -> _Reader:
        return _Reader(self._fd, self.name)

    def sync(self) -> None:
        self._disk.sync_file(WriteSite.CLIP, self._fd, str(self.target))

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class ClipFolder:
    """The files of one clip: all of them get their names, or none is left behind."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._parts: list[PartFile] = []

    def add(self, target: Path) -> PartFile:
        """A new file; StorageError when the folder does not take it."""
        part = PartFile(target, self._disk)
        self._parts.append(part)
        return part

    def finish(self) -> None:
        """Make all of it durable, then visible."""
        for part in self._parts:
            part.sync()
        for part in list(self._parts):
            part.close()
            self._disk.replace(WriteSite.CLIP, part.path, part.target)
            self._parts.remove(part)
            self._disk.sync_folder(WriteSite.CLIP, part.target.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for part in self._parts:
            part.close()
            try:
                self._disk.unlink(WriteSite.CLIP, part.path)
            except StorageError:
                if error is None:
                    raise
