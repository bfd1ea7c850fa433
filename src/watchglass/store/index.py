"""The index: which files and gaps lie where in UTC. A cache of the ledgers, never the truth.

A row for each file and gap, none for fragments. Rows are made from ledger lines by
``recording.fold`` alone; ``applied`` says how far each ledger has been folded in, in the same
transaction, so a crash leaves an index that is merely behind.

Walls are UTC nanoseconds, media times 1/90000 s of the run. A gap keeps both what it refers to
(a run, a media time) and where that lies as of now; when a file is placed anew, what refers to it
moves with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table

from watchglass.base.ids import CameraId, GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.store.database import Database, Schema, Synchronous

_META = sa.MetaData()
_BIG = BigInteger().with_variant(Integer(), "sqlite")

_LEDGER = Table(
    "ledger", _META,
    Column("name", String, primary_key=True),
    Column("applied", BigInteger, nullable=False),
)  # fmt: skip
_STREAM = Table(
    "stream", _META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("camera", String(32), nullable=False),
    Column("name", String(8), nullable=False),
    Column("added_ns", BigInteger, nullable=False),
    Column("removed_ns", BigInteger),
    sa.UniqueConstraint("camera", "name"),
)  # fmt: skip
_RUN = Table(
    "run", _META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("id", LargeBinary(16), nullable=False, unique=True),
    Column("stream", Integer, nullable=False),
    Column("ended", Boolean, nullable=False, default=False),
)  # fmt: skip
_FILE = Table(
    "file", _META,
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
Index("file_at", _FILE.c.stream, _FILE.c.wall_from)
Index("file_state", _FILE.c.state, sqlite_where=_FILE.c.state != 1)
_SHAPE = Table(
    "shape", _META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("codec", String(16), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("sound", String(16), nullable=False),
    sa.UniqueConstraint("codec", "width", "height", "sound"),
)  # fmt: skip
_VOLUME = Table(
    "volume", _META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
)  # fmt: skip
_GAP = Table(
    "gap", _META,
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
Index("gap_at", _GAP.c.stream, _GAP.c.wall_from)
Index("gap_open", _GAP.c.stream, sqlite_where=_GAP.c.wall_to.is_(None))
Index("gap_after", _GAP.c.after_run)
Index("gap_until", _GAP.c.until_run)
_PURGED = Table(
    "purged", _META,
    Column("num", _BIG, primary_key=True, autoincrement=True),
    Column("stream", Integer, nullable=False),
    Column("cause", String(24), nullable=False),
    Column("wall_from", BigInteger, nullable=False),
    Column("wall_to", BigInteger, nullable=False),
)  # fmt: skip
Index("purged_at", _PURGED.c.stream, _PURGED.c.wall_from)
_HOLD = Table(
    "hold", _META,
    Column("id", String(32), primary_key=True),
    Column("camera", String(32), nullable=False),
    Column("wall_from", BigInteger, nullable=False),
    Column("wall_to", BigInteger, nullable=False),
)  # fmt: skip

_SCHEMA = Schema(
    "index", _META, "run `watchglass check --repair`, which makes it anew from the ledgers."
)

OPEN, CLOSED, DELETING = 0, 1, 2


@dataclass(frozen=True, slots=True)
class FileRow:
    """A media file as the index knows it; ``state`` is OPEN, CLOSED or DELETING."""

    run: RunId
    sequence: int
    camera: CameraId
    stream: StreamName
    volume: VolumeId
    opened_ns: int
    first_fragment: int
    media_from: int
    media_to: int
    wall_from: int
    wall_to: int
    rate_ppb: int
    length: int
    state: int
    codec: str
    width: int
    height: int
    sound: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """A gap; ``wall_to`` is None while it lasts. ``media_from`` is set for one inside a run."""

    id: GapId
    camera: CameraId
    stream: StreamName
    cause: GapCause
    wall_from: int
    wall_to: int | None
    after_run: RunId | None
    media_from: int | None
    media_to: int | None


@dataclass(frozen=True, slots=True)
class PurgedRow:
    """A span whose files are gone, by intent or not."""

    cause: GapCause
    wall_from: int
    wall_to: int


@dataclass(frozen=True, slots=True)
class StreamRow:
    """Since when a stream has to be accounted for, and until when."""

    camera: CameraId
    stream: StreamName
    added_ns: int
    removed_ns: int | None


@dataclass(frozen=True, slots=True)
class HoldRow:
    camera: CameraId
    wall_from: int
    wall_to: int


class IndexReader:
    """Questions to the index on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def applied(self, ledger: str) -> int:
        """How many lines of a ledger are folded in."""
        query = sa.select(_LEDGER.c.applied).where(_LEDGER.c.name == ledger)
        return int(self._db.execute(query).scalar() or 0)

    def ledgers(self) -> dict[str, int]:
        return {row.name: row.applied for row in self._db.execute(sa.select(_LEDGER))}

    def streams(self, camera: CameraId | None = None) -> list[StreamRow]:
        query = sa.select(_STREAM).order_by(_STREAM.c.num)
        if camera is not None:
            query = query.where(_STREAM.c.camera == camera)
        return [
            StreamRow(CameraId(r.camera), StreamName(r.name), r.added_ns, r.removed_ns)
            for r in self._db.execute(query)
        ]

    def file(self, run: RunId, sequence: int) -> FileRow | None:
        return next(
            self._files(_RUN.c.id == bytes.fromhex(run), _FILE.c.sequence == sequence), None
        )

    def files_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[FileRow]:
        """Files that touch a span, in the order of their start; those being deleted left out."""
        number = self._stream(camera, stream)
        if number is None:
            return []
        # Files are minutes long: without a lower bound for wall_from, a query for today would
        # walk all the years before it. The longest file tells where to begin.
        longest = self._longest(number)
        return list(
            self._files(
                _FILE.c.stream == number,
                _FILE.c.wall_from < wall_to,
                _FILE.c.wall_from >= wall_from - longest,
                _FILE.c.wall_to > wall_from,
                _FILE.c.state != DELETING,
                order=(_FILE.c.wall_from, _FILE.c.num),
            )
        )

    def gaps_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[GapRow]:
        """Gaps that touch a span, in the order of their start, those still open among them."""
        number = self._stream(camera, stream)
        if number is None:
            return []
        return list(
            self._gaps(
                _GAP.c.stream == number,
                _GAP.c.wall_from < wall_to,
                sa.or_(_GAP.c.wall_to.is_(None), _GAP.c.wall_to > wall_from),
            )
        )

    def purged_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[PurgedRow]:
        number = self._stream(camera, stream)
        query = (
            sa.select(_PURGED)
            .where(
                _PURGED.c.stream == number,
                _PURGED.c.wall_from < wall_to,
                _PURGED.c.wall_to > wall_from,
            )
            .order_by(_PURGED.c.wall_from)
        )
        return [
            PurgedRow(GapCause(r.cause), r.wall_from, r.wall_to) for r in self._db.execute(query)
        ]

    def open_files(self) -> list[FileRow]:
        return list(self._files(_FILE.c.state == OPEN, order=(_FILE.c.run, _FILE.c.sequence)))

    def deleting_files(self) -> list[FileRow]:
        return list(self._files(_FILE.c.state == DELETING))

    def file_keys(self, camera: CameraId, stream: StreamName) -> set[tuple[str, int]]:
        """(run, sequence) of every file of a stream, those being deleted among them."""
        query = (
            sa.select(_RUN.c.id, _FILE.c.sequence)
            .join(_RUN, _RUN.c.num == _FILE.c.run)
            .where(_FILE.c.stream == self._stream(camera, stream))
        )
        return {(row.id.hex(), row.sequence) for row in self._db.execute(query)}

    def all_files(self) -> Iterator[FileRow]:
        """Every file; rows are fetched as they are read."""
        return self._files(sa.true(), order=(_FILE.c.num,))

    def oldest_closed(self, before_ns: int | None, limit: int) -> list[FileRow]:
        """Closed files by the end of their media, oldest first."""
        conditions = [_FILE.c.state == CLOSED]
        if before_ns is not None:
            conditions.append(_FILE.c.wall_to < before_ns)
        return list(self._files(*conditions, order=(_FILE.c.wall_to,), limit=limit))

    def oldest_closed_of(self, camera: CameraId, before_ns: int, limit: int) -> list[FileRow]:
        """As ``oldest_closed``, of one camera."""
        return list(
            self._files(
                _FILE.c.state == CLOSED,
                _STREAM.c.camera == camera,
                _FILE.c.wall_to < before_ns,
                order=(_FILE.c.wall_to,),
                limit=limit,
            )
        )

    def open_runs(self) -> list[tuple[RunId, CameraId, StreamName]]:
        """Runs that have not ended."""
        query = (
            sa.select(_RUN.c.id, _STREAM.c.camera, _STREAM.c.name)
            .join(_STREAM, _STREAM.c.num == _RUN.c.stream)
            .where(_RUN.c.ended.is_(False))
        )
        return [
            (RunId(r.id.hex()), CameraId(r.camera), StreamName(r.name))
            for r in self._db.execute(query)
        ]

    def has_run(self, run: RunId) -> bool:
        query = sa.select(_RUN.c.num).where(_RUN.c.id == bytes.fromhex(run))
        return self._db.execute(query).first() is not None

    def file_with_media(self, run: RunId, media: int) -> FileRow | None:
        """The file of a run that holds a media time: the last one that begins at or before it."""
        return next(
            self._files(
                _RUN.c.id == bytes.fromhex(run),
                _FILE.c.media_from <= media,
                order=(_FILE.c.sequence.desc(),),
                limit=1,
            ),
            None,
        )

    def last_file(self, run: RunId) -> FileRow | None:
        """The file of a run with the highest sequence."""
        return next(
            self._files(_RUN.c.id == bytes.fromhex(run), order=(_FILE.c.sequence.desc(),), limit=1),
            None,
        )

    def open_gap(self, camera: CameraId, stream: StreamName) -> GapRow | None:
        number = self._stream(camera, stream)
        return next(iter(self._gaps(_GAP.c.stream == number, _GAP.c.wall_to.is_(None))), None)

    def holes_of(self, run: RunId, media_from: int) -> list[GapRow]:
        """Gaps inside a run that begin at ``media_from`` or later."""
        return list(self._gaps(_RUN.c.id == bytes.fromhex(run), _GAP.c.media_from >= media_from))

    def has_gap(self, gap: GapId) -> bool:
        query = sa.select(_GAP.c.num).where(_GAP.c.id == bytes.fromhex(gap))
        return self._db.execute(query).first() is not None

    def holds(self) -> list[HoldRow]:
        return [
            HoldRow(CameraId(r.camera), r.wall_from, r.wall_to)
            for r in self._db.execute(sa.select(_HOLD))
        ]

    def bytes_by_camera(self) -> dict[CameraId, int]:
        """Sum of the files' lengths."""
        query = (
            sa.select(_STREAM.c.camera, sa.func.sum(_FILE.c.length).label("total"))
            .join(_STREAM, _STREAM.c.num == _FILE.c.stream)
            .group_by(_STREAM.c.camera)
        )
        return {CameraId(r.camera): int(r.total or 0) for r in self._db.execute(query)}

    # --- rows --------------------------------------------------------------------------------

    def _stream(self, camera: CameraId, stream: StreamName) -> int | None:
        query = sa.select(_STREAM.c.num).where(
            _STREAM.c.camera == camera, _STREAM.c.name == stream.value
        )
        number: int | None = self._db.execute(query).scalar()
        return number

    def _longest(self, stream: int) -> int:
        query = sa.select(sa.func.max(_FILE.c.wall_to - _FILE.c.wall_from)).where(
            _FILE.c.stream == stream
        )
        return int(self._db.execute(query).scalar() or 0)

    def _files(
        self,
        *conditions: sa.ColumnElement[bool],
        order: tuple[Any, ...] = (),
        limit: int | None = None,
    ) -> Iterator[FileRow]:
        query = (
            sa.select(
                _FILE, _RUN.c.id.label("run_id"), _STREAM.c.camera, _STREAM.c.name,
                _VOLUME.c.id.label("volume_id"), _SHAPE.c.codec, _SHAPE.c.width,
                _SHAPE.c.height, _SHAPE.c.sound,
            )
            .join(_RUN, _RUN.c.num == _FILE.c.run)
            .join(_STREAM, _STREAM.c.num == _FILE.c.stream)
            .join(_VOLUME, _VOLUME.c.num == _FILE.c.volume)
            .join(_SHAPE, _SHAPE.c.num == _FILE.c.shape)
            .where(*conditions)
            .order_by(*order)
            .limit(limit)
        )  # fmt: skip
        for r in self._db.execute(query):
            yield FileRow(
                RunId(r.run_id.hex()), r.sequence, CameraId(r.camera), StreamName(r.name),
                VolumeId(r.volume_id), r.opened_ns, r.first_fragment, r.media_from, r.media_to,
                r.wall_from, r.wall_to, r.rate_ppb, r.length, r.state, r.codec, r.width,
                r.height, r.sound,
            )  # fmt: skip

    def _gaps(self, *conditions: sa.ColumnElement[bool]) -> Iterator[GapRow]:
        query = (
            sa.select(_GAP, _STREAM.c.camera, _STREAM.c.name, _RUN.c.id.label("run_id"))
            .join(_STREAM, _STREAM.c.num == _GAP.c.stream)
            .outerjoin(_RUN, _RUN.c.num == _GAP.c.after_run)
            .where(*conditions)
            .order_by(_GAP.c.wall_from, _GAP.c.num)
        )
        for r in self._db.execute(query):
            run = RunId(r.run_id.hex()) if r.run_id is not None else None
            yield GapRow(
                GapId(r.id.hex()), CameraId(r.camera), StreamName(r.name), GapCause(r.cause),
                r.wall_from, r.wall_to, run, r.media_from, r.media_to,
            )  # fmt: skip


class IndexWriter(IndexReader):
    """Changes to the index inside one transaction."""

    def set_applied(self, ledger: str, lines: int) -> None:
        self._upsert(_LEDGER, {"name": ledger}, {"applied": lines})

    def add_stream(self, camera: CameraId, stream: StreamName, added_ns: int) -> None:
        if self._stream(camera, stream) is None:
            self._db.execute(
                _STREAM.insert().values(camera=camera, name=stream.value, added_ns=added_ns)
            )

    def end_streams(self, camera: CameraId, removed_ns: int) -> None:
        self._db.execute(
            _STREAM.update().where(_STREAM.c.camera == camera).values(removed_ns=removed_ns)
        )

    def add_run(self, run: RunId, camera: CameraId, stream: StreamName) -> None:
        self._db.execute(
            _RUN.insert().values(
                id=bytes.fromhex(run), stream=self._stream(camera, stream), ended=False
            )
        )

    def end_run(self, run: RunId) -> None:
        self._db.execute(_RUN.update().where(_RUN.c.id == bytes.fromhex(run)).values(ended=True))

    def add_file(
        self,
        run: RunId,
        sequence: int,
        camera: CameraId,
        stream: StreamName,
        volume: VolumeId,
        shape: tuple[str, int, int, str],
        opened_ns: int,
        first_fragment: int,
        media_from: int,
    ) -> None:
        codec, width, height, sound = shape
        self._db.execute(
            _FILE.insert().values(
                run=self._run(run), sequence=sequence, stream=self._stream(camera, stream),
                volume=self._number(_VOLUME, {"id": volume}),
                shape=self._number(
                    _SHAPE, {"codec": codec, "width": width, "height": height, "sound": sound}
                ),
                opened_ns=opened_ns, first_fragment=first_fragment, media_from=media_from,
                media_to=media_from, wall_from=opened_ns, wall_to=opened_ns, rate_ppb=0,
                length=0, state=OPEN,
            )
        )  # fmt: skip

    def grow_files(self, rows: list[tuple[RunId, int, int, int, int]]) -> None:
        """How far open files reach: (run, sequence, media_to, wall_to, length)."""
        if rows:
            self._db.execute(
                _FILE.update()
                .where(
                    _FILE.c.run
                    == sa.select(_RUN.c.num)
                    .where(_RUN.c.id == sa.bindparam("r"))
                    .scalar_subquery(),
                    _FILE.c.sequence == sa.bindparam("s"),
                )
                .values(
                    media_to=sa.bindparam("m"), wall_to=sa.bindparam("w"), length=sa.bindparam("l")
                ),
                [
                    {"r": bytes.fromhex(run), "s": seq, "m": media, "w": wall, "l": length}
                    for run, seq, media, wall, length in rows
                ],
            )

    def close_file(
        self, run: RunId, sequence: int, media_to: int, wall_to: int, length: int
    ) -> None:
        self._db.execute(
            self._file_update(run, sequence).values(
                media_to=media_to, wall_to=wall_to, length=length, state=CLOSED
            )
        )

    def place_file(
        self, run: RunId, sequence: int, wall_from: int, wall_to: int, rate_ppb: int
    ) -> None:
        """Where a file lies; what refers to its run's start or end is moved by the caller."""
        self._db.execute(
            self._file_update(run, sequence).values(
                wall_from=wall_from, wall_to=wall_to, rate_ppb=rate_ppb
            )
        )

    def move_gaps_before(self, run: RunId, wall_ns: int) -> None:
        """Gaps that end where a run begins."""
        self._db.execute(
            _GAP.update()
            .where(_GAP.c.until_run == self._run(run), _GAP.c.media_to.is_(None))
            .values(wall_to=wall_ns)
        )

    def move_gaps_after(self, run: RunId, wall_ns: int) -> None:
        """Gaps that begin where a run ends."""
        self._db.execute(
            _GAP.update()
            .where(_GAP.c.after_run == self._run(run), _GAP.c.media_from.is_(None))
            .values(wall_from=wall_ns)
        )

    def move_hole(self, gap: GapId, wall_from: int, wall_to: int | None) -> None:
        self._db.execute(
            _GAP.update()
            .where(_GAP.c.id == bytes.fromhex(gap))
            .values(wall_from=wall_from, wall_to=wall_to)
        )

    def open_new_gap(
        self,
        gap: GapId,
        camera: CameraId,
        stream: StreamName,
        cause: GapCause,
        wall_from: int,
        after_run: RunId | None,
        media_from: int | None,
    ) -> None:
        self._db.execute(
            _GAP.insert().values(
                id=bytes.fromhex(gap), stream=self._stream(camera, stream), cause=cause.value,
                wall_from=wall_from,
                after_run=self._run(after_run) if after_run is not None else None,
                media_from=media_from,
            )
        )  # fmt: skip

    def close_gap(
        self, gap: GapId, wall_to: int, until_run: RunId | None, media_to: int | None
    ) -> None:
        self._db.execute(
            _GAP.update()
            .where(_GAP.c.id == bytes.fromhex(gap))
            .values(
                wall_to=wall_to,
                until_run=self._run(until_run) if until_run is not None else None,
                media_to=media_to,
            )
        )

    def mark_deleting(self, run: RunId, sequence: int, cause: GapCause) -> None:
        """The file's tombstone is written: it is a gap from now on."""
        row = self.file(run, sequence)
        if row is None or row.state == DELETING:
            return
        self._db.execute(self._file_update(run, sequence).values(state=DELETING))
        stream = self._stream(row.camera, row.stream)
        before = self._db.execute(
            sa.select(_PURGED.c.num).where(
                _PURGED.c.stream == stream,
                _PURGED.c.cause == cause.value,
                _PURGED.c.wall_to == row.wall_from,
            )
        ).scalar()
        if before is None:
            self._db.execute(
                _PURGED.insert().values(
                    stream=stream, cause=cause.value, wall_from=row.wall_from, wall_to=row.wall_to
                )
            )
        else:
            self._db.execute(
                _PURGED.update().where(_PURGED.c.num == before).values(wall_to=row.wall_to)
            )

    def forget_file(self, run: RunId, sequence: int) -> None:
        """The file is gone from the disk."""
        self._db.execute(
            _FILE.delete().where(_FILE.c.run == self._run(run), _FILE.c.sequence == sequence)
        )

    def set_hold(self, hold: str, camera: CameraId, wall_from: int, wall_to: int) -> None:
        self._upsert(
            _HOLD, {"id": hold}, {"camera": camera, "wall_from": wall_from, "wall_to": wall_to}
        )

    def lift_hold(self, hold: str) -> None:
        self._db.execute(_HOLD.delete().where(_HOLD.c.id == hold))

    def _file_update(self, run: RunId, sequence: int) -> sa.Update:
        return _FILE.update().where(_FILE.c.run == self._run(run), _FILE.c.sequence == sequence)

    def _run(self, run: RunId) -> int | None:
        query = sa.select(_RUN.c.num).where(_RUN.c.id == bytes.fromhex(run))
        number: int | None = self._db.execute(query).scalar()
        return number

    def _number(self, table: Table, values: dict[str, Any]) -> int:
        query = sa.select(table.c.num).where(*(table.c[k] == v for k, v in values.items()))
        number = self._db.execute(query).scalar()
        if number is None:
            self._db.execute(table.insert().values(**values))
            number = self._db.execute(query).scalar_one()
        return int(number)

    def _upsert(self, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
        where = [table.c[k] == v for k, v in key.items()]
        changed = self._db.execute(table.update().where(*where).values(**values))
        if changed.rowcount == 0:
            self._db.execute(table.insert().values(**key, **values))


class IndexStore:
    """The index database. One writer (the keeper), any number of readers."""

    def __init__(self, path: Path, *, check: bool = False) -> None:
        """Open or make it; DamagedError when it cannot be used (``check`` reads all of it)."""
        self._database = Database(path, _SCHEMA, synchronous=Synchronous.NORMAL, check=check)

    @contextmanager
    def read(self) -> Iterator[IndexReader]:
        """Ask; sees one consistent state."""
        with self._database.read() as connection:
            yield IndexReader(connection)

    @contextmanager
    def write(self) -> Iterator[IndexWriter]:
        """Change, in one transaction; undone on an exception."""
        with self._database.write() as connection:
            yield IndexWriter(connection)

    def close(self) -> None:
        self._database.close()
