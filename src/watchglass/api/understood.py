"""How footage was understood, for timelines: spans few enough to draw, and motion in buckets."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from watchglass.access.right import Times, common
from watchglass.api.services import Services
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.model.stream import StreamName
from watchglass.model.timeline import SpanKind, StreamTimeline
from watchglass.recording.timeline import timeline
from watchglass.store.event_motion import bucket_for
from watchglass.store.event_spans import accounted

_NS_PER_MS = 1_000_000
_WORST = (Analysis.SKIPPED, Analysis.ANALYSED, Analysis.QUIET)


class UnderstoodSpan(BaseModel):
    """``analysed``: its pictures were looked at; ``quiet``: nothing moved; ``skipped``: neither,
    and ``cause`` says why. What stands for several short ones has the state of the one that matters
    most, and sums of all."""

    from_ms: int
    to_ms: int
    state: Analysis
    cause: SkipCause | None
    coarse: bool = Field(description="Fewer than two pictures a second were looked at.")
    analysed_ms: int
    quiet_ms: int
    skipped_ms: int


class DensityInfo(BaseModel):
    """A bucket in which something moved: the most of the picture at once (0 to 1), and for how long
    anything did."""

    from_ms: int
    peak: float
    moving_ms: int


class EventMarkInfo(BaseModel):
    """``count`` events that rules found and that begin here, too near to be drawn apart."""

    from_ms: int
    to_ms: int
    count: int


@dataclass(frozen=True, slots=True)
class Understood:
    """``spans`` in order, apart."""

    spans: Sequence[AnalysisSpan]

    @property
    def lengths(self) -> dict[Analysis, int]:
        """How much was understood how, in ns."""
        return _lengths(self.spans)

    def drawn(self, pixel_ns: int) -> list[UnderstoodSpan]:
        """Few enough to draw; those of a pixel and longer keep their exact ends."""
        found: list[list[AnalysisSpan]] = []
        for span in self.spans:
            last = found[-1] if found else None
            is_short = span.to_ns - span.from_ns < pixel_ns
            if (
                last is not None
                and is_short
                and last[-1].to_ns == span.from_ns
                and span.to_ns - last[0].from_ns <= pixel_ns
            ):
                last.append(span)
            else:
                found.append([span])
        return [_together(each) for each in found]


def understood(
    of: Services, camera: CameraId, stream: StreamName, span: Times,
    allowed: Sequence[Times] | None = None,
) -> Understood:  # fmt: skip
    """All that was recorded in a span (UTC ns): told of, or skipped because nobody told of it.
    ``allowed``: nothing of what lies outside of these."""
    line: StreamTimeline | None = None
    now_ns = of.ports.clock.wall_ns()
    with of.ports.index.merged() as index:
        streams = {row.stream for row in index.streams() if row.camera == camera}
        if stream in streams and span[0] < span[1]:
            line = timeline(index, camera, stream, *span, now_ns)
    recorded = _recorded(line)
    store = of.ports.events.store
    spans = accounted(store.spans(camera, *span), recorded, camera, store.switched_off(*span))
    if allowed is not None:
        spans = [
            AnalysisSpan(
                camera=camera, from_ns=begin, to_ns=end, state=each.state, cause=each.cause,
                coarse=each.coarse,
            )
            for each in spans
            for begin, end in common([(each.from_ns, each.to_ns)], allowed)
        ]  # fmt: skip
    return Understood(spans)


def density_info(
    of: Services, camera: CameraId, span: Times, pixels: int
) -> tuple[int, list[DensityInfo]]:
    """Seconds of a bucket, and buckets in order."""
    bucket_s = bucket_for(*span, pixels)
    found = of.ports.events.store.density(camera, *span, bucket_s)
    return bucket_s, [
        DensityInfo(
            from_ms=each.from_ns // _NS_PER_MS, peak=round(each.peak, 3),
            moving_ms=each.moving_s * 1000,
        )
        for each in found
    ]  # fmt: skip


def event_marks(
    of: Services, camera: CameraId, span: Times, pixel_ns: int, allowed: Sequence[Times]
) -> list[EventMarkInfo]:
    """Of events of footage that may be told of; what they are is asked for as events."""
    return [
        EventMarkInfo(
            from_ms=each.from_ns // _NS_PER_MS, to_ms=each.to_ns // _NS_PER_MS, count=each.count
        )
        for begin, end in common([span], allowed)
        for each in of.ports.events.store.marks(camera, begin, end, pixel_ns)
        if each.to_ns <= end
    ]  # fmt: skip


def within(density: Sequence[DensityInfo], bucket_s: int, allowed: Sequence[Times]) -> list[
    DensityInfo
]:  # fmt: skip
    """Buckets that lie wholly in footage that may be told of."""
    return [
        each
        for each in density
        if any(
            a <= each.from_ms * _NS_PER_MS and each.from_ms * _NS_PER_MS + bucket_s * NS_PER_S <= b
            for a, b in allowed
        )
    ]


def _recorded(line: StreamTimeline | None) -> list[Times]:
    found: list[Times] = []
    for each in line.spans if line is not None else ():
        if each.kind is not SpanKind.MEDIA:
            continue
        if found and found[-1][1] >= each.from_ns:
            found[-1] = found[-1][0], max(found[-1][1], each.to_ns)
        else:
            found.append((each.from_ns, each.to_ns))
    return found


def _lengths(spans: Sequence[AnalysisSpan]) -> dict[Analysis, int]:
    return {
        state: sum(each.to_ns - each.from_ns for each in spans if each.state is state)
        for state in Analysis
    }


def _together(spans: Sequence[AnalysisSpan]) -> UnderstoodSpan:
    lengths = _lengths(spans)
    state = next(each for each in _WORST if lengths[each])
    causes = [each.cause for each in spans if each.state is state]
    return UnderstoodSpan(
        from_ms=spans[0].from_ns // _NS_PER_MS, to_ms=spans[-1].to_ns // _NS_PER_MS, state=state,
        cause=max(causes, key=causes.count),
        coarse=any(each.coarse for each in spans),
        **{f"{each.value}_ms": lengths[each] // _NS_PER_MS for each in Analysis},
    )  # fmt: skip
