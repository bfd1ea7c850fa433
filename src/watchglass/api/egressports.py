"""What the API needs to take in what cameras sent."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.ids import random_id
from watchglass.model.egress import EgressState, EgressTaken, TakeEgressRequest


@dataclass(frozen=True, slots=True)
class EgressPorts:
    """``folder`` is where files are put for the recorder, which removes them; ``take`` asks it to,
    blocks, and may take a minute. ``state`` asks it where it listens by itself."""

    folder: Path
    disk: Disk
    take: Callable[[TakeEgressRequest], EgressTaken]
    state: Callable[[], EgressState]


def forget_uploads(folder: Path) -> None:
    """What a process before this one left of files on their way."""
    for each in folder.glob(f"{EgressUpload.PREFIX}*"):
        each.unlink(missing_ok=True)


class EgressUpload:
    """A file on its way. Its methods block."""

    PREFIX = "egress-"

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.name = f"{self.PREFIX}{random_id()}"
        self.written = 0
        self._disk = disk
        self._path = folder / self.name
        self._fd = disk.open(WriteSite.NOTE_SPOOL, self._path, 0o600)

    def write(self, piece: bytes) -> None:
        if piece:
            what = str(self._path)
            self._disk.write_at(WriteSite.NOTE_SPOOL, self._fd, piece, self.written, what)
            self.written += len(piece)

    def close(self) -> None:
        """It is gone, taken in or not."""
        os.close(self._fd)
        self._path.unlink(missing_ok=True)
