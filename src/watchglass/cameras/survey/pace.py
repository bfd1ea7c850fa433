"""How fast: so many packets and connections begun in a second, so many open at once, and an end."""

from __future__ import annotations

import asyncio
from typing import Any, Callable

Now = Callable[[], int]


class Stopped(Exception):
    """Somebody wants the scan to end."""


class Pace:
    """Counts and slows down. ``monotonic_ns`` is handed in, so that tests need no waiting."""

    def __init__(self, rate_per_s: float, parallel: int, monotonic_ns: Now) -> None:
        self.begun = 0
        self.stopping = False
        self._gap_ns = int(1e9 / max(rate_per_s, 0.1))
        self._monotonic_ns = monotonic_ns
        self._next_ns = 0
        self._open = asyncio.Semaphore(max(1, parallel))

    def stop(self) -> None:
        self.stopping = True

    async def turn(self) -> None:
        """Wait for the next packet's turn; Stopped where none comes any more."""
        if self.stopping:
            raise Stopped
        now_ns = self._monotonic_ns()
        due_ns = max(now_ns, self._next_ns)
        self._next_ns = due_ns + self._gap_ns
        if due_ns > now_ns:
            await asyncio.sleep((due_ns - now_ns) / 1e9)
            if self.stopping:
                raise Stopped
        self.begun += 1

    async def __aenter__(self) -> None:
        """A place among those that are open at once."""
        await self._open.acquire()

    async def __aexit__(self, *_: Any) -> None:
        self._open.release()
