"""Looks on their way to the ledger: gathered for a moment, and told by one call at a time.

A wall of tiles that opens is one request to the recorder, which waits for the disk once. A look
stays here until the recorder has said that it is on disk; what was told of it since replaces it.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice

from watchglass.api.blocking import Blocking
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import LookId
from watchglass.model.look import Look

_GATHER_S = 0.05
_MOST_A_CALL = 250
_MOST_WAITING = 10_000
_LOG = log.get("looks")


class LookQueue:
    """Of one event loop. ``note`` blocks, and raises WatchglassError for what is to be retried."""

    def __init__(self, note: Callable[[Sequence[Look]], None], blocking: Blocking) -> None:
        self._note = note
        self._blocking = blocking
        self._waiting: dict[LookId, Look] = {}
        self._sending: asyncio.Task[None] | None = None
        self._failing = False
        self.lost = 0

    @property
    def depth(self) -> int:
        """How many looks wait."""
        return len(self._waiting)

    def put(self, look: Look) -> None:
        """Take a look, or more of one. A full queue drops the new one, into the log."""
        if len(self._waiting) >= _MOST_WAITING and look.id not in self._waiting:
            self.lost += 1
            _tell_lost(look)
            return
        self._waiting[look.id] = look
        if not self._failing:
            self.send()

    def send(self) -> None:
        """See that what waits is sent; about once a second, and nothing is tried more often."""
        if self._waiting and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._send(_GATHER_S))

    async def close(self) -> None:
        """Send what waits; what nobody takes any more is left in the log."""
        if self._sending is not None:
            await self._sending
        await self._send(0)
        for look in self._waiting.values():
            _tell_lost(look)

    async def _send(self, gather_s: float) -> None:
        await asyncio.sleep(gather_s)
        while self._waiting:
            looks = list(islice(self._waiting.values(), _MOST_A_CALL))
            try:
                await self._blocking(self._note, looks)
            except WatchglassError as error:
                if not self._failing:
                    _LOG.error("looks_wait", count=len(self._waiting), error=error.sentence)
                self._failing = True
                return
            self._failing = False
            for look in looks:
                if self._waiting[look.id] is look:
                    del self._waiting[look.id]


def _tell_lost(look: Look) -> None:
    _LOG.error(
        "look_lost", user=look.user, camera=look.camera, stream=look.stream.value,
        kind=look.kind.value, from_ns=look.from_ns, to_ns=look.to_ns,
    )  # fmt: skip
