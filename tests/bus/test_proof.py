"""Who may speak: a proof is good for one name at one socket, and for nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bus.hop_fixtures import Ack, Note, Pair, a_client, a_server, endpoint_in
from watchglass.bus.proof import PROOF_CHARS, Key
from watchglass.bus.server import PeerJoined, PeerLost

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
KEY, OTHER = Key("k" * 64), Key("o" * 64)


@given(name=NAMES, other=NAMES, junk=st.binary(max_size=80))
def test_a_proof_is_for_one_name_and_one_key(name: str, other: str, junk: bytes) -> None:
    proof = KEY.proof(name).encode()
    assert len(proof) == PROOF_CHARS
    assert KEY.admits(name, proof)
    assert KEY.admits(other, proof) == (other == name)
    assert not OTHER.admits(name, proof)
    assert KEY.admits(name, junk) == (junk == proof)


def test_a_key_is_not_printed() -> None:
    assert KEY.text not in repr(KEY)
    assert Key.make() != Key.make()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A client with its proof, and a server that asks for it."""
    endpoint = endpoint_in(tmp_path)
    pair = Pair(a_client(endpoint, proof=KEY.proof("worker-1")), a_server(endpoint, key=KEY))
    pair.until(lambda: pair.client.connected)
    yield pair
    # Nothing that happened ended the honest client's session.
    pair.client.send(Note(4711))
    pair.until(lambda: pair.numbers == [4711])
    assert not [item for item in pair.at_server if isinstance(item, PeerLost)]
    assert [item for item in pair.at_client if not isinstance(item, Ack)] == []
    pair.close()


@pytest.mark.parametrize("name", ["worker-1", "worker-2", "supervisor"])
@pytest.mark.parametrize(
    "proof", ["", "x" * 64, KEY.text, KEY.proof("worker-3"), OTHER.proof("supervisor")]
)
def test_nobody_takes_a_name_that_is_not_theirs(
    pair: Pair, tmp_path: Path, name: str, proof: str
) -> None:
    thief = a_client(endpoint_in(tmp_path), name, proof=proof)
    thief.send(Note(1))

    def refused() -> bool:
        thief.poll(0.002)
        return thief.refusal is not None

    pair.until(refused)
    assert thief.refusal == f"'{name}' shows no proof of its name."
    assert not thief.connected
    assert [each.peer.name for each in pair.server.peers()] == ["worker-1"]
    joined = [item for item in pair.at_server if isinstance(item, PeerJoined)]
    assert [each.peer.name for each in joined] == ["worker-1"]
    assert pair.server.stats().refused >= 1
    thief.close()


def test_the_same_client_may_come_back(pair: Pair, tmp_path: Path) -> None:
    second = a_client(endpoint_in(tmp_path), "worker-2", proof=KEY.proof("worker-2"))

    def joined() -> bool:
        second.poll(0.002)
        return second.connected

    pair.until(joined)
    second.close()
    assert len(pair.server.peers()) == 2
