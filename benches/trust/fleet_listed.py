"""Devices made by those whom lists name, under their own labels and under others'."""

import random
from xml.sax.saxutils import escape

from benches.trust import answers, certificates, makers
from benches.trust.certificates import Certificates
from benches.trust.devices import EVIL_TEXTS, NAMES, Builder
from benches.trust.favicons import HIKVISION_ICON
from benches.trust.prefixes import mac_of
from benches.trust.truth import Group
from watchglass.simulate.lan.device import Answer

_FIRMWARE = ("V5.5.82 build 190120", "V5.4.5 build 170124", "V5.7.12 build 220517",
             "V5.6.3 build 190923", "V4.30.085 build 210723")  # fmt: skip
_DAHUA_FIRMWARE = ("2.800.0000000.25.R.20210915", "2.622.0000000.18.R, build: 2018-11-20",
                   "2.840.0000000.3.R.210405", "4.001.0000002.1.R.230714")  # fmt: skip


# --- Hikvision ------------------------------------------------------------------------------------


def hikvision(chance: random.Random, address: str, certs: Certificates) -> Builder:
    recorder = chance.random() < 0.15
    model = chance.choice(makers.HIKVISION_RECORDERS if recorder else makers.HIKVISION_MODELS)
    b = Builder(chance, address, mac_of("Hangzhou Hikvision", chance), Group.OWN_LABEL,
                "hikvision", "HIKVISION", model, listed=True)  # fmt: skip
    b.kind = "recorder" if recorder else "camera"
    b.tell("oui")
    return _hikvision_firmware(b, certs, manufacturer="HIKVISION")


def hikvision_relabel(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """The same firmware in another's box: his model numbers, his name, often his prefix."""
    brand = chance.choice(makers.HIKVISION_BRANDS)
    makers_own = not brand.holder or chance.random() < 0.5
    mac = mac_of("Hangzhou Hikvision" if makers_own else brand.holder, chance)
    b = Builder(chance, address, mac, Group.RELABEL, "hikvision", brand.label,
                chance.choice(brand.models), listed=True)  # fmt: skip
    if makers_own:
        b.tell("oui")
    return _hikvision_firmware(b, certs, manufacturer=brand.label)


def _hikvision_firmware(b: Builder, certs: Certificates, manufacturer: str) -> Builder:
    """At least one of its own voices; which ones differs by model, firmware and settings."""
    chance = b.chance
    firmware = chance.choice(_FIRMWARE)
    serial = f"{b.model}20190{chance.randrange(10, 99)}AAWR{chance.randrange(10**8, 10**9)}"
    if chance.random() < 0.3:
        b.user, b.password = "admin", "Schule-2021!"
    voices = [
        voice
        for voice, share in (
            (_hik_sadp, 0.65), (_hik_web, 0.6), (_hik_rtsp, 0.6), (_hik_control, 0.35),
            (_hik_tls, 0.2), (_hik_icon, 0.3),
        )
        if chance.random() < share
    ] or [_hik_web]  # fmt: skip
    for voice in voices:
        voice(b, certs, firmware, serial)
    if chance.random() < 0.6:
        name = chance.choice(EVIL_TEXTS if chance.random() < 0.08 else NAMES)
        b.scopes(name=name, hardware=b.model, manufacturer=manufacturer)
    _hik_inside(b, firmware, serial, manufacturer)
    return b


def _hik_sadp(b: Builder, certs: Certificates, firmware: str, serial: str) -> None:
    b.says("sadp", answers.sadp(
        kind=str(b.chance.randrange(10_000, 140_000)), description=b.model, serial=serial,
        firmware=firmware, mac=b.mac, address=b.address, activated=b.chance.random() < 0.9,
        channels=8 if b.kind == "recorder" else 0,
    ), to_group=b.chance.random() < 0.5)  # fmt: skip
    b.tell("sadp")


def _hik_web(b: Builder, certs: Certificates, firmware: str, serial: str) -> None:
    b.greeting_of("http", b.chance.choice(("Hikvision IP camera", "Hikvision camera",
                                           "Hikvision DVR httpd")))  # fmt: skip
    b.tell("http greeting")


def _hik_rtsp(b: Builder, certs: Certificates, firmware: str, serial: str) -> None:
    if b.chance.random() < 0.6:
        b.rtsp_login("Hikvision")
        b.tell("rtsp realm")
    else:
        b.rtsp_login(f"IP Camera({b.chance.choice('CFG')}{b.chance.randrange(1000, 9999)})")


def _hik_control(b: Builder, certs: Certificates, firmware: str, serial: str) -> None:
    b.greets(8000, bytes.fromhex("000000100000001e0000001e00000000"))
    b.tell("control port")


def _hik_tls(b: Builder, certs: Certificates, firmware: str, serial: str) -> None:
    b.tls(certs.of(certificates.HIKVISION))
    b.tell("tls subject")


def _hik_icon(b: Builder, certs: Certificates, firmware: str, serial: str) -> None:
    if not b.web:
        b.page(server="webserver", title="index")
    b.document("/favicon.ico", HIKVISION_ICON, "image/x-icon")
    b.tell("favicon")


def _hik_inside(b: Builder, firmware: str, serial: str, manufacturer: str) -> None:
    """What stands behind the login; there only where a web server runs."""
    if not b.web or not b.user:
        return
    version, _, built = firmware.partition(" ")
    b.realm = f"IP Camera({b.mac[-5:].replace(':', '')})"
    info = (
        '<?xml version="1.0" encoding="UTF-8"?><DeviceInfo version="2.0"'
        ' xmlns="http://www.isapi.org/ver20/XMLSchema">'
        f"<deviceName>{escape(b.label)}</deviceName><deviceID>{b.uuid}</deviceID>"
        f"<model>{escape(b.model)}</model><serialNumber>{serial}</serialNumber>"
        f"<macAddress>{b.mac}</macAddress><firmwareVersion>{version}</firmwareVersion>"
        f"<firmwareReleasedDate>{built}</firmwareReleasedDate>"
        f"<deviceType>{'NVR' if b.kind == 'recorder' else 'IPCamera'}</deviceType>"
        f"<manufacturer>hikvision</manufacturer>"
        f"<OEMCode>{1 if manufacturer == 'HIKVISION' else 82}</OEMCode></DeviceInfo>"
    )
    b.document("/ISAPI/System/deviceInfo", info.encode(), "application/xml", guarded=True)
    b.tell("isapi")
    if b.kind == "recorder":
        _hik_channels(b)


def _hik_channels(b: Builder) -> None:
    told = []
    for number in range(1, b.chance.randrange(2, 7)):
        mac = mac_of("Hangzhou Hikvision", b.chance)
        b.behind.append(mac)
        told.append(
            f"<InputProxyChannel><id>{number}</id><name>Port {number}</name>"
            "<sourceInputPortDescriptor><proxyProtocol>HIKVISION</proxyProtocol>"
            f"<ipAddress>192.168.254.{number + 1}</ipAddress><managePortNo>8000</managePortNo>"
            f"<model>DS-2CD1023G0E-I</model><serialNumber>DS-2CD1023G0E-I2019AAWR{number:09d}"
            f"</serialNumber><macAddress>{mac}</macAddress>"
            "<firmwareVersion>V5.5.83 build 190221</firmwareVersion>"
            "</sourceInputPortDescriptor></InputProxyChannel>"
        )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><InputProxyChannelList version="2.0"'
        ' xmlns="http://www.hikvision.com/ver20/XMLSchema">' + "".join(told)
        + "</InputProxyChannelList>"
    )  # fmt: skip
    path = "/ISAPI/ContentMgmt/InputProxy/channels"
    b.document(path, body.encode(), "application/xml", guarded=True)


# --- Dahua ----------------------------------------------------------------------------------------


def dahua(chance: random.Random, address: str, certs: Certificates) -> Builder:
    recorder = chance.random() < 0.15
    model = chance.choice(makers.DAHUA_RECORDERS if recorder else makers.DAHUA_MODELS)
    b = Builder(chance, address, mac_of("Zhejiang Dahua", chance), Group.OWN_LABEL, "dahua",
                "Dahua", model, listed=True)  # fmt: skip
    b.kind = "recorder" if recorder else "camera"
    b.tell("oui")
    return _dahua_firmware(b, certs)


def dahua_relabel(chance: random.Random, address: str, certs: Certificates) -> Builder:
    brand = chance.choice(makers.DAHUA_BRANDS)
    makers_own = not brand.holder or chance.random() < 0.5
    mac = mac_of("Zhejiang Dahua" if makers_own else brand.holder, chance)
    b = Builder(chance, address, mac, Group.RELABEL, "dahua", brand.label,
                chance.choice(brand.models), listed=True)  # fmt: skip
    if makers_own:
        b.tell("oui")
    return _dahua_firmware(b, certs)


def _dahua_firmware(b: Builder, certs: Certificates) -> Builder:
    chance = b.chance
    firmware = chance.choice(_DAHUA_FIRMWARE)
    voices = [
        voice
        for voice, share in ((_dhip, 0.65), (_old, 0.15), (_login, 0.6), (_dahua_rtsp, 0.5))
        if chance.random() < share
    ] or [_login]
    for voice in voices:
        voice(b, firmware)
    if chance.random() < 0.5:
        name = chance.choice(EVIL_TEXTS if chance.random() < 0.08 else NAMES)
        b.scopes(name=name, hardware=b.model, manufacturer="" if b.chance.random() < 0.5
                 else b.label)  # fmt: skip
    if chance.random() < 0.2 and b.web:
        b.tls(certs.of(certificates.DAHUA))
    return b


def _dhip(b: Builder, firmware: str) -> None:
    vendor = b.label if b.chance.random() < 0.6 else "General"
    b.says("dhip", answers.dhip(
        kind=b.model, device_class="NVR" if b.kind == "recorder" else "IPC", serial=b.serial,
        version=firmware, vendor=vendor, mac=b.mac, address=b.address,
        channels=16 if b.kind == "recorder" else 1,
    ))  # fmt: skip
    b.tell("dhip")


def _old(b: Builder, firmware: str) -> None:
    b.says("dahua-old", answers.dahua_old(kind=b.model, mac=b.mac, address=b.address))
    b.tell("dahua-old")


def _login(b: Builder, firmware: str) -> None:
    """The realm of its login, on the web or over RTSP."""
    realm = f"Login to {b.serial[:14]}"
    if b.chance.random() < 0.5:
        b.web["/"] = answers_401(realm)
    else:
        b.rtsp_login(realm)
    b.tell("realm")


def answers_401(realm: str) -> Answer:
    return Answer(
        f'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="{realm}", qop="auth",'
        ' nonce="1517268213", opaque="eb7b1b1a"\r\nContent-Length: 0\r\n\r\n'.encode()
    )


def _dahua_rtsp(b: Builder, firmware: str) -> None:
    b.rtsp["*"] = Answer(
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Dahua Rtsp Server\r\nPublic: OPTIONS, DESCRIBE,"
        b" ANNOUNCE, SETUP, PLAY, RECORD, PAUSE, TEARDOWN, SET_PARAMETER\r\n\r\n"
    )
    b.tell("rtsp greeting")


# --- others on lists ------------------------------------------------------------------------------


def other_listed(chance: random.Random, address: str, certs: Certificates) -> Builder:
    maker = chance.choice(makers.LISTED)
    b = Builder(chance, address, mac_of(maker.holder, chance), Group.OWN_LABEL, maker.key,
                maker.label, chance.choice(maker.models), listed=True)  # fmt: skip
    b.tell("oui")
    b.scopes(name=chance.choice((maker.label, *NAMES)), hardware=b.model, manufacturer=maker.label)
    if chance.random() < 0.5:
        b.page(server="Boa/0.94.14rc21", title=b.title)
    return b


def tp_link(chance: random.Random, address: str, certs: Certificates) -> Builder:
    """Its SDP names it; its prefix is on everything from bulbs to switches."""
    b = Builder(chance, address, mac_of("TP-LINK", chance), Group.OWN_LABEL, "tp-link", "TP-Link",
                chance.choice(("VIGI C340", "Tapo C310")), listed=True)  # fmt: skip
    b.rtsp_login("TP-Link IP-Camera")
    b.describes(
        "v=0\no=- 14665860 31787219 1 IN IP4 0.0.0.0\ns=Session streamed by \"TP-LINK RTSP Server\""
        "\nt=0 0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000\na=control:track1\n"
        "m=application/TP-LINK 0 RTP/AVP smart/1/90000\na=rtpmap:95 TP-LINK/90000\n", "/stream1",
    )  # fmt: skip
    b.tell("sdp")
    b.scopes(name=b.label, hardware=b.model, manufacturer="tp-link")
    return b
