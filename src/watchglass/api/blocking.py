"""The way out of the event loop for everything that waits for a disk, a database or a hash."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

import anyio

from watchglass.base.pool import full_pool

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 12
_HASHES = 2
_PATIENT = 4


class Blocking:
    """Runs functions in threads, a bounded number at once; whoever comes later waits.

    Hashing passwords takes 64 MiB and a core each, so it has fewer threads of its own: nobody who
    guesses passwords slows down who watches. So has what another process takes seconds for. All
    threads run from the start to ``close``.
    """

    def __init__(self, threads: int = _THREADS, hashes: int = _HASHES) -> None:
        self._threads = full_pool(threads, "blocking")
        self._hashes = full_pool(hashes, "hashing")
        self._patient = full_pool(_PATIENT, "patient")

    async def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``function`` returns, called in a thread."""
        return await _run(self._threads, partial(function, *args, **kwargs))

    async def hashing(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As a plain call, for what hashes a password."""
        return await _run(self._hashes, partial(function, *args, **kwargs))

    async def patiently(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As a plain call, for what waits for seconds."""
        return await _run(self._patient, partial(function, *args, **kwargs))

    def close(self) -> None:
        """End the threads as they come back; does not wait, and nothing can be called after."""
        for pool in (self._threads, self._hashes, self._patient):
            pool.shutdown(wait=False)


async def _run(pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    loop = asyncio.get_running_loop()
    called = loop.run_in_executor(pool, partial(copy_context().run, call))
    # A request that is given up waits for its thread all the same: what comes after it, such as the
    # end of a feed, must not pass what it began.
    with anyio.CancelScope(shield=True):
        await called
    return called.result()
