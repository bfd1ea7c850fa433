"""Lines of logs: connection tracking, firewalls, and name servers. Each parser looks first whose
the source is, and at nothing else where that is no camera."""

import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from watchglass.base.clock import NS_PER_S
from watchglass.cameras.egress.gather import Gatherer, Record
from watchglass.cameras.egress.watched import clean_address
from watchglass.model.egress import EgressSource

MOST_LINE_BYTES = 8192
_MOST_OPEN = 50_000
_DAY_NS = 86_400 * NS_PER_S
_EPOCH = re.compile(r"\[(\d{10,11})(?:\.(\d{1,9}))?\]")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?(?=\s|$)")
_SYSLOG = re.compile(
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)"
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

_CT_SRC = re.compile(r"\bsrc=(\S{2,45})")
_CT = re.compile(
    r"\bsrc=\S+ dst=(?P<dst>\S+)(?: sport=(?P<sport>\d+) dport=(?P<dport>\d+))?"
    r"(?: type=\d+ code=\d+ id=\d+)?(?: packets=(?P<packets>\d+) bytes=(?P<bytes>\d+))?"
)
_CT_BACK = re.compile(r"\bpackets=\d+ bytes=(\d+)")
_CT_PROTOCOL = re.compile(r"\b(tcp|udp|udplite|icmp|icmpv6|sctp|dccp|gre)\b|\bunknown\b")
_CT_EVENT = re.compile(r"\[(NEW|UPDATE|DESTROY)\]")

_NF_SRC = re.compile(r"\bSRC=(\S{2,45})")
_NF_FIELD = re.compile(r"\b(DST|LEN|PROTO|DPT|MAC)=(\S*)")
_REFUSES = re.compile(r"drop|den(y|ied)|block|reject|refus|egress", re.IGNORECASE)

_FILTERLOG = re.compile(r"\bfilterlog(?:\[\d+\])?:? (?:\d+ - - |- )?(\S+)$")
_MIKROTIK = re.compile(
    r"\b(?:forward|input|output|prerouting|postrouting): .*?proto ([A-Z0-9-]+)(?: \([^)]*\))?, "
    r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+)(?::\d+)?->"
)
_MIKROTIK_PEER = re.compile(r"->(\[[0-9A-Fa-f:.]+\]|[0-9.]+)(?::(\d+))?")
_LENGTH = re.compile(r"\blen (\d+)")

_DNSMASQ = re.compile(r"\bdnsmasq(?:\[\d+\])?: (?:\d+ \S+/\d+ )?")
_QUERY = re.compile(r"query\[[^\]]+\] (\S+) from (\S+)")
_ANSWER = re.compile(
    r"(?:reply|cached|cached-stale|config|/\S+|gravity blocked|exactly blacklisted|"
    r"regex blacklisted|exactly denied|regex denied|blocked upstream)(?: domain)? "
    r"(\S+) is (<CNAME>|\S+)"
)
_BLOCKS = re.compile(r"(?:gravity|exactly|regex) (?:blocked|blacklisted|denied)")
_UNBOUND = re.compile(
    r"\bunbound(?:\[\d+:\d+\])?:? (?:\[\d+:\d+\] )?(?:info|query|reply): (\S+) (\S+)\. "
    r"([A-Z0-9]+) IN(?: ([A-Z]+))?"
)


class LineReader:
    """Reads lines of any of these forms, mixed as a log server keeps them."""

    def __init__(self, into: Gatherer, now_ns: int) -> None:
        self._into = into
        self._now_ns = now_ns
        self._open: OrderedDict[str, None] = OrderedDict()
        self._chain = ""
        self._pending: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._forms: tuple[tuple[str, Callable[[str], None]], ...] = (
            ("SRC=", self._netfilter), ("src=", self._conntrack), ("filterlog", self._filterlog),
            ("dnsmasq", self._dnsmasq), ("unbound", self._unbound), ("->", self._mikrotik),
        )  # fmt: skip

    def read(self, line: bytes) -> None:
        """One line, without its end."""
        text = line[:MOST_LINE_BYTES].decode("utf-8", "replace").strip()
        if not text:
            return
        for mark, form in self._forms:
            if mark in text:
                form(text)
                return
        self._into.unknown += 1

    def _sender(self, text: str, source: str) -> tuple[int, str, str] | None:
        """When the line was written, the camera's MAC, and its address; None for what no camera
        sent, of which nothing else is looked at."""
        at_ns, address = time_of(text, self._now_ns), clean_address(source)
        mac = self._into.camera(address, at_ns)
        return (at_ns, mac, address) if mac else None

    def _conntrack(self, text: str) -> None:
        source = _CT_SRC.search(text)
        if source is None:
            self._into.unknown += 1
            return
        sender = self._sender(text, source[1])
        if sender is None:
            return
        found = _CT.search(text)
        protocol = _CT_PROTOCOL.search(text)
        if found is None or protocol is None:
            self._into.unknown += 1
            return
        event = _CT_EVENT.search(text)
        back = _CT_BACK.search(text, found.end())
        flow = found[0].partition(" packets=")[0]
        known = flow in self._open
        if event is not None and event[1] == "UPDATE":
            return
        if event is not None and event[1] == "DESTROY":
            self._open.pop(flow, None)
        elif event is not None:
            self._open[flow] = None
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
        self._into.add(Record(
            *sender, found["dst"], int(found["dport"] or 0), protocol[1] or "other",
            EgressSource.CONNTRACK, sent=int(found["bytes"] or 0),
            received=int(back[1]) if back is not None else 0,
            times=0 if known else 1,
        ))  # fmt: skip

    def _netfilter(self, text: str) -> None:
        source = _NF_SRC.search(text)
        if source is None:
            self._into.unknown += 1
            return
        sender = self._sender(text, source[1])
        if sender is None:
            return
        fields = dict(_NF_FIELD.findall(text))
        prefix = text[: text.find("IN=")] if "IN=" in text else ""
        self._into.add(Record(
            *sender, fields.get("DST", ""), _number(fields.get("DPT", "")),
            fields.get("PROTO", "other"), EgressSource.FIREWALL,
            sent=_number(fields.get("LEN", "")), refused=_REFUSES.search(prefix) is not None,
        ))  # fmt: skip

    def _filterlog(self, text: str) -> None:
        found = _FILTERLOG.search(text)
        cells = found[1].split(",") if found is not None else []
        at = {"4": 18, "6": 15}.get(cells[8] if len(cells) > 8 else "", 0)
        if not at or len(cells) < at + 2:
            self._into.unknown += 1
            return
        sender = self._sender(text, cells[at])
        if sender is None:
            return
        ports = len(cells) > at + 3
        self._into.add(Record(
            *sender, cells[at + 1], _number(cells[at + 3]) if ports else 0,
            cells[16] if at == 18 else cells[12], EgressSource.FIREWALL,
            sent=_number(cells[at - 1]), refused=cells[6] in ("block", "reject"),
        ))  # fmt: skip

    def _mikrotik(self, text: str) -> None:
        found = _MIKROTIK.search(text)
        if found is None:
            self._into.unknown += 1
            return
        sender = self._sender(text, found[2])
        if sender is None:
            return
        peer, length = _MIKROTIK_PEER.search(text), _LENGTH.search(text)
        if peer is None:
            self._into.unknown += 1
            return
        self._into.add(Record(
            *sender, peer[1], _number(peer[2] or ""), found[1],
            EgressSource.FIREWALL, sent=_number(length[1]) if length is not None else 0,
            refused=_REFUSES.search(text[: found.start()]) is not None,
        ))  # fmt: skip

    def _dnsmasq(self, text: str) -> None:
        """Of answers only those are read whose name a camera asked for."""
        head = _DNSMASQ.search(text)
        rest = text[head.end() :] if head is not None else ""
        query = _QUERY.match(rest)
        if query is not None:
            self._chain = ""
            sender = self._sender(text, query[2])
            if sender is not None:
                at_ns, mac, address = sender
                self._into.asked(mac, address, query[1], at_ns, EgressSource.DNS)
            return
        answer = _ANSWER.match(rest)
        if answer is None:
            self._chain = ""
            self._into.others += 1  # forwarded, DHCP, and what else it says: nobody's contact
            return
        if self._into.was_asked(answer[1]):
            self._chain = answer[1]
        elif not self._chain:
            self._into.others += 1
            return
        if _BLOCKS.match(rest):
            self._into.blocked(self._chain, EgressSource.DNS)
        elif answer[2] != "<CNAME>":
            self._into.answered(self._chain, answer[2])

    def _unbound(self, text: str) -> None:
        found = _UNBOUND.search(text)
        if found is None:
            self._into.unknown += 1
            return
        sender = self._sender(text, found[1])
        if sender is None:
            return
        at_ns, mac, address = sender
        asked = (address, found[2], found[3])
        if found[4] and asked in self._pending:
            self._pending.pop(asked)
            return
        if not found[4]:
            self._pending[asked] = None
            if len(self._pending) > _MOST_OPEN:
                self._pending.popitem(last=False)
        self._into.asked(mac, address, found[2], at_ns, EgressSource.DNS)


def time_of(text: str, now_ns: int) -> int:
    """When a line was written; now where it does not say. A syslog line names no year and no
    zone: it is the latest such moment that is not after tomorrow, by this machine's zone."""
    head = text[:80]
    if found := _EPOCH.search(head):
        return int(found[1]) * NS_PER_S + int((found[2] or "0").ljust(9, "0"))
    try:
        if found := _ISO.search(head):
            moment = datetime.fromisoformat(found[0].replace(",", "."))
            return int(moment.astimezone().timestamp() * 1_000_000) * 1000
        if found := _SYSLOG.search(head):
            return _recent(found, now_ns)
    except (ValueError, OverflowError, OSError):
        pass  # a day that there is not
    return now_ns


def _recent(found: "re.Match[str]", now_ns: int) -> int:
    year = datetime.fromtimestamp((now_ns + _DAY_NS) // NS_PER_S).astimezone().year
    month, day = _MONTHS.index(found[1]) + 1, int(found[2])
    hour, minute, second = int(found[3]), int(found[4]), int(found[5])
    for back in range(5):  # 29 February may lie four years back
        try:
            local = datetime(year - back, month, day, hour, minute, min(second, 59)).astimezone()
        except ValueError:
            continue
        at_ns = int(local.timestamp()) * NS_PER_S
        if at_ns <= now_ns + _DAY_NS:
            return at_ns
    return now_ns


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
