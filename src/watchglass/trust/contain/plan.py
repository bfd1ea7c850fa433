"""Who is to be kept in, whom they need, and what will stop working."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from watchglass.base.errors import UsageError
from watchglass.model.egress import Needs
from watchglass.trust.report.document import DocDevice

MOST_NAMED = 12


class ContainForm(StrEnum):
    """For what the rules are written."""

    NFTABLES = "nftables"
    MIKROTIK = "mikrotik"
    OPNSENSE = "opnsense"
    PORTS = "ports"


NOT_TRIED = "Not tried on a device: read it, and try it on one camera first."


@dataclass(frozen=True, slots=True)
class ContainPlan:
    """``addresses`` and ``macs`` are the cameras'. ``made``: a moment as text."""

    devices: tuple[DocDevice, ...]
    needs: Needs
    made: str
    program: str

    @property
    def addresses(self) -> tuple[str, ...]:
        """The latest address of each, without repeats."""
        found = {each.addresses[0] for each in self.devices if each.addresses}
        return _ordered(each for each in found if _is_address(each))

    @property
    def macs(self) -> tuple[str, ...]:
        return tuple(sorted({mac for each in self.devices for mac in each.macs}))

    def head(self) -> list[str]:
        """What every form says of itself first."""
        return [
            f"Made by {self.program}, {self.made}, for {len(self.devices)} devices.",
            "They may reach their recorder, your name server and your time server, and nobody "
            "else; nobody but the recorder may reach them.",
            "It holds at the router or firewall between the cameras and all else. Devices on one "
            "switch talk past it: put cameras into a network of their own first.",
            "An address given out anew may be another device's: reserve these in your DHCP server.",
        ]


def make_plan(devices: Sequence[DocDevice], needs: Needs, made: str, program: str) -> ContainPlan:
    """UsageError where nothing can be made of it."""
    if not needs.recorders:
        raise UsageError(
            "Whom the cameras need is not stated: name the recorder first, or they could not be "
            "recorded any more."
        )
    kept = tuple(each for each in devices if _placed(each))
    if not kept:
        raise UsageError("None of these devices has an address or a MAC that a rule could name.")
    inside = [
        each.shown for each in kept if each.addresses and each.addresses[0] in needs.recorders
    ]
    if inside:
        raise UsageError(
            f"{inside[0][:60]} is named as a recorder: a recorder that is kept in cannot record. "
            "Leave it out."
        )
    return ContainPlan(kept, needs, made, program)


def what_breaks(devices: Sequence[DocDevice], needs: Needs) -> list[str]:
    """What will stop working, each with the devices that it concerns."""
    by_sentence: dict[str, list[str]] = {}
    for each in devices:
        for sentence in each.breaks:
            by_sentence.setdefault(sentence, []).append(each.shown)
    one = len(devices) == 1
    told = [
        sentence if one else f"{sentence} ({_named(names)})"
        for sentence, names in by_sentence.items()
    ]
    told.append("Firmware that devices fetch themselves: bring it to them by hand from now on.")
    if not needs.clocks:
        told.append(
            "Their clocks will drift: no time server of yours is stated. The recorder keeps its "
            "own time, but what they write into the picture will be off."
        )
    if not needs.resolvers:
        told.append("Nothing that they call by name will be found: no name server is stated.")
    peers = sorted({
        one.peer for each in devices for one in each.egress
        if one.kind in ("local", "internet") and one.protocol != "dns"
    })  # fmt: skip
    if peers:
        told.append(
            f"They were seen to talk to {_named(peers)}, which ends too: an old recorder, a mail "
            "server, or somebody's viewer may be among them."
        )
    return told


def check_needs(needs: Needs) -> Needs:
    """Addresses and networks in their shortest form; UsageError for what is none."""

    def clean(texts: Sequence[str]) -> tuple[str, ...]:
        found = []
        for each in texts:
            try:
                network = ipaddress.ip_network(each.strip(), strict=False)
            except ValueError:
                raise UsageError(f"{each[:60]!r} is no address: give one, as 10.20.0.5.") from None
            if network.prefixlen == 0:
                raise UsageError("Everybody is nobody to be kept from: name single addresses.")
            single = network.prefixlen == network.max_prefixlen
            found.append(str(network.network_address if single else network))
        return tuple(dict.fromkeys(found))

    return Needs(recorders=clean(needs.recorders), resolvers=clean(needs.resolvers),
                 clocks=clean(needs.clocks))  # fmt: skip


def is_four(address: str) -> bool:
    return ":" not in address


def _named(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    rest = len(shown) - MOST_NAMED
    return ", ".join(shown[:MOST_NAMED]) + (f" and {rest} others" if rest > 0 else "")


def _placed(device: DocDevice) -> bool:
    return bool(device.macs) or (bool(device.addresses) and _is_address(device.addresses[0]))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False  # a recorder's channel
    return True


def _ordered(addresses: Iterable[str]) -> tuple[str, ...]:
    found = [ipaddress.ip_address(each) for each in addresses]
    return tuple(str(each) for each in sorted(found, key=lambda one: (one.version, int(one))))
