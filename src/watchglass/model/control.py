"""What the command line asks of a running recorder, over a socket that only its owner can open."""

import msgspec

from watchglass.base.ids import CameraId, HoldId, MaskId, VolumeId
from watchglass.model.act import Note
from watchglass.model.camera import OnvifAddress, Transport
from watchglass.model.camera_table import TableState
from watchglass.model.device_path import StepRequest
from watchglass.model.erasure import (
    ErasureRequest,
    SignedStatement,
    SignStatementRequest,
    StatementRequest,
)
from watchglass.model.export import Consent
from watchglass.model.footage import Footage
from watchglass.model.health import Health
from watchglass.model.look import Look
from watchglass.model.metric import Sample
from watchglass.model.notice_control import NoticeRequest
from watchglass.model.polygon import Point
from watchglass.model.process import ProcessStatus
from watchglass.model.redaction_control import EvidenceErrand, EvidenceReply
from watchglass.model.restream import RestreamErrand, RestreamsTold
from watchglass.model.retention import Kept
from watchglass.model.schedule import PauseSchedule
from watchglass.model.settings_import import SettingsRead
from watchglass.model.stamping import AnchorErrand, AnchorReply
from watchglass.model.statement import Statement
from watchglass.model.stream import StreamName
from watchglass.model.subject_request import FilmedRequest
from watchglass.model.survey_control import SurveyReply, SurveyRequest
from watchglass.model.system import SystemReport, SystemRequest
from watchglass.model.watch_control import (
    LookBackErrand,
    LooksBack,
    ReviewRequest,
    WatchRequest,
)


class AddCameraRequest(msgspec.Struct, frozen=True, tag="add_camera"):
    """A camera that was probed; the URLs are without user name and password.

    ``as_id``: that of a camera that has a ledger and is in no database any more; it goes on.
    ``transport`` and ``fingerprint`` are of all its streams (see `model.camera.StreamAddress`).
    ``onvif``: where it is spoken to that way, too.
    """

    name: str
    streams: tuple[tuple[StreamName, str], ...]
    user: str
    password: str
    device: str
    by: str
    allow: tuple[str, ...] = ()
    as_id: str = ""
    transport: Transport = Transport.AUTO
    fingerprint: str = ""
    onvif: OnvifAddress | None = None

    def __repr__(self) -> str:
        return f"AddCameraRequest({self.name!r})"


class RemoveCameraRequest(msgspec.Struct, frozen=True, tag="remove_camera"):
    """``erase``: its recordings go at once, and not when their time is up."""

    camera: str
    by: str
    reason: str
    erase: bool = False


class EditCameraRequest(msgspec.Struct, frozen=True, tag="edit_camera"):
    """What is None stays as it is; ``streams`` names those that are elsewhere from now on.

    ``user`` empty: the camera asks for none, and its password is erased. ``allow``: its new address
    may be one that is refused by default. ``look``: it is looked at first, and nothing is changed
    where it cannot be recorded so.
    """

    camera: str
    by: str
    name: str | None = None
    streams: tuple[tuple[StreamName, str], ...] = ()
    user: str | None = None
    password: str | None = None
    transport: Transport | None = None
    volume: VolumeId | None = None
    allow: bool = False
    look: bool = True
    reason: str = ""

    @property
    def reaches_anew(self) -> bool:
        """Whether the camera is spoken to in another way than before."""
        login = self.user is not None or self.password is not None
        return bool(self.streams) or login or self.transport is not None

    def __repr__(self) -> str:
        return f"EditCameraRequest({self.camera!r})"


class SwapCameraRequest(msgspec.Struct, frozen=True, tag="swap_camera"):
    """Another device stands in the camera's place from now on: ``to`` tells how it was found, of
    which the name counts for nothing."""

    camera: str
    to: AddCameraRequest
    by: str
    reason: str


class SwapFoundRequest(msgspec.Struct, frozen=True, tag="swap_found"):
    """As above, and the device is looked at first. ``sub`` empty: it is asked for, or guessed."""

    camera: str
    url: str
    user: str
    password: str
    by: str
    reason: str
    sub: str = ""
    fingerprint: str = ""
    source: str = ""
    allow: bool = False

    def __repr__(self) -> str:
        return f"SwapFoundRequest({self.camera!r})"


class StateCameraRequest(msgspec.Struct, frozen=True, tag="state_camera"):
    """What the camera is for; see `model.statement`."""

    camera: str
    statement: Statement
    by: str


class ScheduleRequest(msgspec.Struct, frozen=True, tag="schedule"):
    """When it pauses by itself; None for never."""

    camera: str
    schedule: PauseSchedule | None
    by: str


class DisableRequest(msgspec.Struct, frozen=True, tag="disable"):
    """Not recorded until it is resumed."""

    camera: str
    by: str
    reason: str


class TrustRequest(msgspec.Struct, frozen=True, tag="trust"):
    """From now on the camera has to prove that it has this key (see `model.fingerprint`)."""

    camera: str
    fingerprint: str
    by: str
    reason: str


class PauseRequest(msgspec.Struct, frozen=True, tag="pause"):
    """``until_ns`` is UTC; None until somebody resumes it."""

    camera: str
    until_ns: int | None
    by: str
    reason: str


class ResumeRequest(msgspec.Struct, frozen=True, tag="resume"):
    camera: str
    by: str
    reason: str


class SoundRequest(msgspec.Struct, frozen=True, tag="sound"):
    """Sound is kept from the next connection on, or no longer."""

    camera: str
    on: bool
    by: str
    reason: str


class AnalysisRequest(msgspec.Struct, frozen=True, tag="analysis"):
    """Whether its pictures are looked at, and with which priority (0 to 3). None: as it is."""

    camera: str
    by: str
    on: bool | None = None
    priority: int | None = None
    reason: str = ""


class DrawMaskRequest(msgspec.Struct, frozen=True, tag="draw_mask"):
    """Cover a part of a camera's picture; see `model.mask.Mask`."""

    camera: str
    name: str
    polygon: tuple[Point, ...]
    from_ns: int | None
    until_ns: int | None
    by: str
    reason: str
    into_camera: bool = False


class EndMaskRequest(msgspec.Struct, frozen=True, tag="end_mask"):
    """Let a mask cover nothing from ``until_ns`` (UTC) on; None: nothing at all."""

    camera: str
    mask: MaskId
    until_ns: int | None
    by: str
    reason: str


class NoteClipRequest(msgspec.Struct, frozen=True, tag="note_clip"):
    camera: str
    stream: StreamName
    from_ns: int
    to_ns: int
    by: str
    reason: str


class HoldRequest(msgspec.Struct, frozen=True, tag="hold"):
    """Keep a span (UTC ns) of a camera until ``hold``, an id of the asker's making, is lifted, or
    until ``until_ns`` (UTC), when it is lifted by itself."""

    camera: str
    hold: HoldId
    from_ns: int
    to_ns: int
    by: str
    reason: str
    until_ns: int | None = None


class ReleaseRequest(msgspec.Struct, frozen=True, tag="release"):
    """Lift a hold."""

    camera: CameraId
    hold: HoldId
    by: str
    reason: str


class AddVolumeRequest(msgspec.Struct, frozen=True, tag="add_volume"):
    """Make the folder a volume, or take it as the one it is."""

    path: str


class DrainVolumeRequest(msgspec.Struct, frozen=True, tag="drain_volume"):
    """Record nothing more to a volume: its cameras go on to others. What is there stays."""

    volume: VolumeId


class RemoveVolumeRequest(msgspec.Struct, frozen=True, tag="remove_volume"):
    """Forget a volume that is drained."""

    volume: VolumeId


class RetentionRequest(msgspec.Struct, frozen=True, tag="retention"):
    """How long to keep: all cameras, or one, or one stream of it; None for what holds above it.

    Longer than the country's default needs a ``reason``.
    """

    hours: int | None
    camera: str = ""
    stream: StreamName | None = None
    kind: Kept = Kept.CONTINUOUS
    by: str = ""
    reason: str = ""


class CountryRequest(msgspec.Struct, frozen=True, tag="country"):
    """In which country the cameras are, in two letters; its default of retention holds. None: not
    stated."""

    country: str | None
    by: str = ""


class NamesRequest(msgspec.Struct, frozen=True, tag="names"):
    """How many hours the names and reasons of the log are kept; the lines stay."""

    hours: int
    by: str
    reason: str


class NoteRequest(msgspec.Struct, frozen=True, tag="note_people"):
    """Several at once: each request waits for the disk, and there are few who can wait."""

    notes: tuple[Note, ...]


class NoteBackupRequest(msgspec.Struct, frozen=True, tag="note_backup"):
    """Note that a backup is made, and sign every ledger, so that it has all up to now."""

    backup: str
    with_media: bool
    by: str


class BeginExportRequest(msgspec.Struct, frozen=True, tag="begin_export"):
    """Note that an evidence bundle is made of what ``looks`` name, and sign every ledger.

    ``consent``: what became of that of a second person, where one is demanded. ``NEEDED``: nobody
    was asked. ``outside``: a command writes it, and so it is listed where the page's are."""

    bundle: str
    looks: tuple[Look, ...]
    by: str
    reason: str
    consent: Consent = Consent.NEEDED
    outside: bool = True


class SignExportRequest(msgspec.Struct, frozen=True, tag="sign_export"):
    """Note and sign the manifest (its SHA-256, hex) of a bundle that was begun."""

    bundle: str
    manifest: str
    by: str


class ImportFootageRequest(msgspec.Struct, frozen=True, tag="import_footage"):
    """A file that another system recorded lies on its volume; ``name`` is what it was called."""

    footage: Footage
    name: str
    by: str
    reason: str = ""


class StatusRequest(msgspec.Struct, frozen=True, tag="status"):
    """What runs."""


class HealthRequest(msgspec.Struct, frozen=True, tag="how_is_it"):
    """Whether recording lives."""


class MeasureRequest(msgspec.Struct, frozen=True, tag="measure_all"):
    """All numbers of now, for monitors."""


class RotateKeyRequest(msgspec.Struct, frozen=True, tag="rotate_key"):
    """Sign with a new key from now on."""

    by: str
    reason: str


class RevokeKeyRequest(msgspec.Struct, frozen=True, tag="revoke_key"):
    """A key of before may have been in other hands since a time (UTC ns)."""

    key: str
    since_ns: int
    by: str
    reason: str


KeyRequest = RotateKeyRequest | RevokeKeyRequest


Request = (
    AddCameraRequest
    | RemoveCameraRequest
    | EditCameraRequest
    | SwapCameraRequest
    | SwapFoundRequest
    | StateCameraRequest
    | ScheduleRequest
    | DisableRequest
    | PauseRequest
    | ResumeRequest
    | SoundRequest
    | AnalysisRequest
    | TrustRequest
    | DrawMaskRequest
    | EndMaskRequest
    | NoteClipRequest
    | HoldRequest
    | ReleaseRequest
    | AddVolumeRequest
    | DrainVolumeRequest
    | RemoveVolumeRequest
    | RetentionRequest
    | CountryRequest
    | NamesRequest
    | NoteRequest
    | NoteBackupRequest
    | BeginExportRequest
    | SignExportRequest
    | StepRequest
    | ImportFootageRequest
    | ErasureRequest
    | FilmedRequest
    | StatementRequest
    | SignStatementRequest
    | StatusRequest
    | HealthRequest
    | MeasureRequest
    | SurveyRequest
    | NoticeRequest
    | SystemRequest
    | WatchRequest
    | ReviewRequest
    | LookBackErrand
    | AnchorErrand
    | KeyRequest
    | EvidenceErrand
    | RestreamErrand
)


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """Done, and on disk. ``camera`` is the one it was about; ``already``: it was so before.
    ``sources``: the other pictures of the device that it is of, which can be recorded too."""

    camera: CameraId | None = None
    already: bool = False
    sources: tuple[str, ...] = ()


class Signature(msgspec.Struct, frozen=True, tag="signature"):
    """Of the recorder's key, hex."""

    signature: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Not done: code, exit code, sentence; ``fingerprint`` of a camera's key, not trusted."""

    code: str
    exit_code: int
    sentence: str
    fingerprint: str = ""


class Status(msgspec.Struct, frozen=True, tag="recorder"):
    """The processes of a running recorder."""

    version: str
    started_ns: int
    processes: tuple[ProcessStatus, ...]


class Measurements(msgspec.Struct, frozen=True, tag="measurements"):
    """What the processes answered in time."""

    samples: tuple[Sample, ...]


Reply = (
    Accepted
    | Signature
    | SignedStatement
    | Refused
    | Status
    | Health
    | Measurements
    | SurveyReply
    | TableState
    | SettingsRead
    | SystemReport
    | LooksBack
    | AnchorReply
    | EvidenceReply
    | RestreamsTold
)
