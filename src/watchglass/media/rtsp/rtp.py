"""RTP (RFC 3550): from packets to payloads in order, and from 32-bit timestamps to a time line.

Over TCP packets come in order; a hole in the sequence numbers means that the camera itself threw
something away, which H.264 and H.265 cannot do without until the next key frame.
"""

import struct
from typing import Protocol

_HEADER = struct.Struct(">BBHII")
# The same behind its interleaved header, and four bytes of payload: mark and channel, length,
# first two bytes, sequence number, timestamp and SSRC as one, payload.
_FRAME = struct.Struct(">HHHHQI")
_FRAME_BYTES = 4
HEADER_BYTES = 12
_PLAIN = 0x80
"""Version 2 without padding, extension and CSRC: nearly every packet."""
_SENDER_REPORT = 200
_MOST_LATE = 256
_HALF = 1 << 31
_WHOLE = 1 << 32
LONGEST_OFFSET_S = 10
"""How far the first timestamp may be from what RTP-Info announced for it to be believed."""


class Depacketizer(Protocol):
    """Puts the payloads of one track together again.

    Nearly all packets of a picture are middle fragments of one NAL unit: while ``fragments`` is not
    None, payloads that begin with the ``fragment_head_bytes`` of ``fragment_head`` are to be
    appended to it, without that head, and `check_size` is called now and then.
    """

    fragments: bytearray | None
    fragment_head: int
    fragment_head_bytes: int

    def check_size(self) -> None:
        """Raise StreamInvalidError when it has become too much."""
        ...

    def take(self, view: memoryview, begin: int, end: int, timestamp: int, marker: bool) -> None:
        """A payload, ``view[begin:end]``, which is only valid during the call; never empty."""
        ...

    def lose(self) -> None:
        """Something is missing before what comes next."""
        ...


class TimeLine:
    """Timestamps of one track as numbers that do not wrap (RFC 3550, 5.1).

    They count from the moment where the session began, if the camera told its timestamp
    (``rtptime`` of RTP-Info) and the first packet bears it out, otherwise from the first packet.
    ``newest`` is the last one asked for; whoever knows sets ``newest_ns``, its arrival.
    """

    __slots__ = ("_last", "clock_rate", "newest", "newest_ns", "rtptime", "trusted")

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self.rtptime: int | None = None
        self.trusted = False
        self.newest = 0
        self.newest_ns = 0
        self._last: int | None = None

    @property
    def started(self) -> bool:
        return self._last is not None

    def start(self, timestamp: int, value: int | None = None) -> None:
        """The first timestamp; it counts as ``value``, or as RTP-Info says, or as 0."""
        if value is None:
            value = 0
            if self.rtptime is not None:
                since = _signed(timestamp - self.rtptime)
                self.trusted = abs(since) <= LONGEST_OFFSET_S * self.clock_rate
                value = since if self.trusted else 0
        self._last, self.newest = timestamp, value

    def at(self, timestamp: int) -> int:
        """The number of a timestamp, by the shortest way from the one before."""
        last = self._last
        if last is None:
            self.start(timestamp)
            return self.newest
        self._last = timestamp
        step = (timestamp - last) & 0xFFFF_FFFF
        self.newest += step if step < _HALF else step - _WHOLE
        return self.newest


def _signed(difference: int) -> int:
    return (difference + _HALF & 0xFFFF_FFFF) - _HALF


class RtpReceiver:
    """Takes the packets of one track; counts what is ``lost`` and what came ``late`` or twice.

    ``report`` is the newest sender report's (NTP time, RTP timestamp), which ties the camera's
    media clock to its wall clock; None before the first.
    """

    __slots__ = ("_depacketizer", "_expected", "_payload_type", "_ssrc", "late", "lost",
                 "malformed", "packets", "report")  # fmt: skip

    def __init__(self, depacketizer: Depacketizer, payload_type: int) -> None:
        self._depacketizer = depacketizer
        self._payload_type = payload_type
        self._expected = -1
        self._ssrc = -1
        self.packets = 0
        self.lost = 0
        self.late = 0
        self.malformed = 0
        self.report: tuple[int, int] | None = None

    def take(self, view: memoryview, begin: int, end: int, filled: int) -> int:
        """A packet: see `framing.TakePacket`."""
        self._take(view, begin, end)
        if self._depacketizer.fragments is None or filled - end < _FRAME.size:
            return end
        return self._take_fragments(view, begin, end, filled)

    def _take_fragments(self, view: memoryview, begin: int, end: int, filled: int) -> int:
        """Middle fragments of a NAL unit that follow the packet at ``begin``, without detours."""
        depacketizer = self._depacketizer
        data = depacketizer.fragments
        assert data is not None
        head, head_bytes = depacketizer.fragment_head, depacketizer.fragment_head_bytes
        shift = 32 - 8 * head_bytes
        skip = _FRAME_BYTES + HEADER_BYTES + head_bytes
        plain = _PLAIN << 8 | self._payload_type
        place = view[begin - _FRAME_BYTES] << 8 | view[begin - _FRAME_BYTES + 1]
        stream = int.from_bytes(view[begin + 4 : begin + 12], "big")
        expected = self._expected
        unpack_from = _FRAME.unpack_from
        at, last, count = end, filled - _FRAME.size, 0
        while at <= last:
            mark, size, first, sequence, times, payload = unpack_from(view, at)
            after = at + 4 + size
            if (
                payload >> shift != head
                or sequence != expected
                or after > filled
                or times != stream
                or first != plain
                or mark != place
                or size < _FRAME.size
            ):
                break
            data += view[at + skip : after]
            expected = expected + 1 & 0xFFFF
            at = after
            count += 1
        self._expected = expected
        self.packets += count
        depacketizer.check_size()
        return at

    def _take(self, view: memoryview, begin: int, end: int) -> None:
        """One packet, ``view[begin:end]``; what is no RTP is counted and passed over."""
        payload = begin + HEADER_BYTES
        if end < payload:
            self.malformed += 1
            return
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(view, begin)
        if first != _PLAIN:
            payload, end = _unwrapped(view, begin, end, first)
            if not payload:
                self.malformed += 1
                return
        if second & 0x7F != self._payload_type or end <= payload:
            # Nothing but padding, comfort noise, or another kind than the one described.
            self._skip(sequence, ssrc)
            return
        if (sequence != self._expected or ssrc != self._ssrc) and not self._in_order(
            sequence, ssrc
        ):
            return
        self._expected = (sequence + 1) & 0xFFFF
        self.packets += 1
        self._depacketizer.take(view, payload, end, timestamp, second > 0x7F)

    def _skip(self, sequence: int, ssrc: int) -> None:
        if self._expected >= 0 and self._in_order(sequence, ssrc):
            self._expected = (sequence + 1) & 0xFFFF

    def _in_order(self, sequence: int, ssrc: int) -> bool:
        """Whether a packet that was not the next one is to be taken, after telling of a loss."""
        if ssrc != self._ssrc:
            begun, self._ssrc = self._expected >= 0, ssrc
            if begun:
                self._depacketizer.lose()
            return True
        ahead = (sequence - self._expected) & 0xFFFF
        if ahead >= 0x1_0000 - _MOST_LATE:
            self.late += 1
            return False
        if ahead:
            self.lost += ahead
            self._depacketizer.lose()
        return True

    def take_report(self, view: memoryview, begin: int, end: int, filled: int) -> int:
        """An RTCP packet: of a sender report the two times are kept, all else is passed over."""
        if end - begin >= 28 and view[begin] >> 6 == 2 and view[begin + 1] == _SENDER_REPORT:
            ntp, timestamp = struct.unpack_from(">QI", view, begin + 8)
            self.report = (ntp, timestamp)
        return end


def _unwrapped(view: memoryview, begin: int, end: int, first: int) -> tuple[int, int]:
    """Where the payload lies in a packet with CSRC, extension or padding; (0, 0) if it is none.

    The payload may be empty, and its end before its begin.
    """
    if first >> 6 != 2:
        return 0, 0
    payload = begin + HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if payload + 4 > end:
            return 0, 0
        payload += 4 + 4 * (view[payload + 2] << 8 | view[payload + 3])
    if first & 0x20:
        padding = view[end - 1]
        if not padding:
            return 0, 0
        end -= padding
    return payload, end
