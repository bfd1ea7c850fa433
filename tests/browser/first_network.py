"""A small network to begin in: cameras that send pictures, a recorder with cameras behind it, and
things that are neither. It, and whoever looks at it, is in namespaces of its own."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec

from watchglass.simulate.lan.device import Answer, Device, Port, Speech
from watchglass.simulate.lan.network import Network
from watchglass.simulate.lan.school import axis, hikvision, web
from watchglass.simulate.process import Simulator, arguments

NETWORK, LOOKER = "192.168.77.0/28", "192.168.77.14"
LABELLED, RECORDER, LOCKED, MUTE, SEALED, PRINTER = (f"192.168.77.{last}" for last in range(2, 8))
USER, PASSWORD, OTHER_PASSWORD = "admin", "sesame 1", "another 2"
SEALED_URL = f"rtsps://{SEALED}:322/camera-1/main"
_PATH = "Streaming/Channels/{channel}0{stream}"
_BEHIND = ("Entrance", "Stairs")
_INFO = """<?xml version="1.0"?><DeviceInfo><deviceName>NVR</deviceName><model>DS-7608NI-K2</model>
<serialNumber>DS-7608NI-K2082017AAWR1</serialNumber><firmwareVersion>V3.4.92</firmwareVersion>
<deviceType>NVR</deviceType></DeviceInfo>"""


@contextmanager
def first_network() -> Iterator[Network]:
    """``enter`` of it goes before what looks around in it: a recorder, and a browser."""
    with ExitStack() as stack:
        network = stack.enter_context(
            Network(
                _devices(), network=NETWORK, looker=LOOKER, own_user=os.geteuid() != 0
            )
        )  # fmt: skip
        for host, port, password, options in (
            (LABELLED, 554, PASSWORD, arguments(cameras=1, path=_PATH)),
            (RECORDER, 554, PASSWORD, arguments(cameras=2, path=_PATH)),
            (LOCKED, 554, OTHER_PASSWORD, arguments(cameras=1, path=_PATH)),
            (SEALED, 322, PASSWORD, arguments(cameras=1, tls=True)),
        ):
            common = arguments(
                kind="a", width=640, height=360, fps=10, bit_rate=500_000, seconds=4,
                sub_width=320, sub_height=180, sub_fps=5, sub_bit_rate=100_000, no_sound=True,
                host=host, port=port, user=USER, password=password,
            )  # fmt: skip
            stack.enter_context(Simulator(*common, *options, under=network.enter_devices))
        yield network


def _devices() -> list[Device]:
    recorder = hikvision(3, "bc:ad:28", "DS-7608NI-K2", "V3.4.92 build 170518", "DNVRS-Webs", "NVR",
                        "NVR")  # fmt: skip
    (page,) = recorder.ports
    opened = msgspec.structs.replace(
        page, realm="DS-7608NI-K2", answers=page.answers | {
            "/ISAPI/System/deviceInfo": _behind_login(_INFO),
            "/ISAPI/ContentMgmt/InputProxy/channels": _behind_login(_channels()),
        },
    )  # fmt: skip
    labelled = hikvision(2, "bc:ad:28", "CMIP7422", "V5.4.5 build 170123", "DNVRS-Webs", "LTS")
    locked = hikvision(4, "bc:ad:28", "DS-2CD2032F-I", "V5.4.0 build 160401", "App-webs/", "Camera")
    streams = Port(number=554, speaks=Speech.ELSEWHERE)
    return [
        msgspec.structs.replace(labelled, ports=(*labelled.ports, streams)),
        msgspec.structs.replace(recorder, ports=(opened, streams), user=USER, password=PASSWORD),
        msgspec.structs.replace(locked, ports=(*locked.ports, streams)),
        axis(5, "00:40:8c", "M3045-V"),
        # Nothing but its sealed stream answers there.
        Device(
            address=SEALED, mac="02:5e:a1:00:00:06",
            ports=(Port(number=322, speaks=Speech.ELSEWHERE),),
        ),
        Device(address=PRINTER, mac="02:5e:a1:00:00:07", ports=(web("nginx", "Printer"),)),
    ]  # fmt: skip


def _channels() -> str:
    each = "".join(
        f"<InputProxyChannel><id>{number}</id><name>{name}</name><sourceInputPortDescriptor>"
        f"<ipAddress>10.9.0.{number}</ipAddress><model>DS-2CD2032F-I</model>"
        "</sourceInputPortDescriptor></InputProxyChannel>"
        for number, name in enumerate(_BEHIND, 1)
    )
    return f'<?xml version="1.0"?><InputProxyChannelList>{each}</InputProxyChannelList>'


def _behind_login(body: str) -> Answer:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}"
    return Answer(f"{head}\r\n\r\n{body}".encode(), guarded=True)
