"""Reads a switch's table of MAC addresses, as Cisco, HP, Aruba and MikroTik print it.

No switch's form is known by heart: a line counts when it holds one MAC address, and the port is
the word on it that looks like one, told by the head above it where numbers could be either.
"""

import ipaddress
import re

from watchglass.cameras.imports.row import MOST_ROWS, Imported, ImportFailedError, Row
from watchglass.cameras.survey.seen import Fact

_MAC = re.compile(
    r"(?<![0-9A-Fa-f:.-])(?:[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
    r"|(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{6}-[0-9A-Fa-f]{6})(?![0-9A-Fa-f:.-])"
)
_NAMED_PORT = re.compile(
    r"(?!vlan)[A-Za-z][A-Za-z-]{0,24}\d{1,4}(?:[/.:]\d{1,4}){0,3}|\d{1,3}(?:/\d{1,3}){1,3}"
    r"|(?:sfp|combo|ether|wlan|bridge|bond)[\w.+-]{0,32}", re.IGNORECASE,
)  # fmt: skip
_NUMBER = re.compile(r"[A-L]?\d{1,3}", re.IGNORECASE)
_OWN = frozenset({"cpu", "self", "switch", "router", "local", "stack"})
_PORT_HEADS = ("port", "ports", "interface", "on-interface", "destination")
_MOST_LINE_CHARS = 400


def read_switch_table(text: str) -> Imported:
    """A row for each MAC address and port. ImportFailedError."""
    rows: dict[tuple[str, str], Row] = {}
    passed_over = 0
    head: list[str] = []
    for line in text.splitlines():
        found = _MAC.findall(line[:_MOST_LINE_CHARS])
        if not found:
            head = _head(line) or head
            continue
        row = _row(line[:_MOST_LINE_CHARS], found[0], head) if len(found) == 1 else None
        if row is None:
            passed_over += 1
        elif len(rows) < MOST_ROWS:
            rows.setdefault((row.mac, row.address), row)
    if not rows:
        raise ImportFailedError(
            "No line of this file holds a MAC address: save what the switch prints for 'show mac "
            "address-table', or what is like it there."
        )
    return Imported(tuple(rows.values()), passed_over)


def _head(line: str) -> list[str]:
    words = line.lower().replace("mac address", "mac-address").split()
    return words if any(word in _PORT_HEADS for word in words) else []


def _row(line: str, mac: str, head: list[str]) -> Row | None:
    words = line.replace("|", " ").replace(",", " ").split()
    if any(word.lower() in _OWN for word in words):
        return None
    address = next((word for word in words if _is_address(word)), "")
    told = [Fact("mac", mac)]
    port = _port([word for word in words if word not in (mac, address)], words, head)
    if port:
        told.append(Fact("switch_port", port))
    return Row(tuple(told), address, mac)


def _port(rest: list[str], words: list[str], head: list[str]) -> str:
    named = [word for word in rest if _NAMED_PORT.fullmatch(word)]
    if named:
        return named[0]
    at = next((place for place, word in enumerate(head) if word in _PORT_HEADS), None)
    if at is not None and len(words) == len(head) and _NUMBER.fullmatch(words[at]):
        return words[at]
    numbers = [word for word in rest if _NUMBER.fullmatch(word)]
    # One number alone is the port; of two without a head nobody can tell which is the VLAN.
    return numbers[0] if len(numbers) == 1 else ""


def _is_address(word: str) -> bool:
    try:
        ipaddress.IPv4Address(word)
    except ValueError:
        return False
    return True
