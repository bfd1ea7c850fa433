"""A look at everything that was recorded: is it there, is it whole, does it say the same?

Nothing is changed, and a recorder may go on meanwhile: heads are read before ledgers, ledgers
before media, and what is locked is being written. ``repair`` makes the index anew and takes in
files that no ledger knows; it needs the recorder stopped. Footage itself is never changed by it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from watchglass.base.clock import Clock, SystemClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import OutdatedError, VolumeMissingError, WatchglassError
from watchglass.base.ids import CameraId, is_id
from watchglass.model.finding import Finding, FindingKind, Severity
from watchglass.recording.alive import Alive
from watchglass.recording.check_index import compare, rebuild, unaccounted
from watchglass.recording.check_ledger import ReadLedger, check_copy, read_ledger
from watchglass.recording.check_media import MediaLook, check_media
from watchglass.recording.desk import SITE, KeeperLimits, Lines
from watchglass.recording.keeper import Keeper
from watchglass.recording.restart import adopt_unknown
from watchglass.recording.volume import Volume
from watchglass.store.index import IndexStore

_INDEX_FILES = ("index.db", "index.db-wal", "index.db-shm")
_NEXT_START = "Nothing is to be done: the next start makes it anew from the ledgers."
_REBUILD = "Run `watchglass check --repair` while the recorder is stopped: it is made anew."
_NOTHING_GOES = KeeperLimits(floor_bytes=0)
"""To repair deletes nothing, however old it is or full the disk."""

Progress = Callable[[str, int, int], None]
"""What is looked at, how many of these are done, how many there are."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was looked at, and what was found."""

    findings: tuple[Finding, ...]
    ledgers: int
    lines: int
    heads: int
    files: int
    being_written: int
    media_bytes: int

    @property
    def severity(self) -> Severity:
        """The worst of all findings."""
        found = {finding.severity for finding in self.findings}
        worst = (Severity.DAMAGE, Severity.NOTICE)
        return next((severity for severity in worst if severity in found), Severity.OK)

    @property
    def counts(self) -> dict[FindingKind, int]:
        """Findings of each kind."""
        return dict(Counter(finding.kind for finding in self.findings))

    @property
    def exit_code(self) -> int:
        return 1 if self.severity is Severity.DAMAGE else 0


@dataclass(frozen=True, slots=True)
class Repaired:
    """What ``repair`` did: lines folded into the new index, files closed, files taken in."""

    folded_lines: int
    recovered_files: int
    adopted_files: int


def check(
    state: Path, volumes: list[Volume], *, deep: bool, progress: Progress | None = None
) -> CheckReport:
    """Look at a recorder's state folder and volumes. ``deep`` reads and hashes every byte.

    StorageError when a disk cannot be read at all.
    """
    tell = progress or (lambda what, done, of: None)
    findings: list[Finding] = []
    mounted = {volume.id: volume for volume in volumes if _is_there(volume, findings)}
    folders = sorted(path for path in (state / "ledger").glob("*") if path.is_dir())
    total = MediaLook()
    lines = heads = 0
    whole: list[ReadLedger] = []
    last_ns = _last_seen(state)
    for done, folder in enumerate(folders):
        tell("ledgers", done, len(folders))
        ledger = read_ledger(folder, folder.name)
        findings += ledger.findings
        lines, heads = lines + ledger.lines, heads + ledger.heads
        last_ns = max(last_ns, ledger.last_ns)
        if ledger.name != SITE and ledger.whole:
            for volume in mounted.values():
                findings += check_copy(ledger, volume.path / ledger.name / "ledger")
            _add(total, check_media(ledger, mounted, deep=deep))
            whole.append(_without_files(ledger))
    findings += total.findings
    names = {folder.name for folder in folders}
    for volume in mounted.values():
        findings += _strangers(volume, names)
    findings += _index(state, whole, last_ns, tell)
    return CheckReport(
        tuple(findings), len(folders), lines, heads, total.files, total.being_written,
        total.media_bytes,
    )  # fmt: skip


def _last_seen(state: Path) -> int:
    """When the recorder was alive last: later is not told by anything on disk."""
    alive = Alive(state, Disk(), SystemClock())
    seen = alive.read()
    return seen.wall_ns if seen is not None else 0


def _add(total: MediaLook, look: MediaLook) -> None:
    total.files += look.files
    total.being_written += look.being_written
    total.media_bytes += look.media_bytes
    total.findings += look.findings


def _without_files(ledger: ReadLedger) -> ReadLedger:
    """Of months of recordings only what is still needed is kept."""
    ledger.files.clear()
    ledger.signed.clear()
    return ledger


def _is_there(volume: Volume, findings: list[Finding]) -> bool:
    try:
        volume.check()
    except VolumeMissingError as error:
        findings.append(
            Finding(
                FindingKind.VOLUME_MISSING, Severity.DAMAGE, str(volume.path), error.sentence,
                "Mount the disk and check again: what is on it was not looked at.",
            )
        )  # fmt: skip
        return False
    return True


def _strangers(volume: Volume, names: set[str]) -> Iterator[Finding]:
    """Folders of cameras that no ledger is of."""
    for path in sorted(volume.path.iterdir()):
        if is_id(path.name) and path.name not in names:
            yield Finding(
                FindingKind.FILE_UNKNOWN, Severity.NOTICE, str(path),
                "Recordings of a camera that this recorder has no ledger of.",
                "If the state folder was lost, bring the ledger back from the copy in there.",
            )  # fmt: skip


# --- index ----------------------------------------------------------------------------------------


def _index(
    state: Path, ledgers: list[ReadLedger], now_ns: int, tell: Progress
) -> Iterator[Finding]:
    store = None
    path = state / "index.db"
    if path.exists():
        try:
            store = IndexStore(path, check=True)
        except OutdatedError as error:
            yield Finding(
                FindingKind.INDEX_UNUSABLE, Severity.NOTICE, str(path), error.sentence, _NEXT_START
            )
        except WatchglassError as error:
            yield Finding(
                FindingKind.INDEX_UNUSABLE, Severity.DAMAGE, str(path), error.sentence, _REBUILD
            )
    elif ledgers:
        yield Finding(
            FindingKind.INDEX_MISSING, Severity.DAMAGE, str(path), "The index is gone.", _REBUILD
        )
    with TemporaryDirectory(prefix="watchglass-check-") as folder:
        anew = IndexStore(Path(folder) / "index.db", to_fill=True)
        try:
            yield from _compared(store, anew, ledgers, now_ns, tell)
        finally:
            anew.close()
            if store is not None:
                store.close()


def _compared(
    store: IndexStore | None,
    anew: IndexStore,
    ledgers: list[ReadLedger],
    now_ns: int,
    tell: Progress,
) -> Iterator[Finding]:
    for done, ledger in enumerate(ledgers):
        tell("index", done, len(ledgers))
        camera = CameraId(ledger.name)
        if store is None:
            wrong = rebuild(anew, camera, ledger.folder, ledger.lines)
            if wrong is not None:
                yield wrong
            continue
        # The recorder may write meanwhile: one moment of the index, and as many lines.
        with store.read() as index:
            applied = index.applied(camera)
            wrong = rebuild(anew, camera, ledger.folder, applied)
            if wrong is not None:
                yield wrong
                continue
            with anew.read() as due:
                has = due.applied(camera)
                if applied == 0 or applied > has:
                    yield Finding(
                        FindingKind.INDEX_DIFFERS, Severity.DAMAGE, str(ledger.folder),
                        f"The index knows {applied} lines, the ledger has {ledger.lines}.",
                        _REBUILD,
                    )  # fmt: skip
                yield from compare(index, due, camera)
            # One that a crash left behind is brought up by the next start.
            if applied >= ledger.lines:
                yield from unaccounted(index, camera, now_ns)


# --- repair ---------------------------------------------------------------------------------------


def repair(
    state: Path,
    volumes: list[Volume],
    disk: Disk,
    clock: Clock,
    limits: KeeperLimits | None = None,
) -> Repaired:
    """Make the index anew, close what was left open, and take in files that no ledger knows.

    The caller holds the lock of the state folder: nobody records. DamagedError when a ledger
    cannot be gone on with.
    """
    for name in _INDEX_FILES:
        disk.unlink(WriteSite.SETTINGS, state / name)
    keeper = Keeper(state, disk, clock, limits or _NOTHING_GOES)
    try:
        keeper.start(volumes, fresh=True)
        # A start looks at the last day only.
        lines: Lines = {camera: [] for camera in keeper.books}
        adopt_unknown(keeper, lines, None)
        keeper.write(lines)
    except BaseException:
        with suppress(WatchglassError):  # the first error is the one to tell
            keeper.close(stopped=False)
        raise
    with keeper.index.read() as index:
        folded = sum(index.ledgers().values())
    counters = keeper.counters
    keeper.close()
    return Repaired(folded, counters.recovered_files, counters.adopted_files)
