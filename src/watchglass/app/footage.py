"""Footage of another system, brought under a camera as what it is: imported, and not ours."""

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from watchglass.app.ground import Ground
from watchglass.base.disk import WriteSite
from watchglass.base.errors import BusError, RefusedError, UsageError, WatchglassError
from watchglass.media.footage_worker import MOST_BYTES, run_footage
from watchglass.model.camera import Camera
from watchglass.model.control import ImportFootageRequest
from watchglass.model.footage import Footage, FootageRead, TimeFrom
from watchglass.recording.footage import imported_path
from watchglass.recording.volume import Volume, space
from watchglass.store.index import IndexStore

ENDINGS = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".avi", ".mpg", ".mpeg", ".ps", ".vob",
                     ".ts", ".dav"})  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FREE_BYTES = 2 << 30
_PIECE_BYTES = 1 << 22
_WHOLE = re.compile(
    r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})[-_ T.]?"
    r"(\d{2})[-_.:h]?(\d{2})[-_.:m]?(\d{2})(?!\d{4})"
)
_TIME = re.compile(r"(?<!\d)(\d{2})[.:](\d{2})[.:](\d{2})-\d{2}[.:]\d{2}[.:]\d{2}(?!\d)")
_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file. ``already``: it was there before, and nothing was done."""

    footage: Footage
    already: bool = False
    passed_over: int = 0


@dataclass(frozen=True, slots=True)
class Bringing:
    """One import: for whom, by whom, and from when, where somebody says so."""

    camera: Camera
    volume: Volume
    by: str
    reason: str
    from_ns: int | None
    zone: tzinfo | None


def files_of(path: Path) -> list[Path]:
    """A file, or those of a folder that end as footage does, in order; UsageError for none."""
    if path.is_dir():
        found = sorted(
            each for each in path.rglob("*")
            if each.suffix.lower() in ENDINGS and each.is_file() and not each.is_symlink()
        )  # fmt: skip
        if not found:
            raise UsageError(f"{path} holds no footage: files end in {', '.join(sorted(ENDINGS))}.")
        return found
    if not path.is_file():
        raise UsageError(f"There is no file {path}: give a file or a folder.")
    return [path]


def time_in_name(path: Path, zone: tzinfo) -> int | None:
    """The start (UTC ns) that a file's name tells, as recorders write it: a date and a time, or a
    time in a folder that is named by the day. None for a name that tells none."""
    found = _WHOLE.search(path.stem)
    parts = found.groups() if found else None
    if parts is None and (of_day := _TIME.search(path.name)):
        days = [day for each in path.parts[-6:-1] if (day := _DATE.search(each))]
        parts = (*days[-1].groups(), *of_day.groups()) if days else None
    if parts is None:
        return None
    try:
        at = datetime(*map(int, parts), tzinfo=zone)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    return (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 1000


def bring(
    on: Ground, to: Bringing, path: Path, order: Callable[[ImportFootageRequest], object]
) -> Taken:
    """Take one file in. WatchglassError in a sentence for one that is not taken; then nothing of
    it is left."""
    source = _open(path)
    try:
        original = _hash_of(source)
        known = _known(on, to.camera, original)
        if known is not None:
            return Taken(known, already=True)
        to.volume.check()
        size = os.fstat(source).st_size
        if size > MOST_BYTES or space(to.volume.path).free_bytes < size + _FREE_BYTES:
            raise RefusedError(
                f"There is no room for {path.name}: free some on the disk, or shorten retention."
            )
        return _take(on, to, path, (source, original), order)
    finally:
        os.close(source)


def _take(
    on: Ground, to: Bringing, path: Path, of: tuple[int, str],
    order: Callable[[ImportFootageRequest], object],
) -> Taken:  # fmt: skip
    source, original = of
    place = imported_path(to.volume.path, to.camera.id, original[:32])
    made = place.with_suffix(f".{os.getpid()}.part")
    site, disk = WriteSite.CLIP, on.disk
    disk.make_folders(site, place.parent)
    is_there = False
    try:
        target = disk.create(site, made)
        try:
            read = run_footage(source, target)
            sha256, length = _hash_of(target), os.fstat(target).st_size
            disk.sync_file(site, target, str(made))
        finally:
            os.close(target)
        from_ns, said = _start(to, path, read)
        footage = Footage(
            id=original[:32], camera=to.camera.id, volume=to.volume.id, from_ns=from_ns,
            to_ns=from_ns + read.length_ns, length=length, sha256=sha256, original=original,
            time_from=said, codec=read.codec, damaged=read.damaged,
        )  # fmt: skip
        if footage.to_ns > on.clock.wall_ns():
            raise UsageError(f"{path.name} would end in the future: say its start with --from.")
        disk.replace(site, made, place)
        is_there = True
        disk.sync_folder(site, place.parent)
        order(ImportFootageRequest(footage, path.name, to.by, to.reason))
    except BusError:
        raise  # whether it is in the ledger is not known: what has no line is written over
    except WatchglassError:
        with suppress(WatchglassError):
            disk.unlink(site, place if is_there else made)
            disk.remove_folder_if_empty(site, place.parent)
        raise
    return Taken(footage, passed_over=read.passed_over)


def _start(to: Bringing, path: Path, read: FootageRead) -> tuple[int, TimeFrom]:
    if to.from_ns is not None:
        return to.from_ns, TimeFrom.PERSON
    if to.zone is not None:
        named = time_in_name(path, to.zone)
        if named is not None and named > 0:
            return named, TimeFrom.NAME
    elif time_in_name(path, UTC) is not None:
        raise UsageError(
            f"The time in the name of {path.name} is of some time zone: say which (--zone "
            "Europe/Vienna, or --zone UTC), or say the start with --from."
        )
    if read.made_ns is not None:
        return read.made_ns, TimeFrom.METADATA
    raise UsageError(f"Nothing tells when {path.name} begins: say it with --from.")


def _known(on: Ground, camera: Camera, original: str) -> Footage | None:
    if not on.layout.index_db.exists():
        return None
    index = IndexStore(on.layout.index_db)
    try:
        with index.read() as asked:
            rows = [row for row in asked.imports(camera.id) if row.original == original]
    finally:
        index.close()
    if not rows:
        return None
    row = rows[0]
    return Footage(
        id=row.id, camera=row.camera, volume=row.volume, from_ns=row.wall_from, to_ns=row.wall_to,
        length=row.length, sha256=row.sha256, original=row.original,
        time_from=TimeFrom(row.time_from), codec=row.codec, damaged=row.damaged,
    )  # fmt: skip


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): give another.") from None


def _hash_of(fd: int) -> str:
    """SHA-256, hex, of a whole file; it is left at its start."""
    digest = hashlib.sha256()
    os.lseek(fd, 0, os.SEEK_SET)
    while piece := os.read(fd, _PIECE_BYTES):
        digest.update(piece)
    os.lseek(fd, 0, os.SEEK_SET)
    return digest.hexdigest()
