"""Sound in RTP: AAC (RFC 3640, AAC-hbr and what is like it) and G.711 (RFC 3551)."""

from collections import deque

from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.rtp import TimeLine
from watchglass.media.rtsp.sdp import MediaDescription
from watchglass.model.stream import Packet, SoundParameters, Track

_MOST_FRAME_BYTES = 64 << 10
_MOST_FRAMES_A_PACKET = 256
_FRAME_SAMPLES = 1024
_MOST_SIZE_BITS = 16


class _Sound:
    """What both have in common. Nothing comes out before ``time_line`` has been started."""

    def __init__(self, time_line: TimeLine, arrival: Arrival, ready: deque[Packet]) -> None:
        self._time_line = time_line
        self._arrival = arrival
        self._ready = ready
        self._is_lost = False

    # Fragments are rare and small, and have no way of their own.
    fragments: bytearray | None = None
    fragment_head = 0
    fragment_head_bytes = 0

    def check_size(self) -> None:
        """Nothing is kept that could grow."""

    def lose(self) -> None:
        """See `Depacketizer.lose`."""
        self._is_lost = True

    def _put(self, data: bytes, pts: int) -> None:
        arrival = self._arrival
        packet = Packet(
            Track.SOUND, data, pts, pts, self._time_line.clock_rate, True, arrival.wall_ns,
            arrival.monotonic_ns, lost=self._is_lost,
        )  # fmt: skip
        self._is_lost = False
        self._ready.append(packet)


class G711Depacketizer(_Sound):
    """A-law and µ-law: a packet is a piece of sound as it is."""

    def take(self, view: memoryview, begin: int, end: int, timestamp: int, marker: bool) -> None:
        """See `Depacketizer.take`; the marker says that a silence went before."""
        self._put(bytes(view[begin:end]), self._time_line.at(timestamp))


class AacDepacketizer(_Sound):
    """AAC: AU headers, then one or more whole access units, or a fragment of one."""

    def __init__(
        self,
        medium: MediaDescription,
        sound: SoundParameters,
        time_line: TimeLine,
        arrival: Arrival,
        ready: deque[Packet],
    ) -> None:
        super().__init__(time_line, arrival, ready)
        self._size_bits = _bits(medium, "sizelength", 13)
        index_bits = _bits(medium, "indexlength", 3)
        # All access units of one packet follow each other; their index says nothing more.
        self._header_bits = self._size_bits + index_bits
        self._frame_ticks = _FRAME_SAMPLES * time_line.clock_rate // sound.sample_rate
        self._fragment = b""
        self._wanted = 0

    def lose(self) -> None:
        """See `Depacketizer.lose`."""
        super().lose()
        self._fragment = b""

    def take(self, view: memoryview, begin: int, end: int, timestamp: int, marker: bool) -> None:
        """See `Depacketizer.take`."""
        at, sizes = self._headers(view, begin, end)
        if not sizes:
            self.lose()
            return
        pts = self._time_line.at(timestamp)
        if len(sizes) == 1 and sizes[0] > end - at:
            self._take_fragment(bytes(view[at:end]), sizes[0], pts)
            return
        self._fragment = b""
        for size in sizes:
            if not size or at + size > end:
                self.lose()
                return
            self._put(bytes(view[at : at + size]), pts)
            at += size
            pts += self._frame_ticks

    def _take_fragment(self, piece: bytes, size: int, pts: int) -> None:
        if size > _MOST_FRAME_BYTES:
            self.lose()
            return
        if self._fragment and self._wanted != size:
            self.lose()
        self._wanted = size
        self._fragment += piece
        if len(self._fragment) >= size:
            self._put(self._fragment[:size], pts)
            self._fragment = b""

    def _headers(self, view: memoryview, begin: int, end: int) -> tuple[int, list[int]]:
        """Where the first access unit begins, and their sizes; none when it makes no sense."""
        if end - begin < 3:
            return begin, []
        bits = view[begin] << 8 | view[begin + 1]
        at = begin + 2 + (bits + 7) // 8
        count = bits // self._header_bits
        if at >= end or not 0 < count <= _MOST_FRAMES_A_PACKET:
            return begin, []
        value = int.from_bytes(view[begin + 2 : at], "big") >> (-bits % 8)
        # The AU headers are left-aligned in what was announced.
        value >>= bits - count * self._header_bits
        mask = (1 << self._size_bits) - 1
        shift = self._header_bits - self._size_bits
        return at, [
            value >> (index * self._header_bits + shift) & mask
            for index in range(count - 1, -1, -1)
        ]


def _bits(medium: MediaDescription, name: str, usual: int) -> int:
    text = medium.parameters.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 2 or int(text) > _MOST_SIZE_BITS:
        return usual
    return int(text)


def is_plain_aac(medium: MediaDescription) -> bool:
    """Whether RFC 3640's headers are of the kind that `AacDepacketizer` reads."""
    mode = medium.parameters.get("mode", "aac-hbr").lower()
    return mode in ("aac-hbr", "aac-lbr") and _bits(medium, "sizelength", 13) > 0
