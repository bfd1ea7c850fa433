"""Access units from NAL units: what belongs to one picture, and whether it is whole.

The packets of one picture share a timestamp, and the last of them has the marker bit (RFC 6184,
5.1). Waiting for the next timestamp is always right but late by a frame; going by the marker is
early, but some cameras set it on every slice and others never. So the marker ends a picture only
after it has ended `_TRUST_AFTER` in a row and stood nowhere else; once it is caught inside a
picture it is never believed again. A marker behind parameter sets or SEI ends nothing.
"""

from collections import deque

from watchglass.base.errors import StreamInvalidError
from watchglass.media.bitstream import KEY, PARAMETER_SET, PICTURE, START_CODE
from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.rtp import TimeLine
from watchglass.media.sei import Recovery
from watchglass.model.stream import Packet, Track

MOST_ACCESS_UNIT_BYTES = 16 << 20
MOST_NAL_UNITS = 4096
_TRUST_AFTER = 3
_NEVER = -(1 << 60)
_NO_UNIT = -1
_PREFIX = b"\x00\x00\x00\x00"
_MOST_SETS = 64


class AccessUnits:
    """Collects the NAL units of a track; whole access units go into ``ready``, without dts.

    The base of the depacketizers of H.264 and H.265, which say what the NAL units' types are.
    """

    # What each first byte of a NAL unit says, and where its first payload byte is.
    _kinds: bytes
    _header_bytes: int
    fragment_head_bytes: int

    def __init__(self, time_line: TimeLine, arrival: Arrival, ready: deque[Packet]) -> None:
        self._time_line = time_line
        self._arrival = arrival
        self._ready = ready
        self.access_units = 0
        self._timestamp = -1
        self._data = bytearray()
        self._unit = _NO_UNIT
        """Where the prefix of the NAL unit lies that is being put together of fragments."""
        self.fragments: bytearray | None = None
        self.fragment_head = 0
        self._nal_units = 0
        self._kind = 0
        self._recovery = Recovery.NONE
        self._refreshes = 0
        self._sets: list[bytes] = []
        self._markers = 0
        self._is_marked = False
        self._is_damaged = False
        self._is_lost = False
        self._has_hole = False
        self._trust = 0
        self._done_timestamp = -1
        self._wall_ns = 0
        self._monotonic_ns = 0

    def lose(self) -> None:
        """Something is missing before what comes next. See `Depacketizer.lose`."""
        # Whether it is missing here or in the next picture, the next timestamp tells.
        self._has_hole = True
        self._drop_fragments()

    def finish(self) -> None:
        """The stream has ended: give out what is certainly whole."""
        if self._is_marked and self._unit == _NO_UNIT and self._data:
            self._close()

    # --- for the depacketizers --------------------------------------------------------------------

    def _turn_to(self, timestamp: int) -> None:
        """A packet of another picture than the one before has come."""
        hole, self._has_hole = self._has_hole, False
        if self._unit != _NO_UNIT or (hole and not self._is_marked and self._data):
            self._spoil()
        if self._data:
            self._learn_marker()
            self._close()
        self._is_damaged = False
        self._is_lost = self._is_lost or hole
        self._timestamp = timestamp
        self._is_marked = False

    def _after_packet(self, marker: bool) -> None:
        """To be called behind each packet that ends a NAL unit, or has the marker."""
        if self._has_hole:
            self._has_hole = False
            self._is_damaged = self._is_lost = True
        arrival = self._arrival
        self._wall_ns, self._monotonic_ns = arrival.wall_ns, arrival.monotonic_ns
        self._is_marked = marker
        if marker and self._kind >= PICTURE:
            if self._trust >= _TRUST_AFTER and self._unit == _NO_UNIT:
                self._close()
                self._done_timestamp = self._timestamp
            else:
                self._markers += 1

    def _add(self, nal: bytes) -> None:
        """A whole NAL unit."""
        if nal:
            self._note(nal, len(nal), len(self._data))
            self._data += len(nal).to_bytes(4, "big")
            self._data += nal
            self.check_size()

    def _begin_fragments(self, head: bytes, middle: int) -> None:
        """The first fragment of a NAL unit; ``head`` is its header, rebuilt.

        ``middle`` is what the payloads of its middle fragments begin with.
        """
        if self._unit != _NO_UNIT:
            self._spoil()
        self._unit = len(self._data)
        self._data += _PREFIX
        self._data += head
        self.fragments = self._data
        self.fragment_head = middle

    def _end_fragments(self) -> None:
        begin, self._unit = self._unit, _NO_UNIT
        self.fragments = None
        data = self._data
        size = len(data) - begin - 4
        first = data[begin + 4]
        if self._kinds[first] == PARAMETER_SET:
            # Rare, and perhaps Annex B in disguise: taken out and added like any other.
            nal = bytes(data[begin + 4 :])
            del data[begin:]
            self._add_set(nal)
            return
        data[begin : begin + 4] = size.to_bytes(4, "big")
        self.check_size()
        self._note(data[begin + 4 : begin + 4 + self._header_bytes + 1], size, begin)

    def _spoil(self) -> None:
        """A part of the very picture that is being put together is missing."""
        self._is_damaged = self._is_lost = True
        self._drop_fragments()

    def _drop_fragments(self) -> None:
        if self._unit != _NO_UNIT:
            del self._data[self._unit :]
            self._unit = _NO_UNIT
            self.fragments = None

    def check_size(self) -> None:
        """See `Depacketizer.check_size`."""
        if len(self._data) > MOST_ACCESS_UNIT_BYTES:
            raise StreamInvalidError("The camera sent a picture of more than 16 MiB.")

    def _add_set(self, nal: bytes) -> None:
        """A NAL unit that says it is a parameter set.

        Some cameras send parameter sets and even the picture behind them as one, with the start
        codes of Annex B inside.
        """
        for unit in nal.split(START_CODE, MOST_NAL_UNITS) if START_CODE in nal else (nal,):
            if unit is not nal:
                unit = unit.rstrip(b"\x00")
            if unit and self._kinds[unit[0]] == PARAMETER_SET and len(self._sets) < _MOST_SETS:
                self._sets.append(unit)
            self._add(unit)

    def _note(self, nal: bytes | bytearray, size: int, at: int) -> None:
        """Take note of a NAL unit that begins with ``nal`` and lies, or will lie, at ``at``."""
        self._nal_units += 1
        if self._nal_units > MOST_NAL_UNITS:
            raise StreamInvalidError("The camera sent a picture of too many parts.")
        kind = self._kinds[nal[0]]
        if kind < PICTURE:
            return
        # first_mb_in_slice is 0, or first_slice_segment_in_pic_flag: the same bit in both codecs.
        is_first = size > self._header_bytes and nal[self._header_bytes] & 0x80 != 0
        if self._kind < PICTURE:
            if not is_first:
                self._begin_inside()
        elif is_first and self._is_marked:
            self._split(at)
        if kind > self._kind:
            self._kind = kind

    def _split(self, at: int) -> None:
        """Two pictures of one timestamp, told apart by the marker between them."""
        following = self._data[at:]
        del self._data[at:]
        self._learn_marker()
        self._close()
        self._data = following
        self._nal_units = 1

    def _begin_inside(self) -> None:
        """The first slice to come is not the first of its picture."""
        if self._timestamp == self._done_timestamp:
            # The picture went out at a marker that did not end it.
            self._trust = _NEVER
            self._is_lost = self._is_damaged = True
        elif self._is_lost:
            self._is_damaged = True

    # --- the end of an access unit ----------------------------------------------------------------

    def _learn_marker(self) -> None:
        if self._kind >= PICTURE and self._trust >= 0:
            good = self._is_marked and self._markers == 1
            self._trust = self._trust + 1 if good else 0

    def _close(self) -> None:
        """Give out what has been collected, and begin anew."""
        has_picture = self._kind >= PICTURE
        is_entry = False
        if self._kind == KEY or self._recovery:
            is_entry = has_picture and self._may_begin()
        time_line = self._time_line
        packet = Packet(
            Track.VIDEO, bytes(self._data), time_line.at(self._timestamp), None,
            time_line.clock_rate, is_entry and not self._is_damaged,
            self._wall_ns, self._monotonic_ns, has_picture, tuple(self._sets),
            self._is_lost and has_picture,
        )  # fmt: skip
        time_line.newest_ns = self._monotonic_ns
        self._ready.append(packet)
        self.access_units += 1
        self._data = bytearray()
        self._nal_units = self._kind = self._markers = 0
        self._recovery = Recovery.NONE
        self._is_damaged = False
        if self._sets:
            self._sets = []
        if has_picture:
            self._is_lost = False

    def _may_begin(self) -> bool:
        """Whether decoding can begin at a key frame or recovery point.

        A recovery point from which pictures only heal by and by counts when nothing better came
        since the one before it: this camera sends no whole picture.
        """
        if self._kind == KEY or self._recovery is Recovery.AT_ONCE:
            self._refreshes = 0
            return True
        self._refreshes += 1
        return self._refreshes > 1
