"""Routes: what rules found and what was seen, by camera, time, kind, rule, area, region, path."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel

from watchglass.access.policy import Action, User
from watchglass.api.eventaccess import (
    allowed,
    cursor_of,
    cursor_text,
    may_be_told,
    note_search,
    region_of,
)
from watchglass.api.eventinfo import (
    NS_PER_MS,
    EventDetail,
    EventInfo,
    PointInfo,
    event_detail,
    event_info,
    ns_of,
    point_info,
)
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError
from watchglass.model.act import ActKind
from watchglass.model.area import AreaId
from watchglass.model.detection import ObjectClass
from watchglass.model.event import Event, EventId
from watchglass.model.object_track import TrackEnd
from watchglass.model.rule import RuleId
from watchglass.store.event_points import thinned
from watchglass.store.event_rows import TrackRow
from watchglass.store.event_search import Wanted

router = APIRouter(prefix=PREFIX, tags=["events"], responses=RESPONSES)

_MOST_PATH = 60
_ID = "^[0-9a-f]{32}$"
Looker = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Id = Annotated[str, Path(pattern=_ID)]
Ids = Annotated[list[Annotated[str, Query(pattern=_ID)]] | None, Query(max_length=200)]
Kinds = Annotated[list[ObjectClass] | None, Query(max_length=len(ObjectClass))]
FromMs = Annotated[int, Query(ge=0, lt=2**53)]
ToMs = Annotated[int, Query(ge=0, lt=2**53)]
Region = Annotated[
    str | None,
    Query(max_length=1000, description="Drawn on the picture: '0.1,0.2 0.5,0.2 0.5,0.9'."),
]
Before = Annotated[str, Query(max_length=100, description="Of the last page; empty for the first.")]
Most = Annotated[int, Query(ge=1, le=500)]


class EventPage(BaseModel):
    """Newest first. ``before`` leads on and is null at the end; with a region a page may be short,
    or empty, and still lead on."""

    events: list[EventInfo]
    before: str | None


class TrackInfo(BaseModel):
    """A thing that was seen, whether or not a rule found it. ``ended`` null: it goes on, or nothing
    says how it ended. ``path`` is thinned out."""

    id: str
    camera: str
    kind: ObjectClass
    from_ms: int
    to_ms: int
    ended: TrackEnd | None
    confidence: float
    coarse: bool
    detector: str
    path: list[PointInfo]


class TrackPage(BaseModel):
    tracks: list[TrackInfo]
    before: str | None


@router.get("/events", operation_id="listEvents")
async def list_events(
    request: Request,
    user: Looker,
    from_ms: FromMs,
    to_ms: ToMs,
    camera: Ids = None,
    kind: Kinds = None,
    rule: Ids = None,
    area: Annotated[str | None, Query(pattern=_ID)] = None,
    region: Region = None,
    then: Region = None,
    job: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
    before: Before = "",
    most: Most = 100,
) -> EventPage:
    """What rules found on the cameras whose footage of that time one may play back. ``region``:
    only what went through it; ``then``: and through that one after it. ``job``: what a look at the
    past found. That somebody searched is noted."""
    of = services(request)
    times = await allowed(request, user, camera or ())
    wanted = Wanted(
        times, ns_of(from_ms), ns_of(to_ms), frozenset(kind or ()),
        frozenset(map(RuleId, rule or ())), AreaId(area) if area is not None else None,
        region_of(region), region_of(then), job, cursor_of(before), most,
    )  # fmt: skip
    await note_search(request, user, _words("events", wanted), times, wanted.from_ns, wanted.to_ns)
    page = await of.blocking(of.ports.events.store.events, wanted)
    return EventPage(
        events=[event_info(each) for each in page.found], before=cursor_text(page.before)
    )


@router.get("/tracks", operation_id="listTracks")
async def list_tracks(
    request: Request,
    user: Looker,
    from_ms: FromMs,
    to_ms: ToMs,
    camera: Ids = None,
    kind: Kinds = None,
    region: Region = None,
    then: Region = None,
    job: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
    before: Before = "",
    most: Most = 100,
) -> TrackPage:
    """Things that were seen, whether or not a rule found them. That somebody searched is noted."""
    of = services(request)
    times = await allowed(request, user, camera or ())
    wanted = Wanted(
        times, ns_of(from_ms), ns_of(to_ms), frozenset(kind or ()),
        region=region_of(region), then=region_of(then), job=job, before=cursor_of(before),
        most=most,
    )  # fmt: skip
    words = _words("what was seen", wanted)
    await note_search(request, user, words, times, wanted.from_ns, wanted.to_ns)
    page = await of.blocking(of.ports.events.store.tracks, wanted)
    return TrackPage(tracks=[_track(each) for each in page.found], before=cursor_text(page.before))


@router.get("/events/{event}", operation_id="getEvent")
async def get_event(request: Request, user: Looker, event: Id) -> EventDetail:
    """One event with its path, and why it is one."""
    of = services(request)
    found = await find_event(request, user, event)
    detail = f"the event {found.id[:8]}"
    await of.acts.once(user, ActKind.SEARCHED, detail, found.camera)
    return event_detail(found, await of.blocking(area_name, of, found))


async def find_event(request: Request, user: User, event: str) -> Event:
    """An event of footage that may be played back; NotFoundError for all others."""
    of = services(request)
    found = await of.blocking(of.ports.events.store.event, EventId(event))
    if found is not None:
        times = await allowed(request, user, ())
        if may_be_told(times, found.camera, found.from_ns, found.to_ns):
            return found
    raise NotFoundError("There is no such event: its footage may be deleted by now.")


def area_name(of: Services, event: Event) -> str:
    """As the area of its rule is called now; empty for none, or one that is gone."""
    areas = {each.id: each.name for each in of.ports.watch.areas(event.camera)}
    return areas.get(event.why.rule.area, "") if event.why.rule.area is not None else ""


def _words(what: str, wanted: Wanted) -> str:
    parts = [what]
    if wanted.kinds:
        parts.append(", ".join(sorted(wanted.kinds)))
    if wanted.rules or wanted.area is not None:
        parts.append("of a rule or an area")
    if wanted.region:
        parts.append("through a drawn region")
    return "; ".join(parts)


def _track(track: TrackRow) -> TrackInfo:
    return TrackInfo(
        id=track.id, camera=track.camera, kind=track.kind, from_ms=track.from_ns // NS_PER_MS,
        to_ms=track.to_ns // NS_PER_MS, ended=track.ended, confidence=round(track.confidence, 3),
        coarse=track.coarse, detector=track.detector,
        path=[point_info(each) for each in thinned(track.points, _MOST_PATH)],
    )  # fmt: skip
