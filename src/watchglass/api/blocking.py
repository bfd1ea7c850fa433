"""The way out of the event loop for everything that waits for a disk, a database or a hash."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
from anyio.to_thread import run_sync

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 12
_HASHES = 2
_PATIENT = 4


class Blocking:
    """Runs functions in threads, a bounded number at once; whoever comes later waits in the loop.

    Hashing passwords takes 64 MiB and a core each, so it has fewer threads of its own: nobody who
    guesses passwords slows down who watches. So has what another process takes seconds for.
    """

    def __init__(self, threads: int = _THREADS, hashes: int = _HASHES) -> None:
        self._threads = anyio.CapacityLimiter(threads)
        self._hashes = anyio.CapacityLimiter(hashes)
        self._patient = anyio.CapacityLimiter(_PATIENT)

    async def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``function`` returns, called in a thread."""
        return await run_sync(partial(function, *args, **kwargs), limiter=self._threads)

    async def hashing(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As a plain call, for what hashes a password."""
        return await run_sync(partial(function, *args, **kwargs), limiter=self._hashes)

    async def patiently(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As a plain call, for what waits for seconds."""
        return await run_sync(partial(function, *args, **kwargs), limiter=self._patient)
