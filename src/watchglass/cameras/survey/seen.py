"""What was seen: one short text, which door gave it, and what it is.

The names of doors and signals are those of `watchglass.model.observation`; here they are plain
words, because this package runs where that one is not.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional

MOST_VALUE_CHARS = 1024
MOST_SEEN_OF_ADDRESS = 200
"""A device that says more is cut off here."""


class Seen(NamedTuple):
    """An observation in the making. ``channel`` is set for a channel of a recorder alone."""

    at_ns: int
    source: str
    signal: str
    value: str
    address: str = ""
    port: int = 0
    mac: str = ""
    channel: Optional[int] = None


class Fact(NamedTuple):
    """What a reader made of an answer, before it is known who sent it and when."""

    signal: str
    value: str
    source: str = ""
    """Another door than the answer came through, where it is."""
    channel: Optional[int] = None


Facts = List[Fact]


def text(data: bytes, most: int = MOST_VALUE_CHARS) -> str:
    """Bytes of a stranger as text: UTF-8, else Latin-1, which takes everything."""
    cut = data[: 4 * most]
    try:
        return cut.decode("utf-8")[:most]
    except UnicodeDecodeError:
        return cut.decode("latin-1")[:most]


def banner(data: bytes) -> str:
    """A greeting as text, or in hexadecimal where it is none."""
    try:
        shown = data.decode("utf-8")
    except UnicodeDecodeError:
        return "hex:" + data.hex()
    printable = all(sign.isprintable() or sign in "\r\n\t" for sign in shown)
    return shown if printable else "hex:" + data.hex()


def facts(**told: Optional[str]) -> Facts:
    """Those of the named signals that say something."""
    return [Fact(signal, value) for signal, value in told.items() if value and value.strip()]


def as_line(seen: Seen) -> bytes:
    """One JSON object on a line; what is empty is left out."""
    kept: Dict[str, Any] = {
        name: value for name, value in seen._asdict().items() if value not in ("", 0, None)
    }
    return json.dumps(kept, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
