"""Facts on their way to the keeper: kept until it says that they are synced.

When the keeper is away for long the list is bounded. Then facts about fragments go first, because
the files tell them again; what is said of runs, files and gaps is never dropped.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from watchglass.model.fact import Fact, FragmentWritten


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """Gauge and counter, for metrics."""

    waiting: int
    dropped_fragments: int


class Outbox:
    """An ordered list with serial numbers. Thread-safe.

    ``on_fact`` is called (outside the lock) when a fact that should not wait was added.
    """

    def __init__(self, limit: int = 20_000, on_fact: Callable[[], None] | None = None) -> None:
        self._limit = limit
        self._on_fact = on_fact
        self._lock = threading.Lock()
        self._facts: dict[int, Fact] = {}
        self._next = 0
        self._sent = 0
        self._dropped = 0
        self._empty = threading.Condition(self._lock)

    def add(self, fact: Fact) -> None:
        """Append a fact."""
        with self._lock:
            if len(self._facts) >= self._limit and isinstance(fact, FragmentWritten):
                self._dropped += 1
                return
            if len(self._facts) >= self._limit:
                self._drop_fragments()
            self._facts[self._next] = fact
            self._next += 1
        if self._on_fact is not None and not isinstance(fact, FragmentWritten):
            self._on_fact()

    def unsent(self, most: int = 500) -> list[tuple[int, Fact]]:
        """The next facts to send, marked as sent."""
        with self._lock:
            found: list[tuple[int, Fact]] = []
            serial = self._sent
            while serial < self._next and len(found) < most:
                fact = self._facts.get(serial)
                if fact is not None:
                    found.append((serial, fact))
                serial += 1
            self._sent = serial
            return found

    def unsend(self, serial: int) -> None:
        """What could not be queued is to be sent again, from ``serial`` on."""
        with self._lock:
            self._sent = min(self._sent, serial)

    def acknowledge(self, up_to: int) -> None:
        """Facts with serial numbers up to and including ``up_to`` are synced."""
        with self._lock:
            for serial in list(self._facts):
                if serial > up_to:
                    break
                del self._facts[serial]
            if not self._facts:
                self._empty.notify_all()

    def send_again(self) -> None:
        """The keeper was restarted: all that is not acknowledged has to be told again."""
        with self._lock:
            self._sent = min(self._facts, default=self._next)

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Whether all facts were acknowledged within the time."""
        with self._lock:
            return self._empty.wait_for(lambda: not self._facts, timeout_s)

    def depth(self) -> OutboxDepth:
        """The gauge as of now."""
        with self._lock:
            return OutboxDepth(len(self._facts), self._dropped)

    def oldest(self) -> int | None:
        """The serial number of the oldest fact that is not acknowledged; None while none waits."""
        with self._lock:
            return next(iter(self._facts), None)

    def _drop_fragments(self) -> None:
        kept: dict[int, Fact] = {
            n: fact for n, fact in self._facts.items() if not isinstance(fact, FragmentWritten)
        }
        self._dropped += len(self._facts) - len(kept)
        self._facts = kept
