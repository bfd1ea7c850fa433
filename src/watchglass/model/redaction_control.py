"""What people ask about redacted copies."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.detection import Box
from watchglass.model.export_control import ExportErrand, Exports
from watchglass.model.redaction import CorrectionKind, Redaction


class StartRedactionRequest(msgspec.Struct, frozen=True, tag="start_redaction", kw_only=True):
    """Have each picture of a span (UTC ns) looked at; the id is of the asker's making."""

    id: str
    camera: CameraId
    from_ns: int
    to_ns: int
    reason: str
    by: str
    by_id: str


class CorrectRedactionRequest(msgspec.Struct, frozen=True, tag="correct_redaction"):
    """One more correction, as `Correction` has it."""

    id: str
    kind: CorrectionKind
    by: str
    number: int = -1
    first: int = 0
    last: int = 0
    box: Box | None = None


class RedactionAct(StrEnum):
    """``review``: somebody says that they went through all of it."""

    REVIEW = "review"
    WRITE = "write"
    DELETE = "delete"


class ActOnRedactionRequest(msgspec.Struct, frozen=True, tag="act_on_redaction"):
    id: str
    act: RedactionAct
    by: str


class RedactionsRequest(msgspec.Struct, frozen=True, tag="list_redactions"):
    """Which there are."""


class Redactions(msgspec.Struct, frozen=True, tag="redactions"):
    """Newest first."""

    redactions: tuple[Redaction, ...]


RedactionErrand = (
    StartRedactionRequest | CorrectRedactionRequest | ActOnRedactionRequest | RedactionsRequest
)
EvidenceErrand = ExportErrand | RedactionErrand
"""What is asked about copies that leave the recorder: evidence bundles and redacted ones."""
EvidenceReply = Exports | Redactions
