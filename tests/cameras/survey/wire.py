"""Judges what left on a wire: every frame is a request that the fingerprint table allows, or told.

Written apart from the scan's own list of questions; it knows only the table and the protocols.
"""

import re
import socket
import struct
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

ALLOWED = frozenset({
    "read-only discovery", "standard", "one GET /", "one GET /favicon.ico", "one GET",
    "one request", "OPTIONS", "OPTIONS/DESCRIBE", "handshake only", "connect only",
})  # fmt: skip
WITH_LOGIN = frozenset({"needs login on most", "needs login (401 otherwise)"})

_DATAGRAMS: dict[tuple[str, int], tuple[str, str]] = {
    ("239.255.255.250", 37020): ("sadp", r"<\?xml[^>]*\?><Probe><Uuid>[0-9A-F-]{36}</Uuid>"
                                         r"<Types>inquiry</Types></Probe>"),
    ("239.255.255.251", 37810): ("dhip", r" \x00{3}DHIP.{24}\{ \"method\" : "
                                         r"\"DHDiscover\.search\".{0,80}\}\n"),
    ("255.255.255.255", 5050): ("dahua-old", r"\xa3\x01.{30}"),
    ("239.255.255.250", 3702): ("wsd", r"<\?xml.*/2005/04/discovery/Probe</w:Action>.*"),
    ("239.255.255.250", 1900): ("ssdp", r"M-SEARCH \* HTTP/1\.1\r\n.*"),
    ("224.0.0.251", 5353): ("axis-mdns", r"\x00{4}\x00[\x01-\x08]\x00{6}.*"),
    ("255.255.255.255", 7701): ("hanwha-udp", r"\x01\x00{261}"),
    ("255.255.255.255", 1757): ("bosch-udp", r"\x99\x39\xa4\x27.{4}\xff\x00\x06\xde"),
    ("255.255.255.255", 10670): ("panasonic-udp", r"\x00\x01\x00\x00\x00\x0d.{46}"),
    ("255.255.255.255", 2380): ("sony-udp", r"\x02ENQ:allinfo\xff\x03"),
    ("255.255.255.255", 10000): ("vivotek-udp", r".\x4a\x5d\x8f\x1c"),
    ("233.89.188.1", 10001): ("ubnt-udp", r"\x01\x00{3}"),
}  # fmt: skip

_HEADERS = r"(?:(?!Authorization)[A-Za-z-]+: [^\r\n]*\r\n)*\r\n"
_LOGIN_HEADERS = r"(?:[A-Za-z-]+: (?!Basic )[^\r\n]*\r\n)*\r\n"
_SAID: dict[int, list[tuple[str, str]]] = {
    80: [
        ("http-server", rf"GET / HTTP/1\.1\r\n{_HEADERS}"),
        ("favicon-mmh3", rf"GET /favicon\.ico HTTP/1\.1\r\n{_HEADERS}"),
        ("ssdp", rf"GET /rootDesc\.xml HTTP/1\.1\r\n{_HEADERS}"),
        ("isapi-dev", rf"GET /ISAPI/System/deviceInfo HTTP/1\.1\r\n{_LOGIN_HEADERS}"),
        ("isapi-dev", rf"GET /ISAPI/ContentMgmt/InputProxy/channels HTTP/1\.1\r\n{_LOGIN_HEADERS}"),
        ("isapi-dev", rf"GET /cgi-bin/(?:magicBox\.cgi\?action=get(?:SystemInfo|SoftwareVersion|"
                      rf"Vendor)|configManager\.cgi\?action=getConfig&name=RemoteDevice) "
                      rf"HTTP/1\.1\r\n{_LOGIN_HEADERS}"),
        ("onvif-dev", rf"POST /onvif/device_service HTTP/1\.1\r\n{_LOGIN_HEADERS}<\?xml.*"
                      r"<Get(?:DeviceInformation|SystemDateAndTime) xmlns[^>]*/></s:Body>.*"),
    ],
    443: [("tls-subject", r"(?:[\x14-\x17]\x03.*)?")],
    554: [
        ("rtsp-server", r"(?:OPTIONS rtsp://[0-9.]+:554/ RTSP/1\.0\r\n" + _HEADERS + ")?"
                        r"(?:DESCRIBE rtsp://[0-9.]+:554/ RTSP/1\.0\r\n" + _HEADERS + ")?"),
    ],
    23: [("telnet-192", r"")],
    8000: [("hik-ctl", r"")],
}  # fmt: skip


@dataclass(slots=True)
class Judged:
    """``rows``: which rows of the table what left is; ``breaches``: what no row allows."""

    rows: set[str] = field(default_factory=set)
    breaches: list[str] = field(default_factory=list)
    connections: int = 0


def judge(frames: Iterable[bytes], inside: "frozenset[str]") -> Judged:
    """``inside``: addresses that the operator named."""
    found = Judged()
    flows: dict[tuple[str, int, int], dict[int, bytes]] = defaultdict(dict)
    for frame in frames:
        kind = frame[12:14]
        if kind == b"\x08\x06":
            continue
        if kind != b"\x08\x00":
            found.breaches.append(f"a frame of type {kind.hex()}")
            continue
        _ip(frame[14:], inside, found, flows)
    for (address, port, _), parts in flows.items():
        found.connections += 1
        _said(address, port, b"".join(parts[at] for at in sorted(parts)), found)
    return found


def _ip(
    packet: bytes, inside: "frozenset[str]", found: Judged,
    flows: "dict[tuple[str, int, int], dict[int, bytes]]",
) -> None:  # fmt: skip
    to = socket.inet_ntoa(packet[16:20])
    body = packet[(packet[0] & 15) * 4 : int.from_bytes(packet[2:4], "big")]
    source, port = struct.unpack_from(">HH", body)
    if packet[9] == 2 or (packet[9] == 1 and body[0] == 3):
        return  # IGMP: joining a group. ICMP: the kernel's word on an answer that came too late
    if packet[9] == 17:
        _datagram(to, port, body[8:], found)
    elif packet[9] == 6 and to in inside:
        data = body[(body[12] >> 4) * 4 :]
        parts = flows[to, port, source]
        if data:
            parts[int.from_bytes(body[4:8], "big")] = data
    else:
        found.breaches.append(f"protocol {packet[9]} to {to}:{port}")


def _datagram(to: str, port: int, data: bytes, found: Judged) -> None:
    row, form = _DATAGRAMS.get((to, port), ("", r"(?!)"))
    if re.fullmatch(form.encode("latin-1"), data, re.DOTALL):
        found.rows.add(row)
    else:
        found.breaches.append(f"a datagram to {to}:{port}: {data[:80]!r}")


def _said(address: str, port: int, said: bytes, found: Judged) -> None:
    for row, form in _SAID.get(port, []):
        if re.fullmatch(form.encode("latin-1"), said, re.DOTALL) or (not said and port in _SAID):
            found.rows.add(row if said or port in (23, 443, 8000) else "")
            found.rows.discard("")
            return
    found.breaches.append(f"to {address}:{port}: {said[:120]!r}")
