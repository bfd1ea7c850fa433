"""NAL units of H.264 and H.265: Annex B in, MP4 samples out.

The hot way of the recorder: `to_length_prefixed` runs once for every video packet. Nothing here
knows libavformat; names follow ITU-T H.264 and H.265.
"""

from dataclasses import dataclass

from watchglass.model.stream import VideoCodec

START_CODE = b"\x00\x00\x01"

# Far above any real picture (a slice per row of macroblocks is under 300), far below what would
# make a hostile packet of nothing but start codes expensive.
MOST_NAL_UNITS = 4096

H264_IDR = 5
H264_SEI = 6
H264_SPS = 7
H264_PPS = 8
H265_VPS = 32
H265_SPS = 33
H265_PPS = 34
H265_PREFIX_SEI = 39

# What the first byte of a NAL unit says, per codec: one table look-up instead of shifts and tests.
OTHER, PARAMETER_SET, PICTURE, KEY = 0, 1, 2, 3


def _h264_kind(first_byte: int) -> int:
    nal_type = first_byte & 0x1F
    if nal_type in (H264_SPS, H264_PPS):
        return PARAMETER_SET
    if nal_type == H264_IDR:
        return KEY
    return PICTURE if 1 <= nal_type <= 4 else OTHER


def _h265_kind(first_byte: int) -> int:
    nal_type = first_byte >> 1 & 0x3F
    if nal_type in (H265_VPS, H265_SPS, H265_PPS):
        return PARAMETER_SET
    if 16 <= nal_type <= 23:  # IRAP: BLA, IDR, CRA
        return KEY
    return PICTURE if nal_type < 32 else OTHER


H264_KINDS = bytes(_h264_kind(byte) for byte in range(256))
H265_KINDS = bytes(_h265_kind(byte) for byte in range(256))
_KINDS: dict[VideoCodec, bytes] = {VideoCodec.H264: H264_KINDS, VideoCodec.H265: H265_KINDS}


@dataclass(slots=True)
class Sample:
    """One access unit as MP4 stores it. Not frozen: it is on the hot way.

    ``data`` is each NAL unit behind its length in four bytes. ``has_picture``: at least one VCL NAL
    unit is among them (an access unit of parameter sets alone is no sample of its own);
    ``is_key``: IDR, or any IRAP of H.265. ``parameter_sets``: those found in it, in order.
    """

    data: bytes
    has_picture: bool
    is_key: bool
    parameter_sets: tuple[bytes, ...]


def to_length_prefixed(data: bytes, codec: VideoCodec) -> Sample:
    """One access unit of Annex B as an MP4 sample; every NAL unit is kept, in order.

    What stands before the first start code, zeros after a NAL unit and empty NAL units carry
    nothing and are left out. Empty input gives an empty sample. ValueError when there is no start
    code at all (already length-prefixed, or not H.264/H.265), or more NAL units than any picture
    has.
    """
    kinds = _KINDS[codec]
    units = data.split(START_CODE, MOST_NAL_UNITS)
    if len(units) == 2 and not units[0].strip(b"\x00"):
        # The usual P picture: one NAL unit, and worth its own path.
        unit = units[1].rstrip(b"\x00")
        kind = kinds[unit[0]] if unit else OTHER
        if kind >= PICTURE:
            return Sample(len(unit).to_bytes(4, "big") + unit, True, kind == KEY, ())
    _check_units(data, units)
    parts: list[bytes] = []
    sets: list[bytes] = []
    most = OTHER
    for unit in units[1:]:
        unit = unit.rstrip(b"\x00")
        if not unit:
            continue
        kind = kinds[unit[0]]
        if kind == PARAMETER_SET:
            sets.append(unit)
        elif kind > most:
            most = kind
        parts.append(len(unit).to_bytes(4, "big"))
        parts.append(unit)
    return Sample(b"".join(parts), most >= PICTURE, most == KEY, tuple(sets))


def split_nal_units(data: bytes) -> list[bytes]:
    """The NAL units of a piece of Annex B, without start codes and trailing zeros.

    ValueError as `to_length_prefixed`.
    """
    units = data.split(START_CODE, MOST_NAL_UNITS)
    _check_units(data, units)
    return [unit for raw in units[1:] if (unit := raw.rstrip(b"\x00"))]


def _check_units(data: bytes, units: list[bytes]) -> None:
    if len(units) == 1 and data:
        raise ValueError("no start code: this is not Annex B")
    if len(units) > MOST_NAL_UNITS:
        raise ValueError(f"more than {MOST_NAL_UNITS - 1} NAL units in one access unit")
