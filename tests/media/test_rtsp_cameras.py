"""`RtspSource` against the simulated cameras, in a process of their own."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from watchglass.base.clock import SystemClock
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    CodecUnsupportedError,
    StreamInvalidError,
    StreamStalledError,
)
from watchglass.base.secret import Secret
from watchglass.media.rtsp import RtspSource
from watchglass.model.camera import Credentials
from watchglass.model.stream import Packet, Track, VideoCodec
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.full

SIZE = "--width 320 --height 180 --sub-width 160 --sub-height 90 --seconds 20 --bit-rate 300000"


@pytest.fixture(scope="module")
def cameras() -> Iterator[Simulator]:
    options = f"{SIZE} --cameras 4 --port-each --user admin --password geheim".split()
    with Simulator(*options) as simulator:
        yield simulator


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return f"rtsp://{parts.hostname}:{parts.port}{parts.path}"


def _source(
    simulator: Simulator,
    index: int,
    *,
    sound: bool = False,
    password: str = "geheim",
    first_s: float = 13,
) -> RtspSource:
    return RtspSource(
        _plain(simulator.urls[index].main),
        Credentials("admin", Secret(password)),
        sound=sound,
        clock=SystemClock(),
        open_timeout_s=3,
        stall_timeout_s=1.5,
        first_picture_timeout_s=first_s,
    )


def _read(source: RtspSource, seconds: float) -> list[Packet]:
    end = time.monotonic() + seconds
    packets = []
    while time.monotonic() < end:
        packets.append(source.read())
    return packets


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_each_kind_plays(cameras: Simulator, index: int) -> None:
    source = _source(cameras, index, sound=True)
    source.open()
    packets = _read(source, 3)
    pictures = [packet for packet in packets if packet.track is Track.VIDEO]
    assert source.video is not None
    assert (source.video.width, source.video.height) == (320, 180)
    assert source.codec is (VideoCodec.H265 if index == 2 else VideoCodec.H264)
    assert len(pictures) >= 10
    decoded = [packet.dts for packet in pictures if packet.dts is not None]
    assert decoded == sorted(set(decoded))
    assert len(decoded) == len(pictures)
    if source.sound is not None:
        assert any(packet.track is Track.SOUND for packet in packets)
    source.close()


def test_the_wrong_password(cameras: Simulator) -> None:
    with pytest.raises(AuthFailedError):
        _source(cameras, 0, password="wrong").open()


def _open_and_read(source: RtspSource) -> None:
    source.open()
    _read(source, 6)


@pytest.mark.parametrize(
    ("fault", "value", "kind"),
    [
        ("stall", True, StreamStalledError),
        ("refuse", True, AuthFailedError),
        ("garbage", True, CameraError),
        ("offline", True, CameraUnreachableError),
        ("unsupported", "MP4V-ES", CodecUnsupportedError),
    ],
)
def test_faults(cameras: Simulator, fault: str, value: bool | str, kind: type[Exception]) -> None:
    name = cameras.urls[3].name
    cameras.set(name, fault, value)
    try:
        with pytest.raises(kind):
            _open_and_read(_source(cameras, 3, first_s=3))
    finally:
        cameras.set(name, fault, "" if isinstance(value, str) else False)


def test_garbage_media_is_survived(cameras: Simulator) -> None:
    name = cameras.urls[1].name
    cameras.set(name, "garbage_media", True)
    source = _source(cameras, 1)
    try:
        source.open()
        _read(source, 2)
    except (StreamStalledError, StreamInvalidError):
        pass
    finally:
        source.close()
        cameras.set(name, "garbage_media", False)


def test_parameter_sets_in_band(cameras: Simulator) -> None:
    name = cameras.urls[0].name
    cameras.set(name, "no_sprop", True)
    try:
        source = _source(cameras, 0)
        source.open()
        _read(source, 2)
        assert source.video is not None
        source.close()
    finally:
        cameras.set(name, "no_sprop", False)


def test_reading_costs_little(cameras: Simulator, tmp_path: Path) -> None:
    """CPU time of this thread for a second of stream; wide, for machines differ."""
    source = _source(cameras, 0)
    source.open()
    before = time.thread_time_ns()
    packets = _read(source, 3)
    used_us = (time.thread_time_ns() - before) / 1000 / len(packets)
    source.close()
    assert used_us < 2000
