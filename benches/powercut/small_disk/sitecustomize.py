"""Loaded by each process of the traced recorder: its volume is a small disk.

What is really free on this machine would decide when the keeper purges; here it is what the media
files leave of ``POWERCUT_ROOM`` bytes above the floor.
"""

import os
from pathlib import Path

_ROOM = int(os.environ["POWERCUT_ROOM"])
_FLOOR = int(os.environ["WATCHGLASS_FLOOR_BYTES"])
_MEDIA = Path(os.environ["WATCHGLASS_DATA"]) / "media"
_real_statvfs = os.statvfs


def _statvfs(path: str | os.PathLike[str]) -> os.statvfs_result:
    found = list(_real_statvfs(path))
    if Path(path) == _MEDIA:
        free = _FLOOR + _ROOM - sum(_size(each) for each in _MEDIA.rglob("*.mp4"))
        found[3] = found[4] = free // found[1]
    return os.statvfs_result(found)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # purged meanwhile
        return 0


os.statvfs = _statvfs  # type: ignore[assignment]
