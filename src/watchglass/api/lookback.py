"""Routes: looks at the past, each a span of a recording that is understood again."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.eventaccess import allowed, may_be_told
from watchglass.api.eventinfo import NS_PER_MS, ns_of
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.act import ActKind
from watchglass.model.look_back import (
    MOST_LOOK_BACK_S,
    LookBack,
    LookBackId,
    LookBackState,
)
from watchglass.model.watch_control import LookBackRequest, LooksBackRequest, StopLookBackRequest

router = APIRouter(prefix=PREFIX + "/analyses", tags=["analyses"], responses=RESPONSES)

Looker = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Ms = Annotated[int, Field(ge=0, lt=2**53)]


class AnalysisBody(BaseModel):
    """A span of one camera's recording, of 31 days at most."""

    model_config = ConfigDict(extra="forbid")

    camera: str = Field(pattern="^[0-9a-f]{32}$")
    from_ms: Ms
    to_ms: Ms


class AnalysisInfo(BaseModel):
    """``done``: the part that it has come to, from 0 to 1. ``speed``: how many seconds of recording
    it understands in a second; null before the first. What it finds is asked for as events and
    tracks with its ``id`` as ``job``."""

    id: str
    camera: str
    from_ms: int
    to_ms: int
    by: str
    asked_ms: int
    state: LookBackState
    done: float
    speed: float | None
    pictures: int
    error: str


class AnalysisList(BaseModel):
    """Newest first."""

    analyses: list[AnalysisInfo]


@router.post("", operation_id="startAnalysis", status_code=201)
async def start_analysis(request: Request, user: Looker, body: AnalysisBody) -> AnalysisInfo:
    """Have a span of the past looked at again, with the model, zones and rules of now. It waits
    until there is room beside what is looked at as it happens."""
    span = ns_of(body.from_ms), ns_of(body.to_ms)
    if not 0 < body.to_ms - body.from_ms <= MOST_LOOK_BACK_S * 1000:
        raise UsageError("A look at the past ends after it begins, and is of 31 days at most.")
    of = services(request)
    await allowed(request, user, [body.camera])
    check(request, user, Action.PLAYBACK, CameraId(body.camera), span)
    order = LookBackRequest(LookBackId(random_id()), body.camera, *span, user.name)
    await of.acts.note(user, ActKind.ANALYSED, f"asked for {order.id[:8]}", CameraId(body.camera))
    found = await of.blocking(of.ports.events.look_back, order)
    return _info(_one(found, order.id))


@router.get("", operation_id="listAnalyses")
async def list_analyses(request: Request, user: Looker) -> AnalysisList:
    """Those that wait, go on, or are over and whose findings are there."""
    of = services(request)
    times = await allowed(request, user, ())
    found = await of.blocking(of.ports.events.look_back, LooksBackRequest())
    shown = [each for each in found if may_be_told(times, each.camera, each.from_ns, each.to_ns)]
    return AnalysisList(analyses=[_info(each) for each in shown])


@router.delete("/{analysis}", operation_id="stopAnalysis", status_code=204)
async def stop_analysis(request: Request, user: Looker, analysis: Id) -> None:
    """Stop it; of one that is over, forget what it found."""
    of = services(request)
    times = await allowed(request, user, ())
    looks = await of.blocking(of.ports.events.look_back, LooksBackRequest())
    found = _one(looks, LookBackId(analysis))
    if not may_be_told(times, found.camera, found.from_ns, found.to_ns):
        raise _gone()
    await of.acts.note(user, ActKind.ANALYSED, f"stopped {analysis[:8]}", found.camera)
    order = StopLookBackRequest(LookBackId(analysis), user.name)
    await of.blocking(of.ports.events.look_back, order)


def _one(found: Sequence[LookBack], wanted: LookBackId) -> LookBack:
    for each in found:
        if each.id == wanted:
            return each
    raise _gone()


def _gone() -> NotFoundError:
    return NotFoundError("There is no such look at the past: it may be forgotten by now.")


def _info(look: LookBack) -> AnalysisInfo:
    whole = max(1, look.to_ns - look.from_ns)
    part = min(1.0, max(0, look.done_to_ns - look.from_ns) / whole)
    done = 1.0 if look.state is LookBackState.DONE else part
    return AnalysisInfo(
        id=look.id, camera=look.camera, from_ms=look.from_ns // NS_PER_MS,
        to_ms=look.to_ns // NS_PER_MS, by=look.by, asked_ms=look.asked_ns // NS_PER_MS,
        state=look.state, done=round(done, 4),
        speed=round(look.speed, 2) if look.speed is not None else None,
        pictures=look.pictures, error=look.error,
    )  # fmt: skip
