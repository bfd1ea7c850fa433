"""Questions for events and tracks: by camera, time, kind, rule, area, and where they were.

Who asks may see some footage of some cameras; nothing leaves here that is not wholly of that. What
SQL can narrow it narrows; whether a path goes through a drawn region is then seen in its points.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

from watchglass.base.ids import CameraId
from watchglass.model.area import AreaId
from watchglass.model.detection import ObjectClass
from watchglass.model.event import Event, EventId
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.polygon import Point, inside
from watchglass.model.rule import RuleId
from watchglass.store.database import Database
from watchglass.store.event_rows import TrackRow, event_of
from watchglass.store.event_tables import EVENTS, TRACKS
from watchglass.store.event_writer import points_of

Times = tuple[int, int]
T = TypeVar("T")

_EVER_NS = 2**62
_PAGE = 200
MOST_EXAMINED = 4000
"""Rows whose paths are looked at for one page; then the asker is led on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``allowed``: footage (UTC ns) of each camera that may be told of. ``region``, ``then``: the
    path goes through the one, and through the other after that. ``before``: where the last page
    ended. ``job`` empty: what was found as it happened."""

    allowed: Mapping[CameraId, Sequence[Times]]
    from_ns: int = 0
    to_ns: int = _EVER_NS
    kinds: frozenset[ObjectClass] = frozenset()
    rules: frozenset[RuleId] = frozenset()
    area: AreaId | None = None
    region: tuple[Point, ...] = ()
    then: tuple[Point, ...] = ()
    job: str = ""
    before: tuple[int, str] | None = None
    most: int = 100


@dataclass(frozen=True, slots=True)
class EventMark:
    """``count`` events that begin within a pixel of one another; UTC ns, ``to_ns`` the last end of
    those that have ended."""

    from_ns: int
    to_ns: int
    count: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Newest first. ``before`` leads on; None: there are no more."""

    found: tuple[T, ...]
    before: tuple[int, str] | None


class EventSearch:
    """A part of ``EventStore``, whose rules for errors hold."""

    _database: Database

    def events(self, wanted: Wanted) -> Page[Event]:
        """Events that touch the span and fit."""
        narrowed = [*_narrowed(EVENTS, wanted), EVENTS.c.job == wanted.job]
        if wanted.rules:
            narrowed.append(EVENTS.c.rule.in_(wanted.rules))
        if wanted.area is not None:
            narrowed.append(EVENTS.c.area == wanted.area)

        def read(_: sa.Connection, row: sa.RowMapping) -> Event | None:
            event = event_of(row)
            return event if goes_through(event.path, wanted.region, wanted.then) else None

        return self._page(EVENTS, narrowed, wanted, read)

    def tracks(self, wanted: Wanted) -> Page[TrackRow]:
        """Things that were seen, whether or not a rule found them."""
        narrowed = [*_narrowed(TRACKS, wanted), TRACKS.c.job == wanted.job]

        def read(connection: sa.Connection, row: sa.RowMapping) -> TrackRow | None:
            points = points_of(connection, row["num"])
            if not goes_through(points, wanted.region, wanted.then):
                return None
            return TrackRow(
                TrackId(row["id"]), CameraId(row["camera"]), ObjectClass(row["kind"]),
                row["from_ns"], row["to_ns"],
                TrackEnd(row["ended"]) if row["ended"] is not None else None,
                row["confidence"], row["coarse"], row["detector"], points,
            )  # fmt: skip

        return self._page(TRACKS, narrowed, wanted, read)

    def marks(
        self, camera: CameraId, from_ns: int, to_ns: int, pixel_ns: int
    ) -> Sequence[EventMark]:
        """Where on a span of that many pixels there are events that begin in it, in order."""
        place = (EVENTS.c.from_ns - from_ns) // max(1, pixel_ns)
        ends = sa.func.max(sa.func.coalesce(EVENTS.c.to_ns, EVENTS.c.from_ns))
        asked = (
            sa.select(sa.func.min(EVENTS.c.from_ns), ends, sa.func.count())
            .where(
                EVENTS.c.camera == camera, EVENTS.c.job == "", EVENTS.c.from_ns >= from_ns,
                EVENTS.c.from_ns < to_ns,
            )
            .group_by(place)
            .order_by(place)
        )  # fmt: skip
        with self._database.read() as connection:
            return [EventMark(*row) for row in connection.execute(asked)]

    def event(self, event: EventId) -> Event | None:
        """One of them, of whatever job; None where there is none."""
        with self._database.read() as connection:
            asked = sa.select(EVENTS).where(EVENTS.c.id == event)
            row = connection.execute(asked).mappings().first()
        return event_of(row) if row is not None else None

    def parts(
        self, camera: CameraId, from_ns: int, to_ns: int, job: str = "", most_points: int = 2000
    ) -> Iterator[TrackPart]:
        """The tracks of a span, whole, in the order of their beginnings: to try rules on them."""
        asked = (
            sa.select(TRACKS)
            .where(
                TRACKS.c.camera == camera, TRACKS.c.job == job, TRACKS.c.from_ns < to_ns,
                TRACKS.c.to_ns >= from_ns,
            )
            .order_by(TRACKS.c.from_ns)
        )  # fmt: skip
        with self._database.read() as connection:
            for row in connection.execute(asked).mappings().all():
                points = points_of(connection, row["num"])
                ended = row["ended"]
                for at in range(0, max(1, len(points)), most_points):
                    is_last = at + most_points >= len(points)
                    yield TrackPart(
                        camera=camera, track=TrackId(row["id"]), kind=ObjectClass(row["kind"]),
                        points=points[at : at + most_points], detector=row["detector"],
                        coarse=row["coarse"],
                        end=TrackEnd(ended) if ended is not None and is_last else None,
                    )  # fmt: skip

    def _page(
        self,
        table: sa.Table,
        narrowed: Sequence[sa.ColumnElement[bool]],
        wanted: Wanted,
        read: Callable[[sa.Connection, sa.RowMapping], T | None],
    ) -> Page[T]:
        found: list[T] = []
        before, examined = wanted.before, 0
        order = (table.c.from_ns.desc(), table.c.id.desc())
        with self._database.read() as connection:
            while examined < MOST_EXAMINED:
                asked = sa.select(table).where(*narrowed)
                if before is not None:
                    asked = asked.where(
                        sa.tuple_(table.c.from_ns, table.c.id) < sa.tuple_(*map(sa.literal, before))
                    )
                rows = connection.execute(asked.order_by(*order).limit(_PAGE)).mappings().all()
                for row in rows:
                    item = read(connection, row)
                    before, examined = (row["from_ns"], row["id"]), examined + 1
                    if item is not None:
                        found.append(item)
                    if len(found) == wanted.most:
                        return Page(tuple(found), before)
                if len(rows) < _PAGE:
                    return Page(tuple(found), None)
        return Page(tuple(found), before)


def goes_through(
    points: Iterable[TrackPoint], region: Sequence[Point], then: Sequence[Point]
) -> bool:
    """Whether something stood, or had its middle, in ``region``, and in ``then`` after that. Where
    none is drawn, everywhere is."""
    wanted = [each for each in (region, then) if each]
    for point in points:
        if not wanted:
            return True
        box = point.box
        middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
        if point.seen and (inside(wanted[0], box.foot) or inside(wanted[0], middle)):
            wanted.pop(0)
    return not wanted


def allowed(table: sa.Table, times: Mapping[CameraId, Sequence[Times]]) -> sa.ColumnElement[bool]:
    """Rows that lie wholly in the footage that may be told of."""
    end = sa.func.coalesce(table.c.to_ns, table.c.from_ns)
    whole = [
        camera for camera, spans in times.items() if any(a <= 0 and b >= _EVER_NS for a, b in spans)
    ]
    parts = [
        sa.and_(table.c.camera == camera, table.c.from_ns >= a, end <= b)
        for camera, spans in times.items()
        if camera not in whole
        for a, b in spans
    ]
    return sa.or_(table.c.camera.in_(whole), *parts) if whole or parts else sa.false()


def _narrowed(table: sa.Table, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    end = sa.func.coalesce(table.c.to_ns, _EVER_NS)
    narrowed = [
        allowed(table, wanted.allowed), table.c.from_ns < wanted.to_ns, end >= wanted.from_ns,
    ]  # fmt: skip
    if wanted.kinds:
        narrowed.append(table.c.kind.in_([each.value for each in wanted.kinds]))
    for region in (wanted.region, wanted.then):
        if region:
            xs, ys = zip(*region, strict=True)
            narrowed += [
                table.c.x0 <= max(xs), table.c.x1 >= min(xs),
                table.c.y0 <= max(ys), table.c.y1 >= min(ys),
            ]  # fmt: skip
    return narrowed
