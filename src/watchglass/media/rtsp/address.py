"""Where a stream is had: the parts of an rtsp:// URL, and the URLs that SDP makes of it."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from watchglass.base.errors import StreamInvalidError
from watchglass.media.rtsp.sdp import MOST_CONTROL_CHARS

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
_URL = re.compile(r"(rtsps?)://([!-~]{1,4096})")
_ABSOLUTE = re.compile(r"rtsp[su]?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RtspAddress:
    """``url`` is what requests name, without user name and password."""

    host: str
    port: int
    is_tls: bool
    url: str


def split_address(url: str) -> RtspAddress:
    """Take a URL apart; StreamInvalidError for what is none, or holds a user name."""
    wrong = StreamInvalidError("This is not an RTSP address: it begins with rtsp:// and a host.")
    if not _URL.fullmatch(url):
        raise wrong
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if not host or "@" in parts.netloc or port == 0:
        raise wrong
    return RtspAddress(host, port or DEFAULT_PORTS[parts.scheme], parts.scheme == "rtsps", url)


def control_url(base: str, control: str) -> str:
    """The URL that an ``a=control`` means (RFC 2326, C.1.1).

    A relative one is put behind the base, query and all, as FFmpeg and live555 do it: cameras with
    a query in their URL count on that, and not on the rules for relative URLs. The connection stays
    the same whatever host it names.
    """
    if control in ("", "*"):
        return base
    if _ABSOLUTE.match(control):
        return control
    url = base + control if base.endswith("/") else f"{base}/{control}"
    return url if len(url) <= 2 * MOST_CONTROL_CHARS else base


def base_url(url: str, *stated: str) -> str:
    """What relative URLs are relative to: the first stated one that is a URL, or ``url``."""
    for each in stated:
        if _ABSOLUTE.match(each) and _URL.fullmatch(each) and len(each) <= MOST_CONTROL_CHARS:
            return each
    return url
