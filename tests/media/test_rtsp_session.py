"""What `RtspSource` says to a camera, and what it makes of odd answers, over real sockets."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.media.encoded import encode
from tests.media.raw_rtsp import RawServer, answer, frame_packets, read_request, rtp
from tests.media.test_rtsp import ALAW, described
from watchglass.base.clock import SystemClock
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    StreamInvalidError,
)
from watchglass.base.secret import Secret
from watchglass.media.bitstream import split_nal_units
from watchglass.media.rtsp import RtspSource
from watchglass.model.camera import Credentials, Transport
from watchglass.model.stream import Track, VideoCodec

PASSWORD = "geheim/123"


class Camera:
    """A camera of a few lines: ``answers`` replaces what it says to a method; all is noted."""

    def __init__(self, **answers: Callable[[str], bytes]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.before_play = b""
        self.session = "77;timeout=60"
        self.transport = "RTP/AVP/TCP;unicast;interleaved={}-{}"
        self.sdp = described()

    def __call__(self, connection: socket.socket) -> None:
        channel = sent = sequence = 0
        playing = False
        connection.settimeout(0.05)
        units = encode(VideoCodec.H264, frames=10)
        while True:
            try:
                method, headers = read_request(connection)
            except TimeoutError:
                if playing:
                    nals = split_nal_units(units[sent % 10])
                    data, sequence = frame_packets(nals, sequence, sent * 9000)
                    connection.sendall(data)
                    sent += 1
                continue
            self.asked.append(method)
            self.headers.append(headers)
            connection.sendall(self._answer(method, headers.get("cseq", "0"), channel))
            channel += 2 * (method == "SETUP")
            playing = playing or method == "PLAY"

    def _answer(self, method: str, cseq: str, channel: int) -> bytes:
        if method in self.answers:
            return self.answers[method](cseq)
        session = f"Session: {self.session}\r\n"
        if method == "DESCRIBE":
            return answer(cseq, extra="Content-Type: application/sdp\r\n", body=self.sdp)
        if method == "SETUP":
            transport = self.transport.format(channel, channel + 1)
            return answer(cseq, extra=f"Transport: {transport}\r\n{session}")
        if method == "PLAY":
            return self.before_play + answer(cseq, extra=session)
        return answer(cseq, extra="Public: OPTIONS, DESCRIBE, GET_PARAMETER\r\n")


@contextmanager
def _playing(camera: Camera, *, sound: bool = False) -> Iterator[RtspSource]:
    with RawServer(camera) as server:
        source = RtspSource(
            server.url,
            Credentials("admin", Secret(PASSWORD)),
            sound=sound,
            clock=SystemClock(),
            open_timeout_s=3,
            stall_timeout_s=2,
            first_picture_timeout_s=3,
            transport=Transport.TCP,
        )
        try:
            source.open()
            yield source
        finally:
            source.close()
            time.sleep(0.1)


def test_the_order_of_requests_and_a_farewell() -> None:
    camera = Camera()
    with _playing(camera) as source:
        for _ in range(5):
            source.read()
    assert camera.asked == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
    assert camera.headers[3]["range"] == "npt=0.000-"
    assert {headers["session"] for headers in camera.headers[3:]} == {"77"}


@pytest.mark.full
@pytest.mark.parametrize("knows", [True, False])
def test_signs_of_life(knows: bool) -> None:
    camera = Camera()
    camera.session = "77; timeout=5"
    if not knows:
        camera.answers["OPTIONS"] = answer
    with _playing(camera) as source:
        end = time.monotonic() + 3.2
        while time.monotonic() < end:
            source.read()
    assert camera.asked[4] == ("GET_PARAMETER" if knows else "OPTIONS")


@pytest.mark.full
def test_a_nonce_that_grows_old_while_playing() -> None:
    nonces = iter("abcdefgh")

    def refuse(cseq: str) -> bytes:
        extra = f'WWW-Authenticate: Digest realm="r", nonce="{next(nonces)}", stale=true\r\n'
        return answer(cseq, "401 Unauthorized", extra)

    camera = Camera(GET_PARAMETER=refuse)
    camera.session = "77;timeout=5"
    with _playing(camera) as source:
        end = time.monotonic() + 3.2
        while time.monotonic() < end:
            source.read()
    assert camera.asked[4:6] == ["GET_PARAMETER"] * 2
    assert camera.asked[6] == "TEARDOWN"
    assert "authorization" in camera.headers[5]


def test_media_and_questions_before_the_answer_to_play() -> None:
    camera = Camera()
    key = b"\x65\x88" + bytes(50)
    camera.before_play = (
        rtp(key, 65_535, 2**32 - 9000, marker=True)
        + rtp(b"nobody's", 0, 0, marker=True, channel=9)
        + b"OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n"
        + answer("9999", "500 Late")
    )
    with _playing(camera) as source:
        assert source.read().data[4:] == key


def test_sound_lies_beside_the_picture() -> None:
    camera = Camera()
    camera.sdp = described() + ALAW
    sounds = b"".join(
        rtp(b"\xd5" * 160, n, 3_000_000_000 + 160 * n, marker=False, channel=2, kind=8)
        for n in range(3)
    )
    camera.answers["PLAY"] = lambda cseq: (
        answer(cseq, extra="RTP-Info: url=rtsp://x/track1;seq=0;rtptime=4294967295\r\n")
        + rtp(b"\x65\x88abc", 0, 900_000, marker=True)
        + rtp(b"\x41\x9aabc", 1, 909_000, marker=True)
        + sounds
    )
    with _playing(camera, sound=True) as source:
        packets = [source.read() for _ in range(4)]
    times = [packet.pts for packet in packets if packet.track is Track.SOUND]
    assert times[0] is not None
    assert 0 <= times[0] < 8000
    assert times == [times[0] + 160 * n for n in range(3)]


@pytest.mark.parametrize(
    ("transport", "opens"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=0-1", True),
        ("RTP/AVP/TCP;ssrc= d6d6627 ;interleaved = 0 - 1;mode=\"play\"", True),
        ("RTP/AVP/TCP;interleaved=0", True),
        ("RTP/AVP/TCP;unicast", True),
        ("", True),
        ("RTP/AVP;unicast;client_port=1-2;server_port=3-4", False),
        ("RTP/AVP/TCP;interleaved=256-257", False),
        ("RTP/AVP/TCP;interleaved=3-3", False),
        ("RTP/AVP/TCP;interleaved=99999-1", False),
    ],
)  # fmt: skip
def test_transports(transport: str, opens: bool) -> None:
    camera = Camera()
    camera.transport = transport
    if opens:
        with _playing(camera) as source:
            source.read()
    else:
        with pytest.raises(StreamInvalidError), _playing(camera):
            pass


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@pytest.mark.parametrize("scheme", ['Digest realm="geheim", nonce="{}"', 'Basic realm="{}"'])
def test_a_camera_that_asks_for_ever(scheme: str, capfd: pytest.CaptureFixture[str]) -> None:
    listener = _Heard()
    logging.getLogger().addHandler(listener)
    counts = iter(range(1000))

    def refuse(cseq: str) -> bytes:
        extra = f"WWW-Authenticate: {scheme.format(next(counts))}\r\n"
        return answer(cseq, "401 Unauthorized", extra)

    camera = Camera(OPTIONS=refuse, DESCRIBE=refuse)
    with pytest.raises(AuthFailedError) as raised, _playing(camera):
        pass
    logging.getLogger().removeHandler(listener)
    assert len(camera.asked) <= 6
    out, err = capfd.readouterr()
    told = str(raised.value) + repr(raised.value.__context__) + out + err + "".join(listener.texts)
    assert PASSWORD not in told
    assert "Basic " not in told


@pytest.mark.parametrize(
    "said",
    [
        b"RTSP/1.0 200 OK\r\nCSe",
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 100\r\n\r\nhalf",
        b"$",
        b"$\x00\xff\xffhalf a packet",
    ],
)
def test_half_an_answer_and_the_end(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(said)

    with RawServer(talk) as server:
        source = RtspSource(server.url, None, sound=False, clock=SystemClock())
        with pytest.raises(CameraUnreachableError, match="ended"):
            source.open()


def test_the_camera_says_goodbye() -> None:
    camera = Camera()
    camera.answers["PLAY"] = lambda cseq: (
        answer(cseq)
        + rtp(b"\x65\x88abc", 0, 0, marker=True)
        + b"TEARDOWN rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    )
    with _playing(camera) as source:
        assert source.read().is_key
        for _ in range(2):
            with pytest.raises(CameraUnreachableError, match="ended"):
                source.read()


@pytest.mark.full
def test_what_real_cameras_answer_to_setup_and_play(shared_dir: Path) -> None:
    """Each recorded answer of a real camera lets it play, or is one of our errors."""
    played = set()
    for method in ("SETUP", "PLAY"):
        for path in sorted(shared_dir.glob(f"testdata/rtsp/*_{method.lower()}*.txt")):
            head = path.read_bytes().replace(b"\r\n", b"\n").split(b"\n\n")[0].strip()
            lines = [line for line in head.split(b"\n") if not line.lower().startswith(b"cseq")]

            def recorded(cseq: str, lines: list[bytes] = lines) -> bytes:
                return b"\r\n".join([*lines, b"CSeq: " + cseq.encode(), b"", b""])

            camera = Camera(**{method: recorded})
            try:
                with _playing(camera) as source:
                    source.read()
                played.add(path.stem)
            except CameraError:
                pass
    assert {"dahua_setup", "dahua_play", "hikvision_setup", "hikvision_play"} <= played
    assert {"gw_main_setup_video", "luckfox_rkipc_setup_tcp", "laureii_play"} <= played
    assert "luckfox_rkipc_setup_udp" not in played
