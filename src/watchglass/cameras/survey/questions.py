"""Every byte that a scan may send. What does not stand here is not sent.

Each question carries the row of the fingerprint table that allows it, and that row's ``safety``.
Rows that say NEVER or DO NOT USE have no question here, and there is no other way to send one.
"""

from __future__ import annotations

import re
import struct
import uuid
from typing import NamedTuple, Tuple

READ_ONLY = "read-only discovery"
STANDARD = "standard"
ONE_GET = "one GET or request"
OPTIONS_DESCRIBE = "OPTIONS/DESCRIBE"
HANDSHAKE = "handshake only"
CONNECT = "connect only"
WITH_LOGIN = "only with given credentials"


class Datagram(NamedTuple):
    """A question to everybody on a wire. ``listen``: the port where answers come; 0: any.

    ``group`` is empty where the question goes to all hosts (255.255.255.255).
    """

    row: str
    safety: str
    source: str
    group: str
    port: int
    data: bytes
    listen: int = 0
    joins: bool = False


class TcpQuestion(NamedTuple):
    """What is said on a connection. ``ports`` are those where it may be said."""

    row: str
    safety: str
    ports: Tuple[int, ...]


_SADP = (
    b'<?xml version="1.0" encoding="utf-8"?><Probe><Uuid>%s</Uuid><Types>inquiry</Types></Probe>'
)
_DHIP = b'{ "method" : "DHDiscover.search", "params" : { "mac" : "", "uni" : 1 } }\n'
_WSD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
    "<w:MessageID>uuid:%s</w:MessageID>"
    '<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>'
    '<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe'
    "</w:Action></e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types>"
    "</d:Probe></e:Body></e:Envelope>"
)
_SSDP = (
    b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
    b'MAN: "ssdp:discover"\r\nMX: 2\r\nST: upnp:rootdevice\r\n\r\n'
)
MDNS_SERVICES = ("_axis-video._tcp.local", "_arec._tcp.local")


def _dhip() -> bytes:
    size = len(_DHIP)
    return struct.pack("<I4sQIIII", 0x20, b"DHIP", 0, size, 0, size, 0) + _DHIP


def _mdns() -> bytes:
    out = struct.pack(">HHHHHH", 0, 0, len(MDNS_SERVICES), 0, 0, 0)
    for service in MDNS_SERVICES:
        for label in service.split("."):
            out += bytes((len(label),)) + label.encode("ascii")
        out += b"\0" + struct.pack(">HH", 12, 1)
    return out


def datagrams() -> Tuple[Datagram, ...]:
    """All questions of discovery. Ids in them are new each time, as the protocols want."""
    group = "239.255.255.250"
    return (
        Datagram("sadp", READ_ONLY, "sadp", group, 37020,
                 _SADP % str(uuid.uuid4()).upper().encode("ascii"), 37020, True),
        Datagram("dhip", READ_ONLY, "dhip", "239.255.255.251", 37810, _dhip()),
        Datagram("dahua-old", READ_ONLY, "maker_discovery", "", 5050,
                 bytes((0xA3, 1, 0, 1)) + bytes(12) + bytes((2,)) + bytes(15), 5050),
        Datagram("wsd", STANDARD, "ws_discovery", group, 3702,
                 (_WSD % uuid.uuid4()).encode("ascii")),
        Datagram("ssdp", STANDARD, "ssdp", group, 1900, _SSDP),
        Datagram("axis-mdns", STANDARD, "mdns", "224.0.0.251", 5353, _mdns(), 5353, True),
        Datagram("hanwha-udp", READ_ONLY, "maker_discovery", "", 7701,
                 b"\x01" + bytes(261), 7711),
        Datagram("bosch-udp", READ_ONLY, "maker_discovery", "", 1757,
                 bytes.fromhex("9939a427 57475343 ff0006de"), 1758),
        Datagram("panasonic-udp", READ_ONLY, "maker_discovery", "", 10670, _i_pro(), 10669),
        Datagram("sony-udp", READ_ONLY, "maker_discovery", "", 2380, b"\x02ENQ:allinfo\xff\x03"),
        Datagram("vivotek-udp", READ_ONLY, "maker_discovery", "", 10000,
                 b"\x01" + bytes.fromhex("4a5d8f1c")),
        Datagram("ubnt-udp", READ_ONLY, "maker_discovery", "233.89.188.1", 10001,
                 b"\x01\0\0\0", 10001, True),
    )  # fmt: skip


def _i_pro() -> bytes:
    """Its question names a MAC and an address: everybody's, and none."""
    head = bytes.fromhex("00010000 000d0000 00000000") + b"\xff" * 6 + bytes(4)
    tail = "00012011 1e11231f 1e191300 00020000 00000000 00000000 0000ffff 0000"
    return head + bytes.fromhex(tail)


# --- on a connection ------------------------------------------------------------------------------

PAGE = TcpQuestion("http-server", ONE_GET, (80,))
ICON = TcpQuestion("favicon-mmh3", ONE_GET, (80,))
DESCRIPTION = TcpQuestion("ssdp", STANDARD, ())
"""On the port that the device's own answer named, and at no other address."""
RTSP = TcpQuestion("rtsp-server", OPTIONS_DESCRIBE, (554,))
TLS = TcpQuestion("tls-subject", HANDSHAKE, (443,))
TELNET = TcpQuestion("telnet-192", CONNECT, (23,))
CONTROL = TcpQuestion("hik-ctl", CONNECT, (8000,))
ISAPI = TcpQuestion("isapi-dev", WITH_LOGIN, (80, 443))
ONVIF = TcpQuestion("onvif-dev", WITH_LOGIN, (80, 443))

LOGIN_PATHS = (
    "/ISAPI/System/deviceInfo",
    "/ISAPI/ContentMgmt/InputProxy/channels",
    "/cgi-bin/magicBox.cgi?action=getSystemInfo",
    "/cgi-bin/magicBox.cgi?action=getSoftwareVersion",
    "/cgi-bin/magicBox.cgi?action=getVendor",
    "/cgi-bin/configManager.cgi?action=getConfig&name=RemoteDevice",
)
"""What is read behind a login, on devices to which the operator gave one."""
ONVIF_PATH = "/onvif/device_service"

_PATH = re.compile(r"/[A-Za-z0-9._~!$'()*+,;:@%/-]{0,255}")


def description_path(path: str) -> bool:
    """Whether a path that an SSDP answer names may be asked for: a plain file, no question."""
    return _PATH.fullmatch(path) is not None and ".." not in path


def http_get(address: str, path: str, authorization: str = "") -> bytes:
    line = "Authorization: %s\r\n" % authorization if authorization else ""
    return (
        "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Watchglass-scan\r\nAccept: */*\r\n%s"
        "Connection: close\r\n\r\n" % (path, address, line)
    ).encode("ascii")


def http_post(address: str, path: str, body: bytes, authorization: str = "") -> bytes:
    line = "Authorization: %s\r\n" % authorization if authorization else ""
    return (
        "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Watchglass-scan\r\n%s"
        "Content-Type: application/soap+xml; charset=utf-8\r\nContent-Length: %d\r\n"
        "Connection: close\r\n\r\n" % (path, address, line, len(body))
    ).encode("ascii") + body


def rtsp(method: str, address: str, number: int) -> bytes:
    """OPTIONS or DESCRIBE; there is no other."""
    if method not in ("OPTIONS", "DESCRIBE"):
        raise ValueError("a scan does not say %s" % method)
    accept = "Accept: application/sdp\r\n" if method == "DESCRIBE" else ""
    return (
        "%s rtsp://%s:554/ RTSP/1.0\r\nCSeq: %d\r\n%sUser-Agent: Watchglass-scan\r\n\r\n"
        % (method, address, number, accept)
    ).encode("ascii")


def onvif_device_information(security: str = "") -> bytes:
    return _soap("<GetDeviceInformation xmlns=\"http://www.onvif.org/ver10/device/wsdl\"/>",
                 security)  # fmt: skip


def onvif_time() -> bytes:
    return _soap('<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>', "")


def _soap(body: str, security: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        "<s:Header>%s</s:Header><s:Body>%s</s:Body></s:Envelope>" % (security, body)
    ).encode("utf-8")
