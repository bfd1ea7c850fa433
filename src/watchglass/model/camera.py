"""A camera as the product knows it."""

from dataclasses import dataclass, field
from enum import StrEnum

from watchglass.base.ids import CameraId, VolumeId
from watchglass.base.secret import Secret
from watchglass.model.stream import StreamName

MOST_PRIORITY = 3


class CameraState(StrEnum):
    """What the operator wants of a camera."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"
    REMOVED = "removed"


class Transport(StrEnum):
    """How an RTSP camera is to send; AUTO takes the first that it does, in this order."""

    AUTO = "auto"
    TCP = "tcp"
    UDP = "udp"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where a stream is had, and how: a URL without user name and password.

    ``retention_h``: hours that it is kept, where not as long as the camera's other streams;
    ``events_h``: those of it in which something happened.
    ``fingerprint``: of the one key that is trusted over TLS; empty where the machine's own
    certificates are to tell (see `model.fingerprint`).
    """

    stream: StreamName
    url: str
    retention_h: int | None = None
    transport: Transport = Transport.AUTO
    fingerprint: str = ""
    events_h: int | None = None


@dataclass(frozen=True, slots=True)
class OnvifAddress:
    """Where a camera is spoken to by ONVIF: onvif://HOST:PORT, and the ``profile`` of its main
    stream. ``ptz``: it can be turned; ``events``: it can be asked what it says happens."""

    url: str
    profile: str
    ptz: bool
    events: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the camera asks for; the password never prints."""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class BehindCamera:
    """A device that stood, or stands, behind a camera, from ``since_ns`` (UTC) on until the next.

    ``identity`` is what it said of itself, empty for nothing; ``host`` where it was reached. ``by``
    and ``reason``: who put it in the place of the one before, and why.
    """

    number: int
    since_ns: int
    identity: str
    host: str
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera. ``name`` is the operator's text and may change; ``id`` never does.

    ``paused_until_ns`` is UTC; None with PAUSED means until somebody resumes it. ``device_no``
    counts the devices that have stood in its place, from 1 on. ``analysis``: its pictures are
    looked at; with a higher ``priority`` longer than others where there is more to see than the
    machine can.
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
    events_h: int | None = None
    onvif: OnvifAddress | None = None
    analysis: bool = True
    priority: int = 0
    device_no: int = 1

    @property
    def device_key(self) -> str:
        """Names the device behind it: that of its place before has another."""
        return self.id if self.device_no == 1 else f"{self.id}.{self.device_no}"
