"""What is asked of the recorder about evidence and about statements that it signs."""

from contextlib import suppress
from typing import TypeAlias

from watchglass.app.anchor_desk import AnchorDesk
from watchglass.app.evidence.book import ExportBook
from watchglass.app.evidence.desk import ExportDesk, Notary, note_outside
from watchglass.app.evidence.redact_desk import RedactionDesk, RedactionNotary
from watchglass.app.ground import Ground
from watchglass.app.kept_index import KeptIndex
from watchglass.app.site import Site
from watchglass.app.statements import stated
from watchglass.base.errors import WatchglassError
from watchglass.model.control import (
    Accepted,
    BeginExportRequest,
    NoteRequest,
    Reply,
    Signature,
    SignExportRequest,
)
from watchglass.model.erasure import SignStatementRequest, StatementRequest
from watchglass.model.export_control import ExportErrand
from watchglass.model.stamping import AnchorErrand

OfCommand: TypeAlias = (
    BeginExportRequest | SignExportRequest | StatementRequest | SignStatementRequest
)
SignedRequest: TypeAlias = OfCommand | AnchorErrand | ExportErrand

_PATIENCE_S = 15.0


def export_desk(on: Ground, site: Site, anchors: AnchorDesk, index: KeptIndex) -> ExportDesk:
    """The desk of a recorder that runs."""
    notary = Notary(
        lambda request: _begin(site, anchors, request), site.sign_export,
        lambda act: site.note_people(NoteRequest((act,))),
    )  # fmt: skip
    return ExportDesk(on, site.store, notary, index)


def redaction_desk(on: Ground, site: Site, index: KeptIndex) -> RedactionDesk:
    """The desk of redacted copies of a recorder that runs."""
    notary = RedactionNotary(
        lambda note: site.note_people(NoteRequest((note,))), site.sign_statement
    )  # fmt: skip
    return RedactionDesk(on, site.store, notary, index)


def signed(
    on: Ground, site: Site, desk: ExportDesk, anchors: AnchorDesk, request: SignedRequest
) -> Reply:
    """Of a recorder that runs: note that a bundle is begun, sign the manifest of one that is made,
    or a statement; or make the statement as well; or what is asked of bundles and anchors."""
    if isinstance(request, AnchorErrand):
        return anchors.errand(request)
    match request:
        case BeginExportRequest():
            _begin(site, anchors, request)
            note_outside(desk.book, site.store, request, on.clock.wall_ns())
            return Accepted()
        case SignExportRequest():
            return Signature(site.sign_export(request))
        case SignStatementRequest():
            return Signature(site.sign_statement(request))
        case StatementRequest():
            return stated(on, site, request)
        case _:
            return desk.errand(request)


def _begin(site: Site, anchors: AnchorDesk, request: BeginExportRequest) -> None:
    """What is signed by then is stamped first, where anybody stamps and answers soon."""
    site.begin_export(request)
    with suppress(WatchglassError):
        anchors.now(_PATIENCE_S)


def by_command(on: Ground, site: Site, request: OfCommand) -> Reply:
    """The same without a running recorder."""
    match request:
        case BeginExportRequest():
            site.begin_export(request)
            book = ExportBook(on.layout.state, on.disk)
            note_outside(book, site.store, request, on.clock.wall_ns())
            return Accepted()
        case SignExportRequest():
            return Signature(site.sign_export(request))
        case SignStatementRequest():
            return Signature(site.sign_statement(request))
        case StatementRequest():
            return stated(on, site, request)
