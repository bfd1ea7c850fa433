"""The one ``authorise``: every route, WebSocket and byte asks it first."""

from dataclasses import dataclass
from enum import StrEnum

from watchglass.access.errors import ForbiddenError, NotSignedInError
from watchglass.base.ids import CameraId


class Action(StrEnum):
    """What somebody wants to do. ``open_page`` and ``enter`` are for who is not signed in yet."""

    OPEN_PAGE = "open_page"
    ENTER = "enter"
    LEAVE = "leave"
    SEE_STATE = "see_state"
    WATCH_LIVE = "watch_live"
    PLAY_BACK = "play_back"
    CHANGE_CAMERA = "change_camera"
    ADD_CAMERA = "add_camera"
    SEE_FLEET = "see_fleet"
    STATE_FLEET = "state_fleet"
    """Say what only people know: of the site, of purchases."""
    SCAN_NETWORK = "scan_network"
    READ_NUMBERS = "read_numbers"
    READ_HEALTH = "read_health"


class Scope(StrEnum):
    """What a program's token is for."""

    METRICS = "metrics"
    HEALTH = "health"


_FOR_ALL = frozenset({Action.OPEN_PAGE, Action.ENTER})
_OF_SCOPE = {
    Scope.METRICS: frozenset({Action.READ_NUMBERS, Action.READ_HEALTH}),
    Scope.HEALTH: frozenset({Action.READ_HEALTH}),
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who is signed in. ``session`` tells one sign-in from another; it opens nothing.

    A program with a token has its ``scope``, and may do nothing else.
    """

    id: str
    name: str
    session: str
    scope: Scope | None = None


def authorise(
    user: User | None, action: Action, camera: CameraId | None, at_ns: int | None
) -> None:
    """Return if ``user`` may do ``action``; NotSignedInError or ForbiddenError otherwise.

    ``camera`` and ``at_ns`` (UTC of what is looked at) are None where the action has none. There is
    one admin for now, who may do everything; rights by camera and time will be judged here.
    """
    if action in _FOR_ALL:
        return
    if user is None:
        raise NotSignedInError("Nobody is signed in, or the session is over: sign in.")
    if user.scope is not None and action not in _OF_SCOPE[user.scope]:
        raise ForbiddenError(f"This token is for {user.scope} alone: make another for this.")
