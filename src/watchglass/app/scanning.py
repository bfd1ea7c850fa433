"""Scans and imports as the site keeps them: what is told is written down as it comes.

So a scan that is stopped, or dies, has told what it found; and what is still to be looked at stands
in a file of its own until the scan has come to its end, so that it can go on.
"""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from watchglass.app.fleet import trust_store
from watchglass.app.ground import Ground
from watchglass.base.disk import WriteSite
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import ScanId, random_id
from watchglass.cameras.address import check_credentials
from watchglass.cameras.scan import RunningScan
from watchglass.cameras.survey.targets import TargetError, target
from watchglass.model.coverage import Network, ScanEntry, ScanKind
from watchglass.model.observation import Source
from watchglass.model.scan import (
    AddressesDone,
    Covered,
    FromScan,
    Login,
    Observed,
    ScanEnded,
    ScanOrder,
)
from watchglass.store.trust import TrustStore

_NOT_DOORS = frozenset({
    Source.IMPORT_NMAP, Source.IMPORT_SWITCH, Source.IMPORT_CSV, Source.OWN_CAMERA,
    Source.COLLECTOR, Source.RECORDER_CHANNEL,
})  # fmt: skip
DOORS = tuple(each for each in Source if each not in _NOT_DOORS)
Told = Callable[[FromScan], None]
STOPPED = "Stopped before its end."
_KEEP_EVERY = 200


class Unfinished(msgspec.Struct, frozen=True):
    """A scan that has not come to its end: its order, without logins, and what is done of it."""

    order: ScanOrder
    started_ns: int
    done: tuple[str, ...] = ()


@dataclass(slots=True)
class Looked:
    """What a scan came to."""

    scan: ScanId
    observations: int = 0
    answered: int = 0
    asked: int = 0
    stopped: bool = False
    error: str = ""
    notes: list[str] = field(default_factory=list)


def new_order(on: Ground, networks: Sequence[Network], logins: tuple[Login, ...] = ()) -> ScanOrder:
    """A scan of networks that may be looked at, through every door; RefusedError for others."""
    allow = on.settings.allow
    try:
        for each in networks:
            target(each.cidr, ours=each.ours, loopback=_names_this_machine(each.cidr, allow))
    except TargetError as error:
        raise RefusedError(str(error)) from None
    return ScanOrder(
        scan=ScanId(random_id()), networks=tuple(networks), doors=DOORS, logins=logins,
        loopback=any(_names_this_machine(each.cidr, allow) for each in networks),
    )  # fmt: skip


def _names_this_machine(cidr: str, allow: frozenset[str]) -> bool:
    """Whether the setting ``allow`` names a loopback address of that network, as for a demo."""
    for host in allow:
        try:
            named = ipaddress.ip_address(host)
            if named.is_loopback and named in ipaddress.ip_network(cidr.strip(), strict=False):
                return True
        except ValueError:
            continue  # a name, or no network: that is said elsewhere
    return False


def login_of(user: str, password: str, addresses: tuple[str, ...] = ()) -> Login:
    """A login that can be sent; RefusedError for one that cannot."""
    checked = check_credentials(user, password)
    return Login(checked.user, checked.password.reveal(), addresses)


def look(on: Ground, running: RunningScan, by: str, told: Told, *, goes_on: bool = True) -> Looked:
    """Run a scan to its end, or until it is stopped, and keep what it tells. ``goes_on``: what is
    left of one that is stopped is kept too."""
    order = running.order
    file = _file(on, order.scan)
    earlier = _read(file)
    started_ns = earlier.started_ns if earlier is not None else on.clock.wall_ns()
    begun = Unfinished(msgspec.structs.replace(order, logins=(), skip=()), started_ns, order.skip)
    left = _Left(on, begun) if goes_on else None
    looked = Looked(order.scan)
    with trust_store(on) as store:
        entry = ScanEntry(scan=order.scan, kind=ScanKind.SCAN, started_ns=started_ns, by=by)
        store.put_scan(entry)
        for message in running:
            _take(store, message, looked)
            if left is not None:
                left.take(message)
            told(message)
        note = "" if not looked.stopped else STOPPED
        store.put_scan(msgspec.structs.replace(
            entry, ended_ns=on.clock.wall_ns(), note=looked.error or note,
        ))  # fmt: skip
    if left is None:
        return looked
    if looked.stopped or looked.error:
        left.keep()
    else:
        on.disk.unlink(WriteSite.SETTINGS, file)
    return looked


def take_in(on: Ground, entry: ScanEntry, messages: Iterable[FromScan]) -> Looked:
    """Keep what a file, a collector or the recorder's own cameras told."""
    looked = Looked(entry.scan)
    with trust_store(on) as store:
        store.put_scan(entry)
        for message in messages:
            _take(store, message, looked)
    return looked


def unfinished(on: Ground) -> list[Unfinished]:
    """Scans that can go on, the latest last."""
    found = [_read(path) for path in sorted(_folder(on).glob("*.json"))]
    return sorted((each for each in found if each is not None), key=lambda each: each.started_ns)


def find_unfinished(on: Ground, text: str) -> Unfinished:
    """The one whose id begins so; NotFoundError."""
    found = [each for each in unfinished(on) if each.order.scan.startswith(text.lower())]
    if len(text) < 4 or len(found) != 1:
        raise NotFoundError(
            f"No unfinished scan has the id {text[:40]!r}: see 'watchglass trust scans'."
        )
    return found[0]


def _take(store: TrustStore, message: FromScan, looked: Looked) -> None:
    match message:
        case Observed(observations):
            looked.observations += store.add_observations(observations)
        case Covered(coverage):
            store.put_coverage(coverage)
            looked.asked += coverage.asked
            looked.answered += coverage.answered
            if coverage.note:
                looked.notes.append(
                    f"{coverage.cidr or coverage.place}: {coverage.note}".lstrip(": ")
                )
        case ScanEnded(stopped, error):
            looked.stopped, looked.error = stopped, error
        case _:
            pass


class _Left:
    """What is still to be looked at, on disk now and then."""

    def __init__(self, on: Ground, begun: Unfinished) -> None:
        self._on = on
        self._begun = begun
        self._done = list(begun.done)
        self._kept = len(self._done)
        self.keep()

    def take(self, message: FromScan) -> None:
        if isinstance(message, AddressesDone):
            self._done += message.addresses
            if len(self._done) - self._kept >= _KEEP_EVERY:
                self.keep()

    def keep(self) -> None:
        self._kept = len(self._done)
        now = msgspec.structs.replace(self._begun, done=tuple(self._done))
        self._on.disk.make_folders(WriteSite.SETTINGS, _folder(self._on), 0o700)
        path = _file(self._on, self._begun.order.scan)
        self._on.disk.write_whole(WriteSite.SETTINGS, path, msgspec.json.encode(now), 0o600)


def _folder(on: Ground) -> Path:
    return on.layout.state / "scans"


def _file(on: Ground, scan: ScanId) -> Path:
    return _folder(on) / f"{scan}.json"


def _read(path: Path) -> Unfinished | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Unfinished)
    except (OSError, msgspec.DecodeError):
        return None  # nothing to go on with: the scan is begun anew
