"""What was understood of the pictures, and what rules found in it: ``events.db``.

One process writes what it finds; another writes what people do with it; all read.
"""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId
from watchglass.model.analysis import AnalysisSpan
from watchglass.store.database import CACHE_KIB, SELDOM_CACHE_KIB, Database, Synchronous
from watchglass.store.event_changes import EventChanges
from watchglass.store.event_counts import EventCounts, fold, fold_span
from watchglass.store.event_motion import DAY, HOUR, MINUTE, Density, density, forget_motion
from watchglass.store.event_reviews import EventReviews
from watchglass.store.event_rows import TamperRow, tamper_of
from watchglass.store.event_search import EventSearch
from watchglass.store.event_spans import EVERY, forget_spans, put_off, spans_between
from watchglass.store.event_tables import (
    CROSSINGS,
    EVENTS,
    HOURS,
    MARKS,
    MOTION,
    NOTES,
    POINTS,
    REVIEWS,
    SCHEMA,
    SESSIONS,
    SPANS,
    TAMPERS,
    TRACKS,
)
from watchglass.store.event_writer import EventWriter

COUNTS_KEPT_NS = 2 * 366 * 24 * 3600 * NS_PER_S
"""Sums by the hour, which tell of nobody, are kept for two years."""
_CUT_NS = NS_PER_S
"""What ended so shortly before a look was cut off may have gone on."""
_SESSIONS_KEPT_NS = 7 * 24 * 3600 * NS_PER_S


class EventStore(EventWriter, EventSearch, EventReviews, EventCounts, EventChanges):
    """Of one site. Thread-safe; each method is one transaction. Besides what its methods name, each
    raises what ``Database`` does."""

    def __init__(
        self,
        path: Path,
        disk: Disk | None = None,
        *,
        synchronous: Synchronous = Synchronous.NORMAL,
        seldom: bool = False,
    ) -> None:
        """``synchronous``: FULL for what people do, which must not be lost; what the pictures told
        can be found again, and a power cut costs the last of it: that time then counts as not
        looked at. ``seldom``: it is asked every few minutes, and what it read stays with the system
        alone."""
        self._database = Database(
            path, SCHEMA, synchronous=synchronous, disk=disk, erase_deleted=True,
            cache_kib=SELDOM_CACHE_KIB if seldom else CACHE_KIB,
        )  # fmt: skip

    def close(self) -> None:
        self._database.close()

    def spans(self, camera: CameraId, from_ns: int, to_ns: int) -> list[AnalysisSpan]:
        """How a span (UTC ns) was understood, in order; what nobody told of is left out."""
        with self._database.read() as connection:
            return spans_between(connection, camera, from_ns, to_ns)

    def switched_off(self, from_ns: int, to_ns: int) -> list[AnalysisSpan]:
        """When, in a span (UTC ns), understanding was switched off for all cameras; for
        `event_spans.accounted`."""
        return self.spans(EVERY, from_ns, to_ns)

    def put_switched_off(self, from_ns: int, to_ns: int) -> None:
        """It was switched off then (UTC ns)."""
        with self._database.write() as connection:
            put_off(connection, from_ns, to_ns)

    def density(self, camera: CameraId, from_ns: int, to_ns: int, bucket_s: int) -> list[Density]:
        """See `event_motion.density`."""
        with self._database.read() as connection:
            return density(connection, camera, from_ns, to_ns, bucket_s)

    def tampers(self, camera: CameraId, from_ns: int, to_ns: int) -> Sequence[TamperRow]:
        """What was done to a camera's view in a span, in order."""
        touches = (
            TAMPERS.c.camera == camera, TAMPERS.c.from_ns < to_ns,
            sa.or_(TAMPERS.c.to_ns.is_(None), TAMPERS.c.to_ns >= from_ns),
        )  # fmt: skip
        asked = sa.select(TAMPERS).where(*touches).order_by(TAMPERS.c.from_ns)
        with self._database.read() as connection:
            return [tamper_of(row) for row in connection.execute(asked).mappings()]

    def kinds_between(self, camera: CameraId, from_ns: int, to_ns: int) -> list[str]:
        """The kind of each thing that was seen in a span."""
        inside = (TRACKS.c.camera == camera, TRACKS.c.from_ns < to_ns, TRACKS.c.to_ns >= from_ns)
        with self._database.read() as connection:
            return list(connection.scalars(sa.select(TRACKS.c.kind).where(*inside)))

    # --- what goes ---------------------------------------------------------------------------

    def cameras(self) -> tuple[CameraId, ...]:
        """Those of which there is something."""
        tables = (TRACKS, EVENTS, REVIEWS, SPANS, MOTION, TAMPERS, CROSSINGS, HOURS)
        with self._database.read() as connection:
            found = {
                each
                for table in tables
                for each in connection.scalars(sa.select(table.c.camera).distinct())
            }
        return tuple(CameraId(each) for each in sorted(found - {EVERY}))

    def forget(self, camera: CameraId, before_ns: int) -> int:
        """Erase what is of footage before then; how many events and tracks. Counts are folded into
        sums by the hour."""
        before_s = before_ns // NS_PER_S
        with self._database.write() as connection:
            old_tracks = sa.select(TRACKS.c.num).where(
                TRACKS.c.camera == camera, TRACKS.c.to_ns < before_ns
            )
            connection.execute(sa.delete(POINTS).where(POINTS.c.track.in_(old_tracks)))
            gone = 0
            for table in (TRACKS, EVENTS):
                end = sa.func.coalesce(table.c.to_ns, table.c.from_ns)
                old = (table.c.camera == camera, end < before_ns)
                gone += connection.execute(sa.delete(table).where(*old)).rowcount
            reviews = sa.select(REVIEWS.c.id).where(
                REVIEWS.c.camera == camera, REVIEWS.c.to_ns < before_ns
            )
            for marked in (MARKS, NOTES):
                connection.execute(sa.delete(marked).where(marked.c.review.in_(reviews)))
            for table in (REVIEWS, SPANS, TAMPERS):
                end = sa.func.coalesce(table.c.to_ns, table.c.from_ns)
                old = (table.c.camera == camera, end < before_ns)
                connection.execute(sa.delete(table).where(*old))
            for level, row_s in enumerate((MINUTE, HOUR, DAY)):
                rows = (MOTION.c.camera == camera, MOTION.c.level == level)
                connection.execute(
                    sa.delete(MOTION).where(*rows, MOTION.c.at_s <= before_s - row_s)
                )
            fold(connection, camera, before_ns)
        return gone

    def forget_span(self, camera: CameraId, from_ns: int, to_ns: int) -> int:
        """Erase what was understood of a span, with all that reaches into it; how many events and
        tracks. Counts are folded into sums by the hour, which tell of nobody."""
        gone = 0
        with self._database.write() as connection:

            def inside(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
                end = sa.func.coalesce(table.c.to_ns, 2**62)
                return table.c.camera == camera, table.c.from_ns < to_ns, end >= from_ns

            tracks = sa.select(TRACKS.c.num).where(*inside(TRACKS))
            connection.execute(sa.delete(POINTS).where(POINTS.c.track.in_(tracks)))
            lasting = sa.select(EVENTS.c.review).where(
                EVENTS.c.camera == camera,
                EVENTS.c.review.is_not(None),
                EVENTS.c.from_ns < to_ns,
                sa.func.coalesce(EVENTS.c.to_ns, 2**62) >= from_ns,
            )
            found = set(connection.scalars(lasting))
            for table in (TRACKS, EVENTS):
                gone += connection.execute(sa.delete(table).where(*inside(table))).rowcount
            kept = set(
                connection.scalars(sa.select(EVENTS.c.review).where(EVENTS.c.review.in_(found)))
            )
            reviews = sa.select(REVIEWS.c.id).where(
                sa.or_(REVIEWS.c.id.in_(found - kept), sa.and_(
                    REVIEWS.c.camera == camera, REVIEWS.c.from_ns >= from_ns,
                    REVIEWS.c.to_ns <= to_ns,
                ))
            )  # fmt: skip
            for marked in (MARKS, NOTES):
                connection.execute(sa.delete(marked).where(marked.c.review.in_(reviews)))
            connection.execute(sa.delete(REVIEWS).where(REVIEWS.c.id.in_(reviews)))
            connection.execute(sa.delete(TAMPERS).where(*inside(TAMPERS)))
            forget_spans(connection, camera, from_ns, to_ns)
            forget_motion(connection, camera, from_ns, to_ns)
            fold_span(connection, camera, from_ns, to_ns)
        return gone

    def forget_job(self, job: str, from_ns: int = 0) -> None:
        """Erase what a look at the past found, of what began at ``from_ns`` (UTC) or later."""
        begins = ((TRACKS, "from_ns"), (EVENTS, "from_ns"), (REVIEWS, "from_ns"))
        with self._database.write() as connection:
            tracks = sa.select(TRACKS.c.num).where(TRACKS.c.job == job, TRACKS.c.from_ns >= from_ns)
            connection.execute(sa.delete(POINTS).where(POINTS.c.track.in_(tracks)))
            for table, begin in (*begins, (CROSSINGS, "at_ns")):
                found = (table.c.job == job, table.c[begin] >= from_ns)
                connection.execute(sa.delete(table).where(*found))

    def resumed_ns(self, job: str, at_ns: int, least_ns: int) -> int:
        """From where a look at the past that was cut off at ``at_ns`` goes on (UTC ns): before it,
        where something was there that began before it; not before ``least_ns``."""
        with self._database.read() as connection:
            while at_ns > least_ns:
                reaches = (TRACKS.c.from_ns < at_ns, TRACKS.c.to_ns >= at_ns - _CUT_NS)
                first = sa.select(sa.func.min(TRACKS.c.from_ns))
                found = connection.scalar(first.where(TRACKS.c.job == job, *reaches))
                if found is None:
                    return at_ns
                at_ns = found
        return max(at_ns, least_ns)

    def forget_old(self, now_ns: int) -> None:
        """Erase what is of no camera's footage any more: old sums, sessions of long ago."""
        with self._database.write() as connection:
            connection.execute(sa.delete(HOURS).where(HOURS.c.hour_ns < now_ns - COUNTS_KEPT_NS))
            off = (SPANS.c.camera == EVERY, SPANS.c.to_ns < now_ns - COUNTS_KEPT_NS)
            connection.execute(sa.delete(SPANS).where(*off))
            old = SESSIONS.c.at_ns < now_ns - _SESSIONS_KEPT_NS
            connection.execute(sa.delete(SESSIONS).where(old))

    def forget_camera(self, camera: CameraId) -> None:
        """Erase all of a camera, counts too: its recordings were erased."""
        self.forget(camera, 2**62)
        with self._database.write() as connection:
            connection.execute(sa.delete(HOURS).where(HOURS.c.camera == camera))
