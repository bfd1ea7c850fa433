"""Who moves a camera: one person at a time, and a higher role before a lower one.

Whoever moved a camera last keeps it for some seconds. Somebody with a higher role takes it over at
once, and the other is told by whom; anybody else is told who has it, and for how long.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from watchglass.access.policy import Role, User
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import RefusedError
from watchglass.base.ids import CameraId

HOLD_S = 10
_RANKS = {None: 0, Role.VIEWER: 1, Role.INVESTIGATOR: 2, Role.OPERATOR: 3, Role.ADMIN: 4}
"""None: a program with a token. Among those who may move cameras, operators do it for a living."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class _Hold:
    user: User
    until_ns: int
    taken: Tell


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a camera, and until when (monotonic ns)."""

    name: str
    until_ns: int


class Wheels:
    """Of one event loop; one for each camera that somebody moves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._holds: dict[CameraId, _Hold] = {}
        self._endings: set[asyncio.Task[Any]] = set()

    def claim(self, user: User, camera: CameraId, taken: Tell = lambda _: None) -> None:
        """``user`` moves it now; RefusedError while somebody else does who need not give way.

        ``taken`` is told who took it over.
        """
        now_ns = self._clock.monotonic_ns()
        hold = self._holds.get(camera)
        if hold is not None and hold.user.session != user.session and hold.until_ns > now_ns:
            if _rank(user) <= _rank(hold.user):
                wait_s = math.ceil((hold.until_ns - now_ns) / NS_PER_S)
                raise RefusedError(
                    f"{hold.user.name} moves this camera: it is free {wait_s} s after the last"
                    " movement."
                )
            hold.taken(user.name)
        self._holds[camera] = _Hold(user, now_ns + HOLD_S * NS_PER_S, taken)

    def holder(self, camera: CameraId) -> Holder | None:
        """Who moves a camera now."""
        hold = self._holds.get(camera)
        if hold is None or hold.until_ns <= self._clock.monotonic_ns():
            return None
        return Holder(hold.user.name, hold.until_ns)

    def forget(self, user: User, camera: CameraId) -> None:
        """Whoever goes is told nothing any more; the camera stays his for its seconds."""
        hold = self._holds.get(camera)
        if hold is not None and hold.user.session == user.session:
            hold.taken = lambda _: None

    def finish(self, work: Coroutine[Any, Any, Any]) -> None:
        """See something to its end, whoever asked for it being gone: a camera is stopped."""
        task = asyncio.ensure_future(work)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def close(self) -> None:
        """Wait for what is to be seen to its end."""
        await asyncio.gather(*self._endings, return_exceptions=True)


def _rank(user: User) -> int:
    return _RANKS.get(user.role, 0)
