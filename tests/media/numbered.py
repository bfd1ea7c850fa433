"""Pictures that carry their number, encoded, and the number read back from a JPEG."""

import io
from dataclasses import dataclass
from functools import cache

import av
import numpy as np
from numpy.typing import NDArray

from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.encode import VideoCodecName, VideoEncoder, VideoEncoding
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.stream import VideoCodec, VideoParameters
from watchglass.recording.fileheader import HEADER_BOX_BYTES
from watchglass.recording.track import video_configuration
from watchglass.simulate import frame_code

_ENCODERS: dict[VideoCodec, VideoCodecName] = {VideoCodec.H264: "h264", VideoCodec.H265: "h265"}
GOP = 10


@dataclass(frozen=True)
class NumberedVideo:
    """Picture ``n`` carries the number ``n``; each tenth is a key frame."""

    parameters: VideoParameters
    access_units: tuple[tuple[bytes, bool], ...]

    @property
    def configuration(self) -> bytes:
        header = file_header(self.parameters, None).data + bytes(HEADER_BOX_BYTES)
        codec, found = video_configuration(header)
        assert codec is self.parameters.codec
        return found


@cache
def numbered(
    codec: VideoCodec, pictures: int = 1, width: int = 320, height: int = 180, grey: int = 90
) -> NumberedVideo:
    encoder = VideoEncoder(VideoEncoding(_ENCODERS[codec], width, height, 10, 2_000_000))
    coded: list[bytes] = []
    for number in range(pictures):
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        picture[:height] = grey
        frame_code.draw(picture[:height], number)
        coded += encoder.encode(picture, key=number % GOP == 0)
    coded += encoder.flush()
    assert len(coded) == pictures
    sets = ParameterSets(codec)
    units = []
    for each in coded:
        sample = to_length_prefixed(each, codec)
        sets.update(sample.parameter_sets)
        units.append((sample.data, sample.is_key))
    return NumberedVideo(sets.parameters(), tuple(units))


def luma_of(jpeg: bytes) -> NDArray[np.uint8]:
    """What a viewer decodes: full range, 0 is black and 255 white."""
    with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as file:
        (frame,) = file.decode(video=0)
    assert frame.format.name == "yuvj420p"
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


def number_in(jpeg: bytes) -> int | None:
    return frame_code.read(luma_of(jpeg))
