"""Whose an address was: nothing is read of a record before this has said that it is a camera's."""

import ipaddress
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

from watchglass.model.egress import Bound

_SERVED = frozenset({3702, 5353, 8000, 8080, 8443, 8554, 37020, 37777, 37810})


class Watched:
    """Addresses of cameras, each for as long as it is bound."""

    def __init__(self, bounds: Iterable[Bound]) -> None:
        self._at: dict[str, list[Bound]] = defaultdict(list)
        for each in sorted(bounds):
            self._at[each.address].append(each)

    def camera(self, address: str, at_ns: int) -> str:
        """The MAC of the camera that had this address at that moment; empty: no camera."""
        found = self._at.get(address)
        if found is None:
            return ""
        at = bisect_right(found, at_ns, key=lambda each: each.from_ns) - 1
        return found[at].mac if at >= 0 and at_ns <= found[at].to_ns else ""


def clean_address(text: str) -> str:
    """An address in its shortest form, IPv4 where it is one inside IPv6; empty for none."""
    try:
        found = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def is_reply(port_from: int, port: int) -> bool:
    """Whether what went from one port to the other answers what somebody else began."""
    return port >= 1024 and (0 < port_from < 1024 or port_from in _SERVED)
