"""What the keeper's parts share: ledgers, books, volumes and the index, and how they are written.

The cycle that uses it is in ``keeper``; what is ordered, purged, recovered or taken up after a
start is in modules of its own, each of which works at this desk.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, DiskFullError, StorageError
from watchglass.base.ids import CameraId, RunId, VolumeId
from watchglass.model.fact import FragmentWritten
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.alive import Alive
from watchglass.recording.ballast import Ballast
from watchglass.recording.book import CameraBook
from watchglass.recording.chronicle import Chronicle
from watchglass.recording.counters import KeeperCounters
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.fold import catch_up, fold_lines
from watchglass.recording.keys import SigningKey, drop_retired
from watchglass.recording.ledger import Line
from watchglass.recording.mediapath import media_path
from watchglass.recording.mounted import Mounted
from watchglass.recording.openmedia import OpenMedia
from watchglass.recording.pace import Pace
from watchglass.recording.volume import Volume, space, volume_at
from watchglass.store.index import IndexStore

T = TypeVar("T")

SITE = "site"
STATE = "state"
Lines = dict[CameraId, list[LedgerEntry]]
_DAY_NS = 24 * 3600 * NS_PER_S
_PATIENCE_S = 0.5
"""How long a cycle waits for the volumes' syncs; a slow one is left to itself."""
RELEASED_NS = 1_793_491_200 * NS_PER_S
"""2026-11-01: nothing of ours was recorded before."""
_INDEX_REFUSED_NS = 10 * NS_PER_S
_INDEX_ANEW_NS = 3600 * NS_PER_S
_LOG = log.get("keeper")


@dataclass(frozen=True, slots=True)
class KeeperLimits:
    """``floor_bytes`` of free space are kept on each volume, at the least; times in seconds."""

    sync_s: float = 1.0
    head_s: float = 60.0
    floor_bytes: int = 1 << 30
    ballast_bytes: int = 64 << 20
    default_retention_h: int = 14 * 24
    hash_again: bool = False
    """Whether closed files are hashed again at idle, in a thread of its own."""
    released_ns: int = RELEASED_NS
    """A clock that says less (UTC) was not set."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Hours that recordings are kept; ``events_h``, where longer, those with a mark. ``erase``: no
    recording is, on somebody's decision."""

    hours: int
    events_h: int = 0
    erase: bool = False


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
        self.doubted: set[RunId] = set()
        """Runs of which something was written before a sync that failed."""
        self.look_for_files = False
        self.look_for_imports = True
        self.names_h: int | None = None
        """Hours that names and reasons are kept; None: nobody has said it yet."""
        self.accounted = False
        """Whether lines tell of the time before this start: a sign of life must not hide it."""
        self.crash_cause = GapCause.RECORDER_CRASHED
        self._chronicles: dict[str, Chronicle] = {}
        self._volumes: dict[VolumeId, Mounted] = {}
        self._rules: dict[tuple[CameraId, StreamName | None], Rule] = {}
        self._default_rule: Rule | None = None
        self._refused: set[tuple[str, int]] = set()
        self._owed: Lines = defaultdict(list)
        self._unfolded: list[tuple[CameraId, list[Line]]] = []
        # True at first: a keeper that died may have written lines that it did not sync.
        self._unsynced = True
        self._state_doubted = False
        # True at first, as above.
        self._heads_unsynced = True
        self._pace = Pace(clock)
        self._index_refused_ns: int | None = None
        self._index_anew_ns: int | None = None
        self.patience_s = _PATIENCE_S
        disk.make_folders(WriteSite.SETTINGS, state, 0o700)
        self._state_fd = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._state_alive = Alive(state, disk, clock)
        self._state_ballast = Ballast(state, disk, self.limits.ballast_bytes)
        self._key = SigningKey.load_or_create(state / "keys", disk)
        self._retired = SigningKey.retired(state / "keys")
        self.index = self.pay(self._open_index)

    # --- volumes -----------------------------------------------------------------------------

    def mount(self, volume: Volume) -> None:
        """Use a volume from now on; VolumeMissingError when it is not there."""
        if volume.id not in self._volumes:
            mounted = Mounted(volume, self.disk, self.clock, self.limits.ballast_bytes)
            mounted.ballast.hold()
            self._volumes[volume.id] = mounted

    def begin_syncs(self) -> dict[VolumeId, int]:
        """Begin to sync every volume; the number of each one's sync that covers what is there."""
        return {volume: mounted.begin() for volume, mounted in self._volumes.items()}

    def settle_syncs(self, patience_s: float) -> list[Mounted]:
        """Wait for the syncs, but not for one that is slow; the volumes one of which has ended."""
        ended = []
        for mounted in self._volumes.values():
            if mounted.settle(patience_s):
                ended.append(mounted)
                self.counters.failed_syncs += mounted.failing
            elif mounted.syncing:
                patience_s = 0
        return ended

    # --- ledgers -----------------------------------------------------------------------------

    def write(self, lines: Lines) -> None:
        """Append lines, make them durable with the site's, and fold them into the index.

        They are taken out of ``lines``. StorageError when they are not durable: they are owed, and
        the next call writes them first. An index that cannot be written is no error: it is behind,
        and ``in_debt`` says so.
        """
        while lines:
            camera, entries = lines.popitem()
            if entries:
                self._owed[camera] += entries
        for camera in list(self._owed):
            self._unfolded.append((camera, self._append(camera, self._owed[camera])))
            self._unsynced = True
            del self._owed[camera]
        if self._unsynced:
            self.sync_state()
            self._unsynced = False
        self._fold_written()

    @property
    def in_debt(self) -> bool:
        """Whether lines are not written yet, or the index does not know them: books must wait."""
        return self._unsynced or bool(self._owed or self._unfolded)

    def sync_state(self) -> None:
        """Make what was written under the state folder durable."""
        if self._state_doubted:
            # The kernel may have dropped what it could not write, and would now say all is well.
            for chronicle in self._chronicles.values():
                chronicle.write_again()
        self._state_doubted = True
        if self.accounted:
            with suppress(StorageError):
                self._state_alive.tell()
        self.disk.sync_filesystem(self._state_fd, str(self.state))
        self._state_doubted = self._heads_unsynced = False
        for chronicle in self._chronicles.values():
            chronicle.synced()
        self._settle_key()

    def heads_are_durable(self) -> bool:
        """Sync those that were signed, before others are: of a file that a power cut tears only the
        last line can be cut off, and while nothing happens nobody else syncs for minutes."""
        try:
            if self._heads_unsynced:
                self.sync_state()
        except StorageError as error:
            self.once(("heads", 0), error.sentence)
            return False
        self._heads_unsynced = True
        return True

    def sync_volume(self, volume: VolumeId) -> int:
        """Sync one volume, and wait a moment for it; the sync's number, for ``synced``."""
        mounted = self._volumes[volume]
        number = mounted.begin()
        mounted.settle(self.patience_s)
        return number

    def failing(self) -> set[VolumeId]:
        """The volumes whose last sync failed."""
        return {volume for volume, mounted in self._volumes.items() if mounted.failing}

    def settled(self, volume: VolumeId) -> int:
        """Number of the volume's last sync that ended; of one that is not mounted none will."""
        mounted = self._volumes.get(volume)
        return mounted.settled if mounted is not None else sys.maxsize

    def synced(self, volume: VolumeId) -> int:
        """Number of the volume's last sync that succeeded."""
        mounted = self._volumes.get(volume)
        return mounted.synced if mounted is not None else 0

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

    def rule(self, camera: CameraId, stream: StreamName) -> "Rule | None":
        """How long recordings are kept; None before anybody has said it: then none goes by age."""
        of_camera = self._rules.get((camera, None), self._default_rule)
        return self._rules.get((camera, stream), of_camera)

    def retention_h(self, camera: CameraId, stream: StreamName) -> int | None:
        """How long recordings without a mark are kept; None before anybody has said it."""
        rule = self.rule(camera, stream)
        return None if rule is None else rule.hours

    def chronicle(self, ledger: str) -> Chronicle:
        """The ledger of a camera or of the site, made where there is none."""
        found = self._chronicles.get(ledger)
        if found is None:
            folder = self.state / "ledger" / ledger
            made = partial(
                Chronicle, folder, ledger, self.disk, self.clock, self._key, self._retired
            )
            found = self.pay(made)
            self._chronicles[ledger] = found
        return found

    def note_site(self, *entries: LedgerEntry) -> None:
        """Lines in the site's ledger, all of them or none; durable after the next ``write``."""
        self.pay(lambda: self.chronicle(SITE).append(entries))
        self._unsynced = True

    def renew_key(self) -> dict[str, LedgerEntry]:
        """Another signing key from now on; the line of each ledger that says so."""
        before, self._key = self._key, self._key.renewed(self.state / "keys", self.disk)
        self._retired = before
        return {name: each.renew(self._key) for name, each in self._chronicles.items()}

    @property
    def key_id(self) -> str:
        return self._key.key_id

    @property
    def ledgers(self) -> list[str]:
        """The names of all ledgers."""
        return list(self._chronicles)

    def _settle_key(self) -> None:
        """Forget the key before, once every ledger durably names the new one."""
        named = all(each.key_id == self._key.key_id for each in self._chronicles.values())
        if self._retired is not None and named and self._chronicles:
            drop_retired(self.state / "keys", self.disk)
            self._retired = None

    def sign(self, data: bytes) -> str:
        """The recorder's signature, hex."""
        return self._key.sign(data).hex()

    def commit_site(self, text: str) -> str | None:
        """Keep who did something, or why, beside the site's ledger; what stands for it there."""
        return self.commit_person(SITE, text)

    def commit_person(self, ledger: str, text: str) -> str | None:
        """Keep who did something, or why, beside a ledger, durably, until it is forgotten."""
        return self.pay(lambda: self.chronicle(ledger).commit(text, personal=True))

    def commit(self, ledger: str, text: str) -> str | None:
        """Keep another text beside a ledger, durably and for good; what stands for it there."""
        return self.pay(lambda: self.chronicle(ledger).commit(text, personal=False))

    def forget_people(self, most: int) -> int:
        """Erase names and reasons that were kept long enough, of all ledgers; how many went."""
        if self.names_h is None:
            return 0
        before_ns = self.clock.wall_ns() - self.names_h * 3600 * NS_PER_S
        gone = 0
        for chronicle in self._chronicles.values():
            if gone < most:
                gone += chronicle.forget(before_ns, most - gone)
        return gone

    def why_ended(self, run: RunId) -> GapCause:
        """What ended a run whose writer did not say it."""
        return GapCause.WRITE_FAILED if run in self.doubted else self.crash_cause

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

    def pay(self, write: Callable[[], T], folder: Path | None = None) -> T:
        """Write under the state folder, and ``folder``; a full disk is paid for by the ballast."""
        while True:
            try:
                return write()
            except DiskFullError:
                # It was put there for this: the ledger has to say why seconds are missing.
                folders = [self.state, *([folder] if folder is not None else [])]
                if not any(map(self.release_ballast, folders)):
                    raise

    def release_ballast(self, folder: Path) -> bool:
        """Give up one ballast on the file system of ``folder``; False when there is none left."""
        for ballast in self._ballasts():
            if ballast.shares_disk(folder) and ballast.release():
                _LOG.warning("ballast_released", folder=str(ballast.folder))
                return True
        return False

    def hold_ballasts(self) -> None:
        """Make those that were given up, where there is room again."""
        for ballast in self._ballasts():
            ballast.hold()

    def wanted_bytes(self, volume: Volume) -> int:
        """What is to be free on a volume: the floor, and room for the ballasts it lacks."""
        lacking = sum(
            ballast.lacking_bytes
            for ballast in self._ballasts()
            if ballast.shares_disk(volume.path)
        )
        return self._floor_bytes(volume) + lacking

    def hear_pace(self, media: OpenMedia | None, fact: FragmentWritten) -> None:
        """Learn from a fragment how fast its stream fills the volume that it is on."""
        if media is not None:
            self._pace.hear(fact, media.stream, media.volume)

    def _floor_bytes(self, volume: Volume) -> int:
        """At least what was set, and what a dead keeper's cameras take until it is back.

        Of a small volume no more than a tenth for the latter, or there were no recordings on it.
        """
        away = min(self._pace.away_bytes(volume.id), space(volume.path).total_bytes // 10)
        floor = max(self.limits.floor_bytes, away)
        mounted = self._volumes.get(volume.id)
        if mounted is not None:
            mounted.floor_bytes = floor
        return floor

    def _ballasts(self) -> list[Ballast]:
        return [self._state_ballast, *(each.ballast for each in self._volumes.values())]

    def _append(self, camera: CameraId, entries: list[LedgerEntry]) -> list[Line]:
        return self.pay(lambda: self.chronicle(camera).append(entries))

    def _fold_written(self) -> None:
        if not self._unfolded:
            return
        try:
            self.pay(self._fold)
        except StorageError as error:
            self.once(("index", 0), error.sentence)
            if not self._begin_index_anew(error):
                return
        self._index_refused_ns = None
        for camera, _ in self._unfolded:
            self.books[camera].folded()
        self._unfolded.clear()

    def _begin_index_anew(self, error: StorageError) -> bool:
        """Whether it was: it is a cache, and neither ledgers nor purging may wait for it for long.

        A full disk is another matter: there is room again, or there will be none for this either.
        """
        now_ns = self.clock.monotonic_ns()
        self._index_refused_ns = self._index_refused_ns or now_ns
        refused_ns = now_ns - self._index_refused_ns
        if isinstance(error, DiskFullError) or refused_ns < _INDEX_REFUSED_NS:
            return False
        if self._index_anew_ns is not None and now_ns - self._index_anew_ns < _INDEX_ANEW_NS:
            return False
        self._index_anew_ns = now_ns
        _LOG.error("index_rebuilt", reason=error.sentence)
        self.rebuild_index()
        return True

    def _fold(self) -> None:
        with self.index.write() as index:
            for camera, lines in self._unfolded:
                fold_lines(index, camera, lines)

    def _catch_up(self, camera: CameraId) -> None:
        chronicle = self._chronicles[camera]
        self.pay(lambda: catch_up(self.index, camera, chronicle.folder, chronicle.size))

    def take_up_ledgers(self) -> None:
        """Open every ledger, and bring the index up to them."""
        # The site's begins with the recorder: others may read it from then on.
        self.chronicle(SITE)
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
        with self.index.read() as index:
            self._pace.begin(index.fastest_since(self.clock.wall_ns() - _DAY_NS))

    # --- index -------------------------------------------------------------------------------

    def _open_index(self) -> IndexStore:
        path = self.state / "index.db"
        try:
            return IndexStore(path)
        except DamagedError as error:
            _LOG.error("index_rebuilt", reason=error.sentence)
            self._drop_index()
            return IndexStore(path)

    def _drop_index(self) -> None:
        for name in ("index.db", "index.db-wal", "index.db-shm"):
            self.disk.unlink(WriteSite.SETTINGS, self.state / name)

    def rebuild_index(self) -> int:
        """Make the index anew from the ledgers; how many lines were folded."""
        path = self.state / "index.db"
        self.index.close()
        self._drop_index()
        self.index = IndexStore(path, to_fill=True)
        folded = 0
        try:
            for name, chronicle in self._chronicles.items():
                if name != SITE:
                    self._catch_up(CameraId(name))
                    folded += chronicle.size
        finally:
            self.index.close()
            self.index = IndexStore(path)
        return folded
