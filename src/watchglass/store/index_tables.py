"""The tables of the index: made from ledgers alone, so made anew rather than migrated."""

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table

from watchglass.store.database import Schema
from watchglass.store.partial import partial_index

META = sa.MetaData()
# SQLite takes a partial index only for a question that says the same, value and all.
_CLOSED = sa.literal_column("1", Integer)
_BIG = BigInteger().with_variant(Integer(), "sqlite")

LEDGER = Table(
    "ledger", META,
    Column("name", String, primary_key=True),
    Column("applied", BigInteger, nullable=False),
)  # fmt: skip
STREAM = Table(
    "stream", META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("camera", String(32), nullable=False),
    Column("name", String(8), nullable=False),
    Column("added_ns", BigInteger, nullable=False),
    Column("removed_ns", BigInteger),
    sa.UniqueConstraint("camera", "name"),
)  # fmt: skip
RUN = Table(
    "run", META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("id", LargeBinary(16), nullable=False, unique=True),
    Column("stream", Integer, nullable=False),
    Column("ended", Boolean, nullable=False, default=False),
)  # fmt: skip
RUN_GOES_ON = RUN.c.ended.is_(False)
partial_index("run_open", RUN.c.stream, where=RUN_GOES_ON)
FILE = Table(
    "file", META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("run", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("stream", Integer, nullable=False),
    Column("volume", Integer, nullable=False),
    Column("shape", Integer, nullable=False),
    Column("opened_ns", BigInteger, nullable=False),
    Column("first_fragment", BigInteger, nullable=False),
    Column("media_from", BigInteger, nullable=False),
    Column("media_to", BigInteger, nullable=False),
    Column("wall_from", BigInteger, nullable=False),
    Column("wall_to", BigInteger, nullable=False),
    Column("rate_ppb", Integer, nullable=False, default=0),
    Column("length", BigInteger, nullable=False),
    Column("state", Integer, nullable=False),
    sa.UniqueConstraint("run", "sequence"),
)  # fmt: skip
IS_CLOSED = FILE.c.state == _CLOSED
IS_UNCLOSED = FILE.c.state != _CLOSED
FILE_LENGTH_NS = FILE.c.wall_to - FILE.c.wall_from
Index("file_at", FILE.c.stream, FILE.c.wall_from)
Index("file_longest", FILE.c.stream, FILE_LENGTH_NS)
partial_index("file_end", FILE.c.stream, FILE.c.wall_to, where=IS_CLOSED)
partial_index("file_oldest", FILE.c.wall_to, where=IS_CLOSED)
partial_index("file_unclosed", FILE.c.state, where=IS_UNCLOSED)
SHAPE = Table(
    "shape", META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("codec", String(16), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("sound", String(16), nullable=False),
    sa.UniqueConstraint("codec", "width", "height", "sound"),
)  # fmt: skip
VOLUME = Table(
    "volume", META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
)  # fmt: skip
GAP = Table(
    "gap", META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("id", LargeBinary(16), nullable=False, unique=True),
    Column("stream", Integer, nullable=False),
    Column("cause", String(24), nullable=False),
    Column("wall_from", BigInteger, nullable=False),
    Column("wall_to", BigInteger),
    Column("after_run", Integer),
    Column("media_from", BigInteger),
    Column("until_run", Integer),
    Column("media_to", BigInteger),
)  # fmt: skip
GAP_LENGTH_NS = GAP.c.wall_to - GAP.c.wall_from
Index("gap_at", GAP.c.stream, GAP.c.wall_from)
Index("gap_longest", GAP.c.stream, GAP_LENGTH_NS)
GAP_LASTS = GAP.c.wall_to.is_(None)
# Of both columns, so that no other index is as good for the question: ties are broken by chance.
partial_index("gap_open", GAP.c.stream, GAP.c.wall_to, where=GAP_LASTS)
Index("gap_after", GAP.c.after_run)
Index("gap_until", GAP.c.until_run)
PURGED = Table(
    "purged", META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("stream", Integer, nullable=False),
    Column("cause", String(24), nullable=False),
    Column("wall_from", BigInteger, nullable=False),
    Column("wall_to", BigInteger, nullable=False),
)  # fmt: skip
Index("purged_at", PURGED.c.stream, PURGED.c.wall_from)
HOLD = Table(
    "hold", META,
    Column("id", String(32), primary_key=True),
    Column("camera", String(32), nullable=False),
    Column("wall_from", BigInteger, nullable=False),
    Column("wall_to", BigInteger, nullable=False),
)  # fmt: skip
ERASURE = Table(
    "erasure", META,
    Column("id", String(32), primary_key=True),
    Column("camera", String(32), nullable=False),
    Column("wall_from", BigInteger, nullable=False),
    Column("wall_to", BigInteger, nullable=False),
    Column("ordered_ns", BigInteger, nullable=False),
    Column("done_ns", BigInteger),
)  # fmt: skip
IMPORT = Table(
    "import", META,
    Column("camera", String(32), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("volume", String(32), nullable=False),
    Column("wall_from", BigInteger, nullable=False),
    Column("wall_to", BigInteger, nullable=False),
    Column("imported_ns", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("original", String(64), nullable=False),
    Column("time_from", String(16), nullable=False),
    Column("codec", String(16), nullable=False),
    Column("damaged", Boolean, nullable=False),
    Column("state", Integer, nullable=False),
)  # fmt: skip


def _erasures(connection: sa.Connection) -> None:
    """Nothing could be erased before: there is nothing to be made anew from the ledgers."""
    connection.execute(
        sa.text(
            "CREATE TABLE erasure (id VARCHAR(32) NOT NULL PRIMARY KEY,"
            " camera VARCHAR(32) NOT NULL, wall_from BIGINT NOT NULL, wall_to BIGINT NOT NULL,"
            " ordered_ns BIGINT NOT NULL, done_ns BIGINT)"
        )
    )


def _imports(connection: sa.Connection) -> None:
    """Nothing could be imported before."""
    connection.execute(
        sa.text(
            "CREATE TABLE import (camera VARCHAR(32) NOT NULL, id VARCHAR(32) NOT NULL,"
            " volume VARCHAR(32) NOT NULL, wall_from BIGINT NOT NULL, wall_to BIGINT NOT NULL,"
            " imported_ns BIGINT NOT NULL, length BIGINT NOT NULL, sha256 VARCHAR(64) NOT NULL,"
            " original VARCHAR(64) NOT NULL, time_from VARCHAR(16) NOT NULL,"
            " codec VARCHAR(16) NOT NULL, damaged BOOLEAN NOT NULL, state INTEGER NOT NULL,"
            " PRIMARY KEY (camera, id))"
        )
    )


SCHEMA = Schema(
    "index", META, "run `watchglass check --repair`, which makes it anew from the ledgers.",
    oldest=2, upgrades=(_erasures, _imports),
)  # fmt: skip
