"""Payloads of the three uuid boxes: sections 2.1 and 2.3."""

import struct
from dataclasses import dataclass

from .boxes import Box, Broken, Data

STREAMS = ("main", "sub")
VIDEO, SOUND = 0, 1
KEY_FIRST, KEY_SOME, ERASED = 1, 2, 0x80

_HEADER = struct.Struct(">BB2s16s16sIQQIIq4s")
_FRAGMENT = struct.Struct(">BBBB16s16sQQIqI4s")
_FOOTER = struct.Struct(">B3sIQ32s")
_ENTRY = struct.Struct(">QIBB2sQIIq32s8s")
_TRAILER = struct.Struct(">Q4s")
MAGIC = b"WGft"
TRAILER_SIZE = _TRAILER.size


class UnknownVersion(Exception):
    """A box of a version that this reader does not know."""


@dataclass(frozen=True)
class Header:
    stream: int
    camera: str
    run: str
    sequence: int
    first_fragment: int
    media: int
    video_scale: int
    sound_scale: int
    wall: int
    reserved: bytes

    def scale(self, track: int) -> int:
        return self.sound_scale if track == SOUND else self.video_scale

    def start(self, track: int) -> int:
        """The file's start in ticks of the track."""
        if track == SOUND:
            return self.media * self.sound_scale // 90000
        return self.media


@dataclass(frozen=True)
class FragmentHead:
    stream: int
    track: int
    flags: int
    camera: str
    run: str
    number: int
    media: int
    scale: int
    wall: int
    check: int
    reserved: bytes


@dataclass(frozen=True)
class Entry:
    offset: int
    length: int
    track: int
    flags: int
    media: int
    duration: int
    samples: int
    wall: int
    leaf: bytes
    reserved: bytes

    @property
    def erased(self) -> bool:
        return bool(self.flags & ERASED)


@dataclass(frozen=True)
class Footer:
    header_length: int
    header_leaf: bytes
    entries: tuple[Entry, ...]
    root: bytes
    offset: int
    magic: bytes
    reserved: bytes


def _versioned(data: Data, box: Box, what: str) -> None:
    if box.end == box.body:
        raise Broken(f"the {what} box at {box.start} is empty")
    if data[box.body] != 1:
        raise UnknownVersion(f"the {what} box at {box.start} has version {data[box.body]}")


def _sized(box: Box, size: int, what: str) -> None:
    if box.end - box.body != size:
        raise Broken(f"payload of the {what} box: {box.end - box.body} bytes, not {size}")


def header(data: Data, box: Box) -> Header:
    _versioned(data, box, "header")
    _sized(box, _HEADER.size, "header")
    _, stream, gap, camera, run, sequence, first, media, video, sound, wall, rest = (
        _HEADER.unpack_from(data, box.body)
    )
    return Header(
        stream, camera.hex(), run.hex(), sequence, first, media, video, sound, wall, gap + rest
    )


def fragment(data: Data, box: Box) -> FragmentHead:
    _versioned(data, box, "fragment")
    _sized(box, _FRAGMENT.size, "fragment")
    _, stream, track, flags, camera, run, number, media, scale, wall, check, rest = (
        _FRAGMENT.unpack_from(data, box.body)
    )
    return FragmentHead(
        stream, track, flags, camera.hex(), run.hex(), number, media, scale, wall, check, rest
    )


def _entry(data: Data, start: int) -> Entry:
    offset, length, track, flags, gap, media, duration, samples, wall, leaf, rest = (
        _ENTRY.unpack_from(data, start)
    )
    return Entry(offset, length, track, flags, media, duration, samples, wall, leaf, gap + rest)


def footer(data: Data, box: Box) -> Footer:
    _versioned(data, box, "footer")
    if box.end - box.body < _FOOTER.size:
        raise Broken("the footer is too short")
    _, gap, count, length, leaf = _FOOTER.unpack_from(data, box.body)
    _sized(box, _FOOTER.size + count * _ENTRY.size + 32 + TRAILER_SIZE, "footer")
    first = box.body + _FOOTER.size
    entries = tuple(_entry(data, first + i * _ENTRY.size) for i in range(count))
    after = first + count * _ENTRY.size
    offset, magic = _TRAILER.unpack_from(data, after + 32)
    return Footer(length, leaf, entries, bytes(data[after : after + 32]), offset, magic, gap)


def trailer(data: Data) -> int | None:
    """Where the footer begins, going by the last 12 bytes."""
    if len(data) < TRAILER_SIZE:
        return None
    offset, magic = _TRAILER.unpack_from(data, len(data) - TRAILER_SIZE)
    return int(offset) if magic == MAGIC else None
