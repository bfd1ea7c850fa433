"""A camera as the product knows it."""

from dataclasses import dataclass, field
from enum import StrEnum

from watchglass.base.ids import CameraId, VolumeId
from watchglass.base.secret import Secret
from watchglass.model.stream import StreamName


class CameraState(StrEnum):
    """What the operator wants of a camera."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where a stream is had: a URL without user name and password.

    ``retention_h``: hours that it is kept, where not as long as the camera's other streams.
    """

    stream: StreamName
    url: str
    retention_h: int | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the camera asks for; the password never prints."""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera. ``name`` is the operator's text and may change; ``id`` never does.

    ``paused_until_ns`` is UTC; None with PAUSED means until somebody resumes it.
    """

    id: CameraId
    name: str
    streams: tuple[StreamAddress, ...]
    volume: VolumeId
    state: CameraState = CameraState.ENABLED
    added_ns: int = 0
    paused_until_ns: int | None = None
    sound: bool = False
    credentials: Credentials | None = field(default=None, repr=False)
    retention_h: int | None = None
