"""NAL units of H.264 (ITU-T H.264) and H.265 (ITU-T H.265): just what a camera needs to send them.

A JPEG counts as the one unit of its frame.

Written apart from the recorder's own parser on purpose: a mistake shared by both ends would show in
no test.
"""

import re
from collections.abc import Iterable

from watchglass.media.encode import VideoCodecName

_NEEDS_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03])")
_ESCAPE = re.compile(rb"\x00\x00\x03")
_START_CODE = re.compile(rb"\x00\x00\x01")

H264_SEI, H264_SPS, H264_PPS, H264_AUD = 6, 7, 8, 9
H265_VPS, H265_SPS, H265_PPS, H265_AUD, H265_PREFIX_SEI, H265_SUFFIX_SEI = 32, 33, 34, 35, 39, 40


def split_annexb(data: bytes) -> list[bytes]:
    """NAL units without start codes; trailing zero bytes belong to the next start code."""
    starts = [match.end() for match in _START_CODE.finditer(data)]
    ends = [*(start - 3 for start in starts[1:]), len(data)]
    nals = (data[start:end].rstrip(b"\x00") for start, end in zip(starts, ends, strict=False))
    return [nal for nal in nals if nal]


def join_annexb(nals: Iterable[bytes | memoryview]) -> bytes:
    return b"".join(part for nal in nals for part in (b"\x00\x00\x00\x01", nal))


def nal_type(nal: bytes | memoryview, codec: VideoCodecName) -> int:
    return nal[0] & 0x1F if codec == "h264" else (nal[0] >> 1) & 0x3F


def is_vcl(nal: bytes | memoryview, codec: VideoCodecName) -> bool:
    """Whether the unit carries picture data."""
    if codec == "mjpeg":
        return True
    kind = nal_type(nal, codec)
    return 1 <= kind <= 5 if codec == "h264" else kind < 32


def is_key(nal: bytes | memoryview, codec: VideoCodecName) -> bool:
    """Whether the unit is a slice of a picture at which decoding can start."""
    if codec == "mjpeg":
        return True
    kind = nal_type(nal, codec)
    return kind == 5 if codec == "h264" else 16 <= kind <= 21


def is_parameter_set(nal: bytes | memoryview, codec: VideoCodecName) -> bool:
    if codec == "mjpeg":
        return False
    kind = nal_type(nal, codec)
    return kind in {H264_SPS, H264_PPS} if codec == "h264" else H265_VPS <= kind <= H265_PPS


def escape(rbsp: bytes) -> bytes:
    """Put emulation prevention bytes (00 00 03) into a raw byte sequence payload."""
    return _NEEDS_ESCAPE.sub(b"\x00\x00\x03", rbsp)


def unescape(nal: bytes | memoryview) -> bytes:
    """Take emulation prevention bytes out again."""
    return _ESCAPE.sub(b"\x00\x00", nal)
