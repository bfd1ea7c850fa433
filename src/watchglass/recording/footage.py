"""Imported footage, as the keeper keeps it: a line when it comes, and one when it goes.

It lies in ``<volume>/<camera>/imported/<id>.mp4``, beside the streams and never among them: no run,
no file, no gap is told of it, so it counts nowhere as recorded. It goes by the camera's retention,
before anything that was recorded when room is wanted, and whole where an erasure touches it.
"""

from collections import defaultdict
from pathlib import Path

from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import NotFoundError, RefusedError, StorageError, UsageError
from watchglass.base.ids import CameraId, VolumeId, is_id
from watchglass.model.gap import GapCause
from watchglass.model.order import ImportFootage
from watchglass.model.stream import StreamName
from watchglass.recording.desk import Desk, Lines
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.volume import space
from watchglass.store.index import DELETING, ImportRow

IMPORTED, DELETED = "imported", "import_deleted"
FOLDER = "imported"
_HOUR_NS = 3600 * NS_PER_S
_BATCH = 64
_LOOK_EVERY_NS = 10 * NS_PER_S
_LOG = log.get("footage")


def imported_path(volume: Path, camera: CameraId, footage: str) -> Path:
    """Where an imported file lies."""
    return volume / camera / FOLDER / f"{footage}.mp4"


def import_lines(desk: Desk, order: ImportFootage) -> list[LedgerEntry]:
    """The line of the camera's ledger, and one of the site's, which is written at once. None where
    the same file is there already."""
    told = order.footage
    if told.camera not in desk.books:
        raise NotFoundError("The keeper knows no such camera: add it again.")
    if not is_id(told.id) or not 0 < told.from_ns < told.to_ns <= desk.clock.wall_ns():
        raise UsageError("Imported footage needs a span of the past.")
    with desk.index.read() as index:
        known = [row for row in index.imports(told.camera) if row.id == told.id]
        was_erased = any(
            each.wall_from < told.to_ns and each.wall_to > told.from_ns
            for each in index.erasures()
            if each.camera == told.camera
        )
    if any(row.state == DELETING for row in known):
        raise RefusedError("This footage is just being deleted: try again in a moment.")
    if known:
        return []
    if was_erased:
        raise RefusedError("Some of this span was erased, as was approved: import none of it.")
    _refuse_too_old(desk, order)
    root = desk.volume_path(told.volume)
    path = None if root is None else imported_path(root, told.camera, told.id)
    if path is None or not path.is_file() or path.stat().st_size != told.length:
        raise NotFoundError("The imported file is not on its volume: import it again.")
    fields: dict[str, object] = {
        "import": told.id, "volume": told.volume, "from": str(told.from_ns),
        "to": str(told.to_ns), "length": str(told.length), "sha256": told.sha256,
        "original": told.original, "time_from": told.time_from.value, "codec": told.codec,
        "damaged": told.damaged,
    }  # fmt: skip
    site, own = (
        {
            "by": desk.commit_person(ledger, order.by),
            "reason": desk.commit_person(ledger, order.reason),
            "name": desk.commit_person(ledger, order.name),
        }
        for ledger in ("site", told.camera)
    )
    desk.look_for_imports = True
    desk.note_site((IMPORTED, {"camera": told.camera, **fields, **site}))
    return [(IMPORTED, {**fields, **own})]


def _refuse_too_old(desk: Desk, order: ImportFootage) -> None:
    told = order.footage
    rule = desk.rule(told.camera, StreamName.MAIN)
    if rule is None or _is_held(desk, told.camera, told.from_ns, told.to_ns):
        return
    if rule.erase or told.to_ns < desk.clock.wall_ns() - rule.hours * _HOUR_NS:
        raise RefusedError(
            f"This footage is older than the {rule.hours} hours that the camera's recordings are "
            "kept, and would be deleted at once: set a hold over its span first "
            "('watchglass hold'), or keep for longer ('watchglass retention')."
        )


def _is_held(desk: Desk, camera: CameraId, from_ns: int, to_ns: int) -> bool:
    holds = desk.chronicle(camera).holds.values()
    return any(from_ns < end and to_ns > begins for begins, end in holds)


class ImportPurger:
    """Deletes imported files for the keeper: line → sync → unlink → sync → row, as recordings."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._due_ns = 0
        self._removed: list[tuple[VolumeId, int, ImportRow]] = []

    def step(self) -> None:
        """Delete what is due; nothing while lines are owed, or the index is behind."""
        if self._desk.in_debt:
            return
        self._forget_synced()
        now_ns = self._desk.clock.monotonic_ns()
        if not self._desk.look_for_imports and now_ns < self._due_ns:
            return
        with self._desk.index.read() as index:
            rows = index.imports()
            erased = (
                [(each.camera, each.wall_from, each.wall_to) for each in index.erasures()]
                if rows
                else []
            )
        self._desk.look_for_imports = bool(rows)
        going = [row for row in rows if row.state == DELETING]
        kept = [row for row in rows if row.state != DELETING]
        due: dict[GapCause, list[ImportRow]] = defaultdict(list)
        for row in kept:
            if any(row.camera == camera and row.wall_from < end and row.wall_to > begins
                   for camera, begins, end in erased):  # fmt: skip
                due[GapCause.ERASED].append(row)
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + _LOOK_EVERY_NS
            for row in self._past(kept) + self._wanted(kept):
                if not any(row in rows for rows in due.values()):
                    due[GapCause.RETENTION].append(row)
        for cause, found in due.items():
            going += self._tell(found[:_BATCH], cause)
        self._unlink(going)

    def _past(self, rows: list[ImportRow]) -> list[ImportRow]:
        now_ns = self._desk.clock.wall_ns()
        found = []
        for row in rows:
            rule = self._desk.rule(row.camera, StreamName.MAIN)
            if rule is None or _is_held(self._desk, row.camera, row.wall_from, row.wall_to):
                continue
            if rule.erase or row.wall_to < now_ns - rule.hours * _HOUR_NS:
                found.append(row)
        return found

    def _wanted(self, rows: list[ImportRow]) -> list[ImportRow]:
        """The oldest of a volume that lacks room: they go before what was recorded."""
        found = []
        for volume in self._desk.mounted():
            root = self._desk.volume_path(volume.id)
            if root is None:
                continue
            missing = self._desk.wanted_bytes(volume) - space(root).free_bytes
            for row in sorted(rows, key=lambda row: row.wall_to):
                if missing <= 0:
                    break
                held = _is_held(self._desk, row.camera, row.wall_from, row.wall_to)
                if row.volume == volume.id and not held:
                    missing -= row.length
                    found.append(row)
        return found

    def _tell(self, rows: list[ImportRow], cause: GapCause) -> list[ImportRow]:
        if not rows:
            return []
        lines: Lines = defaultdict(list)
        reachable = [row for row in rows if self._desk.volume_path(row.volume) is not None]
        for row in reachable:
            lines[row.camera].append(
                (DELETED, {"import": row.id, "cause": cause.value, "sha256": row.sha256})
            )
        try:
            self._desk.write(lines)
        except StorageError:
            return []  # they are owed: what they name goes when they are written
        return reachable

    def _unlink(self, rows: list[ImportRow]) -> None:
        awaited = {(row.camera, row.id) for _, _, row in self._removed}
        gone: dict[VolumeId, list[ImportRow]] = defaultdict(list)
        for row in rows:
            root = self._desk.volume_path(row.volume)
            if root is None or (row.camera, row.id) in awaited:
                continue
            path = imported_path(root, row.camera, row.id)
            try:
                self._desk.disk.unlink(WriteSite.MEDIA_PURGE, path)
                self._desk.disk.remove_folder_if_empty(WriteSite.MEDIA_PURGE, path.parent)
            except StorageError as error:
                self._desk.once((f"import-{row.id}", 0), error.sentence)
            else:
                gone[row.volume].append(row)
        for volume, removed in gone.items():
            sync = self._desk.sync_volume(volume)
            self._removed += [(volume, sync, row) for row in removed]
        self._forget_synced()

    def _forget_synced(self) -> None:
        for each in list(self._removed):
            volume, sync, row = each
            if self._desk.synced(volume) < sync:
                continue
            self._removed.remove(each)
            try:
                with self._desk.index.write() as index:
                    index.forget_import(row.camera, row.id)
            except StorageError as error:
                _LOG.error("import_not_forgotten", error=error.sentence)
