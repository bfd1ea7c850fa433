"""The one ``authorise``: every route, WebSocket and byte asks it first.

It reads nothing but its arguments, so it may be asked for each frame. Who somebody is and what he
may do is looked up before (``access.session``, ``access.tokens``), and again while something lasts.
"""

from dataclasses import dataclass

from watchglass.access.errors import ForbiddenError, NotSignedInError
from watchglass.access.right import (
    ALWAYS,
    CAMERA_ACTIONS,
    OF_NOW,
    PUBLIC,
    Action,
    Grants,
    Role,
    Times,
    common,
    covers,
)
from watchglass.base.ids import CameraId

__all__ = ["Action", "Role", "User", "authorise", "may", "sees", "times_of"]

_WORDS = {
    Action.SEE_CAMERA: "see this camera",
    Action.LIVE: "watch this camera live",
    Action.PLAYBACK: "watch the recordings of this camera from that time",
    Action.SOUND: "hear this camera",
    Action.PTZ: "move this camera",
    Action.CLIP: "take clips of this camera from that time",
    Action.EXPORT: "export evidence of this camera from that time",
    Action.CONFIGURE: "change this camera",
    Action.UNMASK: "see this camera without its masks",
    Action.HOLD: "hold recordings of this camera from that time",
    Action.ERASE: "erase recordings of this camera from that time",
    Action.HANDLE_REQUESTS: "handle requests of people who were filmed",
    Action.OWN_ACCOUNT: "change an account with a token: sign in for that",
    Action.SHARE_LAYOUT: "share a layout with all",
    Action.ADD_CAMERA: "add cameras",
    Action.SEE_FLEET: "see the devices of the network",
    Action.STATE_FLEET: "state facts of the devices",
    Action.SCAN_NETWORK: "look around in the network",
    Action.READ_LOG: "read who looked",
    Action.SEE_SYSTEM: "see the system",
    Action.CHANGE_SYSTEM: "change the system",
    Action.MANAGE_USERS: "see or change users",
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who is signed in, or a program with a token; all of ``grants`` have to allow what
    is done. ``session`` tells one sign-in, or one token, from another; it opens nothing.
    """

    id: str
    name: str
    session: str
    grants: tuple[Grants, ...]
    role: Role | None = None
    """None: a program."""


def authorise(
    user: User | None,
    action: Action,
    camera: CameraId | None = None,
    span: Times | None = None,
    *,
    now_ns: int,
) -> None:
    """Return if ``user`` may do ``action``; NotSignedInError or ForbiddenError otherwise.

    ``span`` is the footage that it is done with: all of it has to be allowed. None: whether there
    is footage at all that it may be done with. What is done with the camera as it is (live, PTZ)
    is judged as of ``now_ns`` (UTC), whatever the span.
    """
    if action in PUBLIC:
        return
    if user is None:
        raise NotSignedInError("Nobody is signed in, or the session is over: sign in.")
    if not may(user, action, camera, span, now_ns=now_ns):
        what = _WORDS.get(action, "do this")
        raise ForbiddenError(f"You may not {what}. An admin can give you the right.")


def may(
    user: User,
    action: Action,
    camera: CameraId | None = None,
    span: Times | None = None,
    *,
    now_ns: int,
) -> bool:
    """The same, as an answer."""
    if action is Action.OWN_ACCOUNT:
        return user.role is not None
    if action not in CAMERA_ACTIONS and action is not Action.SEE_CAMERA:
        return bool(user.grants) and all(action in each.site for each in user.grants)
    if camera is None:
        return False
    times = times_of(user, action, camera, now_ns=now_ns)
    if action in OF_NOW:
        return covers(times, (now_ns, now_ns + 1))
    return bool(times) if span is None else covers(times, span)


def times_of(user: User, action: Action, camera: CameraId, *, now_ns: int) -> tuple[Times, ...]:
    """The footage of a camera with which somebody may do something; in order, apart."""
    times: tuple[Times, ...] = (ALWAYS,) if user.grants else ()
    for each in user.grants:
        times = common(times, each.times(action, camera, now_ns))
    return times


def sees(user: User, camera: CameraId, *, now_ns: int) -> bool:
    """Whether somebody may know that a camera is there."""
    return may(user, Action.SEE_CAMERA, camera, now_ns=now_ns)
