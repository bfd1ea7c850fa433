"""A machine that has other work as well: processes that compute, and one that fills a disk's cache.

They run at the recorder's own priority: what it gets is its share, and no more.
"""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

_COMPUTES = "while True: pass"
_WRITES = """
import os, sys
while True:
    with open(sys.argv[1], "wb") as file:
        for _ in range(16):
            file.write(os.urandom(1 << 20))
            file.flush()
            os.fdatasync(file.fileno())
"""


class Busy:
    """``processes`` that compute, and one that writes and syncs 16 MiB in ``folder`` again and
    again; none at all for 0."""

    def __init__(self, processes: int, folder: Path) -> None:
        self._processes = processes
        self._file = folder / "busy"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self._processes:
            for _ in range(self._processes):
                self._start(_COMPUTES)
            self._start(_WRITES, str(self._file))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
        self._file.unlink(missing_ok=True)

    def _start(self, script: str, *words: str) -> None:
        process = subprocess.Popen([sys.executable, "-c", script, *words])
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
