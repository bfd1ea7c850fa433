"""Questions to the index: which files and gaps lie where in UTC."""

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from watchglass.base.ids import CameraId, GapId, HoldId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.store import index_queries as ask
from watchglass.store.index_rows import (
    ErasureRow,
    FileRow,
    GapRow,
    HoldRow,
    ImportRow,
    PurgedRow,
    StreamRow,
)

_EVER_NS = 2**63 - 1


class IndexReader:
    """Questions to the index on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection
        self._numbers: dict[object, int] = {}

    def applied(self, ledger: str) -> int:
        """How many lines of a ledger are folded in."""
        return int(self._ask(ask.APPLIED, ledger=ledger).scalar() or 0)

    def ledgers(self) -> dict[str, int]:
        return dict(map(tuple, self._ask(ask.LEDGERS)))

    def streams(self, camera: CameraId | None = None) -> list[StreamRow]:
        rows = (
            self._ask(ask.STREAMS)
            if camera is None
            else self._ask(ask.STREAMS_OF_CAMERA, camera=camera)
        )
        return [
            StreamRow(CameraId(of), StreamName(name), added_ns, removed_ns)
            for of, name, added_ns, removed_ns in rows
        ]

    def file(self, run: RunId, sequence: int) -> FileRow | None:
        return self._file(ask.FILE_OF_RUN, run=bytes.fromhex(run), sequence=sequence)

    def files_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[FileRow]:
        """Files that touch a span, in the order of their start; those being deleted left out."""
        number = self._stream(camera, stream)
        return list(
            self._files(ask.FILES_BETWEEN, stream=number, wall_from=wall_from, wall_to=wall_to)
        )

    def gaps_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[GapRow]:
        """Gaps that touch a span, in the order of their start, those still open among them."""
        number = self._stream(camera, stream)
        span = {"wall_from": wall_from, "wall_to": wall_to}
        ended = self._gaps(ask.ENDED_GAPS_BETWEEN, stream=number, **span)
        lasting = [row for row in self._open_gaps(number) if row.wall_from < wall_to]
        return sorted([*ended, *lasting], key=lambda row: row.wall_from)

    def missing_ns(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> Counter[GapCause]:
        """How long together the gaps of each cause are in a span."""
        number = self._stream(camera, stream)
        span = {"wall_from": wall_from, "wall_to": wall_to}
        ended = self._ask(ask.ENDED_GAPS_TOGETHER, stream=number, **span)
        found = Counter({GapCause(cause): int(length_ns) for cause, length_ns in ended})
        for gap in self._open_gaps(number):
            found[gap.cause] += max(0, wall_to - max(gap.wall_from, wall_from))
        return found

    def purged_between(
        self, camera: CameraId, stream: StreamName, wall_from: int, wall_to: int
    ) -> list[PurgedRow]:
        number = self._stream(camera, stream)
        rows = self._ask(ask.PURGED_BETWEEN, stream=number, wall_from=wall_from, wall_to=wall_to)
        return [PurgedRow(GapCause(cause), begins, ends) for cause, begins, ends in rows]

    def open_files(self) -> list[FileRow]:
        return list(self._files(ask.OPEN_FILES))

    def deleting_files(self) -> list[FileRow]:
        return list(self._files(ask.DELETING_FILES))

    def file_keys(self, camera: CameraId, stream: StreamName) -> set[tuple[str, int]]:
        """(run, sequence) of every file of a stream, those being deleted among them."""
        rows = self._ask(ask.FILE_KEYS, stream=self._stream(camera, stream))
        return {(run.hex(), sequence) for run, sequence in rows}

    def all_files(self) -> Iterator[FileRow]:
        """Every file; rows are fetched as they are read."""
        return self._files(ask.ALL_FILES)

    def oldest_closed(self, before_ns: int | None, limit: int) -> list[FileRow]:
        """Closed files by the end of their media, oldest first."""
        before = _EVER_NS if before_ns is None else before_ns
        return list(self._files(ask.OLDEST_CLOSED, before=before, limit=limit))

    def oldest_closed_of(self, camera: CameraId, before_ns: int, limit: int) -> list[FileRow]:
        """As ``oldest_closed``, of one camera."""
        values = {"since": -_EVER_NS, "before": before_ns, "limit": limit}
        rows = [
            row
            for number in self._ask(ask.STREAM_NUMBERS, camera=camera).scalars().all()
            for row in self._files(ask.OLDEST_CLOSED_OF_STREAM, stream=number, **values)
        ]
        return sorted(rows, key=lambda row: row.wall_to)[:limit]

    def oldest_closed_on(self, volume: VolumeId, limit: int) -> list[FileRow]:
        """As ``oldest_closed``, of one volume."""
        values = {"volume": volume, "before": _EVER_NS, "limit": limit}
        return list(self._files(ask.OLDEST_CLOSED_ON_VOLUME, **values))

    def oldest_closed_of_stream(
        self, camera: CameraId, stream: StreamName, since_ns: int, before_ns: int, limit: int
    ) -> list[FileRow]:
        """As ``oldest_closed``, of one stream, and of those that end at ``since_ns`` or later."""
        values = {
            "stream": self._stream(camera, stream), "since": since_ns, "before": before_ns,
            "limit": limit,
        }  # fmt: skip
        return list(self._files(ask.OLDEST_CLOSED_OF_STREAM, **values))

    def newest_closed(
        self, camera: CameraId, stream: StreamName, since_ns: int, before_ns: int
    ) -> FileRow | None:
        """The closed file whose media ends last, of those that end after one time and begin before
        another."""
        number = self._stream(camera, stream)
        return self._file(ask.NEWEST_CLOSED, stream=number, since=since_ns, before=before_ns)

    def closed_of_stream_between(
        self, camera: CameraId, stream: StreamName, after_ns: int, until_ns: int, limit: int
    ) -> list[FileRow]:
        """Closed files whose media ends after one time and by another, oldest first."""
        values = {"after": after_ns, "until": until_ns, "limit": limit}
        number = self._stream(camera, stream)
        return list(self._files(ask.CLOSED_BETWEEN, stream=number, **values))

    def open_runs(self) -> list[tuple[RunId, CameraId, StreamName]]:
        """Runs that have not ended."""
        return [
            (RunId(run.hex()), CameraId(camera), StreamName(name))
            for run, camera, name in self._ask(ask.OPEN_RUNS)
        ]

    def has_run(self, run: RunId) -> bool:
        return self._run(run) is not None

    def file_with_media(self, run: RunId, media: int) -> FileRow | None:
        """The file of a run that holds a media time: the last one that begins at or before it."""
        return self._file(ask.FILE_WITH_MEDIA, run=bytes.fromhex(run), media=media)

    def last_file(self, run: RunId) -> FileRow | None:
        """The file of a run with the highest sequence."""
        return self._file(ask.LAST_FILE, run=bytes.fromhex(run))

    def open_gap(self, camera: CameraId, stream: StreamName) -> GapRow | None:
        return next(self._open_gaps(self._stream(camera, stream)), None)

    def last_ended_gaps(
        self, camera: CameraId, stream: StreamName, since_ns: int, before_ns: int, limit: int
    ) -> list[GapRow]:
        """Of the gaps that ended after one time and began before another, those that began last,
        the last first."""
        span = {"since": since_ns, "before": before_ns, "limit": limit}
        number = self._stream(camera, stream)
        return list(self._gaps(ask.LAST_ENDED_GAPS, stream=number, **span))

    def holes_of(self, run: RunId, media_from: int) -> list[GapRow]:
        """Gaps inside a run that begin at ``media_from`` or later."""
        return list(self._gaps(ask.HOLES_OF_RUN, run=bytes.fromhex(run), media=media_from))

    def has_gap(self, gap: GapId) -> bool:
        return self._ask(ask.GAP_NUMBER, gap=bytes.fromhex(gap)).first() is not None

    def holds(self) -> list[HoldRow]:
        return [
            HoldRow(HoldId(hold), CameraId(camera), begins, ends)
            for hold, camera, begins, ends in self._ask(ask.HOLDS)
        ]

    def erasures(self) -> list[ErasureRow]:
        """All that were ever ordered, oldest first."""
        return [
            ErasureRow(id, CameraId(camera), begins, ends, ordered_ns, done_ns)
            for id, camera, begins, ends, ordered_ns, done_ns in self._ask(ask.ERASURES)
        ]

    def imports(self, camera: CameraId | None = None) -> list[ImportRow]:
        """Imported footage by the start of its claimed time, what is being deleted among it."""
        rows = [
            ImportRow(CameraId(of), id, VolumeId(volume), *rest)
            for of, id, volume, *rest in self._ask(ask.IMPORTS)
        ]
        return [row for row in rows if camera in (None, row.camera)]

    def bytes_by_volume(self, since_ns: int) -> dict[VolumeId, tuple[int, int]]:
        """Of closed files that end after ``since_ns``: sum of lengths, and the first end."""
        rows = self._ask(ask.BYTES_BY_VOLUME, since=since_ns)
        return {VolumeId(volume): (int(total), first_ns) for volume, total, first_ns in rows}

    def fastest_since(self, since_ns: int) -> list[tuple[VolumeId, CameraId, StreamName, int]]:
        """Of each stream on each volume the most bytes a second that a closed file took which ends
        after ``since_ns``; those of less than 10 s say nothing."""
        rows = self._ask(ask.FASTEST, since=since_ns, least=10 * 90_000)
        return [
            (VolumeId(volume), CameraId(camera), StreamName(name), int(rate))
            for volume, camera, name, rate in rows
        ]

    def bytes_by_camera(self) -> dict[CameraId, int]:
        """Sum of the files' lengths."""
        return {
            CameraId(camera): int(total or 0) for camera, total in self._ask(ask.BYTES_BY_CAMERA)
        }

    # --- rows --------------------------------------------------------------------------------

    def _ask(self, question: ask.Question, **values: object) -> ask.Answer:
        return self._db.execute(question, values)

    def _stream(self, camera: CameraId, stream: StreamName) -> int | None:
        return self._number(ask.STREAM_NUMBER, camera=camera, name=stream.value)

    def _run(self, run: RunId) -> int | None:
        return self._number(ask.RUN_NUMBER, run=bytes.fromhex(run))

    def _number(self, question: ask.Question, **values: object) -> int | None:
        """The number of what is told by ``values``, which stays the same once there is one."""
        key = tuple(values.values())
        number = self._numbers.get(key)
        if number is None:
            number = self._ask(question, **values).scalar()
            if number is not None:
                self._numbers[key] = number
        return number

    def _file(self, question: ask.Question, **values: object) -> FileRow | None:
        return next(self._files(question, **values), None)

    def _files(self, question: ask.Question, **values: object) -> Iterator[FileRow]:
        for run, sequence, camera, stream, volume, *rest in self._ask(question, **values):
            yield FileRow(
                RunId(run.hex()), sequence, CameraId(camera), StreamName(stream),
                VolumeId(volume), *rest,
            )  # fmt: skip

    def _open_gaps(self, stream: int | None) -> Iterator[GapRow]:
        return self._gaps(ask.OPEN_GAPS, stream=stream)

    def _gaps(self, question: ask.Question, **values: object) -> Iterator[GapRow]:
        for gap, camera, stream, cause, begins, ends, run, *media in self._ask(question, **values):
            yield GapRow(
                GapId(gap.hex()), CameraId(camera), StreamName(stream), GapCause(cause),
                begins, ends, RunId(run.hex()) if run is not None else None, *media,
            )  # fmt: skip
