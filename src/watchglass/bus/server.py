"""The server's end of a hop: many clients, each with its own credit, queue and fate."""

import secrets
from dataclasses import dataclass
from itertools import repeat
from typing import Generic, TypeVar

import zmq

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock, SystemClock
from watchglass.base.errors import BusError
from watchglass.base.queues import DropPolicy
from watchglass.bus.endpoint import Listener, open_router
from watchglass.bus.message import Codec
from watchglass.bus.peer import Peer, PeerId, PeerState
from watchglass.bus.proof import Key
from watchglass.bus.wait import Wait
from watchglass.bus.wire import (
    BEAT_S,
    CREDIT_BYTES,
    HEADER_LIMIT_BYTES,
    LOST_AFTER_BEATS,
    MESSAGE_OVERHEAD_BYTES,
    PADS,
    PROTOCOL,
    Beat,
    Data,
    Hello,
    Pad,
    Refused,
    Welcome,
    decode_header,
    encode_header,
    weight_bytes,
)

S = TypeVar("S")
R = TypeVar("R")

_BATCH_FRAMES = 512
_EARLY_NS = round(BEAT_S * NS_PER_S) // 4
_FRAMES_OF_A_MESSAGE = 2
_WAITING_MESSAGES = (16, 1000)  # least, most
_LOG = log.get("bus")


@dataclass(frozen=True, slots=True)
class Received(Generic[R]):
    """A message; ``size_bytes`` is what to give back with ``done`` when it is dealt with."""

    peer: PeerId
    message: R
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PeerJoined:
    """A client began a session."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class PeerLost:
    """A session ended; ``unsent_items`` were still queued for it and are dropped."""

    peer: PeerId
    reason: str
    unsent_items: int
    unsent_bytes: int


@dataclass(frozen=True, slots=True)
class ServerStats:
    """``breaches``: peers dropped for breaking the protocol; ``refused``: hellos turned away;
    ``strangers``: frames from connections without a session; ``dropped``: messages to peers that
    a full queue or the end of a session cost, peers of the past included."""

    peers: int
    breaches: int
    refused: int
    strangers: int
    dropped_items: int
    dropped_bytes: int


class BusServer(Generic[R, S]):
    """Receives ``R`` from many clients at ``endpoint`` and sends them ``S``.

    Owned by one thread, which calls ``poll`` at least once in a few seconds; only ``wake`` is for
    any thread. A client may have ``credit_bytes`` (and one message) with the owner; what the owner
    has not given back with ``done`` makes that client queue on its own side. Towards each client
    ``send_limit_bytes`` are queued at most. Who comes has to prove its name by ``key``; without
    one, whoever can open the socket may have any. ``AlreadyRunningError`` when another answers.
    ``endpoint`` may be a socket that listens already, as a fenced process has to have it.
    """

    def __init__(
        self,
        endpoint: str | Listener,
        receive_codec: Codec[R],
        send_codec: Codec[S],
        *,
        credit_bytes: int = CREDIT_BYTES,
        clock: Clock | None = None,
        name: str | None = None,
        send_limit_bytes: int = CREDIT_BYTES,
        send_policy: DropPolicy = DropPolicy.REFUSE_NEWEST,
        max_peers: int = 256,
        key: Key | None = None,
    ) -> None:
        self._receive_codec = receive_codec
        self._send_codec = send_codec
        self._credit_bytes = credit_bytes
        self._send_limit_bytes = send_limit_bytes
        self._send_policy = send_policy
        self._max_peers = max_peers
        self._key = key
        self._told_of_unproven = False
        self._clock = clock or SystemClock()
        self._listener = endpoint if isinstance(endpoint, Listener) else Listener(endpoint)
        self.name = name or self._listener.path.stem
        self.instance = secrets.token_hex(16)
        limit_bytes = max(HEADER_LIMIT_BYTES, receive_codec.limit_bytes)
        # A peer that ignores its credit fills this much of ZeroMQ before it is found out.
        least, most = _WAITING_MESSAGES
        incoming = min(most, max(least, credit_bytes // limit_bytes))
        # Room for what any credit allows, so that only a peer that reads nothing fills it.
        outgoing = send_limit_bytes // MESSAGE_OVERHEAD_BYTES + most
        try:
            self._router = open_router(self._listener, limit_bytes, incoming, outgoing)
        except BusError:
            self._listener.close()
            raise
        self._wait = Wait()
        self._wait.watch(self._router)
        self._by_identity: dict[bytes, Peer] = {}
        self._by_name: dict[str, Peer] = {}
        self._sendable: set[PeerId] = set()
        self._sessions = 0
        self._news: list[Received[R] | PeerJoined | PeerLost] = []
        self._due_ns = self._clock.monotonic_ns()
        self._breaches = self._refused = self._strangers = 0
        self._dropped_items = self._dropped_bytes = 0

    # --- for the owner -------------------------------------------------------------------------

    def poll(self, timeout_s: float) -> list[Received[R] | PeerJoined | PeerLost]:
        """Send what the credits allow, then wait for news, in order; [] in time or when woken."""
        left_s = timeout_s
        while True:
            self._keep_up()
            began_ns = self._clock.monotonic_ns()
            wait_s = min(left_s, max(0.0, (self._due_ns - began_ns) / NS_PER_S))
            awoken = self._wait.wait(0.0 if self._news else wait_s)
            if awoken.by_socket:
                self._receive()
            passed_s = (self._clock.monotonic_ns() - began_ns) / NS_PER_S
            # A simulated clock stands still while the poller waits.
            left_s -= passed_s if awoken.by_socket else max(passed_s, wait_s)
            if self._news or awoken.by_wake or left_s <= 0:
                news, self._news = self._news, []
                return news

    def wake(self) -> None:
        """End the poll under way, or the next one. For any thread; cheap."""
        self._wait.wake()

    def done(self, peer_id: PeerId, size_bytes: int) -> None:
        """A received message is dealt with: its sender may send as much again.

        For a session that is over nothing happens. ValueError for more than was received.
        """
        peer = self._find(peer_id)
        if peer is None:
            return
        peer.inbound.done(size_bytes)
        if peer.inbound.worth_telling():
            self._beat(peer)

    def send(self, peer_id: PeerId, message: S) -> bool:
        """Queue a message for the next ``poll``; False when refused (counted) or the peer is gone.

        BusError when the message is too large or not of this hop.
        """
        payload = self._send_codec.encode(message)
        peer = self._find(peer_id)
        if peer is None:
            return False
        self._sendable.add(peer_id)
        return peer.outbound.put(payload)

    def peers(self) -> list[PeerState]:
        """Every client with a session, by name."""
        return [self._by_name[name].state() for name in sorted(self._by_name)]

    def stats(self) -> ServerStats:
        """Counters since the start."""
        hops = [peer.state().hop for peer in self._by_name.values()]
        return ServerStats(
            peers=len(hops),
            breaches=self._breaches,
            refused=self._refused,
            strangers=self._strangers,
            dropped_items=self._dropped_items + sum(hop.dropped_items for hop in hops),
            dropped_bytes=self._dropped_bytes + sum(hop.dropped_bytes for hop in hops),
        )

    def close(self) -> None:
        """End all sessions at once; what is queued or under way is lost."""
        if not self._router.closed:
            self._listener.close()
            self._wait.forget(self._router)
            self._router.close(0)
            self._wait.close()
            self._by_identity.clear()
            self._by_name.clear()

    # --- what is due ---------------------------------------------------------------------------

    def _find(self, peer_id: PeerId) -> Peer | None:
        peer = self._by_name.get(peer_id.name)
        return peer if peer is not None and peer.peer_id == peer_id else None

    def _keep_up(self) -> None:
        if self._router.closed:
            raise BusError("This end of the bus is closed.")
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._due_ns - _EARLY_NS:
            self._due_ns = now_ns + round(BEAT_S * NS_PER_S)
            # Whoever spoke while we were away is not silent.
            self._receive()
            for peer in list(self._by_name.values()):
                self._beat_or_lose(peer)
        for peer_id in list(self._sendable):
            self._pump(peer_id)

    def _beat_or_lose(self, peer: Peer) -> None:
        peer.silent_beats += 1
        if peer.silent_beats > LOST_AFTER_BEATS:
            self._lose(peer, "silent")
        elif peer.inbound.owes or not peer.spoken_to:
            self._beat(peer)
        peer.spoken_to = False

    def _beat(self, peer: Peer) -> None:
        if not self._put(peer.identity, encode_header(Beat(peer.inbound.take_due()))):
            self._lose(peer, "gone")

    def _pump(self, peer_id: PeerId) -> None:
        self._sendable.discard(peer_id)  # comes back with credit or a new message
        peer = self._find(peer_id)
        if peer is None:
            return
        if not peer.outbound.pump(lambda *frames: self._tell(peer, *frames)):
            self._lose(peer, "gone")

    def _tell(self, peer: Peer, *frames: bytes) -> bool:
        peer.spoken_to = True
        return self._put(peer.identity, *frames)

    def _put(self, *frames: bytes) -> bool:
        """Hand frames to a connection; False when it is gone, or its owner reads nothing."""
        try:
            self._router.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def _lose(self, peer: Peer, reason: str) -> None:
        if self._by_identity.pop(peer.identity, None) is None:
            return
        del self._by_name[peer.peer_id.name]
        self._sendable.discard(peer.peer_id)
        hop = peer.state().hop
        self._dropped_items += hop.dropped_items + hop.depth_items
        self._dropped_bytes += hop.dropped_bytes + hop.depth_bytes
        self._news.append(PeerLost(peer.peer_id, reason, hop.depth_items, hop.depth_bytes))

    # --- what comes ----------------------------------------------------------------------------

    def _receive(self) -> None:
        for _ in range(_BATCH_FRAMES):
            try:
                identity = self._router.recv(zmq.NOBLOCK)
            except zmq.ZMQError:
                break
            frames = self._rest()
            peer = self._by_identity.get(identity)
            try:
                if peer is None:
                    self._stranger(identity, frames)
                else:
                    peer.heard(self._clock.monotonic_ns())
                    self._understand(peer, frames)
            except BusError as error:
                self._breach(identity, peer, error.sentence)

    def _rest(self) -> list[bytes]:
        """The other frames of what is being received; of too many, only so many as show it."""
        frames: list[bytes] = []
        while self._router.getsockopt(zmq.RCVMORE):
            frame = self._router.recv(zmq.NOBLOCK)
            if len(frames) <= _FRAMES_OF_A_MESSAGE:
                frames.append(frame)
        return frames

    def _understand(self, peer: Peer, frames: list[bytes]) -> None:
        header = decode_header(frames[0]) if frames else None
        match header:
            case Data(number=number) if len(frames) == _FRAMES_OF_A_MESSAGE:
                size_bytes = weight_bytes(frames[1])
                peer.inbound.accept(number, size_bytes)
                message = self._receive_codec.decode(frames[1])
                self._news.append(Received(peer.peer_id, message, size_bytes))
            case Beat(credit_bytes=credit_bytes) if len(frames) == 1:
                peer.outbound.credit(credit_bytes)
                self._sendable.add(peer.peer_id)
            case Pad() if len(frames) == 1:
                pass
            case _:
                raise BusError("A peer sent a frame that does not belong there.")

    def _breach(self, identity: bytes, peer: Peer | None, sentence: str) -> None:
        self._breaches += 1
        if peer is not None:
            self._lose(peer, sentence)
        self._put(identity, encode_header(Refused(sentence[:500], False)))

    def _stranger(self, identity: bytes, frames: list[bytes]) -> None:
        header = decode_header(frames[0]) if len(frames) == 1 else None
        if isinstance(header, Hello):
            self._greet(identity, header)
            return
        self._strangers += 1
        self._put(identity, encode_header(Refused("The server does not know this session.", False)))

    def _greet(self, identity: bytes, hello: Hello) -> None:
        older = self._by_name.get(hello.name)
        if hello.protocol != PROTOCOL:
            self._refuse(identity, f"The server speaks version {PROTOCOL} of the bus.", final=True)
            return
        if self._key is not None and not self._key.admits(hello.name, hello.proof.encode()):
            self._tell_of_unproven(hello.name)
            # Not final: the next recorder's processes may find the last one's for a moment.
            self._refuse(identity, f"'{hello.name}' shows no proof of its name.", final=False)
            return
        if older is None and len(self._by_name) >= self._max_peers:
            self._refuse(identity, f"The server has {self._max_peers} clients.", final=False)
            return
        if older is not None:
            self._put(
                older.identity,
                encode_header(Refused(f"Another process is now '{hello.name}'.", True)),
            )
            self._lose(older, "replaced")
        self._join(identity, hello)

    def _tell_of_unproven(self, name: str) -> None:
        # Once: who asks again and again must not fill the log.
        if not self._told_of_unproven:
            _LOG.error("peer_unproven", socket=self.name, peer=name)
        self._told_of_unproven = True

    def _refuse(self, identity: bytes, sentence: str, *, final: bool) -> None:
        self._refused += 1
        self._put(identity, encode_header(Refused(sentence, final)))

    def _join(self, identity: bytes, hello: Hello) -> None:
        self._sessions += 1
        peer = Peer(
            PeerId(hello.name, self._sessions),
            identity,
            f"{self.name}:{hello.name}",
            self._credit_bytes,
            self._send_limit_bytes,
            self._send_policy,
            self._clock.monotonic_ns(),
        )
        taken_bytes = min(hello.credit_bytes, self._send_limit_bytes)
        peer.outbound.begin(taken_bytes)
        self._by_identity[identity] = peer
        self._by_name[hello.name] = peer
        self._news.append(PeerJoined(peer.peer_id))
        welcome = Welcome(self.instance, self._credit_bytes, taken_bytes)
        first = (encode_header(welcome), *repeat(encode_header(Pad()), PADS))
        if not all(self._put(identity, frame) for frame in first):
            self._lose(peer, "gone")
