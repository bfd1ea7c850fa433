"""Changes to the index, written together."""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy import Table, bindparam

from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.store import index_queries as ask
from watchglass.store.file_changes import FileChanges
from watchglass.store.index_reader import IndexReader
from watchglass.store.index_rows import CLOSED, DELETING, OPEN, FileRow, GapRow, ImportRow
from watchglass.store.index_tables import (
    ERASURE,
    FILE,
    GAP,
    HOLD,
    IMPORT,
    LEDGER,
    PURGED,
    RUN,
    SHAPE,
    STREAM,
    VOLUME,
)

_MOST_KNOWN = 4096


def _where(*columns: sa.Column[Any]) -> list[sa.ColumnElement[bool]]:
    return [column == bindparam(f"of_{column.name}") for column in columns]


# A parameter that is named like a column would set it: what tells the row is called ``of_``.
_ADD_FILES = FILE.insert()
_CHANGE_FILES = FILE.update().where(*_where(FILE.c.run, FILE.c.sequence))
_GROW_FILES = FILE.update().where(
    FILE.c.run == sa.select(RUN.c.num).where(*_where(RUN.c.id)).scalar_subquery(),
    *_where(FILE.c.sequence),
)
_FORGET_FILE = FILE.delete().where(*_where(FILE.c.run, FILE.c.sequence))
_CHANGE_GAP = GAP.update().where(*_where(GAP.c.id))
_MOVE_GAPS_BEFORE = GAP.update().where(*_where(GAP.c.until_run), GAP.c.media_to.is_(None))
_MOVE_GAPS_AFTER = GAP.update().where(*_where(GAP.c.after_run), GAP.c.media_from.is_(None))
_PURGED_UP_TO = sa.select(PURGED.c.num).where(
    *_where(PURGED.c.stream, PURGED.c.cause, PURGED.c.wall_to)
)
_CHANGE_PURGED = PURGED.update().where(*_where(PURGED.c.num))
_END_STREAMS = STREAM.update().where(*_where(STREAM.c.camera))
_END_RUN = RUN.update().where(*_where(RUN.c.id))
_SET_APPLIED = LEDGER.update().where(*_where(LEDGER.c.name))
_CHANGE_HOLD = HOLD.update().where(*_where(HOLD.c.id))
_END_ERASURE = ERASURE.update().where(*_where(ERASURE.c.id))
_CHANGE_IMPORT = IMPORT.update().where(*_where(IMPORT.c.camera, IMPORT.c.id))
_FORGET_IMPORT = IMPORT.delete().where(*_where(IMPORT.c.camera, IMPORT.c.id))
_LIFT_HOLD = HOLD.delete().where(*_where(HOLD.c.id))


class IndexWriter(IndexReader):
    """Changes to the index inside one transaction.

    What changes of files waits, so that a file which is opened, closed and placed is written once;
    it is written ahead of each question to the database, so that every answer knows of it.
    """

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._files_known = FileChanges()
        self._gaps_known: dict[RunId, list[GapRow]] = {}

    def flush(self) -> None:
        """Write what waits; DamagedError when a file is added that is known."""
        added, changed = self._files_known.take()
        if added:
            try:
                self._db.execute(_ADD_FILES, [self._columns(row) for row in added])
            except sa.exc.IntegrityError as error:
                raise DamagedError("A ledger tells twice that one file was opened.") from error
        if changed:
            self._db.execute(_CHANGE_FILES, [self._changes(row) for row in changed])

    # --- ledgers, streams, runs --------------------------------------------------------------

    def set_applied(self, ledger: str, lines: int) -> None:
        if not self._change(_SET_APPLIED, of_name=ledger, applied=lines):
            self._add(LEDGER, name=ledger, applied=lines)

    def add_stream(self, camera: CameraId, stream: StreamName, added_ns: int) -> None:
        if self._stream(camera, stream) is None:
            self._add(STREAM, camera=camera, name=stream.value, added_ns=added_ns)

    def end_streams(self, camera: CameraId, removed_ns: int) -> None:
        self._change(_END_STREAMS, of_camera=camera, removed_ns=removed_ns)

    def add_run(self, run: RunId, camera: CameraId, stream: StreamName) -> None:
        number = self._stream(camera, stream)
        self._add(RUN, id=bytes.fromhex(run), stream=number, ended=False)

    def end_run(self, run: RunId) -> None:
        self._change(_END_RUN, of_id=bytes.fromhex(run), ended=True)

    # --- files -------------------------------------------------------------------------------

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
        # One that is added twice is refused by the table.
        if len(self._files_known) >= _MOST_KNOWN or self._files_known.get(run, sequence):
            self.flush()
            self._files_known.forget()
        self._files_known.add(
            FileRow(
                run, sequence, camera, stream, volume, opened_ns, first_fragment, media_from,
                media_from, opened_ns, opened_ns, 0, 0, OPEN, *shape,
            )
        )  # fmt: skip

    def grow_files(self, rows: list[tuple[RunId, int, int, int, int]]) -> None:
        """How far open files reach: (run, sequence, media_to, wall_to, length)."""
        self.flush()
        self._files_known.forget()
        if rows:
            self._db.execute(
                _GROW_FILES,
                [
                    {
                        "of_id": bytes.fromhex(run), "of_sequence": sequence,
                        "media_to": media, "wall_to": wall, "length": length,
                    }
                    for run, sequence, media, wall, length in rows
                ],
            )  # fmt: skip

    def close_file(
        self, run: RunId, sequence: int, media_to: int, wall_to: int, length: int
    ) -> None:
        row = self.file(run, sequence)
        if row is not None:
            self._files_known.change(
                replace(row, media_to=media_to, wall_to=wall_to, length=length, state=CLOSED)
            )

    def place_file(
        self, run: RunId, sequence: int, wall_from: int, wall_to: int, rate_ppb: int
    ) -> None:
        """Where a file lies; what refers to its run's start or end is moved by the caller."""
        row = self.file(run, sequence)
        if row is not None:
            self._files_known.change(
                replace(row, wall_from=wall_from, wall_to=wall_to, rate_ppb=rate_ppb)
            )

    def mark_deleting(self, run: RunId, sequence: int, cause: GapCause) -> None:
        """The file's tombstone is written: it is a gap from now on."""
        row = self.file(run, sequence)
        if row is None or row.state == DELETING:
            return
        self._files_known.change(replace(row, state=DELETING))
        stream = self._stream(row.camera, row.stream)
        before = self._ask(
            _PURGED_UP_TO, of_stream=stream, of_cause=cause.value, of_wall_to=row.wall_from
        ).scalar()
        if before is not None:
            self._change(_CHANGE_PURGED, of_num=before, wall_to=row.wall_to)
        else:
            self._add(
                PURGED, stream=stream, cause=cause.value, wall_from=row.wall_from,
                wall_to=row.wall_to,
            )  # fmt: skip

    def forget_file(self, run: RunId, sequence: int) -> None:
        """The file is gone from the disk."""
        self.flush()
        self._files_known.forget()
        self._change(_FORGET_FILE, of_run=self._run(run), of_sequence=sequence)

    # --- gaps --------------------------------------------------------------------------------

    def move_gaps_before(self, run: RunId, wall_ns: int) -> None:
        """Gaps that end where a run begins."""
        self._change_gaps(_MOVE_GAPS_BEFORE, of_until_run=self._run(run), wall_to=wall_ns)

    def move_gaps_after(self, run: RunId, wall_ns: int) -> None:
        """Gaps that begin where a run ends."""
        if any(gap.media_from is None and gap.wall_from != wall_ns for gap in self._after(run)):
            self._change_gaps(_MOVE_GAPS_AFTER, of_after_run=self._run(run), wall_from=wall_ns)

    def move_hole(self, gap: GapId, wall_from: int, wall_to: int | None) -> None:
        self._change_gaps(
            _CHANGE_GAP, of_id=bytes.fromhex(gap), wall_from=wall_from, wall_to=wall_to
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
        self._gaps_known.clear()
        self._add(
            GAP, id=bytes.fromhex(gap), stream=self._stream(camera, stream), cause=cause.value,
            wall_from=wall_from, after_run=self._run_if(after_run), media_from=media_from,
        )  # fmt: skip

    def close_gap(
        self, gap: GapId, wall_to: int, until_run: RunId | None, media_to: int | None
    ) -> None:
        self._change_gaps(
            _CHANGE_GAP, of_id=bytes.fromhex(gap), wall_to=wall_to,
            until_run=self._run_if(until_run), media_to=media_to,
        )  # fmt: skip

    def shorten_file(self, run: RunId, sequence: int, length: int) -> None:
        """Something of a file was erased. One that is gone already has no row."""
        row = self.file(run, sequence)
        if row is not None:
            self._files_known.change(replace(row, length=length))

    # --- erasures ----------------------------------------------------------------------------

    def add_erasure(
        self, erasure: str, camera: CameraId, wall_from: int, wall_to: int, ordered_ns: int
    ) -> None:
        span = {"camera": camera, "wall_from": wall_from, "wall_to": wall_to}
        if not self._change(_END_ERASURE, of_id=erasure, **span, ordered_ns=ordered_ns):
            self._add(ERASURE, id=erasure, **span, ordered_ns=ordered_ns)

    def end_erasure(self, erasure: str, done_ns: int) -> None:
        self._change(_END_ERASURE, of_id=erasure, done_ns=done_ns)

    # --- holds -------------------------------------------------------------------------------

    def set_hold(self, hold: str, camera: CameraId, wall_from: int, wall_to: int) -> None:
        span = {"camera": camera, "wall_from": wall_from, "wall_to": wall_to}
        if not self._change(_CHANGE_HOLD, of_id=hold, **span):
            self._add(HOLD, id=hold, **span)

    def lift_hold(self, hold: str) -> None:
        self._change(_LIFT_HOLD, of_id=hold)

    # --- imported footage --------------------------------------------------------------------

    def add_import(self, row: ImportRow) -> None:
        self.forget_import(row.camera, row.id)
        self._add(IMPORT, **asdict(row))

    def mark_import_deleting(self, camera: CameraId, id: str) -> None:
        self._change(_CHANGE_IMPORT, of_camera=camera, of_id=id, state=DELETING)

    def forget_import(self, camera: CameraId, id: str) -> None:
        """It is gone from the disk."""
        self._change(_FORGET_IMPORT, of_camera=camera, of_id=id)

    # --- questions that are answered from what is known ---------------------------------------

    def file(self, run: RunId, sequence: int) -> FileRow | None:
        known = self._files_known.get(run, sequence)
        if known is None:
            known = super().file(run, sequence)
            if known is not None:
                self._files_known.keep(known)
        return known

    def last_file(self, run: RunId) -> FileRow | None:
        known = self._files_known.last(run)
        if known is None:
            known = super().last_file(run)
            if known is not None:
                self._files_known.keep(known, last=True)
        return known

    def holes_of(self, run: RunId, media_from: int) -> list[GapRow]:
        return [
            gap
            for gap in self._after(run)
            if gap.media_from is not None and gap.media_from >= media_from
        ]

    def _after(self, run: RunId) -> list[GapRow]:
        """Gaps that begin at the end of a run, or inside it."""
        known = self._gaps_known.get(run)
        if known is None:
            known = list(self._gaps(ask.GAPS_AFTER_RUN, run=bytes.fromhex(run)))
            self._gaps_known[run] = known
        return known

    def _run_if(self, run: RunId | None) -> int | None:
        return None if run is None else self._run(run)

    # --- statements --------------------------------------------------------------------------

    def _ask(self, question: ask.Question, **values: object) -> ask.Answer:
        self.flush()
        return super()._ask(question, **values)

    def _add(self, table: Table, **values: object) -> None:
        self._db.execute(table.insert(), values)

    def _change(self, change: sa.Update | sa.Delete, **values: object) -> int:
        """How many rows were changed."""
        return self._db.execute(change, values).rowcount

    def _change_gaps(self, change: sa.Update, **values: object) -> None:
        self._gaps_known.clear()
        self._change(change, **values)

    def _columns(self, row: FileRow) -> dict[str, object]:
        return {
            "run": self._run(row.run), "sequence": row.sequence,
            "stream": self._stream(row.camera, row.stream), "opened_ns": row.opened_ns,
            "volume": self._numbered(VOLUME, ask.VOLUME_NUMBER, id=row.volume),
            "shape": self._numbered(
                SHAPE, ask.SHAPE_NUMBER,
                codec=row.codec, width=row.width, height=row.height, sound=row.sound,
            ),
            "first_fragment": row.first_fragment,
            "media_from": row.media_from, "media_to": row.media_to, "wall_from": row.wall_from,
            "wall_to": row.wall_to, "rate_ppb": row.rate_ppb, "length": row.length,
            "state": row.state,
        }  # fmt: skip

    def _changes(self, row: FileRow) -> dict[str, object]:
        return {
            "of_run": self._run(row.run), "of_sequence": row.sequence, "media_to": row.media_to,
            "wall_from": row.wall_from, "wall_to": row.wall_to, "rate_ppb": row.rate_ppb,
            "length": row.length, "state": row.state,
        }  # fmt: skip

    def _numbered(self, table: Table, question: ask.Question, **values: object) -> int | None:
        """The number of a row that is made where there is none."""
        number = self._number(question, **values)
        if number is None:
            self._add(table, **values)
            number = self._number(question, **values)
        return number
