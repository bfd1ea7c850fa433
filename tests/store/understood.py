"""What a camera saw, as tests make it."""

from collections.abc import Sequence

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, random_id
from watchglass.model.analysis import Analysis, AnalysisSpan, MotionSeen, SkipCause
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import BestPicture, Event, EventId, ReviewId, Why
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.review import Review
from watchglass.model.rule import Rule, RuleId, RuleKind

CAMERA = CameraId("c" * 32)
BEGAN_NS = 1_800_000_000 * NS_PER_S


def at(seconds: float) -> int:
    """UTC ns, so long after the beginning."""
    return BEGAN_NS + round(seconds * NS_PER_S)


def walk(
    track: str,
    from_s: float,
    to_s: float,
    *,
    camera: CameraId = CAMERA,
    way: tuple[tuple[float, float], tuple[float, float]] = ((0.1, 0.5), (0.9, 0.5)),
    end: TrackEnd | None = TrackEnd.LEFT,
    kind: ObjectClass = ObjectClass.PERSON,
    rate: float = 5.0,
) -> TrackPart:
    """Somebody who goes straight from one place to another, seen ``rate`` times a second."""
    count = max(2, round((to_s - from_s) * rate))
    (x0, y0), (x1, y1) = way
    points = []
    for number in range(count):
        part = number / (count - 1)
        x, y = x0 + (x1 - x0) * part, y0 + (y1 - y0) * part
        box = Box(max(0, x - 0.03), max(0, y - 0.2), min(1, x + 0.03), y)
        points.append(TrackPoint(at(from_s + (to_s - from_s) * part), box, 0.8))
    return TrackPart(
        camera=camera, track=TrackId(track), kind=kind, points=tuple(points), detector="regions",
        end=end,
    )  # fmt: skip


def rule(kind: RuleKind = RuleKind.MOTION, camera: CameraId = CAMERA) -> Rule:
    return Rule(id=RuleId("a" * 32), camera=camera, name=kind.value, kind=kind)


def event_of(part: TrackPart, by: Rule | None = None, review: str | None = None) -> Event:
    """As a rule that looks at all of the picture finds it."""
    by = by or rule(camera=part.camera)
    first, last = part.points[0], part.points[-1]
    return Event(
        id=EventId(random_id()), camera=part.camera, rule=by.id, kind=part.kind, track=part.track,
        from_ns=first.at_ns, to_ns=last.at_ns if part.end is not None else None, confidence=0.8,
        best=BestPicture(first.at_ns, first.box), path=part.points,
        why=Why(rule=by, points=(), at_ns=first.at_ns, at=first.box.foot), detector=part.detector,
        review=ReviewId(review) if review is not None else None,
    )  # fmt: skip


def review_of(event: Event, *, alarm: bool = False) -> Review:
    assert event.review is not None
    return Review(
        id=event.review, camera=event.camera, from_ns=event.from_ns,
        to_ns=event.to_ns or event.from_ns, alarm=alarm,
    )  # fmt: skip


def span(
    from_s: float,
    to_s: float,
    state: Analysis = Analysis.ANALYSED,
    cause: SkipCause | None = None,
    camera: CameraId = CAMERA,
) -> AnalysisSpan:
    if state is Analysis.SKIPPED and cause is None:
        cause = SkipCause.OVERLOAD
    return AnalysisSpan(camera=camera, from_ns=at(from_s), to_ns=at(to_s), state=state, cause=cause)


def moved(from_s: float, to_s: float, amount: float, camera: CameraId = CAMERA) -> MotionSeen:
    return MotionSeen(
        camera=camera, from_ns=at(from_s), to_ns=at(to_s), amount=amount, where=Box(0, 0, 1, 1)
    )


def items_of(parts: Sequence[TrackPart]) -> tuple[TrackPart, ...]:
    return tuple(parts)
