"""H.264 in RTP (RFC 6184), non-interleaved: single NAL units, STAP-A and FU-A.

The interleaved mode (STAP-B, MTAP, FU-B) is for senders that shuffle packets against loss; no
camera does, we never ask for it, and packets of that kind count as lost.
"""

from watchglass.media.bitstream import H264_KINDS, H264_PPS, H264_SEI, H264_SPS
from watchglass.media.rtsp.access_unit import AccessUnits
from watchglass.media.sei import recovery

_STAP_A = 24
_FU_A = 28
_UNDEFINED = (0, 30, 31)
_START, _END = 0x80, 0x40
_SETS = (H264_SPS, H264_PPS)


class H264Depacketizer(AccessUnits):
    """Payloads of H.264 to access units."""

    _kinds = H264_KINDS
    _header_bytes = 1
    fragment_head_bytes = 2

    def take(self, view: memoryview, begin: int, end: int, timestamp: int, marker: bool) -> None:
        """See `Depacketizer.take`."""
        if timestamp != self._timestamp:
            self._turn_to(timestamp)
        kind = view[begin] & 0x1F
        if kind == _FU_A:
            if end - begin < 3:
                self._spoil()
                return
            flags = view[begin + 1]
            if flags & _START:
                head, kind = view[begin], flags & 0x1F
                self._begin_fragments(bytes((head & 0xE0 | kind,)), head << 8 | kind)
            elif self._unit < 0:
                # Its begin never came; the loss was told, or the camera makes no sense.
                self._spoil()
                return
            self._data += view[begin + 2 : end]
            if not flags & _END:
                self.check_size()
                return
            self._end_fragments()
        elif 0 < kind < _STAP_A:
            self._one(bytes(view[begin:end]), kind)
        elif kind == _STAP_A:
            self._aggregated(view, begin + 1, end)
        elif kind in _UNDEFINED:
            return
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
            self._one(bytes(view[at : at + size]), view[at] & 0x1F)
            at += size

    def _one(self, nal: bytes, kind: int) -> None:
        if self._unit >= 0:
            self._spoil()
        if kind in _SETS:
            self._add_set(nal)
            return
        if kind == H264_SEI:
            self._recovery = max(self._recovery, recovery(nal, 1))
        self._add(nal)
