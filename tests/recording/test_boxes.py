"""Walking boxes: whatever the bytes, it ends, and only with DamagedError."""

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.media_making import in_memory, made_file
from watchglass.base.errors import DamagedError, StorageError
from watchglass.recording.boxes import Box, box_at, read_at, walk, walk_file


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def test_boxes_one_after_the_other() -> None:
    data = box(b"ftyp", b"isom") + box(b"uuid", b"0123456789abcdefXY") + box(b"mdat")
    expected = [
        Box(b"ftyp", 0, 12),
        Box(b"uuid", 12, 26, b"0123456789abcdef"),
        Box(b"mdat", 38, 8),
    ]
    assert list(walk(data)) == expected
    with in_memory(data) as fd:
        assert list(walk_file(fd, 0, len(data))) == expected
    assert expected[1].payload == 36
    assert expected[2].payload == 46


def test_a_media_file_is_walked() -> None:
    made = made_file("vv")
    kinds = [found.type for found in walk(made.closed)]
    assert kinds == [b"ftyp", b"moov", b"uuid", *[b"uuid", b"moof", b"mdat"] * 2, b"uuid"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x08mda",
        struct.pack(">I4s", 0, b"mdat") + bytes(20),  # "to the end of the file"
        struct.pack(">I4sQ", 1, b"mdat", 16),  # a 64-bit size
        struct.pack(">I4s", 7, b"mdat") + bytes(20),
        struct.pack(">I4s", 9, b"mdat"),
        struct.pack(">I4s", 0xFFFFFFFF, b"mdat"),
        box(b"uuid", bytes(15)),
    ],
)
def test_what_is_no_box(data: bytes) -> None:
    with pytest.raises(DamagedError):
        box_at(data)
    with in_memory(data) as fd, pytest.raises(DamagedError):
        list(walk_file(fd, 0, max(len(data), 1)))


@given(st.binary(max_size=200), st.integers(-5, 210))
def test_any_bytes_end_the_walk(data: bytes, offset: int) -> None:
    in_buffer: list[Box] | None
    in_file: list[Box] | None
    try:
        in_buffer = list(walk(data, offset))
    except DamagedError:
        in_buffer = None
    with in_memory(data) as fd:
        try:
            in_file = list(walk_file(fd, offset, len(data)))
        except DamagedError:
            in_file = None
    assert in_buffer == in_file


def test_reading_past_the_end(tmp_path: Path) -> None:
    with in_memory(b"abc") as fd:
        assert read_at(fd, 1, 2) == b"bc"
        assert read_at(fd, 3, 0) == b""
        with pytest.raises(DamagedError, match="ends inside"):
            read_at(fd, 1, 3)


def test_a_disk_that_does_not_read_is_not_a_torn_tail(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)  # reading a folder is an error of the kernel
    try:
        with pytest.raises(StorageError):
            read_at(fd, 0, 8)
    finally:
        os.close(fd)
