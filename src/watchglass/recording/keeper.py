"""The keeper: only writer of ledgers, heads and index, only syncer, purger and recoverer.

Everything happens in ``cycle``, about once a second, in one order that every promise rests on:

1. facts that came are taken from the inbox, files whose writer is gone are recovered;
2. the volumes are synced: what was reported before is durable from here on;
3. the lines these facts lead to are appended to the ledgers, and the state folder is synced;
4. the index is brought up; it may be lost at any moment and nothing else is;
5. workers are told which facts they may forget, and whoever gave an order that it is done;
6. heads are signed over what is durable, and what is too old or in the way is purged.

A volume whose sync is slow keeps its facts in the inbox, and delays no other. What was written
before a sync that failed is not believed: its runs end (``doubt``), and the files are read from the
disk. A state folder that cannot be written keeps the lines in mind, and the workers their facts.
"""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import Disk
from watchglass.base.errors import (
    StorageError,
    VolumeMissingError,
    WatchglassError,
)
from watchglass.base.ids import CameraId, RunId
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
from watchglass.model.metric import Sample
from watchglass.model.order import (
    BeginExport,
    Configure,
    Done,
    Facts,
    FromKeeper,
    NoteBackup,
    NoteNames,
    NotePeople,
    NoteRetention,
    NoteStep,
    Order,
    Ordered,
    RevokeKey,
    RotateKey,
    SignExport,
    SignStatement,
)
from watchglass.model.stream import StreamName
from watchglass.model.vitals import KeeperVitals, VolumeVitals
from watchglass.recording.alive import last_seen
from watchglass.recording.book import CameraBook
from watchglass.recording.desk import STATE, Desk, KeeperLimits, Lines, Rule
from watchglass.recording.doubts import Doubts, Heard, acknowledged, is_gone, settled
from watchglass.recording.erase import Eraser
from watchglass.recording.exporting import begin_export, signed
from watchglass.recording.heads import OpenFile
from watchglass.recording.keychange import of_recorder
from watchglass.recording.metrics import keeper_samples, volume_samples
from watchglass.recording.orders import carry_out, retention_lines
from watchglass.recording.peoplewriter import PeopleWriter
from watchglass.recording.purge import Purger
from watchglass.recording.resettle import is_marked, settle_restored
from watchglass.recording.rest import Rest
from watchglass.recording.restart import adopt_unknown, settle
from watchglass.recording.salvage import read_behind, recover_orphans, try_recover
from watchglass.recording.unset import UnsetClock
from watchglass.recording.volume import Volume

_OF_RUNS = FragmentWritten | FileClosed
_OF_DISKS = frozenset({GapCause.DISK_FULL, GapCause.WRITE_FAILED})
"""A worker that could not begin a file has left an empty one: it may remove none."""
_PATIENCE_NS = 3 * NS_PER_S
_LAST_PATIENCE_S = 10.0
_RECENT_NS = 3600 * NS_PER_S
_GROWTH_NS = 2 * NS_PER_S
_THINNING_NS = 3600 * NS_PER_S
_MOST_FORGOTTEN = 500
_LOG = log.get("keeper")


@dataclass(slots=True)
class _Inbox:
    facts: list[Heard] = field(default_factory=list)
    orders: list[tuple[str, Ordered]] = field(default_factory=list)


class Keeper(Desk):
    """One for each machine; one thread. The caller holds the lock of the state folder."""

    def __init__(
        self, state: Path, disk: Disk, clock: Clock, limits: KeeperLimits | None = None
    ) -> None:
        super().__init__(state, disk, clock, limits)
        self._inbox = _Inbox()
        self._doubts = Doubts(self)
        self._unanswered: list[tuple[str, FromKeeper]] = []
        self._cycle_ns = clock.monotonic_ns()
        self._due_head_ns = 0
        self._due_growth_ns = 0
        self._due_thinning_ns = 0
        self._patient_until_ns = 0
        self._purger = Purger(self)
        self._eraser = Eraser(self)
        self._people = PeopleWriter(self)
        self._unset = UnsetClock(self)
        self._rest = Rest(self) if self.limits.hash_again else None

    # --- start and end -----------------------------------------------------------------------

    def configure(self, site: Configure) -> None:
        """Take in what the site wants: how long to keep what, and on which volumes."""
        self._rules = {
            (each.camera, each.stream): Rule(each.hours, each.events_h, each.erase)
            for each in site.retention
        }
        default_h = site.default_h or self.limits.default_retention_h
        self._default_rule = Rule(default_h, site.default_events_h)
        self.names_h = site.names_h
        named = {volume for volume, _ in site.volumes}
        for mounted in self.mounted():
            if named and mounted.id not in named:
                self._volumes.pop(mounted.id).close(_LAST_PATIENCE_S)
        for volume, path in site.volumes:
            try:
                self.mount(Volume(volume, Path(path)))
            except VolumeMissingError as error:
                _LOG.error("volume_missing", error=error.sentence)

    def rebuild_index(self) -> int:
        """Make the index anew from the ledgers; how many lines were folded."""
        folded = super().rebuild_index()
        self._purger.finish_interrupted()
        return folded

    def start(self, volumes: Iterable[Volume], *, fresh: bool) -> None:
        """Take up the ledgers, settle what was left open, find files that were never told of.

        ``fresh``: no worker of before is alive, or it is about to end (the whole recorder starts);
        otherwise only the keeper was restarted and workers go on writing.
        """
        for volume in volumes:
            self.mount(volume)
        folders = [self.state, *(volume.path for volume in self.mounted())]
        seen = last_seen(folders, self.disk, self.clock)
        self.take_up_ledgers()
        self._unset.begin()
        self._purger.leaps.begin(seen.wall_ns if seen is not None else self.clock.wall_ns())
        self.hold_ballasts()
        if not fresh:
            self._patient_until_ns = self.clock.monotonic_ns() + _PATIENCE_NS
            self.look_for_files = True
        restored = is_marked(self.state)
        settle(self, seen, fresh=fresh and not restored)
        if restored:
            settle_restored(self)
        self._purger.finish_interrupted()

    def close(self, *, stopped: bool = True) -> None:
        """End well: what was taken in is written and signed.

        ``stopped``: by somebody's will, which the next start will believe.
        """
        self.patience_s = _LAST_PATIENCE_S
        self.cycle()
        if self._rest is not None:
            self._rest.close()
        for mounted in self._volumes.values():
            try:
                mounted.close(_LAST_PATIENCE_S, stopped=stopped)
            except StorageError as error:
                _LOG.error("volume_not_closed", error=error.sentence)
        if not self.in_debt:
            self._sign_heads(self._chronicles)
            self._state_alive.tell(stopped=stopped)
            self.disk.sync_filesystem(self._state_fd, str(self.state))
        self._state_alive.close()
        os.close(self._state_fd)
        for chronicle in self._chronicles.values():
            chronicle.close()
        self.index.close()

    # --- what comes in -----------------------------------------------------------------------

    def peer_joined(self, peer: str) -> None:
        self.peers.add(peer)

    def peer_lost(self, peer: str) -> None:
        """A worker is gone; its locks tell, in the next cycle, whether it still writes."""
        self.peers.discard(peer)
        self.look_for_files = True

    def take_facts(self, peer: str, facts: Facts) -> None:
        self._inbox.facts.append(Heard(peer, facts.session, facts.last, facts.facts))

    def take_order(self, peer: str, order: Ordered) -> None:
        self._inbox.orders.append((peer, order))

    @property
    def busy(self) -> bool:
        """Whether something waits that is not only fragments: it should not wait long."""
        return bool(self._inbox.orders) or any(
            not isinstance(fact, FragmentWritten)
            for heard in self._inbox.facts
            for fact in heard.facts
        )

    # --- the cycle ---------------------------------------------------------------------------

    def cycle(self) -> list[tuple[str, FromKeeper]]:
        """Do all that is due; the answers to send, by peer."""
        self.counters.cycles += 1
        self._unset.look()
        answers = self._doubts.settle(self._inbox.facts)
        try:
            self.write({})
            if not self.in_debt:
                self._take_in()
        except StorageError as error:
            self.once((STATE, 0), error.sentence)
        if not self.in_debt:
            answers += self._unanswered
            self._unanswered = []
            self._grow_index()
            self._sign_due_heads()
        self._purger.purge()
        if self._eraser.step():
            # A receipt needs heads; a file that goes as a whole is unlinked.
            self._due_head_ns = 0
            self._purger.finish_interrupted()
        if self._rest is not None:
            self._rest.step(calm=self._is_calm())
        self._cycle_ns = self.clock.monotonic_ns()
        return answers

    def _is_calm(self) -> bool:
        """Whether the disks have time for what is not urgent."""
        slow = any(mounted.syncing or mounted.failing for mounted in self._volumes.values())
        return not (slow or self.in_debt or self._purger.is_behind or self._eraser.is_behind)

    # --- what it tells of itself; for any thread ---------------------------------------------

    def vitals(self) -> KeeperVitals:
        """Signs of life, as of now."""
        volumes = [
            VolumeVitals(
                mounted.volume.id, str(mounted.volume.path), mounted.syncing_since_ns,
                mounted.synced_ns, mounted.failing,
            )
            for mounted in list(self._volumes.values())
        ]  # fmt: skip
        return KeeperVitals(
            self._cycle_ns, tuple(volumes), self.in_debt, self._purger.only_held_left
        )

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors."""
        now_ns = self.clock.monotonic_ns()
        volumes = list(self._volumes.values())
        found = keeper_samples(self.counters, in_debt=self.in_debt)
        return found + [each for volume in volumes for each in volume_samples(volume, now_ns)]

    def _take_in(self) -> None:
        """Facts that are durable and orders become lines. StorageError leaves the lines owed."""
        inbox, self._inbox = self._inbox, _Inbox()
        read_behind(self)
        lines: Lines = defaultdict(list)
        self._unset.place(lines)
        try:
            for heard, fact in settled(self, inbox.facts):
                if self._doubts.believes(heard, fact):
                    self._take(heard.peer, fact, lines)
            self._look_for_the_dead(lines)
            for peer, ordered in inbox.orders:
                self._unanswered.append((peer, self._obey(ordered, lines)))
            for camera, book in self.books.items():
                lines[camera] += book.place()
            gone = self._rest is not None and self._rest.take(lines)
        finally:
            # Whatever came in between: books know of these lines, so they have to be written.
            self._unanswered += acknowledged(inbox.facts)
            self._inbox.facts = inbox.facts + self._inbox.facts
            self.write(lines)
        if gone:
            self._purger.finish_interrupted()

    # --- facts -------------------------------------------------------------------------------

    def _take(self, peer: str, fact: Fact, lines: Lines) -> None:
        self.counters.facts += 1
        book = self.books.get(fact.camera)
        if book is None or not (isinstance(fact, _OF_RUNS) or book.knows_stream(fact.stream)):
            self.once((fact.camera, -1), "a stream that nobody added")
        else:
            self._tell_book(book, peer, fact, lines)

    def _tell_book(self, book: CameraBook, peer: str, fact: Fact, lines: Lines) -> None:
        out = lines[fact.camera]
        match fact:
            case FragmentWritten():
                self.hear_pace(book.fragment(fact, peer), fact)
            case RunStarted():
                self._end_dead_run(book, fact, lines)
                out += book.run_started(fact, peer)
            case RunEnded():
                out += book.run_ended(fact)
                self.ended_runs.add(fact.camera)
                self.look_for_files |= fact.cause in _OF_DISKS
            case FileOpened():
                out += [] if is_gone(self, book, fact) else book.file_opened(fact, peer)
            case FileClosed():
                out += book.file_closed(fact)
            case GapOpened():
                self._hear_of_gap(book, peer, fact, lines)
            case Hole():
                out += book.hole(fact)
            case SoundBroke():
                out += book.sound_broke(fact)
            case StreamIs():
                self._hear_of_stream(book, peer, fact)

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
        self._recover_run(book, started.stream, lines)
        if state.run is not None:
            lines[book.camera] += book.end_run(
                state.run, started.stream, book.media_end(state.run), started.wall_ns,
                GapCause.RECORDER_CRASHED,
            )  # fmt: skip

    def _hear_of_gap(self, book: CameraBook, peer: str, fact: GapOpened, lines: Lines) -> None:
        if book.stream(fact.stream).peer != peer:
            # The worker before it may have died unnoticed; its run would hide the gap.
            self._recover_run(book, fact.stream, lines)
        self.look_for_files |= fact.cause in _OF_DISKS
        lines[book.camera] += book.gap_opened(fact, self.clock.wall_ns())

    def _recover_run(self, book: CameraBook, stream: StreamName, lines: Lines) -> None:
        run = book.stream(stream).run
        for media in [media for media in book.files.values() if media.run == run]:
            try_recover(self, book, media, lines)

    # --- recovery ----------------------------------------------------------------------------

    def _look_for_the_dead(self, lines: Lines) -> None:
        # A keeper that was restarted first lets the workers speak that go on writing.
        if self.clock.monotonic_ns() < self._patient_until_ns:
            return
        recover_orphans(self, lines)
        if self.look_for_files:
            self.look_for_files = False
            # What was told a moment ago has to be known, or it would be found and told again.
            self.write(lines)
            recent_ns = self.clock.wall_ns() - _RECENT_NS
            adopt_unknown(self, lines, min(recent_ns, self._doubts.since_ns or recent_ns))

    # --- orders ------------------------------------------------------------------------------

    def _obey(self, ordered: Ordered, lines: Lines) -> Done:
        try:
            return Done(ordered.number, signature=self._order(ordered.order, lines))
        except WatchglassError as error:
            return Done(ordered.number, error.sentence)

    def _order(self, order: Order, lines: Lines) -> str:
        """The signature that was ordered, else nothing."""
        if isinstance(order, SignExport | SignStatement):
            return signed(self, order)
        if isinstance(order, Configure):
            self.configure(order)
        elif isinstance(order, NotePeople):
            self._people.note(order.notes)
        elif isinstance(order, BeginExport):
            begin_export(self, self._people, order)
            self._due_head_ns = 0
        elif isinstance(order, NoteBackup | NoteNames | NoteStep | RotateKey | RevokeKey):
            of_recorder(self, order, lines)
            self._due_head_ns = 0
        elif isinstance(order, NoteRetention):
            for camera, entry in retention_lines(self, order):
                lines[camera].append(entry)
        else:
            lines[order.camera] += carry_out(self, order)
        return ""

    # --- ledgers -----------------------------------------------------------------------------

    def _grow_index(self) -> None:
        """How far open files reach, for whoever looks at the timeline."""
        now_ns = self.clock.monotonic_ns()
        if now_ns < self._due_growth_ns:
            return
        self._due_growth_ns = now_ns + _GROWTH_NS
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

    def _sign_due_heads(self) -> None:
        now_ns = self.clock.monotonic_ns()
        if now_ns >= self._due_head_ns:
            self._due_head_ns = now_ns + round(self.limits.head_s * NS_PER_S)
            self._sign_heads(self._chronicles)
            self._thin_heads(now_ns)
        elif self.ended_runs:
            self._sign_heads(self.ended_runs)
        self.ended_runs.clear()

    def _thin_heads(self, now_ns: int) -> None:
        """Once an hour: heads of two days ago are kept as one an hour, old names are forgotten."""
        if now_ns < self._due_thinning_ns:
            return
        self._due_thinning_ns = now_ns + _THINNING_NS
        for chronicle in self._chronicles.values():
            try:
                chronicle.thin()
            except StorageError as error:
                _LOG.error("heads_not_thinned", ledger=chronicle.name, error=error.sentence)
        if self._purger.leaps.look():
            return
        try:
            gone = self.forget_people(_MOST_FORGOTTEN)
        except StorageError as error:
            _LOG.error("names_not_forgotten", error=error.sentence)
        else:
            # What is left of it does not wait an hour, and does not hold up the next cycle.
            if gone >= _MOST_FORGOTTEN:
                self._due_thinning_ns = now_ns
            if gone:
                _LOG.info("names_forgotten", count=gone)

    def _sign_heads(self, ledgers: Iterable[str]) -> None:
        if not self.heads_are_durable():
            return
        for name in list(ledgers):
            chronicle = self._chronicles.get(name)
            if chronicle is None:
                continue
            book = self.books.get(CameraId(name))
            root = self.volume_path(book.volume) if book is not None and book.volume else None
            copy_to = root / name / "ledger" if root is not None else None
            try:
                self.pay(partial(chronicle.sign, self._open_files(book), copy_to), copy_to)
            except StorageError as error:
                _LOG.error("head_not_signed", ledger=name, error=error.sentence)
            else:
                self.counters.heads += 1

    def _open_files(self, book: CameraBook | None) -> list[OpenFile]:
        if book is None:
            return []
        return [
            OpenFile(
                media.run, media.stream, media.sequence, media.frontier.count - 1,
                media.frontier.root(),
            )
            for media in book.files.values()
            if not media.behind and self.synced(media.volume) >= media.read_before_sync
        ]  # fmt: skip
