"""Contacts: what one scan met at one address (or one channel of a recorder), with all it gave."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from watchglass.base.ids import CollectorId, ScanId
from watchglass.model.observation import Observation, Signal, Source

ROUTED_LEAST = 3
"""A MAC at so many addresses of one scan is a router's, which answers for others."""


class ContactKey(NamedTuple):
    """Which contact: where and in which scan. ``mac`` is set only where there is no address."""

    scan: ScanId
    collector: CollectorId
    address: str
    channel: int
    mac: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact. ``observations`` are in one order, whatever order they came in, each once."""

    key: ContactKey
    observations: tuple[Observation, ...]

    @property
    def is_channel(self) -> bool:
        """Whether this is a camera that only its recorder was asked about."""
        return self.key.channel >= 0

    @property
    def macs(self) -> frozenset[str]:
        """MAC addresses of the device itself."""
        values = {each.value for each in self.observations if each.signal is Signal.MAC}
        if not self.is_channel:  # else the field is the recorder's
            values |= {each.mac for each in self.observations}
        return frozenset(value for value in values if len(value) == 17 and value.count(":") == 5)

    def values(self, signal: Signal) -> frozenset[str]:
        return frozenset(each.value for each in self.observations if each.signal is signal)

    @property
    def first_ns(self) -> int:
        return min(each.at_ns for each in self.observations)

    @property
    def last_ns(self) -> int:
        return max(each.at_ns for each in self.observations)


def contact_key(seen: Observation) -> ContactKey:
    channel = -1 if seen.channel is None else seen.channel
    mac = "" if seen.address else seen.mac or (seen.value if seen.signal is Signal.MAC else "")
    return ContactKey(seen.scan, seen.collector, seen.address, channel, mac)


def contacts_of(observations: Iterable[Observation]) -> list[Contact]:
    """All contacts in a fixed order. The same observation twice counts once."""
    grouped: dict[ContactKey, set[Observation]] = defaultdict(set)
    for seen in observations:
        grouped[contact_key(seen)].add(seen)
    routed = _routed(grouped)
    contacts = []
    for key in sorted(grouped):
        kept = [_without(each, routed.get((key.scan, key.collector), ())) for each in grouped[key]]
        seen_here = sorted((each for each in kept if each is not None), key=_order)
        if seen_here:
            contacts.append(Contact(key, tuple(seen_here)))
    return contacts


def _order(seen: Observation) -> tuple[int, str, str, str, int, str]:
    return (seen.at_ns, seen.source, seen.signal, seen.value, seen.port, seen.mac)


def _routed(
    grouped: dict[ContactKey, set[Observation]],
) -> dict[tuple[ScanId, CollectorId], frozenset[str]]:
    """MACs that the neighbour table shows at many addresses at once."""
    at: dict[tuple[ScanId, CollectorId], dict[str, set[str]]] = defaultdict(
        lambda: defaultdict(set)
    )
    for key, seen_here in grouped.items():
        for seen in seen_here:
            if seen.source is Source.NEIGHBOUR and seen.address:
                mac = seen.mac or seen.value
                at[key.scan, key.collector][mac].add(seen.address)
    return {
        scan: frozenset(mac for mac, addresses in macs.items() if len(addresses) >= ROUTED_LEAST)
        for scan, macs in at.items()
    }


def _without(seen: Observation, routed: Iterable[str]) -> Observation | None:
    """An observation with a router's MAC taken off; None when there was nothing else in it."""
    if seen.source is Source.NEIGHBOUR:
        return None if (seen.mac or seen.value) in routed else seen
    # What the device itself calls its MAC stays; the field is what the network showed.
    return msgspec.structs.replace(seen, mac="") if seen.mac in routed else seen
