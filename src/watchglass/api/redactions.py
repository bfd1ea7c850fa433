"""Routes: redacted copies, in which all but who is chosen is covered for good.

Whoever may take a plain clip of a span may have one made of it, see what was found in it, correct
that, and fetch the copy. It is neither a clip (`api.clips`) nor an evidence bundle (`api.exports`).
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User, may
from watchglass.analytics.covering import DRAWN, Doubt
from watchglass.api.clips import stated_reason
from watchglass.api.errors import GoneError
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.redactionplan import Plan
from watchglass.api.services import services
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.look import LookKind
from watchglass.model.redaction import (
    COPY,
    MOST_REDACTED_S,
    Border,
    CorrectionKind,
    Redaction,
    RedactionState,
    WholeCause,
)
from watchglass.model.redaction_control import (
    ActOnRedactionRequest,
    CorrectRedactionRequest,
    RedactionAct,
    RedactionErrand,
    Redactions,
    RedactionsRequest,
    StartRedactionRequest,
)
from watchglass.model.stream import StreamName

router = APIRouter(prefix=PREFIX + "/redactions", tags=["redactions"], responses=RESPONSES)

NS_PER_MS = 1_000_000
MOST_PICTURES = 250
Redactor = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Ms = Annotated[int, Field(ge=0, lt=2**53)]
Part = Literal["redacted.mp4", "statement.json", "statement.html"]
Ratio = Annotated[float, Field(ge=0, le=1)]
_MEDIA = {
    COPY: "video/mp4", "statement.json": "application/json", "statement.html": "text/html",
}  # fmt: skip


class RedactionBody(BaseModel):
    """What to look at: a span of the main stream, at most 15 minutes long."""

    model_config = ConfigDict(extra="forbid")

    camera: str = Field(pattern="^[0-9a-f]{32}$")
    from_ms: Ms
    to_ms: Ms
    reason: str = Field(min_length=1, max_length=300)


class CorrectionBody(BaseModel):
    """``keep``, ``hide`` and ``lift`` are of a track (``number``), ``undo`` of an earlier
    correction; all but keep, hide and undo of pictures ``first`` to ``last``; ``cover`` has a
    ``box``: left, top, right, bottom in parts of the picture."""

    model_config = ConfigDict(extra="forbid")

    kind: CorrectionKind
    number: int = Field(-1, ge=-1, lt=2**31)
    first: int = Field(0, ge=0, lt=2**31)
    last: int = Field(0, ge=0, lt=2**31)
    box: tuple[Ratio, Ratio, Ratio, Ratio] | None = None


class CorrectionInfo(BaseModel):
    """``undone``: it does not count any more."""

    number: int
    kind: CorrectionKind
    by: str
    at_ms: int
    of: int
    first: int
    last: int


class RedactionInfo(BaseModel):
    """``done`` of its pictures are looked at, or written. ``whole`` of ``pictures`` are hidden as a
    whole in the copy that is written."""

    id: str
    camera: str
    name: str
    from_ms: int
    to_ms: int
    reason: str
    by: str
    asked_ms: int
    state: RedactionState
    has_model: bool
    corrections: list[CorrectionInfo]
    reviewed_by: str
    done: int
    pictures: int
    whole: int
    bytes: int
    sha256: str
    fingerprint: str
    error: str
    url: str = Field(description="Where the copy and its statement are; empty without one.")


class RedactionList(BaseModel):
    redactions: list[RedactionInfo]


class RedactionTrack(BaseModel):
    """``first``, ``last`` and ``best`` are pictures; ``box`` is where it is in the best."""

    number: int
    kind: ObjectClass
    first: int
    last: int
    best: int
    best_ms: int
    box: tuple[float, float, float, float]
    confidence: float
    sure: bool
    begins: Border
    ends: Border
    stays: bool


class RedactionQuestion(BaseModel):
    """What a person should look at. ``track``: -1 for none."""

    doubt: Doubt
    first: int
    last: int
    at_ms: int
    track: int
    cause: WholeCause | None


class RedactionFindings(BaseModel):
    """What was found, and what a person should look at. ``unreadable`` pictures are not in the
    copy at all."""

    pictures: int
    unreadable: int
    width: int
    height: int
    tracks: list[RedactionTrack]
    questions: list[RedactionQuestion]


class HiddenBox(BaseModel):
    """``track``: -1 for a box that a person drew."""

    track: int
    box: tuple[float, float, float, float]


class HiddenPicture(BaseModel):
    """``at_ms``: ask for the still of that moment, exact, to see it. ``hidden``: what the copy will
    hide in it; ``shown``: where those are that stay. ``cause``: why all of it is hidden."""

    number: int
    at_ms: int
    cause: WholeCause | None
    hidden: list[HiddenBox]
    shown: list[HiddenBox]


class HiddenPictures(BaseModel):
    pictures: list[HiddenPicture]


@router.get("", operation_id="listRedactions")
async def list_redactions(request: Request, user: Redactor) -> RedactionList:
    """Those of footage that the asker may take a clip of, newest first."""
    found = await _ask(request, RedactionsRequest())
    shown = [each for each in found.redactions if _has_right(request, user, each)]
    return RedactionList(redactions=[_info(each) for each in shown])


@router.post("", operation_id="startRedaction", status_code=201)
async def start_redaction(request: Request, user: Redactor, body: RedactionBody) -> RedactionInfo:
    """Have each picture of a span looked at. Noted first."""
    camera, span = CameraId(body.camera), (body.from_ms * NS_PER_MS, body.to_ms * NS_PER_MS)
    if not 0 < body.to_ms - body.from_ms <= MOST_REDACTED_S * 1000:
        raise UsageError("A redacted copy ends after it begins, and is of 15 minutes at most.")
    check(request, user, Action.CLIP, camera, span)
    of = services(request)
    reason = await of.blocking(stated_reason, of, camera, body.reason)
    order = StartRedactionRequest(
        id=random_id(), camera=camera, from_ns=span[0], to_ns=span[1], reason=reason,
        by=user.name, by_id=user.id,
    )  # fmt: skip
    return _info(_one(await _ask(request, order), order.id))


@router.get("/{redaction}", operation_id="getRedaction")
async def get_redaction(request: Request, user: Redactor, redaction: Id) -> RedactionInfo:
    """How it stands, and how far it is."""
    return _info(await _visible(request, user, redaction))


@router.get("/{redaction}/findings", operation_id="getRedactionFindings")
async def get_findings(request: Request, user: Redactor, redaction: Id) -> RedactionFindings:
    """Tracks, and what a person should look at."""
    plan = await _plan(request, await _visible(request, user, redaction))
    return RedactionFindings(
        pictures=len(plan.found.pictures), unreadable=plan.found.unreadable,
        width=plan.found.width, height=plan.found.height, tracks=_tracks(plan),
        questions=[
            RedactionQuestion(
                doubt=each.doubt, first=each.first, last=each.last, at_ms=_at(plan, each.first),
                track=each.track, cause=each.cause,
            )
            for each in plan.questions
        ],
    )  # fmt: skip


@router.get("/{redaction}/pictures", operation_id="getRedactionPictures")
async def get_pictures(
    request: Request, user: Redactor, redaction: Id,
    first: Annotated[int, Query(ge=0, lt=2**31)],
    last: Annotated[int, Query(ge=0, lt=2**31)],
) -> HiddenPictures:  # fmt: skip
    """What is hidden in each of some pictures, at most 250 of them."""
    if not first <= last < first + MOST_PICTURES:
        raise UsageError(f"Ask for at most {MOST_PICTURES} pictures, the first of them first.")
    plan = await _plan(request, await _visible(request, user, redaction))
    numbers = range(first, min(last, len(plan.found.pictures) - 1) + 1)
    return HiddenPictures(pictures=[_picture(plan, number) for number in numbers])


@router.post("/{redaction}/corrections", operation_id="correctRedaction")
async def correct_redaction(
    request: Request, user: Redactor, redaction: Id, body: CorrectionBody
) -> RedactionInfo:
    """Correct it. A copy that was written is not offered any more."""
    await _visible(request, user, redaction)
    box = Box(*body.box) if body.box is not None else None
    order = CorrectRedactionRequest(
        redaction, body.kind, user.name, body.number, body.first, body.last, box
    )
    return _info(_one(await _ask(request, order), redaction))


@router.post("/{redaction}/review", operation_id="reviewRedaction")
async def review_redaction(request: Request, user: Redactor, redaction: Id) -> RedactionInfo:
    """Say that one has gone through all of it; the statement says who."""
    if user.role is None:
        raise RefusedError("A program cannot review it: somebody has to sign in for that.")
    return await _act(request, user, redaction, RedactionAct.REVIEW)


@router.post("/{redaction}/write", operation_id="writeRedaction")
async def write_redaction(request: Request, user: Redactor, redaction: Id) -> RedactionInfo:
    """Have the copy written, once it is reviewed. Noted first."""
    return await _act(request, user, redaction, RedactionAct.WRITE)


@router.delete("/{redaction}", operation_id="deleteRedaction", status_code=204)
async def delete_redaction(request: Request, user: Redactor, redaction: Id) -> None:
    """Delete what was found, and the copy here. That it was made stays in the ledger."""
    await _visible(request, user, redaction)
    await _ask(request, ActOnRedactionRequest(redaction, RedactionAct.DELETE, user.name))


@router.get(
    "/{redaction}/files/{part}", operation_id="fetchRedaction", response_class=FileResponse,
    responses={
        200: {
            "description": "The file, as a download.",
            "content": {
                each: {"schema": {"type": "string", "format": "binary"}}
                for each in _MEDIA.values()
            },
        },
        **RESPONSES,
    },
)  # fmt: skip
async def fetch_redaction(
    request: Request, user: Redactor, redaction: Id, part: Part
) -> FileResponse:
    """The copy, or the statement of where it comes from. The copy is noted before it goes out."""
    of = services(request)
    found = await _visible(request, user, redaction)
    path = of.ports.redactions.folder / found.id / part
    if found.state is not RedactionState.WRITTEN:
        raise RefusedError("This copy is not written yet: review it, and have it written.")
    masking = await of.blocking(of.ports.masks.masking, found.camera)
    if masking.version != found.masks:
        raise RefusedError("Masks were changed since it was written: have it written again.")
    if not await of.blocking(path.is_file):
        raise GoneError("The copy is not on disk any more: have it written again.")
    if part == COPY:
        why = f"redacted copy {found.id[:12]}: {found.reason}"
        await of.looks.copied(
            user, found.camera, StreamName.MAIN, found.from_ns, found.to_ns, "", why,
            LookKind.REDACTED,
        )  # fmt: skip
    return FileResponse(path, media_type=_MEDIA[part], filename=f"{found.id[:12]}-{part}")


# --- what each of them stands on --------------------------------------------------------------


async def _ask(request: Request, errand: RedactionErrand) -> Redactions:
    of = services(request)
    return await of.blocking.patiently(of.ports.redactions.errand, errand)


def _one(found: Redactions, wanted: str) -> Redaction:
    for each in found.redactions:
        if each.id == wanted:
            return each
    raise NotFoundError("There is no such redacted copy: it may be deleted by now.")


async def _visible(request: Request, user: User, redaction: str) -> Redaction:
    """NotFoundError for one that the user may not know of."""
    found = _one(await _ask(request, RedactionsRequest()), redaction)
    if not _has_right(request, user, found):
        raise NotFoundError("There is no such redacted copy: it may be deleted by now.")
    return found


def _has_right(request: Request, user: User, found: Redaction) -> bool:
    now_ns = services(request).ports.clock.wall_ns()
    return may(user, Action.CLIP, found.camera, (found.from_ns, found.to_ns), now_ns=now_ns)


async def _act(request: Request, user: User, redaction: str, act: RedactionAct) -> RedactionInfo:
    await _visible(request, user, redaction)
    order = ActOnRedactionRequest(redaction, act, user.name)
    return _info(_one(await _ask(request, order), redaction))


async def _plan(request: Request, found: Redaction) -> Plan:
    of = services(request)
    if found.state in (RedactionState.WAITING, RedactionState.FINDING, RedactionState.FAILED):
        raise RefusedError("Nothing is found yet: wait until all pictures are looked at.")
    return await of.blocking.patiently(of.redactions.of, of.ports.redactions.folder, found)


# --- told -----------------------------------------------------------------------------------------


def _info(of: Redaction) -> RedactionInfo:
    written = of.state is RedactionState.WRITTEN
    return RedactionInfo(
        id=of.id, camera=of.camera, name=of.name, from_ms=of.from_ns // NS_PER_MS,
        to_ms=of.to_ns // NS_PER_MS, reason=of.reason, by=of.by,
        asked_ms=of.asked_ns // NS_PER_MS, state=of.state,
        has_model=of.detector not in ("", "regions"),
        corrections=[
            CorrectionInfo(
                number=number, kind=each.kind, by=each.by, at_ms=each.at_ns // NS_PER_MS,
                of=each.number, first=each.first, last=each.last,
            )
            for number, each in enumerate(of.corrections)
        ],
        reviewed_by=of.reviewed_by, done=of.done, pictures=of.pictures, whole=of.whole,
        bytes=of.bytes, sha256=of.sha256, fingerprint=of.fingerprint, error=of.error,
        url=f"{PREFIX}/redactions/{of.id}/files" if written else "",
    )  # fmt: skip


def _tracks(plan: Plan) -> list[RedactionTrack]:
    found = []
    for each in plan.found.tracks:
        boxes = {one.track: one.box for one in plan.found.pictures[each.best].boxes}
        box = boxes.get(each.number, Box(0, 0, 1, 1))
        found.append(
            RedactionTrack(
                number=each.number, kind=each.kind, first=each.first, last=each.last,
                best=each.best, best_ms=_at(plan, each.best), box=(box.x0, box.y0, box.x1, box.y1),
                confidence=each.confidence, sure=each.sure, begins=each.begins, ends=each.ends,
                stays=each.number in plan.stay,
            )
        )  # fmt: skip
    return found


def _picture(plan: Plan, number: int) -> HiddenPicture:
    there = plan.found.pictures[number]
    return HiddenPicture(
        number=number, at_ms=_at(plan, number), cause=plan.hidden.whole[number],
        hidden=[_box(track, box) for track, box in plan.hidden.boxes[number]],
        shown=[_box(each.track, each.box) for each in there.boxes if each.track in plan.stay],
    )  # fmt: skip


def _box(track: int, box: Box) -> HiddenBox:
    assert track >= DRAWN
    return HiddenBox(track=track, box=(box.x0, box.y0, box.x1, box.y1))


def _at(plan: Plan, number: int) -> int:
    """The first whole millisecond at which it is on show."""
    return -(-plan.found.pictures[number].at_ns // NS_PER_MS)
