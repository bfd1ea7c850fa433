"""Routes: moving a camera by single orders."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import BusError
from watchglass.base.ids import CameraId
from watchglass.model.act import ActKind
from watchglass.model.steering import (
    MOST_PRESET_NAME,
    AskPtz,
    Centre,
    GoTo,
    Halt,
    PtzState,
    SavePreset,
    Steering,
)

router = APIRouter(prefix=f"{PREFIX}/cameras", tags=["ptz"], responses=RESPONSES)


class PresetInfo(BaseModel):
    """A place that the camera remembers; the name is its own text."""

    token: str
    name: str


class PtzInfo(BaseModel):
    """Where a camera looks: pan and tilt -1 to 1, zoom 0 to 1, null where it does not say.

    ``held_by`` moves it now, and keeps it for so many seconds more.
    """

    presets: list[PresetInfo]
    pan: float | None
    tilt: float | None
    zoom: float | None
    moving: bool
    held_by: str | None
    held_s: float


class CentreBody(BaseModel):
    """A point of the picture, from its middle: right and up are positive."""

    model_config = ConfigDict(extra="forbid")

    x: float = Field(ge=-1, le=1)
    y: float = Field(ge=-1, le=1)


class GoToBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    preset: str = Field(min_length=1, max_length=64)


class PresetBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=MOST_PRESET_NAME)


Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Mover = Annotated[User, Depends(Signed(Action.PTZ))]


@router.get("/{camera}/ptz", operation_id="getPtz", dependencies=[Depends(Signed(Action.PTZ))])
async def get_ptz(request: Request, camera: Id) -> PtzInfo:
    """Its presets, where it looks, and who moves it. Asks the camera."""
    of = services(request)
    state = await of.blocking.patiently(of.ports.steer, AskPtz(CameraId(camera)))
    if not isinstance(state, PtzState):
        raise BusError("The camera's answer does not belong to the question: try again.")
    holder = of.wheels.holder(CameraId(camera))
    left_ns = holder.until_ns - of.ports.clock.monotonic_ns() if holder is not None else 0
    return PtzInfo(
        presets=[PresetInfo(token=each.token, name=each.name) for each in state.presets],
        pan=state.pan, tilt=state.tilt, zoom=state.zoom, moving=state.moving,
        held_by=holder.name if holder is not None else None, held_s=left_ns / NS_PER_S,
    )  # fmt: skip


@router.post("/{camera}/ptz/stop", operation_id="stopCamera", status_code=204)
async def stop_camera(request: Request, user: Mover, camera: Id) -> None:
    """End whatever moves."""
    await steer(services(request), user, Halt(CameraId(camera)), "stopped")


@router.post("/{camera}/ptz/centre", operation_id="centreCamera", status_code=204)
async def centre_camera(request: Request, user: Mover, camera: Id, body: CentreBody) -> None:
    """Turn so that a point of the picture comes to its middle."""
    order = Centre(CameraId(camera), body.x, body.y)
    await steer(services(request), user, order, f"centred {body.x:+.2f} {body.y:+.2f}")


@router.post("/{camera}/ptz/preset", operation_id="goToPreset", status_code=204)
async def go_to_preset(request: Request, user: Mover, camera: Id, body: GoToBody) -> None:
    """Turn to a preset."""
    order = GoTo(CameraId(camera), body.preset)
    await steer(services(request), user, order, f"turned to preset {body.preset}")


@router.post("/{camera}/ptz/presets", operation_id="savePreset", status_code=204)
async def save_preset(request: Request, user: Mover, camera: Id, body: PresetBody) -> None:
    """Keep in the camera where it looks now."""
    name = " ".join("".join(each if each.isprintable() else " " for each in body.name).split())
    order = SavePreset(CameraId(camera), name or "Preset")
    await steer(services(request), user, order, f"kept preset {name}")


async def steer(of: Services, user: User, order: Steering, detail: str) -> None:
    """Give an order: whose turn it is comes first, then the ledger, then the camera."""
    of.wheels.claim(user, order.camera)
    await of.acts.note(user, ActKind.STEERED, detail, order.camera)
    await of.blocking.patiently(of.ports.steer, order)
