"""Whole media files: both ways, cut at every byte, flipped, with holes, and played."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.media_making import (
    CAMERA,
    FTYP_MOOV,
    INFO,
    RUN,
    Made,
    fragment_of,
    in_memory,
    made_file,
)
from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName, Track
from watchglass.recording.fileheader import (
    FileInfo,
    decode_header,
    decode_header_box,
    encode_header_box,
)
from watchglass.recording.footer import (
    ERASED,
    Entry,
    Footer,
    decode_footer,
    encode_footer,
    file_root,
    footer_bytes,
    read_footer,
)
from watchglass.recording.fragment import Sample
from watchglass.recording.mediafile import ScannedFile, scan, verify
from watchglass.recording.mediapath import MediaName, media_path, parse_media_path
from watchglass.recording.merkle import leaf_hash

MADE = made_file()
ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**64 - 1)
i64 = st.integers(-(2**63), 2**63 - 1)
infos = st.builds(
    FileInfo,
    ids.map(CameraId),
    st.sampled_from(StreamName),
    ids.map(RunId),
    u32,
    u64,
    u64,
    st.just(90_000),
    u32,
    i64,
)


def scanned(data: bytes, *, hash_leaves: bool = True) -> ScannedFile:
    with in_memory(data) as fd:
        return scan(fd, len(data), hash_leaves=hash_leaves)


def verified(data: bytes) -> list[str]:
    with in_memory(data) as fd:
        return verify(fd, len(data))


def flipped(data: bytes, offset: int, mask: int = 1) -> bytes:
    return data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1 :]


# --- header -----------------------------------------------------------------------------------


@given(infos)
def test_header_both_ways(info: FileInfo) -> None:
    data = FTYP_MOOV + encode_header_box(info)
    assert decode_header(data + b"more") == (info, len(data))


def test_header_byte_by_byte() -> None:
    assert encode_header_box(INFO) == bytes.fromhex(
        "00000064 75756964 a1c1d8e29f5b4f0c8a6e77671a540001 01 00 0000"
        + "c0" * 16
        + "b1" * 16
        + "00000002 0000000000000007 00000000019bfcc0 00015f90 00001f40 17979cfe362a0000 00000000"
    )


def test_where_tracks_begin() -> None:
    assert INFO.media_start(Track.VIDEO) == 27_000_000
    assert INFO.media_start(Track.SOUND) == 2_400_000
    assert replace(INFO, media_from=44).media_start(Track.SOUND) == 3  # 3.91


@pytest.mark.parametrize(
    "twin",
    [
        b"",
        FTYP_MOOV,
        FTYP_MOOV[12:] + encode_header_box(INFO),
        FTYP_MOOV + encode_header_box(INFO)[:-1],
        flipped(FTYP_MOOV + encode_header_box(INFO), 24),
        flipped(FTYP_MOOV + encode_header_box(INFO), 24 + 8),
        flipped(FTYP_MOOV + encode_header_box(INFO), 24 + 24),
        flipped(FTYP_MOOV + encode_header_box(INFO), 24 + 25, 2),
        flipped(FTYP_MOOV + encode_header_box(INFO), 24 + 82),
    ],
)
def test_broken_headers(twin: bytes) -> None:
    with pytest.raises(DamagedError):
        decode_header(twin)
    with pytest.raises(DamagedError):
        scanned(twin)
    assert verified(twin)


def test_a_header_without_end_is_not_read_into_memory() -> None:
    data = FTYP_MOOV[:12] + (2**31).to_bytes(4, "big") + b"moov"
    with in_memory(data) as fd:
        os.ftruncate(fd, 2**32)
        with pytest.raises(DamagedError, match="longer than"):
            scan(fd, 2**32)


def test_header_numbers_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode_header_box(replace(INFO, sequence=2**32))
    with pytest.raises(DamagedError):
        decode_header_box(encode_header_box(INFO), 1)


# --- footer -----------------------------------------------------------------------------------

fields = st.tuples(st.sampled_from(Track), st.integers(0, 3), u64, u32, u32, i64)
hashes = st.binary(min_size=32, max_size=32)


@given(st.lists(st.tuples(st.integers(1, 2**32 - 1), fields, hashes), max_size=8), u32, hashes)
def test_footer_both_ways(
    made: list[tuple[int, tuple[Track, int, int, int, int, int], bytes]], first: int, leaf: bytes
) -> None:
    entries: list[Entry] = []
    offset = 124
    for index, (length, own, own_leaf) in enumerate(made):
        entries.append(Entry(first + index, offset, length, *own, own_leaf))
        offset += length
    root = file_root(leaf, entries)
    data = encode_footer(124, leaf, entries, root, offset)
    assert len(data) == footer_bytes(len(entries))
    assert decode_footer(data, first, offset) == Footer(tuple(entries), 124, leaf, root, offset)


def test_a_footer_is_found_from_the_end() -> None:
    with in_memory(MADE.closed) as fd:
        footer = read_footer(fd, len(MADE.closed))
    assert footer is not None
    assert footer.entries == MADE.entries
    assert footer.offset == len(MADE.torn)
    with in_memory(MADE.torn) as fd:
        assert read_footer(fd, len(MADE.torn)) is None
        assert read_footer(fd, 3) is None


def test_every_flip_in_a_footer_is_seen() -> None:
    for at in range(len(MADE.footer)):
        findings = verified(flipped(MADE.closed, len(MADE.torn) + at))
        assert findings or _is_reserved(at), at


def _is_reserved(at: int) -> bool:
    """Bytes of a footer that a reader skips."""
    if not 72 <= at < 72 + 80 * len(MADE.entries):
        return at in (25, 26, 27)
    in_entry = (at - 72) % 80
    return in_entry in (14, 15) or in_entry >= 72


def test_a_footer_that_leads_outside() -> None:
    data = MADE.closed[:-12] + (2**40).to_bytes(8, "big") + b"WGft"
    with in_memory(data) as fd, pytest.raises(DamagedError, match="outside"):
        read_footer(fd, len(data))
    assert scanned(data).footer is None
    assert scanned(data).entries == MADE.entries


# --- scan -------------------------------------------------------------------------------------


def test_a_closed_file() -> None:
    found = scanned(MADE.closed)
    assert found.info == MADE.info
    assert found.header_bytes == len(MADE.header)
    assert found.header_leaf == leaf_hash(MADE.header)
    assert found.entries == MADE.entries
    assert found.footer is not None
    assert (found.torn_bytes, found.whole_bytes, found.damaged) == (0, len(MADE.torn), ())
    assert scanned(MADE.closed, hash_leaves=False) == found
    assert verified(MADE.closed) == []


def test_cut_at_every_byte_exactly_the_whole_fragments_stay() -> None:
    ends = [entry.offset + entry.length for entry in MADE.entries]
    for length in range(len(MADE.header), len(MADE.closed)):
        found = scanned(MADE.closed[:length])
        whole = sum(end <= length for end in ends)
        assert found.entries == MADE.entries[:whole]
        assert found.whole_bytes == (ends[whole - 1] if whole else len(MADE.header))
        assert found.footer is None
        assert found.torn_bytes == length - found.whole_bytes
        assert bool(found.torn_because) == bool(found.torn_bytes)
    for length in range(len(MADE.header)):
        with pytest.raises(DamagedError):
            scanned(MADE.closed[:length])


@given(st.integers(0, len(MADE.closed) - 1), st.integers(1, 255), st.booleans())
def test_flipped_bytes_never_crash(offset: int, mask: int, closed: bool) -> None:
    data = flipped(MADE.closed if closed else MADE.torn + bytes(len(MADE.footer)), offset, mask)
    verified(data)
    try:
        found = scanned(data)
    except DamagedError:
        assert offset < len(MADE.header)
        return
    assert found.whole_bytes + found.torn_bytes <= len(data)


@given(st.binary(max_size=400))
def test_any_tail_is_torn(tail: bytes) -> None:
    found = scanned(MADE.torn + tail)
    assert found.entries == MADE.entries
    assert found.torn_bytes == len(tail)


def test_a_file_is_read_without_hashing_while_it_grows() -> None:
    found = scanned(MADE.torn, hash_leaves=False)
    assert found.entries == tuple(replace(entry, leaf=b"") for entry in MADE.entries)


def test_a_flip_inside_a_closed_file_costs_that_fragment_alone() -> None:
    hit = MADE.entries[1]
    for offset in range(hit.offset, hit.offset + hit.length):
        data = flipped(MADE.closed, offset)
        found = scanned(data)
        assert found.footer is not None
        assert found.entries == MADE.entries
        assert found.damaged == (hit.number,)
        assert [finding.split(":")[0] for finding in verified(data)] == [f"Fragment {hit.number}"]


def test_a_flip_in_the_header_is_found() -> None:
    assert "header" in verified(flipped(MADE.closed, 9))[0]


def test_not_closed_is_a_finding() -> None:
    assert verified(MADE.torn) == ["The file has no footer: it was not closed."]


def foreign(**changes: object) -> Made:
    return made_file("vv", replace(INFO, **changes))  # type: ignore[arg-type]  # as named


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (MADE.fragments[0], "lies where fragment 8 should"),
        (MADE.fragments[2], "lies where fragment 8 should"),
        (foreign(camera=CameraId("00" * 16)).fragments[1], "another camera"),
        (foreign(run=RunId("00" * 16)).fragments[1], "another camera"),
        (foreign(stream=StreamName.SUB).fragments[1], "another camera"),
        (foreign(media_from=5).fragments[1], "tfdt"),
        (
            fragment_of(
                replace(INFO, sound_timescale=16_000), 8, Track.SOUND, 0, [Sample(1, 1, True, 0)]
            ),
            "time scale",
        ),
        (MADE.header * 2, "Fragment at 349: there is none"),
    ],
)
def test_what_does_not_belong_is_a_torn_tail(after: bytes, why: str) -> None:
    found = scanned(MADE.header + MADE.fragments[0] + after)
    assert found.entries == MADE.entries[:1]
    assert why in found.torn_because
    assert found.torn_bytes == len(after)


def test_sound_in_a_file_without_a_sound_track() -> None:
    silent = made_file("v", replace(INFO, sound_timescale=0))
    found = scanned(silent.torn + MADE.fragments[2])
    assert len(found.entries) == 1


def test_a_footer_of_another_file_does_not_count() -> None:
    other = made_file(ftyp_moov=FTYP_MOOV[:8] + b"iso6" + FTYP_MOOV[12:])
    data = MADE.torn + other.footer
    assert scanned(data).footer is None
    assert scanned(data).torn_bytes == len(other.footer)
    assert "The header is not the one that was hashed." in verified(data)


def test_an_erased_fragment_leaves_its_leaf() -> None:
    gone = MADE.entries[2]
    erased = replace(gone, offset=0, length=0, flags=ERASED)
    moved = replace(MADE.entries[3], offset=gone.offset)
    entries = [*MADE.entries[:2], erased, moved]
    leaf = leaf_hash(MADE.header)
    root = file_root(leaf, MADE.entries)
    body = MADE.header + MADE.fragments[0] + MADE.fragments[1] + MADE.fragments[3]
    data = body + encode_footer(len(MADE.header), leaf, entries, root, len(body))
    assert verified(data) == []
    found = scanned(data)
    assert found.entries == tuple(entries)
    assert [entry.erased for entry in found.entries] == [False, False, True, False]


def test_a_file_that_does_not_begin_with_a_key_frame() -> None:
    assert verified(made_file("sv").closed) == ["The file does not begin with a key frame."]


def test_a_footer_that_tells_something_else() -> None:
    entries = [replace(MADE.entries[0], samples=9), *MADE.entries[1:]]
    leaf = leaf_hash(MADE.header)
    footer = encode_footer(
        len(MADE.header), leaf, entries, file_root(leaf, entries), len(MADE.torn)
    )
    assert verified(MADE.torn + footer) == ["Fragment 7: the footer tells something else about it"]


# --- paths ------------------------------------------------------------------------------------


def test_a_path() -> None:
    path = media_path(Path("/v"), CAMERA, StreamName.SUB, 1_700_000_000_123_999_999, RUN, 7)
    assert path == Path(f"/v/{CAMERA}/sub/2023/11/14/221320.123Z-{RUN}-0007.mp4")


@given(
    ids.map(CameraId),
    st.sampled_from(StreamName),
    st.integers(0, 2**63 - 1),
    ids.map(RunId),
    u32,
)
def test_paths_both_ways(
    camera: CameraId, stream: StreamName, wall_ns: int, run: RunId, sequence: int
) -> None:
    path = media_path(Path("/a/b"), camera, stream, wall_ns, run, sequence)
    expected = MediaName(camera, stream, wall_ns // 10**6, run, sequence)
    assert parse_media_path(path) == expected
    assert parse_media_path(path.relative_to("/a/b")) == expected


GOOD_PATH = f"{CAMERA}/main/2024/02/29/000000.000Z-{RUN}-0000.mp4"


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD_PATH[1:],
        GOOD_PATH.replace("main", "Main"),
        GOOD_PATH.replace("2024", "2023"),
        GOOD_PATH.replace("/02/", "/2/"),
        GOOD_PATH.replace("000000.", "000060."),
        GOOD_PATH.replace("-0000.", "-00000."),
        GOOD_PATH.replace("-0000.", "-000."),
        GOOD_PATH.replace(".mp4", ".mp4.part"),
        GOOD_PATH.replace("c0c0", "C0C0"),
    ],
)
def test_what_is_no_path_of_ours(text: str) -> None:
    assert parse_media_path(Path(GOOD_PATH)) is not None
    assert parse_media_path(Path(text)) is None
