"""RFC 9162 trees: known roots, and the frontier against the definition."""

from hypothesis import given
from hypothesis import strategies as st

from watchglass.recording.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash, tree_hash

# The test vectors of Certificate Transparency's reference implementation (RFC 6962 and RFC 9162
# hash alike): eight leaves, and the root after each.
VECTOR_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
VECTOR_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_known_roots() -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in VECTOR_LEAVES]
    frontier = Frontier()
    for count, expected in enumerate(VECTOR_ROOTS, 1):
        frontier.append(leaves[count - 1])
        assert tree_hash(leaves[:count]).hex() == expected
        assert frontier.root().hex() == expected


def test_root_of_nothing() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree_hash([]).hex() == Frontier().root().hex() == EMPTY_ROOT.hex() == empty


def test_leaf_over_several_buffers() -> None:
    assert leaf_hash(b"ab", memoryview(b"cd"), bytearray(b"e")) == leaf_hash(b"abcde")


def test_a_leaf_is_never_a_node() -> None:
    left, right = leaf_hash(b"l"), leaf_hash(b"r")
    assert node_hash(left, right) != leaf_hash(left, right)


@given(st.integers(0, 300))
def test_frontier_is_the_tree_hash(count: int) -> None:
    leaves = [leaf_hash(bytes([number & 255, number >> 8])) for number in range(count)]
    frontier = Frontier(leaves)
    assert frontier.count == count
    assert frontier.root() == tree_hash(leaves)


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_copy_grows_apart(before: int, after: int) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(before + after)]
    past = Frontier(leaves[:before])
    twin = past.copy()
    for leaf in leaves[before:]:
        twin.append(leaf)
    assert past.root() == tree_hash(leaves[:before])
    assert past.count == before
    assert twin.root() == tree_hash(leaves)
