"""Which action each route is: the dependency that asks ``authorise`` before anything else runs."""

from collections.abc import Iterable, Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

from watchglass.access.policy import Action, User, authorise
from watchglass.access.session import Session
from watchglass.api.services import services
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, is_id

COOKIE = "__Host-watchglass"
_NS_PER_MS = 1_000_000


def session_of(connection: HTTPConnection) -> Session | None:
    """Whose request it is; None for nobody's."""
    token = connection.cookies.get(COOKIE)
    return services(connection).ports.sessions.find(token) if token else None


class Allowed:
    """A dependency: the user, once ``authorise`` let the action be done.

    ``camera`` is taken from the path, the time from ``at_ms``; a route without this dependency
    keeps the application from being made.
    """

    def __init__(self, action: Action) -> None:
        self.action = action

    async def who(self, connection: HTTPConnection) -> User | None:
        """Whose request it is."""
        session = session_of(connection)
        return session.user if session is not None else None

    async def __call__(self, connection: HTTPConnection) -> User | None:
        user = await self.who(connection)
        stated = connection.path_params.get("camera")
        at_ms = connection.query_params.get("at_ms", "")
        at_ns = int(at_ms) * _NS_PER_MS if at_ms.isdecimal() and len(at_ms) < 16 else None
        authorise(user, self.action, CameraId(stated) if stated is not None else None, at_ns)
        if stated is not None and not is_id(stated):
            raise NotFoundError("There is no such camera.")
        return user


class Monitoring(Allowed):
    """The same for what a program may do too, with a token: ``Authorization: Bearer``."""

    async def who(self, connection: HTTPConnection) -> User | None:
        user = await super().who(connection)
        if user is not None:
            return user
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        of = services(connection)
        return await of.blocking(of.ports.tokens.find, token.strip())


class Signed(Allowed):
    """The same for what only somebody who is signed in may do: there is always a user."""

    async def __call__(self, connection: HTTPConnection) -> User:
        user = await super().__call__(connection)
        assert user is not None
        return user


def actions_of(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, Action | None]]:
    """Each route and its action; None for one that nothing guards."""
    for route in routes:
        path = str(getattr(route, "path", route))
        if isinstance(route, (APIRoute, APIWebSocketRoute)):
            yield path, _action_of(route.dependant)
        else:
            yield path, None


def require_policies(routes: Iterable[BaseRoute]) -> None:
    """RuntimeError for a route that nobody guards: such an application must not run."""
    open_to_all = [path for path, action in actions_of(routes) if action is None]
    if open_to_all:
        raise RuntimeError(f"routes without a policy: {', '.join(open_to_all)}")


def _action_of(dependant: Dependant) -> Action | None:
    for each in dependant.dependencies:
        if isinstance(each.call, Allowed):
            return each.call.action
    return None
