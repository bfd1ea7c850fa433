"""Builds one simulated device answer by answer, and keeps beside it what each answer tells."""

import random
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote

from benches.trust import answers
from benches.trust.banners import Fingerprint, of_product
from benches.trust.makers import Maker
from benches.trust.truth import Group, Truth
from watchglass.simulate.lan.device import (
    Answer,
    Certificate,
    Device,
    Discovered,
    Manner,
    Port,
    Speech,
)

# Text that people write into cameras, whoever made them; some of it names makers.
NAMES = (
    "Lobby", "Gym east", "Playground", "Old Hikvision lobby", "was Dahua, replaced 2024",
    "Corridor 2", "Bike shed", "Hikvision replacement project", "Cafeteria", "IPC", "Camera",
)  # fmt: skip
EVIL_TEXTS = (
    '<script>fetch("/evil")</script>', '=HYPERLINK("http://x.invalid","A1")', "a\u202egpj.exe",
    "'; DROP TABLE devices;--", "\x1b]0;owned\x07cam", "{{7*7}}${7*7}", "A" * 4000,
)  # fmt: skip


@dataclass(slots=True)
class Builder:
    """A device in the making."""

    chance: random.Random
    address: str
    mac: str
    group: Group
    origin: str
    label: str
    model: str
    kind: str = "camera"
    listed: bool = False
    user: str = ""
    password: str = ""
    hears_arp: bool = True
    refuses: bool = True
    web: dict[str, Answer] = field(default_factory=dict)
    realm: str = ""
    rtsp: dict[str, Answer] = field(default_factory=dict)
    ports: list[Port] = field(default_factory=list)
    discovery: list[Discovered] = field(default_factory=list)
    tells: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)

    @property
    def serial(self) -> str:
        return f"{self.mac.replace(':', '').upper()}PAJ{int(self.mac[-2:], 16):05d}"

    @property
    def uuid(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.mac))

    def tell(self, signal: str) -> None:
        if signal not in self.tells:
            self.tells.append(signal)

    # --- answers ----------------------------------------------------------------------------

    def says(self, protocol: str, *data: bytes, to_group: bool = False, port: int = 0) -> None:
        self.discovery.append(
            Discovered(protocol=protocol, data=data, to_group=to_group, port=port)
        )

    def scopes(self, *, name: str, hardware: str, manufacturer: str = "") -> None:
        """WS-Discovery. What stands in the scopes anybody who sells it can set."""
        scope = "onvif://www.onvif.org/"
        told = [f"{scope}type/video_encoder", f"{scope}Profile/Streaming",
                f"{scope}name/{quote(name)}", f"{scope}hardware/{quote(hardware)}",
                f"{scope}location/"]  # fmt: skip
        if manufacturer:
            told.append(f"{scope}manufacturer/{quote(manufacturer)}")
        self.says(
            "wsd",
            answers.ws_discovery(uuid=self.uuid, scopes=tuple(told), address=self.address),
        )

    def greeting_of(self, service: str, product: str) -> bool:
        """A web or RTSP greeting out of nmap's fingerprints; whether there was one."""
        found = _pleasant(of_product(service, product))
        if not found:
            return False
        sample = self.chance.choice(found).sample(self.chance)
        if service == "http":
            self.web["/"] = Answer(_whole(sample, self.title))
        else:
            self.rtsp["*"] = Answer(_whole(sample))
        return True

    @property
    def title(self) -> str:
        return f"{self.label} {self.model}".strip() if self.chance.random() < 0.5 else "Login"

    def page(self, *, server: str, title: str, status: str = "200 OK") -> None:
        body = f"<html><head><title>{title}</title></head><body></body></html>".encode()
        head = f"HTTP/1.1 {status}\r\nServer: {server}\r\nContent-Type: text/html\r\n"
        self.web["/"] = Answer(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def document(self, path: str, body: bytes, kind: str, *, guarded: bool = False) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.web[path] = Answer(head.encode() + body, guarded)

    def rtsp_login(self, realm: str, server: str = "") -> None:
        named = f"Server: {server}\r\n" if server else ""
        self.rtsp["DESCRIBE"] = Answer(
            f'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n{named}WWW-Authenticate: Digest realm="'
            f'{realm}", nonce="{self.chance.getrandbits(128):032x}"\r\n\r\n'.encode()
        )
        self.rtsp.setdefault(
            "*",
            Answer(
                f"RTSP/1.0 200 OK\r\nCSeq: 1\r\n{named}Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN,"
                " PLAY\r\n\r\n".encode()
            ),
        )

    def describes(self, sdp: str, base: str) -> None:
        body = sdp.replace("\n", "\r\n").encode()
        self.rtsp["DESCRIBE"] = Answer(
            f"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Base: "
            f"rtsp://{self.address}:554{base}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def greets(self, number: int, data: bytes) -> None:
        self.ports.append(Port(number=number, speaks=Speech.GREETING, answers={"*": Answer(data)}))

    def tls(self, certificate: Certificate) -> None:
        self.ports.append(
            Port(number=443, speaks=Speech.HTTP, answers=dict(self.web), realm=self.realm,
                 certificate=certificate)
        )  # fmt: skip

    # --- done -------------------------------------------------------------------------------

    def build(self, manner: Manner = Manner.NORMAL) -> tuple[Device, Truth]:
        ports = list(self.ports)
        if self.web:
            ports.append(
                Port(number=80, speaks=Speech.HTTP, answers=self.web, realm=self.realm,
                     manner=manner)
            )  # fmt: skip
        if self.rtsp:
            ports.append(Port(number=554, speaks=Speech.RTSP, answers=self.rtsp, manner=manner))
        device = Device(
            address=self.address, mac=self.mac, ports=tuple(ports), user=self.user,
            password=self.password, discovery=tuple(self.discovery), hears_arp=self.hears_arp,
            refuses=self.refuses,
        )  # fmt: skip
        truth = Truth(
            address=self.address, mac=self.mac, group=self.group, origin=self.origin,
            label=self.label, kind=self.kind, tells=tuple(self.tells), listed=self.listed,
            seen=self.hears_arp, behind=tuple(self.behind),
        )  # fmt: skip
        return device, truth


def greetings(b: Builder, maker: Maker) -> None:
    """A maker's web and RTSP greetings."""
    for service, products in (("http", maker.web), ("rtsp", maker.rtsp)):
        if products and b.greeting_of(service, b.chance.choice(products)) and maker.telling:
            b.tell(f"{service} greeting")


def _pleasant(found: list[Fingerprint]) -> list[Fingerprint]:
    """Those that begin as an answer does."""
    return [each for each in found if each.pattern.startswith((b"^HTTP", b"^RTSP"))]


def _whole(sample: bytes, title: str = "") -> bytes:
    """A fingerprint may end within the head; a device does not."""
    if b"\r\n\r\n" in sample:
        return sample
    body = f"<html><head><title>{title}</title></head></html>".encode() if title else b""
    head = sample if sample.endswith(b"\r\n") else sample + b"\r\n"
    return head + b"Connection: close\r\n\r\n" + body
