"""What people ask a running recorder of the devices around it, and what it answers."""

from enum import StrEnum

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import ScanId
from watchglass.model.coverage import Network
from watchglass.model.scan import Login


class FleetRequest(msgspec.Struct, frozen=True, tag="fleet"):
    """Have all devices judged as of now, unless that was done. ``report``: and a report written."""

    report: bool = False


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

    ``allow``: its address may be one that is refused by default. ``name``: its host where empty.
    """

    url: str
    by: str
    name: str = ""
    user: str = ""
    password: str = ""
    allow: bool = False

    def __repr__(self) -> str:
        return f"RecordRequest({self.name!r})"


SurveyRequest = (
    FleetRequest
    | StartScanRequest
    | ResumeScanRequest
    | StopScanRequest
    | ScansRequest
    | RecordRequest
)
