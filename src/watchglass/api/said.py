"""Route: what a camera said that happens."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from watchglass.access.policy import Action
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.base.ids import CameraId
from watchglass.model.said import Said, SaidClock, SaidKind

router = APIRouter(prefix=f"{PREFIX}/cameras", tags=["events"], responses=RESPONSES)

MOST = 1000
_NS_PER_MS = 1_000_000
_Ms = Annotated[int, Query(ge=0, lt=2**53)]


class SaidEvent(BaseModel):
    """As the camera says it; nobody checked it. ``to_ms`` is null while it goes on."""

    id: str
    kind: SaidKind
    from_ms: int
    to_ms: int | None
    text: str = Field(description="The camera's own words, for `other`.")
    count: int = Field(description="Of so many messages.")
    clock: SaidClock


class SaidEvents(BaseModel):
    """Oldest first. ``more``: there are later ones that did not fit; ask from the last one on."""

    events: list[SaidEvent]
    more: bool


@router.get(
    "/{camera}/said", operation_id="listSaid", dependencies=[Depends(Signed(Action.PLAYBACK))]
)
async def list_said(
    request: Request, camera: Annotated[str, Path(pattern="^[0-9a-f]{32}$")], from_ms: _Ms,
    to_ms: _Ms,
) -> SaidEvents:  # fmt: skip
    """What the camera itself says that happened in a span."""
    of = services(request)
    found = await of.blocking(
        of.ports.said, CameraId(camera), from_ms * _NS_PER_MS, to_ms * _NS_PER_MS, MOST + 1
    )
    return SaidEvents(events=[_event(each) for each in found[:MOST]], more=len(found) > MOST)


def _event(said: Said) -> SaidEvent:
    return SaidEvent(
        id=said.id, kind=said.kind, from_ms=said.from_ns // _NS_PER_MS,
        to_ms=said.to_ns // _NS_PER_MS if said.to_ns is not None else None,
        text=said.text, count=said.count, clock=said.clock,
    )  # fmt: skip
