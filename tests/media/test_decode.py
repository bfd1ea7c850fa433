"""Pictures for machines: the right one at the right time, and nothing that was not there."""

from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.numbered import GOP, numbered
from watchglass.base.errors import StreamInvalidError
from watchglass.base.ids import RunId
from watchglass.media import jpeg
from watchglass.media.decode import Picture, StreamDecoder
from watchglass.media.header import file_header
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.stream import VideoCodec, VideoParameters
from watchglass.simulate import frame_code

RUN = RunId("7" * 32)
STEP = 9000
CODECS = (VideoCodec.H264, VideoCodec.H265)
COUNT = 25


def shape_of(parameters: VideoParameters) -> LiveShape:
    init = file_header(parameters, None).data
    return LiveShape(RUN, "", "", parameters.width, parameters.height, init)


def shape(codec: VideoCodec) -> LiveShape:
    return shape_of(numbered(codec, COUNT).parameters)


def frames(codec: VideoCodec) -> list[LiveFrame]:
    return [
        LiveFrame(RUN, n * STEP, (n - 1) * STEP if n else -1, STEP, 0, is_key, 1000 + n, data)
        for n, (data, is_key) in enumerate(numbered(codec, COUNT).access_units)
    ]


def number(picture: Picture) -> int | None:
    bgr = picture.bgr()
    return frame_code.read(np.ascontiguousarray(bgr[:, :, 1]))


@pytest.mark.parametrize("codec", CODECS)
def test_each_picture_is_that_of_its_frame(codec: VideoCodec) -> None:
    decoder = StreamDecoder(shape(codec))
    found = [each for frame in frames(codec) for each in decoder.decode(frame)]
    found += decoder.flush()
    assert [number(each) for each in found] == list(range(COUNT))
    assert [each.wall_ns for each in found] == [1000 + n for n in range(COUNT)]
    assert [each.is_key for each in found] == [n % GOP == 0 for n in range(COUNT)]
    assert decoder.failed == 0


@pytest.mark.parametrize("codec", CODECS)
def test_roughly_decoded_the_same_pictures_come_and_look_nearly_the_same(
    codec: VideoCodec,
) -> None:
    exact, rough = StreamDecoder(shape(codec)), StreamDecoder(shape(codec), roughly=True)
    pairs = []
    for decoder in (exact, rough):
        found = [each for frame in frames(codec) for each in decoder.decode(frame)]
        pairs.append([*found, *decoder.flush()])
    assert [each.wall_ns for each in pairs[0]] == [each.wall_ns for each in pairs[1]]
    for one, other in zip(*pairs, strict=True):
        apart = np.abs(one.luma().astype(int) - other.luma().astype(int))
        assert apart.mean() < 2
        assert number(other) == number(one)


@pytest.mark.parametrize("codec", CODECS)
def test_a_key_frame_alone_is_a_picture_again_and_again(codec: VideoCodec) -> None:
    decoder = StreamDecoder(shape(codec))
    for at in (0, 2 * GOP, GOP):
        found = [*decoder.decode(frames(codec)[at]), *decoder.flush()]
        assert [number(each) for each in found] == [at]


def test_what_hangs_on_a_missing_frame_is_left_out() -> None:
    decoder = StreamDecoder(shape(VideoCodec.H264))
    given_frames = [each for n, each in enumerate(frames(VideoCodec.H264)) if n not in (0, 14)]
    found = [number(each) for frame in given_frames for each in decoder.decode(frame)]
    assert found == [10, 11, 12, 13, 20, 21, 22, 23, 24]


def test_what_cannot_be_decoded_is_counted_and_the_next_key_frame_goes_on() -> None:
    decoder = StreamDecoder(shape(VideoCodec.H264))
    found = []
    for n, frame in enumerate(frames(VideoCodec.H264)):
        if n == 3:
            broken = b"\x00\x00\x00\x08" + b"\x41" + bytes(7)
            frame = _with(frame, broken)
        found += [number(each) for each in decoder.decode(frame)]
    assert decoder.failed >= 1
    assert found[:3] == [0, 1, 2]
    assert found[-15:] == list(range(10, 25))


def _with(frame: LiveFrame, data: bytes) -> LiveFrame:
    return LiveFrame(
        frame.run, frame.decode_time, frame.after, frame.duration, frame.composition_offset,
        frame.is_key, frame.wall_ns, data,
    )  # fmt: skip


def test_luma_is_small_and_true() -> None:
    decoder = StreamDecoder(shape(VideoCodec.H264))
    picture = decoder.decode(frames(VideoCodec.H264)[0])[0]
    small = picture.luma()
    assert small.shape == (90, 160)
    assert small.dtype == np.uint8
    # The scene is one grey below the number.
    assert abs(float(small[60:].mean()) - 90) < 3
    assert picture.luma(64).shape == (36, 64)
    assert picture.luma(10_000).shape == (180, 320)
    assert picture.bgr(160).shape == (90, 160, 3)


def test_mjpeg_is_understood() -> None:
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 320, 180, "yuvj420p"
    encoder.time_base = Fraction(1, 10)
    grey = np.full((270, 320), 128, np.uint8)
    frame_code.draw(grey[:180], 41)
    packets = encoder.encode(av.VideoFrame.from_ndarray(grey, "yuvj420p"))
    packets += encoder.encode(None)
    decoder = StreamDecoder(
        shape_of(VideoParameters(VideoCodec.MJPEG, (jpeg.frame_header(320, 180, 2),), 320, 180))
    )
    frame = LiveFrame(RUN, 0, -1, STEP, 0, True, 5, bytes(packets[0]))
    assert [number(each) for each in decoder.decode(frame)] == [41]


def test_what_is_no_description_is_refused() -> None:
    with pytest.raises(StreamInvalidError):
        StreamDecoder(LiveShape(RUN, "", "", 1, 1, b"no moov"))


@cache
def whole(codec: VideoCodec) -> tuple[LiveFrame, ...]:
    return tuple(frames(codec))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_comes_no_other_picture_is_taken_for_it(data: st.DataObject) -> None:
    """Bytes changed, frames lost and repeated: it raises nothing, goes on, and what it calls
    picture n was made from frame n."""
    codec = data.draw(st.sampled_from(CODECS))
    decoder = StreamDecoder(shape(codec))
    chosen = data.draw(st.lists(st.integers(0, COUNT - 1), max_size=12))
    for at in chosen:
        frame = whole(codec)[at]
        if data.draw(st.booleans()):
            raw = bytearray(frame.data)
            for _ in range(data.draw(st.integers(1, 6))):
                raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
            frame = _with(frame, bytes(raw[: data.draw(st.integers(1, len(raw)))]))
        for picture in decoder.decode(frame):
            assert 1000 <= picture.wall_ns < 1000 + COUNT
            picture.luma()
    for n, frame in enumerate(whole(codec)[:GOP]):
        found = decoder.decode(frame)
        if n == 0 and not found:
            found = decoder.flush()
            break
        assert [number(each) for each in found][-1:] == [n]
