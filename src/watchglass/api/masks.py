"""Routes: what is masked of a camera, drawing it, and seeing without it for a stated reason."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.lifts import LIFTED_NS
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.ids import CameraId, MaskId
from watchglass.model.act import ActKind
from watchglass.model.control import DrawMaskRequest, EndMaskRequest
from watchglass.model.mask import MOST_NAME, Mask
from watchglass.model.polygon import MOST_POINTS

router = APIRouter(prefix=PREFIX + "/cameras/{camera}", tags=["masks"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_Part = Annotated[float, Field(ge=0, le=1)]
Corner = tuple[_Part, _Part]
Moment = Annotated[int | None, Field(ge=0, lt=2**53)]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Drawer = Annotated[User, Depends(Signed(Action.CONFIGURE))]
Unmasker = Annotated[User, Depends(Signed(Action.UNMASK))]


class MaskInfo(BaseModel):
    """A part of the picture that is covered, of footage between two times (None: all before, all
    after). Corners are from 0 to 1, from the upper left of the picture. ``into_camera``: the
    camera is to cover it too; ``in_camera``: it does, under that name; ``camera_problem``: why it
    does not."""

    id: str
    name: str
    polygon: list[tuple[float, float]]
    from_ms: int | None
    until_ms: int | None
    drawn_ms: int
    drawn_by: str
    reason: str
    into_camera: bool
    in_camera: str
    camera_problem: str


class MaskList(BaseModel):
    masks: list[MaskInfo]


class DrawBody(BaseModel):
    """``from_ms`` None: all footage that there is already is covered too."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=MOST_NAME)
    polygon: list[Corner] = Field(min_length=3, max_length=MOST_POINTS)
    from_ms: Moment = None
    until_ms: Moment = None
    reason: str = Field("", max_length=300)
    into_camera: bool = Field(
        False, description="The camera covers it too: nobody can ever see what is behind it."
    )


class EndBody(BaseModel):
    """``until_ms``: what is recorded from then on is not covered; None: nothing is."""

    model_config = ConfigDict(extra="forbid")

    until_ms: Moment = None
    reason: str = Field(min_length=1, max_length=300)


class UnmaskBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=300, description="It goes into the ledger.")


class Unmasked(BaseModel):
    """For how long this session sees the camera without its masks."""

    for_ms: int


@router.get(
    "/masks", operation_id="listMasks", dependencies=[Depends(Signed(Action.CONFIGURE))]
)  # fmt: skip
async def list_masks(request: Request, camera: Id) -> MaskList:
    """The masks of a camera, those that have ended too."""
    of = services(request)
    return await of.blocking(_masks, of, CameraId(camera))


@router.post("/masks", operation_id="drawMask", status_code=201)
async def draw_mask(request: Request, user: Drawer, camera: Id, body: DrawBody) -> MaskList:
    """Cover a part of the picture, on every way and in older footage too."""
    of = services(request)
    order = DrawMaskRequest(
        camera, body.name, tuple(body.polygon), _ns(body.from_ms), _ns(body.until_ms), user.name,
        body.reason, body.into_camera,
    )  # fmt: skip
    await of.blocking(of.ports.masks.order, order)
    await of.sights.look()
    return await of.blocking(_masks, of, CameraId(camera))


@router.post("/masks/{mask}/end", operation_id="endMask")
async def end_mask(request: Request, user: Drawer, camera: Id, mask: Id, body: EndBody) -> MaskList:
    """Cover no more, or nothing new. Who does it sees what was hidden, so it takes that right."""
    of = services(request)
    check(request, user, Action.UNMASK, CameraId(camera))
    order = EndMaskRequest(camera, MaskId(mask), _ns(body.until_ms), user.name, body.reason)
    await of.blocking(of.ports.masks.order, order)
    return await of.blocking(_masks, of, CameraId(camera))


@router.post("/unmask", operation_id="unmask")
async def unmask(request: Request, user: Unmasker, camera: Id, body: UnmaskBody) -> Unmasked:
    """See the camera without its masks for a quarter of an hour, in this session alone.

    The ledger has it first, and each look under it with its reason; while it cannot, masks stay.
    """
    of = services(request)
    reason = body.reason.strip()
    await of.acts.tell(user, ActKind.MASK_CHANGED, f"lifted: {reason}", CameraId(camera))
    of.lifts.lift(user, CameraId(camera), reason)
    await of.sights.look()
    return Unmasked(for_ms=LIFTED_NS // _NS_PER_MS)


@router.delete("/unmask", operation_id="mask", status_code=204)
async def mask_again(request: Request, user: Unmasker, camera: Id) -> None:
    """See it masked again."""
    of = services(request)
    of.lifts.end(user, CameraId(camera))
    await of.sights.look()


def _masks(of: Services, camera: CameraId) -> MaskList:
    return MaskList(masks=[_info(each) for each in of.ports.masks.of(camera)])


def _info(mask: Mask) -> MaskInfo:
    return MaskInfo(
        id=mask.id,
        name=mask.name,
        polygon=list(mask.polygon),
        from_ms=_ms(mask.from_ns),
        until_ms=_ms(mask.until_ns),
        drawn_ms=mask.drawn_ns // _NS_PER_MS,
        drawn_by=mask.drawn_by,
        reason=mask.reason,
        into_camera=mask.into_camera,
        in_camera=mask.in_camera,
        camera_problem=mask.camera_problem,
    )


def _ns(ms: int | None) -> int | None:
    return ms * _NS_PER_MS if ms is not None else None


def _ms(ns: int | None) -> int | None:
    return ns // _NS_PER_MS if ns is not None else None
