"""The application: all routes behind one guard, and what lives as long as it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi

from watchglass.access.policy import Action
from watchglass.api import (
    account,
    analysis,
    anchors,
    areas,
    bookmarks,
    camerachanges,
    cameradetail,
    cameras,
    cameratable,
    changes,
    clips,
    containment,
    converted,
    counts,
    decisions,
    devicepaths,
    egress,
    entry,
    events,
    exportfile,
    exports,
    fleet,
    gates,
    imported,
    keeping,
    layouts,
    livesocket,
    lookback,
    looking,
    maskedclip,
    masks,
    media,
    monitoring,
    naming,
    notices,
    noticeways,
    pages,
    peoplelog,
    pictures,
    plans,
    playback,
    ptz,
    ptzsocket,
    redactions,
    relays,
    requests,
    review,
    rules,
    said,
    scans,
    system,
    takeover,
    timeline,
    users,
    wrong,
)
from watchglass.api.acts import Acts
from watchglass.api.asmade import VIEWS
from watchglass.api.blocking import Blocking
from watchglass.api.changefeed import ChangeFeed
from watchglass.api.clipdesk import ClipDesk
from watchglass.api.filetable import FileTable
from watchglass.api.fleetfiles import FleetFiles
from watchglass.api.guard import Guard
from watchglass.api.lifts import Lifts, SightChanges
from watchglass.api.looks import Looks
from watchglass.api.notequeue import NoteQueue
from watchglass.api.paths import PREFIX
from watchglass.api.permits import Permits
from watchglass.api.policy import Allowed, Signed, allowed_user, require_policies
from watchglass.api.ports import ApiPorts
from watchglass.api.problem import Problem, handle_errors
from watchglass.api.reconversion import OpenSessions
from watchglass.api.redactionplan import Plans
from watchglass.api.services import Services, services
from watchglass.api.sight import sight_of
from watchglass.api.steering import Wheels
from watchglass.api.stills import Stills
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.live.conversion import Converter
from watchglass.live.hub import LiveHub
from watchglass.recording.track import video_configuration

MOST_CONVERTED_BYTES = 48 * 1024 * 1024
_UPKEEP_S = 1.0
_MASKS_S = 0.5
_SESSIONS_EVERY = 60
_LOG = log.get("api")


def create_app(ports: ApiPorts, files: FileTable | None = None) -> FastAPI:
    """The application over these ports; RuntimeError when a route has no policy."""
    blocking = Blocking()
    files = files or FileTable()
    notes = NoteQueue(ports.note_people, ports.spool, blocking)
    shared = Services(
        ports,
        blocking,
        files,
        notes,
        Looks(ports.clock, notes),
        Acts(ports.clock, notes),
        LiveHub(ports.feed, blocking, Converter(ports.convert, video_configuration)),
        ChangeFeed(blocking, changes.Observer(ports, files)),
        Stills(),
        Stills(MOST_CONVERTED_BYTES, at_once=2, wait_s=20.0),
        OpenSessions(),
        FleetFiles(ports.devices),
        Permits(allowed_user),
        ClipDesk(ports.clock),
        Lifts(ports.clock),
        SightChanges(sight_of),
        Wheels(ports.clock),
        Plans(),
    )
    app = FastAPI(
        title="Watchglass", version=ports.version, openapi_url=None, docs_url=None, redoc_url=None,
        lifespan=_lifespan, redirect_slashes=False,
    )  # fmt: skip
    app.state.services = shared
    handle_errors(app)
    add_routes(app)
    app.add_middleware(Guard, reach=ports.reach)
    return app


def add_routes(app: FastAPI) -> None:
    """All of them; RuntimeError when one has no policy."""
    for router in (
        entry.router, cameras.router, cameradetail.router, camerachanges.router,
        gates.router,
        notices.router, noticeways.router, system.router,
        timeline.router, playback.router, converted.router, media.router, masks.router,
        imported.router, maskedclip.router, relays.router, relays.of_site,
        pictures.router, changes.router, livesocket.router, monitoring.router, fleet.router,
        containment.router,
        devicepaths.router, plans.router, egress.router,
        scans.router, users.router, account.router, looking.router, clips.router, exports.router,
        exportfile.router, redactions.router, anchors.router, keeping.router,
        cameratable.router, takeover.router, peoplelog.router, ptz.router, ptzsocket.router, _about,
        layouts.router, bookmarks.router,
        said.router, areas.router, rules.router, naming.router, events.router, review.router,
        analysis.router, counts.router, lookback.router, wrong.router,
        decisions.router, requests.router,
        pages.router,
    ):  # fmt: skip
        # Not included: the walk for policies has to see the routes themselves.
        app.router.routes.extend(router.routes)
    require_policies(app.routes)


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The document that clients are generated from."""
    document = get_openapi(
        title="Watchglass", version=app.version, routes=app.routes,
        description="All times are whole milliseconds, UTC. What changes something is sent with the"
        " header `X-Watchglass: 1` from the recorder's own pages.",
    )  # fmt: skip
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, schema in schemas["Problem"].pop("$defs", {}).items():
        schemas.setdefault(name, schema)
    _, made = msgspec.json.schema_components(VIEWS, ref_template="#/components/schemas/{name}")
    for name, schema in made.items():
        schemas.setdefault(name, schema)
    return document


_about = APIRouter(prefix=PREFIX, tags=["about"])


@_about.get("/openapi.json", include_in_schema=False)
async def openapi(
    request: Request, _: Annotated[object, Depends(Signed(Action.SEE_STATE))]
) -> dict[str, Any]:
    """This document."""
    app: FastAPI = request.app
    if app.openapi_schema is None:  # some 100 ms of work, which is not for the loop
        app.openapi_schema = await services(request).blocking(openapi_of, app)
    return app.openapi_schema


@_about.get("/health", operation_id="getHealth", dependencies=[Depends(Allowed(Action.ENTER))])
async def health() -> dict[str, bool]:
    """Whether the recorder's web server answers."""
    return {"ok": True}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    of: Services = app.state.services
    tasks = [asyncio.create_task(_keep_up(of)), asyncio.create_task(_look_at_masks(of))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await of.changes.close()
        await of.hub.close()
        await of.wheels.close()
        of.looks.close()
        of.acts.keep_up(ending=True)
        await of.notes.close()
        of.blocking.close()


async def _look_at_masks(of: Services) -> None:
    while True:
        await of.sights.watched()
        await asyncio.sleep(_MASKS_S)
        await of.sights.look()


async def _keep_up(of: Services) -> None:
    """What falls due: looks to be noted, rights that changed, sessions that are over."""
    count = 0
    while True:
        await asyncio.sleep(_UPKEEP_S)
        count += 1
        of.looks.keep_up()
        of.acts.keep_up()
        of.notes.send()
        try:
            await of.blocking(of.ports.sessions.refresh)
            if await of.permits.ask_again():
                of.changes.wake()
            if count % _SESSIONS_EVERY == 0:
                await of.blocking(of.ports.sessions.forget_ended)
        except WatchglassError as error:
            _LOG.error("sessions_not_kept_up", error=error.sentence)
