"""One frame as a piece of fragmented MP4 of its own, so that no viewer waits for a second frame."""

import struct

from watchglass.model.live import LiveFrame

_HEAD = struct.Struct(
    ">I4s"  # moof
    "I4sII"  # mfhd
    "I4s"  # traf
    "I4sII"  # tfhd
    "I4sIQ"  # tfdt
    "I4sIIiIIIi"  # trun with its one sample
    "I4s"  # mdat
)
_MOOF_BYTES = 104
_DEFAULT_BASE_IS_MOOF = 0x020000
_VERSION_1 = 0x01000000
_TRUN = 0x01000F01
_SYNC_SAMPLE = 0x02000000
_OTHER_SAMPLE = 0x01010000


def encode_chunk(frame: LiveFrame, number: int, decode_time: int) -> bytes:
    """``moof`` and ``mdat`` of track 1; ``decode_time`` is on the viewer's own timeline."""
    return (
        _HEAD.pack(
            _MOOF_BYTES, b"moof",
            16, b"mfhd", 0, number & 0xFFFFFFFF,
            _MOOF_BYTES - 24, b"traf",
            16, b"tfhd", _DEFAULT_BASE_IS_MOOF, 1,
            20, b"tfdt", _VERSION_1, decode_time,
            36, b"trun", _TRUN, 1, _MOOF_BYTES + 8,
            frame.duration, len(frame.data),
            _SYNC_SAMPLE if frame.is_key else _OTHER_SAMPLE, frame.composition_offset,
            8 + len(frame.data), b"mdat",
        )
        + frame.data
    )  # fmt: skip
