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
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Table

from watchglass.base.ids import CameraId, GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.store.database import Database, Synchronous
from watchglass.store.index_reader import IndexReader
from watchglass.store.index_rows import (
    CLOSED,
    DELETING,
    OPEN,
    FileRow,
    GapRow,
    HoldRow,
    PurgedRow,
    StreamRow,
)
from watchglass.store.index_tables import (
    FILE,
    GAP,
    HOLD,
    LEDGER,
    PURGED,
    RUN,
    SCHEMA,
    SHAPE,
    STREAM,
    VOLUME,
)

__all__ = [
    "CLOSED",
    "DELETING",
    "OPEN",
    "FileRow",
    "GapRow",
    "HoldRow",
    "IndexReader",
    "IndexStore",
    "IndexWriter",
    "PurgedRow",
    "StreamRow",
]


class IndexWriter(IndexReader):
    """Changes to the index inside one transaction."""

    def set_applied(self, ledger: str, lines: int) -> None:
        self._upsert(LEDGER, {"name": ledger}, {"applied": lines})

    def add_stream(self, camera: CameraId, stream: StreamName, added_ns: int) -> None:
        if self._stream(camera, stream) is None:
            self._db.execute(
                STREAM.insert().values(camera=camera, name=stream.value, added_ns=added_ns)
            )

    def end_streams(self, camera: CameraId, removed_ns: int) -> None:
        self._db.execute(
            STREAM.update().where(STREAM.c.camera == camera).values(removed_ns=removed_ns)
        )

    def add_run(self, run: RunId, camera: CameraId, stream: StreamName) -> None:
        self._db.execute(
            RUN.insert().values(
                id=bytes.fromhex(run), stream=self._stream(camera, stream), ended=False
            )
        )

    def end_run(self, run: RunId) -> None:
        self._db.execute(RUN.update().where(RUN.c.id == bytes.fromhex(run)).values(ended=True))

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
            FILE.insert().values(
                run=self._run(run), sequence=sequence, stream=self._stream(camera, stream),
                volume=self._number(VOLUME, {"id": volume}),
                shape=self._number(
                    SHAPE, {"codec": codec, "width": width, "height": height, "sound": sound}
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
                FILE.update()
                .where(
                    FILE.c.run
                    == sa.select(RUN.c.num).where(RUN.c.id == sa.bindparam("r")).scalar_subquery(),
                    FILE.c.sequence == sa.bindparam("s"),
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
            GAP.update()
            .where(GAP.c.until_run == self._run(run), GAP.c.media_to.is_(None))
            .values(wall_to=wall_ns)
        )

    def move_gaps_after(self, run: RunId, wall_ns: int) -> None:
        """Gaps that begin where a run ends."""
        self._db.execute(
            GAP.update()
            .where(GAP.c.after_run == self._run(run), GAP.c.media_from.is_(None))
            .values(wall_from=wall_ns)
        )

    def move_hole(self, gap: GapId, wall_from: int, wall_to: int | None) -> None:
        self._db.execute(
            GAP.update()
            .where(GAP.c.id == bytes.fromhex(gap))
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
            GAP.insert().values(
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
            GAP.update()
            .where(GAP.c.id == bytes.fromhex(gap))
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
            sa.select(PURGED.c.num).where(
                PURGED.c.stream == stream,
                PURGED.c.cause == cause.value,
                PURGED.c.wall_to == row.wall_from,
            )
        ).scalar()
        if before is None:
            self._db.execute(
                PURGED.insert().values(
                    stream=stream, cause=cause.value, wall_from=row.wall_from, wall_to=row.wall_to
                )
            )
        else:
            self._db.execute(
                PURGED.update().where(PURGED.c.num == before).values(wall_to=row.wall_to)
            )

    def forget_file(self, run: RunId, sequence: int) -> None:
        """The file is gone from the disk."""
        self._db.execute(
            FILE.delete().where(FILE.c.run == self._run(run), FILE.c.sequence == sequence)
        )

    def set_hold(self, hold: str, camera: CameraId, wall_from: int, wall_to: int) -> None:
        self._upsert(
            HOLD, {"id": hold}, {"camera": camera, "wall_from": wall_from, "wall_to": wall_to}
        )

    def lift_hold(self, hold: str) -> None:
        self._db.execute(HOLD.delete().where(HOLD.c.id == hold))

    def _file_update(self, run: RunId, sequence: int) -> sa.Update:
        return FILE.update().where(FILE.c.run == self._run(run), FILE.c.sequence == sequence)

    def _run(self, run: RunId) -> int | None:
        query = sa.select(RUN.c.num).where(RUN.c.id == bytes.fromhex(run))
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
        self._database = Database(path, SCHEMA, synchronous=Synchronous.NORMAL, check=check)

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
