"""A small school's network: cameras and recorders under several labels, for the demo.

What each answers has the form that its kind of firmware gives it. Addresses, MACs beyond the
makers' prefixes and serial numbers are made up.
"""

import json
import struct
from xml.sax.saxutils import escape

from watchglass.simulate.lan.device import Answer, Device, Discovered, Port, Speech

NETWORK = "192.168.77.0/27"
LOOKER = "192.168.77.30"


def devices() -> list[Device]:
    """Eight that answer, and the rest of the network that does not."""
    return [
        hikvision(2, "bc:ad:28", "CMIP7422", "V5.4.5 build 170123", "DNVRS-Webs", "LTS"),
        hikvision(3, "bc:ad:28", "CMIP7422", "V5.4.5 build 170123", "DNVRS-Webs", "LTS"),
        hikvision(4, "bc:ad:28", "DS-2CD2032F-I", "V5.4.0 build 160401", "App-webs/", "NVR"),
        dahua(5, "38:af:29", "LNB4421B", "2.622.0000000.18.R", "Lorex"),
        dahua(6, "38:af:29", "IPC-HDW4431C-A", "2.800.0000000.25.R", "Dahua"),
        axis(7, "00:40:8c", "M3045-V"),
        axis(8, "00:40:8c", "P3245-LVE"),
        Device(
            address=_address(9), mac="02:5e:a1:00:00:09",
            ports=(web("lighttpd/1.4.35", "Network Camera <b>Gym</b>"),),
        ),
    ]  # fmt: skip


def _address(number: int) -> str:
    return f"192.168.77.{number}"


def hikvision(
    number: int, prefix: str, model: str, firmware: str, server: str, title: str,
    kind: str = "IPCamera",
) -> Device:  # fmt: skip
    address, mac = _address(number), f"{prefix}:51:0c:{number:02x}"
    fields = {
        "Uuid": "3D2B6C1A-0F1E-4C0A-9C55-5A3F60A1B7C2", "Types": "inquiry",
        "DeviceType": kind, "DeviceDescription": model,
        "DeviceSN": f"{model}20170{number}AAWR7210{number:05}", "CommandPort": "8000",
        "HttpPort": "80", "MAC": mac.replace(":", "-"), "IPv4Address": address,
        "IPv4SubnetMask": "255.255.255.224", "DHCP": "false", "DigitalChannelNum": "0",
        "AnalogChannelNum": "0", "SoftwareVersion": firmware, "Activated": "true",
    }  # fmt: skip
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    told = f'<?xml version="1.0" encoding="UTF-8"?><ProbeMatch>{inner}</ProbeMatch>'.encode()
    return Device(
        address=address, mac=mac, ports=(web(server, title),),
        discovery=(Discovered(protocol="sadp", data=(told,), to_group=True),),
    )  # fmt: skip


def dahua(number: int, prefix: str, model: str, version: str, vendor: str) -> Device:
    address, mac = _address(number), f"{prefix}:9e:20:{number:02x}"
    serial = f"4A0B1C2PAG{number:05}"
    told = {
        "mac": mac, "method": "client.notifyDevInfo",
        "params": {"deviceInfo": {
            "DeviceClass": "IPC", "DeviceType": model, "HttpPort": 80, "Port": 37777,
            "IPv4Address": {"IPAddress": address}, "MachineName": serial, "SerialNo": serial,
            "Manufacturer": "General", "Vendor": vendor, "Version": version,
            "VideoInputChannels": 1, "RemoteVideoInputChannels": 0, "VideoOutputChannels": 0,
        }},
    }  # fmt: skip
    body = json.dumps(told).encode() + b"\n\0"
    head = struct.pack("<I4sQIIII", 0x20, b"DHIP", 0, len(body), 0, len(body), 0)
    return Device(
        address=address, mac=mac, ports=(web("", "WEB SERVICE"),),
        discovery=(Discovered(protocol="dhip", data=(head + body,)),),
    )  # fmt: skip


def axis(number: int, prefix: str, model: str) -> Device:
    mac = f"{prefix}:a2:11:{number:02x}"
    return Device(
        address=_address(number), mac=mac, ports=(web("Apache", f"AXIS {model}"),),
    )  # fmt: skip


def web(server: str, title: str) -> Port:
    body = f"<html><head><title>{escape(title)}</title></head><body></body></html>".encode()
    lines = ["HTTP/1.1 200 OK", "Content-Type: text/html", f"Content-Length: {len(body)}"]
    if server:
        lines.insert(1, f"Server: {server}")
    head = "\r\n".join((*lines, "", "")).encode()
    return Port(number=80, speaks=Speech.HTTP, answers={"/": Answer(head + body)})
