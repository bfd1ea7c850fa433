"""A copy of a camera's ledger and heads on its volume, so that a lost state folder is not the end.

Month files only grow, so a copy is brought up to date by what was appended; one that does not begin
as the original does is written anew.
"""

import os
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite
from watchglass.recording.linelog import month_files


class LedgerCopy:
    """Copies ``<ledger>/*.jsonl`` and ``<ledger>/heads/*.jsonl`` under ``target``."""

    def __init__(self, source: Path, target: Path, disk: Disk) -> None:
        self._source = source
        self._target = target
        self._disk = disk
        self._done: dict[Path, int] = {}

    def bring_up(self) -> None:
        """Copy what is new; StorageError when the volume refuses. Not synced."""
        self._folder(self._source, self._target)
        self._folder(self._source / "heads", self._target / "heads")

    def _folder(self, source: Path, target: Path) -> None:
        for original in month_files(source):
            size = original.stat().st_size
            if self._done.get(original) == size:
                continue
            copy = target / original.name
            self._append(original, copy, size)
            self._done[original] = size

    def _append(self, original: Path, copy: Path, size: int) -> None:
        have = self._done.get(original)
        if have is None or have > size:
            self._disk.make_folders(WriteSite.LEDGER_COPY, copy.parent)
            data = original.read_bytes()[:size]
            if not copy.exists() or copy.read_bytes() != data:
                self._disk.write_whole(WriteSite.LEDGER_COPY, copy, data)
            return
        with original.open("rb") as file:
            file.seek(have)
            data = file.read(size - have)
        fd = self._disk.open(WriteSite.LEDGER_COPY, copy)
        try:
            self._disk.write_at(WriteSite.LEDGER_COPY, fd, data, have, str(copy))
        finally:
            os.close(fd)
