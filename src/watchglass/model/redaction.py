"""Redacted copies: what was found in each picture of a span, who stays, and what people corrected.

Pictures are counted from 0 in the order they are shown; spans of them include both their ends.
What is not certain is hidden: a picture has a cause (`WholeCause`) for which all of it is, until a
person clears it.
"""

from enum import StrEnum

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId, RunId
from watchglass.model.assignment import Shutdown
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.mask import Cover

MOST_REDACTED_S = 900
MOST_CORRECTIONS = 2000
MOST_REDACTIONS = 50
"""That are kept at a time, made or not."""
COPY = "redacted.mp4"
"""The copy's file, beside the statement that tells where it comes from."""
PART = "copy.part.mp4"
"""The same while it is made."""
FOUND = "found.json"
"""What was found in its pictures, beside it."""


class WholeCause(StrEnum):
    """Why all of a picture is hidden."""

    NO_MODEL = "no_model"
    QUIET = "quiet"
    """Nothing was looked for as it was recorded: sizes of packets told that nothing moves."""
    NOT_ANALYSED = "not_analysed"
    FAILED = "failed"
    """The detector failed at it, took too long, or was given up before."""
    TOO_MANY = "too_many"
    """More things than are told apart in one picture."""
    LOST = "lost"
    """Something was there before or after it, and nothing says where it is now."""
    PERSON = "person"
    """Somebody said so."""


class Border(StrEnum):
    """How a track begins or ends: at an end of the span, over the edge of the picture, where it
    cannot be told from another that it met, or in the midst of the picture: lost."""

    SPAN = "span"
    EDGE = "edge"
    MET = "met"
    LOST = "lost"


class RedactionState(StrEnum):
    """``finding``: each picture is looked at. ``made``: what was found waits for a person's eyes;
    ``reviewed``: they said that they went through it; ``written``: the copy is there."""

    WAITING = "waiting"
    FINDING = "finding"
    MADE = "made"
    REVIEWED = "reviewed"
    WRITING = "writing"
    WRITTEN = "written"
    FAILED = "failed"


class FoundBox(msgspec.Struct, frozen=True, array_like=True, gc=False):
    track: int
    box: Box
    confidence: float


class FoundPicture(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``time`` is when it is shown, in 1/90000 s of its run; ``at_ns`` the same as UTC."""

    run: RunId
    time: int
    at_ns: int
    boxes: tuple[FoundBox, ...] = ()
    cause: WholeCause | None = None


class FoundTrack(msgspec.Struct, frozen=True):
    """One thing's way; ``first``, ``last`` and ``best`` (where it is seen best) are pictures.
    ``sure``: the detector was, at least once. ``covers_from`` and ``covers_to``: so far beyond its
    ends a growing box hides it."""

    number: int
    kind: ObjectClass
    first: int
    last: int
    best: int
    confidence: float
    sure: bool
    begins: Border
    ends: Border
    covers_from: int
    covers_to: int


class Found(msgspec.Struct, frozen=True):
    """All of a span. ``detector``: SHA-256 of the model, or ``regions`` where there is none.
    ``unreadable``: pictures that cannot be decoded, and are not in the copy at all."""

    detector: str
    width: int
    height: int
    pictures: tuple[FoundPicture, ...]
    tracks: tuple[FoundTrack, ...]
    unreadable: int = 0


class CorrectionKind(StrEnum):
    """``keep``: a track is shown; ``hide``: it is not, after all. ``cover``: a box is hidden;
    ``lift``: a track is not hidden in some pictures. ``clear``: pictures are not hidden as a whole;
    ``whole``: they are. ``undo``: an earlier correction does not count."""

    KEEP = "keep"
    HIDE = "hide"
    COVER = "cover"
    LIFT = "lift"
    CLEAR = "clear"
    WHOLE = "whole"
    UNDO = "undo"


class Correction(msgspec.Struct, frozen=True):
    """Of pictures ``first`` to ``last``. ``number``: of the track, or of the correction undone;
    corrections are counted from 0. Who said so, and when (UTC ns)."""

    kind: CorrectionKind
    by: str
    at_ns: int
    number: int = -1
    first: int = 0
    last: int = 0
    box: Box | None = None


class Redaction(msgspec.Struct, frozen=True, kw_only=True):
    """One redacted copy of the main stream; UTC ns. ``pictures``, ``whole``, ``bytes`` and
    ``sha256`` are of a copy that is written, and ``masks`` is the version of those that are painted
    in it; ``done`` of ``pictures`` are looked at before that."""

    id: str
    camera: CameraId
    name: str
    from_ns: int
    to_ns: int
    reason: str
    by: str
    by_id: str
    asked_ns: int
    state: RedactionState = RedactionState.WAITING
    corrections: tuple[Correction, ...] = ()
    reviewed_by: str = ""
    reviewed_ns: int = 0
    done: int = 0
    pictures: int = 0
    whole: int = 0
    bytes: int = 0
    sha256: str = ""
    fingerprint: str = ""
    detector: str = ""
    masks: str = ""
    written_ns: int = 0
    error: str = ""


# --- the process that makes one -------------------------------------------------------------------


class Unlooked(msgspec.Struct, frozen=True, array_like=True):
    """A span (UTC ns) that is hidden as a whole from the start, and why."""

    from_ns: int
    to_ns: int
    cause: WholeCause


class SourceFile(msgspec.Struct, frozen=True, array_like=True):
    """A recording, and how its times are placed: media time ``media_from`` (1/90000 s of the run)
    is ``wall_from`` (UTC ns), and its clock is off by ``rate_ppb``."""

    path: str
    media_from: int
    wall_from: int
    rate_ppb: int


class RedactStart(msgspec.Struct, frozen=True, tag="redact_start"):
    """Its first message. It looks at each picture of the span in ``files`` and writes what it found
    to ``folder``; with ``write``, it reads that there and writes the copy, as corrected."""

    folder: str
    files: tuple[SourceFile, ...]
    volumes: tuple[str, ...]
    models: str
    model: str
    from_ns: int
    to_ns: int
    covers: tuple[Cover, ...]
    unlooked: tuple[Unlooked, ...]
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO
    write: bool = False
    corrections: tuple[Correction, ...] = ()


class RedactTold(msgspec.Struct, frozen=True, tag="redact_told"):
    """How many pictures are done."""

    done: int


class RedactFound(msgspec.Struct, frozen=True, tag="redact_found"):
    """What was found is written."""

    pictures: int
    tracks: int
    detector: str


class SourceFragment(msgspec.Struct, frozen=True):
    """A fragment that pictures of the copy come from: file, number in its run, leaf (hex)."""

    file: str
    number: int
    leaf: str


class RedactWritten(msgspec.Struct, frozen=True, tag="redact_written"):
    """The copy is written; ``causes``: how many of its pictures are hidden as a whole, and why."""

    pictures: int
    whole: int
    bytes: int
    sha256: str
    causes: dict[str, int]
    fragments: tuple[SourceFragment, ...]
    from_ns: int
    to_ns: int


class RedactFailed(msgspec.Struct, frozen=True, tag="redact_failed"):
    """It is not, and why."""

    error: str


ToRedactor = RedactStart | Shutdown
FromRedactor = RedactTold | RedactFound | RedactWritten | RedactFailed
