"""What an export asks of the recorder, answered by the site."""

from watchglass.app.site import Site
from watchglass.model.control import (
    Accepted,
    BeginExportRequest,
    Reply,
    Signature,
    SignExportRequest,
)


def exported(site: Site, request: BeginExportRequest | SignExportRequest) -> Reply:
    """Note that a bundle is begun, or sign the manifest of one that is made."""
    if isinstance(request, BeginExportRequest):
        site.begin_export(request)
        return Accepted()
    return Signature(site.sign_export(request))
