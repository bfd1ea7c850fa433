"""Gathers records of cameras into contacts, within bounds."""

from collections import OrderedDict
from dataclasses import dataclass

import msgspec

from watchglass.cameras.egress.watched import Watched, clean_address
from watchglass.model.egress import (
    MOST_NAME_CHARS,
    EgressRead,
    EgressSource,
    PeerContact,
    PeerName,
)
from watchglass.model.observation import bounded

MOST_CONTACTS = 50_000
MOST_NAMES = 50_000
_MOST_ASKED = 20_000
_MOST_BYTES = 1 << 62


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a camera. ``times`` 0: it only adds bytes to what was told before."""

    at_ns: int
    mac: str
    address: str
    peer: str
    port: int
    protocol: str
    source: EgressSource
    sent: int = 0
    received: int = 0
    times: int = 1
    refused: bool = False


class Gatherer:
    """Takes records of cameras; whoever calls has asked `watched` first."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.others = 0
        self.unknown = 0
        self._records = self._beyond = 0
        self._contacts: dict[tuple[str, str, str, int, str, str], PeerContact] = {}
        self._names: dict[tuple[str, str], PeerName] = {}
        self._asked: OrderedDict[str, dict[str, tuple[str, int]]] = OrderedDict()

    def camera(self, address: str, at_ns: int) -> str:
        """Whose it was; what is no camera's is counted, and that is all that is kept of it."""
        mac = self.watched.camera(address, at_ns)
        if not mac:
            self.others += 1
        return mac

    def add(self, record: Record) -> None:
        peer = clean_address(record.peer)
        if not peer:
            self.unknown += 1
            return
        self._put(PeerContact(
            mac=record.mac, address=record.address, peer=peer, name="",
            port=record.port if 0 <= record.port < 65_536 else 0,
            protocol=bounded(record.protocol.lower(), 8), source=record.source,
            sent_bytes=_count(record.sent), received_bytes=_count(record.received),
            times=record.times, refused=record.times if record.refused else 0,
            first_ns=record.at_ns, last_ns=record.at_ns,
        ))  # fmt: skip

    def asked(self, mac: str, address: str, name: str, at_ns: int, source: EgressSource) -> None:
        """A camera asked for a name."""
        name = clean_name(name)
        if not name:
            self.unknown += 1
            return
        self._put(PeerContact(
            mac=mac, address=address, peer="", name=name, port=53, protocol="dns", source=source,
            sent_bytes=0, received_bytes=0, times=1, refused=0, first_ns=at_ns, last_ns=at_ns,
        ))  # fmt: skip
        self._asked.setdefault(name, {})[mac] = address, at_ns
        self._asked.move_to_end(name)
        if len(self._asked) > _MOST_ASKED:
            self._asked.popitem(last=False)

    def was_asked(self, name: str) -> bool:
        """Whether a camera asked for this name; of others no answer is read."""
        return clean_name(name) in self._asked

    def answered(self, name: str, address: str) -> None:
        """The answer to a name that cameras asked for."""
        name, peer = clean_name(name), clean_address(address)
        for mac, (_, at_ns) in self._asked.get(name, {}).items():
            self.named(mac, peer, name, at_ns)

    def blocked(self, name: str, source: EgressSource) -> None:
        """A resolver did not answer a name that cameras asked for, because it is to be blocked."""
        name = clean_name(name)
        for mac in self._asked.get(name, {}):
            key = (mac, "", name, 53, "dns", source.value)
            found = self._contacts.get(key)
            if found is not None and found.refused < found.times:
                self._contacts[key] = _refused(found)

    def named(self, mac: str, peer: str, name: str, at_ns: int) -> None:
        if peer and name and peer not in ("0.0.0.0", "::"):  # noqa: S104 - an answer, not a bind
            if len(self._names) < MOST_NAMES or (mac, peer) in self._names:
                self._names[mac, peer] = PeerName(mac, peer, name, at_ns)
            else:
                self._beyond += 1

    def take(self) -> EgressRead:
        """What came together since this was last asked."""
        told = EgressRead(
            contacts=tuple(self._contacts.values()), names=tuple(self._names.values()),
            records=self._records, others=self.others, unknown=self.unknown, beyond=self._beyond,
        )  # fmt: skip
        self._contacts, self._names = {}, {}
        self._records = self.others = self.unknown = self._beyond = 0
        return told

    @property
    def empty(self) -> bool:
        return not (self._records or self.others or self.unknown)

    def _put(self, contact: PeerContact) -> None:
        self._records += 1
        found = self._contacts.get(contact.key)
        if found is not None:
            self._contacts[contact.key] = found.merged(contact)
        elif len(self._contacts) < MOST_CONTACTS:
            self._contacts[contact.key] = contact
        else:
            self._beyond += 1


def clean_name(text: str) -> str:
    """A host name, bounded and in small letters; empty for what is none."""
    name = text.rstrip(".").lower()
    return bounded(name, MOST_NAME_CHARS) if name and " " not in name else ""


def _refused(contact: PeerContact) -> PeerContact:
    return msgspec.structs.replace(contact, refused=contact.refused + 1)


def _count(value: int) -> int:
    return min(max(0, value), _MOST_BYTES)
