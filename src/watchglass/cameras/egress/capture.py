"""Captures: pcap and pcapng files, as far down as addresses, ports, sizes, and names asked for.

Nothing of what a packet carries is looked at but the questions that cameras ask name servers, and
the answers to those.
"""

import ipaddress
import struct
from collections import OrderedDict
from collections.abc import Iterator

from watchglass.base.clock import NS_PER_S
from watchglass.cameras.egress.gather import Gatherer, Record
from watchglass.cameras.egress.watched import clean_address, is_reply
from watchglass.model.egress import EgressSource

MOST_PACKET_BYTES = 1 << 18
_MOST_OPEN = 50_000
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1), b"\xa1\xb2\x3c\x4d": (">", 1),
}  # fmt: skip
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_ETHERNET, _RAW, _LINUX, _LINUX2, _NULL = 1, (12, 14, 101), 113, 276, 0
_VLANS = (0x8100, 0x88A8, 0x9100)
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}
_EXTENSIONS = (0, 43, 60)


class NoCaptureError(ValueError):
    """A capture that cannot be read further; the text says why."""


def is_capture(head: bytes) -> bool:
    return head[:4] in _PCAP or head[:4] == _PCAPNG


class CaptureReader:
    """Takes a capture as it comes, in pieces of any size."""

    def __init__(self, into: Gatherer) -> None:
        self._packets = PacketReader(into)
        self._left = bytearray()
        self._form: tuple[str, int, int] | None = None  # pcap: order, ns per tick, link
        self._order = ""  # pcapng
        self._links: list[tuple[int, int]] = []  # of each interface: link, ticks a second

    def feed(self, data: bytes) -> None:
        """NoCaptureError where nothing after this can be read."""
        self._left += data
        at = 0
        while True:
            used = self._pcap(at) if self._is_pcap() else self._block(at)
            if not used:
                break
            at += used
        del self._left[:at]

    def _is_pcap(self) -> bool:
        return self._form is not None or (not self._order and bytes(self._left[:4]) in _PCAP)

    def _pcap(self, at: int) -> int:
        if self._form is None:
            if len(self._left) < 24:
                return 0
            order, tick = _PCAP[bytes(self._left[:4])]
            self._form = order, tick, struct.unpack_from(f"{order}I", self._left, 20)[0] & 0xFFFF
            return 24
        order, tick, link = self._form
        if len(self._left) < at + 16:
            return 0
        seconds, ticks, held, length = struct.unpack_from(f"{order}IIII", self._left, at)
        if held > MOST_PACKET_BYTES:
            raise NoCaptureError("a packet is longer than any is")
        if len(self._left) < at + 16 + held:
            return 0
        data = bytes(self._left[at + 16 : at + 16 + held])
        self._packets.read(data, link, seconds * NS_PER_S + ticks * tick, length)
        return 16 + int(held)

    def _block(self, at: int) -> int:
        if len(self._left) < at + 12:
            return 0
        if bytes(self._left[at : at + 4]) == _PCAPNG:
            mark = bytes(self._left[at + 8 : at + 12])
            self._order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(mark, "")
            self._links = []
        if not self._order:
            raise NoCaptureError("it is no capture")
        kind, length = struct.unpack_from(f"{self._order}II", self._left, at)
        if length < 12 or length % 4 or length > MOST_PACKET_BYTES + 1024:
            raise NoCaptureError("a block has no possible length")
        if len(self._left) < at + length:
            return 0
        body = bytes(self._left[at + 8 : at + length - 4])
        try:
            if kind == 1:
                link = struct.unpack_from(f"{self._order}H", body)[0]
                self._links.append((link, self._ticks(body[8:])))
            elif kind == 6:
                self._enhanced(body)
        except struct.error:
            raise NoCaptureError("a block is cut off") from None
        return int(length)

    def _enhanced(self, body: bytes) -> None:
        number, high, low, held, length = struct.unpack_from(f"{self._order}IIIII", body)
        if number >= len(self._links) or held > len(body) - 20:
            raise NoCaptureError("a packet is of no interface")
        link, ticks = self._links[number]
        at_ns = ((high << 32) | low) * NS_PER_S // ticks
        self._packets.read(body[20 : 20 + held], link, at_ns, length)

    def _ticks(self, options: bytes) -> int:
        """Ticks a second of an interface: microseconds unless it says otherwise."""
        at = 0
        while at + 4 <= len(options):
            kind, length = struct.unpack_from(f"{self._order}HH", options, at)
            if kind == 0:
                break
            if kind == 9 and length == 1 and at + 4 < len(options):
                value = options[at + 4]
                return 1 << min(value & 0x7F, 63) if value & 0x80 else 10 ** min(value, 18)
            at += 4 + length + -length % 4
        return 1_000_000


class PacketReader:
    """Reads packets as a link carries them."""

    def __init__(self, into: Gatherer) -> None:
        self._into = into
        self._open: OrderedDict[tuple[str, str, int, int, int], None] = OrderedDict()
        self._asking: OrderedDict[tuple[str, int, int], tuple[str, str]] = OrderedDict()

    def read(self, data: bytes, link: int, at_ns: int, length: int) -> None:
        """``length``: of the packet on the wire; less of it may have been kept."""
        try:
            version, at = _network(data, link)
            if version == 4:
                self._four(data, at, at_ns, length)
            elif version == 6:
                self._six(data, at, at_ns, length)
            else:
                self._into.others += 1  # ARP and what else is no talk
        except (struct.error, IndexError, ValueError):
            self._into.unknown += 1

    def _four(self, data: bytes, at: int, at_ns: int, length: int) -> None:
        source = str(ipaddress.IPv4Address(data[at + 12 : at + 16]))
        header = (data[at] & 15) * 4
        later_part = (data[at + 6] & 0x1F) << 8 | data[at + 7]
        self._talk(data, at + header, data[at + 9], source, data[at + 16 : at + 20], at_ns, length,
                   whole=not later_part)  # fmt: skip

    def _six(self, data: bytes, at: int, at_ns: int, length: int) -> None:
        source = clean_address(str(ipaddress.IPv6Address(data[at + 8 : at + 24])))
        peer, kind, body = data[at + 24 : at + 40], data[at + 6], at + 40
        for _ in range(8):
            if kind not in _EXTENSIONS:
                break
            kind, body = data[body], body + (data[body + 1] + 1) * 8
        self._talk(data, body, kind, source, peer, at_ns, length, whole=kind != 44)

    def _talk(
        self, data: bytes, at: int, kind: int, source: str, to: bytes, at_ns: int, length: int, *,
        whole: bool,
    ) -> None:  # fmt: skip
        mac = self._into.watched.camera(source, at_ns)
        if not mac:
            self._answer(data, at, kind, to, at_ns)
            return
        peer = str(ipaddress.ip_address(to))
        ports = whole and kind in (6, 17, 132)
        port_from, port = struct.unpack_from(">HH", data, at) if ports else (0, 0)
        accepts = ports and kind == 6 and data[at + 13] & 0x12 == 0x12
        if accepts or is_reply(port_from, port):
            # It answers from the port that it serves: somebody else began this.
            self._into.others += 1
            return
        flow = (source, peer, kind, port_from, port)
        times = 0 if flow in self._open else 1
        self._open[flow] = None
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        self._into.add(Record(
            at_ns, mac, source, peer, port, _PROTOCOLS.get(kind, str(kind)), EgressSource.CAPTURE,
            sent=length, times=times,
        ))  # fmt: skip
        if kind == 17 and port == 53:
            self._question(data[at + 8 :], mac, source, port_from, at_ns)

    def _question(self, data: bytes, mac: str, address: str, port: int, at_ns: int) -> None:
        names = _asked(data)
        if names is None:
            return
        number, name = names
        self._into.asked(mac, address, name, at_ns, EgressSource.CAPTURE)
        self._asking[address, port, number] = mac, name
        if len(self._asking) > _MOST_OPEN:
            self._asking.popitem(last=False)

    def _answer(self, data: bytes, at: int, kind: int, to: bytes, at_ns: int) -> None:
        """What others send is nobody's business here, but for answers to a camera's question."""
        self._into.others += 1
        if kind != 17 or not self._asking or len(data) < at + 20:
            return
        port_from, port = struct.unpack_from(">HH", data, at)
        if port_from != 53:
            return
        number = struct.unpack_from(">H", data, at + 8)[0]
        asked = self._asking.pop((str(ipaddress.ip_address(to)), port, number), None)
        if asked is None:
            return
        mac, name = asked
        for address in _addresses(data[at + 8 :]):
            self._into.named(mac, address, name, at_ns)


def _network(data: bytes, link: int) -> tuple[int, int]:
    """Version and place of the IP packet; version 0 for another protocol."""
    if link in _RAW:
        return data[0] >> 4, 0
    if link == _NULL:
        return data[4] >> 4, 4
    if link not in (_ETHERNET, _LINUX, _LINUX2):
        raise ValueError("a link of another kind")
    at = {_ETHERNET: 12, _LINUX: 14, _LINUX2: 0}[link]
    kind = struct.unpack_from(">H", data, at)[0]
    at = 20 if link == _LINUX2 else at + 2
    for _ in range(4):
        if kind not in _VLANS:
            break
        kind = struct.unpack_from(">H", data, at + 2)[0]
        at += 4
    return {0x0800: 4, 0x86DD: 6}.get(kind, 0), at


def _asked(data: bytes) -> tuple[int, str] | None:
    """Number and name of a question; None for what is none, or is cut off."""
    try:
        number, flags, questions = struct.unpack_from(">HHH", data)
        if flags & 0x8000 or questions < 1:
            return None
        name, _ = _name(data, 12)
    except (struct.error, IndexError, ValueError):
        return None
    return number, name


def _addresses(data: bytes) -> Iterator[str]:
    """All addresses in the answers of a DNS message, as far as they can be read."""
    try:
        _, flags, questions, answers = struct.unpack_from(">HHHH", data)
        if not flags & 0x8000 or questions > 4:
            return
        at = 12
        for _ in range(questions):
            at = _name(data, at)[1] + 4
        for _ in range(min(answers, 64)):
            at = _name(data, at)[1]
            kind, _, _, length = struct.unpack_from(">HHIH", data, at)
            at += 10
            if at + length > len(data):
                return
            if (kind, length) in ((1, 4), (28, 16)):
                yield clean_address(str(ipaddress.ip_address(data[at : at + length])))
            at += length
    except (struct.error, IndexError, ValueError):
        return


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name, and where what follows it begins. ValueError for one that goes round in circles."""
    labels: list[str] = []
    end = -1
    for _ in range(128):
        length = data[at]
        if length >= 0xC0:
            end = at + 2 if end < 0 else end
            at = (length & 0x3F) << 8 | data[at + 1]
        elif length >= 0x40:
            raise ValueError("no label")
        elif length == 0:
            return ".".join(labels), at + 1 if end < 0 else end
        else:
            labels.append(data[at + 1 : at + 1 + length].decode("ascii", "replace"))
            at += 1 + length
    raise ValueError("a name without an end")
