"""Who sees a camera without its masks, why and for how long; and whose view of it has changed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from starlette.requests import HTTPConnection

from watchglass.access.policy import User
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId
from watchglass.model.mask import BARE, Masking

LIFTED_NS = 15 * 60 * NS_PER_S
"""So long somebody sees without masks, for the reason given."""
_MOST_LIFTS = 1000


@dataclass(frozen=True, slots=True)
class Sight:
    """What is to be covered for a user; ``unmasked``: why masks are lifted, empty: they are not,
    or there are none."""

    masking: Masking = BARE
    unmasked: str = ""


class Lifts:
    """Who sees which camera without its masks, and why: until the session, or the time, is over.

    They are in no file: a new process knows of none.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lifts: dict[tuple[str, CameraId], tuple[str, int]] = {}

    def lift(self, user: User, camera: CameraId, reason: str) -> None:
        """From now on, for some time."""
        if len(self._lifts) >= _MOST_LIFTS:
            self._lifts.pop(next(iter(self._lifts)))
        until_ns = self._clock.monotonic_ns() + LIFTED_NS
        self._lifts[user.session, camera] = (reason, until_ns)

    def end(self, user: User, camera: CameraId) -> None:
        """No longer."""
        self._lifts.pop((user.session, camera), None)

    def reason(self, user: User, camera: CameraId) -> str:
        """Why masks are lifted for this session; empty: they are not."""
        reason, until_ns = self._lifts.get((user.session, camera), ("", 0))
        if reason and self._clock.monotonic_ns() >= until_ns:
            del self._lifts[user.session, camera]
            return ""
        return reason


Ask: TypeAlias = Callable[[HTTPConnection, User, CameraId], Awaitable[Sight]]
"""How somebody sees a camera now."""


class SightChanges:
    """Tells live views that they show too much, or too little: asked about twice a second."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._watched: dict[asyncio.Event, tuple[HTTPConnection, User, CameraId, Sight]] = {}
        self._some = asyncio.Event()

    @contextmanager
    def until_changed(
        self, connection: HTTPConnection, user: User, camera: CameraId, sight: Sight
    ) -> Iterator[asyncio.Event]:
        """An event that is set once the user sees the camera in another way."""
        changed = asyncio.Event()
        self._watched[changed] = (connection, user, camera, sight)
        self._some.set()
        try:
            yield changed
        finally:
            del self._watched[changed]
            if not self._watched:
                self._some.clear()

    async def watched(self) -> None:
        """Wait until somebody watches."""
        await self._some.wait()

    async def look(self) -> None:
        """Ask for all of them, each camera's masks once for each user."""
        known: dict[tuple[str, CameraId], Sight | None] = {}
        for changed, (connection, user, camera, sight) in list(self._watched.items()):
            key = (user.session, camera)
            if key not in known:
                try:
                    known[key] = await self._ask(connection, user, camera)
                except WatchglassError:
                    known[key] = None
            if known[key] != sight:
                changed.set()
