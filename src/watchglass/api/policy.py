"""Which action each route is: the dependency that asks ``authorise`` before anything else runs.

A request is somebody's by the cookie of a session, or a program's by ``Authorization: Bearer``; one
with a cookie is never taken by its token.
"""

from collections.abc import Iterable, Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

from watchglass.access.policy import Action, User, authorise, sees, times_of
from watchglass.access.right import Times
from watchglass.access.session import Session
from watchglass.api.services import services
from watchglass.api.sight import require_bare
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, is_id

COOKIE = "__Host-watchglass"
_NS_PER_MS = 1_000_000
_OF_PICTURES = frozenset({Action.LIVE, Action.PLAYBACK, Action.CLIP, Action.EXPORT})


def session_of(connection: HTTPConnection) -> Session | None:
    """Whose request it is; None for nobody's, and for a program's."""
    token = connection.cookies.get(COOKIE)
    return services(connection).ports.sessions.find(token) if token else None


async def who(connection: HTTPConnection) -> User | None:
    """Whose request it is, with the rights of now; ask again while something lasts."""
    if COOKIE in connection.cookies:
        session = session_of(connection)
        return session.user if session is not None else None
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    of = services(connection)
    return await of.blocking(of.ports.tokens.find, token.strip())


async def allowed_user(connection: HTTPConnection, action: Action, camera: CameraId | None) -> User:
    """Whose request it is, if that user may still do the action."""
    user = await who(connection)
    check(connection, user, action, camera)
    assert user is not None
    return user


def check(
    connection: HTTPConnection,
    user: User | None,
    action: Action,
    camera: CameraId | None = None,
    span: Times | None = None,
) -> None:
    """``authorise`` as of now. What a request says of the time is not enough where it leads to
    media: ask with the ``span`` (UTC ns) of what was found, before it is sent."""
    now_ns = services(connection).ports.clock.wall_ns()
    authorise(user, action, camera, span, now_ns=now_ns)


def seen(connection: HTTPConnection, user: User, camera: CameraId) -> bool:
    """Whether a list that ``user`` asked for shows the camera."""
    return sees(user, camera, now_ns=services(connection).ports.clock.wall_ns())


def allowed_times(
    connection: HTTPConnection, user: User, action: Action, camera: CameraId
) -> tuple[Times, ...]:
    """The footage (UTC ns) of a camera with which somebody may do something; in order, apart."""
    now_ns = services(connection).ports.clock.wall_ns()
    return times_of(user, action, camera, now_ns=now_ns)


class Allowed:
    """A dependency: the user, once ``authorise`` let the action be done.

    ``camera`` is taken from the path or the query, the time from ``at_ms`` or ``from_ms`` and
    ``to_ms``; a route without this dependency keeps the application from being made. A route that
    hands out pictures and does not know of masks has nothing of a masked camera.
    """

    knows_masks = False

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, connection: HTTPConnection) -> User | None:
        user = await who(connection)
        stated = connection.path_params.get("camera", connection.query_params.get("camera"))
        camera = CameraId(stated) if stated is not None else None
        check(connection, user, self.action, camera, _span(connection))
        if stated is not None and not is_id(stated):
            raise NotFoundError("There is no such camera.")
        if self.action in _OF_PICTURES and not self.knows_masks and user and camera:
            await require_bare(connection, user, camera)
        return user


class Signed(Allowed):
    """The same for what only somebody who is signed in may do: there is always a user."""

    async def __call__(self, connection: HTTPConnection) -> User:
        user = await super().__call__(connection)
        assert user is not None
        return user


class Seeing(Signed):
    """The same for a route that asks ``sight_of`` itself before it sends pictures."""

    knows_masks = True


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


def _span(connection: HTTPConnection) -> Times | None:
    """What a request says of the time; one moment for what has a start alone."""
    at_ns, from_ns, to_ns = (_stated_ns(connection, key) for key in ("at_ms", "from_ms", "to_ms"))
    start_ns = at_ns if at_ns is not None else from_ns
    if start_ns is None:
        return None
    return start_ns, start_ns + 1 if to_ns is None else max(to_ns, start_ns + 1)


def _stated_ns(connection: HTTPConnection, key: str) -> int | None:
    text = connection.query_params.get(key, "")
    return (
        int(text) * _NS_PER_MS if text.isascii() and text.isdecimal() and len(text) < 16 else None
    )
