"""Passphrases of bundles that are to be encrypted, in memory alone, until they are made."""

import threading

from watchglass.base.errors import UsageError
from watchglass.base.secret import Secret
from watchglass.evidence.agefile import LEAST_LETTERS
from watchglass.model.export import Export

GONE = (
    "It is encrypted, and its passphrase was not kept when the recorder was started again: ask "
    "for it again."
)


class Passphrases:
    """By the ids of bundles. Thread-safe; a new one has none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Secret] = {}

    def keep(self, id: str, passphrase: str) -> None:
        """Nothing, for an empty one."""
        if passphrase:
            with self._lock:
                self._of[id] = Secret(passphrase)

    def of(self, id: str) -> Secret | None:
        with self._lock:
            return self._of.get(id)

    def drop(self, id: str) -> None:
        with self._lock:
            self._of.pop(id, None)

    def lost(self, export: Export) -> bool:
        """Whether a bundle is to be encrypted, and nobody knows any more under what."""
        return export.encrypted and self.of(export.id) is None


def require_good(passphrase: str) -> None:
    """UsageError, which does not repeat it."""
    if passphrase and len(passphrase) < LEAST_LETTERS:
        raise UsageError(f"A passphrase has {LEAST_LETTERS} letters or more: choose a longer one.")
    if passphrase != passphrase.strip() or not passphrase.isprintable():
        raise UsageError(
            "A passphrase is one line, and neither begins nor ends with a space: choose another."
        )
