"""Events, and review items, as the API tells them."""

from pydantic import BaseModel, Field

from watchglass.api.rules import RuleInfo, rule_info
from watchglass.model.analysis import TamperKind
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import Event
from watchglass.model.object_track import TrackPoint
from watchglass.model.rule import Direction, Rule, RuleKind
from watchglass.store.event_rows import ReviewRow, TamperRow

NS_PER_MS = 1_000_000
BoxInfo = tuple[float, float, float, float]
"""Left, top, right, bottom: from 0 to 1, from the upper left of the picture."""


class BestInfo(BaseModel):
    """Where in the recording it is seen best: ask for a thumbnail or a still of that moment."""

    at_ms: int
    box: BoxInfo


class EventInfo(BaseModel):
    """What a rule found; ``rule_name`` and ``rule_kind`` are as they were then. ``to_ms`` None: it
    goes on. ``kind`` `moving`: something, and nothing says what. ``coarse``: fewer than two
    pictures a second were looked at. ``detector``: the SHA-256 of the model, or `regions`."""

    id: str
    camera: str
    rule: str
    rule_name: str
    rule_kind: RuleKind
    area: str | None
    kind: ObjectClass
    from_ms: int
    to_ms: int | None
    confidence: float
    best: BestInfo
    direction: Direction | None
    coarse: bool
    detector: str
    review: str | None


class PointInfo(BaseModel):
    """``seen`` False: carried on by the tracker, a guess."""

    at_ms: int
    box: BoxInfo
    confidence: float
    seen: bool


class WhyInfo(BaseModel):
    """All that the rule decided by: itself as it was, its area as it lay (``points``), and where
    and when it was met. ``sentence`` says the same in words."""

    rule: RuleInfo
    points: list[tuple[float, float]]
    at_ms: int
    at: tuple[float, float] | None
    direction: Direction | None
    stayed_s: float
    count: int
    sentence: str


class EventDetail(EventInfo):
    """With its path, thinned out, and why it is one."""

    path: list[PointInfo]
    why: WhyInfo


class TamperInfo(BaseModel):
    """The view was covered, turned away, out of focus, or is another. ``to_ms`` None: still."""

    id: str
    camera: str
    kind: TamperKind
    from_ms: int
    to_ms: int | None
    confidence: float


class NoteInfo(BaseModel):
    at_ms: int
    by: str
    text: str


class ReviewInfo(BaseModel):
    """Events of one camera near in time. ``open``: more may join. ``seen``: somebody has seen it,
    and nothing joined it since. ``best``: the picture to show of it. Of many events the first 50
    are told; ``kinds`` are of those."""

    id: str
    camera: str
    from_ms: int
    to_ms: int
    open: bool
    seen: bool
    seen_ms: int | None
    seen_by: str
    alarm: bool
    acknowledged_ms: int | None
    acknowledged_by: str
    assigned_to: str
    notes: list[NoteInfo]
    kinds: list[ObjectClass]
    best: BestInfo | None
    events: list[EventInfo]
    tampers: list[TamperInfo]


class WaitingInfo(BaseModel):
    """What waits for somebody, of the cameras that whoever asks may see."""

    unseen: int = Field(description="Review items that nobody has seen.")
    alarms: int = Field(description="Alarms that nobody has acknowledged.")


def box_info(box: Box) -> BoxInfo:
    return round(box.x0, 4), round(box.y0, 4), round(box.x1, 4), round(box.y1, 4)


def ns_of(ms: int) -> int:
    """At most what a database keeps: in the year 2116."""
    return min(ms * NS_PER_MS, 2**62)


def ms_of(ns: int | None) -> int | None:
    return ns // NS_PER_MS if ns is not None else None


def event_info(event: Event) -> EventInfo:
    """Without its path."""
    why = event.why
    return EventInfo(
        id=event.id, camera=event.camera, rule=event.rule, rule_name=why.rule.name,
        rule_kind=why.rule.kind, area=why.rule.area, kind=event.kind,
        from_ms=event.from_ns // NS_PER_MS, to_ms=ms_of(event.to_ns),
        confidence=round(event.confidence, 3),
        best=BestInfo(at_ms=event.best.at_ns // NS_PER_MS, box=box_info(event.best.box)),
        direction=why.direction, coarse=event.coarse, detector=event.detector,
        review=event.review,
    )  # fmt: skip


def event_detail(event: Event, area_name: str) -> EventDetail:
    """``area_name``: as the area is called now; empty for all of the picture."""
    why = event.why
    return EventDetail(
        **dict(event_info(event)),
        path=[point_info(each) for each in event.path],
        why=WhyInfo(
            rule=rule_info(why.rule), points=list(why.points), at_ms=why.at_ns // NS_PER_MS,
            at=why.at, direction=why.direction, stayed_s=why.stayed_s, count=why.count,
            sentence=sentence_of(event, area_name),
        ),
    )  # fmt: skip


def point_info(point: TrackPoint) -> PointInfo:
    return PointInfo(
        at_ms=point.at_ns // NS_PER_MS, box=box_info(point.box),
        confidence=round(point.confidence, 3), seen=point.seen,
    )  # fmt: skip


def tamper_info(tamper: TamperRow) -> TamperInfo:
    return TamperInfo(
        id=tamper.id, camera=tamper.camera, kind=tamper.kind,
        from_ms=tamper.from_ns // NS_PER_MS, to_ms=ms_of(tamper.to_ns),
        confidence=round(tamper.confidence, 3),
    )  # fmt: skip


def review_info(review: ReviewRow) -> ReviewInfo:
    best = max(review.events, key=lambda each: each.confidence, default=None)
    return ReviewInfo(
        id=review.id, camera=review.camera, from_ms=review.from_ns // NS_PER_MS,
        to_ms=review.to_ns // NS_PER_MS, open=review.open, seen=review.seen,
        seen_ms=ms_of(review.seen_ns), seen_by=review.seen_by, alarm=review.alarm,
        acknowledged_ms=ms_of(review.acknowledged_ns), acknowledged_by=review.acknowledged_by,
        assigned_to=review.assigned_to,
        notes=[
            NoteInfo(at_ms=each.at_ns // NS_PER_MS, by=each.by, text=each.text)
            for each in review.notes
        ],
        kinds=sorted({each.kind for each in review.events}),
        best=event_info(best).best if best is not None else None,
        events=[event_info(each) for each in review.events],
        tampers=[tamper_info(each) for each in review.tampers],
    )  # fmt: skip


def sentence_of(event: Event, area_name: str) -> str:
    """'A person crossed "gate" forward. The tracker was 82% sure.'"""
    what = "Something that moved" if event.kind is ObjectClass.MOVING else f"A {event.kind.value}"
    return f"{what} {_did(event, area_name)}. It was taken for that with {event.confidence:.0%}."


def _did(event: Event, area_name: str) -> str:
    why = event.why
    where = f"'{area_name}'" if area_name else "the picture"
    rule: Rule = why.rule
    match rule.kind:
        case RuleKind.MOTION:
            return f"moved in {where}"
        case RuleKind.ENTER:
            return f"came into {where}"
        case RuleKind.LEAVE:
            return f"left {where}"
        case RuleKind.CROSSING | RuleKind.COUNTING:
            way = f" {why.direction.value}" if why.direction is not None else ""
            return f"crossed {where}{way}"
        case RuleKind.LOITERING:
            return f"stayed in {where} for {why.stayed_s:.0f} s, at least {rule.dwell_s:.0f} s"
        case RuleKind.CROWDING:
            return (
                f"was one of {why.count} in {where}, at least {rule.count},"
                f" for {why.stayed_s:.0f} s"
            )
