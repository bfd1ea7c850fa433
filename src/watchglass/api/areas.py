"""Routes: zones, lines and ignore areas of a camera."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.area import MOST_NAME, Area, AreaId, AreaKind
from watchglass.model.polygon import MOST_POINTS
from watchglass.model.watch_control import DropAreaRequest, SetAreaRequest

router = APIRouter(prefix=PREFIX + "/cameras/{camera}", tags=["rules"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_Part = Annotated[float, Field(ge=0, le=1)]
Corner = tuple[_Part, _Part]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Drawer = Annotated[User, Depends(Signed(Action.CONFIGURE))]


class AreaBody(BaseModel):
    """A ``zone`` or ``ignore`` area has 3 corners or more; a ``line`` has two ends, and is crossed
    forward from its left side to its right, seen from its first end towards its second. Only an
    ignore area expires."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=MOST_NAME)
    kind: AreaKind
    points: list[Corner] = Field(min_length=2, max_length=MOST_POINTS)
    expires_ms: int | None = Field(None, ge=0, lt=2**53)


class AreaInfo(BaseModel):
    """``over``: an ignore area that nobody renewed; things in it are looked at again."""

    id: str
    name: str
    kind: AreaKind
    points: list[tuple[float, float]]
    expires_ms: int | None
    over: bool


class AreaList(BaseModel):
    areas: list[AreaInfo]


@router.get(
    "/areas", operation_id="listAreas", dependencies=[Depends(Signed(Action.SEE_CAMERA))]
)  # fmt: skip
async def list_areas(request: Request, camera: Id) -> AreaList:
    """The zones, lines and ignore areas of a camera, in the order they were drawn."""
    of = services(request)
    return await of.blocking(_areas, of, CameraId(camera))


@router.post("/areas", operation_id="drawArea", status_code=201)
async def draw_area(request: Request, user: Drawer, camera: Id, body: AreaBody) -> AreaInfo:
    """Draw one."""
    return await _set(request, user, camera, random_id(), body, new=True)


@router.put("/areas/{area}", operation_id="changeArea")
async def change_area(
    request: Request, user: Drawer, camera: Id, area: Id, body: AreaBody
) -> AreaInfo:
    """Rename it, draw it anew, or renew an ignore area. Its kind stays."""
    return await _set(request, user, camera, area, body, new=False)


@router.delete("/areas/{area}", operation_id="dropArea", status_code=204)
async def drop_area(request: Request, user: Drawer, camera: Id, area: Id) -> None:
    """Take it away; refused while a rule is about it."""
    of = services(request)
    await of.blocking(of.ports.watch.order, DropAreaRequest(camera, AreaId(area), user.name))


async def _set(
    request: Request, user: User, camera: str, area: str, body: AreaBody, *, new: bool
) -> AreaInfo:
    of = services(request)
    expires_ns = min(body.expires_ms * _NS_PER_MS, 2**62) if body.expires_ms is not None else None
    drawn = Area(
        id=AreaId(area), camera=CameraId(camera), name=body.name, kind=body.kind,
        points=tuple(body.points), expires_ns=expires_ns,
    )  # fmt: skip
    await of.blocking(of.ports.watch.order, SetAreaRequest(camera, drawn, new, user.name))
    found = await of.blocking(_areas, of, CameraId(camera))
    for each in found.areas:
        if each.id == area:
            return each
    raise NotFoundError("This camera has no such area: somebody took it away just now.")


def require_camera(of: Services, camera: CameraId) -> None:
    """Return if there is such a camera. Blocks."""
    if all(each.id != camera for each in of.ports.cameras()):
        raise NotFoundError("There is no such camera.")


def _areas(of: Services, camera: CameraId) -> AreaList:
    require_camera(of, camera)
    now_ns = of.ports.clock.wall_ns()
    return AreaList(areas=[area_info(each, now_ns) for each in of.ports.watch.areas(camera)])


def area_info(area: Area, now_ns: int) -> AreaInfo:
    """An area as the API tells it."""
    expires_ns = area.expires_ns
    return AreaInfo(
        id=area.id, name=area.name, kind=area.kind, points=list(area.points),
        expires_ms=expires_ns // _NS_PER_MS if expires_ns is not None else None,
        over=expires_ns is not None and expires_ns <= now_ns,
    )  # fmt: skip
