"""A key frame becomes the picture that was encoded; whatever else comes is the one error."""

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.encoded import encode
from tests.media.numbered import luma_of, number_in, numbered
from watchglass.base.errors import StreamInvalidError
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.still import still
from watchglass.model.still import MOST_KEY_FRAME_BYTES
from watchglass.model.stream import VideoCodec
from watchglass.recording.fileheader import HEADER_BOX_BYTES
from watchglass.recording.track import video_configuration
from watchglass.simulate import frame_code

CODECS = (VideoCodec.H264, VideoCodec.H265)


def key_frame(codec: VideoCodec, unit: bytes) -> tuple[bytes, bytes]:
    """Configuration and sample of an access unit in Annex B, its parameter sets in front."""
    sample = to_length_prefixed(unit, codec)
    sets = ParameterSets(codec, sample.parameter_sets)
    header = file_header(sets.parameters(), None).data + bytes(HEADER_BOX_BYTES)
    return video_configuration(header)[1], sample.data


def plain(
    codec: VideoCodec, yuv: tuple[int, ...], width: int = 320, height: int = 180,
    form: str = "yuv420p", options: str = "", **properties: Any,
) -> tuple[bytes, bytes]:  # fmt: skip
    """A key frame of one colour."""
    name = "x264" if codec is VideoCodec.H264 else "x265"
    context = av.CodecContext.create(f"lib{name}", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, form
    context.time_base = Fraction(1, 10)
    for key, value in properties.items():
        setattr(context, key, value)
    quiet = "log-level=none:repeat-headers=1:bframes=0"
    context.options = {"preset": "ultrafast", f"{name}-params": f"{quiet}{options}"}
    frame = av.VideoFrame(width, height, form)
    for plane, level in zip(frame.planes, yuv, strict=True):
        wide = plane.buffer_size // (plane.line_size * plane.height)
        kind = np.uint8 if wide * plane.line_size < 2 * plane.width else np.uint16
        plane.update(np.full(plane.buffer_size // kind().itemsize, level, kind).tobytes())
    frame.pts = 0
    (packet, *_) = [*context.encode(frame), *context.encode(None)]
    return key_frame(codec, bytes(packet))


def rgb_of(jpeg: bytes) -> list[int]:
    with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as file:
        (frame,) = file.decode(video=0)
    middle = frame.to_ndarray(format="rgb24")[frame.height // 2, frame.width // 2]
    return [int(level) for level in middle]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("width", [64, 200, 321, 640])
def test_picture_is_what_was_encoded(codec: VideoCodec, width: int) -> None:
    video = numbered(codec, 21)
    for number in (0, 10, 20):
        jpeg = still(codec, video.configuration, video.access_units[number][0], width)
        luma = luma_of(jpeg)
        assert luma.shape == (round(min(width, 320) * 180 / 320), min(width, 320))
        if width >= 200:
            assert number_in(jpeg) == number
        assert jpeg.startswith(b"\xff\xd8")
        assert jpeg.endswith(b"\xff\xd9")


@pytest.mark.parametrize("codec", CODECS)
def test_white_is_white_and_black_is_black(codec: VideoCodec) -> None:
    for form, options, black, white in (
        ("yuv420p", "", 16, 235),
        ("yuv420p", ":fullrange=on" if codec is VideoCodec.H264 else ":range=full", 0, 255),
    ):
        for level, shown in ((black, 0), (white, 255)):
            coded = plain(codec, (level, 128, 128), form=form, options=options)
            found = luma_of(still(codec, *coded, 160))
            assert np.abs(found.astype(int) - shown).max() <= 1


@pytest.mark.parametrize("codec", CODECS)
def test_colours_follow_what_the_stream_says_of_its_matrix(codec: VideoCodec) -> None:
    red = {"bt709": (63, 102, 240), "smpte170m": (81, 90, 240)}
    for matrix, yuv in red.items():
        found = rgb_of(still(codec, *plain(codec, yuv, options=f":colormatrix={matrix}"), 160))
        assert np.abs(np.array(found) - (255, 0, 0)).max() <= 6, matrix
    large = rgb_of(still(codec, *plain(codec, red["bt709"], 1280, 720), 160))
    small = rgb_of(still(codec, *plain(codec, red["smpte170m"], 640, 360), 160))
    assert np.abs(np.array([large, small]) - (255, 0, 0)).max() <= 6


def test_ten_bits_and_grey_are_shown() -> None:
    for form, yuv in (("yuv420p10le", (940, 512, 512)), ("gray", (235,))):
        found = luma_of(still(VideoCodec.H265, *plain(VideoCodec.H265, yuv, form=form), 160))
        assert found.shape == (90, 160)
        assert found.min() >= 253, form


@pytest.mark.parametrize("codec", CODECS)
def test_pixels_come_out_square(codec: VideoCodec) -> None:
    wide = plain(codec, (90, 128, 128), 352, 288, sample_aspect_ratio=Fraction(16, 11))
    assert luma_of(still(codec, *wide, 640)).shape == (288, 512)
    assert luma_of(still(codec, *wide, 320)).shape == (180, 320)
    nonsense = plain(codec, (90, 128, 128), 352, 288, sample_aspect_ratio=Fraction(200, 1))
    assert luma_of(still(codec, *nonsense, 640)).shape == (288, 352)


@pytest.mark.parametrize("codec", CODECS)
def test_pictures_beyond_the_bounds_are_refused(codec: VideoCodec) -> None:
    large = plain(codec, (90, 128, 128), 8208, 64)
    with pytest.raises(StreamInvalidError, match="8192"):
        still(codec, *large, 320)
    largest = plain(codec, (90, 128, 128), 8192, 64)
    assert luma_of(still(codec, *largest, 640)).shape == (5, 640)
    video = numbered(codec)
    with pytest.raises(StreamInvalidError, match="more bytes"):
        still(codec, video.configuration, bytes(MOST_KEY_FRAME_BYTES), 320)


@pytest.mark.full
@pytest.mark.parametrize(
    ("codec", "width", "height"),
    [(VideoCodec.H264, 8208, 64), (VideoCodec.H265, 8208, 64), (VideoCodec.H264, 16384, 8256)],
)
def test_size_that_the_picture_itself_claims_is_bounded(
    codec: VideoCodec, width: int, height: int
) -> None:
    """The configuration is harmless, the parameter sets inside the access unit are not."""
    small = numbered(codec).configuration
    with pytest.raises(StreamInvalidError):
        still(codec, small, plain(codec, (90, 128, 128), width, height)[1], 320)


@pytest.mark.parametrize("codec", CODECS)
def test_torn_picture_is_not_shown(codec: VideoCodec) -> None:
    (unit, *_) = encode(codec, 320, 192, 1)
    configuration, data = key_frame(codec, unit)
    assert still(codec, configuration, data, 320)
    for kept in range(0, len(data), max(1, len(data) // 40)):
        with pytest.raises(StreamInvalidError):
            still(codec, configuration, data[:kept], 320)


@pytest.mark.full
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_comes_is_a_picture_or_the_one_error(data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(CODECS))
    video = numbered(codec)
    unit = bytearray(video.access_units[0][0])
    configuration = bytearray(video.configuration)
    for target in (unit, configuration):
        for at, byte in data.draw(
            st.lists(st.tuples(st.integers(0, len(target) - 1), st.integers(0, 255)), max_size=6)
        ):
            target[at] = byte
    if data.draw(st.booleans()):
        unit = bytearray(data.draw(st.binary(max_size=400)))
    if data.draw(st.booleans()):
        configuration = bytearray(data.draw(st.binary(max_size=60)))
    try:
        jpeg = still(codec, bytes(configuration), bytes(unit), 320)
    except StreamInvalidError:
        return
    assert 1 <= luma_of(jpeg).shape[1] <= 320


@pytest.mark.parametrize("codec", CODECS)
def test_picture_behind_its_key_frame_is_shown_also_among_b_frames(codec: VideoCodec) -> None:
    name = "x264" if codec is VideoCodec.H264 else "x265"
    context = av.CodecContext.create(f"lib{name}", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 320, 180, "yuv420p"
    context.time_base = Fraction(1, 10)
    context.options = {f"{name}-params": "log-level=none:repeat-headers=1:bframes=3:keyint=50"}
    packets: list[Any] = []
    for number in range(12):
        plane = np.full((270, 320), 128, np.uint8)
        plane[:180] = 90
        frame_code.draw(plane[:180], number)
        frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    assert [each.pts for each in packets] != sorted(each.pts or 0 for each in packets)
    configuration, key = key_frame(codec, bytes(packets[0]))
    later = [
        ((each.pts or 0) * 9000, to_length_prefixed(bytes(each), codec).data)
        for each in packets[1:]
    ]
    for number in range(12):
        jpeg = still(codec, configuration, key, 320, later=later, shown=number * 9000)
        assert number_in(jpeg) == number
    with pytest.raises(StreamInvalidError):
        still(codec, configuration, key, 320, later=later, shown=7)
