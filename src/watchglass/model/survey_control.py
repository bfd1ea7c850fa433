"""What people ask a running recorder of the devices around it, and what it answers."""

from enum import StrEnum

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import ScanId
from watchglass.model.camera_table import TableErrand
from watchglass.model.coverage import Network
from watchglass.model.egress import EgressState, EgressStateRequest, EgressTaken, TakeEgressRequest
from watchglass.model.scan import Login
from watchglass.model.settings_import import SettingsErrand
from watchglass.model.stream import StreamName


class FleetRequest(msgspec.Struct, frozen=True, tag="fleet"):
    """Have all devices judged as of now, unless that was done. ``report``: and a report written.
    ``page``: the id of a device of which a signed page is written."""

    report: bool = False
    page: str = ""


class FleetMade(msgspec.Struct, frozen=True, tag="fleet_made"):
    """``folder`` holds what was made (see `app.fleet_process`); ``key`` names what it was made
    from, and is another as soon as that is."""

    key: str
    folder: str


class FleetOrder(msgspec.Struct, frozen=True):
    """For the process that judges: judge what is in a data folder, and write it to ``folder``,
    which is there."""

    data: str
    folder: str
    report: bool
    log_level: str
    log_json: bool
    page: str = ""
    fences: FenceMode = FenceMode.AUTO


class StartScanRequest(msgspec.Struct, frozen=True, tag="start_scan"):
    """Look at networks. Nothing of a login is kept with the scan."""

    networks: tuple[Network, ...]
    by: str
    logins: tuple[Login, ...] = ()


class ResumeScanRequest(msgspec.Struct, frozen=True, tag="resume_scan"):
    """Go on with a scan that was stopped, or cut off."""

    scan: str
    by: str
    logins: tuple[Login, ...] = ()


class StopScanRequest(msgspec.Struct, frozen=True, tag="stop_scan"):
    scan: str


class ScansRequest(msgspec.Struct, frozen=True, tag="which_scans"):
    """How far scans are."""


class ScanStanding(StrEnum):
    """What has become of a scan. ``waiting``: it was stopped or cut off, and can go on."""

    RUNNING = "running"
    WAITING = "waiting"
    ENDED = "ended"


class ScanState(msgspec.Struct, frozen=True, kw_only=True):
    """A scan or import as of now. ``done`` addresses ``of`` all; ``answered`` counts devices.

    ``note`` says what went wrong, or that it was stopped.
    """

    scan: ScanId
    kind: str
    standing: ScanStanding
    networks: tuple[Network, ...]
    started_ns: int
    ended_ns: int | None
    by: str
    done: int
    of: int
    answered: int
    note: str


class OfferedNetwork(msgspec.Struct, frozen=True):
    """A private network that this machine is in; ``addresses`` of it would be looked at."""

    cidr: str
    interface: str
    addresses: int


class Scans(msgspec.Struct, frozen=True, tag="scan_states"):
    """The newest first."""

    scans: tuple[ScanState, ...]
    offered: tuple[OfferedNetwork, ...]


class RecordRequest(msgspec.Struct, frozen=True, tag="record", kw_only=True):
    """Look at a camera, find its sub-stream, and record it from now on.

    ``url`` is rtsp or onvif; ``source`` names one of several pictures of an ONVIF device.
    ``allow``: its address may be one that is refused by default. ``name``: its host where empty.
    ``fingerprint``: of the one key that is trusted over TLS. ``others``: addresses of the same
    camera, tried in this order where ``url`` has no stream. One that is recorded already stays as
    it is.
    """

    url: str
    by: str
    name: str = ""
    user: str = ""
    password: str = ""
    allow: bool = False
    source: str = ""
    fingerprint: str = ""
    others: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"RecordRequest({self.name!r})"


class LookRequest(msgspec.Struct, frozen=True, tag="look_at"):
    """Look at a camera as for `RecordRequest`, and record nothing."""

    camera: RecordRequest


class LookedStream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that answered."""

    stream: StreamName
    url: str
    codec: str
    width: int
    height: int
    fps: float | None
    gop_s: float | None
    bit_rate: int
    sounds: tuple[str, ...]


class LookedProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile that an ONVIF device told of; ``chosen``: as which stream."""

    name: str
    codec: str
    width: int
    height: int
    fps: float | None
    source: str
    chosen: StreamName | None


class LookedAt(msgspec.Struct, frozen=True, tag="looked_at", kw_only=True):
    """What a camera is. No stream: it cannot be recorded, and ``problem`` says why, ``code`` in one
    word; with streams ``problem`` is a remark.

    ``words``: what was chosen and what is odd, a sentence each. ``sources``: the names of its
    pictures, where there are several. ``maker`` and ``model`` are what it says of itself.
    ``picture`` is a JPEG that was made here.
    """

    streams: tuple[LookedStream, ...]
    code: str
    problem: str
    maker: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    words: tuple[str, ...] = ()
    profiles: tuple[LookedProfile, ...] = ()
    sources: tuple[str, ...] = ()
    clock_offset_s: float | None = None
    ptz: bool = False
    events: bool = False
    picture: bytes = b""


SurveyRequest = (
    FleetRequest
    | StartScanRequest
    | ResumeScanRequest
    | StopScanRequest
    | ScansRequest
    | RecordRequest
    | LookRequest
    | TableErrand
    | SettingsErrand
    | TakeEgressRequest
    | EgressStateRequest
)
SurveyReply = FleetMade | Scans | LookedAt | EgressTaken | EgressState
