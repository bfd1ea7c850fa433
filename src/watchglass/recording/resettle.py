"""The first start after a restore: what the backup knew, and what lies on the volumes, become one.

A restore leaves the file ``restoring`` in the state folder, and this takes it away when it is done;
a start that was cut short is done again, and finds what is settled settled. What was recorded since
the ledgers' last lines and is still on a volume is taken in; what they name and is gone gets its
tombstone; the time that nothing tells of is a gap of cause ``restored``, up to the first new
picture.
"""

from collections import defaultdict
from pathlib import Path

from watchglass.base import log
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.ids import CameraId, RunId
from watchglass.model.gap import GapCause
from watchglass.recording.desk import Desk, Lines
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.mediapath import media_path
from watchglass.recording.restart import adopt_unknown, pause_again
from watchglass.recording.salvage import recover_orphans
from watchglass.store.index import CLOSED, FileRow

MARK = "restoring"
_BATCH = 1000
_STAYS = frozenset({GapCause.PAUSED, GapCause.DISABLED, GapCause.RESTORED})
_LOG = log.get("keeper")


def mark(state: Path, disk: Disk) -> None:
    """Say that a state folder was restored and has to be settled; durable."""
    disk.write_whole(WriteSite.RESTORE, state / MARK, b"", 0o600)


def is_marked(state: Path) -> bool:
    """Whether a restore of this state folder is not settled yet."""
    return (state / MARK).exists()


def settle_restored(desk: Desk) -> None:
    """Settle what a restore left, after the ledgers were taken up; the mark goes last."""
    _because(desk, GapCause.RESTORED, GapCause.RESTORED)
    lines: Lines = defaultdict(list)
    recover_orphans(desk, lines)
    desk.write(lines)
    lines = defaultdict(list)
    _give_up_gaps(desk, lines)
    desk.write(lines)
    lines = defaultdict(list)
    adopted = adopt_unknown(desk, lines, None)
    desk.write(lines)
    lines = defaultdict(list)
    gone = _bury(desk, lines)
    pause_again(desk, lines)
    desk.write(lines)
    _because(desk, GapCause.RECORDER_CRASHED, GapCause.MEDIA_MISSING)
    desk.disk.unlink(WriteSite.RESTORE, desk.state / MARK)
    desk.disk.sync_folder(WriteSite.RESTORE, desk.state)
    _LOG.info("restore_settled", adopted=adopted, gone=gone)


def _because(desk: Desk, ended: GapCause, lost: GapCause) -> None:
    """Why runs ended that nobody ended, and why files are not there."""
    desk.crash_cause = ended
    for book in desk.books.values():
        book.lost_cause = lost


def _give_up_gaps(desk: Desk, lines: Lines) -> None:
    """A gap that was open keeps its cause to the last that is known, and not a second longer."""
    for book in desk.books.values():
        known_ns = desk.chronicle(book.camera).known_ns
        for stream, state in book.streams.items():
            if state.run is None and state.gap is not None and state.cause not in _STAYS:
                since_ns = max(state.since_ns or known_ns, known_ns)
                lines[book.camera] += book.change_cause(stream, GapCause.RESTORED, since_ns)


def _bury(desk: Desk, lines: Lines) -> int:
    """Tombstones of files that a ledger names and that are not on their volume; how many."""
    gone: dict[CameraId, list[FileRow]] = defaultdict(list)
    with desk.index.read() as index:
        for row in index.all_files():
            if row.state == CLOSED and _is_gone(desk, row):
                gone[row.camera].append(row)
    for camera, rows in gone.items():
        roots = _roots(desk, camera)
        for at in range(0, len(rows), _BATCH):
            lines[camera].append(_tombstone(rows[at : at + _BATCH], roots))
    return sum(map(len, gone.values()))


def _is_gone(desk: Desk, row: FileRow) -> bool:
    root = desk.volume_path(row.volume)
    return (
        root is not None
        and not media_path(
            root, row.camera, row.stream, row.opened_ns, row.run, row.sequence
        ).exists()
    )


def _roots(desk: Desk, camera: CameraId) -> dict[tuple[RunId, int], str]:
    return {
        (RunId(line.text("run")), line.number("sequence")): line.text("root")
        for line in desk.chronicle(camera).lines()
        if line.type == "file_closed"
    }


def _tombstone(rows: list[FileRow], roots: dict[tuple[RunId, int], str]) -> LedgerEntry:
    files = [[row.run, row.sequence, roots.get((row.run, row.sequence), "")] for row in rows]
    return "files_deleted", {"cause": GapCause.RESTORED.value, "files": files}
