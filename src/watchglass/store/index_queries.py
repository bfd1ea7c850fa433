"""The questions to the index, each built once: to build one costs more than to answer it.

Values are bound by name. A question for files is made of ``FILES`` and what narrows it.
"""

from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import bindparam

from watchglass.store.index_rows import DELETING, OPEN
from watchglass.store.index_tables import (
    ERASURE,
    FILE,
    FILE_LENGTH_NS,
    GAP,
    GAP_LASTS,
    GAP_LENGTH_NS,
    HOLD,
    IMPORT,
    IS_CLOSED,
    IS_UNCLOSED,
    LEDGER,
    PURGED,
    RUN,
    RUN_GOES_ON,
    SHAPE,
    STREAM,
    VOLUME,
)

Question: TypeAlias = sa.Select[*tuple[Any, ...]]
Answer: TypeAlias = sa.CursorResult[*tuple[Any, ...]]

_OF_RUN = RUN.c.id == bindparam("run")
_FROM: sa.BindParameter[int] = bindparam("wall_from")
_TO: sa.BindParameter[int] = bindparam("wall_to")


def _touch(table: sa.Table, length: sa.ColumnElement[int]) -> list[sa.ColumnElement[bool]]:
    """Rows of a stream that touch a span.

    Without a lower bound for ``wall_from``, a question for today would walk all the years before
    it; the longest row tells where to begin.
    """
    stream = table.c.stream == bindparam("stream")
    longest = sa.select(sa.func.max(length)).where(stream).scalar_subquery()
    begins = table.c.wall_from
    return [stream, begins < _TO, begins >= _FROM - longest, table.c.wall_to > _FROM]


# --- ledgers, streams, runs -----------------------------------------------------------------------

APPLIED = sa.select(LEDGER.c.applied).where(LEDGER.c.name == bindparam("ledger"))
LEDGERS = sa.select(LEDGER.c.name, LEDGER.c.applied)
STREAMS = sa.select(STREAM.c.camera, STREAM.c.name, STREAM.c.added_ns, STREAM.c.removed_ns)
STREAMS = STREAMS.order_by(STREAM.c.num)
STREAMS_OF_CAMERA = STREAMS.where(STREAM.c.camera == bindparam("camera"))
STREAM_NUMBER = sa.select(STREAM.c.num).where(
    STREAM.c.camera == bindparam("camera"), STREAM.c.name == bindparam("name")
)
STREAM_NUMBERS = sa.select(STREAM.c.num).where(STREAM.c.camera == bindparam("camera"))
RUN_NUMBER = sa.select(RUN.c.num).where(_OF_RUN)
VOLUME_NUMBER = sa.select(VOLUME.c.num).where(VOLUME.c.id == bindparam("id"))
SHAPE_NUMBER = sa.select(SHAPE.c.num).where(
    *(SHAPE.c[name] == bindparam(name) for name in ("codec", "width", "height", "sound"))
)
OPEN_RUNS = (
    sa.select(RUN.c.id, STREAM.c.camera, STREAM.c.name)
    .join(STREAM, STREAM.c.num == RUN.c.stream)
    .where(RUN_GOES_ON)
)
ERASURES = sa.select(
    ERASURE.c.id, ERASURE.c.camera, ERASURE.c.wall_from, ERASURE.c.wall_to, ERASURE.c.ordered_ns,
    ERASURE.c.done_ns,
).order_by(ERASURE.c.ordered_ns)  # fmt: skip
IMPORTS = sa.select(*IMPORT.c).order_by(IMPORT.c.wall_from, IMPORT.c.id)
HOLDS = sa.select(HOLD.c.id, HOLD.c.camera, HOLD.c.wall_from, HOLD.c.wall_to)

# --- files ----------------------------------------------------------------------------------------

FILES = (
    sa.select(
        RUN.c.id, FILE.c.sequence, STREAM.c.camera, STREAM.c.name, VOLUME.c.id,
        FILE.c.opened_ns, FILE.c.first_fragment, FILE.c.media_from, FILE.c.media_to,
        FILE.c.wall_from, FILE.c.wall_to, FILE.c.rate_ppb, FILE.c.length, FILE.c.state,
        SHAPE.c.codec, SHAPE.c.width, SHAPE.c.height, SHAPE.c.sound,
    )
    .join(RUN, RUN.c.num == FILE.c.run)
    .join(STREAM, STREAM.c.num == FILE.c.stream)
    .join(VOLUME, VOLUME.c.num == FILE.c.volume)
    .join(SHAPE, SHAPE.c.num == FILE.c.shape)
)  # fmt: skip
ALL_FILES = FILES.order_by(FILE.c.num)
FILE_OF_RUN = FILES.where(_OF_RUN, FILE.c.sequence == bindparam("sequence"))
LAST_FILE = FILES.where(_OF_RUN).order_by(FILE.c.sequence.desc()).limit(1)
FILE_WITH_MEDIA = LAST_FILE.where(FILE.c.media_from <= bindparam("media"))
_BETWEEN = (*_touch(FILE, FILE_LENGTH_NS), FILE.c.state != DELETING)
_IN_ORDER = (FILE.c.wall_from, FILE.c.num)
FILES_BETWEEN = FILES.where(*_BETWEEN).order_by(*_IN_ORDER)
PLACES_BETWEEN = (
    sa.select(RUN.c.id, FILE.c.sequence, FILE.c.wall_from, FILE.c.wall_to, FILE.c.media_from)
    .join(RUN, RUN.c.num == FILE.c.run)
    .where(*_BETWEEN)
    .order_by(*_IN_ORDER)
)
OPEN_FILES = FILES.where(IS_UNCLOSED, FILE.c.state == OPEN).order_by(FILE.c.run, FILE.c.sequence)
DELETING_FILES = FILES.where(IS_UNCLOSED, FILE.c.state == DELETING)
OLDEST_CLOSED = FILES.where(IS_CLOSED, FILE.c.wall_to < bindparam("before"))
OLDEST_CLOSED = OLDEST_CLOSED.order_by(FILE.c.wall_to).limit(bindparam("limit"))
OLDEST_CLOSED_ON_VOLUME = OLDEST_CLOSED.where(VOLUME.c.id == bindparam("volume"))
OLDEST_CLOSED_OF_STREAM = OLDEST_CLOSED.where(
    FILE.c.stream == bindparam("stream"), FILE.c.wall_to >= bindparam("since")
)
NEWEST_CLOSED = (
    FILES.where(
        IS_CLOSED, FILE.c.stream == bindparam("stream"), FILE.c.wall_to > bindparam("since"),
        FILE.c.wall_from < bindparam("before"),
    )
    .order_by(FILE.c.wall_to.desc())
    .limit(1)
)  # fmt: skip
CLOSED_BETWEEN = (
    FILES.where(
        IS_CLOSED, FILE.c.stream == bindparam("stream"), FILE.c.wall_to > bindparam("after"),
        FILE.c.wall_to <= bindparam("until"),
    )
    .order_by(FILE.c.wall_to)
    .limit(bindparam("limit"))
)  # fmt: skip
FILE_KEYS = (
    sa.select(RUN.c.id, FILE.c.sequence)
    .join(RUN, RUN.c.num == FILE.c.run)
    .where(FILE.c.stream == bindparam("stream"))
)
BYTES_BY_VOLUME = (
    sa.select(VOLUME.c.id, sa.func.sum(FILE.c.length), sa.func.min(FILE.c.wall_to))
    .join(VOLUME, VOLUME.c.num == FILE.c.volume)
    .where(IS_CLOSED, FILE.c.wall_to > bindparam("since"))
    .group_by(VOLUME.c.id)
)
FASTEST = (
    sa.select(
        VOLUME.c.id, STREAM.c.camera, STREAM.c.name,
        sa.func.max(FILE.c.length * 90_000 // (FILE.c.media_to - FILE.c.media_from)),
    )
    .join(VOLUME, VOLUME.c.num == FILE.c.volume)
    .join(STREAM, STREAM.c.num == FILE.c.stream)
    .where(
        IS_CLOSED, FILE.c.wall_to > bindparam("since"),
        FILE.c.media_to - FILE.c.media_from > bindparam("least"),
    )
    .group_by(VOLUME.c.num, STREAM.c.num)
)  # fmt: skip
BYTES_BY_CAMERA = (
    sa.select(STREAM.c.camera, sa.func.sum(FILE.c.length))
    .join(STREAM, STREAM.c.num == FILE.c.stream)
    .group_by(STREAM.c.camera)
)

# --- gaps -----------------------------------------------------------------------------------------

_GAPS = (
    sa.select(
        GAP.c.id, STREAM.c.camera, STREAM.c.name, GAP.c.cause, GAP.c.wall_from, GAP.c.wall_to,
        RUN.c.id, GAP.c.media_from, GAP.c.media_to,
    )
    .join(STREAM, STREAM.c.num == GAP.c.stream)
    .outerjoin(RUN, RUN.c.num == GAP.c.after_run)
    .order_by(GAP.c.wall_from, GAP.c.num)
)  # fmt: skip
ENDED_GAPS_BETWEEN = _GAPS.where(*_touch(GAP, GAP_LENGTH_NS))
_FROM_THERE = sa.case((GAP.c.wall_from < _FROM, _FROM), else_=GAP.c.wall_from)
_TO_THERE = sa.case((GAP.c.wall_to > _TO, _TO), else_=GAP.c.wall_to)
ENDED_GAPS_TOGETHER = (
    sa.select(GAP.c.cause, sa.func.sum(_TO_THERE - _FROM_THERE))
    .where(*_touch(GAP, GAP_LENGTH_NS))
    .group_by(GAP.c.cause)
)
LAST_ENDED_GAPS = (
    _GAPS.order_by(None)
    .where(GAP.c.stream == bindparam("stream"), GAP.c.wall_to > bindparam("since"))
    .where(GAP.c.wall_from < bindparam("before"))
    .order_by(GAP.c.wall_from.desc())
    .limit(bindparam("limit"))
)
# In no order: for one, SQLite would walk all gaps of the stream.
OPEN_GAPS = _GAPS.order_by(None).where(GAP.c.stream == bindparam("stream"), GAP_LASTS)
GAPS_AFTER_RUN = _GAPS.where(_OF_RUN)
HOLES_OF_RUN = GAPS_AFTER_RUN.where(GAP.c.media_from >= bindparam("media"))
GAP_NUMBER = sa.select(GAP.c.num).where(GAP.c.id == bindparam("gap"))
PURGED_BETWEEN = (
    sa.select(PURGED.c.cause, PURGED.c.wall_from, PURGED.c.wall_to)
    .where(
        PURGED.c.stream == bindparam("stream"), PURGED.c.wall_from < _TO, PURGED.c.wall_to > _FROM
    )
    .order_by(PURGED.c.wall_from)
)
