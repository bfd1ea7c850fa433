"""What we tell a camera of how its packets arrive: receiver reports (RFC 3550, 6.4.2 and A.3)."""

import struct

_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION = 200, 201, 202
_CNAME = 1
_SENDER = struct.Struct(">BBHIQ")
_BLOCK = struct.Struct(">BBHIIIIIII")
_NS_PER_S = 1_000_000_000


class Reception:
    """The packets of one track, as they came; ``ssrc`` is None before the first."""

    __slots__ = ("_arrival_ns", "_clock_rate", "_cycles", "_expected_before", "_first", "_highest",
                 "_jitter", "_received", "_received_before", "_report_ns", "_report_ntp",
                 "_timestamp", "ssrc")  # fmt: skip

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self.ssrc: int | None = None
        self._report_ntp = self._report_ns = 0
        self._begin(0)

    def _begin(self, sequence: int) -> None:
        self._first = self._highest = sequence
        self._cycles = self._received = 0
        self._expected_before = self._received_before = 0
        self._jitter = 0.0
        self._timestamp: int | None = None
        self._arrival_ns = 0

    def take(self, sequence: int, timestamp: int, ssrc: int, now_ns: int) -> None:
        """A packet; its times count where its picture begins."""
        if ssrc != self.ssrc:
            self.ssrc = ssrc
            self._report_ntp = 0
            self._begin(sequence)
        self._received += 1
        ahead = (sequence - self._highest) & 0xFFFF
        if ahead < 0x8000:
            if sequence < self._highest:
                self._cycles += 1
            self._highest = sequence
        if timestamp != self._timestamp:
            self._measure(timestamp, now_ns)

    def _measure(self, timestamp: int, now_ns: int) -> None:
        before, self._timestamp = self._timestamp, timestamp
        since_ns, self._arrival_ns = now_ns - self._arrival_ns, now_ns
        if before is not None:
            ticks = (timestamp - before + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000
            late = abs(since_ns * self._clock_rate / _NS_PER_S - ticks)
            self._jitter += (late - self._jitter) / 16

    def take_report(self, packet: bytes, now_ns: int) -> None:
        """An RTCP packet of the camera's; only a sender report is of interest."""
        if len(packet) >= 28 and packet[0] >> 6 == 2 and packet[1] == _SENDER_REPORT:
            *_, ssrc, ntp = _SENDER.unpack_from(packet)
            if ssrc == self.ssrc:
                self._report_ntp, self._report_ns = ntp >> 16 & 0xFFFF_FFFF, now_ns

    def report(self, own_ssrc: int, name: bytes, now_ns: int) -> bytes:
        """A receiver report and who it is from; without a block before the first packet."""
        item = own_ssrc.to_bytes(4, "big") + bytes((_CNAME, len(name))) + name
        item += bytes(4 - len(item) % 4)
        description = struct.pack(">BBH", 0x81, _DESCRIPTION, len(item) // 4) + item
        if self.ssrc is None:
            return struct.pack(">BBHI", 0x80, _RECEIVER_REPORT, 1, own_ssrc) + description
        highest = self._cycles << 16 | self._highest
        expected = highest - self._first + 1
        lost = min(max(expected - self._received, -(1 << 23)), (1 << 23) - 1)
        since = 0
        if self._report_ntp:
            since = min((now_ns - self._report_ns << 16) // _NS_PER_S, 0xFFFF_FFFF)
        block = _BLOCK.pack(
            0x81, _RECEIVER_REPORT, 7, own_ssrc, self.ssrc,
            self._fraction(expected) << 24 | lost & 0xFF_FFFF, highest & 0xFFFF_FFFF,
            min(int(self._jitter), 0xFFFF_FFFF), self._report_ntp, since,
        )  # fmt: skip
        return block + description

    def _fraction(self, expected: int) -> int:
        """The share lost since the last report, in 256ths."""
        asked = expected - self._expected_before
        lost = asked - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        return 0 if asked <= 0 or lost <= 0 else min(lost * 256 // asked, 255)
