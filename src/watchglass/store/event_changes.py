"""What was written since somebody last looked: counted, so that no clock has to be trusted."""

from dataclasses import dataclass

import sqlalchemy as sa

from watchglass.model.event import Event, ReviewId
from watchglass.store.database import Database
from watchglass.store.event_rows import event_of
from watchglass.store.event_tables import CHANGES, EVENTS, MARKS, REVIEWS

_ALL = "all"
MOST_CHANGED = 500


@dataclass(frozen=True, slots=True)
class Changed:
    """Events and review items that are new or others. ``missed``: there were more."""

    number: int
    events: tuple[Event, ...] = ()
    reviews: tuple[ReviewId, ...] = ()
    missed: bool = False


class EventChanges:
    """A part of ``EventStore``, whose rules for errors hold."""

    _database: Database

    def change(self) -> int:
        """How often anything was written by now."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(CHANGES.c.number)) or 0

    def changed(self, since: int) -> Changed:
        """What was written since ``change`` was that; of looks at the past, nothing."""
        if self.change() == since:
            return Changed(since)
        with self._database.read() as connection:
            number = connection.scalar(sa.select(CHANGES.c.number)) or 0
            events = connection.execute(
                sa.select(EVENTS)
                .where(EVENTS.c.change > since, EVENTS.c.job == "")
                .order_by(EVENTS.c.change)
                .limit(MOST_CHANGED + 1)
            ).mappings()
            found = tuple(event_of(row) for row in events)
            reviews = connection.scalars(
                sa.union(
                    sa.select(REVIEWS.c.id).where(REVIEWS.c.change > since, REVIEWS.c.job == ""),
                    sa.select(MARKS.c.review).where(MARKS.c.mark_change > since),
                ).limit(MOST_CHANGED + 1)
            ).all()
        missed = number < since or max(len(found), len(reviews)) > MOST_CHANGED
        return Changed(number, found, tuple(map(ReviewId, reviews)), missed)


def next_change(connection: sa.Connection) -> int:
    """The number of what this transaction writes."""
    one = CHANGES.c.what == _ALL
    number: int | None = connection.scalar(sa.select(CHANGES.c.number).where(one))
    if number is None:
        connection.execute(sa.insert(CHANGES).values(what=_ALL, number=1))
        return 1
    connection.execute(sa.update(CHANGES).where(one).values(number=number + 1))
    return number + 1
