"""Questions to the index: which files and gaps lie where in UTC."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from watchglass.base.ids import CameraId, GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
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
    SHAPE,
    STREAM,
    VOLUME,
)


class IndexReader:
    """Questions to the index on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def applied(self, ledger: str) -> int:
        """How many lines of a ledger are folded in."""
        query = sa.select(LEDGER.c.applied).where(LEDGER.c.name == ledger)
        return int(self._db.execute(query).scalar() or 0)

    def ledgers(self) -> dict[str, int]:
        return {row.name: row.applied for row in self._db.execute(sa.select(LEDGER))}

    def streams(self, camera: CameraId | None = None) -> list[StreamRow]:
        query = sa.select(STREAM).order_by(STREAM.c.num)
        if camera is not None:
            query = query.where(STREAM.c.camera == camera)
        return [
            StreamRow(CameraId(r.camera), StreamName(r.name), r.added_ns, r.removed_ns)
            for r in self._db.execute(query)
        ]

    def file(self, run: RunId, sequence: int) -> FileRow | None:
        return next(self._files(RUN.c.id == bytes.fromhex(run), FILE.c.sequence == sequence), None)

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
                FILE.c.stream == number,
                FILE.c.wall_from < wall_to,
                FILE.c.wall_from >= wall_from - longest,
                FILE.c.wall_to > wall_from,
                FILE.c.state != DELETING,
                order=(FILE.c.wall_from, FILE.c.num),
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
                GAP.c.stream == number,
                GAP.c.wall_from < wall_to,
                sa.or_(GAP.c.wall_to.is_(None), GAP.c.wall_to > wall_from),
            )
        )

    def purged_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[PurgedRow]:
        number = self._stream(camera, stream)
        query = (
            sa.select(PURGED)
            .where(
                PURGED.c.stream == number,
                PURGED.c.wall_from < wall_to,
                PURGED.c.wall_to > wall_from,
            )
            .order_by(PURGED.c.wall_from)
        )
        return [
            PurgedRow(GapCause(r.cause), r.wall_from, r.wall_to) for r in self._db.execute(query)
        ]

    def open_files(self) -> list[FileRow]:
        return list(self._files(FILE.c.state == OPEN, order=(FILE.c.run, FILE.c.sequence)))

    def deleting_files(self) -> list[FileRow]:
        return list(self._files(FILE.c.state == DELETING))

    def file_keys(self, camera: CameraId, stream: StreamName) -> set[tuple[str, int]]:
        """(run, sequence) of every file of a stream, those being deleted among them."""
        query = (
            sa.select(RUN.c.id, FILE.c.sequence)
            .join(RUN, RUN.c.num == FILE.c.run)
            .where(FILE.c.stream == self._stream(camera, stream))
        )
        return {(row.id.hex(), row.sequence) for row in self._db.execute(query)}

    def all_files(self) -> Iterator[FileRow]:
        """Every file; rows are fetched as they are read."""
        return self._files(sa.true(), order=(FILE.c.num,))

    def oldest_closed(self, before_ns: int | None, limit: int) -> list[FileRow]:
        """Closed files by the end of their media, oldest first."""
        conditions = [FILE.c.state == CLOSED]
        if before_ns is not None:
            conditions.append(FILE.c.wall_to < before_ns)
        return list(self._files(*conditions, order=(FILE.c.wall_to,), limit=limit))

    def oldest_closed_of(self, camera: CameraId, before_ns: int, limit: int) -> list[FileRow]:
        """As ``oldest_closed``, of one camera."""
        return list(
            self._files(
                FILE.c.state == CLOSED,
                STREAM.c.camera == camera,
                FILE.c.wall_to < before_ns,
                order=(FILE.c.wall_to,),
                limit=limit,
            )
        )

    def open_runs(self) -> list[tuple[RunId, CameraId, StreamName]]:
        """Runs that have not ended."""
        query = (
            sa.select(RUN.c.id, STREAM.c.camera, STREAM.c.name)
            .join(STREAM, STREAM.c.num == RUN.c.stream)
            .where(RUN.c.ended.is_(False))
        )
        return [
            (RunId(r.id.hex()), CameraId(r.camera), StreamName(r.name))
            for r in self._db.execute(query)
        ]

    def has_run(self, run: RunId) -> bool:
        query = sa.select(RUN.c.num).where(RUN.c.id == bytes.fromhex(run))
        return self._db.execute(query).first() is not None

    def file_with_media(self, run: RunId, media: int) -> FileRow | None:
        """The file of a run that holds a media time: the last one that begins at or before it."""
        return next(
            self._files(
                RUN.c.id == bytes.fromhex(run),
                FILE.c.media_from <= media,
                order=(FILE.c.sequence.desc(),),
                limit=1,
            ),
            None,
        )

    def last_file(self, run: RunId) -> FileRow | None:
        """The file of a run with the highest sequence."""
        return next(
            self._files(RUN.c.id == bytes.fromhex(run), order=(FILE.c.sequence.desc(),), limit=1),
            None,
        )

    def open_gap(self, camera: CameraId, stream: StreamName) -> GapRow | None:
        number = self._stream(camera, stream)
        return next(iter(self._gaps(GAP.c.stream == number, GAP.c.wall_to.is_(None))), None)

    def holes_of(self, run: RunId, media_from: int) -> list[GapRow]:
        """Gaps inside a run that begin at ``media_from`` or later."""
        return list(self._gaps(RUN.c.id == bytes.fromhex(run), GAP.c.media_from >= media_from))

    def has_gap(self, gap: GapId) -> bool:
        query = sa.select(GAP.c.num).where(GAP.c.id == bytes.fromhex(gap))
        return self._db.execute(query).first() is not None

    def holds(self) -> list[HoldRow]:
        return [
            HoldRow(CameraId(r.camera), r.wall_from, r.wall_to)
            for r in self._db.execute(sa.select(HOLD))
        ]

    def bytes_by_camera(self) -> dict[CameraId, int]:
        """Sum of the files' lengths."""
        query = (
            sa.select(STREAM.c.camera, sa.func.sum(FILE.c.length).label("total"))
            .join(STREAM, STREAM.c.num == FILE.c.stream)
            .group_by(STREAM.c.camera)
        )
        return {CameraId(r.camera): int(r.total or 0) for r in self._db.execute(query)}

    # --- rows --------------------------------------------------------------------------------

    def _stream(self, camera: CameraId, stream: StreamName) -> int | None:
        query = sa.select(STREAM.c.num).where(
            STREAM.c.camera == camera, STREAM.c.name == stream.value
        )
        number: int | None = self._db.execute(query).scalar()
        return number

    def _longest(self, stream: int) -> int:
        query = sa.select(sa.func.max(FILE.c.wall_to - FILE.c.wall_from)).where(
            FILE.c.stream == stream
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
                FILE, RUN.c.id.label("run_id"), STREAM.c.camera, STREAM.c.name,
                VOLUME.c.id.label("volume_id"), SHAPE.c.codec, SHAPE.c.width,
                SHAPE.c.height, SHAPE.c.sound,
            )
            .join(RUN, RUN.c.num == FILE.c.run)
            .join(STREAM, STREAM.c.num == FILE.c.stream)
            .join(VOLUME, VOLUME.c.num == FILE.c.volume)
            .join(SHAPE, SHAPE.c.num == FILE.c.shape)
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
            sa.select(GAP, STREAM.c.camera, STREAM.c.name, RUN.c.id.label("run_id"))
            .join(STREAM, STREAM.c.num == GAP.c.stream)
            .outerjoin(RUN, RUN.c.num == GAP.c.after_run)
            .where(*conditions)
            .order_by(GAP.c.wall_from, GAP.c.num)
        )
        for r in self._db.execute(query):
            run = RunId(r.run_id.hex()) if r.run_id is not None else None
            yield GapRow(
                GapId(r.id.hex()), CameraId(r.camera), StreamName(r.name), GapCause(r.cause),
                r.wall_from, r.wall_to, run, r.media_from, r.media_to,
            )  # fmt: skip
