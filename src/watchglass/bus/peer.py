"""A client as its server sees it."""

from dataclasses import dataclass

from watchglass.base.queues import DropPolicy
from watchglass.bus.flow import Inbound, Outbound
from watchglass.bus.hop import HopStats


@dataclass(frozen=True, slots=True)
class PeerId:
    """One session of one client. A client that comes back has its name and another session."""

    name: str
    session: int


@dataclass(frozen=True, slots=True)
class PeerState:
    """``heard_ns`` is monotonic; ``hop`` is the direction from the server to this peer."""

    peer: PeerId
    heard_ns: int
    hop: HopStats


class Peer:
    """What the server keeps for a session."""

    __slots__ = (
        "heard_ns", "identity", "inbound", "outbound", "peer_id", "silent_beats", "spoken_to",
    )  # fmt: skip

    def __init__(
        self,
        peer_id: PeerId,
        identity: bytes,
        hop_name: str,
        credit_bytes: int,
        send_limit_bytes: int,
        send_policy: DropPolicy,
        heard_ns: int,
    ) -> None:
        self.peer_id = peer_id
        self.identity = identity
        self.inbound = Inbound(credit_bytes)
        self.outbound = Outbound(hop_name, send_limit_bytes, send_policy)
        self.heard_ns = heard_ns
        # Beats of the server since this peer was heard. Counted, not timed: a server that was
        # stopped itself must not take its own silence for its peers'.
        self.silent_beats = 0
        # Since the last beat: whoever is sent messages knows that we live.
        self.spoken_to = True

    def heard(self, now_ns: int) -> None:
        self.heard_ns = now_ns
        self.silent_beats = 0

    def state(self) -> PeerState:
        return PeerState(self.peer_id, self.heard_ns, self.outbound.stats(self.inbound))
