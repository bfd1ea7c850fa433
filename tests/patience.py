"""A run in which nothing happens any more is ended, and says which tests it was waiting for."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

PATIENCE_S = {"quick": 240.0, "full": 720.0, "long": 1800.0}
"""Longer than any test of the tier takes. Its own limit says more and comes first, as a rule."""
_END_S = 30.0
"""What the run may take to close itself."""


class Patience:
    """Watches the process that hands out the tests.

    A test has its own limit, but that is kept by the process it runs in: not when that is stuck
    outside Python, and not when it is gone.
    """

    def __init__(self, patience_s: float, give_up: Callable[[str], None]) -> None:
        self._patience_s = patience_s
        self._give_up = give_up
        self._running: dict[str, float] = {}
        self._heard_s = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="patience", daemon=True)

    def pytest_sessionstart(self) -> None:
        self._heard_s = time.monotonic()
        self._thread.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._heard_s = self._running[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._heard_s = time.monotonic()
        self._running.pop(nodeid, None)

    def pytest_collectreport(self) -> None:
        self._heard_s = time.monotonic()

    def pytest_unconfigure(self) -> None:
        self._over.set()

    def join(self) -> None:
        """Wait until nothing is watched any more."""
        self._thread.join()

    def _watch(self) -> None:
        while (left_s := self._heard_s + self._patience_s - time.monotonic()) > 0:
            if self._over.wait(left_s):
                return
        self._give_up(self._waiting_for())

    def _waiting_for(self) -> str:
        now_s = time.monotonic()
        lines = [f"  {test} ({now_s - at_s:.0f} s)" for test, at_s in self._running.copy().items()]
        told = f"No test began or ended for {self._patience_s:.0f} s, so the run ends. Running:"
        return "\n".join([told, *(lines or ["  none; a worker hangs before its first test"])])


def end_run(message: str) -> None:
    """End this process, in order if that is still possible; the workers end with it."""
    print(f"\n{message}", file=sys.__stderr__, flush=True)
    # As a ^C does: what failed up to now is still told.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(_END_S)
    os._exit(pytest.ExitCode.INTERRUPTED)
