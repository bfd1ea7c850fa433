"""Finding cameras and telling who made them: 700 simulated devices on a network of the bench's own.

The scan is the product's, run as the product runs it; the devices answer as real ones do. What is
found is held against the truth of the fleet: precision over every device of which an origin is
said, recall over every device that sent an answer which tells its maker.
"""

import argparse
import ipaddress
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benches._harness import BenchError, report
from benches.trust.fleet import DEVICES, NETWORK, PASSWORD, SCANNER, SEED, USER, Fleet, fleet
from benches.trust.score import Score, score
from watchglass.base.ids import ScanId
from watchglass.cameras.scan import COMMAND, RunningScan
from watchglass.model.coverage import Coverage, Network
from watchglass.model.observation import Observation, Source
from watchglass.model.scan import Covered, Login, Observed, ScanEnded, ScanOrder, ScanProgress
from watchglass.simulate.lan.capture import frames
from watchglass.simulate.lan.network import Network as Lan
from watchglass.simulate.lan.network import NoNetworkError

_QUICK_DEVICES = 120
_TARGETS = {
    "origin_precision": (">=", 0.99),
    "origin_recall": (">=", 0.95),
    "false_listed": ("<=", 0.0),
    "silent_unknown": (">=", 1.0),
    "minutes": ("<=", 10.0),
    "rss_mb": ("<=", 256.0),
}
_SCAN = ScanId("5ca0" * 8)


@dataclass(slots=True)
class Looked:
    """What a scan told, and what it cost."""

    observations: list[Observation] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    seconds: float = 0.0
    rss_mb: float = 0.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench trust")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--devices", type=int, default=None)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rate", type=float, default=None, help="packets and connections a second")
    parser.add_argument("--misses", action="store_true", help="print what was told wrong or missed")
    asked = parser.parse_args()
    made = fleet(asked.devices or (_QUICK_DEVICES if asked.quick else DEVICES), asked.seed)
    rate = asked.rate or (200.0 if asked.quick else 100.0)
    with tempfile.TemporaryDirectory(prefix="wg-trust-") as folder:
        capture = Path(folder) / "sent.pcap"
        try:
            with Lan(made.devices, network=str(NETWORK), looker=SCANNER, capture=capture) as lan:
                looked = _look(made, lan, rate)
        except NoNetworkError as error:
            raise BenchError(str(error)) from error
        packets = Counter(_kind(frame) for frame in frames(capture))
    found = score(made, looked.observations)
    if asked.misses:
        for line in found.lines:
            print(line, file=sys.stderr)
    return report("trust", asked.quick, _figures(made, looked, packets, found), _TARGETS)


def _look(made: Fleet, lan: Lan, rate: float) -> Looked:
    """The product's scan, in the namespace of whoever looks."""
    order = ScanOrder(
        scan=_SCAN, networks=tuple(Network(cidr=cidr) for cidr in _networks(made)),
        doors=tuple(Source), logins=(Login(USER, PASSWORD),), rate_per_s=rate, parallel=64,
        timeout_s=1.5,
    )  # fmt: skip
    looked = Looked()
    began_s = time.monotonic()
    running = RunningScan(order, command=(*lan.enter, *COMMAND))
    watch = _Rss(running)
    for message in running:
        match message:
            case Observed(observations):
                looked.observations += observations
            case Covered(coverage):
                looked.coverage.append(coverage)
            case ScanEnded(stopped, error) if stopped or error:
                raise BenchError(f"the scan broke off: {error}")
            case _:
                pass
        if isinstance(message, ScanProgress) and sys.stderr.isatty():
            print(
                f"\r{message.done} of {message.of} addresses", end="", file=sys.stderr, flush=True
            )
    looked.seconds = time.monotonic() - began_s
    looked.rss_mb = watch.stop()
    if running.left_out:
        raise BenchError(f"the program that looks died of {', '.join(running.left_out)}")
    return looked


def _networks(made: Fleet) -> list[str]:
    """The /24s in which the fleet lies: half of their addresses have nobody."""
    held = {ipaddress.ip_network(f"{each.address}/24", strict=False) for each in made.devices}
    return [str(each) for each in sorted(held)]


class _Rss:
    """The most memory that the program that looks had at a time."""

    def __init__(self, running: RunningScan) -> None:
        self._running = running
        self._most_kb = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            pid = self._running.pid
            if pid is not None:
                self._most_kb = max(self._most_kb, _peak_kb(pid))

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return round(self._most_kb / 1024, 1)


def _peak_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    lines = dict(line.partition(":")[::2] for line in status.splitlines())
    return int(lines.get("VmHWM", "0 kB").split()[0])


def _kind(frame: bytes) -> str:
    if frame[12:14] == b"\x08\x06":
        return "arp"
    return {6: "tcp", 17: "udp"}.get(frame[23], "other") if frame[12:14] == b"\x08\0" else "other"


def _figures(
    made: Fleet, looked: Looked, packets: "Counter[str]", found: Score
) -> dict[str, float | int | None]:
    return {
        "devices": len(made.devices),
        "origin_precision": found.origin_precision,
        "origin_recall": found.origin_recall,
        "false_listed": found.false_listed,
        "telling_devices": made.tells(),
        "signals_seen": found.signals_seen,
        "devices_found": found.found,
        "silent_unknown": found.silent_unknown_share,
        "prefix_hinted": found.prefix_hinted,
        "channels": found.channels,
        "channels_found": found.channels_found,
        "addresses": sum(each.asked for each in looked.coverage),
        "observations": len(looked.observations),
        "minutes": round(looked.seconds / 60, 2),
        "rss_mb": looked.rss_mb,
        "packets_tcp": packets["tcp"],
        "packets_udp": packets["udp"],
        "packets_arp": packets["arp"],
        "load_1min": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    sys.exit(main())
