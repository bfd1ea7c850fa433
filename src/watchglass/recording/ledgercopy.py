"""A copy of a camera's ledger and heads on its volume, so that a lost state folder is not the end.

Month files only grow, so a copy is brought up to date by what was appended; one that does not begin
as the original does is written anew. A copy that was signed and says something else is kept beside
it, as ``ledger.<epoch>-<lines>``: it may be the only evidence of what a restore gave up, or of a
fork.
"""

import os
from pathlib import Path

from watchglass.base import log
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import WatchglassError
from watchglass.recording.lineage import read_telling, shared_lines
from watchglass.recording.linelog import month_files

_LOG = log.get("keeper")


class LedgerCopy:
    """Copies ``<ledger>/*.jsonl`` and ``<ledger>/heads/*.jsonl`` under ``target``."""

    def __init__(self, source: Path, target: Path, disk: Disk) -> None:
        self._source = source
        self._target = target
        self._disk = disk
        self._done: dict[Path, int] = {}

    def bring_up(self) -> None:
        """Copy what is new; StorageError when the volume refuses. Not synced."""
        if not self._done and not _begins_as(self._source, self._target):
            self._keep_another()
        self._folder(self._source, self._target)
        self._folder(self._source / "heads", self._target / "heads")

    def _keep_another(self) -> None:
        name = self._source.name
        try:
            mine = read_telling(self._source, name, "the state folder")
            other = read_telling(self._target, name, "its copy")
        except WatchglassError as error:
            _LOG.error("copy_not_read", ledger=name, error=error.sentence)
            return
        if other.signed <= shared_lines(mine, other):
            return
        last = other.heads[-1]
        aside = self._target.with_name(f"{self._target.name}.{last.epoch[:8]}-{last.size}")
        if not aside.exists():
            _LOG.error("another_copy_kept", ledger=name, at=str(aside))
            self._disk.replace(WriteSite.LEDGER_COPY, self._target, aside)

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


def _begins_as(source: Path, target: Path) -> bool:
    """Whether each month of the copy is a beginning of the ledger's own."""
    for copy in month_files(target):
        original = source / copy.name
        if not original.exists() or not original.read_bytes().startswith(copy.read_bytes()):
            return False
    return True
