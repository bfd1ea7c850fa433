"""A backup, made beside a recorder that goes on.

Nothing here writes to what is backed up, or holds a lock on it: the database is copied by SQLite
itself, a ledger is read up to its newest head, which the keeper signs for it just before, and media
are files that are closed. What is written after that moment is in the next backup.

Everything is put together in a hidden folder beside the others; one rename makes it a backup. When
it is cut short, the next one goes on with the recordings that lie there.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import watchglass
from watchglass.app.backup.manifest import (
    ANCHORS,
    COLLECTORS,
    EVENTS_DB,
    FACTS,
    FORMAT,
    KEYS,
    MEDIA,
    NAME,
    PIECE_BYTES,
    SITE_DB,
    WHAT,
    BackedLedger,
    BackedVolume,
    Manifest,
    MediaChoice,
    Part,
    bound_to,
    hashed,
    media_parts,
    read_manifest,
)
from watchglass.app.layout import Layout
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite, lock
from watchglass.base.errors import (
    AlreadyRunningError,
    ConfigError,
    DamagedError,
    DiskFullError,
    StorageError,
    WatchglassError,
)
from watchglass.base.ids import CameraId, VolumeId
from watchglass.base.secret import Secret
from watchglass.recording.keys import FILE_NAME as SIGNING_KEY
from watchglass.recording.lineage import Telling, read_telling
from watchglass.recording.linelog import month_files
from watchglass.recording.mediapath import media_path
from watchglass.recording.volume import space
from watchglass.store.index import CLOSED, FileRow, IndexStore
from watchglass.store.online_copy import copy_database
from watchglass.store.sealed import seal

PREFIX = "watchglass-"
_PART = ".part"
_SITE = WriteSite.BACKUP
_SPARE_BYTES = 16 << 20

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Choice:
    """What to back up. ``passphrase`` None leaves the keys out; ``media`` None the recordings."""

    passphrase: Secret | None
    media: "Span | None" = None
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Recordings of some cameras (none named: all) that touch a span (UTC ns)."""

    cameras: tuple[CameraId, ...]
    from_ns: int
    to_ns: int


@dataclass(slots=True)
class Made:
    """What was made. ``linked``: recordings that an earlier backup beside it has as well."""

    folder: Path
    manifest: Manifest
    linked: int = 0
    removed: list[Path] = field(default_factory=list)


class BackupMaker:
    """Makes one backup of a state folder and its volumes."""

    def __init__(
        self,
        layout: Layout,
        volumes: dict[VolumeId, Path],
        disk: Disk,
        clock: Clock,
        progress: Progress | None = None,
    ) -> None:
        self._layout = layout
        self._volumes = volumes
        self._disk = disk
        self._clock = clock
        self._tell = progress or (lambda what, done, of: None)
        self._parts: list[Part] = []
        self._lacks: list[str] = []
        self._linked: set[str] = set()
        self._folder = Path()

    def make(self, target: Path, backup: str, choice: Choice, index: IndexStore | None) -> Made:
        """Make a backup in a folder of its own under ``target``; read back and compared at the end.

        StorageError when the disk refuses: what was begun is no backup, and the next one goes on
        with it. DamagedError when what was read back is not what was written.
        """
        self._check_target(target)
        fd = self._disk.open(_SITE, target / ".lock", 0o600)
        try:
            if not lock(fd):
                raise AlreadyRunningError(f"Another backup is being made in {target}: wait for it.")
            return self._make(target, backup, choice, index)
        finally:
            os.close(fd)

    def _make(self, target: Path, backup: str, choice: Choice, index: IndexStore | None) -> Made:
        made_ns = self._clock.wall_ns()
        at = datetime.fromtimestamp(made_ns // 10**9, UTC)
        final = target / f"{PREFIX}{at:%Y%m%dT%H%M%SZ}-{backup[:8]}"
        self._folder = self._begin(target, final)
        media = self._media(choice.media, index, target) if choice.media and index else None
        self._tell("database", 0, 1)
        copy_database(self._layout.site_db, self._folder / SITE_DB)
        self._parts.append(hashed(self._folder / SITE_DB, SITE_DB))
        self._events()
        ledgers = self._ledgers()
        self._facts()
        self._keys(choice.passphrase)
        manifest = Manifest(
            WHAT, FORMAT, backup, watchglass.__version__, str(made_ns), self._holds(media),
            self._lacking(choice), [BackedVolume(each, str(path)) for each, path in
                                    self._volumes.items()],
            ledgers, self._parts, media,
        )  # fmt: skip
        self._disk.write_whole(
            _SITE, self._folder / NAME, msgspec.json.format(msgspec.json.encode(manifest)), 0o600
        )
        self._sync(self._folder)
        self._read_back(manifest)
        self._disk.replace(_SITE, self._folder, final)
        self._disk.sync_folder(_SITE, target)
        made = Made(final, manifest, len(self._linked))
        if choice.keep is not None:
            made.removed = remove_older(target, choice.keep, self._disk)
        return made

    # --- the folder --------------------------------------------------------------------------

    def _check_target(self, target: Path) -> None:
        for own in (self._layout.state, *self._volumes.values()):
            if target == own or own in target.parents:
                raise ConfigError(
                    f"{target} lies inside {own}, which is to be backed up: choose another folder, "
                    "best on another disk."
                )
        self._disk.make_folders(_SITE, target, 0o700)

    def _begin(self, target: Path, final: Path) -> Path:
        """The hidden folder to work in; one that was left before is gone on with."""
        folder = final.with_name(f".{final.name}{_PART}")
        for left in sorted(target.glob(f".{PREFIX}*{_PART}")):
            if folder.exists():
                shutil.rmtree(left)
                continue
            self._disk.replace(_SITE, left, folder)
            for path in folder.iterdir():
                if path.name != "media":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._disk.make_folders(_SITE, folder, 0o700)
        return folder

    def _sync(self, folder: Path) -> None:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._disk.sync_filesystem(fd, str(folder))
        finally:
            os.close(fd)

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        self._disk.make_folders(_SITE, path.parent, 0o700)
        fd = self._disk.create(_SITE, path, 0o600)
        try:
            self._disk.write_at(_SITE, fd, data, 0, str(path))
        finally:
            os.close(fd)
        self._parts.append(Part(name, len(data), hashlib.sha256(data).hexdigest()))

    def _read_back(self, manifest: Manifest) -> None:
        read_manifest(self._folder)
        parts = [*manifest.parts]
        parts += [part for part in media_parts(self._folder, manifest)
                  if part.path not in self._linked]  # fmt: skip
        for done, part in enumerate(parts):
            self._tell("read back", done, len(parts))
            if hashed(self._folder / part.path, part.path) != part:
                raise DamagedError(
                    f"{self._folder / part.path} is not what was written: the disk of the backup "
                    "cannot be trusted. Take the backup on another."
                )

    def _events(self) -> None:
        """What was found. It can be found again, so one that is damaged is a lack, no failure."""
        source, target = self._layout.events_db, self._folder / EVENTS_DB
        if not source.exists():
            return
        try:
            copy_database(source, target)
        except DamagedError as error:
            target.unlink(missing_ok=True)
            self._lacks.append(f"what was found in the pictures: {error}")
        else:
            self._parts.append(hashed(target, EVENTS_DB))

    # --- ledgers and keys --------------------------------------------------------------------

    def _ledgers(self) -> list[BackedLedger]:
        found = []
        folders = sorted(path for path in self._layout.ledgers.glob("*") if path.is_dir())
        for done, folder in enumerate(folders):
            self._tell("ledgers", done, len(folders))
            told = read_telling(folder, folder.name, str(folder))
            if told.damage:
                self._lacks.append(f"of the ledger {folder.name} what is damaged: {told.damage}")
            if not told.heads:
                self._lacks.append(f"the ledger {folder.name}, which nothing was signed of")
                continue
            self._ledger(folder, told)
            last = told.heads[-1]
            found.append(BackedLedger(folder.name, told.signed, str(last.t_ns), last.hash))
        return found

    def _ledger(self, folder: Path, told: Telling) -> None:
        """Lines up to the newest head, heads, and the texts that were not erased."""
        own = f"ledger/{folder.name}"
        left = told.signed
        for path in month_files(folder):
            lines = path.read_bytes().splitlines(keepends=True)[:left]
            if lines:
                self._write(f"{own}/{path.name}", b"".join(lines))
            left -= len(lines)
        last, offset = told.heads_end
        for path in month_files(folder / "heads"):
            if path.name <= last:
                data = path.read_bytes()
                kept = data[:offset] if path.name == last else data
                self._write(f"{own}/heads/{path.name}", kept)
        for path in sorted((folder / "texts").glob("*.json")):
            with suppress(FileNotFoundError):  # erased just now
                self._write(f"{own}/texts/{path.name}", path.read_bytes())

    def _facts(self) -> None:
        """Tables that were put in the place of ours, and those that lay there before; and what
        authorities have stamped."""
        state = self._layout.state
        stamped = [path for path in (state / ANCHORS).glob("[!.]*") if path.is_file()]
        for path in sorted([*(state / FACTS).rglob("*.csv"), *stamped]):
            self._write(path.relative_to(state).as_posix(), path.read_bytes())

    def _keys(self, passphrase: Secret | None) -> None:
        """All secrets but the signing key: a restore makes a new one, a copy could sign lies."""
        folder = self._layout.vault_key.parent
        names = sorted(path.name for path in folder.glob("*")) if folder.is_dir() else []
        secrets = {
            name: (folder / name).read_bytes()
            for name in names
            if name != SIGNING_KEY and not name.startswith(".")
        }
        secrets |= collectors_of(self._layout)
        if not secrets or passphrase is None:
            return
        self._write(KEYS, seal(msgspec.json.encode(secrets), passphrase, bound_to(self._parts)))

    # --- media -------------------------------------------------------------------------------

    def _media(self, span: Span, index: IndexStore, target: Path) -> MediaChoice:
        earlier = _earlier(target)
        whole = self._check_room(target, _chosen(index, span), earlier)
        count = size = 0
        lines: list[bytes] = []
        for done, row in enumerate(_chosen(index, span)):
            self._tell("recordings", done, whole)
            part = self._recording(row, earlier)
            if part is not None:
                lines.append(msgspec.json.encode(part) + b"\n")
                count, size = count + 1, size + part.bytes
        self._write(MEDIA, b"".join(lines))
        return MediaChoice(list(span.cameras), str(span.from_ns), str(span.to_ns), count, size)

    def _check_room(
        self, target: Path, rows: Iterator[FileRow], earlier: dict[str, tuple[Path, Part]]
    ) -> int:
        """How many recordings there are; DiskFullError when they do not fit."""
        count = missing = 0
        for row in rows:
            count += 1
            name = _name(row)
            if name not in earlier and not (self._folder / name).exists():
                missing += row.length
        free = space(target).free_bytes
        if missing + _SPARE_BYTES > free:
            raise DiskFullError(
                f"The backup needs {missing >> 20} MiB more, {target} has {free >> 20} MiB free: "
                "choose a shorter span or fewer cameras, or make room there."
            )
        return count

    def _recording(self, row: FileRow, earlier: dict[str, tuple[Path, Part]]) -> Part | None:
        """One recording; None when its time was up meanwhile, or its volume is not there."""
        name, root = _name(row), self._volumes.get(row.volume)
        copy = self._folder / name
        if copy.exists() and copy.stat().st_size == row.length:
            return hashed(copy, name)
        self._disk.make_folders(_SITE, copy.parent, 0o700)
        before = earlier.get(name)
        if (
            before is not None
            and before[1].bytes == row.length
            and self._disk.link(_SITE, before[0], copy)
        ):
            self._linked.add(name)
            return before[1]
        if root is None:
            return None
        source = media_path(root, row.camera, row.stream, row.opened_ns, row.run, row.sequence)
        try:
            fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"Reading {source} failed ({error.strerror}).") from error
        try:
            return self._copied(fd, copy, name)
        finally:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)

    def _copied(self, source: int, copy: Path, name: str) -> Part:
        partial = copy.with_name(f"{copy.name}{_PART}")
        partial.unlink(missing_ok=True)
        digest, size = hashlib.sha256(), 0
        fd = self._disk.create(_SITE, partial, 0o600)
        try:
            while piece := os.read(source, PIECE_BYTES):
                self._disk.write_at(_SITE, fd, piece, size, str(partial))
                digest.update(piece)
                size += len(piece)
            self._disk.sync_file(_SITE, fd, str(partial))
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)
        self._disk.replace(_SITE, partial, copy)
        return Part(name, size, digest.hexdigest())

    # --- what it says of itself --------------------------------------------------------------

    def _holds(self, media: MediaChoice | None) -> list[str]:
        found = ["cameras, users, volumes and settings", "ledgers up to their newest heads"]
        if any(part.path == EVENTS_DB for part in self._parts):
            found.append("what was found in the pictures, and what people did with it")
        if any(part.path.startswith(f"{FACTS}/") for part in self._parts):
            found.append("the tables of facts that were put in the place of ours")
        if any(part.path == KEYS for part in self._parts):
            found.append("the keys of the cameras' passwords, sealed under a passphrase")
        if media is not None:
            found.append(f"{media.files} recordings")
        return found

    def _lacking(self, choice: Choice) -> list[str]:
        lacks = ["the signing key: a restore makes a new one", "the index: it is made anew"]
        if choice.passphrase is None:
            lacks.append("the keys of the cameras' passwords")
        if choice.media is None:
            lacks.append("recordings")
        else:
            lacks.append("files that were being recorded")
        return lacks + self._lacks


def collectors_of(layout: Layout) -> dict[str, bytes]:
    """What is known of collectors, by its path in the state folder."""
    return {
        f"{COLLECTORS}/{path.name}": path.read_bytes()
        for path in sorted((layout.state / COLLECTORS).glob("*.json"))
    }


def _chosen(index: IndexStore, span: Span) -> Iterator[FileRow]:
    """Closed files, stream by stream: a read that goes on for hours would keep the index's log from
    being folded."""
    with index.read() as reader:
        streams = reader.streams()
    for row in streams:
        if not span.cameras or row.camera in span.cameras:
            with index.read() as reader:
                found = reader.files_between(row.camera, row.stream, span.from_ns, span.to_ns)
            yield from (each for each in found if each.state == CLOSED)


def _name(row: FileRow) -> str:
    path = media_path(
        Path("media") / row.volume, row.camera, row.stream, row.opened_ns, row.run, row.sequence
    )
    return path.as_posix()


def finished(target: Path) -> list[Path]:
    """The backups under a folder, oldest first."""
    return sorted(path for path in target.glob(f"{PREFIX}*") if (path / NAME).is_file())


def _earlier(target: Path) -> dict[str, tuple[Path, Part]]:
    """Recordings that the newest backup with recordings has: they need not be copied again."""
    for folder in reversed(finished(target)):
        try:
            parts = list(media_parts(folder, read_manifest(folder)))
        except WatchglassError:
            continue
        if parts:
            return {part.path: (folder / part.path, part) for part in parts}
    return {}


def remove_older(target: Path, keep: int, disk: Disk) -> list[Path]:
    """Remove all backups but the newest ``keep``; those that went."""
    gone: Iterable[Path] = finished(target)[:-keep]
    removed = []
    for folder in gone:
        hidden = folder.with_name(f".{folder.name}.gone")
        disk.replace(_SITE, folder, hidden)
        removed.append(folder)
    for hidden in target.glob(f".{PREFIX}*.gone"):
        shutil.rmtree(hidden)
    return removed
