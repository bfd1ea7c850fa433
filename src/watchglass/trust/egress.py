"""Egress judged: whom a camera talked to, against what it needs and what is known of clouds."""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import msgspec

from watchglass.model.egress import EgressSource, Needs, PeerContact, PeerName
from watchglass.trust.fact import PhoneHome
from watchglass.trust.facts import Facts

_CLOCK_PORT = 123
_RESOLVER_PORTS = frozenset({53, 853})
_GROUPS = ("224.0.0.0/4", "255.255.255.255/32", "ff00::/8")


class PeerKind(StrEnum):
    """What a peer is, the worst first."""

    CLOUD = "cloud"
    """A maker's cloud or relay."""
    INTERNET = "internet"
    """Anybody else outside."""
    RESOLVER = "resolver"
    CLOCK = "clock"
    LOCAL = "local"
    """In a private network, and not what was stated as needed."""
    NEEDED = "needed"
    GROUP = "group"
    """Everybody on the wire: discovery."""


OUTSIDE = frozenset({PeerKind.CLOUD, PeerKind.INTERNET, PeerKind.RESOLVER, PeerKind.CLOCK})
_ORDER = {kind: at for at, kind in enumerate(PeerKind)}


@dataclass(frozen=True, slots=True)
class Talk:
    """A camera and one peer, by all records. Bytes are those of the record that tells most: two
    firewalls on one way count the same packets. ``words`` say what the peer is."""

    kind: PeerKind
    peers: tuple[str, ...]
    name: str
    port: int
    protocol: str
    words: str
    breaks: str
    backing: str
    sent_bytes: int
    received_bytes: int
    times: int
    refused: int
    first_ns: int
    last_ns: int
    sources: tuple[EgressSource, ...]

    @property
    def let_through(self) -> bool:
        return self.refused < self.times or self.received_bytes > 0

    @property
    def shown(self) -> str:
        return self.name or next(iter(self.peers), "")


class EgressJudge:
    """Judges contacts by facts and needs."""

    def __init__(self, facts: Facts, needs: Needs, names: Iterable[PeerName]) -> None:
        self._facts = facts
        self._patterns = tuple((_pattern(each.host), each) for each in facts.phone_homes)
        self._needs = needs
        self._named: dict[tuple[str, str], str] = {}
        anybody: dict[str, set[str]] = defaultdict(set)
        for each in sorted(names, key=lambda each: each.at_ns):
            self._named[each.mac, each.peer] = each.name
            anybody[each.peer].add(each.name)
        # What one camera was told under one name alone is that for another too.
        self._anybody = {peer: next(iter(found)) for peer, found in anybody.items()
                         if len(found) == 1}  # fmt: skip

    def talks(self, contacts: Iterable[PeerContact]) -> tuple[Talk, ...]:
        """All of one device, the worst first, then the most."""
        grouped: dict[tuple[str, int, str], list[PeerContact]] = defaultdict(list)
        for each in contacts:
            name = each.name or self._named.get((each.mac, each.peer), "") or self._anybody.get(
                each.peer, ""
            )  # fmt: skip
            grouped[name or each.peer, each.port, each.protocol].append(
                each if each.name == name else _with_name(each, name)
            )
        # A name that was asked for and then talked to is said once.
        reached = {each.name for parts in grouped.values() for each in parts if each.peer}
        found = [
            self._talk(parts) for (_, _, protocol), parts in grouped.items()
            if protocol != "dns" or parts[0].name not in reached
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda each: (
            _ORDER[each.kind], -each.sent_bytes, -each.times, each.shown, each.port,
        )))  # fmt: skip

    def _talk(self, parts: Sequence[PeerContact]) -> Talk:
        one = parts[0]
        kind, words, home = self.judge(one.peer, one.name, one.port, one.protocol)
        by_source: dict[EgressSource, list[PeerContact]] = defaultdict(list)
        for each in parts:
            by_source[each.source].append(each)
        return Talk(
            kind=kind, peers=tuple(sorted({each.peer for each in parts if each.peer})),
            name=one.name, port=one.port, protocol=one.protocol, words=words,
            breaks=home.breaks if home is not None else "",
            backing=str(home.backing) if home is not None else "",
            sent_bytes=max(sum(e.sent_bytes for e in of) for of in by_source.values()),
            received_bytes=max(sum(e.received_bytes for e in of) for of in by_source.values()),
            times=max(sum(e.times for e in of) for of in by_source.values()),
            refused=max(sum(e.refused for e in of) for of in by_source.values()),
            first_ns=min(each.first_ns for each in parts),
            last_ns=max(each.last_ns for each in parts), sources=tuple(sorted(by_source)),
        )  # fmt: skip

    def judge(
        self, peer: str, name: str, port: int, protocol: str
    ) -> tuple[PeerKind, str, PhoneHome | None]:
        """What a peer is, in words, and the row that says so."""
        needed = self._needed(peer, port) if peer else ""
        if needed:
            return PeerKind.NEEDED, needed, None
        home = self.home(name) if name else None
        if home is not None and home.purpose == "time":
            return PeerKind.CLOCK, "a time server outside", home
        if home is not None:
            who = self._facts.maker_name(home.origin)
            return PeerKind.CLOUD, f"{who}: {home.words}", home
        kind, words = _unknown(peer, port, protocol)
        return kind, words, None

    def _needed(self, peer: str, port: int) -> str:
        """As what it is needed; empty where it is not."""
        if _is_among(peer, self._needs.recorders):
            return "its recorder"
        if port in _RESOLVER_PORTS and _is_among(peer, self._needs.resolvers):
            return "your name server"
        if port == _CLOCK_PORT and _is_among(peer, self._needs.clocks):
            return "your time server"
        return ""

    def home(self, name: str) -> PhoneHome | None:
        """The row of clouds that a name falls under."""
        return next((each for pattern, each in self._patterns if pattern.fullmatch(name)), None)


def egress_sentence(talks: Sequence[Talk], needs: Needs) -> str:
    """Whom a device talks to, in one sentence."""
    if not talks:
        return "No record of what it sent was taken in."
    outside = [each for each in talks if each.kind in OUTSIDE]
    clouds = [each for each in outside if each.kind is PeerKind.CLOUD]
    passed = [each for each in outside if each.let_through]
    if clouds:
        shown = ", ".join(dict.fromkeys(each.shown for each in clouds[:3]))
        reached = "It reached" if any(each.let_through for each in clouds) else "It tried to reach"
        if all(each.protocol == "dns" for each in clouds):
            reached = "It asked for"
        rest = len(outside) - len(clouds)
        more = f", and {rest} other peers outside" if rest > 1 else ""
        return (
            f"{reached} a maker's cloud ({shown}){more or (', and another peer outside' * rest)}."
        )
    if passed:
        one = len(passed) == 1
        return f"It talked to {'one peer' if one else f'{len(passed)} peers'} outside your network."
    if outside:
        return "It tried to leave your network, and nothing was let through."
    if not needs.recorders:
        return "It talked inside your network only; whom it needs is not stated."
    local = sum(each.kind is PeerKind.LOCAL for each in talks)
    if local:
        return f"It talked inside your network only, with {local} that it does not need."
    return "It talked only to what it needs."


def _unknown(peer: str, port: int, protocol: str) -> tuple[PeerKind, str]:
    """What can be said of a peer that no table names."""
    if peer and _is_among(peer, _GROUPS):
        return PeerKind.GROUP, "everybody on its wire"
    if peer and not ipaddress.ip_address(peer).is_global:
        return PeerKind.LOCAL, "a device in a private network"
    if protocol == "dns":
        return PeerKind.INTERNET, "a name that it asked for"
    if port in _RESOLVER_PORTS:
        return PeerKind.RESOLVER, "a name server outside"
    if port == _CLOCK_PORT:
        return PeerKind.CLOCK, "a time server outside"
    return PeerKind.INTERNET, "an address outside that no table of ours knows"


def _with_name(contact: PeerContact, name: str) -> PeerContact:
    return msgspec.structs.replace(contact, name=name)


def _pattern(host: str) -> "re.Pattern[str]":
    """``*.example.org`` is that host and all below it."""
    if host.startswith("*."):
        return re.compile(rf"(.+\.)?{re.escape(host[2:])}")
    return re.compile(re.escape(host).replace(r"\*", r"[^.]+"))


def _is_among(address: str, networks: Sequence[str]) -> bool:
    found = ipaddress.ip_address(address)
    return any(found.version == one.version and found in one for one in map(_network, networks))


@lru_cache(256)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)
