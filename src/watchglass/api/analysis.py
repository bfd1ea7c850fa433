"""Routes: how each second of a camera was understood, and rules tried on what was seen."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.access.right import Times
from watchglass.api.areas import AreaBody, require_camera
from watchglass.api.eventinfo import (
    NS_PER_MS,
    EventInfo,
    TamperInfo,
    event_info,
    ns_of,
    tamper_info,
)
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.rules import RuleBody
from watchglass.api.services import Services, services
from watchglass.api.understood import DensityInfo, UnderstoodSpan, density_info, understood
from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.events.rules.trial import MOST_TRIED_NS, tried
from watchglass.model.analysis import Analysis
from watchglass.model.area import Area, AreaId, AreaKind, checked_points
from watchglass.model.rule import RuleId, checked_rule
from watchglass.model.stream import StreamName

router = APIRouter(prefix=PREFIX + "/cameras/{camera}", tags=["events"], responses=RESPONSES)

_MOST_SPAN_MS = 400 * 24 * 3600 * 1000
_MOST_TRIED_MS = MOST_TRIED_NS // NS_PER_MS
_MOST_TOLD = 200
_MOST_AREAS = 8
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Player = Annotated[User, Depends(Signed(Action.PLAYBACK))]
Ms = Annotated[int, Field(ge=0, lt=2**53)]


class CameraAnalysis(BaseModel):
    """``spans`` are in order; where nothing was recorded there are none. ``bucket_ms``: of how much
    a value of ``density`` is; buckets in which nothing moved are left out. The sums are of all that
    was recorded in the span, or told of."""

    camera: str
    from_ms: int
    to_ms: int
    spans: list[UnderstoodSpan]
    bucket_ms: int
    density: list[DensityInfo]
    tampers: list[TamperInfo]
    analysed_ms: int
    quiet_ms: int
    skipped_ms: int


class TriedArea(AreaBody):
    """One that need not be saved; ``id`` is what the rule's ``area`` calls it."""

    id: str = Field(pattern="^[0-9a-f]{32}$")


class TryBody(BaseModel):
    """``rule``: as it would be made; its area is one of ``areas``, or a saved one. At most 31
    days."""

    model_config = ConfigDict(extra="forbid")

    rule: RuleBody
    areas: list[TriedArea] = Field([], max_length=_MOST_AREAS)
    from_ms: Ms
    to_ms: Ms


class Tried(BaseModel):
    """What the rule would have found: ``count`` events, the newest 200 of which are in ``events``;
    of a counting rule how many ways ``forward`` and ``backward``. ``tracks``: of how many things
    that were seen. ``analysed_ms`` and ``skipped_ms``: of how much of the span anybody knows."""

    count: int
    forward: int
    backward: int
    tracks: int
    events: list[EventInfo]
    analysed_ms: int
    quiet_ms: int
    skipped_ms: int


@router.get(
    "/analysis", operation_id="getAnalysis", dependencies=[Depends(Signed(Action.PLAYBACK))]
)
async def get_analysis(
    request: Request,
    camera: Id,
    from_ms: Annotated[int, Query(ge=0, lt=2**53)],
    to_ms: Annotated[int, Query(ge=0, lt=2**53)],
    stream: StreamName = StreamName.MAIN,
    pixels: Annotated[int, Query(ge=1, le=5000)] = 1500,
) -> CameraAnalysis:
    """Of each second of a span: whether it was looked at, known to be quiet, or skipped and why;
    and how much moved. What is shorter than one of ``pixels`` is put together."""
    if not 0 < to_ms - from_ms <= _MOST_SPAN_MS:
        raise UsageError("A span ends after it begins, and is at most 400 days long.")
    of = services(request)
    return await of.blocking(_analysis, of, CameraId(camera), from_ms, to_ms, stream, pixels)


@router.post("/rules/try", operation_id="tryRule")
async def try_rule(request: Request, user: Player, camera: Id, body: TryBody) -> Tried:
    """Try a rule on what was seen before: 'would have fired 7 times: here'."""
    if not 0 < body.to_ms - body.from_ms <= _MOST_TRIED_MS:
        raise UsageError("A rule is tried on a span that ends after it begins, of 31 days at most.")
    of = services(request)
    span = ns_of(body.from_ms), ns_of(body.to_ms)
    check(request, user, Action.PLAYBACK, CameraId(camera), span)
    return await of.blocking.patiently(_tried, of, CameraId(camera), body, span)


# --- in a thread ----------------------------------------------------------------------------------


def _analysis(
    of: Services, camera: CameraId, from_ms: int, to_ms: int, stream: StreamName, pixels: int
) -> CameraAnalysis:
    require_camera(of, camera)
    span = ns_of(from_ms), ns_of(to_ms)
    made = understood(of, camera, stream, span)
    bucket_s, density = density_info(of, camera, span, pixels)
    return CameraAnalysis(
        camera=camera, from_ms=from_ms, to_ms=to_ms,
        spans=made.drawn(max(1, (span[1] - span[0]) // pixels)),
        bucket_ms=bucket_s * 1000, density=density,
        tampers=[tamper_info(each) for each in of.ports.events.store.tampers(camera, *span)],
        **_sums(made.lengths),
    )  # fmt: skip


def _sums(lengths: dict[Analysis, int]) -> dict[str, int]:
    return {f"{state.value}_ms": lengths[state] // NS_PER_MS for state in Analysis}


def _tried(of: Services, camera: CameraId, body: TryBody, span: Times) -> Tried:
    require_camera(of, camera)
    drawn = [_area(each, camera) for each in body.areas]
    areas = [*drawn, *of.ports.watch.areas(camera)]
    rule = body.rule.rule(camera, RuleId(random_id()))
    rule = checked_rule(rule, areas, of.ports.of_cameras.about(camera).statement)
    parts = of.ports.events.store.parts(camera, *span)
    found = tried(rule, areas, parts, span, of.ports.clock.wall_ns())
    made = understood(of, camera, StreamName.MAIN, span)
    return Tried(
        count=len(found.events), forward=found.forward, backward=found.backward,
        tracks=found.tracks, events=[event_info(each) for each in found.events[:_MOST_TOLD]],
        **_sums(made.lengths),
    )  # fmt: skip


def _area(body: TriedArea, camera: CameraId) -> Area:
    points: Sequence[tuple[float, float]] = body.points
    return Area(
        id=AreaId(body.id), camera=camera, name=body.name, kind=AreaKind(body.kind),
        points=checked_points(body.kind, points),
    )  # fmt: skip
