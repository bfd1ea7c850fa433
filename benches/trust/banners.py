"""Banners of real devices, derived from the service fingerprints that nmap ships.

A fingerprint is a regular expression over what a device sent once. For each we write a text that
it matches: what it fixes stands as it is, what it leaves open is filled in. Read at set-up from
the system's own nmap; nothing of it lies in this repository.
"""

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined, unused-ignore]
from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
from typing import Any

from benches._harness import BenchError

PROBES = Path("/usr/share/nmap/nmap-service-probes")
_LINE = re.compile(r"^match (?P<service>\S+) m(?P<rest>.*)$")
_PRODUCT = re.compile(r" p(?P<end>[/|%=@])(?P<product>.*?)(?P=end)")
_DATE = b"Tue, 03 Nov 2026 09:12:44 GMT"
_STATUS = re.compile(rb"\A((?:HTTP|RTSP)/1\.[01] )[0-9]{3} ?(?=\r\n)")
_MOST_REPEATS = 6


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One ``match`` line: service, product, and the expression."""

    service: str
    product: str
    pattern: bytes
    flags: int

    def sample(self, chance: random.Random) -> bytes:
        """A text that it matches; ValueError where none was found."""
        wanted = re.compile(self.pattern, self.flags)
        for _ in range(20):
            made = _Writer(chance).write(parser.parse(self.pattern, self.flags))
            # A status that the pattern leaves open is one that devices send.
            likely = _STATUS.sub(rb"\g<1>200 OK", made)
            for each in (likely, made):
                if wanted.match(each):
                    return each
        raise ValueError(f"no sample of {self.product}")


@cache
def fingerprints() -> tuple[Fingerprint, ...]:
    """All that Python can read of nmap's file."""
    if not PROBES.exists():
        raise BenchError(f"{PROBES} is missing: install nmap ('apt-get install nmap')")
    found = []
    for line in PROBES.read_text(encoding="utf-8", errors="replace").splitlines():
        made = _fingerprint(line)
        if made is not None:
            found.append(made)
    return tuple(found)


def of_product(service: str, product: str) -> list[Fingerprint]:
    """Those of a service whose product begins so."""
    return [
        each
        for each in fingerprints()
        if each.service == service and each.product.startswith(product)
    ]


def _fingerprint(line: str) -> Fingerprint | None:
    match = _LINE.match(line)
    if match is None:
        return None
    rest = match["rest"]
    pattern, closed, after = rest[1:].partition(rest[0])
    product = _PRODUCT.search(after)
    if not closed or product is None:
        return None
    flags = (re.DOTALL if "s" in after[:2] else 0) | (re.IGNORECASE if "i" in after[:2] else 0)
    try:
        data = pattern.encode("latin-1")
        re.compile(data, flags)
    except (re.error, UnicodeEncodeError):
        return None  # what only PCRE knows
    return Fingerprint(match["service"], product["product"], data, flags)


class _Writer:
    """Walks a parsed expression and writes what it matches."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._out = bytearray()
        self._groups: dict[int, bytes] = {}

    def write(self, parsed: Any) -> bytes:
        for operation, argument in parsed:
            self._one(operation, argument)
        return bytes(self._out)

    def _one(self, operation: Any, argument: Any) -> None:
        if operation is sre.LITERAL:
            self._out.append(argument)
        elif operation is sre.NOT_LITERAL:
            self._out += b"a" if argument != ord("a") else b"b"
        elif operation is sre.ANY:
            self._out += b"x"
        elif operation is sre.IN:
            self._out.append(self._from_set(argument))
        elif operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            self._repeat(*argument)
        elif operation is sre.SUBPATTERN:
            self._group(argument)
        elif operation is sre.BRANCH:
            self.write(self._chance.choice(argument[1]))
        elif operation is sre.GROUPREF:
            self._out += self._groups.get(argument, b"")
        # What is left are positions and look-aheads: the whole is tried at the end.

    def _group(self, argument: Any) -> None:
        began = len(self._out)
        self.write(argument[3])
        if argument[0] is not None:
            self._groups[argument[0]] = bytes(self._out[began:])

    def _repeat(self, least: int, most: int, what: Any) -> None:
        anything = len(what) == 1 and what[0][0] is sre.ANY
        if anything and self._out.lower().endswith((b"date: ", b"modified: ", b"expires: ")):
            self._out += _DATE
            return
        if anything and self._out.endswith((b"401 ", b"200 ", b"404 ", b"\x00")):
            least = max(least, 2)
        times = least if anything else self._chance.randint(least, min(most, least + _MOST_REPEATS))
        for _ in range(times):
            self.write(what)

    def _from_set(self, items: Any) -> int:
        negated = items[0][0] is sre.NEGATE
        inside = [sign for sign in range(256) if _matches(items, sign)]
        pleasant = [sign for sign in inside if chr(sign).isascii() and chr(sign).isalnum()]
        choice = pleasant if pleasant and (negated or len(inside) > 3) else inside
        return self._chance.choice(choice)


def _matches(items: Any, sign: int) -> bool:
    negated = items[0][0] is sre.NEGATE
    hit = any(_item_matches(item, sign) for item in items)
    return hit != negated


def _item_matches(item: Any, sign: int) -> bool:
    operation, argument = item
    if operation is sre.LITERAL:
        return bool(sign == argument)
    if operation is sre.RANGE:
        return bool(argument[0] <= sign <= argument[1])
    if operation is sre.CATEGORY:
        pattern = {
            sre.CATEGORY_DIGIT: rb"\d", sre.CATEGORY_NOT_DIGIT: rb"\D",
            sre.CATEGORY_SPACE: rb"\s", sre.CATEGORY_NOT_SPACE: rb"\S",
            sre.CATEGORY_WORD: rb"\w", sre.CATEGORY_NOT_WORD: rb"\W",
        }[argument]  # fmt: skip
        return re.fullmatch(pattern, bytes([sign])) is not None
    return False
