"""Databases that were made anew while somebody has the one of before open."""

from pathlib import Path


class MadeAnew:
    """Says of each, in order, whether it is another file than when this was asked last."""

    def __init__(self, *databases: Path) -> None:
        self._databases = databases
        self._inodes = [0] * len(databases)

    def __call__(self) -> list[bool]:
        before, self._inodes = self._inodes, [_inode(each) for each in self._databases]
        return [was not in (0, now) for was, now in zip(before, self._inodes, strict=True)]


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
