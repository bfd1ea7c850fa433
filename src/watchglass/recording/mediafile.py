"""A media file as a whole: read back by its boxes, and checked against its footer.

Reading holds the head of one fragment at a time, and hashes in pieces, so that no file, however
made, fills memory. The names of the file's parts are re-exported, so that this is the one module
that others need.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from watchglass.base.errors import DamagedError
from watchglass.recording.boxes import read_at
from watchglass.recording.fileheader import (
    FileInfo,
    decode_header,
    decode_header_box,
    encode_header_box,
    read_header,
)
from watchglass.recording.footer import (
    ERASED,
    Entry,
    Footer,
    encode_footer,
    file_root,
    footer_bytes,
    read_footer,
)
from watchglass.recording.fragment import (
    FIRST_IS_KEY,
    FIXED_BYTES,
    Check,
    DecodedFragment,
    decode_fragment_head,
    head_bytes,
)
from watchglass.recording.mediapath import MediaName, media_path, parse_media_path
from watchglass.recording.merkle import leaf_hash

__all__ = [
    "ERASED",
    "Entry",
    "FileInfo",
    "Footer",
    "MediaName",
    "ScannedFile",
    "decode_header",
    "decode_header_box",
    "encode_footer",
    "encode_header_box",
    "file_root",
    "footer_bytes",
    "hash_range",
    "media_path",
    "parse_media_path",
    "read_footer",
    "read_fragment_head",
    "scan",
    "verify",
]

_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """What can be read of a file, closed or not.

    With a ``footer``, ``entries`` are the footer's, ``torn_bytes`` is 0 and ``damaged`` names the
    fragments whose bytes are not what it says (looked for only where leaves are hashed). Without
    one, ``entries`` are the whole fragments, ``torn_bytes`` counts what follows them and
    ``torn_because`` says why that is no fragment. ``whole_bytes`` is the end of the last fragment.
    """

    info: FileInfo
    header_bytes: int
    header_leaf: bytes
    entries: tuple[Entry, ...]
    whole_bytes: int
    footer: Footer | None
    torn_bytes: int
    torn_because: str = ""
    damaged: tuple[int, ...] = ()


def read_fragment_head(fd: int, offset: int, end: int) -> DecodedFragment:
    """The fragment at ``offset`` of an open file; the samples' offsets count from its start.

    DamagedError when it is not a whole one, all of it before ``end``.
    """
    length = head_bytes(read_at(fd, offset, FIXED_BYTES), base=offset)
    if offset + length > end:
        raise DamagedError(f"Fragment at {offset}: the file ends inside its moof.")
    decoded = decode_fragment_head(read_at(fd, offset, length), base=offset)
    if offset + decoded.length > end:
        raise DamagedError(f"Fragment at {offset}: the file ends inside it.")
    return decoded


def hash_range(fd: int, offset: int, length: int) -> bytes:
    """The leaf hash of a range of an open file, read in pieces."""
    digest = hashlib.sha256(b"\x00")
    for piece in _pieces(fd, offset, length):
        digest.update(piece)
    return digest.digest()


def _leaf_checked(fd: int, offset: int, fragment: DecodedFragment) -> bytes:
    """The leaf hash of a fragment; DamagedError when its bytes are not those that were written."""
    digest, check = hashlib.sha256(b"\x00"), Check()
    for piece in _pieces(fd, offset, fragment.length):
        digest.update(piece)
        check.update(piece)
    if fragment.check not in (0, check.value):
        raise DamagedError(f"Fragment at {offset}: its bytes are not those that were written.")
    return digest.digest()


def _pieces(fd: int, offset: int, length: int) -> Iterator[bytes]:
    while length > 0:
        piece = read_at(fd, offset, min(length, _PIECE_BYTES))
        yield piece
        offset += len(piece)
        length -= len(piece)


def scan(fd: int, size: int, *, hash_leaves: bool = True) -> ScannedFile:
    """Read an open file of ``size`` bytes: by its footer, or by its boxes up to where it is torn.

    With ``hash_leaves`` every byte is read; without, the leaves of a file without footer are empty,
    and only the heads of its fragments are looked at. DamagedError only when the header is not
    readable; StorageError when the disk does not read.
    """
    header = read_header(fd, size)
    info, header_bytes = decode_header(header)
    header_leaf = leaf_hash(header)
    footer = _own_footer(fd, size, header_bytes, header_leaf)
    if footer is not None:
        damaged = _damaged(fd, info, footer) if hash_leaves else {}
        return ScannedFile(
            info, header_bytes, header_leaf, footer.entries, footer.offset, footer, 0, "",
            tuple(damaged),
        )  # fmt: skip
    entries: list[Entry] = []
    offset = header_bytes
    torn_because = ""
    while offset < size and not torn_because:
        number = info.first_fragment + len(entries)
        try:
            entry = _entry_at(fd, offset, size, info, number, hash_leaves)
        except DamagedError as error:
            torn_because = error.sentence
        else:
            entries.append(entry)
            offset += entry.length
    return ScannedFile(
        info, header_bytes, header_leaf, tuple(entries), offset, None, size - offset, torn_because
    )


def _own_footer(fd: int, size: int, header_bytes: int, header_leaf: bytes) -> Footer | None:
    """The file's footer. A camera cannot make one up: it does not know the header's hash."""
    try:
        footer = read_footer(fd, size)
    except DamagedError:
        return None
    if footer is None or (footer.header_bytes, footer.header_leaf) != (header_bytes, header_leaf):
        return None
    return footer


def _entry_at(
    fd: int, offset: int, end: int, info: FileInfo, number: int, hash_leaf: bool
) -> Entry:
    fragment = read_fragment_head(fd, offset, end)
    _check_belongs(fragment, info, number)
    return Entry(
        number,
        offset,
        fragment.length,
        fragment.info.track,
        fragment.info.flags,
        fragment.info.media_time,
        fragment.duration,
        len(fragment.samples),
        fragment.info.wall_ns,
        _leaf_checked(fd, offset, fragment) if hash_leaf else b"",
    )


def _check_belongs(fragment: DecodedFragment, info: FileInfo, number: int) -> None:
    """Whether a fragment is that one of this file; DamagedError says what speaks against it."""
    own = fragment.info
    if (own.camera, own.stream, own.run) != (info.camera, info.stream, info.run):
        raise DamagedError(f"Fragment {own.number} is of another camera, stream or run.")
    if own.number != number:
        raise DamagedError(f"Fragment {own.number} lies where fragment {number} should.")
    if own.timescale != info.timescale(own.track):
        raise DamagedError(f"Fragment {number} has another time scale than its track.")
    if fragment.decode_time != own.media_time - info.media_start(own.track):
        raise DamagedError(f"The tfdt of fragment {number} does not fit its media time.")


def _damaged(fd: int, info: FileInfo, footer: Footer) -> dict[int, str]:
    """Number and what is wrong of each fragment that is not what the footer says."""
    found: dict[int, str] = {}
    for entry in footer.entries:
        if entry.erased:
            continue
        if hash_range(fd, entry.offset, entry.length) != entry.leaf:
            found[entry.number] = "its bytes are not those that were hashed"
            continue
        try:
            seen = _entry_at(fd, entry.offset, footer.offset, info, entry.number, False)
        except DamagedError as error:
            found[entry.number] = error.sentence
            continue
        if replace(seen, leaf=entry.leaf) != entry:
            found[entry.number] = "the footer tells something else about it"
    return found


def verify(fd: int, size: int) -> list[str]:
    """What is wrong with a closed file, every leaf hashed anew; empty when all is well."""
    try:
        header = read_header(fd, size)
        info, header_bytes = decode_header(header)
        footer = read_footer(fd, size)
    except DamagedError as error:
        return [error.sentence]
    if footer is None:
        return ["The file has no footer: it was not closed."]
    findings: list[str] = []
    if (footer.header_bytes, footer.header_leaf) != (header_bytes, leaf_hash(header)):
        findings.append("The header is not the one that was hashed.")
    first = footer.entries[0] if footer.entries else None
    starts_well = (
        first is None or first.erased or (first.track, first.flags & FIRST_IS_KEY) == (0, 1)
    )
    if not starts_well:
        findings.append("The file does not begin with a key frame.")
    damaged = _damaged(fd, info, footer)
    findings += [f"Fragment {number}: {what}" for number, what in damaged.items()]
    return findings
