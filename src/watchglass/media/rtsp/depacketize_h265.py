"""H.265 in RTP (RFC 7798): single NAL units, AP and FU, without decoding order numbers.

DONL fields appear only when SDP says ``sprop-max-don-diff``; no camera does. PACI packets carry
nothing that a recorder needs and count as lost.
"""

from watchglass.media.bitstream import H265_KINDS, H265_PREFIX_SEI, PARAMETER_SET
from watchglass.media.rtsp.access_unit import AccessUnits
from watchglass.media.sei import recovery

_AP = 48
_FU = 49
_START, _END = 0x80, 0x40


class H265Depacketizer(AccessUnits):
    """Payloads of H.265 to access units."""

    _kinds = H265_KINDS
    _header_bytes = 2
    fragment_head_bytes = 3

    def take(self, view: memoryview, begin: int, end: int, timestamp: int, marker: bool) -> None:
        """See `Depacketizer.take`."""
        if timestamp != self._timestamp:
            self._turn_to(timestamp)
        kind = view[begin] >> 1 & 0x3F
        if kind == _FU:
            if end - begin < 4:
                self._spoil()
                return
            flags = view[begin + 2]
            if flags & _START:
                first, second, kind = view[begin], view[begin + 1], flags & 0x3F
                middle = first << 16 | second << 8 | kind
                self._begin_fragments(bytes((first & 0x81 | kind << 1, second)), middle)
            elif self._unit < 0:
                # Its begin never came; the loss was told, or the camera makes no sense.
                self._spoil()
                return
            self._data += view[begin + 3 : end]
            if not flags & _END:
                self.check_size()
                return
            self._end_fragments()
        elif kind < _AP:
            self._one(bytes(view[begin:end]))
        elif kind == _AP:
            self._aggregated(view, begin + 2, end)
        else:
            self._spoil()
            return
        self._after_packet(marker)

    def _aggregated(self, view: memoryview, at: int, end: int) -> None:
        while at + 2 < end:
            size = view[at] << 8 | view[at + 1]
            at += 2
            if not size or at + size > end:
                self._spoil()
                return
            self._one(bytes(view[at : at + size]))
            at += size

    def _one(self, nal: bytes) -> None:
        if self._unit >= 0:
            self._spoil()
        if self._kinds[nal[0]] == PARAMETER_SET:
            self._add_set(nal)
            return
        if nal[0] >> 1 == H265_PREFIX_SEI:
            self._recovery = max(self._recovery, recovery(nal, 2))
        self._add(nal)
