"""The demo's second half: devices in a network of their own, looked at as a scan would.

They are simulated in namespaces, so nothing of this machine's network is touched. Where no such
network may be made the demo goes without.
"""

import os
import threading

import msgspec

from watchglass.app.fleet import judge_fleet, trust_store
from watchglass.app.ground import Ground
from watchglass.app.scanning import look, new_order
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.cameras.scan import COMMAND, RunningScan
from watchglass.model.coverage import Network as Looked
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
_LOG = log.get("demo")


class DemoFleet:
    """Looks around in a thread, while cameras are recorded already. ``devices`` once it is done."""

    def __init__(self, on: Ground) -> None:
        self._on = on
        self._thread = threading.Thread(target=self._run, name="demo fleet", daemon=True)
        self._running: RunningScan | None = None
        self._closing = False
        self.devices = 0

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End it, if it is not done yet."""
        self._closing = True
        if self._running is not None:
            self._running.stop()
        self._thread.join(_END_S)

    def _run(self) -> None:
        try:
            self._look_around()
        except (WatchglassError, NoNetworkError, OSError) as error:
            _LOG.warning("no_devices", error=str(error))

    def _look_around(self) -> None:
        with trust_store(self._on) as store:
            store.set_profile(_PROFILE)
        order = msgspec.structs.replace(
            new_order(self._on, [Looked(cidr=school.NETWORK, place="North building")]),
            rate_per_s=_RATE_PER_S, timeout_s=_TIMEOUT_S,
        )  # fmt: skip
        own_user = os.geteuid() != 0
        with Network(
            school.devices(), network=school.NETWORK, looker=school.LOOKER, own_user=own_user
        ) as network:
            self._running = RunningScan(order, (*network.enter, *COMMAND))
            if not self._closing:
                look(self._on, self._running, "demo", lambda _: None)
        self.devices = len(judge_fleet(self._on).judgements)
