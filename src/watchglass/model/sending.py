"""What the supervisor tells the process that sends notices, and what that says back.

Passwords and addresses are in it, so it goes by its standard input alone.
"""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.model.assignment import Shutdown
from watchglass.model.letter import Letter
from watchglass.model.notice_way import WaySettings


class SenderStart(msgspec.Struct, frozen=True, tag="sender_start"):
    """The first message."""

    log_json: bool
    fences: FenceMode


class Send(msgspec.Struct, frozen=True, tag="send"):
    """Hand a letter over by a way. ``picture``: a JPEG. ``allow``: hosts let in by name. Times UTC
    ns."""

    number: int
    settings: WaySettings
    secret: str
    letter: Letter
    picture: bytes | None
    made_ns: int
    sent_ns: int
    allow: tuple[str, ...]
    timeout_s: float

    def __repr__(self) -> str:
        return f"Send({self.number})"


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """How it went, on standard output: ``error`` empty, or a sentence on what went wrong."""

    number: int
    error: str


ToSender = SenderStart | Send | Shutdown
