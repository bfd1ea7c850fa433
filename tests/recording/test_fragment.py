"""Fragments: both ways, every broken twin, any bytes."""

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName, Track
from watchglass.recording.fragment import (
    FIRST_IS_KEY,
    HAS_KEY,
    MOST_FRAGMENT_BYTES,
    FragmentInfo,
    Sample,
    decode_fragment,
    decode_fragment_head,
    encode_fragment,
    flags_of,
    head_bytes,
)

ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**64 - 1)
samples_of_video = st.lists(
    st.builds(
        Sample,
        st.integers(0, 40),
        st.integers(0, 2**26),
        st.booleans(),
        st.integers(-(2**31), 2**31 - 1),
    ),
    min_size=1,
    max_size=12,
)


@st.composite
def fragments(draw: st.DrawFn) -> tuple[FragmentInfo, list[Sample], list[bytes], int]:
    track = draw(st.sampled_from(Track))
    samples = draw(samples_of_video)
    if track is Track.SOUND:
        for sample in samples:
            sample.is_key = True
    info = FragmentInfo(
        CameraId(draw(ids)),
        draw(st.sampled_from(StreamName)),
        RunId(draw(ids)),
        draw(u64),
        track,
        flags_of(track, samples),
        draw(u64),
        draw(st.integers(1, 2**32 - 1)),
        draw(st.integers(-(2**63), 2**63 - 1)),
    )
    payload = [draw(st.binary(min_size=s.data_bytes, max_size=s.data_bytes)) for s in samples]
    return info, samples, payload, draw(u64)


@given(fragments(), st.binary(max_size=9), st.booleans())
def test_what_is_written_is_read(
    made: tuple[FragmentInfo, list[Sample], list[bytes], int], before: bytes, whole: bool
) -> None:
    info, samples, payload, decode_time = made
    data = encode_fragment(info, samples, b"".join(payload) if whole else payload, decode_time)
    decoded = decode_fragment(before + data + b"after", len(before))
    assert decoded.info == info
    assert decoded.decode_time == decode_time
    assert list(decoded.samples) == samples
    assert decoded.length == len(data)
    assert decoded.duration == sum(sample.duration for sample in samples)
    for sample, offset, piece in zip(samples, decoded.offsets, payload, strict=True):
        assert (before + data)[offset : offset + sample.data_bytes] == piece
    assert decode_fragment_head(data[: head_bytes(data)]).samples == decoded.samples


INFO = FragmentInfo(
    CameraId("0a" * 16), StreamName.SUB, RunId("0b" * 16), 41, Track.VIDEO, 3, 90_000, 90_000, -5
)
SAMPLES = (Sample(3, 6000, True, 0), Sample(2, 6000, False, 0))
GOOD = encode_fragment(INFO, SAMPLES, b"abcde", 0)


def test_layout_byte_by_byte() -> None:
    expected = bytes.fromhex(
        "00000060 75756964 a1c1d8e29f5b4f0c8a6e77671a540002 01 01 00 03"
        + "0a" * 16
        + "0b" * 16
        + "0000000000000029 0000000000015f90 00015f90 fffffffffffffffb 00000000 00000000"
        "00000070 6d6f6f66"
        "00000010 6d666864 00000000 0000002a"
        "00000058 74726166"
        "00000010 74666864 00020000 00000001"
        "00000014 74666474 01000000 0000000000000000"
        "0000002c 7472756e 01000701 00000002 00000078"
        "00001770 00000003 02000000"
        "00001770 00000002 01010000"
        "0000000d 6d646174"
    )
    unchecked = expected + b"abcde"
    check = zlib.crc32(unchecked).to_bytes(4, "big")
    assert unchecked[:88] + check + unchecked[92:] == GOOD
    assert decode_fragment(GOOD).check == zlib.crc32(unchecked)


@pytest.mark.parametrize(
    ("track", "keys", "flags"),
    [
        (Track.VIDEO, [True, False], FIRST_IS_KEY | HAS_KEY),
        (Track.VIDEO, [False, True], HAS_KEY),
        (Track.VIDEO, [False, False], 0),
        (Track.SOUND, [True, True], 0),
    ],
)
def test_flags(track: Track, keys: list[bool], flags: int) -> None:
    assert flags_of(track, [Sample(1, 1, key, 0) for key in keys]) == flags


def patched(offset: int, new: bytes) -> bytes:
    return GOOD[:offset] + new + GOOD[offset + len(new) :]


BROKEN = {
    "size of uuid": patched(3, b"\x61"),
    "no uuid": patched(4, b"free"),
    "another extended type": patched(23, b"\x01"),
    "version": patched(24, b"\x02"),
    "stream": patched(25, b"\x02"),
    "track": patched(26, b"\x02"),
    "sound with video's tfhd": patched(26, b"\x01\x00"),
    "flags": patched(27, b"\x01"),
    "number": patched(67, b"\x2a"),
    "time scale": patched(76, bytes(4)),
    "size of moof": patched(99, b"\x71"),
    "moof beyond all bounds": patched(96, b"\x7f"),
    "no moof": patched(100, b"moov"),
    "mfhd": patched(119, b"\x2b"),
    "traf": patched(123, b"\x59"),
    "tfhd": patched(137, b"\x01"),
    "tfdt": patched(152, b"\x00"),
    "trun flags": patched(174, b"\x0f"),
    "count": patched(179, b"\x03"),
    "data offset": patched(183, b"\x79"),
    "sample size": patched(191, b"\x04"),
    "sample flags": patched(192, b"\x03"),
    "durations": patched(184, b"\xff\xff\xff\xff"),
    "size of mdat": patched(211, b"\x0c"),
    "no mdat": patched(212, b"free"),
    "cut off": GOOD[:-1],
}


@pytest.mark.parametrize("twin", BROKEN.values(), ids=BROKEN.keys())
def test_broken_twins(twin: bytes) -> None:
    assert decode_fragment(GOOD).info == INFO
    with pytest.raises(DamagedError):
        decode_fragment(twin)


def test_cut_anywhere() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(DamagedError):
            decode_fragment(GOOD[:length])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_flipped_bits_never_crash(offset: int, mask: int) -> None:
    with suppress(DamagedError):
        decode_fragment(patched(offset, bytes([GOOD[offset] ^ mask])))


@given(st.binary(max_size=300), st.integers(-9, 300))
def test_any_bytes_are_damage(data: bytes, offset: int) -> None:
    with pytest.raises(DamagedError):
        decode_fragment(data, offset)


def test_composition_offsets_of_zero_alone_are_not_written_so() -> None:
    samples = (Sample(1, 1, False, 5),)
    info = FragmentInfo(INFO.camera, INFO.stream, INFO.run, 0, Track.VIDEO, 0, 0, 90_000, 0)
    data = encode_fragment(info, samples, b"x", 0)
    decode_fragment(data)
    with pytest.raises(DamagedError, match="composition"):
        decode_fragment(
            data.replace(struct.pack(">i", 5) + b"\0\0\0\x09mdat", bytes(4) + b"\0\0\0\x09mdat")
        )


@pytest.mark.parametrize(
    ("samples", "payload"),
    [
        ([], b""),
        ([Sample(2, 1, True, 0)], b"x"),
        ([Sample(1, 2**32, True, 0)], b"x"),
        ([Sample(1, -1, True, 0)], b"x"),
        ([Sample(1, 2**32 - 1, True, 0), Sample(0, 1, False, 0)], b"x"),
        ([Sample(1, 1, True, 2**31)], b"x"),
    ],
)
def test_what_does_not_fit_is_refused(samples: list[Sample], payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_fragment(INFO, samples, payload, 0)


def test_too_long_is_refused() -> None:
    block = bytes(1024 * 1024)
    pieces = [block] * (MOST_FRAGMENT_BYTES // len(block))
    samples = [Sample(len(block), 1, True, 0)] * len(pieces)
    with pytest.raises(ValueError, match="too long"):
        encode_fragment(INFO, samples, pieces, 0)
