"""The host of an address that somebody gave."""

from watchglass.base.errors import UsageError
from watchglass.cameras.address import is_rtsp, split_url
from watchglass.cameras.onvif.address import is_onvif, split_onvif


def host_of(url: str) -> str:
    """Of a camera in the network; UsageError for any other address."""
    if is_onvif(url):
        return split_onvif(url)[0].host
    if is_rtsp(url):
        return split_url(url)[0].host
    raise UsageError(
        "Give the camera's address: onvif://ADDRESS, or that of its stream: rtsp://ADDRESS/PATH."
    )
