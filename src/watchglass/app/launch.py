"""How child processes come to be, and one kept ready so that recording goes on at once.

Most of what a restarted worker costs in lost pictures is the time Python takes to load it. So one
worker without an assignment waits on its standard input, loaded; the next death takes it, and
another is started after a moment, when recording has gone on.
"""

import os
import subprocess
import sys
import threading

_READY_AFTER_S = 2.0


def launch(module: str, *, speaks: bool = False) -> "subprocess.Popen[bytes]":
    """Start a module as a child that reads messages from its standard input.

    It gets a session of its own: Ctrl-C and a closed terminal are for the supervisor, which then
    ends its children in order. The folder we were started in is no place to import from (``-P``):
    a fenced process may read what it imports from. NumPy's OpenBLAS starts threads as it is
    imported, and a fence goes up before the first.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if speaks else None,
        close_fds=True,
        start_new_session=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


class Spare:
    """One process of ``module``, which speaks, loaded and waiting for its first message."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._waiting: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def take(self) -> "subprocess.Popen[bytes]":
        """The one that waits, or a fresh one; the next is made ready meanwhile."""
        with self._lock:
            found, self._waiting = self._waiting, None
        later = threading.Timer(_READY_AFTER_S, self.prepare)
        later.daemon = True
        later.start()
        if found is not None and found.poll() is None:
            return found
        return launch(self._module, speaks=True)

    def prepare(self) -> None:
        """Make one ready, unless one is."""
        with self._lock:
            if self._closed or (self._waiting is not None and self._waiting.poll() is None):
                return
            self._waiting = launch(self._module, speaks=True)

    def close(self) -> None:
        """End the one that waits: its input ends, and so does it."""
        with self._lock:
            self._closed = True
            found, self._waiting = self._waiting, None
        if found is not None and found.stdin is not None and found.stdout is not None:
            found.stdin.close()
            found.wait(10)
            found.stdout.close()
