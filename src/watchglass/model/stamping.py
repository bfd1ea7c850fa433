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
    """Have what is signed by now stamped by all authorities, and wait for it so long at most."""

    by: str
    wait_s: float = 40.0


class AnchorsRequest(msgspec.Struct, frozen=True, tag="anchors"):
    """How the authorities do."""


class SetAuthorityRequest(msgspec.Struct, frozen=True, tag="anchor_set"):
    """Have an authority stamp, or stamp otherwise. ``certificates``: its own, PEM; empty: any is
    taken; None keeps those that are known."""

    authority: Authority
    certificates: bytes | None
    by: str


class DropAuthorityRequest(msgspec.Struct, frozen=True, tag="anchor_drop"):
    """Ask an authority no more. Its stamps stay."""

    name: str
    by: str


class AnchorHeadsRequest(msgspec.Struct, frozen=True, tag="anchor_heads"):
    """What was signed last of every ledger, to be taken away."""


AuthorityChange = SetAuthorityRequest | DropAuthorityRequest
AnchorErrand = AnchorNowRequest | AnchorsRequest | AuthorityChange | AnchorHeadsRequest


class AnchorsTold(msgspec.Struct, frozen=True, tag="anchors_told"):
    """How the authorities do, and how they are set up. ``certified``: of whom certificates are
    known."""

    authorities: tuple[AuthorityStatus, ...]
    set_up: tuple[Authority, ...] = ()
    certified: tuple[str, ...] = ()


class AnchorHeads(msgspec.Struct, frozen=True, tag="anchor_heads_told"):
    """A line for each ledger, as it lies; what an anchor file is."""

    heads: tuple[bytes, ...]


AnchorReply = AnchorsTold | AnchorHeads


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
