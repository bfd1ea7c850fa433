"""A camera's stream, its address checked once more at each connection."""

from watchglass.base.errors import CameraUnreachableError, RefusedError
from watchglass.cameras.kinds import kind_of
from watchglass.model.source import SourceSettings, VideoSource


def open_camera(settings: SourceSettings) -> VideoSource:
    """A source for an address, which is stored without user name and password.

    CameraError when it may not be gone to.
    """
    try:
        return kind_of(settings.address.url).make(settings)
    except RefusedError as error:
        raise CameraUnreachableError(error.sentence) from error
