"""The absolute frame number as an SEI message in each access unit.

user_data_unregistered (payload type 5): a UUID of our own and the number as 8 bytes, big-endian.
The picture shows the number modulo its loop; this one never repeats, so frames on disk can be
counted without decoding them.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from watchglass.media.encode import VideoCodecName
from watchglass.simulate import nal

FRAME_NUMBER_UUID: Final = UUID("6f2d7c1e-94b3-4c58-a1e7-5d0b8f36c2a9")

_USER_DATA_UNREGISTERED = 5
_PAYLOAD_BYTES = 24
_HEADERS: Final[dict[VideoCodecName, bytes]] = {
    "h264": bytes([nal.H264_SEI]),
    "h265": bytes([nal.H265_PREFIX_SEI << 1, 1]),
}
_PREFIX: Final = bytes([_USER_DATA_UNREGISTERED, _PAYLOAD_BYTES]) + FRAME_NUMBER_UUID.bytes


def encode(number: int, codec: VideoCodecName) -> bytes:
    """The SEI NAL unit, without start code, for an absolute frame number in 0 .. 2**64 - 1."""
    rbsp = _PREFIX + number.to_bytes(8, "big") + b"\x80"
    return _HEADERS[codec] + nal.escape(rbsp)


def find(access_unit: bytes | Iterable[bytes], codec: VideoCodecName) -> int | None:
    """The number in an access unit, given in Annex B or as NAL units; None if it carries none."""
    units = nal.split_annexb(access_unit) if isinstance(access_unit, bytes) else access_unit
    header = _HEADERS[codec]
    for unit in units:
        if nal.nal_type(unit, codec) == nal.nal_type(header, codec):
            number = _number_in(nal.unescape(unit)[len(header) :])
            if number is not None:
                return number
    return None


def _number_in(rbsp: bytes) -> int | None:
    """Walk the messages of one SEI unit: type and size are runs of 0xFF ended by a smaller byte."""
    at = 0
    while at + 2 < len(rbsp):
        kind, at = _varying(rbsp, at)
        size, at = _varying(rbsp, at)
        payload = rbsp[at : at + size]
        if (
            kind == _USER_DATA_UNREGISTERED
            and len(payload) == _PAYLOAD_BYTES
            and payload.startswith(FRAME_NUMBER_UUID.bytes)
        ):
            return int.from_bytes(payload[16:], "big")
        at += size
    return None


def _varying(rbsp: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(rbsp):
        byte = rbsp[at]
        at += 1
        value += byte
        if byte != 0xFF:
            break
    return value, at
