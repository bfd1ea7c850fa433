"""What the keeper's parts share: ledgers, books, volumes and the index, and how they are written.

The cycle that uses it is in ``keeper``; what is ordered, purged, recovered or taken up after a
start is in modules of its own, each of which works at this desk.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, DiskFullError, StorageError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.recording.alive import Alive
from watchglass.recording.ballast import Ballast
from watchglass.recording.book import CameraBook, OpenMedia
from watchglass.recording.chronicle import Chronicle
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.fold import catch_up, fold_lines
from watchglass.recording.keys import SigningKey
from watchglass.recording.ledger import Line
from watchglass.recording.mediapath import media_path
from watchglass.recording.volume import Volume, volume_at
from watchglass.store.index import IndexStore

T = TypeVar("T")

SITE = "site"
Lines = dict[CameraId, list[LedgerEntry]]
_LOG = log.get("keeper")


@dataclass(frozen=True, slots=True)
class KeeperLimits:
    """``floor_bytes`` of free space are kept on each volume; times in seconds."""

    sync_s: float = 1.0
    head_s: float = 60.0
    floor_bytes: int = 1 << 30
    ballast_bytes: int = 64 << 20
    default_retention_h: int = 14 * 24


@dataclass(slots=True)
class _Mounted:
    """A volume in use: its descriptor was opened before the first write and is kept."""

    volume: Volume
    fd: int
    alive: Alive
    ballast: Ballast
    failing: bool = False


@dataclass(slots=True)
class KeeperCounters:
    """What the keeper did since it started, for metrics and ``doctor``."""

    facts: int = 0
    cycles: int = 0
    recovered_files: int = 0
    recovered_bytes_cut: int = 0
    adopted_files: int = 0
    purged_files: int = 0
    heads: int = 0
    failed_syncs: int = 0
    last_sync_wall_ns: int = 0


class Desk:
    """The state of one keeper; used by one thread, which holds the lock of the state folder."""

    def __init__(
        self, state: Path, disk: Disk, clock: Clock, limits: KeeperLimits | None = None
    ) -> None:
        self.state = state
        self.disk = disk
        self.clock = clock
        self.limits = limits or KeeperLimits()
        self.counters = KeeperCounters()
        self.books: dict[CameraId, CameraBook] = {}
        self.peers: set[str] = set()
        self.ended_runs: set[CameraId] = set()
        self.look_for_files = False
        self.crash_cause = GapCause.RECORDER_CRASHED
        self._chronicles: dict[str, Chronicle] = {}
        self._volumes: dict[VolumeId, _Mounted] = {}
        self._retention_h: dict[CameraId, int] = {}
        self._configured = False
        self._refused: set[tuple[str, int]] = set()
        # True at first: a keeper that died may have written lines that it did not sync.
        self._site_unsynced = True
        disk.make_folders(WriteSite.SETTINGS, state, 0o700)
        self._state_fd = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._state_alive = Alive(state, disk, clock)
        self._state_ballast = Ballast(state, disk, self.limits.ballast_bytes)
        self._key = SigningKey.load_or_create(state / "keys", disk)
        self.index = self._open_index()

    # --- volumes -----------------------------------------------------------------------------

    def mount(self, volume: Volume) -> None:
        """Use a volume from now on; VolumeMissingError when it is not there."""
        if volume.id in self._volumes:
            return
        volume.check()
        fd = os.open(volume.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        mounted = _Mounted(
            volume,
            fd,
            Alive(volume.path, self.disk, self.clock),
            Ballast(volume.path, self.disk, self.limits.ballast_bytes),
        )
        mounted.ballast.hold()
        self._volumes[volume.id] = mounted

    def sync_volumes(self) -> bool:
        """Sync every volume; False when one failed, so that nothing is taken as durable."""
        whole = True
        for mounted in self._volumes.values():
            try:
                mounted.alive.tell()
                self.disk.sync_filesystem(mounted.fd, str(mounted.volume.path))
            except StorageError as error:
                whole = False
                self.counters.failed_syncs += 1
                if not mounted.failing:
                    _LOG.error("sync_failed", volume=mounted.volume.id, error=error.sentence)
                mounted.failing = True
                continue
            if mounted.failing:
                self._read_back(mounted.volume.id)
                mounted.failing = False
        self.counters.last_sync_wall_ns = self.clock.wall_ns()
        return whole

    def _read_back(self, volume: VolumeId) -> None:
        """After a failed sync the kernel may have dropped what it could not write: look."""
        for book in self.books.values():
            for media in book.files.values():
                if media.volume == volume:
                    media.behind = True

    # --- ledgers -----------------------------------------------------------------------------

    def write(self, lines: Lines) -> None:
        """Append lines, make them durable with the site's, and fold them into the index."""
        written: list[tuple[CameraId, list[Line]]] = []
        for camera, entries in lines.items():
            if entries:
                written.append((camera, self._append(camera, entries)))
        if not written and not self._site_unsynced:
            return
        self.sync_state()
        self._site_unsynced = False
        if written:
            self.pay(lambda: self._fold(written))
        for camera, _ in written:
            self.books[camera].folded()

    def sync_state(self) -> None:
        """Make what was written under the state folder durable."""
        self._state_alive.tell()
        self.disk.sync_filesystem(self._state_fd, str(self.state))

    def sync_volume(self, volume: VolumeId) -> None:
        mounted = self._volumes[volume]
        self.disk.sync_filesystem(mounted.fd, str(mounted.volume.path))

    def volume_path(self, volume: VolumeId) -> Path | None:
        """Where a volume lies; None when it is not mounted, or not there any more."""
        mounted = self._volumes.get(volume)
        if mounted is None or volume_at(mounted.volume.path) != volume:
            return None
        return mounted.volume.path

    def is_present(self, peer: str) -> bool:
        """Whether a worker of that name is connected."""
        return peer in self.peers

    def mounted(self) -> list[Volume]:
        return [mounted.volume for mounted in self._volumes.values()]

    def retention_h(self, camera: CameraId) -> int | None:
        """How long recordings are kept; None before anybody has said it: then none goes by age."""
        default = self.limits.default_retention_h if self._configured else None
        return self._retention_h.get(camera, default)

    def chronicle(self, ledger: str) -> Chronicle:
        """The ledger of a camera or of the site, made where there is none."""
        found = self._chronicles.get(ledger)
        if found is None:
            folder = self.state / "ledger" / ledger
            found = Chronicle(folder, ledger, self.disk, self.clock, self._key)
            self._chronicles[ledger] = found
        return found

    def note_site(self, *entries: LedgerEntry) -> None:
        """Lines in the site's ledger, all of them or none; durable after the next ``write``."""
        self.chronicle(SITE).append(entries)
        self._site_unsynced = True

    def commit_site(self, text: str) -> str | None:
        """Keep a text beside the site's ledger; what stands for it there."""
        return self.chronicle(SITE).commit(text)

    def book(self, camera: CameraId) -> CameraBook:
        return self.books.setdefault(camera, CameraBook(camera, self.index))

    def path_of(self, camera: CameraId, media: OpenMedia) -> Path | None:
        """Where an open file lies; None when its volume is not mounted."""
        root = self.volume_path(media.volume)
        if root is None:
            return None
        return media_path(root, camera, media.stream, media.opened_ns, media.run, media.sequence)

    def once(self, key: tuple[str, int], what: str) -> None:
        if key not in self._refused:
            self._refused.add(key)
            _LOG.error("not_taken", of=key[0], sequence=key[1], why=what)

    def pay(self, write: Callable[[], T]) -> T:
        """Write something under the state folder; a full disk is paid for by the ballast."""
        try:
            return write()
        except DiskFullError:
            # It was put there for this: the ledger has to say why seconds are missing.
            if not self._state_ballast.release():
                raise
            _LOG.warning("ballast_released", folder=str(self.state))
            return write()

    def _append(self, camera: CameraId, entries: list[LedgerEntry]) -> list[Line]:
        return self.pay(lambda: self.chronicle(camera).append(entries))

    def _fold(self, written: list[tuple[CameraId, list[Line]]]) -> None:
        with self.index.write() as index:
            for camera, lines in written:
                fold_lines(index, camera, lines)

    def _catch_up(self, camera: CameraId) -> None:
        chronicle = self._chronicles[camera]
        self.pay(lambda: catch_up(self.index, camera, chronicle.folder, chronicle.size))

    def take_up_ledgers(self) -> None:
        """Open every ledger, and bring the index up to them."""
        for folder in sorted((self.state / "ledger").glob("*")):
            self.chronicle(folder.name)
        cameras = [CameraId(name) for name in self._chronicles if name != SITE]
        try:
            for camera in cameras:
                self._catch_up(camera)
        except DamagedError as error:
            _LOG.error("index_rebuilt", reason=error.sentence)
            self.rebuild_index()
        for camera in cameras:
            self.book(camera)

    # --- index -------------------------------------------------------------------------------

    def _open_index(self) -> IndexStore:
        path = self.state / "index.db"
        try:
            return IndexStore(path)
        except DamagedError as error:
            _LOG.error("index_rebuilt", reason=error.sentence)
            return self._fresh_index()

    def _fresh_index(self) -> IndexStore:
        for name in ("index.db", "index.db-wal", "index.db-shm"):
            self.disk.unlink(WriteSite.SETTINGS, self.state / name)
        return IndexStore(self.state / "index.db")

    def rebuild_index(self) -> int:
        """Make the index anew from the ledgers; how many lines were folded."""
        self.index.close()
        self.index = self._fresh_index()
        folded = 0
        for name, chronicle in self._chronicles.items():
            if name != SITE:
                self._catch_up(CameraId(name))
                folded += chronicle.size
        return folded
