import struct

from hypothesis import given
from hypothesis import strategies as st

from tests.simulate.depacketiser import nal_units
from watchglass.media.encode import VideoCodecName
from watchglass.media.serving.packetize import (
    NTP_EPOCH_OFFSET_S,
    RtpSender,
    aac_payload,
    video_payloads,
)

codecs: st.SearchStrategy[VideoCodecName] = st.sampled_from(["h264", "h265"])


@st.composite
def access_units(draw: st.DrawFn, codec: VideoCodecName) -> list[bytes]:
    sizes = draw(st.lists(st.integers(3, 400), min_size=1, max_size=8))
    kinds = st.integers(1, 23) if codec == "h264" else st.integers(0, 47)
    units = []
    for size in sizes:
        kind = draw(kinds)
        head = bytes([0x60 | kind]) if codec == "h264" else bytes([kind << 1, 1])
        units.append(head + draw(st.binary(min_size=size, max_size=size)))
    return units


@given(data=st.data(), codec=codecs, max_bytes=st.integers(8, 120), aggregate=st.booleans())
def test_what_is_cut_joins(
    data: st.DataObject, codec: VideoCodecName, max_bytes: int, aggregate: bool
) -> None:
    units = data.draw(access_units(codec))
    payloads = [
        prefix + bytes(body) for prefix, body in video_payloads(units, codec, max_bytes, aggregate)
    ]
    assert all(len(payload) <= max_bytes for payload in payloads)
    assert nal_units(payloads, codec) == units


@given(start=st.integers(0, 0xFFFF), count=st.integers(1, 9), timestamp=st.integers(0, 2**32 - 1))
def test_headers(start: int, count: int, timestamp: int) -> None:
    sender = RtpSender(96, 90_000, 4, 0x01020304, start)
    data = b"".join(sender.packets([(b"a", b"bc")] * count, timestamp))
    for at in range(count):
        packet = data[at * 19 : at * 19 + 19]
        assert packet[:4] == b"$\x04\x00\x0f"
        assert packet[5] == 96 | (0x80 if at == count - 1 else 0)
        assert struct.unpack(">HII", packet[6:16]) == (
            (start + at) & 0xFFFF,
            timestamp,
            0x01020304,
        )
        assert packet[16:] == b"abc"
    assert sender.sequence == (start + count) & 0xFFFF


def test_sender_report() -> None:
    sender = RtpSender(96, 90_000, 0, 99, 0)
    sender.packets([(b"", b"abcd"), (b"x", b"")], 0)
    report = sender.sender_report(777, 1_500_000_000, b"camera")
    assert report[:2] == b"$\x01"
    assert len(report) == 4 + int.from_bytes(report[2:4], "big")
    fields = struct.unpack(">BBHIIIIII", report[4:32])
    assert fields == (0x80, 200, 6, 99, NTP_EPOCH_OFFSET_S + 1, 1 << 31, 777, 2, 5)
    assert report[32:36] == b"\x81\xca\x00\x04"
    assert len(report) == 36 + 16


def test_aac_header() -> None:
    prefix, body = aac_payload(b"x" * 300)
    assert prefix == struct.pack(">HH", 16, 300 << 3)
    assert body == b"x" * 300
