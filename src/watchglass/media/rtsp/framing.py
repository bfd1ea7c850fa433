"""What travels on an RTSP connection: messages, and packets between them (RFC 2326, 10.12)."""

import mmap
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from watchglass.base.errors import StreamInvalidError
from watchglass.media.rtsp.message import (
    MOST_BODY_BYTES,
    MOST_HEAD_BYTES,
    Message,
    may_begin_message,
    parse_head,
)

CHANNELS = 256
_PACKET = struct.Struct(">BBH")
_DOLLAR = 0x24
_LINE_ENDS = b"\r\n"
# The largest message and a packet behind it; a frame's worth of packets in one go.
BUFFER_BYTES = MOST_HEAD_BYTES + MOST_BODY_BYTES + (128 << 10)
_MOST_MESSAGES = 64

TakePacket = Callable[[memoryview, int, int, int], int]
"""Takes a packet that lies in the buffer from its second argument to its third; the fourth is where
the buffer's valid bytes end. What comes back is where to go on: behind this packet, or behind more
of its kind, frames and all, that were taken at once."""


class Framing:
    """One buffer: the network writes into `room`, `parse` hands on what has become whole.

    Packets go to the function of their channel in ``channels``, as a place in the buffer that is
    valid during the call; those of other channels are left out (some cameras send what was meant
    for somebody else). Messages go into ``messages``. After an error nothing more can be parsed.
    """

    def __init__(self) -> None:
        self.channels: list[TakePacket | None] = [None] * CHANNELS
        self.messages: deque[Message] = deque()
        # From the system and back to it: on the heap, one that comes and goes with each connection
        # leaves holes that a camera which hangs up all day turns into megabytes.
        self._buffer = mmap.mmap(-1, BUFFER_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._view = memoryview(self._buffer)
        self._at = 0
        self._end = 0
        self._searched = 0
        self._head: tuple[Message, int] | None = None

    def room(self) -> memoryview:
        """Where to write what comes next; never empty."""
        return self._view[self._end :]

    @property
    def waits_for_more(self) -> bool:
        """Whether the last piece ended inside a packet or message."""
        return self._at != self._end

    def parse(self, size: int) -> None:
        """Take in ``size`` bytes that were written into `room`."""
        view = self._view
        self._end = end = self._end + size
        at = self._at
        channels = self.channels
        unpack_from = _PACKET.unpack_from
        while end - at >= 4:
            mark, channel, packet_bytes = unpack_from(view, at)
            if mark == _DOLLAR:
                begin = at + 4
                after = begin + packet_bytes
                if after > end:
                    break
                take = channels[channel]
                if take is not None:
                    after = take(view, begin, after, end)
            else:
                after = self._take_message(at, end)
                if after == at:
                    break
            at = after
        self._at = at
        self._make_room()

    def _make_room(self) -> None:
        at, end = self._at, self._end
        if at == end:
            self._at = self._end = 0
        elif end > BUFFER_BYTES // 2:
            rest = end - at
            self._buffer[:rest] = self._buffer[at:end]
            self._at, self._end = 0, rest
        if self._end == BUFFER_BYTES:
            raise StreamInvalidError("The camera's answer is far too long.")

    def _take_message(self, at: int, end: int) -> int:
        """The place behind a message, or empty line, at ``at``; ``at`` while it is not whole."""
        buffer = self._buffer
        if buffer[at] in _LINE_ENDS:
            return at + 1
        if not may_begin_message(bytes(self._view[at : min(end, at + 32)])):
            raise StreamInvalidError("What answers does not speak RTSP: check port and path.")
        if self._head is None:
            head_end, body = self._find_head(at, end)
            if head_end < 0:
                if end - at > MOST_HEAD_BYTES:
                    raise StreamInvalidError("The camera's answer has an endless head.")
                self._searched = end - at
                return at
            # Kept until the body is there: a hostile camera may send that byte by byte.
            self._head = parse_head(bytes(self._view[at:head_end])), body - at
        message, head_bytes = self._head
        body = at + head_bytes
        body_end = body + message.body_bytes
        if body_end > end:
            return at
        self._searched, self._head = 0, None
        if len(self.messages) >= _MOST_MESSAGES:
            raise StreamInvalidError("The camera sends more answers than it was asked for.")
        self.messages.append(replace(message, body=bytes(self._view[body:body_end])))
        return body_end

    def _find_head(self, at: int, end: int) -> tuple[int, int]:
        """The end of the head and the begin of the body; -1 while it is not there."""
        # Byte by byte from a hostile camera, a search from the front would be quadratic.
        begin = at + max(0, self._searched - 4)
        found = self._buffer.find(b"\r\n\r\n", begin, end)
        bare = self._buffer.find(b"\n\n", begin, end if found < 0 else found)
        if bare >= 0:
            return bare, bare + 2
        return found, found + 4
