"""The index as a process that runs for months reads it: opened once, not at each look.

To open it makes an engine, four connections and their statements, some megabyte that is garbage a
moment later; asked for every few minutes, that is what a heap grows by.
"""

import threading
from pathlib import Path

from watchglass.store.index import IndexStore


class KeptIndex:
    """For any thread. Opened when it is first asked for, and again where it was made anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._store: IndexStore | None = None
        self._file: tuple[int, int] | None = None

    def store(self) -> IndexStore | None:
        """None while there is no index yet. What comes is not the asker's to close."""
        with self._lock:
            try:
                found = self._path.stat()
            except FileNotFoundError:
                return None
            file = (found.st_dev, found.st_ino)
            if self._store is None or file != self._file:
                if self._store is not None:
                    self._store.close()
                self._store, self._file = IndexStore(self._path, seldom=True), file
            return self._store

    def close(self) -> None:
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()
