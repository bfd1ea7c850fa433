"""What the events-worker writes: all of a report and of what was found in it, or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from watchglass.base.ids import CameraId
from watchglass.model.analysis import AnalysisSpan, MotionSeen, Report, Tampered
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.event import Event, ReviewId
from watchglass.model.found import Crossing
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.review import Review
from watchglass.model.rule import Direction
from watchglass.store.database import Database
from watchglass.store.event_changes import next_change
from watchglass.store.event_keyed import Keyed
from watchglass.store.event_motion import put_motion
from watchglass.store.event_points import begins_ns, bounds, pack, packed_again, unpack
from watchglass.store.event_rows import event_of, event_row, tamper_of
from watchglass.store.event_spans import put_spans
from watchglass.store.event_tables import (
    CROSSINGS,
    EVENTS,
    POINTS,
    REVIEWS,
    SESSIONS,
    TAMPERS,
    TRACKS,
)

_SESSIONS = Keyed(SESSIONS, "session")
_EVENTS, _REVIEWS, _CROSSINGS, _TAMPERS = (
    Keyed(table, "id") for table in (EVENTS, REVIEWS, CROSSINGS, TAMPERS)
)
_TRACK = sa.select(TRACKS).where(TRACKS.c.id == sa.bindparam("one"))
_TRACK_ON = sa.update(TRACKS).where(TRACKS.c.num == sa.bindparam("key_num"))
_NEW_POINTS = sa.insert(POINTS)


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a report, to be kept whole. ``tampers`` with the review item of each;
    ``job``: the look at the past that all of it belongs to."""

    report: Report | None
    now_ns: int
    events: Sequence[Event] = ()
    reviews: Sequence[Review] = ()
    crossings: Sequence[Crossing] = ()
    tampers: Sequence[tuple[Tampered, ReviewId]] = ()
    job: str = ""


class EventWriter:
    """A part of ``EventStore``, whose rules for errors hold."""

    _database: Database

    def last(self, session: str) -> int | None:
        """The number of the last report of a session that is written."""
        with self._database.read() as connection:
            asked = sa.select(SESSIONS.c.last).filter_by(session=session)
            found: int | None = connection.scalar(asked)
            return found

    def write(self, *several: Written) -> None:
        """Keep it, all in one transaction. Whatever is told again takes the place of what was told
        before."""
        with self._database.write() as connection:
            reports = [(each.report, each.now_ns) for each in several if each.report is not None]
            self._put_items(connection, [report for report, _ in reports])
            _SESSIONS.put(
                connection,
                [
                    {"session": report.session, "last": report.number, "at_ns": now_ns}
                    for report, now_ns in reports
                ],
            )
            told = any(each.events or each.reviews for each in several)
            change = {"change": next_change(connection) if told else 0}
            for each in several:
                job = each.job
                _EVENTS.put(connection, [event_row(one, job) | change for one in each.events])
                _REVIEWS.put(connection, [_review(one, job) | change for one in each.reviews])
                _CROSSINGS.put(connection, [_crossing(one, job) for one in each.crossings])
                _TAMPERS.put(connection, [_tamper(*one) for one in each.tampers])

    def open_tracks(self, since_ns: int, job: str = "") -> tuple[TrackPart, ...]:
        """Those that go on, or may, as they settled, and were seen after then; each with all its
        points so far."""
        may = sa.or_(TRACKS.c.ended.is_(None), TRACKS.c.ended == TrackEnd.SETTLED.value)
        asked = sa.select(TRACKS).where(may, TRACKS.c.job == job, TRACKS.c.to_ns >= since_ns)
        with self._database.read() as connection:
            rows = connection.execute(asked.order_by(TRACKS.c.from_ns)).mappings().all()
            return tuple(_part(row, points_of(connection, row["num"])) for row in rows)

    def open_events(self) -> tuple[Event, ...]:
        """Those that go on."""
        asked = sa.select(EVENTS).where(EVENTS.c.to_ns.is_(None), EVENTS.c.job == "")
        with self._database.read() as connection:
            return tuple(event_of(row) for row in connection.execute(asked).mappings())

    def events_since(self, since_ns: int) -> tuple[Event, ...]:
        """Those that began, or ended, after then."""
        late = sa.or_(EVENTS.c.from_ns >= since_ns, EVENTS.c.to_ns >= since_ns)
        with self._database.read() as connection:
            rows = connection.execute(sa.select(EVENTS).where(late, EVENTS.c.job == ""))
            return tuple(event_of(row) for row in rows.mappings())

    def reviews_since(self, since_ns: int) -> tuple[Review, ...]:
        """Items that are open, or ended after then."""
        asked = sa.select(REVIEWS).where(sa.or_(REVIEWS.c.open, REVIEWS.c.to_ns >= since_ns))
        with self._database.read() as connection:
            rows = connection.execute(asked.where(REVIEWS.c.job == "")).mappings()
            return tuple(
                Review(
                    id=ReviewId(row["id"]), camera=CameraId(row["camera"]),
                    from_ns=row["from_ns"], to_ns=row["to_ns"], open=row["open"],
                    alarm=row["alarm"], notify=row["notify"],
                )
                for row in rows
            )  # fmt: skip

    def tampers_open(self) -> tuple[tuple[Tampered, ReviewId | None], ...]:
        """Those that go on, with their review items."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(TAMPERS).where(TAMPERS.c.to_ns.is_(None)))
            found = []
            for row in rows.mappings():
                told = tamper_of(row)
                tamper = Tampered(
                    id=told.id, camera=told.camera, kind=told.kind, from_ns=told.from_ns,
                    to_ns=None, confidence=told.confidence,
                )  # fmt: skip
                found.append((tamper, row["review"]))
            return tuple(found)

    def _put_items(self, connection: sa.Connection, reports: Sequence[Report]) -> None:
        items = [(each, report.job) for report in reports for each in report.items]
        put_spans(connection, [each for each, _ in items if isinstance(each, AnalysisSpan)])
        put_motion(connection, [each for each, _ in items if isinstance(each, MotionSeen)])
        tracks: dict[tuple[str, TrackId], TrackPart] = {}
        for each, job in items:
            if isinstance(each, TrackPart):
                before = tracks.get((job, each.track))
                tracks[job, each.track] = each if before is None else joined(before, each)
        for (job, _), part in tracks.items():
            put_track(connection, part, job)


def joined(before: TrackPart, part: TrackPart) -> TrackPart:
    """Two parts of a track, one told after the other, as one."""
    last_ns = before.points[-1].at_ns if before.points else -1
    new = tuple(each for each in part.points if each.at_ns > last_ns)
    # What settled, and is seen again, goes on.
    end = part.end if part.end is not None or part.points else before.end
    return TrackPart(
        camera=part.camera, track=part.track, kind=part.kind, points=before.points + new,
        detector=part.detector, coarse=before.coarse or part.coarse, end=end,
    )  # fmt: skip


def put_track(connection: sa.Connection, part: TrackPart, job: str) -> None:
    """A part more of a track; points that were told before are not there twice."""
    known = connection.execute(_TRACK, {"one": part.track}).mappings().first()
    if known is None and not part.points:
        return
    values = _track(part, known, job)
    if known is None:
        num = connection.execute(sa.insert(TRACKS).values(**values)).inserted_primary_key
        assert num is not None
        number: int = num[0]
    else:
        number = known["num"]
        connection.execute(_TRACK_ON, [values | {"key_num": number}])
    new = [each for each in part.points if known is None or each.at_ns > known["to_ns"]]
    _put_blobs(connection, number, pack(new))
    if part.end is not None:
        _put_together(connection, number)


def points_of(connection: sa.Connection, track: int) -> tuple[TrackPoint, ...]:
    """All points of a track, in order."""
    return tuple(point for blob in _blobs(connection, track) for point in unpack(blob))


def _put_together(connection: sa.Connection, track: int) -> None:
    blobs = packed_again(_blobs(connection, track))
    connection.execute(sa.delete(POINTS).where(POINTS.c.track == track))
    _put_blobs(connection, track, blobs)


def _blobs(connection: sa.Connection, track: int) -> Iterable[bytes]:
    asked = sa.select(POINTS.c.points).filter_by(track=track).order_by(POINTS.c.from_ns)
    return connection.scalars(asked)


def _put_blobs(connection: sa.Connection, track: int, blobs: Iterable[bytes]) -> None:
    """One, or some: none begins where another does."""
    rows = [{"track": track, "from_ns": begins_ns(blob), "points": blob} for blob in blobs]
    if rows:
        connection.execute(_NEW_POINTS, rows)


def _track(part: TrackPart, known: sa.RowMapping | None, job: str) -> dict[str, object]:
    seen = [each for each in part.points if each.seen] or list(part.points)
    around = bounds(seen)
    confidence = max((each.confidence for each in seen), default=0.0)
    from_ns = part.points[0].at_ns if part.points else 0
    to_ns = part.points[-1].at_ns if part.points else 0
    if known is not None:
        from_ns = min(known["from_ns"], from_ns or known["from_ns"])
        to_ns = max(known["to_ns"], to_ns)
        confidence = max(known["confidence"], confidence)
        before = Box(*(known[name] for name in ("x0", "y0", "x1", "y1")))
        around = before if around is None else _both(before, around)
    assert around is not None
    ended = part.end
    if ended is None and not part.points and known is not None:
        ended = known["ended"]  # else it goes on: what settled has moved again
    return {
        "id": part.track, "camera": part.camera, "kind": part.kind.value, "from_ns": from_ns,
        "to_ns": to_ns, "ended": ended, "confidence": confidence,
        "coarse": part.coarse or (known is not None and known["coarse"]),
        "detector": part.detector, "job": job, "x0": around.x0, "y0": around.y0,
        "x1": around.x1, "y1": around.y1,
    }  # fmt: skip


def _both(one: Box, other: Box) -> Box:
    return Box(
        min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1)
    )


def _part(row: sa.RowMapping, points: tuple[TrackPoint, ...]) -> TrackPart:
    return TrackPart(
        camera=CameraId(row["camera"]), track=TrackId(row["id"]), kind=ObjectClass(row["kind"]),
        points=points, detector=row["detector"], coarse=row["coarse"],
        end=TrackEnd(row["ended"]) if row["ended"] is not None else None,
    )  # fmt: skip


def _review(review: Review, job: str) -> dict[str, object]:
    return {
        "id": review.id, "camera": review.camera, "from_ns": review.from_ns,
        "to_ns": review.to_ns, "open": review.open, "alarm": review.alarm,
        "notify": review.notify, "job": job,
    }  # fmt: skip


def _crossing(crossing: Crossing, job: str) -> dict[str, object]:
    return {
        "id": crossing.id, "camera": crossing.camera, "rule": crossing.rule,
        "kind": crossing.kind.value, "at_ns": crossing.at_ns,
        "forward": crossing.direction is not Direction.BACKWARD, "job": job,
    }  # fmt: skip


def _tamper(tamper: Tampered, review: ReviewId) -> dict[str, object]:
    return {
        "id": tamper.id, "camera": tamper.camera, "kind": tamper.kind.value,
        "from_ns": tamper.from_ns, "to_ns": tamper.to_ns, "confidence": tamper.confidence,
        "review": review,
    }  # fmt: skip
