"""Merkle tree hashes as RFC 9162, section 2.1.1, writes them: SHA-256, leaves and nodes apart.

Hashes are 32 raw bytes. Whoever holds the leaves of a file or the lines of a ledger comes to the
same root with ``tree_hash`` at once or with a ``Frontier`` leaf by leaf.
"""

import hashlib
from collections.abc import Sequence

Buffer = bytes | bytearray | memoryview

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(*parts: Buffer) -> bytes:
    """Hash of a leaf whose bytes are ``parts`` one after the other; nothing is copied."""
    digest = hashlib.sha256(b"\x00")
    for part in parts:
        digest.update(part)
    return digest.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node over the hashes of its two sides."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, by the definition: split at the largest power of two below the count.

    Recursion is as deep as the count has binary digits.
    """
    if not leaves:
        return EMPTY_ROOT
    return _subtree(leaves, 0, len(leaves))


def _subtree(leaves: Sequence[bytes], start: int, end: int) -> bytes:
    count = end - start
    if count == 1:
        return leaves[start]
    split = start + (1 << ((count - 1).bit_length() - 1))
    return node_hash(_subtree(leaves, start, split), _subtree(leaves, split, end))


def audit_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """What proves that leaf ``index`` is among ``leaves`` (RFC 9162, section 2.1.3.1)."""
    start, end = 0, len(leaves)
    found: list[bytes] = []
    while end - start > 1:
        split = start + (1 << ((end - start - 1).bit_length() - 1))
        if index < split:
            found.append(_subtree(leaves, split, end))
            end = split
        else:
            found.append(_subtree(leaves, start, split))
            start = split
    return found[::-1]


class Frontier:
    """A tree that grows at its right end and keeps only the roots of its perfect subtrees.

    One hash is kept for each 1 among the binary digits of ``count``, the largest subtree first.
    Not thread-safe; ``copy`` is cheap and gives a root of the past to whoever signs it later.
    """

    __slots__ = ("_count", "_peaks")

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self._count = 0
        self._peaks: list[bytes] = []
        for leaf in leaves:
            self.append(leaf)

    @property
    def count(self) -> int:
        """How many leaves lie under the root."""
        return self._count

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Roots of the perfect subtrees, the largest first: enough to grow the tree on."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        rest = self._count
        peak = leaf
        while rest & 1:
            peak = node_hash(self._peaks.pop(), peak)
            rest >>= 1
        self._peaks.append(peak)
        self._count += 1

    def root(self) -> bytes:
        """The tree hash over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def copy(self) -> "Frontier":
        """The same tree, which then grows apart from this one."""
        twin = Frontier()
        twin._count = self._count
        twin._peaks = self._peaks.copy()
        return twin
