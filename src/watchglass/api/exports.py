"""Routes: evidence bundles that are asked for, agreed to by a second person, made, and listed.

A bundle is of several cameras, so each route asks ``authorise`` for every camera and the whole span
of it; what somebody may not export is not there for him. A clip is another thing (`api.clips`).
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.policy import Action, User, may
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.export import (
    MOST_CAMERAS,
    Consent,
    ConsentRule,
    Decision,
    Export,
    ExportedCamera,
    ExportState,
)
from watchglass.model.export_control import (
    ActOnExportRequest,
    ConsentRuleRequest,
    ExportAct,
    ExportErrand,
    Exports,
    ExportsRequest,
    StartExportRequest,
)
from watchglass.model.stream import StreamName

router = APIRouter(prefix=PREFIX + "/exports", tags=["exports"], responses=RESPONSES)

NS_PER_MS = 1_000_000
Exporter = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Changer = Annotated[User, Depends(Signed(Action.CHANGE_SYSTEM))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Ms = Annotated[int, Field(ge=0, lt=2**53)]
CameraText = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class ExportBody(BaseModel):
    """What to export. Sound stays out without the right to hear it. ``unmask``: what masks hide is
    in it; without, a masked camera is refused. ``emergency``: where a second person's consent is
    demanded, do not wait for it; the bundle says so, and one reviews it afterwards. ``passphrase``:
    the ZIP is encrypted under it; it is kept in memory until the bundle is made, and nowhere
    else."""

    model_config = ConfigDict(extra="forbid")

    cameras: list[CameraText] = Field(min_length=1, max_length=MOST_CAMERAS)
    streams: list[StreamName] = Field([StreamName.MAIN], min_length=1, max_length=2)
    from_ms: Ms
    to_ms: Ms
    reason: str = Field(min_length=1, max_length=300)
    sound: bool = True
    unmask: bool = False
    emergency: bool = False
    passphrase: SecretStr = Field(
        SecretStr(""), max_length=256, description="12 letters or more; empty: not encrypted."
    )


class WordBody(BaseModel):
    """Why; one who says no has to."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=300)


class ConsentRuleBody(BaseModel):
    """``needed``: on all cameras; one camera can demand it by its statement. ``review_h``: within
    how many hours a second person reviews what was exported in an emergency."""

    model_config = ConfigDict(extra="forbid")

    needed: bool
    review_h: int = Field(72, ge=1, le=720)


class DecisionInfo(BaseModel):
    agreed: bool
    by: str
    at_ms: int
    reason: str


class ExportCameraInfo(BaseModel):
    id: str
    name: str
    unmasked: bool


class ExportInfo(BaseModel):
    """``to_ms`` of what is done may lie before ``asked_to_ms``: the rest was not signed yet.
    ``fingerprint`` of the recorder's key is for whoever checks it, by another way. ``mine``: the
    asker's own; ``may_decide`` and ``may_review``: it waits for the asker."""

    id: str
    cameras: list[ExportCameraInfo]
    streams: list[StreamName]
    from_ms: int
    to_ms: int
    asked_to_ms: int
    sound: bool
    by: str
    reason: str
    asked_ms: int
    state: ExportState
    consent: Consent
    decision: DecisionInfo | None
    review_due_ms: int | None
    review: DecisionInfo | None
    overdue: bool
    done_bytes: int
    whole_bytes: int
    url: str = Field(description="Where it is fetched; empty while there is nothing.")
    name: str
    bytes: int
    sha256: str
    fingerprint: str
    recordings: int
    encrypted: bool = Field(description="Under the passphrase that the asker chose.")
    error: str
    mine: bool
    may_decide: bool
    may_review: bool
    may_take: bool


class ExportList(BaseModel):
    """Newest first, and the site's rule."""

    exports: list[ExportInfo]
    rule: ConsentRuleBody


@router.get("", operation_id="listExports")
async def list_exports(request: Request, user: Exporter) -> ExportList:
    """The asker's own, and those of footage that the asker may export."""
    return _list(request, user, await ask(request, ExportsRequest()))


@router.post("", operation_id="startExport", status_code=201)
async def start_export(request: Request, user: Exporter, body: ExportBody) -> ExportInfo:
    """Ask for a bundle. Where that is demanded, it waits until a second person agreed."""
    span = body.from_ms * NS_PER_MS, body.to_ms * NS_PER_MS
    if body.from_ms >= body.to_ms:
        raise UsageError("A bundle ends after it begins.")
    of = services(request)
    sound = body.sound
    for camera in map(CameraId, body.cameras):
        check(request, user, Action.EXPORT, camera, span)
        if body.unmask:
            check(request, user, Action.UNMASK, camera, span)
        now_ns = of.ports.clock.wall_ns()
        sound = sound and may(user, Action.SOUND, camera, span, now_ns=now_ns)
    order = StartExportRequest(
        id=random_id(),
        cameras=tuple(ExportedCamera(CameraId(each), "", body.unmask) for each in body.cameras),
        streams=tuple(sorted(set(body.streams))), from_ns=span[0], to_ns=span[1], sound=sound,
        by=user.name, by_id=user.id, reason=body.reason, emergency=body.emergency,
        passphrase=body.passphrase.get_secret_value(),
    )  # fmt: skip
    return info(request, user, one(await ask(request, order), order.id))


@router.put("/rule", operation_id="setConsentRule")
async def set_consent_rule(
    request: Request, user: Changer, body: ConsentRuleBody
) -> ConsentRuleBody:
    """Say whether evidence of all cameras takes a second person."""
    order = ConsentRuleRequest(ConsentRule(body.needed, body.review_h), user.name)
    found = await ask(request, order)
    return ConsentRuleBody(needed=found.rule.needed, review_h=found.rule.review_h)


@router.get("/{export}", operation_id="getExport")
async def get_export(request: Request, user: Exporter, export: Id) -> ExportInfo:
    """How it stands, and how far it is."""
    return info(request, user, await visible(request, user, export))


@router.post("/{export}/approve", operation_id="approveExport")
async def approve_export(
    request: Request, user: Exporter, export: Id, body: WordBody
) -> ExportInfo:
    """Agree to it, as a second person who may export the same."""
    return await _second(request, user, export, ExportAct.APPROVE, body.reason)


@router.post("/{export}/refuse", operation_id="refuseExport")
async def refuse_export(request: Request, user: Exporter, export: Id, body: WordBody) -> ExportInfo:
    """Refuse it, and say why."""
    return await _second(request, user, export, ExportAct.REFUSE, body.reason)


@router.post("/{export}/accept", operation_id="acceptExport")
async def accept_export(request: Request, user: Exporter, export: Id, body: WordBody) -> ExportInfo:
    """Find an emergency to have been one, afterwards."""
    return await _second(request, user, export, ExportAct.ACCEPT, body.reason)


@router.post("/{export}/object", operation_id="objectToExport")
async def object_to_export(
    request: Request, user: Exporter, export: Id, body: WordBody
) -> ExportInfo:
    """Find that it was none, and say why. The bundle stays; so does the objection."""
    return await _second(request, user, export, ExportAct.OBJECT, body.reason)


@router.post("/{export}/stop", operation_id="stopExport")
async def stop_export(request: Request, user: Exporter, export: Id) -> ExportInfo:
    """Stop it, or take a request back. What was copied stays, and can be gone on with."""
    return await _act(request, user, export, ExportAct.STOP)


@router.post("/{export}/resume", operation_id="resumeExport")
async def resume_export(request: Request, user: Exporter, export: Id) -> ExportInfo:
    """Go on where it was."""
    found = await visible(request, user, export)
    require_right(request, user, found)
    return await _act(request, user, export, ExportAct.RESUME)


@router.delete("/{export}", operation_id="deleteExport", status_code=204)
async def delete_export(request: Request, user: Exporter, export: Id) -> None:
    """Delete the bundle here. That it was made stays in the ledger."""
    await visible(request, user, export)
    await ask(request, ActOnExportRequest(export, ExportAct.DELETE, user.name, user.id))


# --- what each of them stands on --------------------------------------------------------------


async def ask(request: Request, errand: ExportErrand) -> Exports:
    of = services(request)
    return await of.blocking.patiently(of.ports.exports.errand, errand)


def one(found: Exports, wanted: str) -> Export:
    for each in found.exports:
        if each.id == wanted:
            return each
    raise NotFoundError("There is no such evidence bundle: it may be deleted by now.")


async def visible(request: Request, user: User, export: str) -> Export:
    """NotFoundError for one that the user may not know of."""
    found = one(await ask(request, ExportsRequest()), export)
    if not (_is_own(user, found) or has_right(request, user, found)):
        raise NotFoundError("There is no such evidence bundle: it may be deleted by now.")
    return found


def has_right(request: Request, user: User, export: Export) -> bool:
    """Whether somebody may export all of it, and see what it shows without masks."""
    now_ns = services(request).ports.clock.wall_ns()
    span = export.from_ns, export.asked_to_ns
    return all(
        may(user, Action.EXPORT, each.id, span, now_ns=now_ns)
        and (not each.unmasked or may(user, Action.UNMASK, each.id, span, now_ns=now_ns))
        for each in export.cameras
    )


def require_right(request: Request, user: User, export: Export) -> None:
    span = export.from_ns, export.asked_to_ns
    for each in export.cameras:
        check(request, user, Action.EXPORT, each.id, span)
        if each.unmasked:
            check(request, user, Action.UNMASK, each.id, span)
        if export.sound:
            check(request, user, Action.SOUND, each.id, span)


async def _second(
    request: Request, user: User, export: str, act: ExportAct, reason: str
) -> ExportInfo:
    found = await visible(request, user, export)
    require_right(request, user, found)
    if user.role is None:
        raise RefusedError("A program cannot agree to evidence: somebody has to sign in for that.")
    return await _act(request, user, export, act, reason)


async def _act(
    request: Request, user: User, export: str, act: ExportAct, reason: str = ""
) -> ExportInfo:
    await visible(request, user, export)
    order = ActOnExportRequest(export, act, user.name, user.id, reason)
    return info(request, user, one(await ask(request, order), export))


# --- told -----------------------------------------------------------------------------------------


def _list(request: Request, user: User, found: Exports) -> ExportList:
    shown: Sequence[Export] = [
        each for each in found.exports if _is_own(user, each) or has_right(request, user, each)
    ]
    return ExportList(
        exports=[info(request, user, each) for each in shown],
        rule=ConsentRuleBody(needed=found.rule.needed, review_h=found.rule.review_h),
    )


def info(request: Request, user: User, export: Export) -> ExportInfo:
    own, right = _is_own(user, export), has_right(request, user, export)
    second = right and not own and user.role is not None
    reviewable = export.consent is Consent.EMERGENCY and export.review is None
    done = export.state is ExportState.DONE and bool(export.file)
    now_ns = services(request).ports.clock.wall_ns()
    return ExportInfo(
        id=export.id,
        cameras=[
            ExportCameraInfo(id=each.id, name=each.name, unmasked=each.unmasked)
            for each in export.cameras
        ],
        streams=list(export.streams), from_ms=export.from_ns // NS_PER_MS,
        to_ms=export.to_ns // NS_PER_MS, asked_to_ms=export.asked_to_ns // NS_PER_MS,
        sound=export.sound, by=export.by, reason=export.reason,
        asked_ms=export.asked_ns // NS_PER_MS, state=export.state, consent=export.consent,
        decision=_decision(export.decision),
        review_due_ms=(
            export.review_due_ns // NS_PER_MS if export.review_due_ns is not None else None
        ),
        review=_decision(export.review), overdue=export.overdue(now_ns),
        done_bytes=min(export.done_bytes, export.whole_bytes), whole_bytes=export.whole_bytes,
        url=f"{PREFIX}/exports/{export.id}/file" if done else "", name=export.file,
        bytes=export.bytes, sha256=export.sha256, fingerprint=export.fingerprint,
        recordings=export.recordings, encrypted=export.encrypted, error=export.error, mine=own,
        may_decide=second and export.state is ExportState.ASKED,
        may_review=second and reviewable, may_take=right and done,
    )  # fmt: skip


def _decision(found: Decision | None) -> DecisionInfo | None:
    if found is None:
        return None
    return DecisionInfo(
        agreed=found.agreed, by=found.by, at_ms=found.at_ns // NS_PER_MS, reason=found.reason
    )


def _is_own(user: User, export: Export) -> bool:
    return bool(export.by_id) and export.by_id == user.id
