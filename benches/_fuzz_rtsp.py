"""What a camera may send, for fuzzing: a target and seeds for each parser of the receiver.

A target takes any bytes and returns; only a `CameraError` may come out of what it calls, and
whatever else does is a finding. They are deterministic and keep nothing between calls.
"""

import base64
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from watchglass.base.errors import CameraError
from watchglass.media.rtsp.access_unit import MOST_ACCESS_UNIT_BYTES
from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.authentication import parse_challenges
from watchglass.media.rtsp.certificate import public_key
from watchglass.media.rtsp.depacketize_h264 import H264Depacketizer
from watchglass.media.rtsp.depacketize_h265 import H265Depacketizer
from watchglass.media.rtsp.depacketize_jpeg import JpegDepacketizer
from watchglass.media.rtsp.framing import Framing
from watchglass.media.rtsp.message import parse_head
from watchglass.media.rtsp.reception import Reception
from watchglass.media.rtsp.reorder import MOST_HELD, Reorder
from watchglass.media.rtsp.rtp import RtpReceiver, TimeLine
from watchglass.media.rtsp.sdp import parse_sdp
from watchglass.media.rtsp.sound_track import SoundTrack
from watchglass.media.rtsp.tunnel import parse_http_head
from watchglass.model.stream import Packet

Target = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class FuzzTarget:
    """``seeds`` are valid inputs, to be changed."""

    name: str
    run: Target
    seeds: tuple[bytes, ...]


# --- texts ----------------------------------------------------------------------------------------


def sdp(data: bytes) -> None:
    """A description, and all that is made of it."""
    with suppress(CameraError):
        description = parse_sdp(data)
        for medium in description.media:
            medium.parameter_sets()
            line = TimeLine(90_000)
            SoundTrack.of(medium, line, Arrival(), deque())


def message(data: bytes) -> None:
    """The head of an RTSP message, its length and its challenges."""
    with suppress(CameraError):
        found = parse_head(data)
        _ = found.cseq, found.body_bytes
        for each in parse_challenges(found.all_headers("www-authenticate")):
            _ = each.strength


def tunnel(data: bytes) -> None:
    """The head of an answer to GET."""
    with suppress(CameraError):
        parse_http_head(data, "camera")


def certificate(data: bytes) -> None:
    """A certificate's key."""
    with suppress(CameraError):
        public_key(data)


# --- bytes on the connection ----------------------------------------------------------------------


def framing(data: bytes) -> None:
    """Messages and packets mixed, in pieces whose lengths the bytes tell themselves."""
    made, taken = Framing(), [0]

    def take(view: memoryview, begin: int, end: int, filled: int) -> int:
        assert 0 <= begin <= end <= filled <= len(view)
        taken[0] += 1
        return end

    made.channels[0] = made.channels[1] = take
    at = 0
    with suppress(CameraError):
        while at < len(data):
            piece = data[at : at + 1 + data[at] * 8]
            room = made.room()
            assert room
            room[: len(piece)] = piece
            made.parse(len(piece))
            made.messages.clear()
            at += len(piece)


def _packets(data: bytes) -> list[bytes]:
    """RTP packets as they lie behind each other, each behind its length in two bytes."""
    found, at = [], 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : end])
        at = end
    return found


def _interleaved(data: bytes) -> bytes:
    return b"".join(b"$\x00" + len(each).to_bytes(2, "big") + each for each in _packets(data))


def _receive(receiver: RtpReceiver, data: bytes) -> None:
    """Through a framing, so that the loop over fragments is met too."""
    made = Framing()
    made.channels[0] = receiver.take
    frames, at = _interleaved(data), 0
    while at < len(frames):
        room = made.room()
        piece = frames[at : at + min(len(room), 60_000)]
        room[: len(piece)] = piece
        made.parse(len(piece))
        at += len(piece)


def _video(make: Callable[[TimeLine, Arrival, deque[Packet]], object], kind: int) -> Target:
    def run(data: bytes) -> None:
        ready: deque[Packet] = deque()
        units = make(TimeLine(90_000), Arrival(1, 1), ready)
        receiver = RtpReceiver(units, kind)  # type: ignore[arg-type]
        with suppress(CameraError):
            _receive(receiver, data)
            units.finish()  # type: ignore[attr-defined]
        for packet in ready:
            assert len(packet.data) <= MOST_ACCESS_UNIT_BYTES + (1 << 16)
            assert packet.has_picture or not packet.is_key

    return run


h264 = _video(H264Depacketizer, 96)
h265 = _video(H265Depacketizer, 96)
jpeg = _video(lambda line, arrival, ready: JpegDepacketizer(line, arrival, ready, (0, 0)), 26)


def _sound(description: bytes) -> Target:
    def run(data: bytes) -> None:
        (medium,) = parse_sdp(description).media
        line, ready = TimeLine(90_000), deque[Packet]()
        line.start(0)
        track = SoundTrack.of(medium, line, Arrival(1, 1), ready)
        assert track is not None
        with suppress(CameraError):
            _receive(track.receiver, data)

    return run


AAC_SDP = (
    b"v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\na=fmtp:97 mode=AAC-hbr;"
    b"sizelength=13;indexlength=3;indexdeltalength=3;config=1408\r\n"
)
aac = _sound(AAC_SDP)
g711 = _sound(b"v=0\r\nm=audio 0 RTP/AVP 8\r\n")


def reorder(data: bytes) -> None:
    """Datagrams in any order: the sequence number and what is told of it stay within bounds."""
    order, reception = Reorder(), Reception(90_000)
    for at, packet in enumerate(_packets(data)):
        if len(packet) < 12:
            reception.take_report(packet, at)
            continue
        sequence = int.from_bytes(packet[2:4], "big")
        timestamp = int.from_bytes(packet[4:8], "big")
        ssrc = int.from_bytes(packet[8:12], "big")
        reception.take(sequence, timestamp, ssrc, at)
        if not order.is_next(sequence, ssrc):
            order.put(packet, sequence, ssrc, at * 1_000_000)
        order.tend(at * 1_000_000)
        order.ready.clear()
        assert len(order._held) <= MOST_HELD
    assert len(reception.report(1, b"name", 1 << 40)) % 4 == 0


# --- seeds ----------------------------------------------------------------------------------------

_SETS = base64.b64encode(bytes.fromhex("6742c00d95a0507c80")), base64.b64encode(b"\x68\xce\x3c\x80")
_SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=Camera\r\nt=0 0\r\na=control:*\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n"
    b"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=" + b",".join(_SETS) + b"\r\n"
    b"a=framesize:96 640-360\r\n"
)
_HEAD = (
    b"RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nContent-Length: 10\r\n"
    b'WWW-Authenticate: Digest realm="a\\"b", nonce="c", qop="auth", algorithm=SHA-256\r\n'
    b'WWW-Authenticate: Basic realm="d"'
)
_HTTP = b"HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\nServer: x\r\n\r\n"


def _rtp(payload: bytes, sequence: int, timestamp: int, *, marker: bool, kind: int = 96) -> bytes:
    head = bytes((0x80, kind | marker << 7)) + (sequence & 0xFFFF).to_bytes(2, "big")
    packet = head + timestamp.to_bytes(4, "big") + b"\x11\x22\x33\x44" + payload
    return len(packet).to_bytes(2, "big") + packet


def _frames(*payloads: tuple[bytes, bool], kind: int = 96) -> bytes:
    found, timestamp = b"", 0
    for at, (payload, marker) in enumerate(payloads):
        found += _rtp(payload, 65_534 + at, timestamp, marker=marker, kind=kind)
        timestamp += 3000 * marker
    return found


_H264 = _frames(
    (b"\x67\x42\xc0\x0d\x95\xa0\x50\x7c\x80", False), (b"\x68\xce\x3c\x80", False),
    (b"\x7c\x85\x88" + bytes(40), False), (b"\x7c\x05" + bytes(40), False),
    (b"\x7c\x45" + bytes(40), True), (b"\x78\x00\x03\x41\x9a\x00\x00\x02\x06\x05", True),
    (b"\x41\x9a" + bytes(30), True),
)  # fmt: skip
_H265 = _frames(
    (b"\x40\x01\x0c\x01", False), (b"\x42\x01\x01" + bytes(20), False), (b"\x44\x01\xc1", False),
    (b"\x62\x01\x93\x80" + bytes(30), False), (b"\x62\x01\x13" + bytes(30), False),
    (b"\x62\x01\x53" + bytes(30), True), (b"\x60\x01\x00\x03\x02\x01\xd0", True),
)  # fmt: skip
_JPEG = _frames(
    (bytes((0, 0, 0, 0, 1, 255, 8, 6)) + b"\x00\x00\x00\x80" + bytes(160), False),
    (bytes((0, 0, 0, 32, 1, 255, 8, 6)) + bytes(60), True),
    (bytes((0, 0, 0, 0, 65, 60, 8, 6)) + b"\x00\x04\xff\xff" + bytes(60), True), kind=26,
)  # fmt: skip
_AAC = _frames(
    (b"\x00\x10\x00\x40" + bytes(8), True), (b"\x00\x20\x00\x20\x00\x20" + bytes(8), True),
    kind=97,
)  # fmt: skip
_G711 = _frames((b"\xd5" * 160, False), (b"\xd5" * 160, False), kind=8)
_CONNECTION = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nbody$\x00\x00\x04abcd"
    b"OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n$\x01\x00\x00\r\n$\x02\x00\x02xy"
)

TARGETS: tuple[FuzzTarget, ...] = (
    FuzzTarget("sdp", sdp, (_SDP, AAC_SDP)),
    FuzzTarget("rtsp message", message, (_HEAD, b"OPTIONS * RTSP/1.0\r\nCSeq: 1")),
    FuzzTarget("http tunnel", tunnel, (_HTTP,)),
    FuzzTarget("certificate", certificate, (bytes.fromhex("300a3008020101300030003000"),)),
    FuzzTarget("interleaved framing", framing, (_CONNECTION,)),
    FuzzTarget("rtp h264", h264, (_H264,)),
    FuzzTarget("rtp h265", h265, (_H265,)),
    FuzzTarget("rtp jpeg", jpeg, (_JPEG,)),
    FuzzTarget("rtp aac", aac, (_AAC,)),
    FuzzTarget("rtp g711", g711, (_G711,)),
    FuzzTarget("datagrams", reorder, (_H264, _H265)),
)
