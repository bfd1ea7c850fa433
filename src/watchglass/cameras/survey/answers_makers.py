"""Reads what other makers' devices answer to their makers' own discovery."""

from __future__ import annotations

import re
import struct
from typing import Dict, Iterator, Tuple

from .seen import Fact, Facts, facts, text
from .xml_reading import XmlError, read_xml


def _mac(data: bytes) -> str:
    return ":".join("%02x" % byte for byte in data) if len(data) == 6 else ""


def _until_zero(data: bytes) -> str:
    return text(data.partition(b"\0")[0])


def hanwha(data: bytes) -> Facts:
    """262 bytes of fixed places."""
    if len(data) < 173 or data[0] != 0x0B:
        return []
    mac = _until_zero(data[19:37])
    if not re.fullmatch("[0-9A-Fa-f:-]{12,17}", mac):
        return []
    return [Fact("answer", "hanwha-udp")] + facts(mac=mac, model=_until_zero(data[109:119]))


def bosch(data: bytes) -> Facts:
    """32 bytes, or XML from newer ones."""
    if len(data) == 32 and data[:4] == bytes.fromhex("9939a427"):
        return [Fact("answer", "bosch-udp")] + facts(mac=_mac(data[8:14]))
    try:
        root = read_xml(data)
    except XmlError:
        return []
    told = root.texts()
    if "unitIPAddress" not in told:
        return []
    return [Fact("answer", "bosch-udp")] + facts(
        model=told.get("friendlyName"), serial=told.get("serialNumber"), mac=told.get("physAddress")
    )


def i_pro(data: bytes) -> Facts:
    """A head of 53 bytes, then key, length and value, 16 bits each."""
    if len(data) <= 53 or data[:2] != b"\0\x01":
        return []
    told = dict(_long_values(data, 53))
    name = told.get(0xA7) or told.get(0xA8)
    if not name:
        return []
    return [Fact("answer", "panasonic-udp")] + facts(model=_until_zero(name), mac=_mac(data[6:12]))


def _long_values(data: bytes, at: int) -> Iterator[Tuple[int, bytes]]:
    while at + 4 <= len(data):
        key, size = struct.unpack_from(">HH", data, at)
        at += 4
        if at + size > len(data):
            return
        yield key, data[at : at + size]
        at += size


def sony(data: bytes) -> Facts:
    """Lines NAME:value between marks."""
    if data[:1] != b"\x02" or data[-1:] != b"\x03":
        return []
    told: Dict[str, str] = {}
    for line in data[1:-1].split(b"\xff")[:64]:
        name, colon, value = text(line, 256).partition(":")
        if colon:
            told.setdefault(name.strip().upper(), value.strip())
    if "MODEL" not in told:
        return []
    return [Fact("answer", "sony-udp")] + facts(
        model=told["MODEL"], serial=told.get("SERIAL"), mac=told.get("MAC"),
        firmware=told.get("SOFTVER"),
    )  # fmt: skip


def vivotek(data: bytes) -> Facts:
    """A magic word, then type, length and value, 8 bits each; type 4 is a single byte."""
    if len(data) <= 5 or data[1:5] != bytes.fromhex("4a5d8f1c"):
        return []
    told: Dict[int, bytes] = {}
    at = 5
    while at + 2 <= len(data):
        kind, size = data[at], data[at + 1]
        at += 2
        if kind == 4:
            continue
        if kind == 0 or at + size > len(data):
            break
        told.setdefault(kind, data[at : at + size])
        at += size
    name = told.get(9) or told.get(1)
    if not name:
        return []
    return [Fact("answer", "vivotek-udp")] + facts(model=text(name), mac=_mac(told.get(2, b"")))


def ubiquiti(data: bytes) -> Facts:
    """Version, command, length; then type, and 16 bits of length."""
    if len(data) <= 4 or data[0] not in (1, 2) or len(data) - 4 != int.from_bytes(data[2:4], "big"):
        return []
    told: Dict[int, bytes] = {}
    at = 4
    while at + 3 <= len(data):
        kind, size = struct.unpack_from(">BH", data, at)
        at += 3
        if at + size > len(data):
            break
        told.setdefault(kind, data[at : at + size])
        at += size
    model = told.get(0x0C) or told.get(0x15) or told.get(0x14)
    mac = _mac(told.get(0x01, b"")) or _mac(told.get(0x02, b"")[:6])
    if not model and not mac:
        return []
    return [Fact("answer", "ubnt-udp")] + facts(
        model=text(model or b""), mac=mac, firmware=text(told.get(0x03, b"")),
        name=text(told.get(0x0B, b"")),
    )  # fmt: skip
