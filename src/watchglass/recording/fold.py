"""Ledger lines into the index: the one way rows come to be.

Running, the keeper folds the lines it has just written; after a crash, those the index has not
seen; with ``check --repair``, all of them. So a rebuilt index answers as the one before it did.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.anchor import Placed
from watchglass.recording.erasure import erased_files
from watchglass.recording.ledger import FORMAT_VERSION, Ledger, Line
from watchglass.store.index import CLOSED, FileRow, ImportRow, IndexStore, IndexWriter

_BATCH = 5000
"""Lines in one transaction: enough that its end costs nothing, few enough to hold."""


class Fold:
    """Applies lines of one camera's ledger inside one index transaction."""

    def __init__(self, index: IndexWriter, camera: CameraId) -> None:
        self._index = index
        self._camera = camera

    def apply(self, line: Line) -> None:
        """Fold one line; a type or version that is not known is passed over."""
        step = _STEPS.get(line.type)
        if step is not None and line.version == FORMAT_VERSION:
            step(self, line)

    def _camera_added(self, line: Line) -> None:
        streams = line.fields.get("streams")
        if not isinstance(streams, list):
            raise DamagedError(f"Line {line.n} of {self._camera} lists no streams.")
        for name in streams:
            self._index.add_stream(self._camera, StreamName(name), line.t)

    def _camera_removed(self, line: Line) -> None:
        self._index.end_streams(self._camera, line.t)

    def _run_started(self, line: Line) -> None:
        self._index.add_run(_run(line), self._camera, _stream(line))

    def _run_ended(self, line: Line) -> None:
        self._index.end_run(_run(line))

    def _file_opened(self, line: Line) -> None:
        self._index.add_file(
            _run(line), line.number("sequence"), self._camera, _stream(line),
            VolumeId(line.text("volume")),
            (line.text("codec"), line.number("width"), line.number("height"), line.text("sound")),
            line.integer("wall"), line.integer("first_fragment"), line.integer("media"),
        )  # fmt: skip

    def _file_closed(self, line: Line) -> None:
        row = self._file(line)
        media_to = line.integer("media")
        wall_to = _placed(row).wall_at(media_to)
        self._index.close_file(row.run, row.sequence, media_to, wall_to, line.integer("length"))
        self._settle(row.run, row.media_from)

    def _placed(self, line: Line) -> None:
        row = self._file(line)
        placed = Placed(line.integer("media"), line.integer("wall"), line.number("rate_ppb"))
        self._index.place_file(
            row.run, row.sequence, placed.wall, placed.wall_at(row.media_to), placed.rate_ppb
        )
        if row.sequence == 0:
            self._index.move_gaps_before(row.run, placed.wall)
        self._settle(row.run, row.media_from)

    def _settle(self, run: RunId, media_from: int) -> None:
        """Move what refers to a run's end, or to a moment in it from ``media_from`` on."""
        last = self._index.last_file(run)
        if last is not None:
            self._index.move_gaps_after(run, last.wall_to)
        for hole in self._index.holes_of(run, media_from):
            assert hole.media_from is not None
            wall_from = self._wall_of(run, hole.media_from)
            wall_to = None if hole.media_to is None else self._wall_of(run, hole.media_to)
            self._index.move_hole(hole.id, wall_from, wall_to)

    def _gap_opened(self, line: Line) -> None:
        run = line.fields.get("run")
        media = line.integer("media") if "media" in line.fields else None
        wall_from = line.integer("wall")
        after = RunId(run) if isinstance(run, str) else None
        if after is not None and media is not None:
            wall_from = self._wall_of(after, media)
        elif after is not None:
            last = self._index.last_file(after)
            wall_from = last.wall_to if last is not None else wall_from
        self._index.open_new_gap(
            GapId(line.text("gap")), self._camera, _stream(line), GapCause(line.text("cause")),
            wall_from, after, media,
        )  # fmt: skip

    def _gap_closed(self, line: Line) -> None:
        run = line.fields.get("run")
        media = line.integer("media") if "media" in line.fields else None
        until = RunId(run) if isinstance(run, str) else None
        wall_to = line.integer("wall")
        if until is not None and media is not None:
            wall_to = self._wall_of(until, media)
        elif until is not None:
            first = self._index.file(until, 0)
            wall_to = first.wall_from if first is not None else wall_to
        self._index.close_gap(
            GapId(line.text("gap")), wall_to, None if media is not None else until, media
        )

    def _hold_set(self, line: Line) -> None:
        self._index.set_hold(
            line.text("hold"), self._camera, line.integer("from"), line.integer("to")
        )

    def _hold_lifted(self, line: Line) -> None:
        self._index.lift_hold(line.text("hold"))

    def _files_deleted(self, line: Line) -> None:
        cause = GapCause(line.text("cause"))
        for run, sequence in deleted_files(line):
            self._index.mark_deleting(run, sequence, cause)

    def _files_erased(self, line: Line) -> None:
        for file in erased_files(line):
            self._index.shorten_file(file.run, file.sequence, file.length)

    def _erasure_ordered(self, line: Line) -> None:
        self._index.add_erasure(
            line.text("erasure"), self._camera, line.integer("from"), line.integer("to"), line.t
        )

    def _erasure_done(self, line: Line) -> None:
        self._index.end_erasure(line.text("erasure"), line.t)

    def _footage_imported(self, line: Line) -> None:
        self._index.add_import(
            ImportRow(
                self._camera, line.text("import"), VolumeId(line.text("volume")),
                line.integer("from"), line.integer("to"), line.t, line.integer("length"),
                line.text("sha256"), line.text("original"), line.text("time_from"),
                line.text("codec"), line.flag("damaged"), CLOSED,
            )
        )  # fmt: skip

    def _footage_deleted(self, line: Line) -> None:
        self._index.mark_import_deleting(self._camera, line.text("import"))

    def _file(self, line: Line) -> FileRow:
        row = self._index.file(_run(line), line.number("sequence"))
        if row is None:
            raise DamagedError(
                f"Line {line.n} of {self._camera} speaks of a file that was never opened."
            )
        return row

    def _wall_of(self, run: RunId, media: int) -> int:
        row = self._index.file_with_media(run, media)
        if row is None:
            raise DamagedError(f"The ledger of {self._camera} speaks of a run without files.")
        return _placed(row).wall_at(media)


def deleted_files(line: Line) -> list[tuple[RunId, int]]:
    """The files a ``files_deleted`` line names: (run, sequence)."""
    files = line.fields.get("files")
    if not isinstance(files, list):
        raise DamagedError(f"Line {line.n} lists no files.")
    return [_deleted(entry, line) for entry in files]


def _deleted(entry: object, line: Line) -> tuple[RunId, int]:
    match entry:
        case [str(run), int(sequence), *_]:
            return RunId(run), sequence
        case _:
            raise DamagedError(f"Line {line.n} lists something that is no file.")


def _placed(row: FileRow) -> Placed:
    return Placed(row.media_from, row.wall_from, row.rate_ppb)


def _run(line: Line) -> RunId:
    return RunId(line.text("run"))


def _stream(line: Line) -> StreamName:
    return StreamName(line.text("stream"))


_STEPS: dict[str, Callable[[Fold, Line], None]] = {
    "camera_added": Fold._camera_added,
    "camera_removed": Fold._camera_removed,
    "run_started": Fold._run_started,
    "run_ended": Fold._run_ended,
    "file_opened": Fold._file_opened,
    "file_closed": Fold._file_closed,
    "placed": Fold._placed,
    "gap_opened": Fold._gap_opened,
    "gap_closed": Fold._gap_closed,
    "hold_set": Fold._hold_set,
    "hold_lifted": Fold._hold_lifted,
    "files_deleted": Fold._files_deleted,
    "erasure_ordered": Fold._erasure_ordered,
    "files_erased": Fold._files_erased,
    "erasure_done": Fold._erasure_done,
    "imported": Fold._footage_imported,
    "import_deleted": Fold._footage_deleted,
}


def fold_lines(index: IndexWriter, camera: CameraId, lines: Iterable[Line]) -> None:
    """Fold lines and note how far the ledger has been folded; DamagedError for what is no sense."""
    fold = Fold(index, camera)
    last = -1
    for line in lines:
        try:
            fold.apply(line)
        except (ValueError, OverflowError) as error:  # an id, a name or a number that is none
            raise DamagedError(f"Line {line.n} of {camera} cannot be true ({error}).") from error
        last = line.n
    if last >= 0:
        index.set_applied(camera, last + 1)


def catch_up(store: IndexStore, camera: CameraId, folder: Path, size: int) -> None:
    """Fold the lines of a ledger that the index has not seen.

    DamagedError when the index knows more lines than the ledger has: it belongs to other ledgers.
    """
    with store.read() as index:
        applied = index.applied(camera)
    if applied > size:
        raise DamagedError("The index is ahead of the ledgers: run `watchglass check --repair`.")
    if applied == size:
        return
    lines = (line for line in Ledger.read_lines(folder) if line.n >= applied)
    while batch := list(islice(lines, _BATCH)):
        with store.write() as index:
            fold_lines(index, camera, batch)
