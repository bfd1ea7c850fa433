"""Both directions of a session: what may be sent, and what must be given back."""

from collections.abc import Callable
from dataclasses import dataclass

from watchglass.base.errors import BusError
from watchglass.base.queues import ByteQueue, DropPolicy
from watchglass.bus.hop import HopStats
from watchglass.bus.wire import Data, encode_header, weight_bytes


class Outbound:
    """The queue of encoded messages for one receiver, and the credit it has granted.

    The queue outlives a session; balance and numbers do not.
    """

    def __init__(self, name: str, limit_bytes: int, policy: DropPolicy) -> None:
        self._queue: ByteQueue[bytes] = ByteQueue(name, limit_bytes, policy)
        # Taken from the queue and not accepted by the connection: first in line again.
        self._held: bytes | None = None
        self._granted_bytes = 0
        self._balance_bytes = 0
        self._number = 0
        self._starving = False
        self._starved = 0
        self._sent_items = 0
        self._sent_bytes = 0

    def begin(self, credit_bytes: int) -> None:
        """A session starts with this credit."""
        self._granted_bytes = self._balance_bytes = credit_bytes
        self._number = 0
        self._starving = False

    def end(self) -> None:
        """The session is over; what is queued waits for the next one."""
        self.begin(0)

    def credit(self, size_bytes: int) -> None:
        """The receiver has dealt with this much; BusError when it never got that much."""
        if self._balance_bytes + size_bytes > self._granted_bytes:
            raise BusError("A peer gave back more credit than it was sent bytes.")
        self._balance_bytes += size_bytes

    def put(self, payload: bytes) -> bool:
        """Queue a message; False when the policy refused it."""
        return self._queue.put(payload, weight_bytes(payload))

    def pump(self, send: Callable[[bytes, bytes], bool]) -> bool:
        """Send while there is credit; False when ``send`` did (the connection is gone)."""
        while self._balance_bytes > 0:
            payload = self._held if self._held is not None else self._queue.get(0)
            if payload is None:
                return True
            self._held = payload
            if not send(encode_header(Data(self._number)), payload):
                return False
            self._held = None
            self._count_sent(weight_bytes(payload))
        self._count_starved()
        return True

    def _count_sent(self, size_bytes: int) -> None:
        self._number += 1
        self._balance_bytes -= size_bytes
        self._sent_items += 1
        self._sent_bytes += size_bytes
        self._starving = False

    def _count_starved(self) -> None:
        if not self._starving and self._granted_bytes and self.depth_items:
            self._starving = True
            self._starved += 1

    @property
    def depth_items(self) -> int:
        """Messages that wait here."""
        return self._queue.depth().items + (self._held is not None)

    def discard(self) -> int:
        """Forget what waits, uncounted: the owner asked for it. How many messages that was."""
        count = self.depth_items
        self._held = None
        while self._queue.get(0) is not None:
            pass
        return count

    def stats(self, inbound: "Inbound") -> HopStats:
        """The gauge as of now."""
        depth = self._queue.depth()
        held_bytes = 0 if self._held is None else weight_bytes(self._held)
        return HopStats(
            name=depth.name,
            policy=depth.policy,
            depth_items=depth.items + (self._held is not None),
            depth_bytes=depth.size_bytes + held_bytes,
            limit_bytes=depth.limit_bytes,
            dropped_items=depth.dropped_items,
            dropped_bytes=depth.dropped_bytes,
            sent_items=self._sent_items,
            sent_bytes=self._sent_bytes,
            received_items=inbound.items,
            received_bytes=inbound.size_bytes,
            credit_bytes=self._balance_bytes,
            unfinished_bytes=self._granted_bytes - self._balance_bytes,
            starved=self._starved,
        )


@dataclass(slots=True)
class Inbound:
    """What arrives in a session: order and credit are checked, never trusted."""

    credit_bytes: int
    items: int = 0
    size_bytes: int = 0
    _number: int = 0
    _with_owner_bytes: int = 0
    _due_bytes: int = 0

    def begin(self, credit_bytes: int) -> None:
        """A session starts with this credit; the counters run on."""
        self.credit_bytes = credit_bytes
        self._number = self._with_owner_bytes = self._due_bytes = 0

    def accept(self, number: int, size_bytes: int) -> None:
        """A message came; BusError when it is out of order or beyond the credit."""
        if number != self._number:
            raise BusError(f"Message {self._number} of a session is missing.")
        if self._with_owner_bytes + self._due_bytes >= self.credit_bytes:
            raise BusError("A peer sent beyond its credit.")
        self._number += 1
        self._with_owner_bytes += size_bytes
        self.items += 1
        self.size_bytes += size_bytes

    def done(self, size_bytes: int) -> None:
        """The owner has dealt with this much; ValueError when that is more than it was given."""
        if not 0 <= size_bytes <= self._with_owner_bytes:
            raise ValueError(f"{size_bytes} bytes done of {self._with_owner_bytes} handed over")
        self._with_owner_bytes -= size_bytes
        self._due_bytes += size_bytes

    def worth_telling(self) -> bool:
        """Whether so much is due that the peer should not wait for the next beat."""
        return self._due_bytes > 0 and self._due_bytes >= self.credit_bytes // 4

    @property
    def owes(self) -> bool:
        """Whether any credit is to be given back."""
        return self._due_bytes > 0

    def take_due(self) -> int:
        """The bytes to give back now."""
        due_bytes, self._due_bytes = self._due_bytes, 0
        return due_bytes
