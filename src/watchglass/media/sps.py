"""Sequence parameter sets: what a camera's stream says about its own pictures.

Reads the SPS of H.264 (7.3.2.1.1) and H.265 (7.3.2.2). The bits come from strangers: every read is
bounds-checked, every count has a limit, and nonsense raises StreamInvalidError, nothing else. The
VUI at the end is often cut or wrong in cheap cameras, so what cannot be read there is only unknown.
"""

from dataclasses import dataclass, field

from watchglass.base.errors import StreamInvalidError
from watchglass.model.stream import VideoCodec

MOST_SPS_BYTES = 4096
MOST_PIXELS_A_SIDE = 16_384

_H264_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_EXTENDED_SAR = 255


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """What an SPS says. Sizes are in pixels after cropping.

    ``fps`` and ``reorder_depth`` (pictures that may precede one in decoding and follow it in
    showing) are None where the stream does not tell.
    """

    width: int
    height: int
    profile: int
    level: int
    fps: float | None
    reorder_depth: int | None


def parse_sps(nal: bytes, codec: VideoCodec) -> SequenceParameters:
    """Read an SPS NAL unit without start code; StreamInvalidError when it makes no sense."""
    header_bytes = 1 if codec is VideoCodec.H264 else 2
    if not header_bytes < len(nal) <= MOST_SPS_BYTES:
        raise StreamInvalidError("The camera describes its picture with a record of a wrong size.")
    bits = BitReader(without_emulation(nal[header_bytes:]))
    try:
        found = _h264(bits) if codec is VideoCodec.H264 else _h265(bits)
    except _OutOfBitsError:
        raise StreamInvalidError(
            "The camera's description of its picture ends too early."
        ) from None
    if not (0 < found.width <= MOST_PIXELS_A_SIDE and 0 < found.height <= MOST_PIXELS_A_SIDE):
        raise StreamInvalidError("The camera names an impossible picture size.")
    return found


def without_emulation(payload: bytes) -> bytes:
    """The RBSP of a NAL unit's payload: 00 00 03 becomes 00 00."""
    return payload.replace(b"\x00\x00\x03", b"\x00\x00")


class _OutOfBitsError(EOFError):
    """A read past the end; never leaves this package."""


@dataclass(slots=True)
class BitReader:
    """Reads big-endian bits and Exp-Golomb numbers."""

    data: bytes
    position: int = 0
    _value: int = field(init=False)
    _length: int = field(init=False)

    def __post_init__(self) -> None:
        self._value = int.from_bytes(self.data, "big")
        self._length = len(self.data) * 8

    def u(self, count: int) -> int:
        """The next ``count`` bits as an unsigned number."""
        end = self.position + count
        if end > self._length:
            raise _OutOfBitsError
        self.position = end
        return self._value >> (self._length - end) & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.u(1) == 1

    def ue(self, most: int = 0xFFFF_FFFE) -> int:
        """An unsigned Exp-Golomb number of at most ``most``."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise StreamInvalidError("The camera's description of its picture is garbled.")
        number = (1 << zeros) - 1 + self.u(zeros)
        if number > most:
            raise StreamInvalidError("The camera's description of its picture is out of range.")
        return number

    def se(self) -> int:
        number = self.ue()
        return (number + 1) // 2 if number & 1 else -(number // 2)


# --- H.264 ----------------------------------------------------------------------------------------


def _h264(bits: BitReader) -> SequenceParameters:
    profile = bits.u(8)
    constraints = bits.u(8)
    level = bits.u(8)
    bits.ue(31)
    chroma = _h264_chroma(bits) if profile in _H264_WITH_CHROMA else 1
    bits.ue(12)
    order_type = _h264_picture_order(bits)
    bits.ue(16)
    bits.u(1)
    width = (bits.ue(MOST_PIXELS_A_SIDE // 16) + 1) * 16
    map_height = bits.ue(MOST_PIXELS_A_SIDE // 16) + 1
    frames_only = bits.flag()
    if not frames_only:
        bits.u(1)
    bits.u(1)
    height = map_height * 16 * (1 if frames_only else 2)
    if bits.flag():
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = (2 if chroma == 1 else 1) * (1 if frames_only else 2)
        crop = [bits.ue(MOST_PIXELS_A_SIDE) for _ in range(4)]
        width -= (crop[0] + crop[1]) * unit_x
        height -= (crop[2] + crop[3]) * unit_y
    fps, reorder = _h264_vui(bits)
    if (
        order_type == 2
        or profile == 66
        or (profile in (44, 100, 110, 122, 244) and constraints & 16)
    ):
        reorder = 0
    return SequenceParameters(width, height, profile, level, fps, reorder)


def _h264_chroma(bits: BitReader) -> int:
    chroma = bits.ue(3)
    separate = bits.flag() if chroma == 3 else False
    bits.ue(6)
    bits.ue(6)
    bits.u(1)
    if bits.flag():
        for index in range(12 if chroma == 3 else 8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return 0 if separate else chroma


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _h264_picture_order(bits: BitReader) -> int:
    order_type = bits.ue(2)
    if order_type == 0:
        bits.ue(12)
    elif order_type == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue(255)):
            bits.se()
    return order_type


def _h264_vui(bits: BitReader) -> tuple[float | None, int | None]:
    fps: float | None = None
    try:
        if not bits.flag():
            return None, None
        _skip_video_signal(bits)
        if bits.flag():
            units, scale = bits.u(32), bits.u(32)
            bits.u(1)
            fps = _rate(scale, units * 2)
        if _skip_h264_hrds(bits):
            bits.u(1)
        bits.u(1)
        if not bits.flag():
            return fps, None
        bits.u(1)
        for _ in range(4):
            bits.ue()
        return fps, bits.ue(16)
    except (_OutOfBitsError, StreamInvalidError):
        return fps, None


def _skip_video_signal(bits: BitReader) -> None:
    """Aspect ratio up to chroma location: the same in both codecs."""
    if bits.flag() and bits.u(8) == _EXTENDED_SAR:
        bits.u(32)
    if bits.flag():
        bits.u(1)
    if bits.flag():
        bits.u(4)
        if bits.flag():
            bits.u(24)
    if bits.flag():
        bits.ue()
        bits.ue()


def _skip_h264_hrds(bits: BitReader) -> bool:
    """The buffer models of NAL and of VCL units; whether there is any."""
    found = False
    for _ in range(2):
        if not bits.flag():
            continue
        found = True
        count = bits.ue(31) + 1
        bits.u(8)
        for _ in range(count):
            bits.ue()
            bits.ue()
            bits.u(1)
        bits.u(20)
    return found


def _rate(scale: int, units: int) -> float | None:
    if not units or not scale:
        return None
    fps = scale / units
    return fps if 0.01 <= fps <= 1000 else None


# --- H.265 ----------------------------------------------------------------------------------------


def _h265(bits: BitReader) -> SequenceParameters:
    bits.u(4)
    sub_layers = bits.u(3)
    bits.u(1)
    profile, level = _h265_profile(bits, sub_layers)
    bits.ue(15)
    chroma = bits.ue(3)
    if chroma == 3 and bits.flag():
        chroma = 0
    width = bits.ue(MOST_PIXELS_A_SIDE)
    height = bits.ue(MOST_PIXELS_A_SIDE)
    if bits.flag():
        left, right, top, bottom = (bits.ue(MOST_PIXELS_A_SIDE) for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1)
    bits.ue(8)
    bits.ue(8)
    order_bits = bits.ue(12) + 4
    reorder = 0
    for _ in range(sub_layers + 1 if bits.flag() else 1):
        bits.ue()
        reorder = bits.ue(16)
        bits.ue()
    fps = _h265_rest(bits, order_bits)
    return SequenceParameters(width, height, profile, level, fps, reorder)


def _h265_profile(bits: BitReader, sub_layers: int) -> tuple[int, int]:
    bits.u(3)
    profile = bits.u(5)
    bits.u(80)
    level = bits.u(8)
    present = [(bits.flag(), bits.flag()) for _ in range(sub_layers)]
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for has_profile, has_level in present:
        bits.u(88 if has_profile else 0)
        bits.u(8 if has_level else 0)
    return profile, level


def _h265_rest(bits: BitReader, order_bits: int) -> float | None:
    """From the block sizes to the VUI's rate; None when anything is off."""
    try:
        for _ in range(6):
            bits.ue()
        if bits.flag() and bits.flag():
            _skip_h265_scaling_lists(bits)
        bits.u(2)
        if bits.flag():
            bits.u(8)
            bits.ue()
            bits.ue()
            bits.u(1)
        _skip_reference_sets(bits)
        if bits.flag():
            for _ in range(bits.ue(32)):
                bits.u(order_bits + 1)
        bits.u(2)
        return _h265_vui_rate(bits) if bits.flag() else None
    except (_OutOfBitsError, StreamInvalidError):
        return None


def _skip_h265_scaling_lists(bits: BitReader) -> None:
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not bits.flag():
                bits.ue(6)
                continue
            if size > 1:
                bits.se()
            for _ in range(min(64, 1 << (4 + (size << 1)))):
                bits.se()


def _skip_reference_sets(bits: BitReader) -> None:
    """st_ref_pic_set() (7.3.7): each may be told as a difference to the one before."""
    before = 0
    for index in range(bits.ue(64)):
        if index and bits.flag():
            bits.u(1)
            bits.ue(0x7FFF)
            count = 0
            for _ in range(before + 1):
                used = bits.flag()
                count += used or bits.flag()
            before = count
        else:
            before = bits.ue(16) + bits.ue(16)
            for _ in range(before):
                bits.ue()
                bits.u(1)
        if before > 64:
            raise StreamInvalidError("The camera's description of its picture is out of range.")


def _h265_vui_rate(bits: BitReader) -> float | None:
    _skip_video_signal(bits)
    bits.u(3)
    if bits.flag():
        for _ in range(4):
            bits.ue()
    if not bits.flag():
        return None
    units, scale = bits.u(32), bits.u(32)
    return _rate(scale, units)
