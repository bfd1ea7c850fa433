import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.encoded import encode
from watchglass.media.bitstream import (
    MOST_NAL_UNITS,
    Sample,
    split_nal_units,
    to_length_prefixed,
)
from watchglass.model.stream import VideoCodec

H264, H265 = VideoCodec.H264, VideoCodec.H265


def _units(sample: bytes) -> list[bytes]:
    found = []
    while sample:
        size = int.from_bytes(sample[:4], "big")
        found.append(sample[4 : 4 + size])
        assert len(found[-1]) == size
        sample = sample[4 + size :]
    return found


def _nal() -> st.SearchStrategy[bytes]:
    """Anything that may stand between start codes: none inside, no zero at the end."""
    return (
        st.binary(min_size=1, max_size=60)
        .map(lambda data: data.replace(b"\x00\x00", b"\x00\x03").rstrip(b"\x00"))
        .filter(bool)
    )


@given(
    nals=st.lists(_nal(), max_size=8),
    codes=st.lists(st.sampled_from([b"\x00\x00\x01", b"\x00\x00\x00\x01"]), min_size=8),
    zeros=st.integers(0, 4),
    codec=st.sampled_from([H264, H265]),
)
def test_every_nal_unit_comes_through(
    nals: list[bytes], codes: list[bytes], zeros: int, codec: VideoCodec
) -> None:
    data = b"".join(code + nal + b"\x00" * zeros for code, nal in zip(codes, nals, strict=False))
    assert _units(to_length_prefixed(data, codec).data) == nals
    assert split_nal_units(data) == nals


@given(data=st.binary(max_size=400), codec=st.sampled_from([H264, H265]))
def test_any_bytes_give_a_sample_or_a_value_error(data: bytes, codec: VideoCodec) -> None:
    try:
        sample = to_length_prefixed(data, codec)
    except ValueError:
        assert b"\x00\x00\x01" not in data
        return
    _units(sample.data)
    assert sample.has_picture or not sample.is_key


def test_what_a_unit_holds() -> None:
    sps, pps, sei, aud, idr, p = b"\x67s", b"\x68p", b"\x06e", b"\x09a", b"\x65i", b"\x41p"
    code = b"\x00\x00\x00\x01"
    key = to_length_prefixed(code.join([b"", aud, sps, pps, sei, idr]), H264)
    assert (key.has_picture, key.is_key, key.parameter_sets) == (True, True, (sps, pps))
    assert _units(key.data) == [aud, sps, pps, sei, idr]
    plain = to_length_prefixed(code + p, H264)
    assert (plain.has_picture, plain.is_key, plain.parameter_sets) == (True, False, ())
    sets_alone = to_length_prefixed(code + sps + code + pps, H264)
    assert (sets_alone.has_picture, sets_alone.is_key) == (False, False)
    cra = to_length_prefixed(code + bytes([21 << 1, 1, 5]), H265)
    assert (cra.has_picture, cra.is_key) == (True, True)


def test_garbage_before_the_first_code_is_left_out() -> None:
    assert to_length_prefixed(b"xy\x00\x00\x01\x41a", H264).data == b"\x00\x00\x00\x02\x41a"


def test_nothing_in_nothing_out() -> None:
    assert to_length_prefixed(b"", H264) == Sample(b"", False, False, ())
    assert split_nal_units(b"") == []


def test_length_prefixed_input_is_refused() -> None:
    with pytest.raises(ValueError, match="no start code"):
        to_length_prefixed(b"\x00\x00\x00\x05\x65abcd", H264)


def test_a_packet_of_start_codes_is_refused_and_a_huge_one_is_not() -> None:
    with pytest.raises(ValueError, match="NAL units"):
        to_length_prefixed(b"\x00\x00\x01" * 100_000, H264)
    huge = b"\x00\x00\x00\x01\x65" + b"\x55" * 8_000_000
    assert len(to_length_prefixed(huge, H264).data) == len(huge)
    slices = b"\x00\x00\x01\x41ab" * (MOST_NAL_UNITS - 1)
    assert len(_units(to_length_prefixed(slices, H264).data)) == MOST_NAL_UNITS - 1


@pytest.mark.parametrize("codec", [H264, H265])
def test_real_streams(codec: VideoCodec) -> None:
    samples = [to_length_prefixed(unit, codec) for unit in encode(codec)]
    assert [sample.is_key for sample in samples] == [True, False, False, False, False, True]
    assert all(sample.has_picture for sample in samples)
    assert len(samples[0].parameter_sets) == (2 if codec is H264 else 3)
