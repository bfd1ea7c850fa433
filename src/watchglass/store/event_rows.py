"""Rows of events, tracks and reviews, as they are read."""

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from watchglass.base.ids import CameraId
from watchglass.model.analysis import TamperKind
from watchglass.model.area import AreaId
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import BestPicture, Event, EventId, ReviewId, Why
from watchglass.model.object_track import TrackEnd, TrackId, TrackPoint
from watchglass.model.rule import RuleId
from watchglass.store.event_points import bounds, pack, thinned, unpack

MOST_PATH = 400
_WHY: msgspec.json.Decoder[Why] = msgspec.json.Decoder(Why)
_BOX = ("x0", "y0", "x1", "y1")


@dataclass(frozen=True, slots=True)
class TrackRow:
    """A thing that was seen, whether or not a rule found it. ``job`` empty: as it happened."""

    id: TrackId
    camera: CameraId
    kind: ObjectClass
    from_ns: int
    to_ns: int
    ended: TrackEnd | None
    confidence: float
    coarse: bool
    detector: str
    points: tuple[TrackPoint, ...]


@dataclass(frozen=True, slots=True)
class TamperRow:
    """What was done to a camera's view, or happened to it."""

    id: str
    camera: CameraId
    kind: TamperKind
    from_ns: int
    to_ns: int | None
    confidence: float


@dataclass(frozen=True, slots=True)
class AlarmNote:
    at_ns: int
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review item with what people did with it. ``seen``: by whom, and nothing came since."""

    id: ReviewId
    camera: CameraId
    from_ns: int
    to_ns: int
    open: bool
    alarm: bool
    seen: bool
    seen_ns: int | None
    seen_by: str
    acknowledged_ns: int | None
    acknowledged_by: str
    assigned_to: str
    notes: tuple[AlarmNote, ...]
    events: tuple[Event, ...]
    tampers: tuple[TamperRow, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """Ways over a line, or into a zone and out of it, from ``from_ns`` for one bucket."""

    rule: RuleId
    kind: ObjectClass
    from_ns: int
    forward: int
    backward: int


def event_row(event: Event, job: str) -> dict[str, object]:
    """As it is kept: its path with at most so many points."""
    path = thinned(event.path, MOST_PATH)
    around = bounds(path) or event.best.box
    # A path that is longer than an hour is kept to the hour.
    blobs = pack(path)
    return {
        "id": event.id, "camera": event.camera, "rule": event.rule,
        "area": event.why.rule.area, "kind": event.kind.value, "track": event.track,
        "from_ns": event.from_ns, "to_ns": event.to_ns, "confidence": event.confidence,
        "best_ns": event.best.at_ns,
        **{f"best_{name}": getattr(event.best.box, name) for name in _BOX},
        **{name: getattr(around, name) for name in _BOX},
        "path": blobs[0] if blobs else b"", "why": msgspec.json.encode(event.why),
        "detector": event.detector, "coarse": event.coarse, "review": event.review, "job": job,
    }  # fmt: skip


def event_of(row: sa.RowMapping) -> Event:
    """ValueError, or another of its kind, for a row that no version of us has written."""
    path: bytes = row["path"]
    return Event(
        id=EventId(row["id"]), camera=CameraId(row["camera"]), rule=RuleId(row["rule"]),
        kind=ObjectClass(row["kind"]), track=TrackId(row["track"]), from_ns=row["from_ns"],
        to_ns=row["to_ns"], confidence=row["confidence"],
        best=BestPicture(row["best_ns"], Box(*(row[f"best_{name}"] for name in _BOX))),
        path=unpack(path) if path else (), why=_WHY.decode(row["why"]),
        detector=row["detector"], coarse=row["coarse"],
        review=ReviewId(row["review"]) if row["review"] is not None else None,
    )  # fmt: skip


def tamper_of(row: sa.RowMapping) -> TamperRow:
    return TamperRow(
        row["id"], CameraId(row["camera"]), TamperKind(row["kind"]), row["from_ns"], row["to_ns"],
        row["confidence"],
    )  # fmt: skip


def area_of(row: sa.RowMapping) -> AreaId | None:
    return AreaId(row["area"]) if row["area"] is not None else None
