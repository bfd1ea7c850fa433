"""What the supervisor gives a worker, through its standard input alone.

Passwords are in it, so it is never in an argument, an environment, a file or a log.
"""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.camera import Transport
from watchglass.model.gap import GapCause
from watchglass.model.notice_picture import PictureWanted
from watchglass.model.order import Configure
from watchglass.model.stream import StreamName
from watchglass.model.way import Stand, Way


class AssignedStream(msgspec.Struct, frozen=True):
    """A `model.camera.StreamAddress`, as far as it is for connecting."""

    stream: StreamName
    url: str
    transport: Transport = Transport.AUTO
    fingerprint: str = ""


class AssignedCamera(msgspec.Struct, frozen=True):
    """A camera to be recorded; a ``quarantined`` one is left alone, and its gap says so. Without
    ``analysis`` its pictures are not looked at, and its timeline says so. ``proof`` shows the
    keeper that the worker was given it."""

    camera: CameraId
    volume: VolumeId
    streams: tuple[AssignedStream, ...]
    user: str
    password: str
    sound: bool
    quarantined: bool = False
    analysis: bool = True
    proof: str = ""

    def __repr__(self) -> str:
        return f"AssignedCamera({self.camera})"


class WorkerStart(msgspec.Struct, frozen=True, tag="start"):
    """The first message to a camera-worker. ``keeper``, ``live`` and ``vitals`` are where it
    speaks, by its own name. ``sources`` is the folder from which files are played; empty for none.
    ``analyst`` is who looks at pictures, ``relay`` who hands them on; None where nobody does.
    """

    name: str
    keeper: Way
    live: Way
    vitals: Way
    volumes: tuple[tuple[VolumeId, str], ...]
    cameras: tuple[AssignedCamera, ...]
    allow: tuple[str, ...]
    fragment_ms: int
    file_s: int
    queue_bytes: int
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO
    sources: str = ""
    analyst: Way | None = None
    relay: Way | None = None


class Record(msgspec.Struct, frozen=True, tag="record"):
    """Record one more camera."""

    camera: AssignedCamera


class StopRecording(msgspec.Struct, frozen=True, tag="stop_recording"):
    """Stop one camera; what follows is a gap of ``cause``."""

    camera: CameraId
    cause: GapCause


class CameraSays(msgspec.Struct, frozen=True, tag="camera_says"):
    """The camera itself says that something happens before it."""

    camera: CameraId


class LookAt(msgspec.Struct, frozen=True, tag="look_at"):
    """Have the pictures of a camera looked at from now on, or no longer; it is recorded on."""

    camera: CameraId
    on: bool


class Shutdown(msgspec.Struct, frozen=True, tag="shutdown"):
    """Close everything and end."""

    cause: GapCause


class Recording(msgspec.Struct, frozen=True, tag="recording"):
    """A worker's answer on its standard output: it is up."""

    name: str


class FenceTold(msgspec.Struct, frozen=True, tag="fenced"):
    """A child's word on its standard output: what it is fenced by, and whether that is all."""

    fence: str
    whole: bool


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """Another, said again and again: it is at work."""


class FencedOff(msgspec.Struct, frozen=True, tag="fenced_off"):
    """Another: the volume is there and outside its fence, so it needs a successor."""

    volume: VolumeId


class KeeperStart(msgspec.Struct, frozen=True, tag="keep"):
    """The first message to the keeper. ``fresh``: no worker of before goes on."""

    state: str
    stand: Stand
    vitals: Way
    site: Configure
    fresh: bool
    sync_ms: int
    head_s: int
    floor_bytes: int
    ballast_bytes: int
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO


class ApiStart(msgspec.Struct, frozen=True, tag="serve"):
    """The first message to the api process. ``hosts``: names beside those of loopback that browsers
    use. ``port`` 0 takes a free one.

    ``lan``: on all networks, and then only encrypted, with ``certificate`` and ``key`` (files in
    PEM); ``strict``: browsers trust that certificate, and shall never again come without.

    ``setup_hash`` is of the token that makes the first user, until ``setup_expires_ns`` (UTC);
    empty to offer none. ``beat_s``: how often it says that it is at work; 0 for never.
    """

    state: str
    live: Stand
    media: Way
    port: int
    setup_hash: str
    setup_expires_ns: int
    log_level: str
    log_json: bool
    hosts: tuple[str, ...] = ()
    onvif: Way | None = None
    ui: str = ""
    fences: FenceMode = FenceMode.AUTO
    floor_bytes: int = 0
    lan: bool = False
    certificate: str = ""
    key: str = ""
    strict: bool = False
    beat_s: float = 0.0


class Serving(msgspec.Struct, frozen=True, tag="serving"):
    """What the api process answers on its standard output: it is up, on that port.

    ``set_up``: somebody has set the admin's password already.
    """

    port: int
    set_up: bool


class PingStart(msgspec.Struct, frozen=True, tag="ping_start"):
    """The first message to the ping process. The URL may hold a secret."""

    url: str
    timeout_s: float
    log_json: bool
    fences: FenceMode

    def __repr__(self) -> str:
        return "PingStart(…)"


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Ask for the URL once."""


class Pinged(msgspec.Struct, frozen=True, tag="pinged"):
    """How it went, on standard output: empty, or a sentence on what went wrong."""

    error: str


ToWorker = WorkerStart | Record | StopRecording | CameraSays | LookAt | Shutdown
ToKeeperProcess = KeeperStart | Shutdown
ToApiProcess = ApiStart | PictureWanted | Shutdown
ToPingProcess = PingStart | Ping | Shutdown
