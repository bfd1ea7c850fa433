"""What people ask of notices: the ways in which they leave, and a try of one."""

import msgspec

from watchglass.model.notice import NoticeWay
from watchglass.model.notice_way import WaySettings


class SetWayRequest(msgspec.Struct, frozen=True, tag="notice_way"):
    """Have notices leave so. ``secret``: what a webhook is signed with, a password, the addresses
    of apprise, the settings of a plug-in; None keeps the one that is stored, as long as it is for
    the same server."""

    settings: WaySettings
    secret: str | None
    by: str

    def __repr__(self) -> str:
        return f"SetWayRequest({self.by!r})"


class DropWayRequest(msgspec.Struct, frozen=True, tag="notice_drop"):
    """Nothing leaves so any more."""

    way: NoticeWay
    by: str


class TryWayRequest(msgspec.Struct, frozen=True, tag="notice_try"):
    """Send a notice that says it is a try."""

    way: NoticeWay
    by: str


NoticeRequest = SetWayRequest | DropWayRequest | TryWayRequest
