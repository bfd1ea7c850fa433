"""A thread that takes turns at a piece of work, for as long as the recorder runs."""

import threading
from collections.abc import Callable

from watchglass.base import log
from watchglass.base.errors import WatchglassError

_JOIN_S = 2.0


class Rounds:
    """``turn`` is taken every few seconds, and at once when it is woken, in a thread that nobody
    waits for. A turn that fails is logged, and there is a next one."""

    def __init__(self, name: str, turn: Callable[[], None], every_s: float) -> None:
        self._name = name
        self._turn = turn
        self._every_s = every_s
        self._log = log.get(name)
        self._ending = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def ended(self) -> bool:
        """Whether it was closed; a turn may still be under way."""
        return self._ending.is_set()

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """For any thread."""
        self._wake.set()

    def close(self) -> None:
        """No turn begins any more; one that is under way is waited for a moment."""
        self._ending.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        while not self.ended:
            try:
                self._turn()
            except WatchglassError as error:
                self._log.error(f"{self._name}_failed", error=error.sentence)
            except Exception:  # noqa: BLE001 - the thread's border: recording goes on without
                self._log.exception(f"{self._name}_failed")
            self._wake.wait(self._every_s)
            self._wake.clear()
