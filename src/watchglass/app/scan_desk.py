"""Scans that people start from the page: one at a time, in a thread that keeps what it tells."""

import ipaddress
import threading
from collections.abc import Callable, Sequence

import msgspec

from watchglass.app.fleet import KeptStores
from watchglass.app.ground import Ground
from watchglass.app.own_cameras import take_in_own
from watchglass.app.scanning import (
    STOPPED,
    Unfinished,
    find_unfinished,
    look,
    new_order,
    unfinished,
)
from watchglass.base import log
from watchglass.base.errors import NotFoundError, RefusedError, WatchglassError
from watchglass.cameras.own_networks import own_networks
from watchglass.cameras.scan import RunningScan
from watchglass.model.camera import Camera
from watchglass.model.coverage import Coverage, Network, ScanEntry, ScanKind
from watchglass.model.scan import FromScan, Login, ScanOrder, ScanProgress
from watchglass.model.survey_control import Scans, ScanStanding, ScanState

_MOST_TOLD = 100
_ENDING_S = 25.0
_LOG = log.get("scan")
Cameras = Callable[[], Sequence[Camera]]
"""Those that this recorder records."""


class _Underway:
    """A scan that runs. Its thread alone changes it."""

    def __init__(self, on: Ground, order: ScanOrder, by: str, cameras: Cameras) -> None:
        self.running = RunningScan(order)
        self._cameras = cameras
        self.by = by
        self.started_ns = on.clock.wall_ns()
        self.progress = ScanProgress(0, 0, 0)
        self.error = ""
        self._on = on
        self.thread = threading.Thread(target=self._run, name="scan", daemon=True)

    @property
    def entry(self) -> ScanEntry:
        return ScanEntry(
            scan=self.order.scan, kind=ScanKind.SCAN, started_ns=self.started_ns, by=self.by
        )

    @property
    def order(self) -> ScanOrder:
        return self.running.order

    def _run(self) -> None:
        try:
            looked = look(self._on, self.running, self.by, self._told)
            self.error = looked.error
            # What is recorded here is of the fleet too, and is known by its MAC from now on.
            if cameras := self._cameras():
                take_in_own(self._on, cameras, self.by)
        except WatchglassError as error:
            self.error = error.sentence
        except Exception:  # noqa: BLE001 - the border of a thread: the page says that it failed
            _LOG.exception("scan_failed", scan=self.order.scan)
            self.error = "The scan failed: the recorder's log says where. What it found is kept."
        _LOG.info("scan_ended", scan=self.order.scan, error=self.error)

    def _told(self, message: FromScan) -> None:
        if isinstance(message, ScanProgress):
            self.progress = message


class ScanDesk:
    """Thread-safe."""

    def __init__(self, on: Ground, stores: KeptStores, cameras: Cameras) -> None:
        self._on = on
        self._stores = stores
        self._cameras = cameras
        self._lock = threading.Lock()
        self._underway: _Underway | None = None
        self._closed = False

    def start(self, networks: Sequence[Network], logins: tuple[Login, ...], by: str) -> None:
        """Look at networks; RefusedError for one that may not be, or while a scan runs."""
        self._begin(new_order(self._on, networks, logins), by)

    def resume(self, scan: str, logins: tuple[Login, ...], by: str) -> None:
        """Go on where it was stopped; NotFoundError where there is nothing to go on with."""
        begun = find_unfinished(self._on, scan)
        self._begin(msgspec.structs.replace(begun.order, skip=begun.done, logins=logins), by)

    def stop(self, scan: str) -> None:
        """End it soon; what it found is kept."""
        underway = self._underway
        if underway is None or underway.order.scan != scan or not underway.thread.is_alive():
            raise NotFoundError("That scan does not run any more.")
        underway.running.stop()

    def states(self) -> Scans:
        """All of them as of now, and the networks of this machine."""
        store = self._stores.trust
        entries, coverage = store.scans(), store.coverage()
        underway = self._underway
        if underway is not None and all(each.scan != underway.order.scan for each in entries):
            entries.append(underway.entry)  # its thread has not come to write it down yet
        waiting = {each.order.scan: each for each in unfinished(self._on)}
        newest = sorted(entries, key=lambda each: each.started_ns, reverse=True)[:_MOST_TOLD]
        return Scans(
            tuple(
                self._state(each, [c for c in coverage if c.scan == each.scan],
                            waiting.get(each.scan))
                for each in newest
            ),
            own_networks(),
        )  # fmt: skip

    def close(self) -> None:
        """End what runs, and keep what it found."""
        with self._lock:
            self._closed = True
            underway = self._underway
        if underway is not None:
            underway.running.stop()
            underway.thread.join(_ENDING_S)

    def _begin(self, order: ScanOrder, by: str) -> None:
        with self._lock:
            underway = self._underway
            if self._closed or (underway is not None and underway.thread.is_alive()):
                raise RefusedError("A scan is running: stop it first, or wait for its end.")
            self._underway = _Underway(self._on, order, by, self._cameras)
            self._underway.thread.start()
        networks = [each.cidr for each in order.networks]
        _LOG.info("scan_started", scan=order.scan, networks=networks, by=by)

    def _state(
        self, entry: ScanEntry, coverage: list[Coverage], left: Unfinished | None
    ) -> ScanState:
        underway = self._underway
        asked = sum(each.asked for each in coverage)
        answered = sum(each.answered for each in coverage)
        standing, done, of, note = ScanStanding.ENDED, asked, asked, entry.note
        networks = tuple(Network(cidr=each.cidr, place=each.place) for each in coverage)
        if underway is not None and underway.order.scan == entry.scan:
            note = underway.error or note
        if left is not None:
            standing, networks = ScanStanding.WAITING, left.order.networks
            note = "" if note == STOPPED else note  # that it waits says so
            done, of = len(left.done), max(asked, _addresses(networks))
        if (
            underway is not None
            and underway.order.scan == entry.scan
            and underway.thread.is_alive()
        ):
            earlier = len(underway.order.skip)
            now = underway.progress
            standing, networks = ScanStanding.RUNNING, underway.order.networks
            done, answered, note = now.done + earlier, max(now.answered, answered), ""
            of = now.of + earlier if now.of else _addresses(networks)
        return ScanState(
            scan=entry.scan, kind=entry.kind.value, standing=standing, networks=networks,
            started_ns=entry.started_ns, ended_ns=entry.ended_ns, by=entry.by, done=done, of=of,
            answered=answered, note=note,
        )  # fmt: skip


def _addresses(networks: Sequence[Network]) -> int:
    """So many are to be asked, before the scan itself has counted them."""
    counts = (ipaddress.ip_network(each.cidr, strict=False) for each in networks)
    return sum(max(1, each.num_addresses - 2) for each in counts)
