"""The tables of what was understood and what rules found: ``events.db``, a file of its own.

It is written all day by one process, and can be begun anew without a second of footage being lost:
so it lies apart from what the operator has set up. Times are UTC ns.
"""

import sqlalchemy as sa

from watchglass.store.database import Schema
from watchglass.store.partial import partial_index

TABLES = sa.MetaData()
_ID = sa.String(32)


def _box(prefix: str = "") -> list[sa.Column[float]]:
    return [sa.Column(prefix + each, sa.Float, nullable=False) for each in ("x0", "y0", "x1", "y1")]


SESSIONS = sa.Table(
    "sessions",
    TABLES,
    sa.Column("session", sa.String(64), primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("at_ns", sa.BigInteger, nullable=False),
)
"""How far the reports of each session of the analytics-worker are written."""
CHANGES = sa.Table(
    "changes",
    TABLES,
    sa.Column("what", sa.String(16), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""One row: how often anything was written that somebody may want to hear of."""
TRACKS = sa.Table(
    "tracks",
    TABLES,
    sa.Column("num", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("camera", _ID, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.String(8)),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("coarse", sa.Boolean, nullable=False),
    sa.Column("detector", sa.String(64), nullable=False),
    sa.Column("job", sa.String(32), nullable=False),
    *_box(),
)
sa.Index("tracks_by_camera", TRACKS.c.camera, TRACKS.c.from_ns)
partial_index("tracks_open", TRACKS.c.to_ns, where=TRACKS.c.ended.is_(None))
POINTS = sa.Table(
    "track_points",
    TABLES,
    sa.Column("track", sa.Integer, primary_key=True),
    sa.Column("from_ns", sa.BigInteger, primary_key=True),
    sa.Column("points", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Parts as they were told; of a track that is over they are put together."""
EVENTS = sa.Table(
    "events",
    TABLES,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("camera", _ID, nullable=False),
    sa.Column("rule", _ID, nullable=False),
    sa.Column("area", _ID),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("track", sa.String(64), nullable=False),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("best_ns", sa.BigInteger, nullable=False),
    *_box("best_"),
    *_box(),
    sa.Column("path", sa.LargeBinary, nullable=False),
    sa.Column("why", sa.LargeBinary, nullable=False),
    sa.Column("detector", sa.String(64), nullable=False),
    sa.Column("coarse", sa.Boolean, nullable=False),
    sa.Column("review", _ID),
    sa.Column("job", sa.String(32), nullable=False),
    sa.Column("change", sa.BigInteger, nullable=False),
)
sa.Index("events_by_change", EVENTS.c.change)
sa.Index("events_by_camera", EVENTS.c.camera, EVENTS.c.from_ns)
sa.Index("events_by_time", EVENTS.c.from_ns)
sa.Index("events_by_review", EVENTS.c.review)
partial_index("events_open", EVENTS.c.from_ns, where=EVENTS.c.to_ns.is_(None))
REVIEWS = sa.Table(
    "reviews",
    TABLES,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("camera", _ID, nullable=False),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("alarm", sa.Boolean, nullable=False),
    sa.Column("notify", sa.Boolean, nullable=False),
    sa.Column("job", sa.String(32), nullable=False),
    sa.Column("change", sa.BigInteger, nullable=False),
)
sa.Index("reviews_by_change", REVIEWS.c.change)
sa.Index("reviews_by_camera", REVIEWS.c.camera, REVIEWS.c.from_ns)
sa.Index("reviews_by_time", REVIEWS.c.from_ns)
MARKS = sa.Table(
    "review_marks",
    TABLES,
    sa.Column("review", _ID, primary_key=True),
    sa.Column("seen_ns", sa.BigInteger),
    sa.Column("seen_by", sa.Text),
    sa.Column("seen_to_ns", sa.BigInteger),
    sa.Column("acknowledged_ns", sa.BigInteger),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("assigned_to", sa.Text),
    sa.Column("changed_ns", sa.BigInteger, nullable=False),
    sa.Column("mark_change", sa.BigInteger, nullable=False),
)
sa.Index("marks_by_change", MARKS.c.mark_change)
"""What people did with a review item: another hand writes it than writes the item."""
NOTES = sa.Table(
    "alarm_notes",
    TABLES,
    sa.Column("num", sa.Integer, primary_key=True),
    sa.Column("review", _ID, nullable=False, index=True),
    sa.Column("at_ns", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
CROSSINGS = sa.Table(
    "crossings",
    TABLES,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("camera", _ID, nullable=False),
    sa.Column("rule", _ID, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at_ns", sa.BigInteger, nullable=False),
    sa.Column("forward", sa.Boolean, nullable=False),
    sa.Column("job", sa.String(32), nullable=False),
)
sa.Index("crossings_by_rule", CROSSINGS.c.camera, CROSSINGS.c.at_ns)
HOURS = sa.Table(
    "counted_hours",
    TABLES,
    sa.Column("camera", _ID, primary_key=True),
    sa.Column("rule", _ID, primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("hour_ns", sa.BigInteger, primary_key=True),
    sa.Column("forward", sa.Integer, nullable=False),
    sa.Column("backward", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""What is left of crossings whose footage is gone: how many, and of nobody in particular."""
SPANS = sa.Table(
    "analysis_spans",
    TABLES,
    sa.Column("camera", _ID, primary_key=True),
    sa.Column("from_ns", sa.BigInteger, primary_key=True),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("cause", sa.String(16)),
    sa.Column("coarse", sa.Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""Those of a camera never overlap, and of those that touch no two are alike."""
MOTION = sa.Table(
    "motion",
    TABLES,
    sa.Column("camera", _ID, primary_key=True),
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("at_s", sa.Integer, primary_key=True),
    sa.Column("values", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""See `store.event_motion`: seconds, minutes and hours, packed."""
TAMPERS = sa.Table(
    "tampers",
    TABLES,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("camera", _ID, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("review", _ID),
)
sa.Index("tampers_by_camera", TAMPERS.c.camera, TAMPERS.c.from_ns)

SCHEMA = Schema(
    "events", TABLES, upgrades=(),
    if_damaged="start the recorder again, which begins it anew; no footage is lost.",
)  # fmt: skip
