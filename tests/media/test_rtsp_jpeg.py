"""MJPEG over RTP (RFC 2435): what is put back is the camera's picture, and nonsense is none."""

import io
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.media.numbered import luma_of
from tests.media.raw_rtsp import rtp
from watchglass.base.errors import CameraError, StreamInvalidError
from watchglass.media import jpeg
from watchglass.media.encode import VideoEncoder, VideoEncoding
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.depacketize_jpeg import JpegDepacketizer
from watchglass.media.rtsp.framing import Framing
from watchglass.media.rtsp.rtp import RtpReceiver, TimeLine
from watchglass.media.rtsp.sdp import parse_sdp
from watchglass.media.serving.packetize import jpeg_payloads
from watchglass.media.still import still
from watchglass.model.stream import Packet, SoundCodec, SoundParameters, VideoCodec
from watchglass.recording.fileheader import HEADER_BOX_BYTES
from watchglass.recording.shape import shape_of
from watchglass.recording.track import video_configuration

_KIND = 26
# libavcodec's pictures have restart markers, and one table for all.
_TABLES_AT = 12
_AFTER_TABLES = _TABLES_AT + 4 + 64


@cache
def pictures(width: int = 160, height: int = 96, count: int = 3) -> tuple[bytes, ...]:
    encoder = VideoEncoder(VideoEncoding("mjpeg", width, height, 5, 1_000_000))
    noise = np.random.default_rng(1)
    coded: list[bytes] = []
    for _ in range(count):
        picture = noise.integers(0, 255, (height * 3 // 2, width), dtype=np.uint8)
        coded += encoder.encode(picture, key=True)
    return (*coded, *encoder.flush())


class Camera:
    """Payloads sent to a receiver of JPEG."""

    def __init__(self, size: tuple[int, int] = (0, 0)) -> None:
        self.ready: deque[Packet] = deque()
        self.framing = Framing()
        self.units = JpegDepacketizer(TimeLine(90_000), Arrival(1, 2), self.ready, size)
        self.framing.channels[0] = RtpReceiver(self.units, _KIND).take
        self.sequence = 0

    def send(self, payloads: Sequence[bytes], timestamp: int, *, skip: int = -1) -> None:
        """All payloads of a picture; the one at ``skip`` is lost on the way."""
        for at, payload in enumerate(payloads):
            if at != skip:
                marker = at == len(payloads) - 1
                self.feed(rtp(payload, self.sequence, timestamp, marker=marker, kind=_KIND))
            self.sequence += 1

    def feed(self, data: bytes) -> None:
        room = self.framing.room()
        room[: len(data)] = data
        self.framing.parse(len(data))

    def taken(self) -> list[Packet]:
        found = list(self.ready)
        self.ready.clear()
        return found


def payloads_of(picture: bytes) -> list[bytes]:
    return [head + bytes(body) for head, body in jpeg_payloads(picture)]


def with_quality(payloads: Sequence[bytes], quality: int) -> list[bytes]:
    return [each[:5] + bytes((quality,)) + each[6:] for each in payloads]


def decoded(picture: bytes) -> NDArray[np.uint8]:
    with av.open(io.BytesIO(picture), "r", format="jpeg_pipe") as file:
        (frame,) = file.decode(video=0)
    return np.asarray(frame.to_ndarray(), np.uint8)


def test_what_is_put_back_is_the_picture() -> None:
    camera = Camera()
    for number, picture in enumerate(pictures()):
        assert len(payloads_of(picture)) > 2
        camera.send(payloads_of(picture), 18_000 * number)
    packets = camera.taken()
    assert [packet.pts for packet in packets] == [0, 18_000, 36_000]
    for packet, picture in zip(packets, pictures(), strict=True):
        assert packet.is_key
        assert not packet.lost
        assert np.array_equal(decoded(packet.data), decoded(picture))
    assert luma_of(still(VideoCodec.MJPEG, b"", packets[0].data, 80)).shape == (48, 80)


def test_tables_of_a_quality_are_those_of_the_standard() -> None:
    # T.81, annex K, in zigzag order, is quality 50; 99 is the finest.
    assert jpeg.quantisation(50)[0][:8] == bytes((16, 11, 12, 14, 12, 10, 16, 14))
    assert jpeg.quantisation(50)[1][:8] == bytes((17, 18, 18, 24, 21, 24, 47, 26))
    assert set(jpeg.quantisation(99)[0]) <= {1, 2}
    assert all(1 <= each <= 255 for table in jpeg.quantisation(1) for each in table)


def test_a_quality_stands_for_its_tables() -> None:
    camera = Camera()
    head, *rest = payloads_of(pictures()[0])
    bare = with_quality([head[:_TABLES_AT] + head[_AFTER_TABLES:], *rest], 50)
    camera.send(bare, 0)
    (packet,) = camera.taken()
    assert jpeg.quantisation(50)[0] in packet.data
    assert luma_of(packet.data).shape == (96, 160)


def test_tables_are_kept_for_the_pictures_that_follow() -> None:
    camera = Camera()
    head, *rest = with_quality(payloads_of(pictures()[0]), 128)
    camera.send([head, *rest], 0)
    camera.send([head[:_TABLES_AT] + bytes(4) + head[_AFTER_TABLES:], *rest], 9000)
    first, second = camera.taken()
    assert first.data == second.data


@pytest.mark.parametrize("skip", [0, 1, -2])
def test_a_picture_that_lost_a_piece_is_none_and_the_next_one_says_so(skip: int) -> None:
    camera = Camera()
    whole, hurt = payloads_of(pictures()[0]), payloads_of(pictures()[1])
    camera.send(whole, 0)
    camera.send(hurt, 18_000, skip=skip % len(hurt))
    camera.send(whole, 36_000)
    assert [(packet.pts, packet.lost) for packet in camera.taken()] == [(0, False), (36_000, True)]


def test_a_picture_without_its_end_is_none() -> None:
    camera = Camera()
    camera.send([*payloads_of(pictures()[0])[:-1], b""], 0)
    camera.send(payloads_of(pictures()[1]), 18_000)
    (packet,) = camera.taken()
    assert packet.lost
    assert np.array_equal(decoded(packet.data), decoded(pictures()[1]))


def test_large_pictures_have_the_size_of_the_description() -> None:
    sdp = b"v=0\r\nm=video 0 RTP/AVP 26\r\na=framesize:26 2560-1440\r\n"
    (medium,) = parse_sdp(sdp).media
    assert (medium.encoding, medium.frame_size) == ("JPEG", (2560, 1440))
    sdp = b"v=0\r\nm=video 0 RTP/AVP 26\r\na=x-dimensions: 2560, 1440\r\n"
    assert parse_sdp(sdp).media[0].frame_size == (2560, 1440)
    nameless = [each[:6] + b"\x00\x00" + each[8:] for each in payloads_of(pictures()[0])]
    camera = Camera((2560, 1440))
    camera.send(nameless, 0)
    sets = ParameterSets(VideoCodec.MJPEG, camera.taken()[0].parameter_sets)
    assert (sets.parameters().width, sets.parameters().height) == (2560, 1440)
    with pytest.raises(StreamInvalidError, match="how large"):
        Camera().send(nameless, 0)


def test_another_size_is_another_parameter_set() -> None:
    sets = ParameterSets(VideoCodec.MJPEG)
    camera = Camera()
    changes = []
    for picture in (pictures()[0], pictures()[1], pictures(320)[0]):
        camera.send(payloads_of(picture), 0)
        changes.append(sets.update(camera.taken()[0].parameter_sets))
    assert changes == [True, False, True]
    assert sets.parameters().width == 320


@pytest.mark.parametrize("sound", [None, SoundParameters(SoundCodec.PCM_ALAW, 8000, 1)])
def test_a_file_header_of_mjpeg(sound: SoundParameters | None) -> None:
    sets = ParameterSets(VideoCodec.MJPEG, [jpeg.frame_header(160, 96, 2)])
    header = file_header(sets.parameters(), sound).data
    assert shape_of(header) == ("mjpeg", 160, 96, sound.codec.value if sound else "")
    entry = b"jpeg" if sound else b"mp4v"
    assert entry in header
    assert video_configuration(header + bytes(HEADER_BOX_BYTES)) == (VideoCodec.MJPEG, b"")


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=200), st.integers(0, 3), st.integers(0, 255), st.integers(0, 255),
            st.booleans(),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_any_jpeg_payload(parts: list[tuple[bytes, int, int, int, bool]]) -> None:
    """Whatever comes ends in a whole picture, in none, or in an error of the camera's."""
    camera = Camera()
    with suppress(CameraError):
        for sequence, (body, offset, kind, quality, marker) in enumerate(parts):
            head = bytes((0, 0, 0, offset, kind, quality, 4, 4))
            camera.feed(rtp(head + body, sequence, sequence // 4, marker=marker, kind=_KIND))
    for packet in camera.taken():
        assert packet.data.startswith(b"\xff\xd8")
        assert packet.data.endswith(b"\xff\xd9")


@given(st.integers(0, 400), st.integers(0, 255), st.integers(0, 60))
def test_a_real_picture_with_a_wrong_byte(at: int, value: int, cut: int) -> None:
    payloads = payloads_of(pictures()[0])
    first = bytearray(payloads[0])
    first[at % len(first)] = value
    camera = Camera()
    with suppress(CameraError):
        camera.send([bytes(first)[: len(first) - cut], *payloads[1:]], 0)
        camera.send(payloads, 9000)
        assert camera.taken()[-1].data
