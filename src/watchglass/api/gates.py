"""Routes: how a camera's pictures are looked at: the state of its gate, and whether at all."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.cameras import Id
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId
from watchglass.model.camera import MOST_PRIORITY
from watchglass.model.control import AnalysisRequest

router = APIRouter(prefix=PREFIX + "/cameras/{camera}", tags=["cameras"], responses=RESPONSES)

_GATE = "watchglass_gate_"
_STATE = f"{_GATE}state"
Seer = Depends(Signed(Action.SEE_CAMERA))
Changer = Annotated[User, Depends(Signed(Action.CONFIGURE))]


class Looked(StrEnum):
    """How a camera's pictures are looked at now."""

    QUIET = "quiet"
    OPEN = "open"
    BLIND = "blind"
    LEARNING = "learning"
    APART = "apart"
    OFF = "off"
    UNKNOWN = "unknown"


class GateInfo(BaseModel):
    """``analysed``: its pictures are to be looked at at all. ``state``: ``quiet`` (the sizes of its
    packets tell that nothing moves), ``open`` (all is decoded), ``blind`` (sizes tell nothing, so
    key frames are probed), ``learning`` (what is usual here is not known yet), ``apart`` (its
    pictures had ended the process that looks, and are left alone for a while), ``off`` (switched
    off), ``unknown`` (not recorded now, or nothing is looked at on this machine). The numbers count
    from the last start of what records it. ``checks``: how often a quiet camera was looked at all
    the same; ``misses``: in how many of them something moved."""

    camera: str
    analysed: bool
    priority: int
    state: Looked
    since_ms: int | None
    frames: int
    decoded_frames: int
    decoded_share: float | None = Field(description="Of all frames, 0 to 1.")
    opened: int
    probes: int
    checks: int
    misses: int
    own_recall: float | None = Field(description="Of all movement; None before its first check.")


class GateBody(BaseModel):
    """What is left out stays as it is. Switching off needs a reason, which goes into the ledger."""

    model_config = ConfigDict(extra="forbid")

    on: bool | None = None
    priority: int | None = Field(None, ge=0, le=MOST_PRIORITY)
    reason: str = Field("", max_length=500)


@router.get("/gate", operation_id="getGate", dependencies=[Seer])
async def get_gate(request: Request, camera: Id) -> GateInfo:
    """What a camera's gate lets through, since when, and what it misses by its own measure."""
    of = services(request)
    return await of.blocking(_gate, of, CameraId(camera))


@router.put("/gate", operation_id="setGate")
async def set_gate(request: Request, user: Changer, camera: Id, body: GateBody) -> GateInfo:
    """Have its pictures looked at or not, and how much longer than others under load."""
    of = services(request)
    order = AnalysisRequest(camera, user.name, body.on, body.priority, body.reason)
    await of.blocking(of.ports.of_cameras.order, order)
    return await of.blocking(_gate, of, CameraId(camera))


def _gate(of: Services, camera: CameraId) -> GateInfo:
    own = next((each for each in of.ports.cameras() if each.id == camera), None)
    if own is None:
        raise NotFoundError("There is no such camera.")
    state = Looked.OFF
    numbers: dict[str, float] = {}
    if own.analysis:
        state = Looked.UNKNOWN
        for each in of.ports.numbers():
            if not each.metric.startswith(_GATE) or each.labels[0] != camera:
                continue
            if each.metric == _STATE:
                state = Looked(each.labels[1]) if each.value else state
            else:
                # Openings are told by why.
                name = each.metric.removeprefix(_GATE)
                numbers[name] = numbers.get(name, 0.0) + each.value
        reasons = of.ports.health().reasons
        if any(each.understanding and each.camera == camera for each in reasons):
            state = Looked.APART

    def whole(name: str) -> int:
        return round(numbers.get(name, 0))

    frames, decoded = whole("frames_total"), whole("sent_frames_total")
    return GateInfo(
        camera=camera,
        analysed=own.analysis,
        priority=own.priority,
        state=state,
        since_ms=round(numbers.get("state_since_seconds", 0) * 1000) or None,
        frames=frames,
        decoded_frames=decoded,
        decoded_share=round(min(1.0, decoded / frames), 4) if frames else None,
        opened=whole("visits_total"),
        probes=whole("probes_total"),
        checks=whole("checks_total"),
        misses=whole("misses_total"),
        own_recall=numbers.get("own_recall"),
    )
