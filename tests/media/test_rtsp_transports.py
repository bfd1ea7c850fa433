"""Ways for a camera's packets to come, and who a camera has to be over TLS."""

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.certificates import make_certificate
from tests.media.encoded import encode
from tests.media.raw_rtsp import RawServer, Talk, answer, camera_talk, frame_packets, read_request
from tests.media.test_rtsp import described, pictures
from watchglass.base.clock import SystemClock
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CertificateError,
    StreamInvalidError,
    StreamStalledError,
)
from watchglass.base.secret import Secret
from watchglass.media.bitstream import split_nal_units
from watchglass.media.rtsp import RtspSource
from watchglass.model.camera import Credentials, Transport
from watchglass.model.stream import Packet, Track, VideoCodec
from watchglass.simulate.process import Simulator

SIZE = "--width 320 --height 180 --sub-width 160 --sub-height 90 --seconds 20 --bit-rate 300000"


def _source(
    url: str,
    transport: Transport = Transport.AUTO,
    *,
    fingerprint: str = "",
    login: Credentials | None = None,
    sound: bool = False,
    open_s: float = 5.0,
    stall_s: float = 2.0,
    tls_name: str | None = None,
) -> RtspSource:
    return RtspSource(
        url, login, sound=sound, clock=SystemClock(), open_timeout_s=open_s,
        stall_timeout_s=stall_s, first_picture_timeout_s=open_s, transport=transport,
        fingerprint=fingerprint, tls_name=tls_name,
    )  # fmt: skip


def _read(source: RtspSource, count: int) -> list[Packet]:
    try:
        source.open()
        return [source.read() for _ in range(count)]
    finally:
        source.close()


def _read_on(source: RtspSource) -> None:
    while True:
        source.read()


def _fails(source: RtspSource) -> CameraError:
    with pytest.raises(CameraError) as raised:
        _read(source, 1)
    assert raised.value.sentence.endswith(".")
    return raised.value


# --- TLS ------------------------------------------------------------------------------------------


def over_tls(talk: Talk, pem: Path, heard: list[bytes] | None = None) -> Talk:
    """The same over TLS; ``heard`` notes what a client says once the handshake is done."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def talk_over_tls(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            if heard is None:
                talk(wrapped)
            else:
                heard.append(wrapped.recv(4096))

    return talk_over_tls


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("tls") / "camera.pem"
    return path, make_certificate(path)


def _rtsps(server: RawServer) -> str:
    return server.url.replace("rtsp:", "rtsps:")


def test_a_camera_with_the_key_that_is_trusted(pem: tuple[Path, str]) -> None:
    path, fingerprint = pem
    with RawServer(over_tls(camera_talk(described(), pictures), path)) as server:
        packets = _read(_source(_rtsps(server), fingerprint=fingerprint), 5)
    assert packets[0].is_key


def test_an_unknown_camera_is_told_nothing_and_its_key_is_shown(pem: tuple[Path, str]) -> None:
    path, fingerprint = pem
    heard: list[bytes] = []
    login = Credentials("admin", Secret("geheim"))
    with RawServer(over_tls(camera_talk(described()), path, heard)) as server:
        error = _fails(_source(_rtsps(server), login=login))
    assert isinstance(error, CertificateError)
    assert error.fingerprint == fingerprint
    assert fingerprint in error.sentence
    assert heard in ([], [b""])


def test_another_key_than_the_trusted_one_is_named_and_told_nothing(
    pem: tuple[Path, str], tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other.pem")
    path, fingerprint = pem
    heard: list[bytes] = []
    with RawServer(over_tls(camera_talk(described()), path, heard)) as server:
        error = _fails(_source(_rtsps(server), fingerprint=other))
    assert isinstance(error, CertificateError)
    assert "another key" in error.sentence
    assert error.fingerprint == fingerprint != other
    assert heard == [b""]


def test_a_certificate_of_a_known_authority_needs_no_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, path = tmp_path / "ca.pem", tmp_path / "camera.pem"
    make_certificate(authority)
    make_certificate(path, "DNS:camera.example", ca=authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.with_suffix(".crt")))
    with RawServer(over_tls(camera_talk(described(), pictures), path)) as server:
        assert _read(_source(_rtsps(server), tls_name="camera.example"), 3)
        error = _fails(_source(_rtsps(server), tls_name="another.example"))
    assert isinstance(error, CertificateError)


def test_udp_is_not_taken_where_tls_was_asked_for() -> None:
    error = _fails(_source("rtsps://127.0.0.1:9/", Transport.UDP))
    assert "unencrypted" in error.sentence


def test_what_does_not_speak_tls() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer("1", "400 Bad Request"))

    with RawServer(talk) as server:
        error = _fails(_source(_rtsps(server), fingerprint="SHA256:x"))
    assert isinstance(error, StreamInvalidError)
    assert "TLS" in error.sentence


# --- which way ------------------------------------------------------------------------------------


class UdpCamera:
    """A camera that sends over UDP alone; ``send`` may do what networks do."""

    def __init__(self, frames: int = 20) -> None:
        self.frames = frames
        self.reports: list[bytes] = []
        self.asked: list[str] = []
        self.swaps: set[int] = set()
        self.drops: set[int] = set()
        self.twice: set[int] = set()
        self.stranger = False
        self.sent: list[bytes] = []
        self.listen_s = 0.0

    def __call__(self, connection: socket.socket) -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp,
        ):
            rtp.bind(("127.0.0.1", 0))
            rtcp.bind(("127.0.0.1", 0))
            rtcp.settimeout(0.2)
            self._talk(connection, rtp, rtcp)

    def _talk(self, connection: socket.socket, rtp: socket.socket, rtcp: socket.socket) -> None:
        ports = (0, 0)
        while True:
            method, headers = read_request(connection)
            self.asked.append(method)
            cseq = headers["cseq"]
            match method:
                case "DESCRIBE":
                    connection.sendall(answer(cseq, body=described()))
                case "SETUP" if "TCP" in headers["transport"]:
                    connection.sendall(answer(cseq, "461 Unsupported Transport"))
                case "SETUP":
                    first, second = headers["transport"].split("client_port=")[1].split("-")
                    ports = int(first), int(second)
                    ours = f"{rtp.getsockname()[1]}-{rtcp.getsockname()[1]}"
                    said = f"RTP/AVP;unicast;client_port={first}-{second};server_port={ours}"
                    extra = f"Transport: {said}\r\nSession: 9;timeout=60\r\n"
                    connection.sendall(answer(cseq, extra=extra))
                case "PLAY":
                    connection.sendall(answer(cseq, extra="Session: 9\r\n"))
                    self._play(rtp, rtcp, ports)
                case _:
                    connection.sendall(answer(cseq))

    def _play(self, rtp: socket.socket, rtcp: socket.socket, ports: tuple[int, int]) -> None:
        units = encode(VideoCodec.H264, frames=10)
        packets: list[bytes] = []
        sequence = 65_530
        for index in range(self.frames):
            nals = split_nal_units(units[index % 10])
            data, sequence = frame_packets(nals, sequence, index * 9000)
            packets += _split(data)
        self.sent = packets
        order = list(range(len(packets)))
        for at in self.swaps:
            order[at], order[at + 1] = order[at + 1], order[at]
        for at in order:
            if self.stranger:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                    stranger.bind(("127.0.0.2", 0))
                    stranger.sendto(_forged(packets[at]), ("127.0.0.1", ports[0]))
            for _ in range(0 if at in self.drops else 2 if at in self.twice else 1):
                rtp.sendto(packets[at], ("127.0.0.1", ports[0]))
            time.sleep(0.002)
        report = b"\x80\xc8\x00\x06\x11\x22\x33\x44" + (3_900_000_000 << 32).to_bytes(8, "big")
        rtcp.sendto(report + bytes(12), ("127.0.0.1", ports[1]))
        end_s = time.monotonic() + self.listen_s
        while time.monotonic() < end_s and not any(map(_is_of_a_track, self.reports)):
            try:
                self.reports.append(rtcp.recv(2048))
            except TimeoutError:
                continue


def _is_of_a_track(report: bytes) -> bool:
    """Whether it is a receiver report that says something of a sender."""
    return report[1] == 201 and report[0] & 31 == 1


def _split(frames: bytes) -> list[bytes]:
    packets = []
    while frames:
        end = 4 + int.from_bytes(frames[2:4], "big")
        packets.append(frames[4:end])
        frames = frames[end:]
    return packets


def _forged(packet: bytes) -> bytes:
    return packet[:12] + bytes((packet[12],)) + b"\xff" * (len(packet) - 13)


def _all_pictures(source: RtspSource, count: int) -> list[Packet]:
    source.open()
    return [source.read() for _ in range(count)]


def test_a_camera_that_refuses_tcp_is_had_over_udp() -> None:
    camera = UdpCamera()
    with RawServer(camera) as server:
        source = _source(server.url)
        packets = _all_pictures(source, 19)
        source.close()
    assert source.transport is Transport.UDP
    assert not any(packet.lost for packet in packets)
    assert camera.asked.count("SETUP") == 2
    times = [packet.pts for packet in packets if packet.pts is not None]
    assert [after - before for before, after in itertools.pairwise(times)] == [9000] * 18


def test_packets_that_overtake_each_other_or_come_twice_change_nothing() -> None:
    camera, straight = UdpCamera(), UdpCamera()
    camera.swaps, camera.twice = {1, 5, 9, 30}, {3, 12}
    found = []
    for each in (camera, straight):
        with RawServer(each) as server:
            source = _source(server.url, Transport.UDP)
            found.append([packet.data for packet in _all_pictures(source, 18)])
            assert source.lost_packets == 0
            source.close()
    assert found[0] == found[1]


def test_a_packet_that_never_comes_is_a_loss_and_no_more() -> None:
    camera = UdpCamera(40)
    camera.drops = {14}
    with RawServer(camera) as server:
        source = _source(server.url, Transport.UDP)
        packets = _all_pictures(source, 36)
        assert source.lost_packets == 1
        source.close()
    assert sum(packet.lost for packet in packets) == 1


def test_strangers_are_not_listened_to() -> None:
    """A second address of this machine sends forged packets between the camera's."""
    camera = UdpCamera()
    camera.stranger = True
    with RawServer(camera) as server:
        source = _source(server.url, Transport.UDP)
        packets = _all_pictures(source, 18)
        source.close()
    assert not any(b"\xff" * 40 in packet.data for packet in packets)
    assert not any(packet.lost for packet in packets)


@pytest.mark.full
def test_the_camera_hears_how_its_packets_arrive() -> None:
    camera = UdpCamera(20)
    camera.drops = {10}
    camera.listen_s = 10
    with RawServer(camera) as server:
        source = _source(server.url, Transport.UDP, stall_s=4)
        source.open()
        with pytest.raises(CameraError):
            _read_on(source)
        source.close()
    blocks = [each for each in camera.reports if _is_of_a_track(each)]
    assert blocks
    assert blocks[0][8:12] == b"\x11\x22\x33\x44"
    assert int.from_bytes(blocks[0][13:16], "big") == 1
    highest = int.from_bytes(blocks[0][16:20], "big")
    last = int.from_bytes(camera.sent[-1][2:4], "big")
    assert highest == 1 << 16 | last
    assert blocks[0][24:28] == (3_900_000_000 << 32 >> 16 & 0xFFFF_FFFF).to_bytes(4, "big")


def test_nothing_over_udp_names_the_firewall() -> None:
    camera = UdpCamera(0)
    with RawServer(camera) as server:
        error = _fails(_source(server.url, Transport.UDP, open_s=0.6))
    assert isinstance(error, StreamStalledError)
    assert "firewall" in error.sentence


def test_a_way_that_was_chosen_is_not_changed() -> None:
    camera = UdpCamera()
    with RawServer(camera) as server:
        error = _fails(_source(server.url, Transport.TCP))
    assert "--transport" in error.sentence
    assert camera.asked.count("SETUP") == 1


def test_a_camera_that_refuses_everything_is_told_by_its_first_refusal() -> None:
    def talk(connection: socket.socket) -> None:
        while True:
            method, headers = read_request(connection)
            if method == "SETUP":
                connection.sendall(answer(headers["cseq"], "461 Unsupported Transport"))
            elif method in ("GET", "POST"):
                return
            else:
                connection.sendall(answer(headers["cseq"], body=described()))

    with RawServer(talk) as server:
        error = _fails(_source(server.url))
        assert server.connections == 3
    assert "does not send its stream this way" in error.sentence


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.0 404 Not Found\r\n\r\n",
        b"HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\n\r\n",
        b"RTSP/1.0 400 Bad Request\r\n\r\n",
        b"\x00" * 200 + b"\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n" + b"x" * 20_000,
        b"",
    ],
)
def test_what_does_not_take_a_tunnel(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    with RawServer(talk) as server:
        error = _fails(_source(server.url, Transport.HTTP))
    assert "HTTP" in error.sentence or "ended the stream" in error.sentence


@pytest.mark.parametrize("scheme", ['Digest realm="r", nonce="n"', 'Basic realm="r"'])
def test_a_tunnel_that_asks_for_a_password_again_and_again(scheme: str) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(f"HTTP/1.0 401 No\r\nWWW-Authenticate: {scheme}\r\n\r\n".encode())

    with RawServer(talk) as server:
        login = Credentials("admin", Secret("geheim"))
        error = _fails(_source(server.url, Transport.HTTP, login=login))
        assert server.connections <= 3
    assert isinstance(error, AuthFailedError)


# --- simulated cameras ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked() -> Iterator[Simulator]:
    """TLS, a password, and no way but a tunnel."""
    options = f"{SIZE} --cameras 1 --tls --transports http --user admin --password geheim --qop"
    with Simulator(*options.split()) as simulator:
        yield simulator


@pytest.mark.full
def test_a_tunnel_within_tls_with_a_password(locked: Simulator) -> None:
    url = locked.urls[0].main.replace("admin:geheim@", "")
    login = Credentials("admin", Secret("geheim"))
    error = _fails(_source(url, login=login))
    assert isinstance(error, CertificateError)
    source = _source(url, login=login, fingerprint=error.fingerprint, sound=True)
    packets = _read(source, 30)
    assert source.transport is Transport.HTTP
    assert {packet.track for packet in packets} == {Track.VIDEO, Track.SOUND}
    wrong = Credentials("admin", Secret("wrong"))
    failed = _fails(_source(url, Transport.HTTP, login=wrong, fingerprint=error.fingerprint))
    assert isinstance(failed, AuthFailedError)


@pytest.mark.full
def test_disorder_and_sound_over_udp() -> None:
    options = f"{SIZE} --cameras 1 --transports udp --bit-rate 2000000"
    with Simulator(*options.split()) as simulator:
        camera = simulator.urls[0]
        simulator.set(camera.name, "disorder", 0.2)
        source = _source(camera.main, sound=True)
        packets = _read(source, 60)
        assert source.transport is Transport.UDP
        assert {packet.track for packet in packets} == {Track.VIDEO, Track.SOUND}
        assert source.lost_packets == 0
        assert not any(packet.lost for packet in packets)


@pytest.mark.full
@pytest.mark.parametrize("transport", [Transport.UDP, Transport.HTTP])
def test_close_ends_a_blocked_read(transport: Transport) -> None:
    with Simulator(*f"{SIZE} --cameras 1".split()) as simulator:
        camera = simulator.urls[0]
        source = _source(camera.main, transport, open_s=15)
        source.open()
        simulator.set(camera.name, "stall", True)
        threading.Timer(0.5, source.close).start()
        begun_s = time.monotonic()
        with pytest.raises(CameraError, match="closed by us"):
            _read_on(source)
        assert time.monotonic() - begun_s < 10
