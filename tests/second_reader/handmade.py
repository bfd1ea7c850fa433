"""Bytes by hand, from the page alone: nothing here uses the reader."""

import hashlib
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

CAMERA, RUN, VOLUME, EPOCH = "c0" * 16, "4f" * 16, "70" * 16, "e9" * 16
START = 1_700_000_000 * 10**9  # 2023-11-14T22:13:20Z
SECOND = 10**9
_KEY, _OTHER = 0x02000000, 0x01010000


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def tree(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word by word."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha(b"\x01" + tree(leaves[:split]) + tree(leaves[split:]))


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def uuid(last: int, payload: bytes) -> bytes:
    return box(b"uuid", bytes.fromhex(f"a1c1d8e29f5b4f0c8a6e77671a54000{last}"), payload)


def trak(number: int, handler: bytes, scale: int, entry: bytes) -> bytes:
    return box(
        b"trak",
        box(b"tkhd", struct.pack(">IIII", 3, 0, 0, number), bytes(68)),
        box(
            b"mdia",
            box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, scale, 0), bytes(4)),
            box(b"hdlr", bytes(8), handler, bytes(13)),
            box(b"minf", box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), entry))),
        ),
    )


def picture_entry(width: int = 640, height: int = 360) -> bytes:
    return box(b"avc1", bytes(24), struct.pack(">HH", width, height), bytes(50))


def intro(sequence: int, first: int, media: int, wall: int, sound: bool) -> bytes:
    """ftyp, moov and the header box."""
    tracks = [trak(1, b"vide", 90000, picture_entry())]
    if sound:
        tracks.append(trak(2, b"soun", 8000, box(b"alaw", bytes(28))))
    trexes = [box(b"trex", struct.pack(">II", 0, 1 + i), bytes(16)) for i in range(len(tracks))]
    mvex = box(b"mvex", *trexes)
    return b"".join(
        (
            box(b"ftyp", b"qt  " if sound else b"iso6", bytes(4)),
            box(b"moov", box(b"mvhd", bytes(100)), *tracks, mvex),
            uuid(
                1,
                struct.pack(">BBH", 1, 0, 0)
                + bytes.fromhex(CAMERA + RUN)
                + struct.pack(">IQQ", sequence, first, media)
                + struct.pack(">IIqI", 90000, 8000 if sound else 0, wall, 0),
            ),
        )
    )


@dataclass
class Piece:
    """A fragment; times in the track's ticks."""

    number: int
    track: int
    media: int
    decode: int
    sizes: list[int]
    duration: int
    wall: int
    shift: int = 0

    @property
    def flags(self) -> int:
        return 0 if self.track else 3

    def samples(self) -> bytes:
        if self.track:
            return b"".join(b"\xd5" * size for size in self.sizes)
        return b"".join(struct.pack(">I", size - 4) + b"\x65" * (size - 4) for size in self.sizes)

    def trun(self, offset: int) -> bytes:
        rows = b""
        for index, size in enumerate(self.sizes):
            key = _KEY if self.track or index == 0 else _OTHER
            rows += struct.pack(">III", self.duration, size, key)
            rows += struct.pack(">i", self.shift) if self.shift else b""
        flags = 0x01000701 | (0x800 if self.shift else 0)
        return box(b"trun", struct.pack(">IIi", flags, len(self.sizes), offset), rows)

    def moof(self, offset: int = 0) -> bytes:
        made = box(
            b"moof",
            box(b"mfhd", struct.pack(">II", 0, self.number + 1)),
            box(
                b"traf",
                box(b"tfhd", struct.pack(">II", 0x020000, self.track + 1)),
                box(b"tfdt", struct.pack(">IQ", 0x01000000, self.decode)),
                self.trun(offset),
            ),
        )
        return made if offset else self.moof(len(made) + 8)

    def bytes(self) -> bytes:
        head = (
            struct.pack(">BBBB", 1, 0, self.track, self.flags)
            + bytes.fromhex(CAMERA + RUN)
            + struct.pack(">QQI", self.number, self.media, 8000 if self.track else 90000)
            + struct.pack(">qQ", self.wall, 0)
        )
        return uuid(2, head) + self.moof() + box(b"mdat", self.samples())


@dataclass
class File:
    """A media file of two seconds of video, with or without sound."""

    sequence: int = 0
    first: int = 0
    media: int = 0
    wall: int = START
    sound: bool = True
    pieces: list[Piece] = field(default_factory=list)

    def __post_init__(self) -> None:
        for second in range(2):
            media, wall = self.media + second * 90000, self.wall + second * SECOND
            number = self.first + len(self.pieces)
            place = media - self.media
            self.pieces.append(Piece(number, 0, media, place, [9, 6], 45000, wall, second * 7))
            if self.sound:
                heard = media * 8000 // 90000
                place = heard - self.media * 8000 // 90000
                self.pieces.append(Piece(number + 1, 1, heard, place, [5], 8000, wall))

    @property
    def intro(self) -> bytes:
        return intro(self.sequence, self.first, self.media, self.wall, self.sound)

    @property
    def parts(self) -> list[bytes]:
        return [self.intro, *(piece.bytes() for piece in self.pieces)]

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @property
    def leaves(self) -> list[bytes]:
        return [sha(b"\x00" + part) for part in self.parts]

    @property
    def footer(self) -> bytes:
        rows, place = b"", len(self.intro)
        for piece, leaf in zip(self.pieces, self.leaves[1:], strict=True):
            length, count = len(piece.bytes()), len(piece.sizes)
            rows += struct.pack(">QIBBH", place, length, piece.track, piece.flags, 0)
            rows += struct.pack(">QIIq", piece.media, piece.duration * count, count, piece.wall)
            rows += leaf + bytes(8)
            place += length
        start = struct.pack(">IIQ", 0x01000000, len(self.pieces), len(self.intro))
        end = tree(self.leaves) + struct.pack(">Q", place) + b"WGft"
        return uuid(3, start + self.leaves[0] + rows + end)

    @property
    def whole(self) -> bytes:
        return self.body + self.footer


def line(**fields: object) -> bytes:
    """Canonical for what the tests write: plain names, short numbers."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def ledger_lines(rows: Iterable[dict[str, object]], start: int = START) -> list[bytes]:
    return [
        line(**{"v": 1, "n": str(number), "t": str(start + number), **row})
        for number, row in enumerate(rows)
    ]


def leaves_of(lines: list[bytes]) -> list[bytes]:
    return [sha(b"\x00" + one) for one in lines]
