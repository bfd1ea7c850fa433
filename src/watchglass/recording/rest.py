"""The keeper's idle work: closed files are hashed again, and what is not as it was is told.

A thread of its own does it, so that the keeper waits for no byte of it: behind all others at the
disk, a quarter of the time at most, and not while syncs are slow, lines are owed or room runs out.
It is not *nice*: a thread that waits for a processor while it holds the interpreter's lock would
make the keeper wait, too. Only the keeper's thread writes lines, of what it still finds so.
"""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import WriteSite
from watchglass.base.errors import DamagedError, StorageError, WatchglassError
from watchglass.base.ids import CameraId, GapId, RunId, random_id
from watchglass.base.priority import read_last
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording import entry
from watchglass.recording.desk import Desk, Lines
from watchglass.recording.erasure import TOLD, erased_files
from watchglass.recording.ledger import Ledger, Line
from watchglass.recording.mediapath import media_path
from watchglass.recording.rehash import Damage, Seen, Unreadable, Vanished, Whole, look_again
from watchglass.recording.restplan import FORMAT, HOUR_NS, RestFile, RestPlan, Turn
from watchglass.store.index import CLOSED, FileRow

FILE_NAME = "rest.json"
_LOOK_EVERY_NS = HOUR_NS
"""For each stream: its ledger is read once for all files that came due since."""
_BATCH = 64
_SHARE = 3
"""For each moment at work, so many at rest."""
_LONGEST_PAUSE_S = 5.0
_SAVE_EVERY_NS = 60 * NS_PER_S
_LOG = log.get("rest")


class _Ended(Exception):
    """The keeper ends."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Files of one stream that are due, oldest first; all of the turn when ``is_all``."""

    name: str
    turn: Turn
    rows: tuple[tuple[FileRow, Path | None], ...]
    ledger: Path
    is_all: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """What the ledger says of files: length and root, and damage that was found before."""

    closed: dict[tuple[RunId, int], tuple[int, bytes]]
    damage: set[tuple[RunId, int, tuple[int, ...]]]


class _Pauses:
    """Waits between pieces: for calm, and so that the work takes its share of the time alone."""

    def __init__(self, clock: Clock, calm: threading.Event, ending: threading.Event) -> None:
        self._clock = clock
        self._calm = calm
        self._ending = ending
        self._began_ns = clock.monotonic_ns()

    def __call__(self, _bytes: int) -> None:
        worked_s = (self._clock.monotonic_ns() - self._began_ns) / NS_PER_S
        if worked_s > 0:
            self._clock.wait(self._ending, min(worked_s * _SHARE, _LONGEST_PAUSE_S))
        while not self._calm.wait(1.0) and not self._ending.is_set():
            pass
        if self._ending.is_set():
            raise _Ended
        self._began_ns = self._clock.monotonic_ns()


class Rest:
    """Of one keeper. ``step`` and ``take`` are for its thread, ``work`` for the other."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._path = desk.state / FILE_NAME
        self.plan = RestPlan(read_rest(desk.state))
        self.plan.kept.totals.since = self.plan.kept.totals.since or desk.clock.wall_ns()
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._found: queue.SimpleQueue[tuple[FileRow, bytes, Seen]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._at_work = threading.Event()
        self._calm = threading.Event()
        self._ending = threading.Event()
        self._due_ns: dict[str, int] = {}
        self._due_save_ns = 0
        self._is_noted = True
        self._found_count = 0
        self._settled_count = 0
        self._taken_count = 0
        self._thread: threading.Thread | None = None

    # --- the keeper's thread -----------------------------------------------------------------

    def step(self, *, calm: bool) -> None:
        """Let it go on, or not; hand out what is due."""
        if not calm:
            self._calm.clear()
            return
        # Calm also means that all lines are durable.
        self._settled_count = self._taken_count
        self._calm.set()
        if not self._at_work.is_set():
            batch = next(self._due(), None)
            if batch is not None:
                self._at_work.set()
                self._batches.put(batch)
                self._start()

    def take(self, lines: Lines) -> bool:
        """What was found becomes lines; whether files are gone."""
        gone = False
        while not self._found.empty():
            row, root, seen = self._found.get()
            self._taken_count += 1
            if self._is_still(row):
                match seen:
                    case Damage():
                        lines[row.camera] += _damage_lines(row, seen, self._desk.clock.wall_ns())
                    case Vanished() if not self._is_back(row):
                        gone = True
                        lines[row.camera].append(_missing_line(row, root))
        return gone

    def close(self, timeout_s: float = 1.0) -> None:
        self._ending.set()
        self._calm.set()
        self._batches.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)
        if self._found_count == self._settled_count:
            self._save()

    def _due(self) -> Iterator[_Batch]:
        """Batches of the streams, as long as somebody asks."""
        now_ns, wall_ns = self._desk.clock.monotonic_ns(), self._desk.clock.wall_ns()
        for camera in self._desk.books:
            for stream in StreamName:
                name = f"{camera}/{stream.value}"
                hours = self._desk.retention_h(camera, stream)
                if hours is None or now_ns < self._due_ns.get(name, now_ns):
                    continue
                batch = self._batch(name, camera, stream, (wall_ns, hours * HOUR_NS))
                if batch is None or batch.is_all:
                    self._due_ns[name] = now_ns + _LOOK_EVERY_NS
                if batch is not None:
                    yield batch

    def _batch(
        self, name: str, camera: CameraId, stream: StreamName, when: tuple[int, int]
    ) -> _Batch | None:
        """``when``: now, and for how long files are kept."""
        found = self._turn_with_files(name, camera, stream, when)
        if found is None:
            return None
        turn, rows = found
        is_all = len(rows) <= _BATCH
        if not is_all:
            # Those that end at one moment have their turn together.
            rows = [row for row in rows if row.wall_to < rows[-1].wall_to] or rows
        placed = tuple((row, self._path_of(row)) for row in rows if row.length > 0)
        return _Batch(name, turn, placed, self._desk.chronicle(camera).folder, is_all)

    def _turn_with_files(
        self, name: str, camera: CameraId, stream: StreamName, when: tuple[int, int]
    ) -> tuple[Turn, list[FileRow]] | None:
        while True:
            with self._lock:
                turn = self.plan.turn(name, *when)
            if turn is None:
                return None
            with self._desk.index.read() as index:
                rows = index.closed_of_stream_between(
                    camera, stream, turn.after, turn.until, _BATCH + 1
                )
            if rows:
                return turn, rows
            with self._lock:
                self.plan.done(name, turn, turn.until)

    def _path_of(self, row: FileRow) -> Path | None:
        root = self._desk.volume_path(row.volume)
        if root is None:
            return None
        return media_path(root, row.camera, row.stream, row.opened_ns, row.run, row.sequence)

    def _is_still(self, row: FileRow) -> bool:
        """Whether it was not purged meanwhile, and its volume is still there."""
        with self._desk.index.read() as index:
            now = index.file(row.run, row.sequence)
        if now is None or now.state != CLOSED or self._path_of(row) is None:
            return False
        # One of which something was erased meanwhile was looked at in between.
        erasing = self._desk.chronicle(row.camera).erasures.takes(row.run, row.sequence)
        return now.length == row.length and not erasing

    def _is_back(self, row: FileRow) -> bool:
        path = self._path_of(row)
        return path is None or path.exists()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="rest", daemon=True)
            self._thread.start()

    # --- the other thread --------------------------------------------------------------------

    def _run(self) -> None:
        read_last()
        while not self._ending.is_set():
            self.work()

    def work(self) -> None:
        """Do one batch; waits for it."""
        batch = self._batches.get()
        try:
            if batch is not None:
                self._work(batch)
        except _Ended:
            pass
        except WatchglassError as error:
            _LOG.error("not_hashed_again", error=error.sentence)
        finally:
            self._at_work.clear()

    def _work(self, batch: _Batch) -> None:
        told = _told(batch.ledger, {(row.run, row.sequence) for row, _ in batch.rows})
        for row, path in batch.rows:
            key = (row.run, row.sequence)
            if path is not None and key in told.closed:
                length, root = told.closed[key]
                rest = _Pauses(self._desk.clock, self._calm, self._ending)
                seen = look_again(path, length, root, (row.media_from, row.media_to), rest)
                self._note(row, path, seen, told)
            with self._lock:
                self.plan.done(batch.name, batch.turn, row.wall_to)
            self._save_at_times()
        if batch.is_all:
            with self._lock:
                self.plan.done(batch.name, batch.turn, batch.turn.until)
        self._save_at_times()

    def _note(self, row: FileRow, path: Path, seen: Seen, told: _Told) -> None:
        with self._lock:
            totals = self.plan.kept.totals
            self._is_noted = False
            totals.files += 1
            totals.bytes += row.length
            if isinstance(seen, Whole):
                return
            totals.last_trouble, totals.trouble_ns = str(path), self._desk.clock.wall_ns()
            totals.unreadable += isinstance(seen, Unreadable)
            known = (
                isinstance(seen, Damage) and (row.run, row.sequence, seen.fragments) in told.damage
            )
            totals.damaged += isinstance(seen, Damage) and not known
            totals.missing += isinstance(seen, Vanished)
        _LOG.error(
            "file_not_as_it_was", path=str(path), found=type(seen).__name__.lower(), known=known,
            why=seen.why if isinstance(seen, Unreadable) else "",
        )  # fmt: skip
        if not known and not isinstance(seen, Unreadable):
            self._found_count += 1
            self._found.put((row, told.closed[row.run, row.sequence][1], seen))

    def _save_at_times(self) -> None:
        now_ns = self._desk.clock.monotonic_ns()
        # What was found has to be told first: noted as done, it would not be found again.
        if now_ns >= self._due_save_ns and self._found_count == self._settled_count:
            self._due_save_ns = now_ns + _SAVE_EVERY_NS
            self._save()

    def _save(self) -> None:
        if self._is_noted:
            return
        self._is_noted = True
        with self._lock:
            data = msgspec.json.encode(self.plan.kept)
        try:
            self._desk.disk.write_whole(WriteSite.SETTINGS, self._path, data, 0o600)
        except StorageError as error:
            # What is not noted is hashed once more.
            _LOG.error("rest_not_noted", error=error.sentence)


def read_rest(state: Path) -> RestFile:
    """What was noted; anew where that cannot be read: then files are hashed once more."""
    try:
        found = msgspec.json.decode((state / FILE_NAME).read_bytes(), type=RestFile)
    except (OSError, msgspec.MsgspecError):
        return RestFile()
    return found if found.format == FORMAT else RestFile()


def _told(ledger: Path, keys: set[tuple[RunId, int]]) -> _Told:
    """What a ledger says of some files; it may grow meanwhile."""
    told = _Told({}, set())
    for line in Ledger.read_lines(ledger):
        if line.type == TOLD:
            for file in erased_files(line):
                if (file.run, file.sequence) in told.closed:
                    _, root = told.closed[file.run, file.sequence]
                    told.closed[file.run, file.sequence] = file.length, root
            continue
        if line.type not in ("file_closed", "media_damaged"):
            continue
        key = (RunId(line.text("run")), line.number("sequence"))
        if key not in keys:
            continue
        if line.type == "file_closed":
            told.closed[key] = line.integer("length"), bytes.fromhex(line.text("root"))
        else:
            told.damage.add((*key, _fragments(line)))
    return told


def _fragments(line: Line) -> tuple[int, ...]:
    found = line.fields.get("fragments")
    if not isinstance(found, list):
        raise DamagedError(f"Line {line.n} lists no fragments.")
    return tuple(int(each) for each in found)


def _damage_lines(row: FileRow, damage: Damage, wall_ns: int) -> list[entry.LedgerEntry]:
    lines: list[entry.LedgerEntry] = [
        entry.media_damaged(row.run, row.stream, row.sequence, damage.fragments)
    ]
    for media_from, media_to in damage.spans:
        lines += entry.hole(
            GapId(random_id()), row.run, row.stream, GapCause.MEDIA_DAMAGED,
            media_from, media_to, wall_ns,
        )  # fmt: skip
    return lines


def _missing_line(row: FileRow, root: bytes) -> entry.LedgerEntry:
    files = [[row.run, row.sequence, root.hex()]]
    return "files_deleted", {"cause": GapCause.MEDIA_MISSING.value, "files": files}
