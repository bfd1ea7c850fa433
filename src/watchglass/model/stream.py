"""Streams of a camera and what their packets carry."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class StreamName(StrEnum):
    """A camera's large and small picture."""

    MAIN = "main"
    SUB = "sub"

    @property
    def number(self) -> int:
        """The stream as media files write it."""
        return 0 if self is StreamName.MAIN else 1

    @classmethod
    def from_number(cls, number: int) -> "StreamName":
        """The stream of a number in a media file; ValueError for an unknown one."""
        if number not in (0, 1):
            raise ValueError(f"no stream has the number {number}")
        return cls.SUB if number else cls.MAIN


class Track(IntEnum):
    """What a fragment holds, as media files write it."""

    VIDEO = 0
    SOUND = 1


class VideoCodec(StrEnum):
    H264 = "h264"
    H265 = "h265"
    MJPEG = "mjpeg"


class SoundCodec(StrEnum):
    AAC = "aac"
    PCM_ALAW = "pcm_alaw"
    PCM_MULAW = "pcm_mulaw"


@dataclass(frozen=True, slots=True)
class VideoParameters:
    """What a player must know before the first picture.

    ``parameter_sets`` are NAL units without start codes, in the order VPS, SPS, PPS (H.264 has no
    VPS), or the frame header of MJPEG. Two parameters that are equal can share a file.
    """

    codec: VideoCodec
    parameter_sets: tuple[bytes, ...]
    width: int
    height: int
    timescale: int = 90_000


@dataclass(frozen=True, slots=True)
class SoundParameters:
    """What a player must know before the first sound; ``extradata`` is AAC's AudioSpecificConfig.

    The time scale of a sound track is its sample rate.
    """

    codec: SoundCodec
    sample_rate: int
    channels: int
    extradata: bytes = b""


@dataclass(slots=True)
class Packet:
    """One access unit or one sound frame, as a source delivers it. Not frozen: it is hot.

    ``data`` of H.264/H.265 is each NAL unit, all of them and unchanged, behind its length in four
    bytes; of MJPEG a whole JPEG file. ``pts`` and ``dts`` count in 1/``timescale`` s on the
    camera's own clock, with any origin; either may be None. ``arrival_*`` are our clocks when the
    packet was complete.

    ``has_picture`` is False for parameter sets or SEI on their own, which belong to the picture
    that follows; ``parameter_sets`` are those found in ``data``. ``lost``: something between the
    packet before and this one did not arrive, so nothing up to the next key frame can be trusted.
    """

    track: Track
    data: bytes
    pts: int | None
    dts: int | None
    timescale: int
    is_key: bool
    arrival_wall_ns: int
    arrival_monotonic_ns: int
    has_picture: bool = True
    parameter_sets: tuple[bytes, ...] = ()
    lost: bool = False
