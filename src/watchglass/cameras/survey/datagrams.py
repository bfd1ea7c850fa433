"""Asks everybody on a wire at once, and hears who answers. Bounded by device and as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from typing import Any, Callable, Dict, FrozenSet, List, Tuple

from . import answers_cameras, answers_makers, answers_standard
from .pace import Pace
from .questions import MDNS_SERVICES, Datagram, datagrams
from .seen import Fact, Facts
from .targets import interface_of

MOST_ANSWERS_OF_ADDRESS = 4
_MOST_ANSWERS = 100_000
_TIMES = 2
"""Each question is asked twice: a datagram may be lost, and is then not sent again."""

Reader = Callable[[bytes], Facts]
Heard = Callable[[str, Datagram, Facts, bytes], None]

_ROWS_OF_MDNS = dict(zip(MDNS_SERVICES, ("axis-mdns", "arecont-mdns")))
READERS: Dict[str, Reader] = {
    "sadp": answers_cameras.sadp,
    "dhip": answers_cameras.dhip,
    "dahua-old": answers_cameras.dahua_old,
    "wsd": answers_standard.ws_discovery,
    "ssdp": answers_standard.ssdp,
    "axis-mdns": lambda data: answers_standard.mdns(data, _ROWS_OF_MDNS),
    "hanwha-udp": answers_makers.hanwha,
    "bosch-udp": answers_makers.bosch,
    "panasonic-udp": answers_makers.i_pro,
    "sony-udp": answers_makers.sony,
    "vivotek-udp": answers_makers.vivotek,
    "ubnt-udp": answers_makers.ubiquiti,
}


class Discovery:
    """Discovery on one wire, from one address of ours."""

    def __init__(self, own_address: str, pace: Pace, heard: Heard, sources: FrozenSet[str]) -> None:
        self._own = own_address
        self._pace = pace
        self._heard = heard
        self._sources = sources
        self._counts: Dict[Tuple[str, str], int] = {}
        self._told: Dict[Tuple[str, str], List[Tuple[Facts, bytes]]] = {}
        self._answers = 0
        self.unheard: List[str] = []
        """Protocols for which no socket could be had: another program holds their port."""

    async def run(self, listen_s: float) -> None:
        """Ask, and listen for so long after the last question."""
        open_: List[Tuple[Datagram, asyncio.DatagramTransport]] = []
        try:
            for question in datagrams():
                if question.source in self._sources:
                    await self._listen(question, open_)
            for _ in range(_TIMES):
                for question, transport in open_:
                    await self._pace.turn()
                    to = question.group or "255.255.255.255"
                    try:
                        transport.sendto(question.data, (to, question.port))
                    except OSError:
                        self.unheard.append(question.row)
                await asyncio.sleep(listen_s / _TIMES)
        finally:
            for _, transport in open_:
                transport.abort()
            self._tell()

    async def _listen(
        self, question: Datagram, open_: "List[Tuple[Datagram, asyncio.DatagramTransport]]"
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            ear = _socket(question, self._own)
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Ear(question, self._take), sock=ear
            )
        except OSError:
            self.unheard.append(question.row)
            return
        open_.append((question, transport))

    def _take(self, question: Datagram, data: bytes, address: str) -> None:
        key = (address, question.row)
        count = self._counts.get(key, 0) + 1
        self._answers += 1
        if count > MOST_ANSWERS_OF_ADDRESS or self._answers > _MOST_ANSWERS or address == self._own:
            return
        self._counts[key] = count
        if not ipaddress.IPv4Address(address).is_private:
            return
        found = READERS[question.row](data)
        told = self._told.setdefault(key, [])
        # It was asked twice, and says the same twice.
        if found and all(found != each for each, _ in told):
            told.append((found, data))

    def _tell(self) -> None:
        """Pass on who answered what; of one that says it is many, only that it does."""
        rows = {question.row: question for question in datagrams()}
        for (address, row), told in self._told.items():
            question = rows[row]
            if _is_many([found for found, _ in told]):
                words = "%d different devices in answers to %s" % (len(told), row)
                self._heard(address, question, [Fact("status", words)], b"")
                continue
            for found, data in told:
                self._heard(address, question, found, data)


def _is_many(told: List[Facts]) -> bool:
    """Whether answers from one address name different devices: none of them is then believed."""
    return any(
        len({fact.value for found in told for fact in found if fact.signal == signal}) > 1
        for signal in ("serial", "mac", "uuid")
    )


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, question: Datagram, take: "Callable[[Datagram, bytes, str], None]") -> None:
        self._question = question
        self._take = take

    def datagram_received(self, data: bytes, addr: "Tuple[Any, ...]") -> None:
        self._take(self._question, data, addr[0])

    def error_received(self, exc: Exception) -> None:
        pass  # an ICMP message about another host's port


def _socket(question: Datagram, own: str) -> socket.socket:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
        _bind_interface(ear, own)
        ear.bind(("", question.listen))
        if question.joins:
            wish = socket.inet_aton(question.group) + socket.inet_aton(own)
            ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, wish)
        ear.setblocking(False)
    except OSError:
        ear.close()
        raise
    return ear


_SO_BINDTODEVICE = getattr(socket, "SO_BINDTODEVICE", None)


def _bind_interface(ear: socket.socket, own: str) -> None:
    """Broadcasts leave by the wire that was named; where the system cannot say so, by its first."""
    name = interface_of(own).name
    if _SO_BINDTODEVICE is not None and name:
        # Kernels before 5.7 keep this for root; groups are asked on the right wire all the same.
        with contextlib.suppress(PermissionError):
            ear.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, name.encode() + b"\0")
