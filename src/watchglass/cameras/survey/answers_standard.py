"""Reads answers of the standards: WS-Discovery, SSDP and its descriptions, mDNS."""

from __future__ import annotations

import re
import struct
from typing import Dict, List, Tuple
from urllib.parse import unquote, urlsplit

from .seen import Fact, Facts, facts, text
from .xml_reading import XmlError, read_xml

_SCOPE = "onvif://www.onvif.org/"
_MOST_SCOPES = 48
_MOST_RECORDS = 64
_MOST_LABELS = 32


# --- WS-Discovery ---------------------------------------------------------------------------------


def ws_discovery(data: bytes) -> Facts:
    """ProbeMatches of one device: its endpoint's UUID and its scopes."""
    try:
        root = read_xml(data)
    except XmlError:
        return []
    match = next(root.all("ProbeMatch"), None)
    if root.name != "Envelope" or match is None:
        return []
    found = [Fact("answer", "wsd")]
    endpoint = match.first("Address") or ""
    if endpoint:
        found.append(Fact("uuid", re.sub("^urn:uuid:|^uuid:", "", endpoint, flags=re.IGNORECASE)))
    for scope in (match.first("Scopes") or "").split()[:_MOST_SCOPES]:
        found += _scope(scope)
    return found


def _scope(scope: str) -> Facts:
    plain = unquote(scope)
    found = [Fact("onvif_scope", plain)]
    kind, _, value = plain[len(_SCOPE) :].partition("/")
    named = {"manufacturer": "manufacturer", "mfr": "manufacturer", "hardware": "hardware",
             "name": "name", "location": "place", "mac": "mac"}.get(kind.lower())  # fmt: skip
    if plain.startswith(_SCOPE) and named and value.strip():
        found.append(Fact(named, value))
    return found


# --- SSDP -----------------------------------------------------------------------------------------


def ssdp(data: bytes) -> Facts:
    """Headers of an answer to M-SEARCH."""
    first, headers = head_of(data)
    if not first.startswith("HTTP/1"):
        return []
    usn = re.match(r"uuid:([0-9A-Za-z-]{1,64})", headers.get("usn", ""), re.IGNORECASE)
    return [Fact("answer", "ssdp")] + facts(
        server=headers.get("server"), uuid=usn.group(1) if usn else None
    )


def ssdp_location(data: bytes, address: str) -> "Tuple[int, str] | None":
    """Port and path of the description, if it lies at the address that answered."""
    where = head_of(data)[1].get("location", "")[:512]
    try:
        parts = urlsplit(where)
        port = parts.port or 80
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname != address or parts.query or "@" in parts.netloc:
        return None
    return port, parts.path or "/"


def upnp_description(body: bytes) -> Facts:
    try:
        root = read_xml(body)
    except XmlError:
        return []
    device = next(root.all("device"), None)
    if device is None:
        return []
    told = device.texts()
    udn = told.get("UDN", "")
    return facts(
        manufacturer=told.get("manufacturer"),
        model=told.get("modelName"),
        hardware=told.get("modelNumber"),
        name=told.get("friendlyName"),
        serial=told.get("serialNumber"),
        device_type=told.get("deviceType"),
        uuid=re.sub("^uuid:", "", udn, flags=re.IGNORECASE),
    )


def head_of(data: bytes, most: int = 16_384) -> Tuple[str, Dict[str, str]]:
    """First line and headers, names in lower case; the first of each name counts."""
    head = text(data[:most].partition(b"\r\n\r\n")[0], most)
    first, *lines = head.split("\r\n")
    headers: Dict[str, str] = {}
    for line in lines[:128]:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return first, headers


# --- mDNS -----------------------------------------------------------------------------------------


def mdns(data: bytes, rows: Dict[str, str]) -> Facts:
    """Records of one answer. ``rows``: which row of the table a service is."""
    try:
        records = _records(data)
    except (struct.error, IndexError, ValueError):
        return []
    found: Facts = []
    for name, kind, value in records:
        service = _service(name)
        if kind == 12 and service in rows:
            found += [Fact("answer", rows[service]), Fact("mdns_service", service)]
            found += facts(name=value[: -len(service)].rstrip(".") or None)
        elif kind == 33 and value:
            found += facts(host_name=value)
    return found if any(fact.signal == "answer" for fact in found) else []


def _service(name: str) -> str:
    return name.lower().rstrip(".")


def _records(data: bytes) -> "List[Tuple[str, int, str]]":
    """Name, type, and the name that a PTR or SRV points at."""
    flags, questions, *counts = struct.unpack_from(">HHHHH", data, 2)
    if not flags & 0x8000:
        return []  # a question, perhaps our own
    at = 12
    for _ in range(min(questions, _MOST_RECORDS)):
        at = _name(data, at)[1] + 4
    found = []
    for _ in range(min(sum(counts), _MOST_RECORDS)):
        name, at = _name(data, at)
        kind, _, _, size = struct.unpack_from(">HHIH", data, at)
        at += 10
        target = {12: at, 33: at + 6}.get(kind)
        found.append((name, kind, "" if target is None else _name(data, target)[0]))
        at += size
    return found


def _name(data: bytes, at: int) -> Tuple[str, int]:
    """A name and where it ends. Pointers go back only, or they could go round for ever."""
    labels: List[str] = []
    end, least = 0, at
    while len(labels) < _MOST_LABELS:
        size = data[at]
        if size >= 0xC0:
            end = end or at + 2
            to = (size & 0x3F) << 8 | data[at + 1]
            if to >= least:
                raise ValueError("a pointer that goes forward")
            at = least = to
        elif size == 0:
            return ".".join(labels), end or at + 1
        else:
            if at + 1 + size > len(data):
                raise IndexError(at)
            labels.append(text(data[at + 1 : at + 1 + size], 63))
            at += 1 + size
    raise ValueError("too many labels")
