"""What goes between a recorder's processes besides facts: orders, and what is said back."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId, HoldId, RunId, VolumeId
from watchglass.model.act import Note
from watchglass.model.fact import Fact
from watchglass.model.footage import Footage
from watchglass.model.look import Look
from watchglass.model.retention import Kept
from watchglass.model.stream import StreamName


class Changed(StrEnum):
    """What of a camera may be changed without an order of its own."""

    NAME = "name"
    ADDRESS = "address"
    LOGIN = "login"
    TRANSPORT = "transport"
    VOLUME = "volume"
    STATEMENT = "statement"
    SCHEDULE = "schedule"
    ANALYSIS = "analysis"


class Facts(msgspec.Struct, frozen=True, tag="facts"):
    """Facts of one life of a worker (``session``), with the serial number of the last of them.

    ``proofs`` show, by camera, that the worker was given it; facts about others are left out.
    """

    session: str
    last: int
    facts: list[Fact]
    proofs: dict[CameraId, str] = {}


class Synced(msgspec.Struct, frozen=True, tag="synced"):
    """Facts up to ``last`` are on disk; the worker may forget them."""

    session: str
    last: int


class Doubt(msgspec.Struct, frozen=True, tag="doubt"):
    """A sync failed, and what was written of these runs is not believed: end them, begin anew."""

    runs: list[RunId]


class AddCamera(msgspec.Struct, frozen=True, tag="add_camera"):
    """From now on every second of these streams is accounted for."""

    camera: CameraId
    streams: tuple[StreamName, ...]
    name: str
    address: str
    device: str
    by: str


class RemoveCamera(msgspec.Struct, frozen=True, tag="remove_camera"):
    """``erase``: its recordings go at once; refused while some of them are held."""

    camera: CameraId
    by: str
    reason: str
    erase: bool = False


class PauseCamera(msgspec.Struct, frozen=True, tag="pause_camera"):
    """``until_ns`` is UTC; None until somebody resumes it."""

    camera: CameraId
    until_ns: int | None
    by: str
    reason: str


class DisableCamera(msgspec.Struct, frozen=True, tag="disable_camera"):
    """Not recorded until somebody enables it."""

    camera: CameraId
    by: str
    reason: str


class NoteChange(msgspec.Struct, frozen=True, tag="note_change"):
    """Somebody changed these things of a camera."""

    camera: CameraId
    what: tuple[Changed, ...]
    by: str
    reason: str


class SwapDevice(msgspec.Struct, frozen=True, tag="swap_device"):
    """Another device stands behind a camera since ``since_ns`` (UTC)."""

    camera: CameraId
    device: str
    since_ns: int
    by: str
    reason: str


class EnableCamera(msgspec.Struct, frozen=True, tag="enable_camera"):
    camera: CameraId
    by: str
    reason: str


class ChangeSound(msgspec.Struct, frozen=True, tag="change_sound"):
    camera: CameraId
    on: bool
    by: str
    reason: str


class NoteClip(msgspec.Struct, frozen=True, tag="note_clip"):
    """Somebody takes a copy of a span (UTC ns)."""

    camera: CameraId
    stream: StreamName
    from_ns: int
    to_ns: int
    by: str
    reason: str


class SetHold(msgspec.Struct, frozen=True, tag="set_hold"):
    """Nothing of a span (UTC ns) of a camera is deleted until the hold is lifted. ``until_ns`` says
    when that is to be, if it is known; it is lifted by an order all the same."""

    camera: CameraId
    hold: HoldId
    from_ns: int
    to_ns: int
    by: str
    reason: str
    until_ns: int | None = None


class LiftHold(msgspec.Struct, frozen=True, tag="lift_hold"):
    camera: CameraId
    hold: HoldId
    by: str
    reason: str


class NotePeople(msgspec.Struct, frozen=True, tag="note_people"):
    """People look at cameras, and act. What was told before leads to no second line."""

    notes: tuple[Note, ...]


class NoteBackup(msgspec.Struct, frozen=True, tag="note_backup"):
    """Somebody takes a copy of the site: it is noted, and every ledger signed up to now."""

    backup: str
    with_media: bool
    by: str


class BeginExport(msgspec.Struct, frozen=True, tag="begin_export"):
    """Somebody is about to take an evidence bundle of what ``looks`` name: it is noted, and every
    ledger signed up to now."""

    bundle: str
    looks: tuple[Look, ...]
    by: str
    reason: str


class SignExport(msgspec.Struct, frozen=True, tag="sign_export"):
    """The bundle is made: note the SHA-256 of its manifest (hex), and sign it."""

    bundle: str
    manifest: str
    by: str


class EraseSpan(msgspec.Struct, frozen=True, tag="erase_span"):
    """Nothing of a span (UTC ns) of a camera is left: ``by`` asked for it, ``approved_by`` is
    another. Refused where a hold touches it. Told again, it leads to no second line."""

    camera: CameraId
    erasure: str
    from_ns: int
    to_ns: int
    by: str
    approved_by: str
    reason: str


class StatementKind(StrEnum):
    """What of its own the recorder signs besides heads and bundles."""

    ERASURE = "erasure"
    REQUEST = "request"
    REDACTED = "redacted"


class SignStatement(msgspec.Struct, frozen=True, tag="sign_statement"):
    """A document about an erasure, a request or a redacted copy (its id is ``about``) is made: note
    its SHA-256 (hex), and sign it."""

    kind: StatementKind
    about: str
    sha256: str
    by: str


class MarkSpan(msgspec.Struct, frozen=True, tag="mark_span"):
    """Something happened in a span (UTC ns) of a camera: it is kept as long as events are.

    ``mark`` is an id of the asker's making; told again, it leads to no second line.
    """

    camera: CameraId
    mark: str
    from_ns: int
    to_ns: int


class ImportFootage(msgspec.Struct, frozen=True, tag="import_footage"):
    """A file that another system recorded lies on its volume; ``name`` is what it was called."""

    footage: Footage
    name: str
    by: str
    reason: str

    @property
    def camera(self) -> CameraId:
        return self.footage.camera


class NoteStep(msgspec.Struct, frozen=True, tag="note_step"):
    """Somebody says that a device has come a step further on its way out; ``document`` (SHA-256,
    hex) proves it. ``back``: the last word that it had is taken back."""

    device: str
    step: str
    document: str
    by: str
    note: str
    back: bool = False


class NoteRetention(msgspec.Struct, frozen=True, tag="note_retention"):
    """Somebody says how long recordings are kept: all, of one camera, or of one stream of it.

    ``hours`` None: for as long as is said above it. With ``country`` it is only said whose rules
    hold; empty: nobody's in particular.
    """

    camera: CameraId | None
    stream: StreamName | None
    kind: Kept
    hours: int | None
    by: str
    reason: str
    country: str | None = None


class NoteNames(msgspec.Struct, frozen=True, tag="note_names"):
    """Somebody says for how many hours the names and reasons beside the ledgers are kept."""

    hours: int
    by: str
    reason: str


class RotateKey(msgspec.Struct, frozen=True, tag="rotate_key"):
    """Sign with a new key from now on; the one of now vouches for it, and is destroyed."""

    by: str
    reason: str


class RevokeKey(msgspec.Struct, frozen=True, tag="revoke_key"):
    """A key of before may have been in other hands since a time (UTC ns)."""

    key: str
    since_ns: int
    by: str
    reason: str


class Retention(msgspec.Struct, frozen=True):
    """How long a camera's recordings are kept, in hours; of one ``stream``, or of all others.

    ``events_h``: those in which something happened, where that is longer. ``erase``: none is kept,
    on somebody's decision.
    """

    camera: CameraId
    hours: int
    stream: StreamName | None = None
    events_h: int = 0
    erase: bool = False


class Configure(msgspec.Struct, frozen=True, tag="configure"):
    """What the keeper has to know of the site; sent whole at each change.

    ``default_h``: hours that a camera's recordings are kept of which ``retention`` says nothing;
    None for as long as the keeper thinks right. ``names_h``: hours that names and reasons beside
    the ledgers are kept.
    """

    retention: tuple[Retention, ...]
    volumes: tuple[tuple[VolumeId, str], ...]
    default_h: int | None = None
    default_events_h: int = 0
    names_h: int | None = None


Order = (
    AddCamera
    | RemoveCamera
    | PauseCamera
    | DisableCamera
    | EnableCamera
    | NoteChange
    | SwapDevice
    | ChangeSound
    | NoteClip
    | SetHold
    | LiftHold
    | NotePeople
    | NoteBackup
    | BeginExport
    | SignExport
    | EraseSpan
    | SignStatement
    | MarkSpan
    | ImportFootage
    | NoteStep
    | NoteRetention
    | NoteNames
    | RotateKey
    | RevokeKey
    | Configure
)


GIVES_ORDERS = "supervisor"
"""The one peer of the keeper that gives orders; all others tell facts."""


class Ordered(msgspec.Struct, frozen=True, tag="ordered"):
    """An order with a number, so that the answer finds its way."""

    number: int
    order: Order


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The order is on disk; or it failed, with the sentence for the user. ``signature`` (hex) where
    one was ordered."""

    number: int
    error: str = ""
    signature: str = ""


ToKeeper = Facts | Ordered
FromKeeper = Synced | Doubt | Done
