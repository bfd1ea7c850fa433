"""The demo's second half: devices in a network of their own, looked at as a scan would.

They are simulated in namespaces, so nothing of this machine's network is touched. Where no such
network may be made the demo goes without.
"""

import os
import threading
from pathlib import Path

import msgspec

from watchglass.app.fleet import PROGRAM, judge_fleet, trust_store
from watchglass.app.ground import Ground
from watchglass.app.own_cameras import take_in_own
from watchglass.app.reporting import make_report, write_report
from watchglass.app.scan_desk import Cameras
from watchglass.app.scanning import look, new_order
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import ScanId, random_id
from watchglass.cameras.scan import COMMAND, RunningScan
from watchglass.model.coverage import Network as Looked
from watchglass.model.coverage import ScanEntry, ScanKind
from watchglass.model.profile import Organisation, Purpose, SiteProfile
from watchglass.simulate.lan import school
from watchglass.simulate.lan.network import Network, NoNetworkError

_PROFILE = SiteProfile(
    name="Demo school", country="US", region="OH", organisation=Organisation.PUBLIC_SCHOOL,
    federal_grants=True, federal_contracts=False, purposes=(Purpose.PUBLIC_SAFETY,),
)  # fmt: skip
_RATE_PER_S = 400.0
_TIMEOUT_S = 1.0
_END_S = 15.0
_AFTER_S = 5.0
_BY = "demo"
_LOG = log.get("demo")


class DemoFleet:
    """Looks around in a thread, while cameras are recorded already. ``devices`` once it is done."""

    def __init__(self, on: Ground) -> None:
        self._on = on
        self._cameras: Cameras = tuple
        self._thread = threading.Thread(target=self._run, name="demo fleet", daemon=True)
        self._running: RunningScan | None = None
        self._closing = threading.Event()
        self.over = threading.Event()
        """Set once it has looked around, or cannot."""
        self.devices = 0

    def start(self, cameras: Cameras) -> None:
        """``cameras``: those that the demo records are of its fleet too."""
        self._cameras = cameras
        self._thread.start()

    def close(self) -> None:
        """End it, if it is not done yet."""
        self._closing.set()
        if self._running is not None:
            self._running.stop()
        self._thread.join(_END_S)

    def _run(self) -> None:
        try:
            # The cameras come first: their pictures are what is waited for.
            if not self._closing.wait(_AFTER_S):
                self._look_around()
        except (WatchglassError, NoNetworkError, OSError) as error:
            _LOG.warning("no_devices", error=str(error))
            self._say_that_it_cannot()
        finally:
            self.over.set()

    def _say_that_it_cannot(self) -> None:
        """On the page, where somebody waits for devices."""
        now_ns = self._on.clock.wall_ns()
        with trust_store(self._on) as store:
            store.put_scan(ScanEntry(
                scan=ScanId(random_id()), kind=ScanKind.SCAN, started_ns=now_ns, ended_ns=now_ns,
                by=_BY, note="The demo's simulated school was not looked at: this machine lets "
                "nobody but root make a network of its own. Start the demo as root to see it, or "
                "look at a network of yours.",
            ))  # fmt: skip

    def _look_around(self) -> None:
        with trust_store(self._on) as store:
            store.set_profile(_PROFILE)
        take_in_own(self._on, self._cameras(), _BY)
        order = msgspec.structs.replace(
            new_order(self._on, [Looked(cidr=school.NETWORK, place="North building")]),
            rate_per_s=_RATE_PER_S, timeout_s=_TIMEOUT_S,
        )  # fmt: skip
        own_user = os.geteuid() != 0
        with Network(
            school.devices(), network=school.NETWORK, looker=school.LOOKER, own_user=own_user
        ) as network:
            self._running = RunningScan(order, (*network.enter, *COMMAND))
            if not self._closing.is_set():
                look(self._on, self._running, _BY, lambda _: None, goes_on=False)
        self.devices = len(judge_fleet(self._on).judgements)

    def report(self) -> Path | None:
        """Write the signed report on them; where its page lies. None where there is nothing."""
        if not self.devices:
            return None
        fleet = judge_fleet(self._on)
        made = make_report(self._on, fleet, fleet.document(PROGRAM))
        return write_report(self._on, made, self._on.settings.data / "report")
