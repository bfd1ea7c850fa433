"""What changes, told to all who listen: the index is asked once a second, however many they are.

Nobody listens: nobody asks. A listener that is too slow loses the oldest and is told ``again``: it
has to ask for everything anew.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from watchglass.api.blocking import Blocking
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId

ChangeName: TypeAlias = Literal[
    "camera", "recording", "gap_opened", "gap_closed", "event", "review", "again"
]

_EVERY_S = 1.0
_BEAT_S = 15.0
_MOST_WAITING = 1000
_LOG = log.get("changes")


@dataclass(frozen=True, slots=True)
class Change:
    """``data`` is a JSON text. ``camera``: of which it tells; None for none. ``times``: it is of
    footage of then (UTC ns), and for who may play that back."""

    name: ChangeName
    data: str
    camera: CameraId | None = None
    times: tuple[int, int | None] | None = None


@dataclass(slots=True, eq=False)
class _Listener:
    waiting: deque[Change] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    missed: int = 0


Look: TypeAlias = Callable[[bool], Sequence[Change]]
"""Finds what has changed since it was called last; True: nobody has listened before."""


class ChangeFeed:
    """Of one event loop."""

    def __init__(self, blocking: Blocking, look: Look) -> None:
        self._blocking = blocking
        self._look = look
        self._listeners: set[_Listener] = set()
        self._asking: asyncio.Task[None] | None = None
        self.dropped = 0
        """How many changes slow listeners lost; each was told to ask anew."""

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def listen(self) -> AsyncIterator[Change | None]:
        """Changes from now on; None now and again, so that a broken connection is found."""
        listener = _Listener()
        self._listeners.add(listener)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(listener.ready.wait(), _BEAT_S)
                listener.ready.clear()
                if not listener.waiting:
                    yield None
                if listener.missed:
                    listener.missed = 0
                    listener.waiting.clear()
                    yield Change("again", "{}")
                while listener.waiting:
                    yield listener.waiting.popleft()
        finally:
            self._listeners.discard(listener)

    def wake(self) -> None:
        """Let all who listen come back at once, with None where nothing changed."""
        for listener in self._listeners:
            listener.ready.set()

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking

    async def _ask(self) -> None:
        first = True
        while self._listeners:
            try:
                for change in await self._blocking(self._look, first):
                    self._tell(change)
                first = False
            except WatchglassError as error:
                _LOG.error("changes_not_read", error=error.sentence)
            await asyncio.sleep(_EVERY_S)

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            if len(listener.waiting) == _MOST_WAITING:
                listener.missed += 1
                self.dropped += 1
            listener.waiting.append(change)
            listener.ready.set()
