"""Routes: footage that is held, and footage that is erased by two people's decision."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User, may
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.receipts import page_of, statement_of
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, HoldId, random_id
from watchglass.model.control import HoldRequest, ReleaseRequest
from watchglass.model.erasure import (
    MOST_REASON,
    AskErasureRequest,
    DecideErasureRequest,
    Erasure,
    ErasureState,
)
from watchglass.model.order import StatementKind

router = APIRouter(prefix=PREFIX, tags=["decisions"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Ms = Annotated[int, Field(ge=0, lt=2**43)]
Reason = Annotated[str, Field(min_length=1, max_length=MOST_REASON)]
Looker = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Holder = Annotated[User, Depends(Signed(Action.HOLD))]
Eraser = Annotated[User, Depends(Signed(Action.ERASE))]


class HoldInfo(BaseModel):
    """Nothing of the span goes before it is lifted, or ``until_ms`` has come. Who and why are null
    where nobody noted it here, or for whom it is no business. ``of_request``: it goes with a
    person's request."""

    id: str
    camera: str
    from_ms: int
    to_ms: int
    until_ms: int | None
    by: str | None
    reason: str | None
    set_ms: int | None
    of_request: bool
    may_lift: bool


class HoldList(BaseModel):
    holds: list[HoldInfo]


class HoldBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_ms: Ms
    to_ms: Ms
    until_ms: Ms | None = Field(None, description="When it is lifted by itself; null: never.")
    reason: Reason


class LiftBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ErasureInfo(BaseModel):
    """``state``: asked, approved, refused or withdrawn. ``done_ms``: since when nothing of an
    approved one is left; null while some of it is still being written. ``may_decide``: whoever
    asks this may approve or refuse it; nobody decides on what they asked for themselves."""

    id: str
    camera: str
    from_ms: int
    to_ms: int
    reason: str
    state: ErasureState
    asked_by: str
    asked_ms: int
    decided_by: str
    decided_ms: int | None
    note: str
    done_ms: int | None
    of_request: str | None
    may_decide: bool
    may_withdraw: bool


class ErasureList(BaseModel):
    """Newest first."""

    erasures: list[ErasureInfo]


class AskBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_ms: Ms
    to_ms: Ms
    reason: Reason
    request: str | None = Field(
        None, pattern="^[0-9a-f]{32}$", description="The person's request that it answers."
    )


class DecideBody(BaseModel):
    """``note``: why, where it is refused."""

    model_config = ConfigDict(extra="forbid")

    decision: ErasureState
    note: str = Field("", max_length=MOST_REASON)


# --- holds ----------------------------------------------------------------------------------------


@router.get("/holds", operation_id="listHolds")
async def list_holds(request: Request, user: Looker) -> HoldList:
    """What is held, of the cameras that whoever asks may play back, hold or erase."""
    of = services(request)
    return await of.blocking(_holds, of, user)


@router.post("/cameras/{camera}/holds", operation_id="hold", status_code=201)
async def hold(request: Request, user: Holder, camera: Id, body: HoldBody) -> HoldList:
    """Keep a span beyond its time, however full the disk. The ledger has it first."""
    of = services(request)
    span = body.from_ms * _NS_PER_MS, body.to_ms * _NS_PER_MS
    check(request, user, Action.HOLD, CameraId(camera), span)
    until_ns = body.until_ms * _NS_PER_MS if body.until_ms is not None else None
    order = HoldRequest(
        camera, HoldId(random_id()), *span, user.name, body.reason.strip(), until_ns
    )
    await of.blocking(of.ports.decisions.order, order)
    return await of.blocking(_holds, of, user)


@router.post("/cameras/{camera}/holds/{hold}/lift", operation_id="liftHold")
async def lift_hold(
    request: Request, user: Holder, camera: Id, hold: Id, body: LiftBody
) -> HoldList:
    """Let it go when its time is up."""
    of = services(request)
    order = ReleaseRequest(CameraId(camera), HoldId(hold), user.name, body.reason.strip())
    await of.blocking(of.ports.decisions.order, order)
    return await of.blocking(_holds, of, user)


def _holds(of: Services, user: User) -> HoldList:
    notes = of.ports.decisions.holds()
    now_ns = of.ports.clock.wall_ns()
    with of.ports.index.read() as index:
        rows = sorted(index.holds(), key=lambda row: row.wall_from)
    found = []
    for row in rows:
        allowed = {
            action: may(user, action, row.camera, now_ns=now_ns)
            for action in (Action.HOLD, Action.ERASE, Action.PLAYBACK)
        }
        note = notes.get(row.id)
        tells = allowed[Action.HOLD] or allowed[Action.ERASE]
        if any(allowed.values()):
            found.append(
                HoldInfo(
                    id=row.id, camera=row.camera, from_ms=row.wall_from // _NS_PER_MS,
                    to_ms=row.wall_to // _NS_PER_MS, until_ms=_ms(note.until_ns if note else None),
                    by=note.by if note and tells else None,
                    reason=note.reason if note and tells else None,
                    set_ms=_ms(note.set_ns if note else None),
                    of_request=bool(note and note.request),
                    may_lift=allowed[Action.HOLD] and not (note and note.request),
                )
            )  # fmt: skip
    return HoldList(holds=found)


# --- erasures -------------------------------------------------------------------------------------


@router.get("/erasures", operation_id="listErasures")
async def list_erasures(request: Request, user: Looker) -> ErasureList:
    """What was asked for, decided and done, of the cameras that whoever asks may erase."""
    of = services(request)
    return await of.blocking(_erasures, of, user)


@router.post("/cameras/{camera}/erasures", operation_id="askErasure", status_code=201)
async def ask_erasure(request: Request, user: Eraser, camera: Id, body: AskBody) -> ErasureList:
    """Ask that a span goes. Nothing does before somebody else approves."""
    of = services(request)
    span = body.from_ms * _NS_PER_MS, body.to_ms * _NS_PER_MS
    check(request, user, Action.ERASE, CameraId(camera), span)
    order = AskErasureRequest(
        camera, random_id(), *span, user.name, body.reason.strip(), body.request or ""
    )
    await of.blocking(of.ports.decisions.order, order)
    return await of.blocking(_erasures, of, user)


@router.post("/cameras/{camera}/erasures/{erasure}/decide", operation_id="decideErasure")
async def decide_erasure(
    request: Request, user: Eraser, camera: Id, erasure: Id, body: DecideBody
) -> ErasureList:
    """Approve or refuse what somebody else asked for, or withdraw one's own. Once it is approved,
    it is gone for good, and so is what was understood of it."""
    of = services(request)
    found = await of.blocking(_erasure, of, camera, erasure)
    check(request, user, Action.ERASE, found.camera, (found.from_ns, found.to_ns))
    order = DecideErasureRequest(erasure, body.decision, user.name, body.note)
    await of.blocking(of.ports.decisions.order, order)
    if body.decision is ErasureState.APPROVED:
        of.stills.forget()
        of.conversions.forget()
    return await of.blocking(_erasures, of, user)


@router.get("/cameras/{camera}/erasures/{erasure}/receipt", operation_id="getErasureReceipt")
async def get_receipt(request: Request, user: Eraser, camera: Id, erasure: Id) -> Response:
    """The signed receipt as JSON: that it was erased, by whose decision, with the ledger's own
    lines and what proves them. It shows nothing."""
    of = services(request)
    await of.blocking(_erasure, of, camera, erasure)
    return await statement_of(of, StatementKind.ERASURE, erasure, user)


@router.get("/cameras/{camera}/erasures/{erasure}/receipt.html", operation_id="getErasurePage")
async def get_receipt_page(request: Request, user: Eraser, camera: Id, erasure: Id) -> Response:
    """The same as a page to print."""
    of = services(request)
    await of.blocking(_erasure, of, camera, erasure)
    return await page_of(of, StatementKind.ERASURE, erasure, user)


def _erasure(of: Services, camera: str, erasure: str) -> Erasure:
    for each in of.ports.decisions.erasures():
        if each.id == erasure and each.camera == camera:
            return each
    raise NotFoundError("Nobody asked for such an erasure.")


def _erasures(of: Services, user: User) -> ErasureList:
    now_ns = of.ports.clock.wall_ns()
    with of.ports.index.read() as index:
        done = {each.id: each.done_ns for each in index.erasures()}
    found = []
    for each in of.ports.decisions.erasures():
        if not may(user, Action.ERASE, each.camera, now_ns=now_ns):
            continue
        is_asked, own = each.state is ErasureState.ASKED, each.asked_by == user.name
        found.append(
            ErasureInfo(
                id=each.id, camera=each.camera, from_ms=each.from_ns // _NS_PER_MS,
                to_ms=each.to_ns // _NS_PER_MS, reason=each.reason, state=each.state,
                asked_by=each.asked_by, asked_ms=each.asked_ns // _NS_PER_MS,
                decided_by=each.decided_by, decided_ms=_ms(each.decided_ns), note=each.note,
                done_ms=_ms(done.get(each.id)), of_request=each.request or None,
                may_decide=is_asked and not own, may_withdraw=is_asked,
            )
        )  # fmt: skip
    return ErasureList(erasures=found)


def _ms(ns: int | None) -> int | None:
    return ns // _NS_PER_MS if ns is not None else None
