"""Time stamps of outside authorities: who gives them, what is asked, and how it went."""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.model.assignment import Shutdown


class Authority(msgspec.Struct, frozen=True):
    """Who stamps (RFC 3161), as somebody set it up. ``allow``: its host may be one that is refused
    by default. ``every_h``: hours between two stamps."""

    name: str
    url: str
    every_h: int = 6
    allow: bool = False


class AuthorityStatus(msgspec.Struct, frozen=True):
    """How an authority does. Times UTC ns: of the last stamp, as it says itself, and of the last
    try that failed. ``by``: of whom the certificate is; ``root``: the SHA-256 of the topmost
    certificate that is known of it. ``waiting``: documents that it has not stamped yet."""

    name: str
    stamped_ns: int | None = None
    by: str = ""
    root: str = ""
    failed_ns: int | None = None
    error: str = ""
    waiting: int = 0


class AnchorNowRequest(msgspec.Struct, frozen=True, tag="anchor_now"):
    """Have what is signed by now stamped by all authorities, and wait for it a while."""

    by: str


class AnchorsTold(msgspec.Struct, frozen=True, tag="anchors_told"):
    """How the authorities do, after that."""

    authorities: tuple[AuthorityStatus, ...]


class StamperStart(msgspec.Struct, frozen=True, tag="stamper_start"):
    """The first message to the process that asks authorities."""

    log_json: bool
    fences: FenceMode


class AskStamp(msgspec.Struct, frozen=True, tag="ask_stamp"):
    """Have a digest (SHA-256) stamped. ``certificates``: what is known of the authority, PEM."""

    number: int
    url: str
    digest: bytes
    certificates: bytes
    allow: bool
    timeout_s: float


class Stamped(msgspec.Struct, frozen=True, tag="stamped"):
    """How it went: the authority's answer as it came, and what it says; or ``error``."""

    number: int
    error: str = ""
    response: bytes = b""
    at_ns: int = 0
    by: str = ""
    root: str = ""


ToStamper = StamperStart | AskStamp | Shutdown
