"""`RtspSource` against servers of our own making; tests/media/test_rtsp_hostile.py has the bad."""

import base64
import itertools
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.media.encoded import encode
from tests.media.raw_rtsp import RawServer, camera_talk, frame_packets, rtp
from watchglass.base.clock import SystemClock
from watchglass.base.errors import (
    CameraError,
    CameraUnreachableError,
    CodecUnsupportedError,
    StreamStalledError,
)
from watchglass.media.bitstream import split_nal_units, to_length_prefixed
from watchglass.media.rtsp import RtspSource
from watchglass.model.source import VideoSource
from watchglass.model.stream import Packet, SoundCodec, Track, VideoCodec

HEAD = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Door\r\nt=0 0\r\na=control:*\r\n"
PLAIN = (
    HEAD + b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    b"a=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
)
ALAW = b"m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track2\r\n"
ONVIF = (
    b"m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:track3\r\n"
)


def described() -> bytes:
    """SDP with the parameter sets of the frames that `pictures` sends."""
    sets = to_length_prefixed(encode(VideoCodec.H264)[0], VideoCodec.H264).parameter_sets
    sprop = b",".join(base64.b64encode(nal) for nal in sets)
    return PLAIN.replace(b"mode=1", b"mode=1;sprop-parameter-sets=" + sprop)


def heard(samples: int, index: int) -> bytes:
    """A packet of A-law silence on the second medium's channel."""
    return rtp(b"\xd5" * samples, index, index * samples, marker=True, channel=2, kind=8)


def pictures(
    connection: socket.socket, count: int = 10_000, fps: float = 20.0, *, sound: bool = False
) -> None:
    """Frames of 10 fps in media time, sent at ``fps``; silence after ``count``."""
    units = encode(VideoCodec.H264, frames=10)
    sequence = 100
    for index in range(count):
        nals = split_nal_units(units[index % len(units)])
        data, sequence = frame_packets(nals, sequence, index * 9000)
        connection.sendall(data)
        if sound:
            connection.sendall(heard(800, index))
        time.sleep(1 / fps)
    while connection.recv(4096):
        pass


def _source(url: str, *, sound: bool = False, open_s: float = 5, stall_s: float = 1) -> RtspSource:
    return RtspSource(
        url,
        None,
        sound=sound,
        clock=SystemClock(),
        open_timeout_s=open_s,
        stall_timeout_s=stall_s,
        first_picture_timeout_s=open_s,
    )


def _read(source: RtspSource, count: int) -> list[Packet]:
    return [source.read() for _ in range(count)]


def _open_and_read(source: RtspSource) -> None:
    source.open()
    _read(source, 1000)


def test_is_a_video_source() -> None:
    source: VideoSource = _source("rtsp://127.0.0.1/")
    assert source.video is None
    source.close()
    source.close()


def test_packets_come_as_they_were_sent() -> None:
    units = encode(VideoCodec.H264, frames=10)
    with RawServer(camera_talk(described(), pictures)) as server:
        source = _source(server.url)
        started = time.monotonic()
        source.open()
        assert time.monotonic() - started < 1
        assert source.video is not None
        assert (source.video.width, source.video.height) == (64, 48)
        assert source.codec is VideoCodec.H264
        assert source.session_name == "Door"
        packets = _read(source, 8)
        source.close()
    for packet, unit in zip(packets, units, strict=False):
        assert packet.data == to_length_prefixed(unit, VideoCodec.H264).data
    assert [packet.is_key for packet in packets][:6] == [True, False, False, False, False, True]
    times = [packet.pts for packet in packets if packet.pts is not None]
    assert [after - before for before, after in itertools.pairwise(times)] == [9000] * 7
    assert [packet.dts for packet in packets] == times
    assert packets[0].arrival_wall_ns > 1_600_000_000 * 10**9


def test_parameter_sets_only_in_band() -> None:
    with RawServer(camera_talk(PLAIN, pictures)) as server:
        source = _source(server.url)
        source.open()
        assert source.codec is VideoCodec.H264
        first = source.read()
        assert first.is_key
        assert source.video is not None
        assert source.video.width == 64
        source.close()


def test_sound_is_not_asked_for_when_off_and_other_media_never() -> None:
    setups: list[str] = []
    sdp = described() + ALAW + ONVIF
    with RawServer(camera_talk(sdp, pictures, setups)) as server:
        source = _source(server.url)
        source.open()
        assert source.sound is None
        assert {packet.track for packet in _read(source, 5)} == {Track.VIDEO}
        source.close()
    assert len(setups) == 1
    assert setups[0].startswith("RTP/AVP/TCP")


def test_sound_when_asked_for() -> None:
    setups: list[str] = []
    sdp = described() + ALAW + ONVIF
    media = lambda connection: pictures(connection, sound=True)  # noqa: E731
    with RawServer(camera_talk(sdp, media, setups)) as server:
        source = _source(server.url, sound=True)
        source.open()
        assert source.sound is not None
        assert source.sound.codec is SoundCodec.PCM_ALAW
        assert source.offered_sounds == ("pcm_alaw",)
        packets = _read(source, 16)
        source.close()
    assert len(setups) == 2
    sounds = [packet for packet in packets if packet.track is Track.SOUND]
    assert len(sounds) >= 5
    assert {packet.timescale for packet in sounds} == {8000}
    assert sounds[0].data == b"\xd5" * 800


def test_sound_of_another_kind_is_left_out() -> None:
    opus = b"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:track2\r\n"
    with RawServer(camera_talk(described() + opus, pictures)) as server:
        source = _source(server.url, sound=True)
        source.open()
        assert source.sound is None
        assert source.offered_sounds == ("opus",)
        assert source.read().track is Track.VIDEO
        source.close()


@pytest.mark.parametrize("name", [b"VP8", b"MP4V-ES", b"X-NEW"])
def test_codecs_that_are_not_recorded(name: bytes) -> None:
    sdp = PLAIN.replace(b"H264", name)

    def media(connection: socket.socket) -> None:
        for index in range(200):
            connection.sendall(rtp(bytes(8) + b"\x01\x02" * 40, index, index * 9000, marker=True))
            time.sleep(0.01)

    with RawServer(camera_talk(sdp, media)) as server:
        source = _source(server.url, open_s=1)
        with pytest.raises(CodecUnsupportedError, match=r"H\.264"):
            source.open()


@pytest.mark.full
def test_a_stream_that_stops_is_stalled() -> None:
    media = lambda connection: pictures(connection, 20, 40)  # noqa: E731
    with RawServer(camera_talk(described(), media)) as server:
        source = _source(server.url, stall_s=0.5)
        source.open()
        with pytest.raises(StreamStalledError):
            _read(source, 100)
        with pytest.raises(CameraUnreachableError):
            source.read()


@pytest.mark.full
def test_sound_alone_is_stalled_too() -> None:
    def media(connection: socket.socket) -> None:
        units = encode(VideoCodec.H264, frames=10)
        sequence = 0
        for index in range(200):
            if index < 20:
                nals = split_nal_units(units[index % 10])
                data, sequence = frame_packets(nals, sequence, index * 9000)
                connection.sendall(data)
            connection.sendall(heard(160, index))
            time.sleep(0.02)

    with RawServer(camera_talk(described() + ALAW, media)) as server:
        source = _source(server.url, sound=True, stall_s=0.5)
        source.open()
        with pytest.raises(StreamStalledError):
            _read(source, 1000)


@pytest.mark.full
def test_nothing_after_play_is_stalled() -> None:
    with RawServer(camera_talk(described(), lambda connection: pictures(connection, 0))) as server:
        source = _source(server.url, open_s=0.7)
        started = time.monotonic()
        with pytest.raises(StreamStalledError):
            source.open()
        assert time.monotonic() - started < 3


@pytest.mark.full
def test_a_slow_camera_is_not_stalled_once_its_pace_is_known() -> None:
    """0.6 s between frames and a limit of 0.5 s: three intervals count."""
    with RawServer(camera_talk(described(), _slow_media)) as server:
        source = _source(server.url, open_s=3, stall_s=0.5)
        source.open()
        assert len(_read(source, 6)) == 6
        source.close()


def _slow_media(connection: socket.socket) -> None:
    units = encode(VideoCodec.H264, frames=10)
    sequence = 0
    for index in range(30):
        nals = split_nal_units(units[index % 10])
        data, sequence = frame_packets(nals, sequence, index * 54_000)
        connection.sendall(data)
        time.sleep(0.6)


def test_the_end_of_a_stream() -> None:
    def media(connection: socket.socket) -> None:
        units = encode(VideoCodec.H264, frames=10)
        sequence = 0
        for index in range(10):
            data, sequence = frame_packets(split_nal_units(units[index]), sequence, index * 9000)
            connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    with RawServer(camera_talk(described(), media)) as server:
        source = _source(server.url)
        source.open()
        with pytest.raises(CameraUnreachableError, match="ended the stream"):
            _read(source, 100)


@pytest.mark.full
@pytest.mark.parametrize("answers", [True, False])
def test_close_ends_a_blocked_call_of_another_thread(answers: bool) -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    def five(connection: socket.socket) -> None:
        pictures(connection, 5)

    talk = camera_talk(described(), five) if answers else silent
    with RawServer(talk) as server:
        source = _source(server.url, open_s=30, stall_s=30)
        threading.Timer(0.8, source.close).start()
        started = time.monotonic()
        with pytest.raises(CameraUnreachableError, match="closed by us"):
            _open_and_read(source)
        assert 0.5 < time.monotonic() - started < 2.5


@pytest.mark.full
def test_noise_gives_one_of_our_errors() -> None:
    def noise(connection: socket.socket) -> None:
        for index in range(300):
            payload = b"\x41" + b"\xee" * 300
            connection.sendall(rtp(payload, index, index * 9000, marker=True))

    with RawServer(camera_talk(described(), noise)) as server:
        source = _source(server.url, open_s=2)
        with pytest.raises(CameraError) as raised:
            _open_and_read(source)
        assert raised.value.__context__ is None


@pytest.mark.full
def test_descriptors_and_threads_are_given_back() -> None:
    def use(times: int) -> int:
        for _ in range(times):
            source = _source(server.url)
            source.open()
            source.read()
            source.close()
        time.sleep(0.3)
        return len(list(Path("/proc/self/fd").iterdir()))

    with RawServer(camera_talk(described(), pictures)) as server:
        before = use(2)
        assert use(5) <= before
