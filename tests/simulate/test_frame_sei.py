import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.media.encode import VideoCodecName
from watchglass.simulate import frame_sei, nal

codecs: st.SearchStrategy[VideoCodecName] = st.sampled_from(["h264", "h265"])
numbers = st.integers(0, (1 << 64) - 1) | st.integers(0, 1 << 24)


@given(number=numbers, codec=codecs)
def test_round_trip(number: int, codec: VideoCodecName) -> None:
    unit = frame_sei.encode(number, codec)
    assert not any(unit[at : at + 2] == b"\0\0" and unit[at + 2] < 3 for at in range(len(unit) - 2))
    assert frame_sei.find([unit], codec) == number
    slice_unit = b"\x41\x9a" if codec == "h264" else b"\x02\x01\xd0"
    annexb = nal.join_annexb([unit, slice_unit])
    assert frame_sei.find(annexb, codec) == number


@given(data=st.binary(max_size=60), codec=codecs)
def test_foreign_bytes_do_no_harm(data: bytes, codec: VideoCodecName) -> None:
    assert frame_sei.find(nal.join_annexb([data]) if data else b"", codec) is None
    assert frame_sei.find([frame_sei.encode(0, codec)[:2] + data], codec) is None


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_found_behind_another_message(codec: VideoCodecName) -> None:
    unit = frame_sei.encode(7, codec)
    header = 1 if codec == "h264" else 2
    other = bytes([4, 3, 1, 2, 3])
    assert frame_sei.find([unit[:header] + other + unit[header:]], codec) == 7


@given(rbsp=st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255]), max_size=40).map(bytes))
def test_escaping_round_trip(rbsp: bytes) -> None:
    rbsp += b"\x80"
    escaped = nal.escape(rbsp)
    for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"):
        assert code not in escaped
    assert nal.unescape(escaped) == rbsp
