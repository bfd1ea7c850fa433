"""Egress: whom cameras talked to, as firewalls, resolvers and routers wrote it down.

Only what a known camera sent is ever read: whose an address was at a moment is told by a `Bound`,
and a record whose source no bound covers is dropped where it is parsed.
"""

from enum import StrEnum

import msgspec

from watchglass.base.ids import DeviceId
from watchglass.model.assignment import Shutdown

MOST_NAME_CHARS = 253


class EgressSource(StrEnum):
    """Which kind of record tells it."""

    CONNTRACK = "conntrack"
    FIREWALL = "firewall"
    DNS = "dns"
    FLOW = "flow"
    CAPTURE = "capture"


class Bound(msgspec.Struct, frozen=True, order=True):
    """This address is the camera's with this MAC, from and until (UTC ns, both included)."""

    address: str
    from_ns: int
    to_ns: int
    mac: str


class CameraBounds(msgspec.Struct, frozen=True):
    """All that is known of which address was which camera's. ``macs``: of all cameras, those that
    have no address too."""

    bounds: tuple[Bound, ...]
    macs: frozenset[str]


class PeerContact(msgspec.Struct, frozen=True, kw_only=True):
    """A camera and one whom it talked to, by one kind of record, all times together.

    ``address`` is the camera's, the latest. ``peer``: an IP address, empty for a name that was
    asked for. ``name``: what a name server was asked for. ``port`` 0: none. ``sent_bytes`` and
    ``received_bytes`` where the records tell them. ``refused``: how many of ``times`` a firewall or
    resolver let nothing through. UTC ns.
    """

    mac: str
    address: str
    peer: str
    name: str
    port: int
    protocol: str
    source: EgressSource
    sent_bytes: int
    received_bytes: int
    times: int
    refused: int
    first_ns: int
    last_ns: int

    @property
    def key(self) -> tuple[str, str, str, int, str, str]:
        return (self.mac, self.peer, self.name, self.port, self.protocol, self.source.value)

    def merged(self, other: "PeerContact") -> "PeerContact":
        """Both together; they have one key."""
        later = self if self.last_ns >= other.last_ns else other
        return msgspec.structs.replace(
            self, address=later.address,
            sent_bytes=self.sent_bytes + other.sent_bytes,
            received_bytes=self.received_bytes + other.received_bytes,
            times=self.times + other.times, refused=self.refused + other.refused,
            first_ns=min(self.first_ns, other.first_ns), last_ns=max(self.last_ns, other.last_ns),
        )  # fmt: skip


class PeerName(msgspec.Struct, frozen=True, order=True):
    """The name under which a camera was given an address. UTC ns."""

    mac: str
    peer: str
    name: str
    at_ns: int


class EgressOrder(msgspec.Struct, frozen=True, kw_only=True, tag="egress_order"):
    """Read what follows on standard input, or arrives at the sockets handed over.

    ``at_ns``: now, for lines without a time. ``flush_s``: how often is told what was read; 0: at
    the end. ``flows`` and ``lines``: descriptors of sockets for NetFlow and IPFIX, and for syslog;
    ``streams``: of those that listen for syslog by TCP. ``renewed``: what follows on standard input
    is orders of newer bounds, and nothing to read. ``beat_s``: how often it says that it is at
    work; 0 for never.
    """

    at_ns: int
    bounds: tuple[Bound, ...]
    flush_s: float = 0.0
    flows: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    streams: tuple[int, ...] = ()
    renewed: bool = False
    beat_s: float = 0.0


class EgressRead(msgspec.Struct, frozen=True, kw_only=True, tag="egress_read"):
    """What was read since it was last told. ``records`` are those of cameras; ``others`` were
    dropped unread; ``unknown`` are of no known form; ``beyond`` were too many to keep."""

    contacts: tuple[PeerContact, ...]
    names: tuple[PeerName, ...]
    records: int
    others: int
    unknown: int
    beyond: int = 0


class EgressEnded(msgspec.Struct, frozen=True, tag="egress_ended"):
    """The last line; ``error`` is a sentence, empty when all went well."""

    error: str = ""


FromEgress = EgressRead | EgressEnded
ToEgress = EgressOrder | Shutdown


class TakeEgressRequest(msgspec.Struct, frozen=True, tag="take_egress"):
    """Take in a log or a capture that somebody gave: ``file``, which is removed then, called
    ``name`` by who gave it."""

    file: str
    name: str


class EgressTaken(msgspec.Struct, frozen=True, tag="egress_taken"):
    """What came of it. ``records`` of ``cameras``; ``others`` were dropped unread, ``unknown`` are
    of no known form, ``beyond`` were too many; ``new`` contacts. ``again``: it was taken before."""

    records: int
    others: int
    unknown: int
    beyond: int
    new: int
    cameras: int
    again: bool


class EgressStateRequest(msgspec.Struct, frozen=True, tag="how_is_egress"):
    """Where it is listened for what cameras send, and what came."""


class EgressState(msgspec.Struct, frozen=True, kw_only=True, tag="egress_is"):
    """``logs`` (by UDP and TCP) and ``flows``: where it is listened, as host and port;
    ``problems``: where it is not although it is to be, as sentences. What came since the start:
    as of `EgressRead`."""

    logs: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    records: int = 0
    others: int = 0
    unknown: int = 0
    beyond: int = 0


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """Whom cameras have to reach: addresses, as the operator stated them. Empty: not stated."""

    recorders: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()


class Contained(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that keep a device in were exported, and whether somebody stated that they are in
    force. UTC ns; ``applied_ns`` None: nobody did."""

    device: DeviceId
    form: str
    exported_ns: int
    by: str
    applied_ns: int | None = None
