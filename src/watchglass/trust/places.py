"""Places: what the operator called the networks in which devices were met."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Sequence

from watchglass.model.coverage import Coverage
from watchglass.trust.contact import Contact

_Net = ipaddress.IPv4Network | ipaddress.IPv6Network


class Places:
    """The named networks of all scans."""

    def __init__(self, coverage: Iterable[Coverage]) -> None:
        self._named: dict[tuple[str, str], list[tuple[_Net, str]]] = defaultdict(list)
        for each in coverage:
            network = _network(each.cidr)
            if network is not None and each.place:
                self._named[each.scan, each.collector].append((network, each.place))

    def of(self, contacts: Sequence[Contact]) -> tuple[str, ...]:
        """Where a device was met, the latest first; of networks in each other the smaller."""
        found: dict[str, None] = {}
        for contact in sorted(contacts, key=lambda each: (-each.last_ns, each.key)):
            named = self._named.get((contact.key.scan, contact.key.collector))
            address = _address(contact.key.address) if named else None
            if named is None or address is None:
                continue
            inside = [(-net.prefixlen, place) for net, place in named if address in net]
            if inside:
                found[min(inside)[1]] = None
        return tuple(found)


def _network(cidr: str) -> _Net | None:
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None  # an import, or this recorder's own cameras: no network


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
