"""Slows down whoever guesses: after a few wrong tries, each further one has to wait longer."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from watchglass.access.errors import TooManyTriesError
from watchglass.base.clock import NS_PER_S, Clock

_FREE_TRIES = 5
_LONGEST_S = 300.0
_FORGOTTEN_NS = 3600 * NS_PER_S
_MOST_KEPT = 10_000


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    last_ns: int = 0


class Throttle:
    """Counts wrong tries by who makes them (an address). Thread-safe; bounded.

    A try counts as wrong from its start until ``succeeded``, so that many at once gain nothing.
    The account itself is never locked: that would let a stranger lock the owner out.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def admit(self, who: str) -> None:
        """Let a try begin; TooManyTriesError while ``who`` has to wait."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            tries = self._tries.setdefault(who, _Tries())
            self._tries.move_to_end(who)
            if now_ns - tries.last_ns > _FORGOTTEN_NS:
                tries.wrong = 0
            wait_s = _wait_s(tries.wrong) - (now_ns - tries.last_ns) / NS_PER_S
            if tries.wrong and wait_s > 0:
                raise TooManyTriesError(
                    f"Too many wrong tries: wait {max(1, round(wait_s))} s, then try again.",
                    wait_s,
                )
            tries.wrong += 1
            tries.last_ns = now_ns
            while len(self._tries) > _MOST_KEPT:
                self._tries.popitem(last=False)

    def succeeded(self, who: str) -> None:
        """The password was right: all is forgotten."""
        with self._lock:
            self._tries.pop(who, None)


def _wait_s(wrong: int) -> float:
    if wrong < _FREE_TRIES:
        return 0.0
    return min(_LONGEST_S, 2.0 ** min(wrong - _FREE_TRIES, 10))
