"""The keeper as a process: messages in, a cycle about once a second, answers out.

Workers tell facts, of the cameras that they show they were given. Orders are the supervisor's
alone, which has proven its name.
"""

import threading

from msgspec.structs import replace

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import CameraId
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.bus.peer import PeerId, PeerState
from watchglass.bus.proof import Key
from watchglass.bus.server import BusServer, PeerJoined, PeerLost
from watchglass.model.metric import Sample
from watchglass.model.order import GIVES_ORDERS, Done, Facts, FromKeeper, Ordered, ToKeeper
from watchglass.model.way import Stand
from watchglass.recording.keeper import Keeper

_SOON_NS = NS_PER_S // 20
_CREDIT_BYTES = 8 << 20
_LEFT_ALONE_NS = 8 * NS_PER_S
_LOG = log.get("keeper")


class KeeperService:
    """Serves a keeper at an endpoint until told to stop. One thread."""

    def __init__(self, keeper: Keeper, stand: Stand, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock
        self._key = Key(stand.key)
        self._server: BusServer[ToKeeper, FromKeeper] = BusServer(
            stand.endpoint, Codec[ToKeeper](ToKeeper), Codec[FromKeeper](FromKeeper),
            credit_bytes=_CREDIT_BYTES, clock=clock, name="keeper",
            key=self._key,
        )  # fmt: skip
        self._peers: dict[str, PeerId] = {}
        self._given: dict[str, set[CameraId]] = {}
        self._told_of_others: set[str] = set()
        self._stop = threading.Event()
        self._hops: list[PeerState] = []
        self._alone_since_ns: int | None = None
        self._sync_ns = round(keeper.limits.sync_s * NS_PER_S)

    def stop(self) -> None:
        """End after one more cycle. For any thread."""
        self._stop.set()
        self._server.wake()

    def left_alone(self) -> None:
        """The supervisor is gone: serve until the workers have told their last. For any thread."""
        self._alone_since_ns = self._clock.monotonic_ns()
        self._server.wake()

    def samples(self) -> list[Sample]:
        """The numbers of the hop to each worker, as of the last cycle. For any thread."""
        return [
            sample
            for each in self._hops
            for sample in hop_samples(each.hop, "answers", each.peer.name)
        ]

    def serve(self) -> None:
        """Run until stopped."""
        last_ns = self._clock.monotonic_ns() - self._sync_ns
        while not self._is_over():
            due_ns = last_ns + (_SOON_NS if self._keeper.busy else self._sync_ns)
            wait_ns = due_ns - self._clock.monotonic_ns()
            if wait_ns > 0:
                self._take(wait_ns / NS_PER_S)
                continue
            last_ns = self._clock.monotonic_ns()
            for peer, answer in self._keeper.cycle():
                # To a peer that is gone meanwhile there is nothing to say.
                if peer in self._peers:
                    self._server.send(self._peers[peer], answer)
            self._hops = self._server.peers()
        self._server.close()

    def _take(self, timeout_s: float) -> None:
        for event in self._server.poll(timeout_s):
            peer = f"{event.peer.name} {event.peer.session}"
            if isinstance(event, PeerJoined):
                self._peers[peer] = event.peer
                self._keeper.peer_joined(peer)
            elif isinstance(event, PeerLost):
                _LOG.info("peer_lost", peer=peer, reason=event.reason)
                self._peers.pop(peer, None)
                self._given.pop(peer, None)
                self._told_of_others.discard(peer)
                self._keeper.peer_lost(peer)
            else:
                if isinstance(event.message, Facts):
                    self._keeper.take_facts(peer, self._of_its_own(event.peer, event.message))
                elif event.peer.name == GIVES_ORDERS:
                    self._keeper.take_order(peer, event.message)
                else:
                    self._refuse(event.peer, event.message)
                self._server.done(event.peer, event.size_bytes)

    def _of_its_own(self, peer: PeerId, told: Facts) -> Facts:
        """What it told of cameras that it was given. The rest is left out, and acknowledged as if
        it had been heard: nothing of ours would tell it."""
        of = f"{peer.name} {peer.session}"
        given = self._given.setdefault(of, set())
        for camera in {fact.camera for fact in told.facts} - given:
            if self._key.admits(peer.name, told.proofs.get(camera, "").encode(), camera):
                given.add(camera)
        kept = [fact for fact in told.facts if fact.camera in given]
        if len(kept) == len(told.facts):
            return told
        if of not in self._told_of_others:  # once: who lies must not fill the log
            self._told_of_others.add(of)
            _LOG.error("facts_refused", peer=of, count=len(told.facts) - len(kept))
        return replace(told, facts=kept)

    def _refuse(self, peer: PeerId, ordered: Ordered) -> None:
        order = type(ordered.order).__name__
        _LOG.error("order_refused", peer=peer.name, order=order)
        self._server.send(peer, Done(ordered.number, f"'{peer.name}' may tell facts, and no more."))

    def _is_over(self) -> bool:
        if self._stop.is_set():
            return True
        alone_ns = self._alone_since_ns
        if alone_ns is None:
            return False
        waited_ns = self._clock.monotonic_ns() - alone_ns
        return waited_ns > _LEFT_ALONE_NS or (waited_ns > NS_PER_S and not self._server.peers())
