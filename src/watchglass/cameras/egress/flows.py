"""NetFlow 5 and 9, and IPFIX: what routers export of connections (RFC 3954, RFC 7011).

Sizes are checked before anything is taken, templates are bounded, and of a record only the source
is looked at until it is known to be a camera's.
"""

import ipaddress
import struct
from collections import OrderedDict
from dataclasses import dataclass

from watchglass.base.clock import NS_PER_S
from watchglass.cameras.egress.gather import Gatherer, Record
from watchglass.cameras.egress.watched import clean_address, is_reply
from watchglass.model.egress import EgressSource

_MOST_TEMPLATES = 4096
_MOST_FIELDS = 256
_NS_PER_MS = 1_000_000
_VARIABLE = 0xFFFF
# Numbers of fields, the same in NetFlow 9 and IPFIX.
_BYTES, _PROTOCOL, _SOURCE_PORT, _SOURCE, _PORT, _PEER = 1, 4, 7, 8, 11, 12
_LAST_UPTIME, _SOURCE6, _PEER6 = 21, 27, 28
_END_S, _END_MS, _TOTAL_BYTES, _SYSTEM_START_MS = 151, 153, 85, 160
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}
_WANTED = frozenset({
    _BYTES, _PROTOCOL, _SOURCE_PORT, _SOURCE, _PORT, _PEER, _LAST_UPTIME, _SOURCE6, _PEER6, _END_S,
    _END_MS, _TOTAL_BYTES, _SYSTEM_START_MS,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Template:
    """Fields as (number, length); number -1 for one of a maker's own. ``least``: bytes."""

    fields: tuple[tuple[int, int], ...]
    least: int


@dataclass(frozen=True, slots=True)
class _Clock:
    """What times in a datagram mean. ``uptime_ms``: the exporter's then, modulo 2^32; None where
    it is not told."""

    export_ns: int
    uptime_ms: int | None = None

    def at_ns(self, uptime_ms: int) -> int:
        """When the exporter's uptime was that: it wraps, and lies before the export."""
        if self.uptime_ms is None:
            return self.export_ns
        return self.export_ns - ((self.uptime_ms - uptime_ms) & 0xFFFFFFFF) * _NS_PER_MS


class FlowReader:
    """Reads datagrams; templates are kept for each exporter and domain."""

    def __init__(self, into: Gatherer) -> None:
        self._into = into
        self._templates: OrderedDict[tuple[str, int, int], _Template] = OrderedDict()

    def read(self, datagram: bytes, exporter: str = "") -> None:
        """One datagram; what is none of these, or is broken, counts as unknown."""
        try:
            version = struct.unpack_from(">H", datagram)[0]
            if version == 5:
                self._five(datagram)
            elif version == 9:
                self._nine(datagram, exporter)
            elif version == 10:
                self._ipfix(datagram, exporter)
            else:
                self._into.unknown += 1
        except (struct.error, ValueError, IndexError):
            self._into.unknown += 1

    def _five(self, data: bytes) -> None:
        _, count, uptime, seconds, nanos = struct.unpack_from(">HHIII", data)
        clock = _Clock(seconds * NS_PER_S + nanos, uptime)
        for at in range(24, 24 + 48 * min(count, 30), 48):
            source, peer, _, _, _, _, size, _, last, port_from, port, _, _, protocol = (
                struct.unpack_from(">IIIHHIIIIHHBBB", data, at)
            )
            at_ns = clock.at_ns(last)
            address = str(ipaddress.IPv4Address(source))
            mac = self._into.camera(address, at_ns)
            if mac and not is_reply(port_from, port):
                self._into.add(Record(
                    at_ns, mac, address, str(ipaddress.IPv4Address(peer)), port,
                    _PROTOCOLS.get(protocol, str(protocol)), EgressSource.FLOW, sent=size,
                ))  # fmt: skip

    def _nine(self, data: bytes, exporter: str) -> None:
        _, _, uptime, seconds, _, domain = struct.unpack_from(">HHIIII", data)
        clock = _Clock(seconds * NS_PER_S, uptime)
        self._sets(data, 20, (exporter, domain), clock, templates=(0, 1), makers=False)

    def _ipfix(self, data: bytes, exporter: str) -> None:
        _, length, seconds, _, domain = struct.unpack_from(">HHIII", data)
        if length > len(data):
            raise ValueError("cut off")
        clock = _Clock(seconds * NS_PER_S)
        self._sets(data[:length], 16, (exporter, domain), clock, templates=(2, 3), makers=True)

    def _sets(
        self, data: bytes, at: int, domain: tuple[str, int], clock: _Clock, *,
        templates: tuple[int, int], makers: bool,
    ) -> None:  # fmt: skip
        while at + 4 <= len(data):
            number, length = struct.unpack_from(">HH", data, at)
            if length < 4 or at + length > len(data):
                raise ValueError("a set that is cut off")
            body = data[at + 4 : at + length]
            if number == templates[0]:
                self._learn(body, domain, makers=makers)
            elif number >= 256:
                template = self._templates.get((*domain, number))
                if template is None:
                    self._into.unknown += 1
                else:
                    self._records(body, template, clock)
            at += length

    def _learn(self, body: bytes, domain: tuple[str, int], *, makers: bool) -> None:
        at = 0
        while at + 4 <= len(body):
            number, count = struct.unpack_from(">HH", body, at)
            at += 4
            if number < 256 or count > _MOST_FIELDS:
                return  # padding, or nonsense
            fields = []
            for _ in range(count):
                kind, length = struct.unpack_from(">HH", body, at)
                at += 4
                if makers and kind & 0x8000:
                    at += 4
                    kind = -1
                fields.append((kind, length))
            if not fields:
                self._templates.pop((*domain, number), None)
                continue
            least = sum(1 if length == _VARIABLE else length for _, length in fields)
            self._templates[(*domain, number)] = _Template(tuple(fields), least)
            self._templates.move_to_end((*domain, number))
            if len(self._templates) > _MOST_TEMPLATES:
                self._templates.popitem(last=False)

    def _records(self, body: bytes, template: _Template, clock: _Clock) -> None:
        at = 0
        while template.least and at + template.least <= len(body):
            found: dict[int, bytes] = {}
            for kind, length in template.fields:
                if length == _VARIABLE:
                    length = body[at]
                    at += 1
                    if length == 0xFF:
                        length = struct.unpack_from(">H", body, at)[0]
                        at += 2
                if at + length > len(body):
                    raise ValueError("a record that is cut off")
                if kind in _WANTED:
                    found[kind] = body[at : at + length]
                at += length
            self._record(found, clock)

    def _record(self, found: dict[int, bytes], clock: _Clock) -> None:
        source = found.get(_SOURCE) or found.get(_SOURCE6)
        peer = found.get(_PEER) or found.get(_PEER6)
        if source is None or peer is None:
            # Options and counters of the exporter itself.
            self._into.others += 1
            return
        at_ns = self._at_ns(found, clock)
        address = clean_address(_address(source))
        mac = self._into.camera(address, at_ns)
        if mac and not is_reply(_number(found, _SOURCE_PORT), _number(found, _PORT)):
            protocol = _number(found, _PROTOCOL)
            self._into.add(Record(
                at_ns, mac, address, _address(peer), _number(found, _PORT),
                _PROTOCOLS.get(protocol, str(protocol)), EgressSource.FLOW,
                sent=_number(found, _BYTES) or _number(found, _TOTAL_BYTES),
            ))  # fmt: skip

    def _at_ns(self, found: dict[int, bytes], clock: _Clock) -> int:
        if _END_MS in found:
            return _number(found, _END_MS) * _NS_PER_MS
        if _END_S in found:
            return _number(found, _END_S) * NS_PER_S
        if _LAST_UPTIME in found:
            started_ns = _number(found, _SYSTEM_START_MS) * _NS_PER_MS
            last_ms = _number(found, _LAST_UPTIME)
            return started_ns + last_ms * _NS_PER_MS if started_ns else clock.at_ns(last_ms)
        return clock.export_ns


def _number(found: dict[int, bytes], kind: int) -> int:
    return int.from_bytes(found.get(kind, b"")[:8], "big")


def _address(data: bytes) -> str:
    return str(ipaddress.ip_address(data))  # ValueError for another length
