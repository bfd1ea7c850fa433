"""A volume: a folder that media may be written under, known by its id.

A folder that is there but holds another ``volume.json``, or none, is the mount point of a disk that
is not mounted, or another disk: writing under it would fill the system disk or mix two archives.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import ConfigError, VolumeMissingError
from watchglass.base.ids import VolumeId, is_id, random_id

# Interned, as parts of a path are: it is looked for at each turn.
MARK = sys.intern("volume.json")
FORMAT = 1


class _Mark(msgspec.Struct):
    format: int
    volume: str
    created: str


@dataclass(frozen=True, slots=True)
class Volume:
    """Where a volume lies."""

    id: VolumeId
    path: Path

    def check(self) -> None:
        """VolumeMissingError unless this volume is there."""
        found = volume_at(self.path)
        if found is None:
            raise VolumeMissingError(
                f"The volume is not at {self.path}: mount the disk it is on. "
                "Nothing is written there."
            )
        if found != self.id:
            raise VolumeMissingError(
                f"Another volume is at {self.path}: mount the right disk. Nothing is written there."
            )


@dataclass(frozen=True, slots=True)
class Space:
    """Room on a file system, in bytes, as an ordinary user may use it."""

    free_bytes: int
    total_bytes: int


def space(path: Path) -> Space:
    """Room where ``path`` lies; VolumeMissingError when it cannot be read."""
    try:
        found = os.statvfs(path)
    except OSError as error:
        raise VolumeMissingError(f"{path} cannot be read ({error.strerror}).") from error
    return Space(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def volume_at(path: Path) -> VolumeId | None:
    """The id of the volume at ``path``; None when there is none that can be read."""
    try:
        mark = msgspec.json.decode((path / MARK).read_bytes(), type=_Mark)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if mark.format != FORMAT or not is_id(mark.volume):
        return None
    return VolumeId(mark.volume)


def create_volume(path: Path, disk: Disk, clock: Clock) -> Volume:
    """Make ``path`` a volume, or return the one it is.

    ConfigError for a folder that holds other things: it is probably not meant.
    """
    found = volume_at(path)
    if found is not None:
        return Volume(found, path)
    if (path / MARK).exists():
        raise ConfigError(f"{path / MARK} cannot be read: restore it, or choose another folder.")
    _make_empty(path, disk)
    return _mark(path, VolumeId(random_id()), disk, clock)


def recreate_volume(path: Path, volume: VolumeId, disk: Disk, clock: Clock) -> Volume:
    """Make an empty folder the volume that was lost, under its id, or return the one it is.

    ConfigError for a folder that holds other things, or is another volume.
    """
    found = volume_at(path)
    if found == volume:
        return Volume(volume, path)
    if found is not None or (path / MARK).exists():
        raise ConfigError(f"Another volume is at {path}: choose an empty folder.")
    _make_empty(path, disk)
    return _mark(path, volume, disk, clock)


def _make_empty(path: Path, disk: Disk) -> None:
    disk.make_folders(WriteSite.VOLUME_MARK, path)
    disk.sync_folder(WriteSite.VOLUME_MARK, path.parent)
    try:
        # A power cut may have ended the first start in the middle of writing the mark.
        others = [
            name
            for name in os.listdir(path)
            if name != "lost+found" and not name.startswith(f".{MARK}.")
        ]
    except OSError as error:
        raise ConfigError(f"{path} cannot be used ({error.strerror}).") from error
    if others:
        raise ConfigError(
            f"{path} is not empty and no volume: choose an empty folder for recordings."
        )


def _mark(path: Path, volume: VolumeId, disk: Disk, clock: Clock) -> Volume:
    mark = _Mark(FORMAT, volume, str(clock.wall_ns()))
    disk.write_whole(WriteSite.VOLUME_MARK, path / MARK, msgspec.json.encode(mark) + b"\n")
    return Volume(volume, path)
