"""The keeper: only writer of ledgers, heads and index, only syncer, purger and recoverer.

Everything happens in ``cycle``, about once a second, in one order that every promise rests on:

1. facts that came are taken from the inbox, files whose writer is gone are recovered;
2. the volumes are synced: what was reported before is durable from here on;
3. the lines these facts lead to are appended to the ledgers, and the state folder is synced;
4. the index is brought up; it may be lost at any moment and nothing else is;
5. workers are told which facts they may forget, and whoever gave an order that it is done;
6. heads are signed over what is durable, and what is too old or in the way is purged.

A volume that cannot be synced keeps its facts in the inbox: nothing is acknowledged or signed.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import (
    DamagedError,
    DiskFullError,
    StorageError,
    VolumeMissingError,
    WatchglassError,
)
from watchglass.base.ids import CameraId, RunId, VolumeId
from watchglass.model.fact import (
    Fact,
    FileClosed,
    FileOpened,
    FragmentWritten,
    GapOpened,
    Hole,
    RunEnded,
    RunStarted,
    SoundBroke,
    StreamIs,
)
from watchglass.model.gap import GapCause
from watchglass.model.order import Configure, Done, Facts, FromKeeper, Order, Ordered, Synced
from watchglass.recording.alive import Alive
from watchglass.recording.ballast import Ballast
from watchglass.recording.book import CameraBook, LedgerEntry, OpenMedia
from watchglass.recording.chronicle import Chronicle
from watchglass.recording.fold import catch_up, fold_lines
from watchglass.recording.heads import OpenFile
from watchglass.recording.keys import SigningKey
from watchglass.recording.ledger import Line
from watchglass.recording.mediapath import media_path
from watchglass.recording.orders import carry_out
from watchglass.recording.purge import Purger
from watchglass.recording.recovery import StillWrittenError, read_open, recover
from watchglass.recording.restart import adopt_unknown, settle
from watchglass.recording.volume import Volume, volume_at
from watchglass.store.index import IndexStore

T = TypeVar("T")

SITE = "site"
Lines = dict[CameraId, list[LedgerEntry]]
_OF_RUNS = FragmentWritten | FileClosed
_PATIENCE_NS = 3 * NS_PER_S
_RECENT_NS = 3600 * NS_PER_S
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
class _Inbox:
    facts: list[tuple[str, Facts]] = field(default_factory=list)
    orders: list[tuple[str, Ordered]] = field(default_factory=list)


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


class Keeper:
    """One for each machine; one thread. The caller holds the lock of the state folder."""

    def __init__(
        self, state: Path, disk: Disk, clock: Clock, limits: KeeperLimits | None = None
    ) -> None:
        self.state = state
        self.disk = disk
        self.clock = clock
        self.limits = limits or KeeperLimits()
        self.counters = KeeperCounters()
        self.books: dict[CameraId, CameraBook] = {}
        self._chronicles: dict[str, Chronicle] = {}
        self._volumes: dict[VolumeId, _Mounted] = {}
        self._peers: set[str] = set()
        self._retention_h: dict[CameraId, int] = {}
        self._configured = False
        self._inbox = _Inbox()
        self._due_head_ns = 0
        self._ended_runs: set[CameraId] = set()
        self._refused: set[tuple[str, int]] = set()
        self._patient_until_ns = 0
        self._look_for_files = False
        self.crash_cause = GapCause.RECORDER_CRASHED
        disk.make_folders(WriteSite.SETTINGS, state, 0o700)
        self._state_fd = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._state_alive = Alive(state, disk, clock)
        self._state_ballast = Ballast(state, disk, self.limits.ballast_bytes)
        self._key = SigningKey.load_or_create(state / "keys", disk)
        self.index = self._open_index()
        self._purger = Purger(self)

    # --- start and end -----------------------------------------------------------------------

    def start(self, volumes: Iterable[Volume], *, fresh: bool) -> None:
        """Take up the ledgers, settle what was left open, find files that were never told of.

        ``fresh``: no worker of before is alive, or it is about to end (the whole recorder starts);
        otherwise only the keeper was restarted and workers go on writing.
        """
        for volume in volumes:
            self.mount(volume)
        last_seen = self._state_alive.read()
        self._take_up()
        self._state_ballast.hold()
        if not fresh:
            self._patient_until_ns = self.clock.monotonic_ns() + _PATIENCE_NS
            self._look_for_files = True
        settle(self, last_seen, fresh=fresh)
        self._purger.finish_interrupted()
        self._state_alive.tell()

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

    def close(self, *, stopped: bool = True) -> None:
        """End well: what was taken in is written and signed.

        ``stopped``: by somebody's will, which the next start will believe.
        """
        self.cycle()
        self._sign_heads(self._chronicles)
        self._state_alive.tell(stopped=stopped)
        for mounted in self._volumes.values():
            mounted.alive.tell(stopped=stopped)
            os.close(mounted.fd)
            mounted.alive.close()
        self.disk.sync_filesystem(self._state_fd, str(self.state))
        self._state_alive.close()
        os.close(self._state_fd)
        for chronicle in self._chronicles.values():
            chronicle.close()
        self.index.close()

    # --- what comes in -----------------------------------------------------------------------

    def peer_joined(self, peer: str) -> None:
        self._peers.add(peer)

    def peer_lost(self, peer: str) -> None:
        """A worker is gone; its locks tell, in the next cycle, whether it still writes."""
        self._peers.discard(peer)
        self._look_for_files = True

    def take_facts(self, peer: str, facts: Facts) -> None:
        self._inbox.facts.append((peer, facts))

    def take_order(self, peer: str, order: Ordered) -> None:
        self._inbox.orders.append((peer, order))

    @property
    def busy(self) -> bool:
        """Whether something waits that is not only fragments: it should not wait long."""
        return bool(self._inbox.orders) or any(
            not isinstance(fact, FragmentWritten)
            for _, facts in self._inbox.facts
            for fact in facts.facts
        )

    # --- the cycle ---------------------------------------------------------------------------

    def cycle(self) -> list[tuple[str, FromKeeper]]:
        """Do all that is due; the answers to send, by peer."""
        self.counters.cycles += 1
        inbox, self._inbox = self._inbox, _Inbox()
        self._read_behind()
        if not self._sync_volumes():
            self._inbox.facts = inbox.facts + self._inbox.facts
            inbox.facts = []
        lines: Lines = defaultdict(list)
        for peer, facts in inbox.facts:
            for fact in facts.facts:
                self._take(peer, fact, lines)
        self._look_for_the_dead(lines)
        answers: list[tuple[str, FromKeeper]] = []
        for peer, ordered in inbox.orders:
            answers.append((peer, self._obey(ordered, lines)))
        for camera, book in self.books.items():
            lines[camera] += book.place()
        self.write(lines)
        for peer, facts in inbox.facts:
            answers.append((peer, Synced(facts.session, facts.last)))
        self._grow_index()
        self._sign_due_heads()
        self._purger.purge()
        return answers

    def write(self, lines: Lines) -> None:
        """Append lines, make them durable, and fold them into the index."""
        written: list[tuple[CameraId, list[Line]]] = []
        for camera, entries in lines.items():
            if entries:
                written.append((camera, self._append(camera, entries)))
        if not written:
            return
        self.sync_state()
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
        return peer in self._peers

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

    def note_site(self, type: str, fields: dict[str, object]) -> None:
        """A line in the site's ledger; durable with the next sync."""
        self.chronicle(SITE).append([(type, fields)])

    def commit_site(self, text: str) -> str | None:
        """Keep a text beside the site's ledger; what stands for it there."""
        return self.chronicle(SITE).commit(text)

    # --- facts -------------------------------------------------------------------------------

    def _take(self, peer: str, fact: Fact, lines: Lines) -> None:
        self.counters.facts += 1
        book = self.books.get(fact.camera)
        if book is None or not (isinstance(fact, _OF_RUNS) or book.knows_stream(fact.stream)):
            self._once((fact.camera, -1), "a stream that nobody added")
        else:
            self._tell_book(book, peer, fact, lines)

    def _tell_book(self, book: CameraBook, peer: str, fact: Fact, lines: Lines) -> None:
        out = lines[fact.camera]
        match fact:
            case FragmentWritten():
                book.fragment(fact, peer)
            case RunStarted():
                self._end_dead_run(book, fact, lines)
                out += book.run_started(fact, peer)
            case RunEnded():
                out += book.run_ended(fact)
                self._ended_runs.add(fact.camera)
            case FileOpened():
                out += [] if self._is_gone(book, fact) else book.file_opened(fact, peer)
            case FileClosed():
                out += book.file_closed(fact)
            case GapOpened():
                out += book.gap_opened(fact, self.clock.wall_ns())
            case Hole():
                out += book.hole(fact)
            case SoundBroke():
                out += book.sound_broke(fact)
            case StreamIs():
                self._hear_of_stream(book, peer, fact)

    def book(self, camera: CameraId) -> CameraBook:
        return self.books.setdefault(camera, CameraBook(camera, self.index))

    def _is_gone(self, book: CameraBook, fact: FileOpened) -> bool:
        """Told again, when all that was known of the file has been purged with it."""
        if book.knows_file((fact.run, fact.sequence)):
            return False
        root = self.volume_path(fact.volume)
        if root is None:
            return False
        return not media_path(
            root, fact.camera, fact.stream, fact.wall_ns, fact.run, fact.sequence
        ).exists()

    def _hear_of_stream(self, book: CameraBook, peer: str, fact: StreamIs) -> None:
        for media in book.files.values():
            if media.run == fact.run:
                media.peer = peer
        state = book.stream(fact.stream)
        if state.run is not None and state.run == fact.run:
            state.peer = peer

    def _end_dead_run(self, book: CameraBook, started: RunStarted, lines: Lines) -> None:
        """A stream whose worker died may start again before its end was noticed."""
        state = book.stream(started.stream)
        if state.run is None or state.run == started.run or book.knows_run(started.run):
            return
        for media in [media for media in book.files.values() if media.run == state.run]:
            self._try_recover(book, media, lines)
        if state.run is not None:
            lines[book.camera] += book.end_run(
                state.run, started.stream, book.media_end(state.run), started.wall_ns,
                GapCause.RECORDER_CRASHED,
            )  # fmt: skip

    # --- recovery ----------------------------------------------------------------------------

    def _read_behind(self) -> None:
        """Files of which facts are missing tell themselves what they hold."""
        for book in self.books.values():
            for media in book.files.values():
                path = self.path_of(book.camera, media) if media.behind else None
                if path is not None:
                    try:
                        book.read_again(media, read_open(path))
                    except WatchglassError as error:
                        self._once((media.run, media.sequence), error.sentence)

    def recover_orphans(self, lines: Lines) -> None:
        """Close the files that nobody writes any more."""
        for book in self.books.values():
            for media in list(book.files.values()):
                abandoned = book.stream(media.stream).run != media.run
                if media.peer not in self._peers or abandoned:
                    self._try_recover(book, media, lines)

    def _look_for_the_dead(self, lines: Lines) -> None:
        # A keeper that was restarted first lets the workers speak that go on writing.
        if self.clock.monotonic_ns() < self._patient_until_ns:
            return
        self.recover_orphans(lines)
        if self._look_for_files:
            self._look_for_files = False
            # What was told a moment ago has to be known, or it would be found and told again.
            self.write(lines)
            lines.clear()
            adopt_unknown(self, lines, self.clock.wall_ns() - _RECENT_NS)

    def _try_recover(self, book: CameraBook, media: OpenMedia, lines: Lines) -> None:
        """Recover one open file if nobody writes it any more; its run ends with it."""
        path = self.path_of(book.camera, media)
        if path is None:
            return
        media_to = media.media_to
        try:
            found = recover(path, self.disk)
        except StillWrittenError:
            return
        except WatchglassError as error:
            if path.exists():
                self._once((media.run, media.sequence), error.sentence)
                return
            lines[book.camera] += book.file_missing(media)
        else:
            self.counters.recovered_files += 1
            self.counters.recovered_bytes_cut += found.cut_bytes
            media_to = found.media_to
            lines[book.camera] += book.file_recovered(media, found)
            if found.was_closed:
                # Its writer may live and have gone on with a file that was not told of yet.
                self._look_for_files = True
                return
        if book.stream(media.stream).run == media.run:
            lines[book.camera] += book.end_run(
                media.run, media.stream, media_to, self.clock.wall_ns(), self.crash_cause
            )
            self._ended_runs.add(book.camera)

    def path_of(self, camera: CameraId, media: OpenMedia) -> Path | None:
        """Where an open file lies; None when its volume is not mounted."""
        root = self.volume_path(media.volume)
        if root is None:
            return None
        return media_path(root, camera, media.stream, media.opened_ns, media.run, media.sequence)

    def _once(self, key: tuple[str, int], what: str) -> None:
        if key not in self._refused:
            self._refused.add(key)
            _LOG.error("not_taken", of=key[0], sequence=key[1], why=what)

    # --- orders ------------------------------------------------------------------------------

    def _obey(self, ordered: Ordered, lines: Lines) -> Done:
        try:
            self._order(ordered.order, lines)
        except WatchglassError as error:
            return Done(ordered.number, error.sentence)
        return Done(ordered.number)

    def _order(self, order: Order, lines: Lines) -> None:
        if isinstance(order, Configure):
            self._retention_h = {each.camera: each.hours for each in order.retention}
            self._configured = True
            for volume, path in order.volumes:
                try:
                    self.mount(Volume(volume, Path(path)))
                except VolumeMissingError as error:
                    _LOG.error("volume_missing", error=error.sentence)
            return
        lines[order.camera] += carry_out(self, order)

    # --- ledgers -----------------------------------------------------------------------------

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

    def _take_up(self) -> None:
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
        self._purger.finish_interrupted()
        return folded

    def _grow_index(self) -> None:
        """How far open files reach, for whoever looks at the timeline."""
        rows = [
            (media.run, media.sequence, media.media_to, media.placed.wall_at(media.media_to),
             media.length)
            for book in self.books.values()
            for media in book.files.values()
            if media.placed is not None
        ]  # fmt: skip
        if rows:
            self.pay(lambda: self._grow(rows))

    def _grow(self, rows: list[tuple[RunId, int, int, int, int]]) -> None:
        with self.index.write() as index:
            index.grow_files(rows)

    # --- sync and heads ----------------------------------------------------------------------

    def _sync_volumes(self) -> bool:
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

    def _sign_due_heads(self) -> None:
        now_ns = self.clock.monotonic_ns()
        if now_ns >= self._due_head_ns:
            self._due_head_ns = now_ns + round(self.limits.head_s * NS_PER_S)
            self._state_ballast.hold()
            self._sign_heads(self._chronicles)
        elif self._ended_runs:
            self._sign_heads(self._ended_runs)
        self._ended_runs.clear()

    def _sign_heads(self, ledgers: Iterable[str]) -> None:
        for name in list(ledgers):
            chronicle = self._chronicles.get(name)
            if chronicle is None:
                continue
            book = self.books.get(CameraId(name))
            root = self.volume_path(book.volume) if book is not None and book.volume else None
            copy_to = root / name / "ledger" if root is not None else None
            try:
                chronicle.sign(_open_files(book), copy_to)
            except StorageError as error:
                _LOG.error("head_not_signed", ledger=name, error=error.sentence)
            else:
                self.counters.heads += 1


def _open_files(book: CameraBook | None) -> list[OpenFile]:
    if book is None:
        return []
    return [
        OpenFile(
            media.run, media.stream, media.sequence, media.frontier.count - 1,
            media.frontier.root(),
        )
        for media in book.files.values()
        if not media.behind
    ]  # fmt: skip
