"""The parameter sets in force: VPS, SPS and PPS by id, as a decoder keeps them.

Of MJPEG it is the frame header (SOF0) alone, which says the size of the pictures.
"""

from collections.abc import Iterable

from watchglass.base.errors import StreamInvalidError
from watchglass.media import jpeg
from watchglass.media.bitstream import H264_PPS, H264_SPS, H265_PPS, H265_SPS, H265_VPS
from watchglass.media.sps import BitReader, SequenceParameters, parse_sps, without_emulation
from watchglass.model.stream import VideoCodec, VideoParameters

MOST_SET_BYTES = 4096
MOST_SETS = 32

_FRAME_HEADER = 0

_ORDER: dict[VideoCodec, tuple[int, ...]] = {
    VideoCodec.H264: (H264_SPS, H264_PPS),
    VideoCodec.H265: (H265_VPS, H265_SPS, H265_PPS),
    VideoCodec.MJPEG: (_FRAME_HEADER,),
}


class ParameterSets:
    """VPS, SPS and PPS by id; a set with a known id takes the place of the one before.

    Equal when the same sets are in force. Not thread-safe.
    """

    __slots__ = ("_by_id", "codec")

    def __init__(self, codec: VideoCodec, sets: Iterable[bytes] = ()) -> None:
        self.codec = codec
        self._by_id: dict[tuple[int, int], bytes] = {}
        self.update(sets)

    def update(self, sets: Iterable[bytes]) -> bool:
        """Take in NAL units (others than parameter sets are passed over); whether any is new.

        StreamInvalidError for one that is too large, or when there are more than any decoder keeps.
        """
        changed = False
        for nal in sets:
            key = self._key(nal)
            if key is None or self._by_id.get(key) == nal:
                continue
            if len(nal) > MOST_SET_BYTES or (key not in self._by_id and self._full()):
                raise StreamInvalidError("The camera sends more parameter sets than are allowed.")
            self._by_id[key] = bytes(nal)
            changed = True
        return changed

    def _full(self) -> bool:
        return len(self._by_id) >= MOST_SETS

    def _key(self, nal: bytes) -> tuple[int, int] | None:
        if not nal:
            return None
        if self.codec is VideoCodec.MJPEG:
            return (_FRAME_HEADER, 0) if nal.startswith(jpeg.SOF0) else None
        h264 = self.codec is VideoCodec.H264
        nal_type = nal[0] & 0x1F if h264 else nal[0] >> 1 & 0x3F
        if nal_type not in _ORDER[self.codec]:
            return None
        return nal_type, _set_id(nal, nal_type, h264=h264)

    @property
    def in_order(self) -> tuple[bytes, ...]:
        """All sets in force: VPS, SPS, PPS, each by id."""
        return tuple(nal for _, nal in sorted(self._by_id.items()))

    @property
    def complete(self) -> bool:
        """Whether a decoder could start: one of each kind is there."""
        kinds = {nal_type for nal_type, _ in self._by_id}
        return kinds.issuperset(_ORDER[self.codec])

    def sequence(self) -> SequenceParameters:
        """What the SPS with the lowest id says, or the frame header; StreamInvalidError when there
        is none, or it makes no sense."""
        if self.codec is VideoCodec.MJPEG:
            return jpeg.parse_frame_header(self._first(_FRAME_HEADER))
        return parse_sps(self._first(_ORDER[self.codec][-2]), self.codec)

    def _first(self, sps_type: int) -> bytes:
        found = min((key for key in self._by_id if key[0] == sps_type), default=None)
        if found is None:
            raise StreamInvalidError("The camera has not yet described its picture.")
        return self._by_id[found]

    def parameters(self) -> VideoParameters:
        """What a file's header needs; StreamInvalidError when not complete or nonsense."""
        if not self.complete:
            raise StreamInvalidError("The camera has not yet described its picture.")
        sequence = self.sequence()
        return VideoParameters(self.codec, self.in_order, sequence.width, sequence.height)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ParameterSets)
            and other.codec is self.codec
            and other._by_id == self._by_id
        )

    __hash__ = None  # type: ignore[assignment]  # mutable


def _set_id(nal: bytes, nal_type: int, *, h264: bool) -> int:
    """The id of a parameter set; those that are cut too short to have one count as 0."""
    body = without_emulation(nal[1 if h264 else 2 : 200])
    try:
        if nal_type == H264_SPS:
            return BitReader(body[3:]).ue(31)
        if nal_type == H265_VPS:
            return body[0] >> 4
        if nal_type == H265_SPS:
            return 0 if len(body) < 13 else _h265_sps_id(body)
        return BitReader(body).ue(255)
    except (StreamInvalidError, IndexError, EOFError):
        return 0


def _h265_sps_id(body: bytes) -> int:
    bits = BitReader(body)
    sub_layers = bits.u(8) >> 1 & 7
    bits.u(96)
    present = bits.u(2 * sub_layers)
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for at in range(2 * sub_layers):
        if present >> (2 * sub_layers - 1 - at) & 1:
            bits.u(8 if at & 1 else 88)
    return bits.ue(15)
