"""What an export asks of the recorder, answered by the site."""

from contextlib import suppress

from watchglass.app.anchor_desk import AnchorDesk
from watchglass.app.site import Site
from watchglass.base.errors import WatchglassError
from watchglass.model.control import (
    Accepted,
    BeginExportRequest,
    Reply,
    Signature,
    SignExportRequest,
)

_PATIENCE_S = 15.0


def exported(
    site: Site, anchors: AnchorDesk, request: BeginExportRequest | SignExportRequest
) -> Reply:
    """Note that a bundle is begun, or sign the manifest of one that is made.

    What is signed by then is stamped first, where anybody stamps and answers soon.
    """
    if isinstance(request, BeginExportRequest):
        site.begin_export(request)
        with suppress(WatchglassError):
            anchors.now(_PATIENCE_S)
        return Accepted()
    return Signature(site.sign_export(request))
