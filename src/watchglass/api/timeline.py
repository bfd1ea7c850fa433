"""Route: what is recorded, and why the rest is not."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from watchglass.access.policy import Action, User
from watchglass.access.right import Times, common, merged
from watchglass.api.imported import ImportedSpan, imported_spans
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, allowed_times, check
from watchglass.api.problem import RESPONSES
from watchglass.api.sentence import overall, sentence, zone
from watchglass.api.services import Services, services
from watchglass.api.spans import drawn, withheld
from watchglass.api.understood import (
    DensityInfo,
    EventMarkInfo,
    UnderstoodSpan,
    density_info,
    event_marks,
    understood,
    within,
)
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import CameraId
from watchglass.model.camera import Camera
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.model.timeline import SpanKind, StreamTimeline
from watchglass.recording.timeline import timeline

router = APIRouter(prefix=PREFIX, tags=["timeline"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_MOST_SPAN_MS = 400 * 24 * 3600 * 1000
_MISSING = (SpanKind.GAP, SpanKind.UNACCOUNTED)


class TimelineSpan(BaseModel):
    """What is shorter than a pixel is put together; then ``gaps`` says how many gaps are in it."""

    from_ms: int
    to_ms: int
    kind: SpanKind
    cause: GapCause | None
    gaps: int
    missing_ms: int


class CauseSum(BaseModel):
    cause: GapCause | None = Field(description="None: unaccounted for.")
    count: int
    missing_ms: int
    sentence: str


class HeldSpan(BaseModel):
    """What a hold keeps from deletion; spans that touch are one."""

    from_ms: int
    to_ms: int


class UnderstoodLine(BaseModel):
    """How what was recorded was understood; and in which buckets of ``bucket_ms`` how much moved:
    those in which nothing did are left out. ``events``: where rules found something."""

    spans: list[UnderstoodSpan]
    bucket_ms: int
    density: list[DensityInfo]
    events: list[EventMarkInfo]


class CameraTimeline(BaseModel):
    """``spans`` tile the time from ``from_ms`` to ``to_ms``, which begins when the camera was
    added and ends now at the latest. ``whole_since_ms``: nothing is missing from there on.
    ``understood``: where it is asked for."""

    camera: str
    stream: StreamName
    from_ms: int
    to_ms: int
    spans: list[TimelineSpan]
    held: list[HeldSpan]
    recorded_ms: int
    missing_ms: int
    unaccounted_ms: int
    whole_since_ms: int | None
    causes: list[CauseSum]
    sentence: str
    understood: UnderstoodLine | None
    imported: list[ImportedSpan] = Field(
        description="Of another system, from before the camera was added too; counted nowhere else."
    )


class Timeline(BaseModel):
    from_ms: int
    to_ms: int
    now_ms: int
    sentence: str
    cameras: list[CameraTimeline]


@router.get("/timeline", operation_id="getTimeline")
async def get_timeline(
    request: Request,
    user: Annotated[User, Depends(Signed(Action.SEE_STATE))],
    from_ms: Annotated[int, Query(ge=0, lt=2**53)],
    to_ms: Annotated[int, Query(ge=0, lt=2**53)],
    camera: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$")] = None,
    stream: StreamName = StreamName.MAIN,
    pixels: Annotated[int, Query(ge=1, le=10_000)] = 1500,
    tz: Annotated[str, Query(max_length=64, description="Of the sentences.")] = "UTC",
    with_understood: Annotated[
        bool, Query(alias="understood", description="Also how it was understood.")
    ] = False,
) -> Timeline:
    """The timelines of all cameras that one may play back, or of one, as far as one may; made few
    enough spans to draw in ``pixels``."""
    if not 0 < to_ms - from_ms <= _MOST_SPAN_MS:
        raise UsageError("A timeline ends after it begins, and is at most 400 days long.")
    of = services(request)
    if camera is not None:
        check(request, user, Action.PLAYBACK, CameraId(camera))
    times = partial(allowed_times, request, user, Action.PLAYBACK)
    shown = await of.blocking(_timeline, of, times, from_ms, to_ms, camera, stream, pixels, tz)
    return await of.blocking(_understood, of, times, shown, pixels) if with_understood else shown


def _timeline(
    of: Services,
    times: Callable[[CameraId], Sequence[Times]],
    from_ms: int,
    to_ms: int,
    wanted: str | None,
    stream: StreamName,
    pixels: int,
    tz: str,
) -> Timeline:
    where = zone(tz)
    now_ns = of.ports.clock.wall_ns()
    cameras = [each for each in of.ports.cameras() if wanted is None or each.id == wanted]
    if wanted is not None and not cameras:
        raise NotFoundError("There is no such camera.")
    span_ns = (from_ms * _NS_PER_MS, to_ms * _NS_PER_MS)
    allowed = {each.id: times(each.id) for each in cameras}
    cameras = [each for each in cameras if allowed[each.id]]
    lines = [
        withheld(line, allowed[line.camera])
        for line in _lines(of, cameras, stream, *span_ns, now_ns)
    ]
    pixel_ns = max(1, (span_ns[1] - span_ns[0]) // pixels)
    held = _held(of)
    with of.ports.index.read() as index:
        footage = index.imports()
    return Timeline(
        from_ms=from_ms,
        to_ms=to_ms,
        now_ms=now_ns // _NS_PER_MS,
        sentence=overall(lines, span_ns[0], now_ns, where),
        cameras=[
            _told(
                line,
                pixel_ns,
                sentence(line, span_ns[0], now_ns, of.ports.words, where),
                common(held.get(line.camera, ()), allowed[line.camera]),
                of,
                imported_spans(footage, line.camera, span_ns, allowed[line.camera]),
            )
            for line in lines
        ],
    )


def _understood(
    of: Services, times: Callable[[CameraId], Sequence[Times]], shown: Timeline, pixels: int
) -> Timeline:
    """The same, with how each line was understood."""
    cameras = []
    for line in shown.cameras:
        camera, allowed = CameraId(line.camera), times(CameraId(line.camera))
        span = line.from_ms * _NS_PER_MS, line.to_ms * _NS_PER_MS
        pixel_ns = max(1, (shown.to_ms - shown.from_ms) * _NS_PER_MS // pixels)
        bucket_s, density = density_info(of, camera, span, pixels)
        made = UnderstoodLine(
            spans=understood(of, camera, line.stream, span, allowed).drawn(pixel_ns),
            bucket_ms=bucket_s * 1000, density=within(density, bucket_s, allowed),
            events=event_marks(of, camera, span, pixel_ns, allowed),
        )  # fmt: skip
        cameras.append(line.model_copy(update={"understood": made}))
    return shown.model_copy(update={"cameras": cameras})


def _lines(
    of: Services, cameras: list[Camera], stream: StreamName, from_ns: int, to_ns: int, now_ns: int
) -> Iterator[StreamTimeline]:
    with of.ports.index.merged() as index:
        rows = {(row.camera, row.stream) for row in index.streams()}
        for camera in cameras:
            if (camera.id, stream) in rows:
                yield timeline(index, camera.id, stream, from_ns, to_ns, now_ns)


def _held(of: Services) -> dict[CameraId, Sequence[Times]]:
    """Of each camera, in order and apart."""
    found: dict[CameraId, list[Times]] = {}
    with of.ports.index.read() as index:
        for hold in index.holds():
            found.setdefault(hold.camera, []).append((hold.wall_from, hold.wall_to))
    return {camera: merged(times) for camera, times in found.items()}


def _told(
    line: StreamTimeline,
    pixel_ns: int,
    words: str,
    held: Sequence[Times],
    of: Services,
    imported: list[ImportedSpan],
) -> CameraTimeline:
    lengths = {kind: sum(s.to_ns - s.from_ns for s in line.of(kind)) for kind in SpanKind}
    missing = [span for span in line.spans if span.kind in _MISSING]
    whole_ns = missing[-1].to_ns if missing else line.from_ns
    return CameraTimeline(
        camera=line.camera,
        stream=line.stream,
        from_ms=line.from_ns // _NS_PER_MS,
        to_ms=line.to_ns // _NS_PER_MS,
        spans=[
            TimelineSpan(
                from_ms=span.from_ns // _NS_PER_MS, to_ms=span.to_ns // _NS_PER_MS,
                kind=span.kind, cause=span.cause, gaps=span.gaps,
                missing_ms=span.missing_ns // _NS_PER_MS,
            )
            for span in drawn(line.spans, pixel_ns)
        ],
        held=[
            HeldSpan(from_ms=from_ns // _NS_PER_MS, to_ms=-(-to_ns // _NS_PER_MS))
            for from_ns, to_ns in common(held, [(line.from_ns, line.to_ns)])
        ],
        recorded_ms=lengths[SpanKind.MEDIA] // _NS_PER_MS,
        missing_ms=(lengths[SpanKind.GAP] + lengths[SpanKind.UNACCOUNTED]) // _NS_PER_MS,
        unaccounted_ms=lengths[SpanKind.UNACCOUNTED] // _NS_PER_MS,
        whole_since_ms=whole_ns // _NS_PER_MS if whole_ns < line.to_ns else None,
        causes=_causes(line, of),
        sentence=words,
        understood=None,
        imported=imported,
    )  # fmt: skip


def _causes(line: StreamTimeline, of: Services) -> list[CauseSum]:
    counts: dict[GapCause | None, list[int]] = {}
    for span in line.spans:
        if span.kind in _MISSING:
            counts.setdefault(span.cause, []).append(span.to_ns - span.from_ns)
    told = [
        CauseSum(
            cause=cause, count=len(lengths), missing_ms=sum(lengths) // _NS_PER_MS,
            sentence=of.ports.words.sentence(cause) if cause is not None else "Unaccounted for.",
        )
        for cause, lengths in counts.items()
    ]  # fmt: skip
    return sorted(told, key=lambda each: -each.missing_ms)
