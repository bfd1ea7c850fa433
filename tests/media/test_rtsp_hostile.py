"""`RtspSource` against what answers wrongly, on purpose or not: one of our errors, always."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.media.raw_rtsp import RawServer, answer, camera_talk, read_request, rtp
from tests.media.test_rtsp import ALAW, PLAIN, described
from watchglass.base.clock import SystemClock
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    StreamInvalidError,
)
from watchglass.base.secret import Secret
from watchglass.media.rtsp import RtspSource
from watchglass.media.rtsp.address import split_address
from watchglass.media.rtsp.connection import Connection
from watchglass.model.camera import Credentials, Transport

PASSWORD = "geheim/123"


def _source(url: str, open_s: float = 1.0) -> RtspSource:
    return RtspSource(
        url,
        Credentials("admin", Secret(PASSWORD)),
        sound=True,
        clock=SystemClock(),
        open_timeout_s=open_s,
        stall_timeout_s=0.5,
        first_picture_timeout_s=open_s,
        transport=Transport.TCP,
    )


def _fails(url: str, open_s: float = 1.0, reads: int = 50) -> CameraError:
    source = _source(url, open_s)
    started = time.monotonic()
    with pytest.raises(CameraError) as raised:
        _open_and_read(source, reads)
    source.close()
    assert time.monotonic() - started < 3 * open_s + 4
    told = str(raised.value) + repr(raised.value.__context__) + repr(raised.value.__cause__)
    assert "geheim" not in told
    assert raised.value.sentence.endswith(".")
    return raised.value


def _open_and_read(source: RtspSource, reads: int) -> None:
    source.open()
    for _ in range(reads):
        source.read()


def _says(status: str, extra: str = "") -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        while True:
            _, headers = read_request(connection)
            connection.sendall(answer(headers.get("cseq", "0"), status, extra))

    return talk


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = _fails(f"rtsp://127.0.0.1:{port}/")
    assert isinstance(error, CameraUnreachableError)


def test_unknown_name() -> None:
    assert isinstance(_fails("rtsp://no-such-host.invalid/", 5), CameraUnreachableError)


@pytest.mark.parametrize(
    ("status", "extra"),
    [
        ("401 Unauthorized", 'WWW-Authenticate: Digest realm="r", nonce="n"\r\n'),
        ("401 Unauthorized", 'WWW-Authenticate: Basic realm="r"\r\n'),
        ("401 Unauthorized", ""),
        ("403 Forbidden", ""),
    ],
)
def test_wrong_password(status: str, extra: str) -> None:
    with RawServer(_says(status, extra)) as server:
        assert isinstance(_fails(server.url), AuthFailedError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("404 Not Found", StreamInvalidError),
        ("400 Bad Request", CameraUnreachableError),
        ("453 Not Enough Bandwidth", CameraUnreachableError),
        ("500 Internal Server Error", CameraUnreachableError),
        ("503 Service Unavailable", CameraUnreachableError),
        ("461 Unsupported Transport", StreamInvalidError),
        ("999 \xff\xfe", CameraError),
    ],
)
def test_error_answers(status: str, kind: type[CameraError]) -> None:
    with RawServer(_says(status)) as server:
        assert isinstance(_fails(server.url), kind)


@pytest.mark.parametrize("code", [301, 302, 305])
def test_a_redirect_is_not_followed(code: int) -> None:
    with RawServer(_says("200 OK")) as target:
        location = f"Location: rtsp://127.0.0.1:{target.port}/elsewhere\r\n"
        with RawServer(_says(f"{code} Moved", location)) as server:
            error = _fails(server.url)
            assert isinstance(error, StreamInvalidError)
            assert "another address" in str(error)
        assert target.connections == 0


def test_a_redirect_to_itself_ends() -> None:
    def talk(connection: socket.socket) -> None:
        port = connection.getsockname()[1]
        _says("302 Moved", f"Location: rtsp://127.0.0.1:{port}/main\r\n")(connection)

    with RawServer(talk) as server:
        assert isinstance(_fails(server.url), StreamInvalidError)
        assert server.connections <= 2


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        os.urandom(4096),
        b"\x00" * 4096,
        b"$" * 4096,
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 100_000,
        b"RTSP/1.0 200 OK\r\nX: " + b"y" * 1_000_000,
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 2147483647\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: -5\r\n\r\n",
    ],
    ids=["http", "ssh", "random", "zeros", "dollars", "headers", "header", "length", "negative"],
)
def test_no_rtsp(data: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(data)
        while connection.recv(4096):
            pass

    with RawServer(talk) as server:
        _fails(server.url)


@pytest.mark.full
def test_an_endless_header_ends_at_the_time_out() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"RTSP/1.0 200 OK\r\n")
        while True:
            connection.sendall(b"X-Header: " + b"z" * 200 + b"\r\n")
            time.sleep(0.01)

    with RawServer(talk) as server:
        assert isinstance(_fails(server.url), CameraUnreachableError)


@pytest.mark.parametrize(
    "transport",
    [
        "RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001",
        "RTP/AVP;multicast;destination=239.0.0.1;port=5000-5001",
        "RTP/AVP/TCP;interleaved=999-1000",
        "x" * 5000,
        "",
    ],
)
def test_another_transport_is_not_taken(transport: str) -> None:
    def talk(connection: socket.socket) -> None:
        while True:
            method, headers = read_request(connection)
            extra, body = "", b""
            if method == "DESCRIBE":
                extra, body = "Content-Type: application/sdp\r\n", described()
            elif method == "SETUP":
                extra = f"Transport: {transport}\r\nSession: 1\r\n"
            connection.sendall(answer(headers["cseq"], extra=extra, body=body))

    with RawServer(talk) as server:
        _fails(server.url)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=15)
@given(
    at=st.integers(0, len(described() + ALAW)),
    noise=st.binary(min_size=1, max_size=40),
    cut=st.integers(0, 60),
)
def test_any_sdp(at: int, noise: bytes, cut: int) -> None:
    whole = described() + ALAW
    sdp = whole[:at] + noise + whole[at + cut :]

    def media(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    with RawServer(camera_talk(sdp, media)) as server:
        _fails(server.url, 0.5)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=15)
@given(payloads=st.lists(st.binary(min_size=1, max_size=300), max_size=30))
def test_any_media(payloads: list[bytes]) -> None:
    def media(connection: socket.socket) -> None:
        for index, payload in enumerate(payloads):
            connection.sendall(rtp(payload, index, index * 9000, marker=bool(index % 2)))
        connection.shutdown(socket.SHUT_RDWR)

    with RawServer(camera_talk(PLAIN, media)) as server:
        _fails(server.url, 0.5, reads=1000)


def _recorded(folder: Path) -> list[Path]:
    return sorted(folder.glob("testdata/rtsp/*describe*.txt"))


def test_what_real_cameras_describe(shared_dir: Path) -> None:
    """Each DESCRIBE answer of a real camera gives parameters or one of our errors."""
    sizes = {}
    for path in _recorded(shared_dir):
        head, _, body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
        del head
        sdp = body.replace(b"\n", b"\r\n")
        with RawServer(camera_talk(sdp, lambda connection: connection.shutdown(2))) as server:
            source = _source(server.url, 0.5)
            try:
                source.open()
                source.read()
            except CameraError as error:
                assert "geheim" not in str(error)  # noqa: PT017 - both ways out are fine
            if source.video is not None:
                sizes[path.stem] = (source.video.width, source.video.height)
            source.close()
    assert sizes["hikvision_describe"] == (1920, 1080)
    assert sizes["foscam_describe"] == (1280, 720)
    assert sizes["gw_main_describe"] == (1920, 1080)
    assert len(sizes) >= 12


@pytest.mark.parametrize(
    "url",
    ["rtsp://user@127.0.0.1/", "file:///etc/passwd", "rtsp:///etc/passwd", "concat:rtsp://h/",
     "rtsp://127.0.0.1/a b", "rtsp://127.0.0.1/a\r\nX: y", "rtsp://127.0.0.1:99999/",
     "rtsp://[::1/", ""],
)  # fmt: skip
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(StreamInvalidError):
        split_address(url)


def test_a_user_name_with_a_colon() -> None:
    source = RtspSource(
        "rtsp://127.0.0.1:9/", Credentials("ad:min", Secret("x")), sound=False, clock=SystemClock()
    )
    with pytest.raises(AuthFailedError, match="colon"):
        source.open()


def test_in_rounds_a_camera_that_reads_nothing_holds_up_nobody() -> None:
    def talk(_: socket.socket) -> None:
        server.ending.wait(30)

    with RawServer(talk) as server:
        connection = Connection(split_address(server.url))
        connection.open(time.monotonic() + 10, None)
        descriptor = connection.never_wait()
        assert descriptor is not None
        assert connection.receive(more_is_coming=False) == 0
        with pytest.raises(BlockingIOError):
            _send_forever(connection)
        connection.close()


def _send_forever(connection: Connection) -> None:
    for _ in range(1000):
        connection.send(bytes(1 << 20))
