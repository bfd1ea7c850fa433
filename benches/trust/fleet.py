"""The fleet of the bench: 700 devices under forty labels, half of them silent, drawn by a seed.

Every address is one device. What each is, and what of it can be known, goes to `Truth`; what it
answers goes to `Device`. Shares below were set before there was any judgement to measure.
"""

import ipaddress
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benches.trust import fleet_hostile, fleet_listed, fleet_others
from benches.trust.certificates import Certificates
from benches.trust.devices import Builder
from benches.trust.truth import Group, Truth
from watchglass.simulate.lan.device import Device

DEVICES = 700
SEED = 20_181_113
NETWORK = ipaddress.IPv4Network("10.77.0.0/20")
SCANNER = "10.77.15.250"
USER, PASSWORD = "admin", "Schule-2021!"
"""What the operator knows: it opens about a third of the devices that have a login."""

Draw = Callable[[random.Random, str, Certificates], Builder]

# How many of 700, and what draws one.
_SHARES: tuple[tuple[int, Draw], ...] = (
    (40, fleet_listed.hikvision),
    (60, fleet_listed.hikvision_relabel),
    (30, fleet_listed.dahua),
    (45, fleet_listed.dahua_relabel),
    (20, fleet_listed.other_listed),
    (5, fleet_listed.tp_link),
    (12, fleet_others.tvt),
    (50, fleet_others.tabled),
    (8, fleet_others.xiongmai),
    (45, fleet_others.untabled),
    (8, fleet_others.clone),
    (6, fleet_others.chip),
    (6, fleet_others.partial_brand),
    (6, fleet_others.liar),
    *((1, partial(fleet_hostile.hostile, kind)) for kind in fleet_hostile.KINDS),
    (120, fleet_others.prefix_only),
    (190, fleet_others.silent),
    (40, fleet_others.unseen),
)


@dataclass(frozen=True, slots=True)
class Fleet:
    devices: tuple[Device, ...]
    truths: tuple[Truth, ...]

    def tells(self) -> int:
        """Devices that sent an answer which tells their maker: what recall counts."""
        return sum(bool(truth.tells) and truth.seen for truth in self.truths)


def fleet(devices: int = DEVICES, seed: int = SEED) -> Fleet:
    """The fleet, the same for the same seed, nmap and registry. Smaller ones keep the shares."""
    chance = random.Random(seed)
    certificates = Certificates(seed)
    addresses = _addresses(chance, devices)
    made = [
        draw(chance, next(addresses), certificates).build()
        for draw, count in _counts(devices)
        for _ in range(count)
    ]
    return Fleet(tuple(device for device, _ in made), tuple(truth for _, truth in made))


def _counts(devices: int) -> list[tuple[Draw, int]]:
    whole = sum(count for count, _ in _SHARES)
    scaled = [(draw, max(1, count * devices // whole)) for count, draw in _SHARES]
    left = devices - sum(count for _, count in scaled)
    draw, count = scaled[-2]
    scaled[-2] = (draw, count + left)
    return scaled


def _addresses(chance: random.Random, devices: int) -> Iterator[str]:
    """Scattered over a network that holds twice as many: most addresses have nobody."""
    hosts = [host for host in list(NETWORK.hosts())[: 2 * devices] if str(host) != SCANNER]
    return iter([str(host) for host in chance.sample(hosts, devices)])


__all__ = ["DEVICES", "NETWORK", "PASSWORD", "SCANNER", "SEED", "USER", "Fleet", "Group", "fleet"]
