"""What people ask about evidence bundles."""

from enum import StrEnum

import msgspec

from watchglass.model.export import ConsentRule, Export, ExportedCamera
from watchglass.model.stream import StreamName


class StartExportRequest(msgspec.Struct, frozen=True, tag="start_export", kw_only=True):
    """Make a bundle of a span (UTC ns); its id is of the asker's making. ``emergency``: a second
    person is not waited for, and looks at it afterwards. ``passphrase``: it is encrypted under it,
    and only the memory of who makes it holds it; empty for one that is not."""

    id: str
    cameras: tuple[ExportedCamera, ...]
    streams: tuple[StreamName, ...]
    from_ns: int
    to_ns: int
    sound: bool
    by: str
    by_id: str
    reason: str
    emergency: bool = False
    passphrase: str = ""

    def __repr__(self) -> str:
        return f"StartExportRequest({self.id})"  # never the passphrase


class ExportAct(StrEnum):
    """``approve`` and ``refuse`` are for a second person before it is made; ``accept`` and
    ``object`` for one who looks at an emergency afterwards. ``take``: somebody downloads it."""

    APPROVE = "approve"
    REFUSE = "refuse"
    ACCEPT = "accept"
    OBJECT = "object"
    STOP = "stop"
    RESUME = "resume"
    TAKE = "take"
    DELETE = "delete"


class ActOnExportRequest(msgspec.Struct, frozen=True, tag="act_on_export"):
    """Somebody does something with a bundle."""

    id: str
    act: ExportAct
    by: str
    by_id: str
    reason: str = ""


class ConsentRuleRequest(msgspec.Struct, frozen=True, tag="consent_rule"):
    """Change the site's rule."""

    rule: ConsentRule
    by: str


class ExportsRequest(msgspec.Struct, frozen=True, tag="list_exports"):
    """Which there are."""


class Exports(msgspec.Struct, frozen=True, tag="exports"):
    """Newest first, and the site's rule."""

    exports: tuple[Export, ...]
    rule: ConsentRule


ExportErrand = StartExportRequest | ActOnExportRequest | ConsentRuleRequest | ExportsRequest
