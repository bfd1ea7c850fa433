"""The sign of life: when a recorder was last known to run, and in which boot of the machine.

Overwritten in place before each sync, so that what it says was true of everything synced with it.
It tells a crash of the recorder from a machine that was off, and until when its last words hold.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.model.gap import GapCause

_BYTES = 512


class _Words(msgspec.Struct):
    v: int
    wall: str
    boottime: str
    boot: str
    state: str


@dataclass(frozen=True, slots=True)
class LastSeen:
    """``wall_ns`` is UTC; ``stopped`` after a clean end."""

    wall_ns: int
    boot: str
    stopped: bool

    def cause_since(self, clock: Clock) -> GapCause:
        """Why nothing was recorded since then."""
        if self.boot != clock.boot_id():
            return GapCause.RECORDER_STOPPED if self.stopped else GapCause.MACHINE_OFF
        return GapCause.RECORDER_STOPPED if self.stopped else GapCause.RECORDER_CRASHED


def last_seen(folders: Iterable[Path], disk: Disk, clock: Clock) -> LastSeen | None:
    """The latest sign of life in some folders: that of a volume is newer than the state folder's
    when there was nothing to write into ledgers."""
    found = [seen for folder in folders if (seen := Alive(folder, disk, clock).read()) is not None]
    return max(found, key=lambda seen: seen.wall_ns, default=None)


class Alive:
    """The file ``alive`` of a state folder or a volume."""

    def __init__(self, folder: Path, disk: Disk, clock: Clock) -> None:
        self._path = folder / "alive"
        self._disk = disk
        self._clock = clock
        self._boot = clock.boot_id()
        self._fd: int | None = None

    def read(self) -> LastSeen | None:
        """The last words; None when there are none, or they are torn."""
        try:
            words = msgspec.json.decode(self._path.read_bytes(), type=_Words)
            return LastSeen(int(words.wall), words.boot, words.state == "stopped")
        except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def tell(self, *, stopped: bool = False) -> None:
        """Say that the recorder lives, or ends well. Not synced."""
        if self._fd is None:
            self._fd = self._disk.open(WriteSite.ALIVE, self._path)
        words = _Words(
            1,
            str(self._clock.wall_ns()),
            str(self._clock.boottime_ns()),
            self._boot,
            "stopped" if stopped else "running",
        )
        data = msgspec.json.encode(words).ljust(_BYTES - 1) + b"\n"
        self._disk.overwrite(WriteSite.ALIVE, self._fd, data, str(self._path))

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
