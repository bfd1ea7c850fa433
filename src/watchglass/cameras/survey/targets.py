"""Which addresses may be looked at. Checked when a network is named, and again at each connection.

Only networks that the operator named; private ones, unless he says that a public one is his; never
this machine, never the metadata service of a cloud, never a group of hosts.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from typing import FrozenSet, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

MOST_ADDRESSES = 65_536
_PRIVATE = tuple(
    ipaddress.IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")
)
_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")
_NEVER = frozenset(
    ipaddress.IPv4Address(text) for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200")
) | {ipaddress.IPv4Address(0)}


class TargetError(Exception):
    """A network that is not looked at; the text says why, and what to do."""


class Target(NamedTuple):
    """A network that passed. ``loopback``: only where that was allowed by name, for a demo."""

    network: ipaddress.IPv4Network
    place: str = ""

    @property
    def addresses(self) -> int:
        return self.network.num_addresses


def target(cidr: str, place: str = "", *, ours: bool = False, loopback: bool = False) -> Target:
    """Take a network's text apart; TargetError says what is wrong with it."""
    try:
        network = ipaddress.ip_network(cidr.strip(), strict=False)
    except ValueError:
        raise TargetError(
            "%r is no network: write it as 192.168.1.0/24, or one address." % cidr[:64]
        ) from None
    if isinstance(network, ipaddress.IPv6Network):
        raise TargetError(
            "An IPv6 network has too many addresses to look at each: name the IPv4 network; what "
            "answers discovery there is found as well."
        )
    if network.num_addresses > MOST_ADDRESSES:
        raise TargetError(
            "%s has %d addresses, at most %d are looked at in one go: name the parts that are used."
            % (network, network.num_addresses, MOST_ADDRESSES)
        )
    _check_range(network, ours, loopback)
    return Target(network, place)


def _check_range(network: ipaddress.IPv4Network, ours: bool, loopback: bool) -> None:
    if network.subnet_of(_LOOPBACK):
        if loopback:
            return
        raise TargetError("%s is this machine itself, and not looked at." % network)
    if network.is_multicast or network.is_reserved or network.overlaps(_LOOPBACK):
        raise TargetError("%s is no network of devices." % network)
    if not ours and not any(network.subnet_of(private) for private in _PRIVATE):
        raise TargetError(
            "%s is public: looking at networks of others is not allowed. If it is yours, say so "
            "with --mine." % network
        )


class Allowed:
    """Says of each address whether a connection may go there."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._networks = [each.network for each in targets]

    def __contains__(self, address: str) -> bool:
        try:
            ip = ipaddress.IPv4Address(address)
        except ValueError:
            return False
        return ip not in _NEVER and any(ip in network for network in self._networks)


def hosts(targets: Sequence[Target], skip: FrozenSet[str] = frozenset()) -> Iterator[str]:
    """Each address once, in order, without those of this machine and of ``skip``."""
    told = set(skip)
    own = set(own_addresses(targets))
    for each in targets:
        for ip in _of(each):
            address = str(ip)
            if address not in told and address not in own and ip not in _NEVER:
                told.add(address)
                yield address


def _of(each: Target) -> "Iterable[ipaddress.IPv4Address]":
    """Its addresses, but for those that name a network or all of its hosts.

    On our own wire the interface knows which these are: in a part of a larger network the first
    and the last address are devices like others.
    """
    own = on_link(each)
    if own is not None:
        wire = interface_of(own).network
        whole = (wire.network_address, wire.broadcast_address) if wire.prefixlen < 31 else ()
        return (ip for ip in each.network if ip not in whole)
    return each.network.hosts() if each.network.prefixlen < 31 else each.network


def own_addresses(targets: Sequence[Target]) -> List[str]:
    """This machine's addresses towards the targets."""
    found = []
    for each in targets:
        address = way_to(each)
        if address is not None:
            found.append(address)
    return found


def way_to(each: Target) -> "str | None":
    """The address of ours from which that network is reached; nothing is sent. None: no way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(each.network.network_address + (each.addresses > 1)), 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def on_link(each: Target) -> "str | None":
    """Our address on its wire; None where a router stands between: no discovery crosses it."""
    address = way_to(each)
    if address is None:
        return None
    wire = interface_of(address).network
    return address if wire.overlaps(each.network) else None


class Interface(NamedTuple):
    """One of our network interfaces. ``name`` is empty where the system does not tell it."""

    name: str
    network: ipaddress.IPv4Network


_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B


def interface_of(own: str) -> Interface:
    """The interface that has an address of ours, and the network that it says it is on."""
    for address, interface in own_interfaces():
        if address == own:
            return interface
    # Another system: a home's and an office's networks are of this size.
    return Interface("", ipaddress.IPv4Network((own, 24), strict=False))


def own_interfaces() -> List[Tuple[str, Interface]]:
    """Our interfaces with the first address of each; only Linux tells. Nothing is sent."""
    found: List[Tuple[str, Interface]] = []
    if sys.platform == "linux":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            for _, name in socket.if_nameindex():
                own = _told(probe, _SIOCGIFADDR, name)
                if own:
                    mask = _told(probe, _SIOCGIFNETMASK, name)
                    network = ipaddress.IPv4Network((own, mask), strict=False)
                    found.append((own, Interface(name, network)))
    return found


def _told(probe: socket.socket, question: int, name: str) -> str:
    import fcntl

    try:
        told = fcntl.ioctl(probe.fileno(), question, struct.pack("256s", name.encode()[:15]))
    except OSError:
        return ""
    return socket.inet_ntoa(told[20:24])
