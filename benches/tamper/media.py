"""A media file of a bundle taken apart, and put together again as it should be, or should not."""

import struct
from dataclasses import dataclass, replace

from watchglass.model.stream import Track
from watchglass.recording.fileheader import HEADER_BOX_BYTES, decode_header
from watchglass.recording.footer import ERASED, Entry, decode_footer, encode_footer
from watchglass.recording.fragment import FRAGMENT_TYPE
from watchglass.recording.merkle import leaf_hash, tree_hash

_BOX = struct.Struct(">I4s")


@dataclass(frozen=True)
class TakenApart:
    """``fragments`` are None where only a leaf is there; ``entries`` are the footer's."""

    header: bytes
    fragments: list[bytes | None]
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, data: bytes) -> "TakenApart":
        at = 0
        for _ in range(3):
            (size,) = struct.unpack_from(">I", data, at)
            at += size
        info, _ = decode_header(data[:at])
        (offset,) = struct.unpack_from(">Q", data, len(data) - 12)
        footer = decode_footer(data[offset:], info.first_fragment, offset)
        pieces = [
            None if each.erased else data[each.offset : each.offset + each.length]
            for each in footer.entries
        ]
        return cls(data[:at], pieces, footer.entries)

    def joined(self, *, leaves: bool = False) -> bytes:
        """With the footer that its entries say; with ``leaves`` hashed anew."""
        at, entries = len(self.header), []
        for piece, entry in zip(self.fragments, self.entries, strict=True):
            if piece is None:
                entries.append(
                    Entry(entry.number, 0, 0, Track.VIDEO, ERASED, 0, 0, 0, 0, entry.leaf)
                )
                continue
            leaf = leaf_hash(piece) if leaves else entry.leaf
            entries.append(replace(entry, offset=at, length=len(piece), leaf=leaf))
            at += len(piece)
        root = tree_hash([leaf_hash(self.header), *(each.leaf for each in entries)])
        body = b"".join(each for each in self.fragments if each is not None)
        footer = encode_footer(len(self.header), leaf_hash(self.header), entries, root, at)
        return self.header + body + footer


def root_of(data: bytes) -> str:
    """The root in a file's footer."""
    return data[-44:-12].hex()


__all__ = ["FRAGMENT_TYPE", "HEADER_BOX_BYTES", "TakenApart", "root_of"]
