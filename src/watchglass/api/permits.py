"""What was allowed once and lasts: live views and event streams, asked about again each second.

A session that ended, an account that was disabled, a right that was taken or has run out ends them
within about a second.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.requests import HTTPConnection

from watchglass.access.errors import ForbiddenError, NotSignedInError
from watchglass.access.policy import Action, User
from watchglass.base.ids import CameraId

Ask: TypeAlias = Callable[[HTTPConnection, Action, CameraId | None], Awaitable[User]]
"""Who it is, with the rights of now; ForbiddenError or NotSignedInError."""


@dataclass(slots=True, eq=False)
class Permit:
    """Leave to go on with something. ``over`` is set once it is withdrawn; until then ``user`` has
    the rights of a second ago."""

    connection: HTTPConnection
    user: User
    action: Action
    camera: CameraId | None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Permits:
    """Of one event loop."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._held: set[Permit] = set()

    @contextmanager
    def hold(
        self,
        connection: HTTPConnection,
        user: User,
        action: Action,
        camera: CameraId | None = None,
    ) -> Iterator[Permit]:
        """A permit for something that was just allowed, while the block lasts."""
        permit = Permit(connection, user, action, camera)
        self._held.add(permit)
        try:
            yield permit
        finally:
            self._held.discard(permit)

    async def ask_again(self) -> bool:
        """Withdraw what is not allowed any more; whether anybody's rights changed."""
        changed = False
        for permit in list(self._held):
            before = permit.user.grants
            try:
                permit.user = await self._ask(permit.connection, permit.action, permit.camera)
            except (ForbiddenError, NotSignedInError):
                permit.over.set()
            changed = changed or permit.over.is_set() or permit.user.grants != before
        return changed
