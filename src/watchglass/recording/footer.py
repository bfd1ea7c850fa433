"""The footer of a closed media file: where each fragment lies, its leaf hash, and the root."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from watchglass.base.errors import DamagedError
from watchglass.model.stream import Track
from watchglass.recording.boxes import read_at
from watchglass.recording.fileheader import HEADER_BOX_BYTES, decode_header_box
from watchglass.recording.merkle import Buffer, tree_hash

FORMAT_VERSION = 1
FOOTER_TYPE = bytes.fromhex("a1c1d8e29f5b4f0c8a6e77671a540003")
ERASED = 0x80
"""Flag of an entry whose fragment was erased: only its leaf hash is left."""

_START = struct.Struct(">I4s16sB3xIQ32s")
_ENTRY = struct.Struct(">QIBB2xQIIq32s8x")
_END = struct.Struct(">32sQ4s")
_TAIL = struct.Struct(">Q4s")
_MAGIC = b"WGft"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fragment of a file.

    ``offset`` and ``length`` cover ``uuid``, ``moof`` and ``mdat``; both are 0 when it was erased.
    ``number`` counts in the run (the footer leaves it out, it follows from the header).
    ``media_time`` and ``duration`` are in ticks of the track, ``wall_ns`` is UTC as observed.
    """

    number: int
    offset: int
    length: int
    track: Track
    flags: int
    media_time: int
    duration: int
    samples: int
    wall_ns: int
    leaf: bytes

    @property
    def erased(self) -> bool:
        return bool(self.flags & ERASED)


@dataclass(frozen=True, slots=True)
class Footer:
    """A footer as read: ``offset`` is the box's own, ``header_bytes`` the header's length."""

    entries: tuple[Entry, ...]
    header_bytes: int
    header_leaf: bytes
    root: bytes
    offset: int


def file_root(header_leaf: bytes, entries: Sequence[Entry]) -> bytes:
    """The root of a file over its header and its fragments."""
    return tree_hash([header_leaf, *(entry.leaf for entry in entries)])


def footer_bytes(entries: int) -> int:
    """Length of a footer box with that many entries."""
    return _START.size + entries * _ENTRY.size + _END.size


def encode_footer(
    header_bytes: int, header_leaf: bytes, entries: Sequence[Entry], root: bytes, offset: int
) -> bytes:
    """The footer box that is written at ``offset``; ValueError when a number does not fit."""
    try:
        parts = [
            _START.pack(
                footer_bytes(len(entries)),
                b"uuid",
                FOOTER_TYPE,
                FORMAT_VERSION,
                len(entries),
                header_bytes,
                header_leaf,
            )
        ]
        parts += [
            _ENTRY.pack(
                entry.offset,
                entry.length,
                entry.track,
                entry.flags,
                entry.media_time,
                entry.duration,
                entry.samples,
                entry.wall_ns,
                entry.leaf,
            )
            for entry in entries
        ]
        parts.append(_END.pack(root, offset, _MAGIC))
    except struct.error as error:
        raise ValueError(
            f"the footer at {offset} has a number that does not fit: {error}"
        ) from None
    return b"".join(parts)


def decode_footer(buffer: Buffer, first_fragment: int, offset: int) -> Footer:
    """The footer box in ``buffer``, which begins at ``offset`` of its file.

    ``first_fragment`` is the header's. DamagedError unless all of it fits together, root included.
    """
    if len(buffer) < footer_bytes(0):
        raise DamagedError(f"The footer at {offset} is too short.")
    size, kind, extended_type, version, count, header_bytes, header_leaf = _START.unpack_from(
        buffer
    )
    if (kind, extended_type) != (b"uuid", FOOTER_TYPE):
        raise DamagedError(f"There is no footer at {offset}.")
    if version != FORMAT_VERSION:
        raise DamagedError(f"The footer at {offset} has the unknown version {version}.")
    if not size == len(buffer) == footer_bytes(count):
        raise DamagedError(f"The footer at {offset} is not as long as its {count} entries.")
    table = bytes(buffer[_START.size : _START.size + count * _ENTRY.size])
    entries = tuple(
        _entry(fields, first_fragment + index, offset)
        for index, fields in enumerate(_ENTRY.iter_unpack(table))
    )
    root, own_offset, magic = _END.unpack_from(buffer, size - _END.size)
    if (own_offset, magic) != (offset, _MAGIC):
        raise DamagedError(f"The footer at {offset} does not end with its own offset.")
    _check_places(entries, header_bytes, offset)
    if root != file_root(header_leaf, entries):
        raise DamagedError(f"The root in the footer at {offset} is not that of its leaves.")
    return Footer(entries, header_bytes, header_leaf, root, offset)


def _entry(
    fields: tuple[int, int, int, int, int, int, int, int, bytes], number: int, at: int
) -> Entry:
    offset, length, track, flags, media_time, duration, samples, wall_ns, leaf = fields
    if track > 1:
        raise DamagedError(f"Fragment {number} in the footer at {at} is of no known track.")
    return Entry(
        number, offset, length, Track(track), flags, media_time, duration, samples, wall_ns, leaf
    )


def _check_places(entries: Sequence[Entry], header_bytes: int, footer_offset: int) -> None:
    """Fragments lie one after the other, from the header to the footer."""
    expected = header_bytes
    for entry in entries:
        if entry.erased and entry.offset == entry.length == 0:
            continue
        if entry.erased or entry.offset != expected or entry.length == 0:
            raise DamagedError(f"Fragment {entry.number} in the footer does not lie at {expected}.")
        expected += entry.length
    if expected != footer_offset:
        raise DamagedError(
            f"The fragments end at {expected}, the footer begins at {footer_offset}."
        )


def read_footer(fd: int, size: int) -> Footer | None:
    """The footer that the last 12 bytes of an open file lead to; None when they do not.

    DamagedError when they do, and what lies there is not a footer of this file. A file that was cut
    off could end by chance, or by a camera's doing, in bytes that look like one: whether a file was
    closed is for its ledger to say, and ``scan`` to check.
    """
    if size < footer_bytes(0) + HEADER_BOX_BYTES:
        return None
    offset, magic = _TAIL.unpack(read_at(fd, size - _TAIL.size, _TAIL.size))
    if magic != _MAGIC:
        return None
    if not HEADER_BOX_BYTES <= offset <= size - footer_bytes(0):
        raise DamagedError(f"The file's end leads to a footer at {offset}, outside of it.")
    buffer = read_at(fd, offset, size - offset)
    (header_bytes,) = struct.unpack_from(">Q", buffer, 32)
    if not HEADER_BOX_BYTES <= header_bytes <= offset:
        raise DamagedError(f"The footer at {offset} names a header of {header_bytes} bytes.")
    header_box = read_at(fd, header_bytes - HEADER_BOX_BYTES, HEADER_BOX_BYTES)
    return decode_footer(buffer, decode_header_box(header_box).first_fragment, offset)
