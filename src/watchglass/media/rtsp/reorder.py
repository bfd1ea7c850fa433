"""RTP packets that overtook each other on the way, put back in order (UDP).

A packet that is missing is waited for a little: until so many came behind it, or so long. Then it
counts as lost, and the packets behind it go on; whoever takes them sees the hole in the numbers.
"""

from collections import deque

MOST_HELD = 128
"""Packets that may wait for one that is missing."""
MOST_HELD_BYTES = 256 << 10
PATIENCE_NS = 100_000_000
_MOST_JUMP = 3000
"""A number further away is no packet that overtook others, but a sender that began anew."""
_HALF = 1 << 15


class Reorder:
    """Packets of one track. ``ready`` is what may be taken now, from the left, in order."""

    __slots__ = ("_bytes", "_held", "_jumped_to", "_since_ns", "_ssrc", "dropped", "expected",
                 "ready")  # fmt: skip

    def __init__(self) -> None:
        self.ready: deque[bytes] = deque()
        self.expected = -1
        self.dropped = 0
        """Packets that came twice, or after they were given up."""
        self._ssrc = -1
        self._held: dict[int, bytes] = {}
        self._bytes = 0
        self._since_ns = 0
        self._jumped_to = -1

    @property
    def holds(self) -> bool:
        return bool(self._held)

    def is_next(self, sequence: int, ssrc: int) -> bool:
        """Take note of a packet; True when it is the next and none waits, as nearly always."""
        if sequence != self.expected or ssrc != self._ssrc or self._held or self.ready:
            return False
        self.expected = sequence + 1 & 0xFFFF
        return True

    def put(self, packet: bytes, sequence: int, ssrc: int, now_ns: int) -> None:
        """Take a packet for which `is_next` was False."""
        ahead = (sequence - self.expected) & 0xFFFF
        if self.expected < 0 or ssrc != self._ssrc:
            self._begin(packet, sequence, ssrc)
        elif ahead == 0:
            self._release(packet)
        elif _MOST_JUMP < ahead < 0x1_0000 - _MOST_JUMP:
            self._jump(packet, sequence, ssrc)
        elif ahead >= _HALF or sequence in self._held:
            self.dropped += 1
        else:
            self._hold(packet, sequence, now_ns)

    def tend(self, now_ns: int) -> None:
        """Give up what has been waited for long enough."""
        if self._held and now_ns - self._since_ns > PATIENCE_NS:
            self._give_up()
            self._since_ns = now_ns

    def _begin(self, packet: bytes, sequence: int, ssrc: int) -> None:
        while self._held:
            self._give_up()
        self._ssrc, self.expected = ssrc, sequence
        self._release(packet)

    def _jump(self, packet: bytes, sequence: int, ssrc: int) -> None:
        """A stray packet is left out; two in a row are a sender that began anew (RFC 3550, A.1)."""
        if sequence == self._jumped_to:
            self._begin(packet, sequence, ssrc)
        else:
            self.dropped += 1
            self._jumped_to = sequence + 1 & 0xFFFF

    def _hold(self, packet: bytes, sequence: int, now_ns: int) -> None:
        if not self._held:
            self._since_ns = now_ns
        self._held[sequence] = packet
        self._bytes += len(packet)
        while len(self._held) > MOST_HELD or self._bytes > MOST_HELD_BYTES:
            self._give_up()

    def _give_up(self) -> None:
        """Go on behind the hole."""
        expected = self.expected
        self.expected = min(self._held, key=lambda each: (each - expected) & 0xFFFF)
        self._release_held()

    def _release(self, packet: bytes) -> None:
        self.ready.append(packet)
        self.expected = self.expected + 1 & 0xFFFF
        self._release_held()

    def _release_held(self) -> None:
        while (packet := self._held.pop(self.expected, None)) is not None:
            self._bytes -= len(packet)
            self.ready.append(packet)
            self.expected = self.expected + 1 & 0xFFFF
