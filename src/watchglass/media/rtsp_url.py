"""What libavformat's RTSP client is told: the URL with the password, and its options."""

from urllib.parse import quote, urlsplit

from watchglass.base.errors import AuthFailedError, StreamInvalidError
from watchglass.model.camera import Credentials

# libavformat's own size for user name and password in a URL, the closing zero taken off.
_MOST_USER_INFO_BYTES = 127
# Words that libavformat takes out of a URL's query as options of its own.
_QUERY_OPTIONS = frozenset({"udp", "multicast", "tcp", "http", "https", "listen", "filter_src"})


def url_with_credentials(url: str, credentials: Credentials | None) -> str:
    """The URL for libavformat alone: user name and password in it, percent-encoded.

    AuthFailedError when they are longer than libavformat can hold, or the user name has a colon
    (RFC 7617 forbids it); StreamInvalidError for a URL that libavformat would read as options.
    """
    scheme, _, rest = url.partition("://")
    parts = urlsplit(url)
    if scheme not in ("rtsp", "rtsps") or not parts.hostname or "@" in parts.netloc:
        raise StreamInvalidError("This is not an RTSP address: it begins with rtsp:// and a host.")
    if not _QUERY_OPTIONS.isdisjoint(url.partition("?")[2].replace("?", "&").split("&")):
        raise StreamInvalidError("The address has a word after its ? that is not allowed there.")
    if credentials is None:
        return url
    if ":" in credentials.user:
        raise AuthFailedError("A camera's user name has no colon: check it.")
    user = quote(credentials.user, safe="!$&'()*+,;=~")
    info = f"{user}:{quote(credentials.password.reveal(), safe='!$&()*+,;=:~')}"
    if len(info) > _MOST_USER_INFO_BYTES:
        raise AuthFailedError(
            "User name and password together are too long: choose a shorter password in the camera."
        )
    return f"{scheme}://{info}@{rest}"


def open_options(url: str, *, sound: bool) -> dict[str, str]:
    """Everything switched off that goes beyond one TCP connection and the media asked for."""
    return {
        "rtsp_transport": "tcp",
        # Without "rtsp" in it, no redirect is followed.
        "protocol_whitelist": "tls,tcp" if url.startswith("rtsps:") else "tcp",
        "allowed_media_types": "video+audio" if sound else "video",
        "max_streams": "8",
        # Opening means: the first access unit. Rates and sizes are read from the parameter sets.
        "probesize": "32",
        "analyzeduration": "1",
        "fpsprobesize": "0",
        # No decoder has this name, so none is opened, whatever comes.
        "codec_whitelist": "none",
        # Longest wait on the socket, even while closing; all other time-outs are shorter.
        "timeout": str(65 * 1_000_000),
        "user_agent": "Watchglass",
    }
