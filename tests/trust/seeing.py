"""Observations for tests, in few words."""

from watchglass.base.ids import CollectorId, ScanId
from watchglass.model.observation import Observation, Signal, Source, observe

SCAN = ScanId("a" * 32)
AT_NS = 1_790_000_000 * 1_000_000_000

_DOORS = {each.value: each for each in Source}
_SIGNALS = {each.value: each for each in Signal}


def see(
    *what: str,
    address: str = "10.0.0.5",
    scan: str = SCAN,
    mac: str = "",
    collector: str = "",
    channel: int | None = None,
    at_ns: int = AT_NS,
) -> list[Observation]:
    """Each text is ``door signal value``: ``"http server App-webs/"``."""
    made = []
    for text in what:
        door, signal, value = text.split(" ", 2)
        made.append(
            observe(
                _DOORS[door], _SIGNALS[signal], value, at_ns=at_ns, scan=ScanId(scan),
                address=address, mac=mac, collector=CollectorId(collector), channel=channel,
            )
        )  # fmt: skip
    return made


HIK_MAC = "bc:ad:28:00:00:01"
DAHUA_MAC = "38:af:29:00:00:01"
REOLINK_MAC = "ec:71:db:00:00:01"
AXIS_MAC = "00:40:8c:00:00:01"
CHIP_MAC = "84:8a:59:00:00:01"
LT_MAC = "14:2f:fd:00:00:01"
