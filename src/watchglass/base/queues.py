"""Bounded queues between threads, measured in bytes, each with a named policy and counters.

A queue without a bound hides a slow reader until memory is gone; a bound without a counter loses
in silence. So every queue has a name, a depth that can be shown, and says what it dropped.
"""

import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class DropPolicy(StrEnum):
    """What happens to an item that finds the queue full."""

    REFUSE_NEWEST = "refuse_newest"
    DROP_OLDEST = "drop_oldest"


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """A queue's gauge and counters, for metrics and ``doctor``."""

    name: str
    policy: DropPolicy
    items: int
    size_bytes: int
    limit_bytes: int
    dropped_items: int
    dropped_bytes: int


class ByteQueue(Generic[T]):
    """First in, first out, at most ``limit_bytes`` of what is waiting.

    An item larger than the limit is let in when the queue is empty, so that one huge key frame
    cannot stop a camera for ever. Thread-safe.
    """

    def __init__(
        self, name: str, limit_bytes: int, policy: DropPolicy = DropPolicy.REFUSE_NEWEST
    ) -> None:
        self.name = name
        self.policy = policy
        self.limit_bytes = limit_bytes
        self._items: deque[tuple[T, int]] = deque()
        self._size_bytes = 0
        self._dropped_items = 0
        self._dropped_bytes = 0
        self._closed = False
        self._ready = threading.Condition(threading.Lock())

    def put(self, item: T, size_bytes: int) -> bool:
        """Add an item; False when it was refused (or the queue is closed)."""
        with self._ready:
            if self._closed:
                return False
            while self._items and self._size_bytes + size_bytes > self.limit_bytes:
                if self.policy is DropPolicy.REFUSE_NEWEST:
                    self._dropped_items += 1
                    self._dropped_bytes += size_bytes
                    return False
                _, oldest_bytes = self._items.popleft()
                self._size_bytes -= oldest_bytes
                self._dropped_items += 1
                self._dropped_bytes += oldest_bytes
            self._items.append((item, size_bytes))
            self._size_bytes += size_bytes
            self._ready.notify()
            return True

    def put_always(self, item: T) -> None:
        """Add an item that must not be lost and weighs nothing: the end of a run, a gap."""
        with self._ready:
            self._items.append((item, 0))
            self._ready.notify()

    def get(self, timeout_s: float | None = None) -> T | None:
        """The oldest item; None after ``timeout_s``, or when closed and empty."""
        with self._ready:
            if not self._items and not self._closed and timeout_s != 0:
                self._ready.wait(timeout_s)
            if not self._items:
                return None
            item, size_bytes = self._items.popleft()
            self._size_bytes -= size_bytes
            return item

    def close(self) -> None:
        """Take nothing more; what waits can still be read."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    @property
    def closed(self) -> bool:
        with self._ready:
            return self._closed

    def depth(self) -> QueueDepth:
        """The gauge as of now."""
        with self._ready:
            return QueueDepth(
                self.name,
                self.policy,
                len(self._items),
                self._size_bytes,
                self.limit_bytes,
                self._dropped_items,
                self._dropped_bytes,
            )
