"""What was left open: taken up, closed, or found on disk and adopted.

The locks on media files tell whether a writer lives. What the ledger did not hear of is told by the
files themselves; why nothing was recorded, by the last sign of life.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, GapId, RunId, VolumeId, is_id, random_id
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.alive import LastSeen
from watchglass.recording.anchor import Anchor, Placed
from watchglass.recording.desk import Desk, Lines
from watchglass.recording.entry import LedgerEntry, hole
from watchglass.recording.mediapath import MediaName, parse_media_path
from watchglass.recording.merkle import Frontier
from watchglass.recording.openmedia import OpenMedia
from watchglass.recording.recovery import RecoveredFile, StillWrittenError, recover
from watchglass.recording.salvage import recover_orphans
from watchglass.recording.volume import Volume
from watchglass.store.index import FileRow, IndexReader

_DAY_NS = 24 * 3600 * NS_PER_S
_WANTED = frozenset({GapCause.PAUSED, GapCause.DISABLED, GapCause.RECORDER_STOPPED})
"""Gaps that a crash does not end: nothing would have been recorded anyway."""
_LOG = log.get("keeper")


def settle(desk: Desk, last_seen: LastSeen | None, *, fresh: bool) -> None:
    """Take up the state of all streams; after a start of everything, close what was left open."""
    with desk.index.read() as index:
        take_up(desk, index)
    if fresh:
        _account(desk, last_seen)
    desk.accounted = True


def _account(desk: Desk, last_seen: LastSeen | None) -> None:
    desk.crash_cause = _cause(desk, last_seen)
    lines: Lines = defaultdict(list)
    recover_orphans(desk, lines)
    desk.write(lines)
    lines = defaultdict(list)
    since_ns = last_seen.wall_ns - _DAY_NS if last_seen is not None else None
    adopt_unknown(desk, lines, since_ns)
    desk.write(lines)
    lines = defaultdict(list)
    if last_seen is not None and not last_seen.stopped:
        _change_gaps(desk, last_seen, lines)
    pause_again(desk, lines)
    desk.write(lines)
    desk.crash_cause = GapCause.RECORDER_CRASHED


def adopt_unknown(desk: Desk, lines: Lines, since_ns: int | None) -> int:
    """Adopt media files that no ledger knows, and end runs that nobody goes on with; how many.

    ``since_ns``: only folders in which something was created since (UTC); None for all.
    """
    adopted = 0
    still_written: set[str] = set()
    found: list[tuple[RecoveredFile, Volume]] = []
    for volume in desk.mounted():
        for path in _unknown(desk, volume, since_ns):
            try:
                found.append((recover(path, desk.disk), volume))
            except StillWrittenError:
                name = parse_media_path(path)
                still_written.add(name.run if name else "")
            except WatchglassError as error:
                _set_aside(desk, path, error)
    found.sort(key=lambda each: (each[0].info.wall_ns, each[0].info.sequence))
    reaches: dict[RunId, tuple[int, int]] = {}
    for file, volume in found:
        if file.info.camera not in desk.books:
            continue
        book = desk.books[file.info.camera]
        lines[file.info.camera] += book.adopt(file, volume.id)
        lines[file.info.camera] += _missing_before(desk, file, reaches)
        desk.counters.adopted_files += 1
        adopted += 1
    _end_adopted_runs(desk, found, still_written, lines)
    _end_runs_left(desk, still_written, lines)
    return adopted


def _missing_before(
    desk: Desk, file: RecoveredFile, reaches: dict[RunId, tuple[int, int]]
) -> list[LedgerEntry]:
    """Files of the run between the last that is known and this one are gone, and no line ever told
    of them: a hole in the run. ``reaches``: sequence and end of the last one, of each run."""
    info = file.info
    if info.run not in reaches:
        with desk.index.read() as index:
            row = index.last_file(info.run)
        reaches[info.run] = (row.sequence, row.media_to) if row else (info.sequence - 1, 0)
    sequence, media_to = reaches[info.run]
    reaches[info.run] = max(reaches[info.run], (info.sequence, file.media_to))
    if info.sequence <= sequence + 1 or info.media_from <= media_to:
        return []
    return hole(
        GapId(random_id()), info.run, info.stream, desk.books[info.camera].lost_cause, media_to,
        info.media_from, info.wall_ns,
    )  # fmt: skip


def take_up(desk: Desk, index: IndexReader) -> None:
    """What each stream was in, and which files were open, as the index tells."""
    for row in index.streams():
        desk.book(row.camera).volume = _copied_to(desk, row.camera)
        if row.removed_ns is not None:
            desk.book(row.camera).removed = True
            continue
        state = desk.book(row.camera).stream(row.stream)
        gap = index.open_gap(row.camera, row.stream)
        if gap is not None:
            state.gap, state.cause, state.since_ns = gap.id, gap.cause, gap.wall_from
    for run, camera, stream in index.open_runs():
        desk.book(camera).stream(stream).run = run
    for file in index.open_files():
        book = desk.book(file.camera)
        book.volume = file.volume
        before = book.last_placed(file.stream, file.run, file.sequence)
        if before is None and file.sequence:
            # The file before was purged meanwhile; where this one joined it is still written.
            before = Placed(file.media_from, file.wall_from, file.rate_ppb)
        book.files[(file.run, file.sequence)] = _open_media(file, before)


def _copied_to(desk: Desk, camera: CameraId) -> VolumeId | None:
    """Where the camera's ledger is copied to until it opens a file: where it was recorded."""
    found = (each.id for each in desk.mounted() if (each.path / camera).is_dir())
    return next(found, None)


def _open_media(row: FileRow, before: Placed | None) -> OpenMedia:
    return OpenMedia(
        row.run, row.sequence, row.stream, row.volume, row.opened_ns, row.first_fragment,
        row.media_from, Frontier(), Anchor(row.media_from, before), "", row.first_fragment,
        row.media_to, row.length, placed=Placed(row.media_from, row.wall_from, row.rate_ppb),
        before=before, behind=True,
    )  # fmt: skip


def _cause(desk: Desk, last_seen: LastSeen | None) -> GapCause:
    if last_seen is None or last_seen.stopped:
        return GapCause.RECORDER_CRASHED
    return last_seen.cause_since(desk.clock)


def _end_runs_left(desk: Desk, still_written: set[str], lines: Lines) -> None:
    """Runs of dead writers without a file that could tell: none is open, or none can be reached."""
    for book in desk.books.values():
        for stream, state in book.streams.items():
            run = state.run
            if run is None or run in still_written or desk.is_present(state.peer):
                continue
            of_run = [media for media in book.files.values() if media.run == run]
            if any(desk.path_of(book.camera, media) is not None for media in of_run):
                continue
            if any(desk.is_present(media.peer) for media in of_run):
                continue
            lines[book.camera] += book.end_run(
                run, stream, book.media_end(run), desk.clock.wall_ns(), desk.why_ended(run)
            )


def _change_gaps(desk: Desk, last_seen: LastSeen, lines: Lines) -> None:
    """A gap that was open keeps its cause to the last sign of life, and not a second longer."""
    for book in desk.books.values():
        for stream, state in book.streams.items():
            if state.run is None and state.gap is not None and state.cause not in _WANTED:
                with desk.index.read() as index:
                    gap = index.open_gap(book.camera, stream)
                begun_ns = gap.wall_from if gap is not None else last_seen.wall_ns
                lines[book.camera] += book.change_cause(
                    stream, desk.crash_cause, max(begun_ns, last_seen.wall_ns)
                )


def pause_again(desk: Desk, lines: Lines) -> None:
    """A camera that was paused or off, and whose run a crash ended first, is so from now on."""
    for book in desk.books.values():
        cause = desk.chronicle(book.camera).stood_still
        if not book.removed and cause is not None:
            for stream, state in book.streams.items():
                if state.run is None and state.cause not in _WANTED:
                    now_ns = desk.clock.wall_ns()
                    lines[book.camera] += book.change_cause(stream, cause, now_ns)


def _end_adopted_runs(
    desk: Desk,
    found: list[tuple[RecoveredFile, Volume]],
    still_written: set[str],
    lines: Lines,
) -> None:
    ends: dict[tuple[CameraId, StreamName, RunId], int] = {}
    for file, _ in found:
        info = file.info
        if info.camera in desk.books and info.run not in still_written:
            key = (info.camera, info.stream, info.run)
            ends[key] = max(ends.get(key, 0), file.media_to)
    for (camera, stream, run), media_to in ends.items():
        book = desk.books[camera]
        if not book.has_open_files(run) and not book.has_ended(run):
            lines[camera] += book.end_run(
                run, stream, media_to, desk.clock.wall_ns(), desk.why_ended(run)
            )


def _unknown(desk: Desk, volume: Volume, since_ns: int | None) -> Iterator[Path]:
    for camera in _names(volume.path):
        if not is_id(camera) or CameraId(camera) not in desk.books:
            continue
        book = desk.books[CameraId(camera)]
        for stream in StreamName:
            days = list(_days(volume.path / camera / stream.value, since_ns))
            if not days:
                continue
            with desk.index.read() as index:
                known = index.file_keys(CameraId(camera), stream)
            for day in days:
                for name in _names(day):
                    path = day / name
                    media = parse_media_path(path)
                    if (
                        media is not None
                        and not _is_known(media, known)
                        and ((media.run, media.sequence) not in book.files)
                    ):
                        yield path


def _is_known(media: MediaName, known: set[tuple[str, int]]) -> bool:
    return (media.run, media.sequence) in known


def _days(stream: Path, since_ns: int | None) -> Iterator[Path]:
    for year in _names(stream):
        for month in _names(stream / year):
            for day in _names(stream / year / month):
                path = stream / year / month / day
                if since_ns is None or path.stat().st_mtime_ns >= since_ns:
                    yield path


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _set_aside(desk: Desk, path: Path, error: WatchglassError) -> None:
    """A file without a readable header: empty ones go, others stay for a person to look at."""
    try:
        empty = path.stat().st_size == 0
    except OSError:
        return
    if empty:
        desk.disk.unlink(WriteSite.MEDIA_RECOVER, path)
    else:
        _LOG.error("file_not_adopted", path=str(path), error=error.sentence)
