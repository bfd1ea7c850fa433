"""How orders reach the keeper: over the bus to a running one, or straight into one of our own."""

import itertools
import queue
import threading
from typing import Protocol

from watchglass.base.clock import Clock
from watchglass.base.errors import BusError, UsageError
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.model.metric import Sample
from watchglass.model.order import GIVES_ORDERS, Done, FromKeeper, Order, Ordered, ToKeeper
from watchglass.model.way import Way
from watchglass.recording.keeper import Keeper

_POLL_S = 4.0
_LINK_BYTES = 1 << 20


class KeeperPort(Protocol):
    """Carries out an order; returns when it is on disk, raises when it was refused.

    What it gives is the signature (hex) where one was ordered, else nothing.
    """

    def order(self, order: Order) -> str: ...


class OwnKeeper:
    """A keeper in this process, for commands while no recorder runs; from any thread, as the
    other."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._lock = threading.Lock()

    def order(self, order: Order) -> str:
        with self._lock:
            self._keeper.take_order("", Ordered(0, order))
            signature = ""
            for _, answer in self._keeper.cycle():
                if isinstance(answer, Done):
                    if answer.error:
                        raise UsageError(answer.error)
                    signature = answer.signature
            return signature


class RunningKeeper:
    """The keeper process. ``order`` may be called from any thread."""

    def __init__(self, way: Way, clock: Clock, *, timeout_s: float = 20.0) -> None:
        self._timeout_s = timeout_s
        self._numbers = itertools.count(1)
        self._outgoing: queue.SimpleQueue[Ordered] = queue.SimpleQueue()
        self._waiting: dict[int, tuple[Ordered, queue.SimpleQueue[Done]]] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._client: BusClient[ToKeeper, FromKeeper] = BusClient(
            way.endpoint, GIVES_ORDERS, Codec[ToKeeper](ToKeeper), Codec[FromKeeper](FromKeeper),
            limit_bytes=_LINK_BYTES, clock=clock, proof=way.proof,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._carry, name="keeper port", daemon=True)
        self._thread.start()

    def order(self, order: Order) -> str:
        ordered = Ordered(next(self._numbers), order)
        answer: queue.SimpleQueue[Done] = queue.SimpleQueue()
        with self._lock:
            self._waiting[ordered.number] = (ordered, answer)
        self._outgoing.put(ordered)
        self._client.wake()
        try:
            done = answer.get(timeout=self._timeout_s)
        except queue.Empty:
            raise BusError("The keeper does not answer: look at its log, and try again.") from None
        finally:
            with self._lock:
                self._waiting.pop(ordered.number, None)
        if done.error:
            raise UsageError(done.error)
        return done.signature

    def samples(self) -> list[Sample]:
        """The numbers of the hop, for monitors."""
        return hop_samples(self._client.stats(), "orders", GIVES_ORDERS)

    def close(self) -> None:
        self._ending.set()
        self._client.wake()
        self._thread.join(2.0)

    def _carry(self) -> None:
        while not self._ending.is_set():
            while not self._outgoing.empty():
                self._client.send(self._outgoing.get())
            for message in self._client.poll(_POLL_S):
                if isinstance(message, LinkRenewed):
                    self._send_again()
                elif isinstance(message, Done):
                    self._deliver(message)
        self._client.close()

    def _send_again(self) -> None:
        # A keeper that was restarted may not have had them; an order twice does no harm.
        self._client.discard_queued()
        with self._lock:
            waiting = [ordered for ordered, _ in self._waiting.values()]
        for ordered in waiting:
            self._client.send(ordered)

    def _deliver(self, done: Done) -> None:
        with self._lock:
            entry = self._waiting.get(done.number)
        if entry is not None:
            entry[1].put(done)
