"""Devices that try to harm whoever asks them."""

import random

from benches.trust import answers
from benches.trust.certificates import Certificates
from benches.trust.devices import EVIL_TEXTS, Builder
from benches.trust.prefixes import made_up_mac
from benches.trust.truth import Group
from watchglass.simulate.lan.device import Answer, Manner, Port, Speech

_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "' + "a" * 512 + '">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n else str()};" * 10}">' for n in range(9))
    + ']><ProbeMatch><DeviceDescription>&a8;</DeviceDescription></ProbeMatch>'
).encode()  # fmt: skip
_DEEP = b"<ProbeMatch>" + b"<a>" * 12_000 + b"</a>" * 12_000 + b"</ProbeMatch>"
_JSON_DEEP = b'{"method":"client.notifyDevInfo","params":' + b"[" * 50_000
KINDS = (
    "endless", "drip", "bomb", "deep", "redirect", "huge_icon", "flood", "loop", "heads",
)  # fmt: skip


def hostile(kind: str, chance: random.Random, address: str, certs: Certificates) -> Builder:
    """Nobody can tell who made it, and nothing of it may be believed."""
    b = Builder(chance, address, made_up_mac(chance), Group.HOSTILE, "nobody-known", "", "evil")
    b.page(server=chance.choice(EVIL_TEXTS).replace("\x1b", ""), title=chance.choice(EVIL_TEXTS))
    _MAKE[kind](b)
    return b


def _endless(b: Builder) -> None:
    b.ports.append(_port(8000, Speech.GREETING, b"\x00", Manner.ENDLESS))
    b.ports.append(_port(554, Speech.RTSP, b"RTSP/1.0 200 OK\r\n", Manner.ENDLESS))


def _drip(b: Builder) -> None:
    b.ports.append(_port(554, Speech.RTSP, b"RTSP/1.0 200 OK\r\nServer: slow\r\n", Manner.DRIP))
    b.ports.append(_port(23, Speech.GREETING, b"login: ", Manner.DRIP))


def _bomb(b: Builder) -> None:
    b.says("sadp", _BOMB)
    b.says("wsd", _BOMB.replace(b"ProbeMatch", b"Envelope"))


def _deep(b: Builder) -> None:
    b.says("sadp", _DEEP)
    b.says("dhip", answers.dhip(kind="x", device_class="IPC", serial="s", version="v", vendor="v",
                                mac=b.mac, address=b.address)[:32] + _JSON_DEEP)  # fmt: skip


def _redirect(b: Builder) -> None:
    """Into the LAN and to the cloud's metadata; SSDP's description too."""
    b.web["/"] = Answer(
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\n\r\n"
    )
    b.says("ssdp", answers.ssdp(server="x", location="http://10.77.0.1:80/reboot", uuid=b.uuid))


def _huge_icon(b: Builder) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/x-icon\r\nContent-Length: 4294967296\r\n\r\n"
    b.web["/favicon.ico"] = Answer(head)


def _flood(b: Builder) -> None:
    """A thousand answers to one question, each for another's address."""
    b.says("sadp", *(
        answers.sadp(kind="1", description=f"fake {n}", serial=f"S{n}", firmware="V1 build 200101",
                     mac=f"bc:ad:28:00:{n // 256:02x}:{n % 256:02x}", address=f"10.77.9.{n % 250}")
        for n in range(1000)
    ))  # fmt: skip


def _loop(b: Builder) -> None:
    """Names that point at themselves."""
    b.says("axis-mdns", bytes.fromhex("000084000000000100000000") + b"\xc0\x0c" + bytes(8)
           + b"\x00\x02\xc0\x0c", to_group=True)  # fmt: skip


def _heads(b: Builder) -> None:
    many = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 200) for n in range(5000))
    b.web["/"] = Answer(b"HTTP/1.1 200 OK\r\n" + many + b"\r\n")


_MAKE = {"endless": _endless, "drip": _drip, "bomb": _bomb, "deep": _deep, "redirect": _redirect,
         "huge_icon": _huge_icon, "flood": _flood, "loop": _loop, "heads": _heads}  # fmt: skip


def _port(number: int, speaks: Speech, data: bytes, manner: Manner) -> Port:
    return Port(number=number, speaks=speaks, answers={"*": Answer(data)}, manner=manner)
