"""Route: 'this was wrong', which leads to an ignore area once all that it would hide was shown."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.access.right import ALWAYS
from watchglass.api.areas import AreaInfo, Corner, area_info
from watchglass.api.eventaccess import allowed
from watchglass.api.eventinfo import EventInfo, event_info
from watchglass.api.events import find_event
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import RefusedError
from watchglass.base.ids import random_id
from watchglass.events.wrong import hidden, suggested
from watchglass.model.area import MOST_NAME, Area, AreaId, AreaKind
from watchglass.model.event import Event
from watchglass.model.polygon import MOST_POINTS, Point, checked_corners
from watchglass.model.watch_control import SetAreaRequest
from watchglass.store.event_search import Wanted

router = APIRouter(prefix=PREFIX, tags=["events"], responses=RESPONSES)

_DAY_NS = 24 * 3600 * NS_PER_S
_MOST_HIDDEN = 1000
Looker = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class WrongBody(BaseModel):
    """``points``: the area to ignore, as drawn; left out: as suggested. ``shown``: the word that
    the suggestion of just this area came with, by whoever has seen what it would hide; then it is
    drawn, for ``days``."""

    model_config = ConfigDict(extra="forbid")

    points: list[Corner] | None = Field(None, min_length=3, max_length=MOST_POINTS)
    days: int = Field(30, ge=1, le=365)
    shown: str = Field("", max_length=64)


class WrongInfo(BaseModel):
    """``hides``: every event that is kept and that such an area would have hidden, newest first.
    ``shown`` is to be given back to draw the area. ``area``: once it is drawn; it is over at its
    ``expires_ms`` unless somebody renews it."""

    points: list[tuple[float, float]]
    hides: list[EventInfo]
    shown: str
    area: AreaInfo | None


@router.post("/events/{event}/wrong", operation_id="callWrong")
async def call_wrong(request: Request, user: Looker, event: Id, body: WrongBody) -> WrongInfo:
    """Say that an event was none. Suggests an area in which nothing is looked at any more; it is
    drawn only when this is asked again with the word that came with all that it would hide."""
    of = services(request)
    found = await find_event(request, user, event)
    check(request, user, Action.CONFIGURE, found.camera)
    times = (await allowed(request, user, [found.camera]))[found.camera]
    if not any(a <= 0 and b >= ALWAYS[1] for a, b in times):
        raise RefusedError(
            "An ignore area hides events of any time: whoever draws it has to be allowed to see "
            "all recordings of this camera."
        )
    points = _drawn(body.points if body.points is not None else suggested(found))
    area = Area(
        id=AreaId(random_id()), camera=found.camera, kind=AreaKind.IGNORE, points=points,
        name=f"wrong: {found.why.rule.name}"[:MOST_NAME],
        expires_ns=of.ports.clock.wall_ns() + body.days * _DAY_NS,
    )  # fmt: skip
    hides = await of.blocking(_hidden, of, area)
    shown = _digest(points, hides)
    if body.shown:
        if body.shown != shown:
            raise RefusedError("Something came since, or the area is another: look at it again.")
        order = SetAreaRequest(found.camera, area, True, user.name)
        await of.blocking(of.ports.watch.order, order)
    return WrongInfo(
        points=list(points), hides=[event_info(each) for each in hides], shown=shown,
        area=area_info(area, of.ports.clock.wall_ns()) if body.shown else None,
    )  # fmt: skip


def _hidden(of: Services, area: Area) -> list[Event]:
    """All events of its camera that such an area would have hidden; RefusedError for too many."""
    found: list[Event] = []
    before = None
    while True:
        wanted = Wanted({area.camera: [ALWAYS]}, before=before, most=500)
        page = of.ports.events.store.events(wanted)
        found += hidden(area, page.found)
        if len(found) > _MOST_HIDDEN:
            raise RefusedError(
                f"This would hide more than {_MOST_HIDDEN} events: draw a smaller area, or change "
                "the rule."
            )
        before = page.before
        if before is None:
            return found


def _drawn(points: Sequence[Point]) -> tuple[Point, ...]:
    return checked_corners(points, "An ignore area")


def _digest(points: Sequence[Point], hides: Sequence[Event]) -> str:
    text = f"{points} {sorted(each.id for each in hides)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
