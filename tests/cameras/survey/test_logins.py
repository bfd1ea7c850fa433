"""Behind a login: what devices say to who may ask, and that a refusal is the last word."""

import sys
from pathlib import Path

import pytest

from benches.trust.fleet import NETWORK, SCANNER
from tests.cameras.survey.wire import judge
from watchglass.base.ids import ScanId
from watchglass.cameras.scan import COMMAND, RunningScan
from watchglass.model.coverage import Network
from watchglass.model.observation import Observation, Signal, Source
from watchglass.model.scan import Login, Observed, ScanOrder
from watchglass.simulate.lan.capture import frames
from watchglass.simulate.lan.device import Answer, Device, Port, Speech
from watchglass.simulate.lan.network import Network as Lan
from watchglass.simulate.lan.network import NoNetworkError

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's"),
]
_DAHUA, _LOCKED, _ONVIF, _BASIC = (f"10.77.0.{last}" for last in (4, 5, 6, 7))
_AT = "table.RemoteDevice.uuid:System_CONFIG_NETCAMERA_INFO_"
_BEHIND = (
    f"{_AT}0.Address=10.1.1.9\r\n{_AT}0.DeviceType=IPC-HDW2431T\r\n{_AT}0.Password=hunter2\r\n"
    f"{_AT}0.Mac=3c:ef:8c:00:00:09\r\n{_AT}1.Address=192.168.0.0\r\n"
)
_SOAP = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
    "<UTCDateTime><Time><Hour>9</Hour><Minute>5</Minute><Second>1</Second></Time><Date>"
    "<Year>2026</Year><Month>11</Month><Day>3</Day></Date></UTCDateTime>"
    "<GetDeviceInformationResponse><Manufacturer>ANNKE</Manufacturer><Model>C800</Model>"
    "<FirmwareVersion>V5.5.82</FirmwareVersion><SerialNumber>S-1</SerialNumber>"
    "</GetDeviceInformationResponse></e:Body></e:Envelope>"
)


def _ok(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def _web(address: str, answers: dict[str, Answer], password: str = "right") -> Device:
    port = Port(number=80, speaks=Speech.HTTP, realm="Login to 3E05", answers={
        "/": Answer(_ok("<title>Web</title>")), **answers,
    })  # fmt: skip
    return Device(
        address=address, mac=f"3c:ef:8c:00:00:0{address[-1]}", ports=(port,), user="admin",
        password=password,
    )  # fmt: skip


def _fleet() -> list[Device]:
    cgi = "/cgi-bin/magicBox.cgi?action="
    basic = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
    return [
        _web(_DAHUA, {
            f"{cgi}getSystemInfo": Answer(_ok("deviceType=NVR41\r\nserialNumber=6J0E0\r\n"), True),
            f"{cgi}getSoftwareVersion": Answer(_ok("version=4.001,build:2021-09-15\r\n"), True),
            f"{cgi}getVendor": Answer(_ok("vendor=Amcrest\r\n"), True),
            "/cgi-bin/configManager.cgi?action=getConfig&name=RemoteDevice": Answer(
                _ok(_BEHIND), True),
        }),
        _web(_LOCKED, {"/ISAPI/System/deviceInfo": Answer(_ok("<DeviceInfo/>"), True)}, "other"),
        _web(_ONVIF, {"/onvif/device_service": Answer(_ok(_SOAP))}),
        _web(_BASIC, {"/ISAPI/System/deviceInfo": Answer(basic)}),
    ]  # fmt: skip


def test_devices_are_asked_once_and_passwords_stay_where_they_are(tmp_path: Path) -> None:
    order = ScanOrder(
        scan=ScanId("7" * 32), networks=(Network(cidr="10.77.0.4/30"),), doors=tuple(Source),
        logins=(Login("admin", "right"),), rate_per_s=500, parallel=32, timeout_s=1.0,
    )  # fmt: skip
    seen: list[Observation] = []
    capture = tmp_path / "sent.pcap"
    try:
        with Lan(_fleet(), network=str(NETWORK), looker=SCANNER, capture=capture) as lan:
            for message in RunningScan(order, command=(*lan.enter, *COMMAND)):
                if isinstance(message, Observed):
                    seen += message.observations
    except NoNetworkError as error:
        pytest.skip(str(error))
    sent = list(frames(capture))
    assert judge(sent, frozenset({_DAHUA, _LOCKED, _ONVIF, _BASIC})).breaches == []

    told = {(each.address, each.channel, each.signal, each.value) for each in seen}
    # A recorder of Dahua's, and the camera on its own port.
    assert {
        (_DAHUA, None, Signal.SERIAL, "6J0E0"), (_DAHUA, None, Signal.MANUFACTURER, "Amcrest"),
        (_DAHUA, None, Signal.FIRMWARE, "4.001"),
        (_DAHUA, None, Signal.FIRMWARE_DATE, "2021-09-15"),
        (_DAHUA, 1, Signal.CHANNEL_ADDRESS, "10.1.1.9"), (_DAHUA, 1, Signal.MODEL, "IPC-HDW2431T"),
        (_DAHUA, 1, Signal.MAC, "3c:ef:8c:00:00:09"),
    } <= told  # fmt: skip
    assert not any(channel == 2 for _, channel, _, _ in told)
    # ONVIF, by its own clock.
    assert (_ONVIF, None, Signal.MANUFACTURER, "ANNKE") in told
    created = [frame for frame in sent if b"<Created" in frame]
    assert created
    assert all(b"2026-11-03T09:05:01Z" in frame for frame in created)

    # A refusal is the last word: no second try, on no other door of the device.
    tries = [frame for frame in sent if b"Authorization: Digest" in frame
             and frame[30:34] == bytes(map(int, _LOCKED.split(".")))]  # fmt: skip
    assert len(tries) == 1
    assert (_LOCKED, None, Signal.STATUS, "401 /ISAPI/System/deviceInfo") in told
    # Nobody who asks for Basic is given anything, and no password left in the clear.
    everything = b"".join(sent)
    assert b"Authorization: Basic" not in everything
    assert b"right" not in everything
    assert not any("hunter2" in each.value for each in seen)
