"""The one ``authorise``: every route, WebSocket and byte asks it first."""

from dataclasses import dataclass
from enum import StrEnum

from watchglass.access.errors import NotSignedInError
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


_FOR_ALL = frozenset({Action.OPEN_PAGE, Action.ENTER})


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who is signed in. ``session`` tells one sign-in from another; it opens nothing."""

    id: str
    name: str
    session: str


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
