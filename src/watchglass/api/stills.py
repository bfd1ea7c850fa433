"""Pictures that were made last, and each one made once however many ask for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from watchglass.api.errors import MediaWorkerError

MOST_BYTES = 32 * 1024 * 1024
_AT_ONCE = 4
_MOST_WAITING = 128
_WAIT_S = 5.0


class Stills:
    """Of one event loop. Few are made at once, so that pictures leave threads for playback; whoever
    waits too long for his turn, or comes when too many wait, gets MediaWorkerError."""

    def __init__(
        self, most_bytes: int = MOST_BYTES, *, at_once: int = _AT_ONCE, wait_s: float = _WAIT_S
    ) -> None:
        self._most_bytes = most_bytes
        self._wait_s = wait_s
        self._made: OrderedDict[Hashable, bytes] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[bytes]] = {}
        self._turns = asyncio.Semaphore(at_once)
        self.held_bytes = 0

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """The bytes of this key, made by ``make`` if it is not at hand."""
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

    def forget(self) -> None:
        """All that was made: what it was made of may be gone."""
        self._made.clear()
        self.held_bytes = 0

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turns.acquire()
        except TimeoutError:
            raise _busy() from None
        try:
            made = await make()
        finally:
            self._turns.release()
        self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: bytes) -> None:
        self._made[key] = made
        self.held_bytes += len(made)
        while self.held_bytes > self._most_bytes:
            _, oldest = self._made.popitem(last=False)
            self.held_bytes -= len(oldest)

    def _over(self, key: Hashable, task: asyncio.Task[bytes]) -> None:
        del self._making[key]
        if not task.cancelled():
            task.exception()  # seen, also when everybody who asked has left


def _busy() -> MediaWorkerError:
    return MediaWorkerError("Too many pictures are asked for at once: ask again in a moment.")
