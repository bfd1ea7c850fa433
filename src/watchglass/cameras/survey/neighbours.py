"""Which MAC answers for which address: this machine's neighbour table, and DHCP servers' leases."""

from __future__ import annotations

import csv
import ipaddress
import re
from io import FileIO
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

_ARP = "/proc/net/arp"
FRESH_NS = 200_000_000
LEASE_FILES = (
    "/var/lib/misc/dnsmasq.leases",
    "/var/lib/dhcp/dhcpd.leases",
    "/var/lib/kea/kea-leases4.csv",
)
MOST_LEASE_BYTES = 16 * 1024 * 1024
_MOST_LEASES = 65_536


class Neighbours:
    """The neighbour table, read again when what is known of it is old. Nothing is sent.

    Its file is opened once: whoever looks may have given up opening files by the time it is read.
    """

    def __init__(self, monotonic_ns: Callable[[], int], path: str = _ARP) -> None:
        self._monotonic_ns = monotonic_ns
        self._known: Dict[str, str] = {}
        self._read_ns: int | None = None
        try:
            self._file: Optional[FileIO] = FileIO(path)
        except OSError:
            self._file = None  # another system than Linux: MACs come from answers alone

    def mac(self, address: str) -> str:
        """Empty where it is not known."""
        return self._known.get(address, "") or self._again().get(address, "")

    def table(self) -> Dict[str, str]:
        """All that is known now: the MAC at each address."""
        return dict(self._again())

    def _again(self) -> Dict[str, str]:
        now_ns = self._monotonic_ns()
        old = self._read_ns is None or now_ns - self._read_ns >= FRESH_NS
        if self._file is not None and old:
            self._read_ns = now_ns
            self._file.seek(0)
            # To its end: one read gives a page of it at most.
            table = self._file.readall()
            # Kept: the kernel forgets neighbours when there are many.
            self._known.update(parse_arp(table.decode("ascii", "replace")))
        return self._known

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def read_lease_files(paths: Iterable[str]) -> Tuple[str, ...]:
    """The text of those that are there."""
    found = []
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found.append(file.read(MOST_LEASE_BYTES))
        except OSError:
            continue
    return tuple(found)


def parse_arp(table: str) -> Dict[str, str]:
    """Complete entries of ``/proc/net/arp``."""
    found = {}
    for line in table.splitlines()[1:]:
        cells = line.split()
        if len(cells) >= 4 and int(cells[2], 16) & 2 and cells[3] != "00:00:00:00:00:00":
            found[cells[0]] = cells[3].lower()
    return found


_ISC_LEASE = re.compile(r"^\s*lease\s+([0-9.]+)\s*\{(.*?)^\s*\}", re.MULTILINE | re.DOTALL)


class Lease(NamedTuple):
    address: str
    mac: str
    host_name: str = ""


def parse_leases(text: str) -> List[Lease]:
    """Leases of dnsmasq, ISC dhcpd or Kea, told by their form; the last word on an address counts.

    ValueError when it is none of these.
    """
    head = text.lstrip()[:4096]
    if head.lower().startswith("address,hwaddr"):
        found = _kea(text)
    elif re.search(r"^\s*lease\s+[0-9.]+\s*\{", text, re.MULTILINE):
        found = _isc(text)
    elif not head or re.match(r"[0-9]+ ([0-9A-Fa-f:-]{11,}|duid) ", head):
        found = _dnsmasq(text)
    else:
        raise ValueError("no leases of dnsmasq, ISC dhcpd or Kea")
    last: Dict[str, Lease] = {}
    for lease in found:
        if _is_ipv4(lease.address) and len(last) < _MOST_LEASES:
            last[lease.address] = lease
    return list(last.values())


def _dnsmasq(text: str) -> Iterator[Lease]:
    for line in text.splitlines():
        cells = line.split()
        if len(cells) >= 4:
            # A hardware type other than Ethernet stands before the MAC: 06-aa:bb:...
            mac = cells[1].rpartition("-")[2] if "-" in cells[1][:3] else cells[1]
            yield Lease(cells[2], mac, "" if cells[3] == "*" else cells[3])


def _isc(text: str) -> Iterator[Lease]:
    for match in re.finditer(
        r"^\s*lease\s+([0-9.]+)\s*\{(.*?)^\s*\}", text, re.MULTILINE | re.DOTALL
    ):
        inside = match.group(2)
        mac = re.search(r"hardware\s+ethernet\s+([0-9A-Fa-f:]+)\s*;", inside)
        name = re.search(r'client-hostname\s+"((?:[^"\\]|\\.){0,255})"\s*;', inside)
        if mac:
            yield Lease(match.group(1), mac.group(1), name.group(1) if name else "")


def _kea(text: str) -> Iterator[Lease]:
    for row in csv.DictReader(text.splitlines()):
        # State 0 is a lease; others are declined or taken back.
        if row.get("address") and row.get("state", "0") == "0":
            yield Lease(row["address"], row.get("hwaddr") or "", row.get("hostname") or "")


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
