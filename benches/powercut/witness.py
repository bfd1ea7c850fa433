"""A disk that writes down all that is asked of it, so that the power can go during a recovery, too.

Databases write past it. They are left as the first cut left them: the index may always be behind,
and a start changes nothing else.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from benches.powercut.oplog import Op, OpKind, Sync, Trace
from watchglass.base.disk import Disk, WriteSite

_DATABASE = ".db"
_GONE = " (deleted)"
"""Behind the path of what is still open when its name was given to another."""
_BEFORE = (-2, -2)


class Witness(Disk):
    """``trace`` tells of everything under ``root``, beginning with what lay there."""

    def __init__(self, root: Path, files: dict[str, bytes], folders: Iterable[str]) -> None:
        super().__init__()
        self._root = root
        self._place = 0
        self._inodes = {path: number for number, path in enumerate(sorted(files), 1)}
        self._next = len(files) + 1
        self.trace = Trace()
        self.trace.walls.append((0, 0))
        for folder in sorted(folders):
            self.trace.ops.append(Op(OpKind.MKDIR, *_BEFORE, 0, folder))
        for path, inode in self._inodes.items():
            self.trace.ops.append(Op(OpKind.CREATE, *_BEFORE, 0, path, inode))
            self.trace.ops.append(Op(OpKind.WRITE, *_BEFORE, 0, path, inode, files[path]))
        for folder in ("state", "media"):
            self.trace.syncs.append(Sync("filesystem", -1, 0, folder))

    @property
    def places(self) -> int:
        """How many calls there were."""
        return self._place

    def make_folders(self, site: WriteSite, path: Path, mode: int = 0o755) -> None:
        missing = [each for each in (*reversed(path.parents), path) if not each.exists()]
        super().make_folders(site, path, mode)
        for each in missing:
            self._op(OpKind.MKDIR, each)

    def unlink(self, site: WriteSite, path: Path) -> bool:
        was_there = super().unlink(site, path)
        if was_there:
            self._op(OpKind.UNLINK, path)
        return was_there

    def remove_folder_if_empty(self, site: WriteSite, path: Path) -> bool:
        is_gone = super().remove_folder_if_empty(site, path)
        if is_gone:
            self._op(OpKind.RMDIR, path)
        return is_gone

    def create(
        self, site: WriteSite, path: Path, mode: int = 0o644, *, to_read: bool = True
    ) -> int:
        fd = super().create(site, path, mode, to_read=to_read)
        self._made(path)
        return fd

    def open(self, site: WriteSite, path: Path, mode: int = 0o644) -> int:
        fd = super().open(site, path, mode)
        if self._own(path) not in self._inodes:
            self._made(path)
        return fd

    def write_at(self, site: WriteSite, fd: int, data: bytes, offset: int, what: str) -> None:
        super().write_at(site, fd, data, offset, what)
        self._op(OpKind.WRITE, _path_of(fd), data, offset)

    def overwrite(self, site: WriteSite, fd: int, data: bytes, what: str) -> None:
        super().overwrite(site, fd, data, what)
        self._op(OpKind.WRITE, _path_of(fd), data)

    def copy_range(
        self, site: WriteSite, source: int, start: int, length: int, fd: int, offset: int, what: str
    ) -> None:
        super().copy_range(site, source, start, length, fd, offset, what)
        self._op(OpKind.WRITE, _path_of(fd), os.pread(source, length, start), offset)

    def zero_range(self, site: WriteSite, fd: int, offset: int, length: int, what: str) -> None:
        super().zero_range(site, fd, offset, length, what)
        self._op(OpKind.WRITE, _path_of(fd), bytes(length), offset)

    def replace(self, site: WriteSite, source: Path, target: Path) -> None:
        super().replace(site, source, target)
        before = self._inodes.get(self._own(target))
        if before is not None:
            self._inodes[self._own(target) + _GONE] = before
        self._op(OpKind.RENAME, source, to=target)

    def truncate(self, site: WriteSite, fd: int, length: int, what: str) -> None:
        super().truncate(site, fd, length, what)
        self._op(OpKind.TRUNCATE, _path_of(fd), at=length)

    def write_whole(self, site: WriteSite, path: Path, data: bytes, mode: int = 0o644) -> None:
        partial = path.with_name(f".{path.name}.part")
        self._made(partial)
        self._op(OpKind.WRITE, partial, data)
        self._sync("file", partial)
        self._op(OpKind.RENAME, partial, to=path)
        super().write_whole(site, path, data, mode)

    def sync_filesystem(self, fd: int, what: str) -> None:
        super().sync_filesystem(fd, what)
        self._sync("filesystem", _path_of(fd))

    def sync_file(self, site: WriteSite, fd: int, what: str) -> None:
        super().sync_file(site, fd, what)
        self._sync("file", _path_of(fd))

    def sync_folder(self, site: WriteSite, path: Path) -> None:
        super().sync_folder(site, path)
        self._sync("folder", path)

    # --- what is noted -----------------------------------------------------------------------

    def _own(self, path: Path) -> str:
        return str(path.relative_to(self._root))

    def _made(self, path: Path) -> None:
        self._inodes[self._own(path)], self._next = self._next, self._next + 1
        self._op(OpKind.CREATE, path)

    def _op(
        self, kind: OpKind, path: Path, data: bytes = b"", at: int = 0, to: Path | None = None
    ) -> None:
        own = self._own(path)
        if _DATABASE in path.name:
            return
        self._place += 1
        inode = self._inodes.get(own, 0)
        target = self._own(to) if to is not None else ""
        self.trace.ops.append(Op(kind, self._place, self._place, 0, own, inode, data, at, target))
        if target:
            self._inodes[target] = inode

    def _sync(self, kind: str, path: Path) -> None:
        own = self._own(path)
        self._place += 1
        self.trace.syncs.append(Sync(kind, self._place, self._place, own, self._inodes.get(own, 0)))


def _path_of(fd: int) -> Path:
    return Path(os.readlink(f"/proc/self/fd/{fd}"))
