"""What is asked of the recorder that ends in its signature, answered by the site."""

from contextlib import suppress

from watchglass.app.anchor_desk import AnchorDesk
from watchglass.app.ground import Ground
from watchglass.app.site import Site
from watchglass.app.statements import stated
from watchglass.base.errors import WatchglassError
from watchglass.model.control import (
    Accepted,
    BeginExportRequest,
    Reply,
    Signature,
    SignExportRequest,
)
from watchglass.model.erasure import SignStatementRequest, StatementRequest

SignedRequest = BeginExportRequest | SignExportRequest | SignStatementRequest | StatementRequest

_PATIENCE_S = 15.0


def signed(on: Ground, site: Site, anchors: AnchorDesk, request: SignedRequest) -> Reply:
    """Note that a bundle is begun, sign the manifest of one that is made, or a statement; or make
    the statement as well.

    What is signed when a bundle begins is stamped first, where anybody stamps and answers soon.
    """
    match request:
        case BeginExportRequest():
            site.begin_export(request)
            with suppress(WatchglassError):
                anchors.now(_PATIENCE_S)
            return Accepted()
        case SignExportRequest():
            return Signature(site.sign_export(request))
        case SignStatementRequest():
            return Signature(site.sign_statement(request))
        case StatementRequest():
            return stated(on, site, request)
