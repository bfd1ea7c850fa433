"""JPEGs that were made last, and each one made once however many ask for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from watchglass.api.problem import MediaWorkerError
from watchglass.base.ids import RunId

MOST_BYTES = 32 * 1024 * 1024
_AT_ONCE = 4
_MOST_WAITING = 128
_WAIT_S = 5.0

Key = tuple[RunId, int, int]
"""Run, media time, width."""


class Stills:
    """Of one event loop. Few are made at once, so that pictures leave threads for playback; whoever
    waits too long for his turn, or comes when too many wait, gets MediaWorkerError."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._made: OrderedDict[Key, bytes] = OrderedDict()
        self._making: dict[Key, asyncio.Task[bytes]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.held_bytes = 0

    async def get(self, key: Key, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """The JPEG of this key, made by ``make`` if it is not at hand."""
        made = self._made.get(key)
        if made is not None:
            self._made.move_to_end(key)
            return made
        task = self._making.get(key)
        if task is None:
            if len(self._making) >= _MOST_WAITING:
                raise _busy()
            task = self._making[key] = asyncio.create_task(self._make(key, make))
            task.add_done_callback(lambda done: self._over(key, done))
        # One viewer who leaves must not take the picture from the others.
        return await asyncio.shield(task)

    async def _make(self, key: Key, make: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise _busy() from None
        try:
            jpeg = await make()
        finally:
            self._turns.release()
        self._keep(key, jpeg)
        return jpeg

    def _keep(self, key: Key, jpeg: bytes) -> None:
        self._made[key] = jpeg
        self.held_bytes += len(jpeg)
        while self.held_bytes > self._most_bytes:
            _, oldest = self._made.popitem(last=False)
            self.held_bytes -= len(oldest)

    def _over(self, key: Key, task: asyncio.Task[bytes]) -> None:
        del self._making[key]
        if not task.cancelled():
            task.exception()  # seen, also when everybody who asked has left


def _busy() -> MediaWorkerError:
    return MediaWorkerError("Too many pictures are asked for at once: ask again in a moment.")
