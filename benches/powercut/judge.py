"""Lays out what a power cut left, starts the product on it, and looks for broken promises.

The start is the product's own, in this process, five seconds after the cut and after a new boot.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benches.powercut.crash import Case, Crashes, Fates
from benches.powercut.held import Held, broken_promises
from benches.powercut.promises import Promises
from benches.powercut.told import mistold
from benches.powercut.witness import Witness
from tests.second_reader.report import Report, read_site
from watchglass.app.event_desk import open_events
from watchglass.app.ground import Ground, open_store
from watchglass.app.keeper_port import OwnKeeper
from watchglass.app.layout import Layout, StateLock
from watchglass.app.site import Site
from watchglass.app.volumes import present
from watchglass.app.wiring import keeper_limits, prepare
from watchglass.app.workers_port import NoWorkers
from watchglass.base.clock import NS_PER_S, Clock, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import WatchglassError
from watchglass.config.settings import MIB, Settings
from watchglass.model.finding import FindingKind, Severity
from watchglass.recording.check import check
from watchglass.recording.keeper import Keeper
from watchglass.recording.volume import Volume, volume_at

_OFF_NS = 5 * NS_PER_S
_AFTER_A_START = frozenset({FindingKind.FILE_TORN, FindingKind.FILE_LEFT})
"""No damage, but what a start puts right: after one it must not be there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is broken after a cut, a sentence each, and what it cost: the age at the cut of the
    oldest fragment that was handed to the kernel and cannot be played.

    ``keeper_away``: it had been killed a moment before, which is two mishaps at once.
    """

    broken: tuple[str, ...]
    lost_s: float = 0.0
    keeper_away: bool = False


class Judge:
    """Judges cases of one trace; each in a folder of its own under ``workplace``."""

    def __init__(self, crashes: Crashes, promises: Promises, workplace: Path) -> None:
        self._crashes = crashes
        self._promises = promises
        self._workplace = workplace

    def judge(self, case: Case, fates: Fates | None = None) -> Verdict:
        """What is broken; ``fates`` other than the case's own are for making it smaller."""
        fates = self._crashes.fates(case) if fates is None else fates
        files, folders = self._crashes.image(case, fates)
        wall_ns = self._crashes.wall_ns(case.cut)
        clock = SimulatedClock(wall_ns + _OFF_NS, boot="after the power cut")
        if case.again:
            try:
                files, folders = self._cut_again(case, files, folders, clock)
            except WatchglassError as error:
                return Verdict((_no_start(error),))
            clock.reboot("after another cut", _OFF_NS)
        held = Held(self._promises, self._crashes.whole(case), case.cut, wall_ns, files)
        with self._laid_out(files, folders) as root:
            broken = _judged(root, clock, held)
        return Verdict(broken, held.lost_s, self._crashes.keeper_is_away(case.cut))

    def _cut_again(
        self, case: Case, files: dict[str, bytes], folders: set[str], clock: SimulatedClock
    ) -> tuple[dict[str, bytes], set[str]]:
        """What is left when the power goes during the start."""
        with self._laid_out(files, folders) as root:
            witness = Witness(root, files, folders)
            _start_and_end(root, clock, witness)
        crashes = Crashes(witness.trace)
        second = replace(case, cut=1 + witness.places * case.again // 1000)
        return crashes.image(second, crashes.fates(second))

    @contextmanager
    def _laid_out(self, files: dict[str, bytes], folders: set[str]) -> Iterator[Path]:
        root = Path(tempfile.mkdtemp(prefix="cut-", dir=self._workplace))
        try:
            _lay_out(root, files, folders)
            yield root
        finally:
            shutil.rmtree(root)


def _lay_out(root: Path, files: dict[str, bytes], folders: set[str]) -> None:
    for folder in sorted(folders):
        (root / folder).mkdir(parents=True)
    for path, data in files.items():
        (root / path).write_bytes(data)


def _judged(root: Path, clock: SimulatedClock, held: Held) -> tuple[str, ...]:
    try:
        _start_and_end(root, clock)
    except Exception as error:  # noqa: BLE001 - whatever keeps the product from starting is found
        return (_no_start(error),)
    # A moment later: a gap that begins with the start has to be seen.
    report = read_site(root / "state", [root / "media"], now=clock.wall_ns() + NS_PER_S)
    broken = [*_findings(root), *_second_reader(root, report), *broken_promises(root, held)]
    broken += _databases(root / "state")
    broken += mistold(report, held)
    before = _snapshot(root)
    clock.advance(_OFF_NS)
    try:
        _start_and_end(root, clock)
    except Exception as error:  # noqa: BLE001 - as above
        broken.append(f"the second start fails: {type(error).__name__}: {error}")
    else:
        broken += _changed(before, _snapshot(root))
    return tuple(broken)


def _no_start(error: Exception) -> str:
    return f"the start fails: {type(error).__name__}: {error}"


def _start_and_end(root: Path, clock: Clock, disk: Disk | None = None) -> None:
    with _site(root, clock, disk or Disk()) as keeper:
        keeper.cycle()


@contextmanager
def _site(root: Path, clock: Clock, disk: Disk) -> Iterator[Keeper]:
    """As ``wiring.own_site``, but the volume moved here with everything else."""
    settings = Settings(data=root, media=root / "media", floor_bytes=64 * MIB, ballast_bytes=MIB)
    on = Ground(settings, Layout(settings.state), disk, clock)
    with ExitStack() as stack:
        lock = StateLock(on.layout, on.disk)
        stack.callback(lock.release)
        store = open_store(on)
        stack.callback(store.close)
        stack.callback(open_events(on.layout.events_db, on.disk, clock).close)
        volumes = [(volume, str(settings.media)) for volume, _ in prepare(on, store)]
        keeper = Keeper(on.layout.state, on.disk, clock, keeper_limits(settings))
        keeper.start(present(volumes), fresh=True)
        stack.callback(keeper.close, stopped=True)
        Site(store, OwnKeeper(keeper), NoWorkers(), clock).take_up()
        yield keeper


def _findings(root: Path) -> Iterator[str]:
    """What the product's own check has to say."""
    volume = volume_at(root / "media")
    if volume is None:
        yield "the volume has no volume.json"
        return
    try:
        report = check(root / "state", [Volume(volume, root / "media")], deep=True)
    except WatchglassError as error:
        yield f"the check fails: {error.sentence}"
        return
    for finding in report.findings:
        if finding.severity is Severity.DAMAGE or finding.kind in _AFTER_A_START:
            yield f"check: {finding.kind} {_short(root, finding.where)}: {finding.sentence}"


def _databases(state: Path) -> Iterator[str]:
    """No power cut may damage one: a start would set it aside, and what was found with it."""
    for path in sorted(state.glob("*.damaged-*")):
        yield f"{path.name.partition('.damaged-')[0]} was damaged, and begun anew"
    for path in sorted(state.glob("*.db")):
        with closing(sqlite3.connect(path)) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check")]
        if found != ["ok"]:
            yield f"{path.name} is damaged: {found[:3]}"


def _second_reader(root: Path, report: Report) -> Iterator[str]:
    for finding in report.findings:
        if finding.fails:
            yield f"second reader: {finding.kind} {_short(root, finding.where)}: {finding.text}"


def _short(root: Path, where: str) -> str:
    return where.replace(f"{root}/", "")


def _snapshot(root: Path) -> dict[str, bytes]:
    """Media, and ledgers without heads: what a start that finds all well must leave as it is."""
    paths = [*(root / "media").rglob("*.mp4"), *(root / "state" / "ledger").glob("*/*.jsonl")]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def _changed(before: dict[str, bytes], after: dict[str, bytes]) -> Iterator[str]:
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            more = after.get(path, b"")[len(before.get(path, b"")) :]
            yield f"a second start changes {path}: {more[:300]!r}"
