"""Notes on disk from before the first byte until the keeper has them in the ledger.

One file of JSON lines, appended to and synced. What is told again does no harm, so it is emptied
only when nothing waits, and what a crash leaves is told by the next process. A last line that is
torn was not promised to anybody.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from watchglass.base import log
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DiskFullError, StorageError
from watchglass.model.act import Note

MOST_BYTES = 16 << 20
"""Some sixty thousand notes; then nothing more is shown until the keeper takes them."""
_MODE = 0o600
_LOG = log.get("looks")


class NoteSpool:
    """Of one process; one call at a time."""

    def __init__(self, folder: Path, disk: Disk, most_bytes: int = MOST_BYTES) -> None:
        """``folder`` must be there."""
        self._path = folder / "notes.jsonl"
        self._disk = disk
        self._most_bytes = most_bytes
        self._fd: int | None = None
        self._bytes = 0

    def recall(self) -> list[Note]:
        """What a process before this one left, in its order; StorageError when it is unreadable."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(f"Reading {self._path} failed ({error}): check the disk.") from error
        self._bytes = len(raw)
        notes: list[Note] = []
        for line in raw.split(b"\n")[:-1]:
            if not line:
                continue
            try:
                notes.append(_DECODER.decode(line))
            except ValueError:  # a page of it was lost; the others count all the same
                _LOG.error("note_unreadable", path=str(self._path), bytes=len(line))
        return notes

    def put(self, notes: Iterable[Note]) -> None:
        """Keep them, on disk when this returns; DiskFullError when too many wait already."""
        data = b"".join(_ENCODER.encode(note) + b"\n" for note in notes)
        if self._bytes + len(data) > self._most_bytes:
            raise DiskFullError(
                "Too many looks wait for the recorder's ledger: nothing more is shown until the "
                "recorder takes them. Look at its log."
            )
        if self._fd is None:
            self._fd = self._disk.open(WriteSite.NOTE_SPOOL, self._path, _MODE)
            self._bytes = os.fstat(self._fd).st_size
            self._disk.sync_folder(WriteSite.NOTE_SPOOL, self._path.parent)
            # What lies there may end in the middle of a line.
            data = b"\n" + data if self._bytes else data
        what = str(self._path)
        self._disk.write_at(WriteSite.NOTE_SPOOL, self._fd, data, self._bytes, what)
        self._disk.sync_file(WriteSite.NOTE_SPOOL, self._fd, what)
        self._bytes += len(data)

    def replace(self, notes: Iterable[Note]) -> None:
        """Have these alone in it; nothing, when none wait any more."""
        data = b"".join(_ENCODER.encode(note) + b"\n" for note in notes)
        if data or self._fd is None:
            self.close()
            self._disk.write_whole(WriteSite.NOTE_SPOOL, self._path, data, _MODE)
        else:
            # Not synced: what comes back after a power cut is told once more.
            self._disk.truncate(WriteSite.NOTE_SPOOL, self._fd, 0, str(self._path))
        self._bytes = len(data)

    @property
    def bytes(self) -> int:
        """How much lies in it."""
        return self._bytes

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Note] = msgspec.json.Decoder(Note)
