"""Each part of the RTSP receiver alone: what it must do, and what it must not do with nonsense."""

import hashlib
import itertools
import random
import socket
from collections import deque
from collections.abc import Sequence
from contextlib import closing, suppress
from time import monotonic, sleep
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.raw_rtsp import answer, rtp
from watchglass.base.errors import AuthFailedError, CameraError, StreamInvalidError
from watchglass.base.secret import Secret
from watchglass.media.rtsp.address import base_url, control_url, split_address
from watchglass.media.rtsp.arrival import Arrival
from watchglass.media.rtsp.authentication import Authentication, parse_challenges
from watchglass.media.rtsp.connection import Connection
from watchglass.media.rtsp.depacketize_h264 import H264Depacketizer
from watchglass.media.rtsp.depacketize_h265 import H265Depacketizer
from watchglass.media.rtsp.framing import Framing
from watchglass.media.rtsp.message import parse_head
from watchglass.media.rtsp.rtp import RtpReceiver, TimeLine
from watchglass.media.rtsp.sdp import MediaDescription, parse_sdp
from watchglass.media.rtsp.sound_track import SoundTrack
from watchglass.media.sei import Recovery, recovery
from watchglass.media.serving.packetize import RtpSender, video_payloads
from watchglass.model.camera import Credentials
from watchglass.model.stream import Packet, SoundCodec
from watchglass.simulate import frame_sei
from watchglass.simulate.nal import escape

SPS, PPS = b"\x67\x42\xc0\x0a\x11", b"\x68\xce\x0f"
IDR, P = b"\x65\x88" + b"i" * 20, b"\x41\x9a" + b"p" * 20
H265_IDR, H265_P = b"\x26\x01\x88" + b"i" * 20, b"\x02\x01\x9a" + b"p" * 20
P_SECOND = b"\x41\x1a" + b"q" * 20  # first_mb_in_slice is not 0


def prefixed(*nals: bytes) -> bytes:
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals)


class Bench:
    """A framing with one H.264 or H.265 track on channel 0."""

    def __init__(self, kind: type[H264Depacketizer | H265Depacketizer] = H264Depacketizer) -> None:
        self.ready: deque[Packet] = deque()
        self.framing = Framing()
        self.units = kind(TimeLine(90_000), Arrival(1, 2), self.ready)
        self.receiver = RtpReceiver(self.units, 96)
        self.framing.channels[0] = self.receiver.take
        self.framing.channels[1] = self.receiver.take_report

    def feed(self, data: bytes, sizes: Sequence[int] = ()) -> list[Packet]:
        at = 0
        for size in [*sizes, len(data)]:
            while size and at < len(data):
                room = self.framing.room()
                piece = data[at : at + min(size, len(room))]
                room[: len(piece)] = piece
                self.framing.parse(len(piece))
                at += len(piece)
                size -= len(piece)
        out = list(self.ready)
        self.ready.clear()
        return out

    def send(self, *nals: tuple[bytes, int, bool], sequence: int = 0) -> list[Packet]:
        """Single NAL unit packets: NAL unit, timestamp, marker."""
        return self.feed(
            b"".join(
                rtp(nal, sequence + index, timestamp, marker=marker)
                for index, (nal, timestamp, marker) in enumerate(nals)
            )
        )


# --- framing --------------------------------------------------------------------------------------


def _stream() -> tuple[bytes, list[bytes]]:
    rng = random.Random(5)
    sender = RtpSender(96, 90_000, 0, 7, 65_530)
    data, samples = b"", []
    for index in range(12):
        nals = [SPS, PPS, IDR] if index % 6 == 0 else []
        nals.append(b"\x41\x9a" + rng.randbytes(rng.randrange(1, 9000)))
        samples.append(prefixed(*nals))
        payloads = video_payloads(nals, "h264", aggregate=index % 2 == 0)
        data += b"".join(sender.packets(payloads, index * 6000))
        data += answer(str(index), body=b"x" * index) + b"\r\n"
        data += sender.sender_report(index * 6000, 10**18, b"c")
    return data, samples


@given(st.lists(st.integers(1, 3000), max_size=60))
def test_any_split_gives_the_same(sizes: list[int]) -> None:
    data, samples = _stream()
    bench = Bench()
    packets = bench.feed(data, sizes)
    bench.units.finish()
    packets += bench.ready
    assert [packet.data for packet in packets] == samples
    assert not any(packet.lost for packet in packets)
    assert [packet.pts for packet in packets] == [index * 6000 for index in range(12)]
    assert [packet.is_key for packet in packets] == [index % 6 == 0 for index in range(12)]
    assert [message.cseq for message in bench.framing.messages] == list(range(12))
    assert [len(message.body) for message in bench.framing.messages] == list(range(12))
    assert bench.receiver.report is not None
    assert bench.receiver.report[1] == 11 * 6000


def test_split_at_every_byte() -> None:
    data = b"".join(
        rtp(nal, index, index, marker=True) + answer("1") for index, nal in enumerate([IDR, P, P])
    )
    whole = Bench().feed(data)
    for at in range(1, len(data)):
        assert Bench().feed(data, [at]) == whole
    assert Bench().feed(data, [1] * len(data)) == whole


@given(st.lists(st.binary(max_size=400), max_size=10), st.booleans())
def test_any_bytes_on_the_connection(pieces: list[bytes], framed: bool) -> None:
    bench = Bench()
    with suppress(CameraError):
        for index, piece in enumerate(pieces):
            bench.feed(rtp(piece, index, 0, marker=False) if framed else piece)


@given(st.binary(max_size=300))
def test_any_head_and_description(data: bytes) -> None:
    for parse in (parse_head, parse_sdp):
        with suppress(StreamInvalidError):
            parse(data)


def test_what_is_too_much_ends() -> None:
    for data in (
        b"RTSP/1.0 200 OK\r\nX: " + b"y" * 100_000,
        b"RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: \xb2\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n" * 100,
        b"GARBAGE",
    ):
        with pytest.raises(StreamInvalidError):
            Bench().feed(data)


def test_a_byte_at_a_time_is_not_quadratic() -> None:
    data = b"RTSP/1.0 200 OK\r\nX: " + b"y" * 60_000 + b"\r\nContent-Length: 60000\r\n\r\n"
    bench = Bench()
    bench.feed(data + b"z" * 60_000, [1] * 125_000)
    assert len(bench.framing.messages) == 1


# --- RTP ------------------------------------------------------------------------------------------


def test_loss_is_told_and_late_packets_are_dropped() -> None:
    bench = Bench()
    data = [rtp(P, index, index * 10, marker=True) for index in range(12)]
    packets = bench.feed(b"".join(data[:5] + data[7:9] + data[7:8] + data[9:]))
    assert [packet.lost for packet in packets] == [False] * 5 + [True] + [False] * 4
    assert (bench.receiver.lost, bench.receiver.late) == (2, 1)


def test_a_key_frame_that_lost_its_middle_is_none() -> None:
    sender = RtpSender(96, 90_000, 0, 7, 0)
    whole = [b"\x65\x88" + bytes(5000)]
    frames = [sender.packets(video_payloads(whole, "h264"), index * 10) for index in range(6)]
    pieces = [b"".join(frame) for frame in frames]
    assert all(packet.is_key for packet in Bench().feed(b"".join(pieces)))
    # Three buffers a packet: its second one is missing.
    pieces[4] = b"".join(frames[4][:3] + frames[4][6:])
    packets = Bench().feed(b"".join(pieces))
    assert [packet.pts for packet in packets] == [0, 10, 20, 30, 50]
    assert [packet.lost for packet in packets] == [False] * 4 + [True]
    assert packets[-1].is_key


def test_csrc_extension_and_padding() -> None:
    bench = Bench()
    head = bytes([0x80 | 0x20 | 0x10 | 2, 0xE0, 0, 1]) + bytes(8)
    packet = head + bytes(8) + b"\xbe\xde\x00\x01abcd" + IDR + b"\x00\x00\x03"
    bench.feed(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
    bench.units.finish()
    assert bench.ready[0].data == prefixed(IDR)


@given(st.binary(max_size=40), st.integers(0, 255))
def test_any_rtp_header(packet: bytes, first: int) -> None:
    bench = Bench()
    packet = bytes([first]) + packet
    bench.feed(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
    bench.feed(b"$\x01" + len(packet).to_bytes(2, "big") + packet)


@given(st.lists(st.integers(-(2**30), 2**30), max_size=40), st.integers(0, 2**32 - 1))
def test_timestamps_do_not_wrap(steps: list[int], first: int) -> None:
    line = TimeLine(90_000)
    assert line.at(first) == 0
    value = 0
    for step in steps:
        value += step
        assert line.at((first + value) & 0xFFFF_FFFF) == value


def test_rtp_info_sets_the_origin_only_when_plausible() -> None:
    line = TimeLine(90_000)
    line.rtptime = 2**32 - 90_000
    assert (line.at(90_000), line.trusted) == (180_000, True)
    line = TimeLine(90_000)
    line.rtptime = 5
    assert (line.at(3_000_000), line.trusted) == (0, False)


def test_another_ssrc_goes_on_as_a_loss() -> None:
    bench = Bench()
    bench.feed(rtp(IDR, 1, 0, marker=True) + rtp(P, 2, 10, marker=True))
    more = b"".join(rtp(nal, 500 + n, 99 + n, marker=True) for n, nal in enumerate((IDR, P)))
    packets = bench.feed(more.replace(b"\x11\x22\x33\x44", b"\x11\x22\x33\x55"))
    assert [packet.lost for packet in packets] == [False, True, False]
    assert packets[1].is_key


# --- access units ---------------------------------------------------------------------------------


def test_the_marker_is_trusted_after_three() -> None:
    bench = Bench()
    assert [len(bench.send((P, n * 10, True), sequence=n)) for n in range(7)] == [
        0, 1, 1, 2, 1, 1, 1,
    ]  # fmt: skip


def test_a_marker_on_every_slice() -> None:
    bench = Bench()
    packets = bench.send(
        *itertools.chain.from_iterable(
            [(P, n * 10, True), (P_SECOND, n * 10, True)] for n in range(8)
        )
    )
    assert [packet.data for packet in packets] == [prefixed(P, P_SECOND)] * 7
    assert not any(packet.lost for packet in packets)


def test_a_marker_that_begins_to_lie_is_never_believed_again() -> None:
    bench = Bench()
    good = [(P, n * 10, True) for n in range(5)]
    bad = [(nal, n * 10, True) for n in range(5, 9) for nal in (P, P_SECOND)]
    packets = bench.send(*good, *bad)
    assert [packet.data for packet in packets[:6]] == [prefixed(P)] * 6
    assert packets[6].lost
    assert [packet.data for packet in packets[7:]] == [prefixed(P, P_SECOND)] * 2


def test_no_marker_at_all() -> None:
    bench = Bench()
    packets = bench.send(*[(P, n * 10, False) for n in range(6)])
    assert [packet.pts for packet in packets] == [0, 10, 20, 30, 40]


def test_a_marker_on_parameter_sets_ends_nothing() -> None:
    bench = Bench()
    bench.send(*[(P, n * 10, True) for n in range(6)])
    packets = bench.send(
        (SPS, 60, True), (PPS, 60, True), (IDR, 60, True), (P, 70, True), sequence=6
    )
    assert [packet.data for packet in packets] == [prefixed(SPS, PPS, IDR), prefixed(P)]
    assert packets[0].parameter_sets == (SPS, PPS)
    assert packets[0].is_key


def test_parameter_sets_under_a_time_of_their_own() -> None:
    packets = Bench().send((SPS, 0, False), (PPS, 0, True), (IDR, 10, True), (P, 20, True))
    assert [packet.has_picture for packet in packets] == [False, True]


def test_pictures_of_one_time() -> None:
    packets = Bench().send(*[(P, 7, True) for _ in range(6)])
    assert len(packets) == 6
    assert {packet.data for packet in packets} == {prefixed(P)}


def test_annex_b_inside_of_a_packet() -> None:
    code = b"\x00\x00\x00\x01"
    packets = Bench().send((SPS + code + PPS + code + IDR, 0, True), (P, 10, True))
    assert packets[0].data == prefixed(SPS, PPS, IDR)
    assert packets[0].is_key


def test_i_pictures_without_idr() -> None:
    at_once = b"\x06\x06\x01\x84\x80"
    assert recovery(at_once, 1) is Recovery.AT_ONCE
    assert recovery(b"\x06\x05\x02ab\x06\x01\x84\x80", 1) is Recovery.AT_ONCE
    assert recovery(b"\x06\x06\x01\x24\x80", 1) is Recovery.GRADUAL
    packets = Bench().send((at_once, 0, False), (P, 0, True), (P, 10, True), (P, 20, True))
    assert [packet.is_key for packet in packets] == [True, False]


@pytest.mark.parametrize(
    ("kind", "refresh", "p", "idr"),
    [
        (H264Depacketizer, b"\x06\x06\x01\x24\x80", P, IDR),
        (H265Depacketizer, b"\x4e\x01\x06\x01\x24\x80", H265_P, H265_IDR),
    ],
)
def test_a_camera_with_intra_refresh_begins_at_its_second_refresh(
    kind: type[H264Depacketizer | H265Depacketizer], refresh: bytes, p: bytes, idr: bytes
) -> None:
    bench = Bench(kind)
    cycle = [(p, False), (refresh, True), (p, False), (p, False)]
    # An IDR is something better: after it one waits for another, or for two refreshes.
    order = [*cycle, *cycle, (idr, False), *cycle, *cycle]
    units = []
    for time, (unit, follows) in enumerate(order):
        units.append((unit, 3000 * (time + follows), not follows))
    keys = [packet.is_key for packet in bench.send(*units) if packet.has_picture]
    assert [at for at, is_key in enumerate(keys) if is_key] == [4, 6, 11]


_SEI = {1: bytes([0x06]), 2: bytes([0x4E, 0x01])}
_AT_ONCE, _GRADUAL = b"\x06\x01\x84", b"\x06\x01\x24"
_ZEROS = st.binary(max_size=12) | st.integers(0, 2**64 - 1).map(lambda n: n.to_bytes(8, "big"))


@given(
    st.lists(st.tuples(st.sampled_from([1, 4, 5, 200]), _ZEROS), max_size=6),
    st.sampled_from([b"", _AT_ONCE, _GRADUAL]),
    st.sampled_from([1, 2]),
)
def test_what_other_messages_say_is_no_recovery_point(
    others: list[tuple[int, bytes]], last: bytes, header_bytes: int
) -> None:
    messages = b"".join(bytes([kind, len(says)]) + says for kind, says in others)
    unit = _SEI[header_bytes] + escape(messages + last + b"\x80")
    told = {b"": Recovery.NONE, _AT_ONCE: Recovery.AT_ONCE, _GRADUAL: Recovery.GRADUAL}
    assert recovery(unit, header_bytes) is told[last]


@pytest.mark.parametrize(("codec", "header_bytes"), [("h264", 1), ("h265", 2)])
def test_no_number_of_a_frame_is_a_recovery_point(
    codec: Literal["h264", "h265"], header_bytes: int
) -> None:
    # With the bytes counted that keep start codes away, 1537 was one.
    wrong = [
        number
        for number in [*range(5000), *range(2**16 - 500, 2**16 + 2500)]
        if recovery(frame_sei.encode(number, codec), header_bytes) is not Recovery.NONE
    ]
    assert wrong == []


@given(st.binary(max_size=40), st.integers(1, 2))
def test_any_sei(data: bytes, header_bytes: int) -> None:
    assert recovery(data, header_bytes) in set(Recovery)


@given(st.lists(st.tuples(st.binary(max_size=30), st.booleans(), st.integers(0, 3)), max_size=30))
@pytest.mark.parametrize("kind", [H264Depacketizer, H265Depacketizer])
def test_any_payloads(
    kind: type[H264Depacketizer | H265Depacketizer], payloads: list[tuple[bytes, bool, int]]
) -> None:
    bench = Bench(kind)
    for sequence, (payload, marker, timestamp) in enumerate(payloads):
        bench.feed(rtp(payload, sequence, timestamp, marker=marker))
    bench.units.finish()
    for packet in bench.ready:
        at = 0
        while at < len(packet.data):
            at += 4 + int.from_bytes(packet.data[at : at + 4], "big")
        assert at == len(packet.data)


def test_a_picture_without_end_is_refused() -> None:
    bench = Bench()
    begin = rtp(b"\x7c\x85" + bytes(60_000), 0, 0, marker=False)
    pieces = [rtp(b"\x7c\x05" + bytes(60_000), n, 0, marker=False) for n in range(1, 400)]
    with pytest.raises(StreamInvalidError):
        bench.feed(begin + b"".join(pieces))


# --- sound ----------------------------------------------------------------------------------------


def _aac_bench() -> tuple[SoundTrack, deque[Packet]]:
    medium = MediaDescription(
        "audio", 97, "MPEG4-GENERIC", 16_000, 1, "", {"mode": "AAC-hbr", "config": "1408"}
    )
    ready: deque[Packet] = deque()
    video = TimeLine(90_000)
    video.at(0)
    track = SoundTrack.of(medium, video, Arrival(), ready)
    assert track is not None
    assert track.parameters.codec is SoundCodec.AAC
    return track, ready


def _give(track: SoundTrack, payload: bytes, sequence: int, timestamp: int) -> None:
    packet = rtp(payload, sequence, timestamp, marker=True, kind=97)
    track.take(memoryview(packet), 4, len(packet), len(packet))


def test_several_access_units_of_aac_in_a_packet() -> None:
    track, ready = _aac_bench()
    headers = b"".join((size << 3).to_bytes(2, "big") for size in (3, 5))
    _give(track, b"\x00\x20" + headers + b"aaabbbbb", 1, 1000)
    assert [(packet.data, packet.pts) for packet in ready] == [(b"aaa", 0), (b"bbbbb", 1024)]


def test_an_access_unit_of_aac_in_fragments() -> None:
    track, ready = _aac_bench()
    head = b"\x00\x10" + (6 << 3).to_bytes(2, "big")
    for sequence, piece in enumerate((b"ab", b"cd", b"ef")):
        _give(track, head + piece, sequence, 1000)
    assert [packet.data for packet in ready] == [b"abcdef"]


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=10))
def test_any_sound(payloads: list[bytes]) -> None:
    track, _ = _aac_bench()
    for sequence, payload in enumerate(payloads):
        _give(track, payload, sequence, sequence)


# --- authentication, addresses --------------------------------------------------------------------


def _authentication() -> Authentication:
    return Authentication(Credentials("Mufasa", Secret("Circle of Life")), lambda: "f2/wE4q74E6zIJ")


@pytest.mark.parametrize(("algorithm", "name"), [("MD5", "md5"), ("SHA-256", "sha256")])
@pytest.mark.parametrize("qop", [True, False])
def test_digest(algorithm: str, name: str, qop: bool) -> None:
    authentication = _authentication()
    asked = f'Digest realm="a, b", nonce="n\\"1", algorithm={algorithm}, opaque="o"'
    assert authentication.take(
        ['Basic realm="x"', asked + (', qop="auth,auth-int"' if qop else "")]
    )
    ((_, value),) = authentication.header("DESCRIBE", "rtsp://h/")

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    middle = 'n"1:00000001:f2/wE4q74E6zIJ:auth' if qop else 'n"1'
    ha1, ha2 = hashed("Mufasa:a, b:Circle of Life"), hashed("DESCRIBE:rtsp://h/")
    assert f'response="{hashed(f"{ha1}:{middle}:{ha2}")}"' in value
    assert 'opaque="o"' in value
    assert ("qop=auth" in value) is qop
    assert "Circle" not in value


def test_the_strongest_offer_is_taken_and_basic_only_alone() -> None:
    offers = parse_challenges(
        ['Basic realm="Digest", Digest realm="r", nonce="n"',
         'Digest realm="r", nonce="m", algorithm=SHA-256', "Digest realm=x", "Negotiate abc"]
    )  # fmt: skip
    assert [offer.strength for offer in offers] == [2, 1, 0]
    authentication = _authentication()
    assert authentication.take(['Basic realm="r"'])
    assert authentication.header("PLAY", "x")[0][1].startswith("Basic ")


def test_a_refused_answer_is_not_given_twice() -> None:
    authentication = _authentication()
    asked = 'Digest realm="r", nonce="n"'
    assert authentication.take([asked])
    assert not authentication.take([asked])
    assert authentication.take(['Digest realm="r", nonce="new", stale=true'])
    assert not Authentication(None).take([asked])
    with pytest.raises(AuthFailedError):
        Authentication(Credentials("a:b", Secret("")))


@given(st.lists(st.text(max_size=80), max_size=3))
def test_any_challenge(values: list[str]) -> None:
    authentication = _authentication()
    authentication.take([*values, "Digest " + "".join(values)])
    authentication.header("PLAY", "x")


def test_control_urls() -> None:
    base = "rtsp://h/cam?channel=1/"
    assert control_url(base, "trackID=0") == "rtsp://h/cam?channel=1/trackID=0"
    assert control_url("rtsp://h/cam", "trackID=0") == "rtsp://h/cam/trackID=0"
    assert control_url(base, "*") == base
    assert control_url(base, "rtsp://10.0.0.1/x") == "rtsp://10.0.0.1/x"
    assert base_url("rtsp://h/", "", "rtsp://h/cam/") == "rtsp://h/cam/"
    assert base_url("rtsp://h/", "nonsense") == "rtsp://h/"


def test_parameter_sets_with_start_codes_in_the_description() -> None:
    medium = MediaDescription(
        "video",
        96,
        parameters={"sprop-parameter-sets": "Z00AKpWoHgCJ+WbgICAgQAAAAAE=,aO48gAAAAAE="},
    )
    sps, pps = medium.parameter_sets()
    assert (sps[0], pps) == (0x67, b"\x68\xee\x3c\x80")


def test_a_camera_that_had_to_wait_is_told_from_one_that_did_not() -> None:
    """Over a connection of the kernel's, whatever room it makes."""
    packet = b"$\0" + (1000).to_bytes(2, "big") + bytes(1000)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connection = Connection(split_address(f"rtsp://127.0.0.1:{listening.getsockname()[1]}/"))
        connection.open(monotonic() + 5.0, None)
        connection.never_wait()
        camera, _ = listening.accept()
        camera.setblocking(False)

        def received() -> int:
            while (size := connection.receive(more_is_coming=False)) == 0:
                sleep(0.001)
            connection.framing.parse(size)
            return size

        with camera, closing(connection):
            for _ in range(100):
                camera.send(packet * 4)
                assert not connection.may_have_been_full(received())
            left = b""
            for _ in range(3):
                full_s = monotonic() + 0.2  # what was sent may still be on its way into our buffer
                while monotonic() < full_s:
                    left = left or packet * 200
                    try:
                        left = left[camera.send(left) :]
                        full_s = monotonic() + 0.2
                    except BlockingIOError:
                        sleep(0.01)
                assert connection.may_have_been_full(received())
