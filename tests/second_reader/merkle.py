"""Section 2.4: leaves, nodes and roots of RFC 9162, and commitments of section 3."""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def commitment(salt: bytes, text: str) -> str:
    return hashlib.sha256(b"\x02" + salt + text.encode("utf-8")).hexdigest()


class Tree:
    """Takes leaves one by one and tells the root at any time.

    The peaks are the roots of the full subtrees of the leaves so far, largest first: splitting at
    the largest power of two smaller than the count, again and again, finds just these.
    """

    def __init__(self) -> None:
        self.count = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, hashed: bytes) -> None:
        self.count += 1
        size = 1
        while self._peaks and self._peaks[-1][0] == size:
            hashed = node(self._peaks.pop()[1], hashed)
            size *= 2
        self._peaks.append((size, hashed))

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY
        result = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            result = node(peak, result)
        return result


def root(leaves: Iterable[bytes]) -> bytes:
    tree = Tree()
    for one in leaves:
        tree.add(one)
    return tree.root()


def roots_at(leaves: Sequence[bytes], sizes: Iterable[int]) -> dict[int, bytes]:
    """The root of the first `size` leaves for each of `sizes`; too large sizes are left out."""
    wanted = set(sizes)
    tree = Tree()
    found = {0: tree.root()} if 0 in wanted else {}
    for one in leaves:
        tree.add(one)
        if tree.count in wanted:
            found[tree.count] = tree.root()
    return found
