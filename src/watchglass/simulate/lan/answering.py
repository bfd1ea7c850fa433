"""The devices themselves: one process that answers for all of their addresses."""

import asyncio
import contextlib
import hashlib
import ipaddress
import re
import socket
import ssl
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

from watchglass.simulate.lan.device import Certificate, Device, Discovered, Manner, Port, Speech

_IP_PKTINFO = 8
_EVERY_ADDRESS = str(ipaddress.IPv4Address(0))
"""In a namespace of its own."""
_MOST_REQUEST_BYTES = 64 * 1024
_DRIP_S = 2.0
_ENDLESS = b"\x41" * 65_536
_NONCE = "5f1b2d4c"

# Where each protocol is asked, what a question of it holds, and to which group it goes.
_ASKED: dict[str, tuple[int, bytes, str]] = {
    "sadp": (37020, b"<Types>inquiry</Types>", "239.255.255.250"),
    "dhip": (37810, b"DHDiscover.search", "239.255.255.251"),
    "dahua-old": (5050, b"\xa3\x01", ""),
    "wsd": (3702, b"/discovery/Probe", "239.255.255.250"),
    "ssdp": (1900, b"M-SEARCH", "239.255.255.250"),
    "axis-mdns": (5353, b"\x0b_axis-video", "224.0.0.251"),
    "arecont-mdns": (5353, b"\x05_arec", "224.0.0.251"),
    "hanwha-udp": (7701, b"\x01", ""),
    "bosch-udp": (1757, b"\x99\x39\xa4\x27", ""),
    "panasonic-udp": (10670, b"\x00\x01\x00\x00\x00\x0d", ""),
    "sony-udp": (2380, b"ENQ:allinfo", ""),
    "vivotek-udp": (10000, b"\x4a\x5d\x8f\x1c", ""),
    "ubnt-udp": (10001, b"\x01\x00\x00\x00", "233.89.188.1"),
}


class Answering:
    """Listens where any device listens, and answers as the one whose address was called."""

    def __init__(self, devices: Sequence[Device], interface: str) -> None:
        self._devices = {each.address: each for each in devices}
        self._interface = interface
        self._talks: set[asyncio.Task[None]] = set()
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        ports = sorted({
            port.number for each in self._devices.values() for port in each.ports
            if port.speaks is not Speech.ELSEWHERE
        })  # fmt: skip
        for number in ports:
            server = await asyncio.start_server(
                self._accept, _EVERY_ADDRESS, number, backlog=512, limit=_MOST_REQUEST_BYTES
            )
            self._servers.append(server)
        for number in sorted({port for port, _, _ in _ASKED.values()}):
            self._listen(number)

    async def start_each(self) -> None:
        """Listen at the devices' own addresses and nowhere else, and hear no discovery."""
        for device in self._devices.values():
            for port in device.ports:
                if port.speaks is Speech.ELSEWHERE:
                    continue
                server = await asyncio.start_server(
                    self._accept, device.address, port.number, limit=_MOST_REQUEST_BYTES
                )
                self._servers.append(server)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            loop.remove_reader(each)
            each.close()
        for server in self._servers:
            server.close()
        for talk in self._talks:
            talk.cancel()

    # --- discovery --------------------------------------------------------------------------

    def _listen(self, number: int) -> None:
        ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        ear.bind(("", number))
        index = socket.if_nametoindex(self._interface)
        groups = {group for port, _, group in _ASKED.values() if port == number and group}
        for group in groups:
            joining = struct.pack("4s4si", socket.inet_aton(group), bytes(4), index)
            ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joining)
        # Answers to a group leave by the interface, whoever sends them.
        choice = struct.pack("4s4si", bytes(4), bytes(4), index)
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, choice)
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        ear.setblocking(False)
        self._sockets.append(ear)
        asyncio.get_running_loop().add_reader(ear, self._hear, ear, number)

    def _hear(self, ear: socket.socket, number: int) -> None:
        try:
            data, asker = ear.recvfrom(65_536)
        except OSError:
            return
        if asker[0] in self._devices:
            return
        for protocol, (port, mark, group) in _ASKED.items():
            if port == number and mark in data:
                task = asyncio.ensure_future(self._answer_all(ear, protocol, group, asker))
                self._talks.add(task)
                task.add_done_callback(self._talks.discard)

    async def _answer_all(
        self, ear: socket.socket, protocol: str, group: str, asker: tuple[str, int]
    ) -> None:
        """Spread out a little, as many devices would."""
        for device in self._devices.values():
            for told in device.discovery:
                if told.protocol == protocol and device.hears_arp:
                    await self._answer(ear, device, told, group, asker)

    async def _answer(
        self, ear: socket.socket, device: Device, told: Discovered, group: str,
        asker: tuple[str, int],
    ) -> None:  # fmt: skip
        port = _ASKED[told.protocol][0] if told.to_group else told.port or asker[1]
        to = (group if told.to_group and group else asker[0], port)
        source = struct.pack("i4s4s", socket.if_nametoindex(self._interface),
                             socket.inet_aton(device.address), bytes(4))  # fmt: skip
        for data in told.data:
            with contextlib.suppress(OSError):  # too long, or the queue is full
                ear.sendmsg([data], [(socket.IPPROTO_IP, _IP_PKTINFO, source)], 0, to)
            await asyncio.sleep(0.001)

    # --- connections ------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address, number = writer.get_extra_info("sockname")[:2]
        device = self._devices.get(address)
        port = next((each for each in device.ports if each.number == number), None) \
            if device else None  # fmt: skip
        try:
            if device is not None and port is not None:
                await _Talk(device, port, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            pass  # who looks has hung up
        finally:
            writer.transport.abort()


class _Talk:
    """One connection to one port of one device."""

    def __init__(
        self, device: Device, port: Port, reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:  # fmt: skip
        self._device = device
        self._port = port
        self._reader = reader
        self._writer = writer

    async def run(self) -> None:
        if self._port.certificate is not None:
            await self._writer.start_tls(_context(self._port.certificate))
        if self._port.manner is Manner.MUTE:
            await self._reader.read()
            return
        if self._port.speaks is Speech.GREETING:
            await self._send(self._port.answers["*"].data)
            await self._reader.read(_MOST_REQUEST_BYTES)
            return
        while head := await self._reader.readuntil(b"\r\n\r\n"):
            await self._reply(head)
            if self._port.speaks is Speech.HTTP:
                return

    async def _reply(self, head: bytes) -> None:
        method, path = head.split(b" ", 2)[:2]
        length = re.search(rb"content-length:\s*(\d+)", head, re.IGNORECASE)
        if length:
            await self._reader.readexactly(min(int(length.group(1)), _MOST_REQUEST_BYTES))
        key = path.decode() if self._port.speaks is Speech.HTTP else method.decode()
        found = self._port.answers.get(key) or self._port.answers.get("*")
        if found is None:
            await self._send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        elif found.guarded and not self._let_in(head, method.decode(), key):
            await self._send(
                f'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest qop="auth", realm="'
                f'{self._port.realm}", nonce="{_NONCE}"\r\nContent-Length: 0\r\n\r\n'.encode()
            )
        else:
            await self._send(found.data)

    def _let_in(self, head: bytes, method: str, path: str) -> bool:
        """Digest with MD5 and qop, as firmware has it."""
        told = dict(re.findall(r'(\w+)="?([^",\r]*)"?', head.decode("latin-1").partition(
            "Authorization: Digest ")[2]))  # fmt: skip
        if told.get("nonce") != _NONCE or told.get("username") != self._device.user:
            return False
        secret = _md5(f"{self._device.user}:{self._port.realm}:{self._device.password}")
        asked = _md5(f"{method}:{path}")
        words = f"{secret}:{_NONCE}:{told.get('nc')}:{told.get('cnonce')}:auth:{asked}"
        return told.get("response") == _md5(words)

    async def _send(self, data: bytes) -> None:
        if self._port.manner is Manner.DRIP:
            for at in range(len(data)):
                self._writer.write(data[at : at + 1])
                await self._writer.drain()
                await asyncio.sleep(_DRIP_S)
            return
        self._writer.write(data)
        await self._writer.drain()
        while self._port.manner is Manner.ENDLESS or b"Content-Length: 4294967296" in data:
            self._writer.write(_ENDLESS)
            await self._writer.drain()


def _md5(words: str) -> str:
    return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()


_contexts: dict[Certificate, ssl.SSLContext] = {}


def _context(certificate: Certificate) -> ssl.SSLContext:
    """One for each certificate: loading is what costs."""
    if certificate not in _contexts:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            pem = Path(folder) / "pem"
            pem.touch(mode=0o600)
            pem.write_text(certificate.certificate_pem + certificate.key_pem, encoding="ascii")
            context.load_cert_chain(pem)
        _contexts[certificate] = context
    return _contexts[certificate]
