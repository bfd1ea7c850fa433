"""Rights: who may do what, on which cameras, with footage of which time.

Nothing is allowed that no right gives. Rights of one holder add up; what narrows them (a role, a
token) is a second set that has to allow the same. So narrowing can never widen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId

EVER_NS = 2**63 - 1
Times: TypeAlias = tuple[int, int]
"""From and to, UTC ns; holds its start and not its end."""
ALWAYS: Times = (0, EVER_NS)


class Action(StrEnum):
    """What somebody wants to do. ``open_page`` and ``enter`` are for who is not signed in yet."""

    OPEN_PAGE = "open_page"
    ENTER = "enter"
    OWN_ACCOUNT = "own_account"
    """Sign out, change one's own password, see and end one's own sessions."""
    # with a camera
    SEE_CAMERA = "see_camera"
    """Know that it is there and how it stands: whoever may do anything with it may."""
    LIVE = "live"
    PLAYBACK = "playback"
    SOUND = "sound"
    PTZ = "ptz"
    CLIP = "clip"
    EXPORT = "export"
    CONFIGURE = "configure"
    UNMASK = "unmask"
    HOLD = "hold"
    """Keep footage beyond its time, and let it go again."""
    ERASE = "erase"
    """Ask for an erasure, or approve what somebody else asked for."""
    # with the site
    SEE_STATE = "see_state"
    SHARE_LAYOUT = "share_layout"
    """Let all others have a layout of the wall."""
    ADD_CAMERA = "add_camera"
    SEE_FLEET = "see_fleet"
    STATE_FLEET = "state_fleet"
    """Say what only people know: of the site, of purchases."""
    SCAN_NETWORK = "scan_network"
    READ_NUMBERS = "read_numbers"
    READ_HEALTH = "read_health"
    HANDLE_REQUESTS = "handle_requests"
    """Take in and answer requests of people who were filmed."""
    READ_LOG = "read_log"
    """Who looked, and who changed what."""
    SEE_SYSTEM = "see_system"
    CHANGE_SYSTEM = "change_system"
    MANAGE_USERS = "manage_users"


PUBLIC = frozenset({Action.OPEN_PAGE, Action.ENTER})
CAMERA_ACTIONS = frozenset(
    {
        Action.LIVE, Action.PLAYBACK, Action.SOUND, Action.PTZ, Action.CLIP, Action.EXPORT,
        Action.CONFIGURE, Action.UNMASK, Action.HOLD, Action.ERASE,
    }
)  # fmt: skip
"""What a right can give."""
OF_NOW = frozenset({Action.LIVE, Action.PTZ, Action.CONFIGURE})
"""Done with the camera as it is at this moment; the others with footage of some time."""
SITE_ACTIONS = frozenset(Action) - PUBLIC - CAMERA_ACTIONS - {Action.SEE_CAMERA, Action.OWN_ACCOUNT}
GRANTABLE = frozenset(
    {
        Action.SEE_FLEET, Action.STATE_FLEET, Action.SCAN_NETWORK, Action.READ_NUMBERS,
        Action.READ_HEALTH, Action.READ_LOG, Action.SEE_SYSTEM, Action.HANDLE_REQUESTS,
    }
)  # fmt: skip
"""What somebody may be given besides the role; the rest would make an admin in disguise."""


class Role(StrEnum):
    """What somebody can be given at most. An admin may do everything, on all cameras."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    INVESTIGATOR = "investigator"
    ADMIN = "admin"


_LOOKS = frozenset({Action.LIVE, Action.PLAYBACK, Action.SOUND})
MOST_OF_ROLE: Mapping[Role, frozenset[Action]] = {
    Role.VIEWER: _LOOKS,
    Role.OPERATOR: _LOOKS | {Action.PTZ, Action.CLIP, Action.CONFIGURE},
    Role.INVESTIGATOR: _LOOKS
    | {Action.CLIP, Action.EXPORT, Action.UNMASK, Action.HOLD, Action.ERASE},
    Role.ADMIN: CAMERA_ACTIONS,
}
"""What a role can be given on a camera; a right beyond it counts for nothing."""
USUAL_OF_ROLE: Mapping[Role, frozenset[Action]] = {
    Role.VIEWER: frozenset({Action.LIVE, Action.PLAYBACK}),
    Role.OPERATOR: frozenset({Action.LIVE, Action.PLAYBACK, Action.PTZ, Action.CLIP}),
    Role.INVESTIGATOR: frozenset({Action.LIVE, Action.PLAYBACK, Action.CLIP, Action.EXPORT}),
    Role.ADMIN: CAMERA_ACTIONS,
}
"""What is offered when somebody is given cameras."""
_SITE_OF_ROLE: Mapping[Role, frozenset[Action]] = {
    Role.VIEWER: frozenset({Action.SEE_STATE}),
    Role.OPERATOR: frozenset({Action.SEE_STATE, Action.SHARE_LAYOUT, Action.READ_HEALTH}),
    Role.INVESTIGATOR: frozenset({Action.SEE_STATE, Action.SHARE_LAYOUT, Action.READ_HEALTH}),
    Role.ADMIN: SITE_ACTIONS,
}


class Right(msgspec.Struct, frozen=True, omit_defaults=True):
    """Actions on cameras, with footage of a time, until the right itself ends.

    ``everywhere``: all cameras, those added later too. ``groups`` are names of groups. Footage is
    from ``from_ns`` on and before ``to_ns`` (UTC), and not older than ``back_s``; where several are
    given, all hold. Live pictures are footage of now.
    """

    actions: frozenset[Action]
    everywhere: bool = False
    cameras: frozenset[CameraId] = frozenset()
    groups: frozenset[str] = frozenset()
    back_s: int | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    expires_ns: int | None = None

    def times(self, now_ns: int) -> Times:
        """Of which footage it is, as of now; empty (its end is not after its start) for none."""
        if self.expires_ns is not None and now_ns >= self.expires_ns:
            return (0, 0)
        starts = [0 if self.from_ns is None else self.from_ns]
        if self.back_s is not None:
            starts.append(now_ns - self.back_s * NS_PER_S)
        return max(starts), EVER_NS if self.to_ns is None else self.to_ns


@dataclass(frozen=True, slots=True)
class Grants:
    """A set of rights as they are judged: groups are resolved, what a role forbids is gone."""

    site: frozenset[Action] = frozenset()
    rights: tuple[Right, ...] = ()

    def times(self, action: Action, camera: CameraId, now_ns: int) -> tuple[Times, ...]:
        """The footage of ``camera`` with which ``action`` may be done; in order, apart."""
        return merged(
            right.times(now_ns)
            for right in self.rights
            if (action in right.actions or action is Action.SEE_CAMERA)
            and (right.everywhere or camera in right.cameras)
        )


NOTHING = Grants()


def grants_of(
    role: Role,
    rights: Iterable[Right],
    site: frozenset[Action],
    groups: Mapping[str, frozenset[CameraId]],
) -> Grants:
    """What somebody may do: the rights within what the role can have."""
    if role is Role.ADMIN:
        return Grants(SITE_ACTIONS, (Right(CAMERA_ACTIONS, everywhere=True),))
    return Grants(
        _SITE_OF_ROLE[role] | (site & GRANTABLE),
        _resolved(rights, MOST_OF_ROLE[role], groups),
    )


def narrowing(
    rights: Iterable[Right],
    site: frozenset[Action],
    groups: Mapping[str, frozenset[CameraId]],
) -> Grants:
    """What a token lets through of what its holder may do."""
    return Grants(site, _resolved(rights, CAMERA_ACTIONS, groups))


def merged(times: Iterable[Times]) -> tuple[Times, ...]:
    """The same moments, in order, none twice and none empty."""
    found: list[Times] = []
    for start, end in sorted(each for each in times if each[0] < each[1]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)


def common(one: Iterable[Times], other: Iterable[Times]) -> tuple[Times, ...]:
    """The moments that are in both."""
    others = tuple(other)
    return merged((max(a, c), min(b, d)) for a, b in one for c, d in others)


def covers(times: Iterable[Times], span: Times) -> bool:
    """Whether all of ``span`` is in one of ``times``, which lie apart. An empty span is nowhere."""
    return span[0] < span[1] and any(a <= span[0] and span[1] <= b for a, b in times)


def _resolved(
    rights: Iterable[Right], most: frozenset[Action], groups: Mapping[str, frozenset[CameraId]]
) -> tuple[Right, ...]:
    return tuple(
        msgspec.structs.replace(
            right,
            actions=right.actions & most,
            cameras=right.cameras.union(*(groups.get(name, frozenset()) for name in right.groups)),
            groups=frozenset(),
        )
        for right in rights
        if right.actions & most
    )
