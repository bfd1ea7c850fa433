"""What goes: recordings past their time, and the oldest ones when room runs out.

In this order, so that a crash at any point is finished by the next start: tombstones are written
and synced, the files are unlinked, the volume is synced, the rows go. Held footage never goes.
"""

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import StorageError, VolumeMissingError, WatchglassError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.desk import Desk, Lines, Rule
from watchglass.recording.footage import ImportPurger
from watchglass.recording.leap import Leaps
from watchglass.recording.mediafile import read_footer
from watchglass.recording.mediapath import media_path
from watchglass.recording.volume import Volume, space
from watchglass.store.index import FileRow, IndexReader

_BATCH = 64
_AGAIN_NS = 2 * NS_PER_S
_LOOK_EVERY_NS = 10 * NS_PER_S
_HOUR_NS = 3600 * NS_PER_S
_EVER_NS = -(1 << 62)
_END_NS = 1 << 62
_LOG = log.get("purge")


@dataclass(frozen=True, slots=True)
class _Removed:
    """Rows of files that were unlinked; sync number ``sync`` of their volume makes it durable."""

    volume: VolumeId
    sync: int
    rows: list[FileRow]


@dataclass(slots=True)
class _Seen:
    """Under which rule a stream was looked at, and up to where nothing but marked files is left."""

    rule: Rule
    up_to_ns: int = _EVER_NS


class Purger:
    """Deletes for the keeper; a batch in a cycle, so that nothing waits long."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._imports = ImportPurger(desk)
        self.leaps = Leaps(desk)
        self._due_ns = 0
        self._unfinished = False
        self._only_held: set[VolumeId] = set()
        self._short: set[VolumeId] = set()
        self._removed: list[_Removed] = []
        self._seen: dict[tuple[CameraId, StreamName], _Seen] = {}

    @property
    def only_held_left(self) -> bool:
        """Whether a volume needs room, and all that is on it is held."""
        return bool(self._only_held)

    @property
    def is_behind(self) -> bool:
        """Whether room is wanting, or files that should be gone are not."""
        return bool(self._only_held or self._short or self._unfinished)

    def purge(self) -> int:
        """Delete what is due; how many files went.

        Nothing while lines are owed, or the index behind: it would name what has its tombstone.
        """
        gone = 0
        by_age = not self.leaps.look()
        self._imports.step()
        if not self._desk.in_debt:
            self._forget_synced()
            for volume in self._desk.mounted():
                gone += self._make_room(volume)
            self._desk.hold_ballasts()
        now_ns = self._desk.clock.monotonic_ns()
        if now_ns >= self._due_ns and not self._desk.in_debt:
            if self._unfinished:
                self.finish_interrupted()
            expired = self._expired(by_age=by_age)
            gone += self._delete(expired)
            # While a whole batch was found there is probably more; go on with the next cycle.
            if len(expired) < _BATCH:
                self._due_ns = now_ns + (_AGAIN_NS if self._unfinished else _LOOK_EVERY_NS)
        return gone

    def finish_interrupted(self) -> int:
        """Files whose tombstones are written and that may still lie there."""
        with self._desk.index.read() as index:
            rows = index.deleting_files()
        self._unfinished = False
        self._unlink(rows)
        return len(rows)

    def _make_room(self, volume: Volume) -> int:
        """Delete the oldest until the floor is free again."""
        gone = 0
        try:
            wanted = self._desk.wanted_bytes(volume)
            missing = wanted - space(volume.path).free_bytes
            self._only_held.discard(volume.id)
            self._short.discard(volume.id)
            if missing > 0:
                self._short.add(volume.id)
            while missing > 0 and not self._desk.in_debt:
                rows = self._oldest(volume, missing)
                if not rows:
                    self._only_held.add(volume.id)
                if not rows or not self._delete(rows):
                    break
                gone += len(rows)
                missing = wanted - space(volume.path).free_bytes
        except VolumeMissingError as error:
            _LOG.error("volume_gone", error=error.sentence)
        return gone

    def _oldest(self, volume: Volume, missing_bytes: int) -> list[FileRow]:
        with self._desk.index.read() as index:
            ask = partial(index.oldest_closed_on, volume.id)
            found = _first(ask, self._purgeable(index), _BATCH)
        rows: list[FileRow] = []
        for row in found:
            if missing_bytes <= 0:
                break
            rows.append(row)
            missing_bytes -= row.length
        return rows

    def _purgeable(self, index: IndexReader) -> Callable[[FileRow], bool]:
        """Whether a closed file may go: it is not held, and not where a run is about to end.

        A gap behind a run begins where its last file does end, and is told when the run is over.
        """
        going_on = {run for run, _, _ in index.open_runs()}

        def may_go(row: FileRow) -> bool:
            last = index.last_file(row.run) if row.run in going_on else None
            return (last is None or last.sequence > row.sequence) and not self._held(row)

        return may_go

    def _held(self, row: FileRow) -> bool:
        """By the ledger itself; the index may be wrong, and what it lets go is gone."""
        return any(
            row.wall_from < to_ns and row.wall_to > from_ns
            for from_ns, to_ns in self._desk.chronicle(row.camera).holds.values()
        )

    def _expired(self, *, by_age: bool) -> list[FileRow]:
        rows: list[FileRow] = []
        with self._desk.index.read() as index:
            purgeable = self._purgeable(index)
            for camera, stream in self._streams():
                rule = self._desk.rule(camera, stream)
                if rule is not None and (by_age or rule.erase) and len(rows) < _BATCH:
                    most = _BATCH - len(rows)
                    rows += self._past(index, camera, stream, rule, purgeable, most)
        return rows

    def _past(
        self,
        index: IndexReader,
        camera: CameraId,
        stream: StreamName,
        rule: Rule,
        purgeable: Callable[[FileRow], bool],
        most: int,
    ) -> list[FileRow]:
        """Files of a stream that are kept for nothing any more: not for events, which are kept the
        longest, then those without a mark."""
        now_ns = self._desk.clock.wall_ns()
        if rule.erase:
            of_stream = partial(index.oldest_closed_of_stream, camera, stream)
            return _first(partial(of_stream, _EVER_NS, _END_NS), purgeable, most)
        longest_ns = now_ns - max(rule.hours, rule.events_h) * _HOUR_NS
        of_stream = partial(index.oldest_closed_of_stream, camera, stream)
        rows = _first(partial(of_stream, _EVER_NS, longest_ns), purgeable, most)
        if rule.events_h <= rule.hours or len(rows) == most:
            return rows
        marks = self._desk.chronicle(camera).marks
        # What is marked stays so: it was looked at once, and is not again until its own time.
        seen = self._seen.setdefault((camera, stream), _Seen(rule))
        if seen.rule != rule:
            seen = self._seen[camera, stream] = _Seen(rule)
        before_ns = now_ns - rule.hours * _HOUR_NS
        refused: list[int] = []

        def may_go(row: FileRow) -> bool:
            if marks.touch(row.wall_from, row.wall_to):
                return False
            if not purgeable(row):
                refused.append(row.wall_to)
                return False
            return True

        since_ns = max(seen.up_to_ns, longest_ns)
        found = _first(partial(of_stream, since_ns, before_ns), may_go, most - len(rows))
        if not found:
            seen.up_to_ns = min([before_ns, *refused])
        return rows + found

    def _streams(self) -> list[tuple[CameraId, StreamName]]:
        """All there ever were: what a removed camera left has its time, too."""
        return [(camera, stream) for camera in self._desk.books for stream in StreamName]

    def _delete(self, rows: list[FileRow]) -> int:
        reachable = [row for row in rows if self._desk.volume_path(row.volume) is not None]
        by_camera: dict[CameraId, list[FileRow]] = defaultdict(list)
        for row in reachable:
            by_camera[row.camera].append(row)
        if not by_camera:
            return 0
        lines: Lines = {
            camera: [
                (
                    "files_deleted",
                    {
                        "cause": self._why(camera).value,
                        "files": [[r.run, r.sequence, self._root(r)] for r in of_camera],
                    },
                )
            ]
            for camera, of_camera in by_camera.items()
        }
        try:
            self._desk.write(lines)
        except StorageError as error:
            # The tombstones are owed: what they name goes when they are written.
            self._put_off(error)
            return 0
        self._unlink(reachable)
        self._desk.counters.purged_files += len(reachable)
        return len(reachable)

    def _why(self, camera: CameraId) -> GapCause:
        rule = self._desk.rule(camera, StreamName.MAIN)
        erased = rule is not None and rule.erase
        return GapCause.ERASED if erased else GapCause.RETENTION

    def _unlink(self, rows: list[FileRow]) -> None:
        """Remove files and forget them. One that the disk does not let go is tried again later."""
        gone: dict[VolumeId, list[FileRow]] = defaultdict(list)
        awaited = {(row.run, row.sequence) for each in self._removed for row in each.rows}
        for row in rows:
            if (row.run, row.sequence) in awaited:
                continue
            path = self._path(row)
            if path is None:
                continue
            try:
                self._desk.disk.unlink(WriteSite.MEDIA_PURGE, path)
                self._remove_empty(path.parent)
            except StorageError as error:
                self._put_off(error)
            else:
                gone[row.volume].append(row)
        for volume, removed in gone.items():
            self._removed.append(_Removed(volume, self._desk.sync_volume(volume), removed))
        self._forget_synced()

    def _forget_synced(self) -> None:
        """The rows of files whose end a sync has made durable."""
        for each in list(self._removed):
            if self._desk.synced(each.volume) < each.sync:
                continue
            try:
                self._desk.pay(partial(self._forget, each.rows))
            except StorageError as error:
                self._put_off(error)
            self._removed.remove(each)

    def _put_off(self, error: StorageError) -> None:
        if not self._unfinished:
            _LOG.error("file_not_deleted", error=error.sentence)
        self._unfinished = True
        self._due_ns = 0

    def _forget(self, rows: list[FileRow]) -> None:
        with self._desk.index.write() as index:
            for row in rows:
                index.forget_file(row.run, row.sequence)

    def _remove_empty(self, folder: Path) -> None:
        """Day, month and year folders that hold nothing any more."""
        for each in (folder, folder.parent, folder.parent.parent):
            if not self._desk.disk.remove_folder_if_empty(WriteSite.MEDIA_PURGE, each):
                return

    def _path(self, row: FileRow) -> Path | None:
        root = self._desk.volume_path(row.volume)
        if root is None:
            return None
        return media_path(root, row.camera, row.stream, row.opened_ns, row.run, row.sequence)

    def _root(self, row: FileRow) -> str:
        """The file's root goes on in its tombstone."""
        path = self._path(row)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if path is not None else -1
        except OSError:
            fd = -1
        if fd < 0:
            return self._root_told(row)
        try:
            footer = read_footer(fd, os.fstat(fd).st_size)
        except WatchglassError:
            footer = None
        finally:
            os.close(fd)
        return footer.root.hex() if footer is not None else self._root_told(row)

    def _root_told(self, row: FileRow) -> str:
        """As the ledger says it, where the file cannot be read any more; seldom, so not indexed."""
        for line in self._desk.chronicle(row.camera).lines():
            if line.type == "file_closed" and (
                (line.fields.get("run"), line.fields.get("sequence")) == (row.run, row.sequence)
            ):
                return line.text("root")
        return ""


def _first(
    ask: Callable[[int], list[FileRow]], fits: Callable[[FileRow], bool], most: int
) -> list[FileRow]:
    """The first ``most`` rows that fit; ``ask`` is asked for more until one does or all were seen.

    However many held files are the oldest, what may go behind them is found.
    """
    limit = 4 * _BATCH
    while most > 0:
        rows = ask(limit)
        found = [row for row in rows if fits(row)]
        if found or len(rows) < limit:
            return found[:most]
        limit *= 8
    return []
