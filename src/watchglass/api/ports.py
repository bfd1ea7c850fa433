"""What the API needs of the rest, filled by the composition root."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from watchglass.access.door import Door
from watchglass.access.second_factor import SecondFactors
from watchglass.access.session import Sessions
from watchglass.access.tokens import Tokens
from watchglass.access.users import Users
from watchglass.api.anchorports import AnchorPorts
from watchglass.api.cameraports import CameraPorts
from watchglass.api.decisionports import DecisionPorts
from watchglass.api.egressports import EgressPorts
from watchglass.api.eventports import EventPorts
from watchglass.api.exportports import ExportPorts
from watchglass.api.maskports import MaskPorts
from watchglass.api.notespool import NoteSpool
from watchglass.api.noticeports import NoticePorts
from watchglass.api.redactionports import RedactionPorts
from watchglass.api.relayports import RelayPorts
from watchglass.api.watchports import WatchPorts
from watchglass.base.clock import Clock
from watchglass.base.ids import CameraId, DeviceId, VolumeId
from watchglass.live.feed import FrameFeed
from watchglass.model.act import Note
from watchglass.model.camera import Camera
from watchglass.model.camera_table import TableErrand, TableState
from watchglass.model.control import (
    Accepted,
    CountryRequest,
    NamesRequest,
    RetentionRequest,
)
from watchglass.model.conversion import Converted, ConvertRequest, FormTold
from watchglass.model.device_path import DevicePath, PathDocument, PlanChange, StepRequest
from watchglass.model.egress import Contained, Needs
from watchglass.model.gap import GapCause
from watchglass.model.health import Health
from watchglass.model.metric import Sample
from watchglass.model.profile import SiteProfile
from watchglass.model.purchase import Purchase
from watchglass.model.retention import Keeping
from watchglass.model.said import Said
from watchglass.model.settings_import import (
    ReadSettingsRequest,
    SettingsRead,
    TakeChannelRequest,
)
from watchglass.model.steering import PtzState, Steering
from watchglass.model.still import StillRequest
from watchglass.model.survey_control import (
    FleetMade,
    FleetRequest,
    LookedAt,
    LookRequest,
    RecordRequest,
    ResumeScanRequest,
    Scans,
    ScansRequest,
    StartScanRequest,
    StopScanRequest,
)
from watchglass.model.system import SystemReport
from watchglass.store.arrangement import ArrangementStore
from watchglass.store.index import IndexReader

ScanErrand = StartScanRequest | ResumeScanRequest | StopScanRequest | ScansRequest


class Index(Protocol):
    """The index, to look."""

    def read(self) -> AbstractContextManager[IndexReader]: ...

    def merged(self) -> AbstractContextManager[IndexReader]:
        """For timelines alone: files of a run that join count as one."""
        ...


@dataclass(frozen=True, slots=True)
class CauseWords:
    """What causes are called, and what helps; a text for each cause, a remedy for some."""

    causes: Mapping[GapCause, str]
    remedies: Mapping[GapCause, str]

    def sentence(self, cause: GapCause) -> str:
        """'The camera does not answer. Check its power, its cable and its address.'"""
        text = self.causes.get(cause, cause.value.replace("_", " "))
        remedy = self.remedies.get(cause, "")
        return f"{text[:1].upper()}{text[1:]}.{' ' if remedy else ''}{remedy}"


@dataclass(frozen=True, slots=True)
class Reach:
    """Under which names a browser reaches us: ``hosts`` with their port, as it writes them.

    ``strict``: browsers trust our certificate, and shall not come without encryption again. Not
    with one that nobody has signed: no browser keeps that promise then, or lets anybody in when it
    is another.
    """

    hosts: frozenset[str]
    scheme: str = "http"
    strict: bool = False

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(f"{self.scheme}://{host}" for host in self.hosts)


@dataclass(frozen=True, slots=True)
class DevicePathPorts:
    """Of devices on their way out. ``put`` takes what is noted of some, and of which nothing is;
    changes are plans that can be taken back. ``step`` asks the running recorder, for the ledger;
    the others go to the database."""

    all: Callable[[], Sequence[DevicePath]]
    put: Callable[[Sequence[DevicePath], Sequence[DeviceId]], None]
    put_change: Callable[[PlanChange], None]
    change: Callable[[str], PlanChange]
    drop_change: Callable[[str], None]
    step: Callable[[StepRequest], None]
    put_document: Callable[[str, bytes, int], str]
    document: Callable[[str], PathDocument]


@dataclass(frozen=True, slots=True)
class FleetPorts:
    """Of the devices around the recorder. ``fleet`` has them judged as of now, and a report written
    if that is asked for; it may take seconds. ``scans`` starts, stops and tells of scans,
    ``table`` of a table of cameras. ``settings`` reads those of another maker's device, ``take``
    carries a channel of them over."""

    fleet: Callable[[FleetRequest], FleetMade]
    profile: Callable[[], SiteProfile]
    set_profile: Callable[[SiteProfile], None]
    put_purchase: Callable[[Purchase], None]
    scans: Callable[[ScanErrand], Scans]
    record: Callable[[RecordRequest], Accepted]
    look: Callable[[LookRequest], LookedAt]
    table: Callable[[TableErrand], TableState]
    settings: Callable[[ReadSettingsRequest], SettingsRead]
    take: Callable[[TakeChannelRequest], Accepted]
    needs: Callable[[], Needs]
    set_needs: Callable[[Needs], None]
    contained: Callable[[], Sequence[Contained]]
    put_contained: Callable[[Sequence[Contained]], None]
    paths: DevicePathPorts
    egress: EgressPorts


@dataclass(frozen=True, slots=True)
class PeoplePorts:
    """Of the log of the site. ``ledger`` is its folder, to read; ``names_h`` is how many hours
    names are kept, ``keep_names`` has the recorder keep them so."""

    ledger: Path
    names_h: Callable[[], int]
    keep_names: Callable[[NamesRequest], None]


@dataclass(frozen=True, slots=True)
class ApiPorts:
    """All calls may block, and are made from threads; they raise WatchglassError.

    ``cameras``: all that are not removed, without credentials. ``volume_path``: None for a volume
    that is not there. ``note_people`` returns once the
    notes are in the site's ledger, on disk; one that is told again does no harm. ``spool`` keeps
    them on disk until then.
    ``keeping`` says for how long what is recorded is kept, ``keep`` changes that.
    ``still`` gives a JPEG, ``convert`` moving pictures (None for a session that is not known);
    PictureDamagedError, MediaWorkerError. ``measurements``: all numbers as
    Prometheus reads them, those given too. ``health`` names cameras by their names. ``steer`` has a
    camera moved: CameraError, or BusError while nobody speaks with cameras. ``system`` and
    ``numbers`` ask all processes, and take a second.
    camera moved: CameraError, or BusError while nobody speaks with cameras. ``said``: what a camera
    said in a span (UTC ns), at most so many.
    """

    clock: Clock
    reach: Reach
    sessions: Sessions
    door: Door
    cameras: Callable[[], Sequence[Camera]]
    index: Index
    volume_path: Callable[[VolumeId], Path | None]
    of_cameras: CameraPorts
    masks: MaskPorts
    relays: RelayPorts
    decisions: DecisionPorts
    watch: WatchPorts
    events: EventPorts
    exports: ExportPorts
    anchors: AnchorPorts
    redactions: RedactionPorts
    notices: NoticePorts
    system: Callable[[], SystemReport]
    numbers: Callable[[], Sequence[Sample]]
    note_people: Callable[[Sequence[Note]], None]
    spool: NoteSpool
    keeping: Callable[[], Keeping]
    keep: Callable[[RetentionRequest | CountryRequest], None]
    feed: FrameFeed
    still: Callable[[StillRequest], bytes]
    convert: Callable[[ConvertRequest], Converted | None]
    form: Callable[[], FormTold]
    tokens: Tokens
    users: Users
    factors: SecondFactors
    measurements: Callable[[Sequence[Sample]], str]
    health: Callable[[], Health]
    devices: FleetPorts
    people: PeoplePorts
    steer: Callable[[Steering], PtzState | None]
    arrangement: ArrangementStore
    said: Callable[[CameraId, int, int, int], Sequence[Said]]
    words: CauseWords
    ui: Path
    version: str
