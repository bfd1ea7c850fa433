"""Reads what Hikvision's and Dahua's firmware answers to their own discovery."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Optional

from .seen import Fact, Facts, facts, text
from .xml_reading import XmlError, read_xml

MOST_JSON_BYTES = 64 * 1024


def sadp(data: bytes) -> Facts:
    """A ProbeMatch of SADP; nothing for what is none."""
    try:
        root = read_xml(data)
    except XmlError:
        return []
    if root.name != "ProbeMatch":
        return []
    told = root.texts()
    channels = sum(_number(told.get(name)) for name in ("AnalogChannelNum", "DigitalChannelNum"))
    return [Fact("answer", "sadp")] + facts(
        model=told.get("DeviceDescription"),
        device_type=told.get("DeviceType"),
        serial=told.get("DeviceSN"),
        firmware=told.get("SoftwareVersion"),
        mac=told.get("MAC"),
        activated={"true": "yes", "false": "no"}.get(told.get("Activated", "").lower()),
        channels=str(channels) if channels else None,
        manufacturer=told.get("Manufacturer"),
        oem_code=told.get("OEMCode") or told.get("OEMInfo"),
    )


def _number(told: Optional[str]) -> int:
    return int(told) if told and re.fullmatch("[0-9]{1,4}", told) else 0


def dhip(data: bytes) -> Facts:
    """``client.notifyDevInfo`` behind a DHIP header."""
    if data[4:8] != b"DHIP" or len(data) > MOST_JSON_BYTES:
        return []
    told = read_json(data[32:])
    if told is None or told.get("method") != "client.notifyDevInfo":
        return []
    info = _inside(_inside(told, "params"), "deviceInfo")
    inputs = _count(info, "VideoInputChannels") + _count(info, "RemoteVideoInputChannels")
    return [Fact("answer", "dhip")] + facts(
        model=_word(info, "DeviceType"),
        device_type=_word(info, "DeviceClass"),
        serial=_word(info, "SerialNo"),
        firmware=_word(info, "Version"),
        manufacturer=_word(info, "Vendor"),
        mac=_word(told, "mac") or _word(info, "Mac"),
        channels=str(inputs) if inputs else None,
    )


def read_json(data: bytes) -> Optional[Dict[str, Any]]:
    """An object; None for anything else, however deep it goes."""
    try:
        told = json.loads(data[:MOST_JSON_BYTES].rstrip(b"\0\r\n ").decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _inside(told: Dict[str, Any], name: str) -> Dict[str, Any]:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _word(told: Dict[str, Any], name: str) -> Optional[str]:
    found = told.get(name)
    return found if isinstance(found, str) else None


def _count(told: Dict[str, Any], name: str) -> int:
    found = told.get(name)
    return found if type(found) is int and 0 <= found <= 4096 else 0


_MAC_TEXT = re.compile(rb"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}")


def dahua_old(data: bytes) -> Facts:
    """The older binary answer: a head of 120 bytes, then the MAC as text, then the model."""
    if len(data) < 120 or data[0] != 0xB3 or data[1] != 0:
        return []
    rest = data[120 : 120 + data[2]]
    mac = rest[:17] if _MAC_TEXT.fullmatch(rest[:17]) else b""
    model = rest[17:] if mac else b""
    short = data[40:56].partition(b"\0")[0]
    return [Fact("answer", "dahua-old")] + facts(
        model=text(model.partition(b"\0")[0] or short), mac=text(mac)
    )
