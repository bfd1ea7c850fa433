"""The list of evidence bundles, as a file in the state folder: who asked, who agreed, what became.

It is written whole at each change. Names and reasons lie in it in plain words for as long as beside
the site's ledger, which has commitments to them; of what is open yet, until it is not.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from watchglass.base import log
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, NotFoundError
from watchglass.model.export import Export

FILE = "exports.json"
_EXPORTS: msgspec.json.Decoder[list[Export]] = msgspec.json.Decoder(list[Export])
_LOG = log.get("exports")


class ExportBook:
    """Of one recorder. Thread-safe; what a method changed is on disk when it returns."""

    def __init__(self, state: Path, disk: Disk) -> None:
        """DamagedError for a list that cannot be read: what was agreed to is not guessed."""
        self._path, self._disk = state / FILE, disk
        self._lock = threading.RLock()
        self._exports = {each.id: each for each in self._read()}

    def all(self) -> Sequence[Export]:
        """Newest first."""
        with self._lock:
            return sorted(self._exports.values(), key=lambda each: (-each.asked_ns, each.id))

    def find(self, id: str) -> Export | None:
        with self._lock:
            return self._exports.get(id)

    def get(self, id: str) -> Export:
        found = self.find(id)
        if found is None:
            raise NotFoundError("There is no such evidence bundle: it may be deleted by now.")
        return found

    def put(self, export: Export, *, keep: bool = True) -> None:
        """``keep`` False: it need not outlive this process yet."""
        with self._lock:
            self._exports[export.id] = export
            if keep:
                self._write()

    def drop(self, id: str) -> None:
        with self._lock:
            if self._exports.pop(id, None) is not None:
                self._write()

    def forget_people(self, before_ns: int) -> int:
        """Erase names and reasons of what was asked for before that (UTC ns); of how many."""
        with self._lock:
            gone = [
                each
                for each in self._exports.values()
                if each.asked_ns < before_ns and not each.is_open
                and each != each.without_people()
            ]  # fmt: skip
            self._exports |= {each.id: each.without_people() for each in gone}
            if gone:
                self._write()
            return len(gone)

    def _read(self) -> list[Export]:
        try:
            return _EXPORTS.decode(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            raise DamagedError(
                f"{self._path} cannot be read ({error}): put it aside. Bundles that are made stay; "
                "who agreed to them is in the site's ledger."
            ) from error

    def _write(self) -> None:
        raw = msgspec.json.encode(list(self._exports.values()))
        self._disk.write_whole(WriteSite.EVIDENCE, self._path, raw, 0o600)
