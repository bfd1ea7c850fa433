"""Evidence bundles that people ask for: who wants which span, who agreed to it, how far it is."""

from enum import StrEnum

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.assignment import Shutdown
from watchglass.model.look import Look
from watchglass.model.stream import StreamName

MOST_EXPORTS = 20
"""That wait or go on at a time."""
MOST_CAMERAS = 16
MOST_EXPORT_S = 31 * 24 * 3600
USUAL_REVIEW_H = 72


class ExportState(StrEnum):
    """``asked``: it waits for a second person; ``refused``: that one said no. ``stopped`` and
    ``failed`` ones can go on where they were."""

    ASKED = "asked"
    REFUSED = "refused"
    WAITING = "waiting"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"


class Consent(StrEnum):
    """Of a second person. ``emergency``: not waited for; a second person looks at it afterwards."""

    NOT_NEEDED = "not_needed"
    NEEDED = "needed"
    GIVEN = "given"
    REFUSED = "refused"
    EMERGENCY = "emergency"


class Decision(msgspec.Struct, frozen=True):
    """What a second person said, and when (UTC ns). ``by_id``: of the account."""

    agreed: bool
    by: str
    by_id: str
    at_ns: int
    reason: str = ""


class ExportedCamera(msgspec.Struct, frozen=True):
    """``unmasked``: masks hide a part of it, and the bundle shows what they hide."""

    id: CameraId
    name: str
    unmasked: bool = False


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """One bundle; UTC ns. ``done_bytes`` of about ``whole_bytes`` are copied. ``file`` is its name
    in the folder of exports, empty where it was written elsewhere by a command; ``bytes``,
    ``sha256`` and ``fingerprint`` are of what is done. ``to_ns`` of what is done may lie before
    ``asked_to_ns``: what comes after was not signed yet. ``error``: why it failed, in a sentence.
    ``encrypted``: under a passphrase, which is not kept here. ``by`` is empty once names and
    reasons were erased with time.
    """

    id: str
    cameras: tuple[ExportedCamera, ...]
    streams: tuple[StreamName, ...]
    from_ns: int
    to_ns: int
    asked_to_ns: int
    sound: bool
    by: str
    by_id: str
    reason: str
    asked_ns: int
    consent: Consent
    state: ExportState
    decision: Decision | None = None
    review_due_ns: int | None = None
    review: Decision | None = None
    done_bytes: int = 0
    whole_bytes: int = 0
    file: str = ""
    bytes: int = 0
    sha256: str = ""
    fingerprint: str = ""
    recordings: int = 0
    made_ns: int | None = None
    error: str = ""
    encrypted: bool = False

    @property
    def goes_on(self) -> bool:
        return self.state in (ExportState.WAITING, ExportState.RUNNING)

    @property
    def is_open(self) -> bool:
        """Whether somebody has yet to do something about it, who has to know whose it is."""
        unreviewed = self.consent is Consent.EMERGENCY and self.review is None
        return self.goes_on or self.state is ExportState.ASKED or unreviewed

    def without_people(self) -> "Export":
        """The same without who asked, who agreed, and why."""
        return msgspec.structs.replace(
            self, by="", by_id="", reason="", decision=_nobody(self.decision),
            review=_nobody(self.review),
        )  # fmt: skip

    def overdue(self, now_ns: int) -> bool:
        """Whether a second person should have looked at it by now, and has not."""
        due_ns = self.review_due_ns
        return due_ns is not None and self.review is None and now_ns > due_ns


def _nobody(decision: Decision | None) -> Decision | None:
    if decision is None:
        return None
    return msgspec.structs.replace(decision, by="", by_id="", reason="")


class ConsentRule(msgspec.Struct, frozen=True):
    """Of the site: whether all cameras demand a second person, and within how many hours one has to
    look at what was exported in an emergency."""

    needed: bool = False
    review_h: int = USUAL_REVIEW_H


# --- the process that makes one -------------------------------------------------------------------


class ExportStart(msgspec.Struct, frozen=True, tag="export_start"):
    """Its first message: what is wanted, where things lie, and whether somebody keeps
    the clock (``yes``, ``no``, ``unknown``). ``passphrase``: of one that is encrypted."""

    export: Export
    state: str
    folder: str
    volumes: tuple[tuple[VolumeId, str], ...]
    synchronised: str
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO
    passphrase: str = ""

    def __repr__(self) -> str:
        return f"ExportStart({self.export.id})"  # never the passphrase


class ExportAnswer(msgspec.Struct, frozen=True, tag="export_answer"):
    """To what it asked last: a signature where one was asked for; ``error``: it was refused."""

    signature: str = ""
    error: str = ""


class ExportBegins(msgspec.Struct, frozen=True, tag="export_begins"):
    """It is about to read what ``looks`` name, and waits until that is noted."""

    bundle: str
    looks: tuple[Look, ...]


class ExportSigns(msgspec.Struct, frozen=True, tag="export_signs"):
    """The manifest (SHA-256, hex) of the bundle is there, and waits for the signature."""

    bundle: str
    manifest: str


class ExportTold(msgspec.Struct, frozen=True, tag="export_told"):
    """How far it is."""

    done_bytes: int


class ExportMade(msgspec.Struct, frozen=True, tag="export_made"):
    """It is there; as in ``Export``."""

    to_ns: int
    bytes: int
    sha256: str
    fingerprint: str
    recordings: int


class ExportFailed(msgspec.Struct, frozen=True, tag="export_failed"):
    """It is not, and why."""

    error: str


# --- the process that makes copies for browsers ---------------------------------------------------


class ViewingStart(msgspec.Struct, frozen=True, tag="viewing_start"):
    """Its first message: the folder it reads in, and the one within that it writes to."""

    reads: str
    writes: str
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO


class ViewingWanted(msgspec.Struct, frozen=True, tag="viewing_wanted"):
    """A copy of a recording for browsers."""

    source: str
    target: str


class ViewingMade(msgspec.Struct, frozen=True, tag="viewing_made"):
    """How many pictures are in it; ``error``: why there is none."""

    pictures: int
    error: str = ""


ToViewing = ViewingStart | ViewingWanted
ToExporter = ExportStart | ExportAnswer | Shutdown
FromExporter = ExportBegins | ExportSigns | ExportTold | ExportMade | ExportFailed
