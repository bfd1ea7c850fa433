"""Converted pictures are the same pictures at the same times; whatever else comes is an error."""

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.media.numbered import numbered
from watchglass.base.errors import StreamInvalidError
from watchglass.base.ids import RunId
from watchglass.media import outgoing
from watchglass.media.conversion import Conversion
from watchglass.media.outgoing import NoEncoderError, even_size, form
from watchglass.model.conversion import Converted, ConvertRequest
from watchglass.model.live import LiveFrame
from watchglass.model.mask import Cover
from watchglass.model.stream import VideoCodec
from watchglass.simulate import frame_code

RUN = RunId("7" * 32)
STEP = 9000
CODECS = (VideoCodec.H264, VideoCodec.H265)


def frames(codec: VideoCodec, count: int = 21) -> tuple[LiveFrame, ...]:
    """Numbered pictures; one is later than the rhythm, as with cameras."""
    return tuple(
        LiveFrame(RUN, at(number), at(number - 1) if number else -1, STEP, 0, is_key, number, data)
        for number, (data, is_key) in enumerate(numbered(codec, count).access_units)
    )


def at(number: int) -> int:
    return 90_000 + number * STEP + (1234 if number > 5 else 0)


def request(codec: VideoCodec, given: tuple[LiveFrame, ...], **more: object) -> ConvertRequest:
    fields = {"begins": True, "width": 1280, **more}
    return ConvertRequest("s", RUN, codec, b"", given, **fields)  # type: ignore[arg-type]


def numbers(converted: Converted) -> list[tuple[int, int | None]]:
    """When each picture is shown, and the number in it, as a decoder of its own sees them."""
    return [
        (picture.pts or 0, frame_code.read(picture.to_ndarray()[: picture.height]))
        for picture in shown_of(converted)
    ]


def decoded(converted: Converted) -> list[NDArray[np.int64]]:
    return [each.to_ndarray()[: each.height].astype(int) for each in shown_of(converted)]


def shown_of(converted: Converted) -> list[av.VideoFrame]:
    assert converted.shape is not None
    init = converted.shape.init
    where = init.find(b"avcC")
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = init[where + 4 : where - 4 + int.from_bytes(init[where - 4 : where], "big")]
    found = []
    for frame in converted.frames:
        packet = av.Packet(frame.data)
        packet.pts = frame.decode_time
        found += decoder.decode(packet)
    return [*found, *decoder.decode(None)]


def session(codec: VideoCodec, width: int = 1280) -> Conversion:
    return Conversion(codec, numbered(codec, 21).configuration, width)


@pytest.mark.parametrize("codec", CODECS)
def test_each_picture_is_itself_at_its_own_time(codec: VideoCodec) -> None:
    given_ = frames(codec)
    made = session(codec).convert(request(codec, given_, ends=True))
    assert numbers(made) == [(at(number), number) for number in range(21)]
    assert [each.wall_ns for each in made.frames] == list(range(21))
    assert [each.after for each in made.frames] == [-1, *(at(number) for number in range(20))]
    assert made.frames[0].is_key
    assert made.shape is not None
    assert (made.shape.width, made.shape.height) == (320, 180)


def test_it_goes_on_where_it_was() -> None:
    codec, given_ = VideoCodec.H265, frames(VideoCodec.H265)
    one = session(codec)
    found: list[LiveFrame] = []
    made = Converted(None, ())
    for start in range(0, 21, 4):
        part = request(codec, given_[start : start + 4], begins=start == 0, cut=start == 8)
        made = one.convert(part)
        found += made.frames
        assert one.at == given_[min(20, start + 3)].decode_time
    assert not one.holds_back
    whole = Converted(made.shape, tuple(found))
    assert numbers(whole) == [(at(number), number) for number in range(21)]
    keys = [number for number, frame in enumerate(found) if frame.is_key]
    assert keys[:2] == [0, 8]


def test_what_leads_is_not_shown_and_what_follows_begins_with_a_key_frame() -> None:
    codec = VideoCodec.H265
    made = session(codec, 64).convert(request(codec, frames(codec)[:9], lead=5, ends=True))
    assert [each.wall_ns for each in made.frames] == [5, 6, 7, 8]
    assert [each.is_key for each in made.frames] == [True, False, False, False]
    assert made.shape is not None
    assert (made.shape.width, made.shape.height) == (64, 36)


def test_a_key_frame_comes_each_two_seconds() -> None:
    codec = VideoCodec.H264
    given_ = [
        LiveFrame(RUN, n * 30_000, -1, 30_000, 0, key, n, data)
        for n, (data, key) in enumerate(numbered(codec, 21).access_units)
    ]
    made = session(codec).convert(request(codec, tuple(given_)))
    assert [each.wall_ns for each in made.frames if each.is_key] == [0, 6, 12, 18]


def test_a_damaged_picture_costs_no_more_than_itself_and_those_that_lean_on_it() -> None:
    codec = VideoCodec.H264
    given_ = list(frames(codec))
    torn = given_[3]
    given_[3] = LiveFrame(RUN, torn.decode_time, torn.after, STEP, 0, False, 3, b"\xff" * 60)
    made = session(codec).convert(request(codec, tuple(given_), ends=True))
    shown = dict(numbers(made))
    assert all(shown[at(number)] == number for number in (0, 1, 2, *range(10, 21)))


@given(st.binary(max_size=300), st.sampled_from([*CODECS, VideoCodec.MJPEG]))
@settings(max_examples=40, deadline=None)
def test_noise_gives_nothing_or_the_one_error(noise: bytes, codec: VideoCodec) -> None:
    frame = LiveFrame(RUN, 0, -1, STEP, 0, True, 0, noise)
    try:
        made = Conversion(codec, noise[:40], 1280).convert(request(codec, (frame,), ends=True))
    except StreamInvalidError:
        return
    assert len(made.frames) <= 1


def test_sizes_are_what_encoders_take() -> None:
    assert even_size(641, 359) == (640, 358)
    assert even_size(5, 3) == (32, 32)


@pytest.mark.parametrize("codec", CODECS)
def test_a_mask_is_over_each_picture_and_the_decoder_never_sees_it(codec: VideoCodec) -> None:
    """The number is at the top; under a mask of the lower half each picture is the same."""
    lower = Cover(((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))
    one = Conversion(codec, numbered(codec, 21).configuration, 320, [lower])
    made = one.convert(request(codec, frames(codec), ends=True))
    assert numbers(made) == [(at(number), number) for number in range(21)]
    plain = session(codec, 320).convert(request(codec, frames(codec), ends=True))
    for masked, bare in zip(decoded(made), decoded(plain), strict=True):
        assert np.abs(masked[95:180] - np.where(masked[95:180] > 59, 66, 52)).max() < 8
        assert np.abs(bare[95:180] - 90).max() < 8
        assert np.abs(masked[:85] - bare[:85]).mean() < 3


def test_where_there_is_no_h264_it_is_vp9(monkeypatch: pytest.MonkeyPatch) -> None:
    vp9 = next(each for each in outgoing._FORMS if each.name == "libvpx-vp9")
    monkeypatch.setattr(outgoing, "form", lambda: vp9)
    made = session(VideoCodec.H265).convert(request(VideoCodec.H265, frames(VideoCodec.H265)))
    assert made.shape is not None
    assert made.shape.mime == vp9.mime
    decoder = av.CodecContext.create("vp9", "r")
    shown = [each for frame in made.frames for each in decoder.decode(av.Packet(frame.data))]
    read = [frame_code.read(picture.to_ndarray()[: picture.height]) for picture in shown]
    assert read == list(range(21))


def test_without_an_encoder_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    form.cache_clear()
    monkeypatch.setattr(outgoing, "_FORMS", ())
    with pytest.raises(NoEncoderError, match="without an encoder"):
        form()
    monkeypatch.undo()
    form.cache_clear()
    assert form().mime.startswith("video/mp4; codecs=")
