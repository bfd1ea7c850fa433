"""Review items and alarms: what waits for people, and what they did with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import CameraId
from watchglass.model.event import Event, ReviewId
from watchglass.store.database import Database
from watchglass.store.event_changes import next_change
from watchglass.store.event_rows import AlarmNote, ReviewRow, TamperRow, event_of, tamper_of
from watchglass.store.event_search import Page, Times, allowed
from watchglass.store.event_tables import EVENTS, MARKS, NOTES, REVIEWS, TAMPERS

_EVER_NS = 2**62
MOST_EVENTS = 50
"""Of one item as it is told; the others are found by searching."""
MOST_NOTES = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Which review items: ``seen`` and ``acknowledged`` None for both."""

    allowed: Mapping[CameraId, Sequence[Times]]
    from_ns: int = 0
    to_ns: int = _EVER_NS
    seen: bool | None = None
    alarms: bool = False
    acknowledged: bool | None = None
    before: tuple[int, str] | None = None
    most: int = 100


_ITEM = sa.select(REVIEWS, *(each for each in MARKS.c if each.name != "review")).select_from(
    REVIEWS.outerjoin(MARKS, MARKS.c.review == REVIEWS.c.id)
)
# Something joined it after it was seen: then it was not.
_SEEN = sa.func.coalesce(MARKS.c.seen_to_ns, -1) >= REVIEWS.c.to_ns


class EventReviews:
    """A part of ``EventStore``, whose rules for errors hold."""

    _database: Database

    def reviews(self, asked: Asked) -> Page[ReviewRow]:
        """Newest first."""
        narrowed = [
            allowed(REVIEWS, asked.allowed), REVIEWS.c.job == "",
            REVIEWS.c.from_ns < asked.to_ns, REVIEWS.c.to_ns >= asked.from_ns,
        ]  # fmt: skip
        if asked.seen is not None:
            narrowed.append(_SEEN if asked.seen else sa.not_(_SEEN))
        if asked.alarms:
            narrowed.append(REVIEWS.c.alarm)
        if asked.acknowledged is not None:
            known = MARKS.c.acknowledged_ns
            narrowed.append(known.is_not(None) if asked.acknowledged else known.is_(None))
        if asked.before is not None:
            narrowed.append(
                sa.tuple_(REVIEWS.c.from_ns, REVIEWS.c.id)
                < sa.tuple_(*map(sa.literal, asked.before))
            )
        query = _ITEM.where(*narrowed).order_by(REVIEWS.c.from_ns.desc(), REVIEWS.c.id.desc())
        with self._database.read() as connection:
            rows = connection.execute(query.limit(asked.most + 1)).mappings().all()
            found = tuple(_review(connection, row) for row in rows[: asked.most])
        more = len(rows) > asked.most
        return Page(found, (found[-1].from_ns, found[-1].id) if more else None)

    def waiting(self, times: Mapping[CameraId, Sequence[Times]]) -> tuple[int, int]:
        """How many items nobody has seen, and how many alarms nobody has acknowledged."""
        joined = REVIEWS.outerjoin(MARKS, MARKS.c.review == REVIEWS.c.id)
        count = sa.select(sa.func.count()).select_from(joined)
        mine = (allowed(REVIEWS, times), REVIEWS.c.job == "")
        with self._database.read() as connection:
            unseen = connection.scalar(count.where(*mine, sa.not_(_SEEN)))
            alarms = connection.scalar(
                count.where(*mine, REVIEWS.c.alarm, MARKS.c.acknowledged_ns.is_(None))
            )
        return unseen or 0, alarms or 0

    def review(self, review: ReviewId) -> ReviewRow | None:
        """One of them; None where there is none."""
        with self._database.read() as connection:
            row = connection.execute(_ITEM.where(REVIEWS.c.id == review)).mappings().first()
            return _review(connection, row) if row is not None else None

    # --- what people do ----------------------------------------------------------------------

    def mark_seen(self, review: ReviewId, seen: bool, by: str, at_ns: int) -> None:
        """Somebody has looked at it, as it is by now; or it is as if nobody had."""
        with self._database.write() as connection:
            item = _known(connection, review)
            values = {
                "seen_ns": at_ns if seen else None, "seen_by": by if seen else None,
                "seen_to_ns": item["to_ns"] if seen else None,
            }  # fmt: skip
            _mark(connection, review, at_ns, values)

    def acknowledge(self, review: ReviewId, by: str, at_ns: int) -> None:
        """Somebody on duty has taken notice; who was first stays."""
        with self._database.write() as connection:
            item = _alarm(connection, review)
            if item["acknowledged_ns"] is None:
                values = {"acknowledged_ns": at_ns, "acknowledged_by": by}
                _mark(connection, review, at_ns, values)

    def assign(self, review: ReviewId, to: str, at_ns: int, by: str = "", note: str = "") -> None:
        """It is for somebody, by name; empty: for nobody any more. The ``note`` with it is there,
        or neither is."""
        with self._database.write() as connection:
            _alarm(connection, review)
            if note:
                _note(connection, review, note, by, at_ns)
            _mark(connection, review, at_ns, {"assigned_to": to or None})

    def add_note(self, review: ReviewId, text: str, by: str, at_ns: int) -> None:
        """A few words more on it."""
        with self._database.write() as connection:
            _alarm(connection, review)
            _note(connection, review, text, by, at_ns)
            _mark(connection, review, at_ns, {})


def _known(connection: sa.Connection, review: ReviewId) -> sa.RowMapping:
    row = connection.execute(_ITEM.where(REVIEWS.c.id == review)).mappings().first()
    if row is None:
        raise NotFoundError("There is no such review item: its footage may be deleted by now.")
    return row


def _alarm(connection: sa.Connection, review: ReviewId) -> sa.RowMapping:
    row = _known(connection, review)
    if not row["alarm"]:
        raise RefusedError("This is no alarm: none of its rules goes to those on duty.")
    return row


def _note(connection: sa.Connection, review: ReviewId, text: str, by: str, at_ns: int) -> None:
    count = sa.select(sa.func.count()).select_from(NOTES).where(NOTES.c.review == review)
    if (connection.scalar(count) or 0) >= MOST_NOTES:
        raise RefusedError(f"An alarm has at most {MOST_NOTES} notes.")
    row = {"review": review, "at_ns": at_ns, "by": by, "text": text}
    connection.execute(sa.insert(NOTES).values(**row))


def _mark(
    connection: sa.Connection, review: ReviewId, at_ns: int, values: Mapping[str, object]
) -> None:
    values = {**values, "changed_ns": at_ns, "mark_change": next_change(connection)}
    one = MARKS.c.review == review
    if connection.scalar(sa.select(MARKS.c.review).where(one)) is None:
        connection.execute(sa.insert(MARKS).values(review=review, **values))
    else:
        connection.execute(sa.update(MARKS).where(one).values(**values))


def _review(connection: sa.Connection, row: sa.RowMapping) -> ReviewRow:
    review = ReviewId(row["id"])
    seen_to_ns = row["seen_to_ns"]
    return ReviewRow(
        review, CameraId(row["camera"]), row["from_ns"], row["to_ns"], row["open"], row["alarm"],
        seen_to_ns is not None and seen_to_ns >= row["to_ns"], row["seen_ns"],
        row["seen_by"] or "", row["acknowledged_ns"], row["acknowledged_by"] or "",
        row["assigned_to"] or "", _notes(connection, review), _events(connection, review),
        _tampers(connection, review),
    )  # fmt: skip


def _notes(connection: sa.Connection, review: ReviewId) -> tuple[AlarmNote, ...]:
    rows = connection.execute(
        sa.select(NOTES).where(NOTES.c.review == review).order_by(NOTES.c.num)
    )
    return tuple(AlarmNote(row.at_ns, row.by, row.text) for row in rows)


def _events(connection: sa.Connection, review: ReviewId) -> tuple[Event, ...]:
    asked = sa.select(EVENTS).where(EVENTS.c.review == review).order_by(EVENTS.c.from_ns)
    return tuple(event_of(row) for row in connection.execute(asked.limit(MOST_EVENTS)).mappings())


def _tampers(connection: sa.Connection, review: ReviewId) -> tuple[TamperRow, ...]:
    asked = sa.select(TAMPERS).where(TAMPERS.c.review == review).order_by(TAMPERS.c.from_ns)
    return tuple(tamper_of(row) for row in connection.execute(asked.limit(MOST_EVENTS)).mappings())
