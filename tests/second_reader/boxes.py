"""Boxes of ISO/IEC 14496-12, as far as a media file has them."""

import mmap
import struct
from dataclasses import dataclass

Data = bytes | mmap.mmap

HEADER = bytes.fromhex("a1c1d8e29f5b4f0c8a6e77671a540001")
FRAGMENT = bytes.fromhex("a1c1d8e29f5b4f0c8a6e77671a540002")
FOOTER = bytes.fromhex("a1c1d8e29f5b4f0c8a6e77671a540003")


class Broken(Exception):
    """The bytes are no box."""


class Cut(Broken):
    """The box runs past the end."""


@dataclass(frozen=True)
class Box:
    kind: bytes
    extended: bytes  # of a uuid box
    start: int
    body: int  # where the payload begins
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


def box_at(data: Data, start: int, limit: int) -> Box:
    if start + 8 > limit:
        raise Cut(f"no room for a box at {start}")
    size, kind = struct.unpack_from(">I4s", data, start)
    if size < 8:
        raise Broken(f"a box of size {size} at {start}")
    body, extended = start + 8, b""
    if kind == b"uuid":
        if size < 24:
            raise Broken(f"a uuid box of size {size} at {start}")
        body, extended = start + 24, bytes(data[start + 8 : start + 24])
    if start + size > limit:
        raise Cut(f"the box {kind!r} at {start} runs past {limit}")
    return Box(kind, extended, start, body, start + size)


def uuid_at(data: Data, start: int, limit: int, extended: bytes) -> Box:
    box = box_at(data, start, limit)
    if box.kind != b"uuid" or box.extended != extended:
        raise Broken(f"at {start} is {box.kind!r} {box.extended.hex()}, not uuid {extended.hex()}")
    return box


def plain_at(data: Data, start: int, limit: int, kind: bytes) -> Box:
    box = box_at(data, start, limit)
    if box.kind != kind:
        raise Broken(f"at {start} is {box.kind!r}, not {kind!r}")
    return box


def children(data: Data, start: int, end: int) -> list[Box]:
    found = []
    while start < end:
        box = box_at(data, start, end)
        found.append(box)
        start = box.end
    return found


def only(data: Data, parent: Box, kind: bytes) -> Box:
    """The one child of this kind."""
    found = [box for box in children(data, parent.body, parent.end) if box.kind == kind]
    if len(found) != 1:
        raise Broken(f"{len(found)} boxes {kind!r} in {parent.kind!r} at {parent.start}")
    return found[0]
