"""The receiver against libavformat's on the same streams: the same access units, byte for byte."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from tests.gst.server import GstServer, require_gst
from tests.media.certificates import make_certificate
from watchglass.base.clock import SystemClock
from watchglass.base.secret import Secret
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.encode import VideoCodecName
from watchglass.media.rtsp import RtspSource
from watchglass.model.camera import Credentials, Transport
from watchglass.model.stream import Packet, Track, VideoCodec
from watchglass.simulate.loop import LoopSpec, encode_loop
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.full

SIZE = "--width 320 --height 180 --sub-width 160 --sub-height 90 --seconds 20 --bit-rate 300000"
PICTURES = 100


@pytest.fixture(scope="module")
def cameras() -> Iterator[Simulator]:
    with Simulator(*SIZE.split(), "--cameras", "4") as simulator:
        yield simulator


def _theirs(url: str, count: int, out: list[bytes], options: dict[str, str]) -> None:
    with av.open(url, options=options, timeout=(10, 10)) as container:
        name = container.streams.video[0].codec_context.name
        codec = VideoCodec.H265 if name == "hevc" else VideoCodec.H264
        for packet in container.demux():
            data = bytes(packet)
            if data:
                out.append(to_length_prefixed(data, codec).data)
            if len(out) >= count:
                return


def _ours(
    url: str,
    count: int,
    credentials: Credentials | None = None,
    transport: Transport = Transport.AUTO,
    fingerprint: str = "",
    found: Transport = Transport.TCP,
) -> list[Packet]:
    source = RtspSource(
        url, credentials, sound=False, clock=SystemClock(), transport=transport,
        fingerprint=fingerprint,
    )  # fmt: skip
    source.open()
    assert source.transport is found
    packets: list[Packet] = []
    while len(packets) < count:
        packet = source.read()
        if packet.track is Track.VIDEO:
            packets.append(packet)
    source.close()
    return packets


def _compare(
    url: str,
    count: int,
    transport: Transport = Transport.AUTO,
    *,
    found: Transport = Transport.TCP,
    fingerprint: str = "",
    theirs_over: str = "tcp",
) -> None:
    theirs: list[bytes] = []
    options = {"rtsp_transport": theirs_over, "allowed_media_types": "video"}
    thread = threading.Thread(target=_theirs, args=(url, count, theirs, options))
    thread.start()
    # The other one takes its time to begin.
    found = found if transport is Transport.AUTO else transport
    ours = _ours(url, count + 60, None, transport, fingerprint, found)
    thread.join(60)
    data = [packet.data for packet in ours]
    # Each frame has its number in it, so equal bytes are the same frame.
    first = next(index for index, each in enumerate(theirs) if each in data)
    begin = data.index(theirs[first])
    shared = min(len(theirs) - first, len(data) - begin)
    assert shared >= count // 2
    assert data[begin : begin + shared] == theirs[first : first + shared]
    assert not any(packet.lost for packet in ours)
    assert any(packet.is_key for packet in ours)
    decoded: list[Any] = [packet.dts for packet in ours]
    assert decoded == sorted(set(decoded))


@pytest.fixture(scope="module")
def compared(cameras: Simulator) -> dict[str, Future[None]]:
    """What came of comparing each stream. They are all read at once: each takes as long as its
    camera does, and no test begins before the last has ended."""
    urls = cameras.urls
    with ThreadPoolExecutor(2 * len(urls)) as pool:
        return {
            **{f"main {n}": pool.submit(_compare, urls[n].main, PICTURES) for n in range(3)},
            "main 3": pool.submit(_compare, urls[3].main, 50),
            "sub 2": pool.submit(_compare, urls[2].sub, 40),
            **{
                transport: pool.submit(_compare, urls[0].main, 40, transport)
                for transport in (Transport.UDP, Transport.HTTP)
            },
        }


@pytest.mark.parametrize("stream", ["main 0", "main 1", "main 2", "main 3", "sub 2"])
def test_simulated_cameras(compared: dict[str, Future[None]], stream: str) -> None:
    compared[stream].result()


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.HTTP])
def test_other_transports_bring_the_same(
    compared: dict[str, Future[None]], transport: Transport
) -> None:
    compared[transport].result()


@pytest.mark.parametrize("share", [0.1])
def test_frames_lost_on_the_way_are_told(cameras: Simulator, share: float) -> None:
    name = cameras.urls[0].name
    cameras.set(name, "loss", share)
    try:
        packets = _ours(cameras.urls[0].main, 60)
    finally:
        cameras.set(name, "loss", 0.0)
    times: list[Any] = [packet.pts for packet in packets]
    holes = [after - before > 9000 for before, after in pairwise(times)]
    assert [packet.lost for packet in packets[1:]] == holes
    assert any(holes)


def test_a_burst_of_the_cached_group(cameras: Simulator) -> None:
    name = cameras.urls[1].name
    cameras.set(name, "burst", True)
    try:
        packets = _ours(cameras.urls[1].main, 20)
    finally:
        cameras.set(name, "burst", False)
    assert packets[0].is_key


@pytest.mark.parametrize("qop", [(), ("--qop",)])
def test_digest(qop: tuple[str, ...]) -> None:
    options = [*SIZE.split(), "--cameras", "1", "--user", "admin", "--password", "geheim", *qop]
    with Simulator(*options) as simulator:
        url = simulator.urls[0].main.replace("admin:geheim@", "")
        assert len(_ours(url, 5, Credentials("admin", Secret("geheim")))) == 5


def test_mjpeg_gives_the_same_pictures() -> None:
    """Headers are put together by each reader in its own way; what is seen is the same."""
    with Simulator(*SIZE.split(), "--cameras", "1", "--kind", "mjpeg") as simulator:
        url = simulator.urls[0].main
        ours: list[Packet] = []
        thread = threading.Thread(target=lambda: ours.extend(_ours(url, 40)))
        thread.start()
        with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(10, 10)) as container:
            theirs = [bytes(packet) for packet in islice(container.demux(), 10)]
        thread.join(60)
    decoder = av.CodecContext.create("mjpeg", "r")
    assert isinstance(decoder, av.VideoCodecContext)

    def seen(data: bytes) -> bytes:
        (frame,) = decoder.decode(av.Packet(data))
        return frame.to_ndarray().tobytes()

    shared = {seen(packet.data) for packet in ours} & {seen(data) for data in theirs}
    assert len(shared) >= 5


def _gst_loop(folder: Path, codec: VideoCodecName = "h264", ending: str = "mp4") -> Path:
    spec = LoopSpec(
        codec=codec, width=320, height=192, fps=20, gop_frames=10, bit_rate=900_000, seconds=3
    )
    path = folder / f"loop.{ending}"
    encode_loop(spec).export(path)
    return path


def _gstreamer(folder: Path, codec: VideoCodecName, ending: str) -> None:
    with GstServer({"main": _gst_loop(folder, codec, ending)}) as server:
        _compare(server.urls["main"], PICTURES)


def _gstreamer_through_http(folder: Path) -> None:
    with GstServer({"main": _gst_loop(folder)}) as server:
        _compare(server.urls["main"], 40, Transport.HTTP)


def _gstreamer_with_udp_alone(folder: Path) -> None:
    with GstServer({"main": _gst_loop(folder)}, "--udp") as server:
        _compare(server.urls["main"], 40, theirs_over="udp", found=Transport.UDP)


def _gstreamer_with_tls(folder: Path) -> None:
    pem = folder / "camera.pem"
    fingerprint = make_certificate(pem)
    with GstServer({"main": _gst_loop(folder)}, "--tls", str(pem)) as server:
        _compare(server.urls["main"], 40, Transport.TCP, fingerprint=fingerprint)


@pytest.fixture(scope="module")
def of_gstreamer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[None]]:
    """What came of comparing what another's servers send, each with its own, all at once."""
    require_gst()
    folder = tmp_path_factory.mktemp
    with ThreadPoolExecutor(5) as pool:
        return {
            "h264": pool.submit(_gstreamer, folder("h264"), "h264", "mp4"),
            "h265": pool.submit(_gstreamer, folder("h265"), "h265", "mkv"),
            "http": pool.submit(_gstreamer_through_http, folder("http")),
            "udp": pool.submit(_gstreamer_with_udp_alone, folder("udp")),
            "tls": pool.submit(_gstreamer_with_tls, folder("tls")),
        }


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_gstreamer(of_gstreamer: dict[str, Future[None]], codec: str) -> None:
    of_gstreamer[codec].result()


def test_gstreamer_through_http(of_gstreamer: dict[str, Future[None]]) -> None:
    of_gstreamer["http"].result()


def test_gstreamer_that_has_udp_alone(of_gstreamer: dict[str, Future[None]]) -> None:
    """It refuses the first SETUP, and what is asked for next is UDP."""
    of_gstreamer["udp"].result()


def test_gstreamer_with_tls(of_gstreamer: dict[str, Future[None]]) -> None:
    of_gstreamer["tls"].result()
