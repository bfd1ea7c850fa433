"""How devices answer discovery, byte by byte. Forms as public readers of these protocols have them.

Written apart from the product's own readers, so that a mistake in one is not repeated in the other.
"""

import json
import socket
import struct
from xml.sax.saxutils import escape

# --- the two big ones -----------------------------------------------------------------------------


def sadp(
    *, kind: str, description: str, serial: str, firmware: str, mac: str, address: str,
    activated: bool = True, channels: int = 0,
) -> bytes:  # fmt: skip
    """What Hikvision's firmware answers to an inquiry, relabelled or not."""
    dashed = mac.replace(":", "-")
    fields = {
        "Uuid": "13A888A9-F1B1-4020-AE9F-05607682D23B", "Types": "inquiry", "DeviceType": kind,
        "DeviceDescription": description, "DeviceSN": serial, "CommandPort": "8000",
        "HttpPort": "80", "MAC": dashed, "IPv4Address": address, "IPv4SubnetMask": "255.255.0.0",
        "IPv4Gateway": "0.0.0.0", "IPv6Address": "::", "IPv6Gateway": "::", "IPv6MaskLen": "64",
        "DHCP": "false", "AnalogChannelNum": "0", "DigitalChannelNum": str(channels),
        "SoftwareVersion": firmware, "DSPVersion": "V7.3 build 190103", "BootTime":
        "2026-10-30 04:11:09", "Encrypt": "true", "ResetAbility": "false", "DiskNumber": "0",
        "Activated": "true" if activated else "false", "PasswordResetAbility": "true",
    }  # fmt: skip
    inner = "\r\n".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\r\n<ProbeMatch>{inner}\r\n</ProbeMatch>'.encode()
    )


def dhip(
    *, kind: str, device_class: str, serial: str, version: str, vendor: str, mac: str,
    address: str, channels: int = 1,
) -> bytes:  # fmt: skip
    """What Dahua's firmware answers to ``DHDiscover.search``."""
    told = {
        "mac": mac,
        "method": "client.notifyDevInfo",
        "params": {
            "deviceInfo": {
                "AlarmInputChannels": 0, "AlarmOutputChannels": 0, "DeviceClass": device_class,
                "DeviceType": kind, "HttpPort": 80, "IPv4Address": {
                    "DefaultGateway": "0.0.0.0", "DhcpEnable": False, "IPAddress": address,
                    "SubnetMask": "255.255.0.0"}, "MachineName": serial, "Manufacturer": "General",
                "Port": 37777, "RemoteVideoInputChannels": 0, "SerialNo": serial,
                "Vendor": vendor, "Version": version, "VideoInputChannels": channels,
                "VideoOutputChannels": 0, "Init": 1162, "Find": "BC",
            }
        },
    }  # fmt: skip
    body = json.dumps(told).encode() + b"\n\x00"
    head = struct.pack("<I4sQIIII", 0x20, b"DHIP", 0, len(body), 0, len(body), 0)
    return head + body


def dahua_old(*, kind: str, mac: str, address: str) -> bytes:
    """The older binary answer: 120 bytes, then the MAC as text, then the model's name."""
    text = mac.encode() + kind.encode()
    head = bytearray(120)
    head[0:4] = bytes((0xB3, 0x00, len(text), 0x00))
    struct.pack_into("<I", head, 4, 0x58)
    struct.pack_into("<I", head, 16, 2)
    head[40:56] = kind.encode()[:15].ljust(16, b"\0")
    head[56:60] = socket.inet_aton(address)
    return bytes(head) + text


# --- standards ------------------------------------------------------------------------------------


def ws_discovery(*, uuid: str, scopes: tuple[str, ...], address: str) -> bytes:
    """An ONVIF device's ProbeMatches. The scopes are as they are on the wire: percent-encoded."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope'
        ' xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><SOAP-ENV:Header>'
        "<wsa:MessageID>uuid:0a6dc791-2be6-4991-9af1-454778a1917a</wsa:MessageID>"
        "<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action>"
        "</SOAP-ENV:Header><SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference>"
        f"<wsa:Address>urn:uuid:{uuid}</wsa:Address></wsa:EndpointReference>"
        "<d:Types>dn:NetworkVideoTransmitter</d:Types>"
        f"<d:Scopes>{escape(' '.join(scopes))}</d:Scopes>"
        f"<d:XAddrs>http://{address}/onvif/device_service</d:XAddrs>"
        "<d:MetadataVersion>10</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches>"
        "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()


def ssdp(*, server: str, location: str, uuid: str) -> bytes:
    return (
        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\n"
        f"LOCATION: {location}\r\nSERVER: {server}\r\nST: upnp:rootdevice\r\n"
        f"USN: uuid:{uuid}::upnp:rootdevice\r\n\r\n"
    ).encode()


def upnp_description(*, manufacturer: str, model: str, name: str, serial: str, uuid: str) -> bytes:
    return (
        '<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion>'
        "<major>1</major><minor>0</minor></specVersion><device>"
        "<deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType>"
        f"<friendlyName>{escape(name)}</friendlyName>"
        f"<manufacturer>{escape(manufacturer)}</manufacturer>"
        f"<modelName>{escape(model)}</modelName><serialNumber>{escape(serial)}</serialNumber>"
        f"<UDN>uuid:{uuid}</UDN></device></root>"
    ).encode()


def mdns(*, service: str, name: str, host: str, address: str) -> bytes:
    """PTR, SRV, TXT and A of one service, names compressed as responders do."""
    out = bytearray(struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 3))
    out += _labels(service)
    out += struct.pack(">HHI", 12, 1, 4500)
    instance = bytes((len(name),)) + name.encode() + b"\xc0\x0c"
    out += struct.pack(">H", len(instance))
    at_instance = 0xC000 | len(out)
    out += instance
    target = _labels(host)
    out += struct.pack(">HHHIHHHH", at_instance, 33, 0x8001, 120, 6 + len(target), 0, 0, 80)
    at_host = 0xC000 | len(out)
    out += target
    out += struct.pack(">HHHIHB", at_instance, 16, 0x8001, 4500, 1, 0)
    out += struct.pack(">HHHIH", at_host, 1, 0x8001, 120, 4) + socket.inet_aton(address)
    return bytes(out)


def _labels(name: str) -> bytes:
    parts = [part.encode() for part in name.strip(".").split(".")]
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


# --- other makers' own ----------------------------------------------------------------------------


def hanwha(*, kind: str, mac: str, address: str) -> bytes:
    data = bytearray(262)
    data[0] = 0x0B
    for at, size, text in (
        (19, 18, mac.upper()), (37, 16, address), (53, 16, "255.255.0.0"),
        (109, 10, kind), (133, 39, f"http://{address}/index.htm"),
    ):  # fmt: skip
        data[at : at + size] = text.encode()[: size - 1].ljust(size, b"\0")
    return bytes(data)


def bosch(*, transaction: bytes = bytes(4), mac: str, address: str) -> bytes:
    return (
        bytes.fromhex("9939a427") + transaction + bytes.fromhex(mac.replace(":", "")) + bytes(2)
        + socket.inet_aton(address) + socket.inet_aton("255.255.0.0") + bytes(8)
    )  # fmt: skip


def bosch_xml(*, name: str, serial: str, mac: str, address: str) -> bytes:
    return (
        f"<device><friendlyName>{escape(name)}</friendlyName><unitIPAddress>{address}"
        f"</unitIPAddress><physAddress>{mac.replace(':', '-')}</physAddress>"
        f"<serialNumber>{serial}</serialNumber></device>"
    ).encode()


def i_pro(*, kind: str, mac: str, address: str) -> bytes:
    head = bytes.fromhex("000100000001") + bytes.fromhex(mac.replace(":", ""))
    values = ((0x20, socket.inet_aton(address)), (0xA7, kind.encode()), (0xA8, kind.encode()[:12]))
    body = b"".join(struct.pack(">HH", key, len(value)) + value for key, value in values)
    return head.ljust(53, b"\0") + body + b"\xff\xff\0\0\0"


def sony(*, kind: str, serial: str, mac: str, address: str) -> bytes:
    dashed = mac.replace(":", "-")
    lines = (f"MAC:{dashed}", "INFO:network", f"MODEL:{kind}", f"SERIAL:{serial}",
             f"IPADR:{address}", "WEBPORT:80")  # fmt: skip
    return b"\x02" + b"".join(line.encode() + b"\xff" for line in lines) + b"\x03"


def vivotek(*, kind: str, mac: str, address: str) -> bytes:
    values = ((1, f"{kind} Network Camera".encode()), (2, bytes.fromhex(mac.replace(":", ""))),
              (3, socket.inet_aton(address)), (9, kind.encode()))  # fmt: skip
    body = b"".join(bytes((key, len(value))) + value for key, value in values)
    return b"\x01" + bytes.fromhex("4a5d8f1c") + body + b"\x04\x00"


def ubiquiti(*, kind: str, mac: str, address: str, firmware: str) -> bytes:
    raw_mac = bytes.fromhex(mac.replace(":", ""))
    values = ((0x02, raw_mac + socket.inet_aton(address)), (0x01, raw_mac),
              (0x03, firmware.encode()), (0x0B, b"UBNT"), (0x0C, kind.encode()))  # fmt: skip
    body = b"".join(struct.pack(">BH", key, len(value)) + value for key, value in values)
    return b"\x01\x00" + struct.pack(">H", len(body)) + body
