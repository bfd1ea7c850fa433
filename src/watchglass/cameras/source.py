"""A camera's stream, checked once more at each connection."""

from collections.abc import Iterable

from watchglass.base.clock import Clock
from watchglass.base.errors import CameraUnreachableError, RefusedError
from watchglass.cameras.address import resolve, split_url
from watchglass.media.rtsp import RtspSource
from watchglass.model.camera import Credentials


def open_camera(
    url: str, credentials: Credentials | None, *, allow: Iterable[str], sound: bool, clock: Clock
) -> RtspSource:
    """A source for ``url``, which is stored without user name and password.

    The name is looked up anew each time, and the connection goes to the address that was checked,
    so a name server cannot send it elsewhere afterwards. CameraError when it may not be gone to.
    """
    try:
        address, _ = split_url(url)
        checked = resolve(address, allow)
    except RefusedError as error:
        raise CameraUnreachableError(error.sentence) from error
    return RtspSource(checked.url, credentials, sound=sound, clock=clock, tls_name=checked.host)
