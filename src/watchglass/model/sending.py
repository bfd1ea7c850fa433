"""What the supervisor tells the process that sends notices, and what that says back.

Passwords and addresses are in it, so it goes by its standard input alone.
"""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.model.assignment import Shutdown
from watchglass.model.notice import MailTls


class SenderStart(msgspec.Struct, frozen=True, tag="sender_start"):
    """The first message."""

    log_json: bool
    fences: FenceMode


class SendWebhook(msgspec.Struct, frozen=True, tag="send_webhook"):
    """POST ``body`` (JSON). ``allow``: hosts let in by name."""

    number: int
    url: str
    body: str
    headers: tuple[tuple[str, str], ...]
    allow: tuple[str, ...]
    timeout_s: float

    def __repr__(self) -> str:
        return f"SendWebhook({self.number})"


class SendMail(msgspec.Struct, frozen=True, tag="send_mail"):
    """Hand ``message`` (RFC 5322) to a server."""

    number: int
    host: str
    port: int
    tls: MailTls
    user: str
    password: str
    sender: str
    to: tuple[str, ...]
    message: str
    allow: tuple[str, ...]
    timeout_s: float

    def __repr__(self) -> str:
        return f"SendMail({self.number})"


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """How it went, on standard output: ``error`` empty, or a sentence on what went wrong."""

    number: int
    error: str


ToSender = SenderStart | SendWebhook | SendMail | Shutdown
