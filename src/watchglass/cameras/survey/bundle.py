"""The bundle that a collector's answers travel in: lines of JSON, and a seal over all of them.

The first line says who made it, the last one is the seal: HMAC-SHA-256, in hexadecimal, over every
byte before it, with the secret that only this collector and its home have. It shows which collector
answered and that nothing was changed since; not that the answers are true.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Dict, List, NamedTuple, Tuple

FORMAT = "watchglass-collect-1"
MOST_BYTES = 256 * 1024 * 1024
MOST_HEAD_BYTES = 16 * 1024
_SEAL = b'{"seal":"'
_SEAL_BYTES = len(_SEAL) + 64 + len(b'"}\n')


class BundleError(Exception):
    """No bundle, or not the one that was made; the text says which."""


class Errand(NamedTuple):
    """What a collector is sent for: it stands in its file. ``secret`` is in hexadecimal."""

    collector: str
    scan: str
    secret: str
    made_ns: int
    expires_ns: int
    place: str
    networks: Tuple[str, ...]
    mine: bool = False
    rate_per_s: float = 50.0


def read_errand(data: bytes) -> Errand:
    told = json.loads(data.decode("utf-8"))
    told["networks"] = tuple(told["networks"])
    return Errand(**told)


def write_errand(errand: Errand) -> bytes:
    return json.dumps(errand._asdict(), indent=1).encode("utf-8")


def line(kind: str, told: Dict[str, Any]) -> bytes:
    packed = {"kind": kind}
    packed.update(told)
    return json.dumps(packed, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


class Sealer:
    """Takes the lines as they are written, and makes the last one."""

    def __init__(self, secret: str) -> None:
        self._mac = hmac.new(bytes.fromhex(secret), digestmod=hashlib.sha256)

    def add(self, data: bytes) -> None:
        self._mac.update(data)

    def seal(self) -> bytes:
        return _SEAL + self._mac.hexdigest().encode("ascii") + b'"}\n'


def head_of(data: bytes) -> Dict[str, Any]:
    """The first line, not yet believed. BundleError."""
    first = data[:MOST_HEAD_BYTES].partition(b"\n")[0]
    try:
        told = json.loads(first.decode("ascii"))
    except (ValueError, RecursionError):
        raise BundleError("this is no bundle of a collector") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise BundleError("this is no bundle of a collector, or one of another version")
    return told


def check_seal(data: bytes, secret: str) -> bytes:
    """The lines before the seal, if it is the right one. BundleError."""
    if len(data) > MOST_BYTES:
        raise BundleError("the bundle is larger than any that a collector makes")
    lines, last = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    if not last.startswith(_SEAL) or not lines.endswith(b"\n"):
        raise BundleError("the bundle is cut off: its last line is missing")
    sealer = Sealer(secret)
    sealer.add(lines)
    if not hmac.compare_digest(sealer.seal(), last):
        raise BundleError("the bundle was changed on its way, or another collector made it")
    return lines


def lines_of(data: bytes) -> List[bytes]:
    return data.split(b"\n")[1:-1]
