"""Every look into the ledger: one line when somebody begins, then one now and again as it goes on.

A viewing is one person's sign-in on one stream, over spans that touch. What is not noted yet when
the process dies is at most the newest minutes of viewings whose beginning is noted.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace

from watchglass.access.policy import User
from watchglass.api.blocking import Blocking
from watchglass.api.ports import ApiPorts, Look, LookKind
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError

_TOUCHES_NS = 10 * NS_PER_S
_IDLE_NS = 60 * NS_PER_S
_NOTED_EVERY_NS = 300 * NS_PER_S
_MOST_VIEWINGS = 1000
_LOG = log.get("looks")


@dataclass(slots=True)
class _Viewing:
    """``noted_to_ns``: up to there the ledger knows; ``seen_ns`` and ``told_ns`` are monotonic."""

    look: Look
    from_ns: int
    to_ns: int
    noted_from_ns: int
    noted_to_ns: int
    seen_ns: int
    told_ns: int

    def takes(self, from_ns: int, to_ns: int) -> bool:
        return from_ns <= self.to_ns + _TOUCHES_NS and to_ns >= self.from_ns - _TOUCHES_NS

    @property
    def is_noted(self) -> bool:
        return self.noted_from_ns <= self.from_ns and self.to_ns <= self.noted_to_ns


class Looks:
    """Of one event loop."""

    def __init__(self, ports: ApiPorts, blocking: Blocking) -> None:
        self._ports = ports
        self._blocking = blocking
        self._viewings: OrderedDict[tuple[str, str, str], _Viewing] = OrderedDict()
        self._retry: list[Look] = []

    async def saw(self, user: User, look: Look) -> None:
        """Somebody is given the media of a span. The first time it is noted before this returns."""
        assert look.to_ns is not None
        key = (user.session, look.camera, look.stream.value)
        now_ns = self._ports.clock.monotonic_ns()
        viewing = self._viewings.get(key)
        if viewing is not None and viewing.takes(look.from_ns, look.to_ns):
            viewing.from_ns = min(viewing.from_ns, look.from_ns)
            viewing.to_ns = max(viewing.to_ns, look.to_ns)
            viewing.seen_ns = now_ns
            return
        self._viewings[key] = _Viewing(
            look, look.from_ns, look.to_ns, look.from_ns, look.to_ns, now_ns, now_ns
        )
        while len(self._viewings) > _MOST_VIEWINGS:
            _, oldest = self._viewings.popitem(last=False)
            await self._tell(oldest)
        if viewing is not None:
            await self._tell(viewing)
        await self._note(look)

    async def live(self, look: Look) -> None:
        """A live view began (``to_ns`` is None), or ended."""
        assert look.kind is LookKind.LIVE
        await self._note(look)

    async def keep_up(self) -> None:
        """Note what viewings have come to; about once a second."""
        retry, self._retry = self._retry, []
        for look in retry:
            await self._note(look)
        now_ns = self._ports.clock.monotonic_ns()
        for key, viewing in list(self._viewings.items()):
            idle = now_ns - viewing.seen_ns > _IDLE_NS
            if idle:
                self._viewings.pop(key, None)
            if idle or now_ns - viewing.told_ns > _NOTED_EVERY_NS:
                viewing.told_ns = now_ns
                await self._tell(viewing)

    async def close(self) -> None:
        """Note all that is open, at the end of the process."""
        viewings, self._viewings = self._viewings, OrderedDict()
        for viewing in viewings.values():
            await self._tell(viewing)

    async def _tell(self, viewing: _Viewing) -> None:
        if viewing.is_noted:
            return
        viewing.noted_from_ns, viewing.noted_to_ns = viewing.from_ns, viewing.to_ns
        await self._note(replace(viewing.look, from_ns=viewing.from_ns, to_ns=viewing.to_ns))

    async def _note(self, look: Look) -> None:
        try:
            # A viewer who leaves must not keep the look out of the ledger.
            await asyncio.shield(self._blocking(self._ports.note_look, look))
        except WatchglassError as error:
            _LOG.error("look_not_noted", camera=look.camera, error=error.sentence)
            if len(self._retry) < _MOST_VIEWINGS:
                self._retry.append(look)
