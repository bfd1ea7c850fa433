"""Routes: how people arrange the wall, for themselves and for all."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check, seen
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import RefusedError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.arrangement import MOST_CELLS, Layout, LayoutId, Tile

router = APIRouter(prefix=PREFIX + "/layouts", tags=["wall"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_MOST_TILES = MOST_CELLS * MOST_CELLS

Arranger = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class LayoutTile(BaseModel):
    """A camera's place, in cells from the upper left corner."""

    model_config = ConfigDict(extra="forbid")

    camera: str = Field(pattern="^[0-9a-f]{32}$")
    x: int = Field(ge=0, lt=MOST_CELLS)
    y: int = Field(ge=0, lt=MOST_CELLS)
    width: int = Field(ge=1, le=MOST_CELLS)
    height: int = Field(ge=1, le=MOST_CELLS)


class LayoutBody(BaseModel):
    """A layout as somebody makes it. A shared one is there for all, and its maker's to change."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    shared: bool = False
    columns: int = Field(ge=1, le=MOST_CELLS)
    rows: int = Field(ge=1, le=MOST_CELLS)
    tiles: list[LayoutTile] = Field(min_length=1, max_length=_MOST_TILES)


class LayoutInfo(BaseModel):
    """A layout as it is kept, less the cameras that the caller may not know of. ``by``: the name
    of who made it, and alone may change it (``own``)."""

    id: str
    name: str
    shared: bool
    columns: int
    rows: int
    tiles: list[LayoutTile]
    own: bool
    by: str
    changed_ms: int


class LayoutList(BaseModel):
    layouts: list[LayoutInfo]


@router.get("", operation_id="listLayouts")
async def list_layouts(request: Request, user: Arranger) -> LayoutList:
    """One's own, and those that are shared."""
    of = services(request)
    found = await of.blocking(of.ports.arrangement.layouts, user.id)
    told = [_told(request, each, user) for each in found]
    return LayoutList(layouts=[each for each in told if each.own or each.tiles])


@router.post("", operation_id="addLayout", status_code=201)
async def add_layout(request: Request, user: Arranger, body: LayoutBody) -> LayoutInfo:
    """Keep a new one."""
    of = services(request)
    _check_shared(request, user, body)
    layout = _layout(of, LayoutId(random_id()), user, body)
    return _told(request, await of.blocking(of.ports.arrangement.put_layout, layout), user)


@router.put("/{layout}", operation_id="changeLayout")
async def change_layout(
    request: Request, user: Arranger, layout: Id, body: LayoutBody
) -> LayoutInfo:
    """Keep one in place of what it was."""
    of = services(request)
    _check_shared(request, user, body)
    await of.blocking(_own, of, LayoutId(layout), user)
    made = _layout(of, LayoutId(layout), user, body)
    return _told(request, await of.blocking(of.ports.arrangement.put_layout, made), user)


@router.delete("/{layout}", operation_id="removeLayout", status_code=204)
async def remove_layout(request: Request, user: Arranger, layout: Id) -> None:
    """Delete one."""
    of = services(request)
    await of.blocking(_own, of, LayoutId(layout), user)
    await of.blocking(of.ports.arrangement.remove_layout, LayoutId(layout))


def _check_shared(request: Request, user: User, body: LayoutBody) -> None:
    if body.shared:
        check(request, user, Action.SHARE_LAYOUT)


def _own(of: Services, layout: LayoutId, user: User) -> None:
    found = of.ports.arrangement.layout(layout)
    if found.owner != user.id:
        raise RefusedError(
            f"This layout is {found.owner_name}'s: keep a copy of it under another name."
        )


def _layout(of: Services, layout: LayoutId, user: User, body: LayoutBody) -> Layout:
    tiles = tuple(
        Tile(CameraId(each.camera), each.x, each.y, each.width, each.height) for each in body.tiles
    )
    now_ns = of.ports.clock.wall_ns()
    return Layout(
        layout, user.id, user.name, body.name, body.shared, body.columns, body.rows, tiles, now_ns
    )


def _told(request: Request, layout: Layout, user: User) -> LayoutInfo:
    return LayoutInfo(
        id=layout.id, name=layout.name, shared=layout.shared, own=layout.owner == user.id,
        by=layout.owner_name, columns=layout.columns, rows=layout.rows,
        changed_ms=layout.changed_ns // _NS_PER_MS,
        tiles=[
            LayoutTile(
                camera=each.camera, x=each.x, y=each.y, width=each.width, height=each.height
            )
            for each in layout.tiles
            if seen(request, user, each.camera)
        ],
    )  # fmt: skip
