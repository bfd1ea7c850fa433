"""Erasures as people decide on them: one asks, another approves, the recorder signs a receipt."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.order import StatementKind

MOST_REASON = 500


class ErasureState(StrEnum):
    """How far it is decided. What was approved may still be written, and goes when it is closed."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Erasure(msgspec.Struct, frozen=True):
    """Somebody wants a span (UTC ns) of a camera gone, and why. ``decided_by`` is another, but for
    one that was withdrawn. ``request``: of which person's request it is a part, else empty."""

    id: str
    camera: CameraId
    from_ns: int
    to_ns: int
    asked_by: str
    asked_ns: int
    reason: str
    state: ErasureState = ErasureState.ASKED
    decided_by: str = ""
    decided_ns: int | None = None
    note: str = ""
    request: str = ""


class HoldNote(msgspec.Struct, frozen=True):
    """Who set a hold, why, and until when (UTC ns; None: until somebody lifts it). ``request``: the
    request of a person that it belongs to, else empty."""

    id: str
    camera: CameraId
    from_ns: int
    to_ns: int
    until_ns: int | None
    by: str
    reason: str
    set_ns: int
    request: str = ""


class AskErasureRequest(msgspec.Struct, frozen=True, tag="ask_erasure"):
    """Somebody asks; nothing goes before another approves."""

    camera: str
    erasure: str
    from_ns: int
    to_ns: int
    by: str
    reason: str
    request: str = ""


class DecideErasureRequest(msgspec.Struct, frozen=True, tag="decide_erasure"):
    """Approved or refused by another than who asked, or withdrawn."""

    erasure: str
    state: ErasureState
    by: str
    note: str = ""


class StatementRequest(msgspec.Struct, frozen=True, tag="make_statement"):
    """A signed document of the recorder's own about an erasure or a person's request."""

    kind: StatementKind
    about: str
    by: str


class SignStatementRequest(msgspec.Struct, frozen=True, tag="sign_statement_of"):
    """Sign what somebody made by the recorder's rules: the SHA-256 (hex) of a document."""

    kind: StatementKind
    about: str
    sha256: str
    by: str


class SignedStatement(msgspec.Struct, frozen=True, tag="signed_statement"):
    """The document (canonical JSON) and its signature (hex)."""

    document: str
    signature: str


ErasureRequest = AskErasureRequest | DecideErasureRequest
"""What the site carries out; the others are answered by the desk of statements."""
