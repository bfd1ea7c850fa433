"""Commitments: what they hash, where their texts lie, and that they can be erased."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError
from watchglass.recording.commitment import TextStore, commit

text = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture
def store(tmp_path: Path) -> TextStore:
    return TextStore(tmp_path / "texts", Disk())


def test_what_is_hashed() -> None:
    salt = bytes(range(32))
    expected = hashlib.sha256(b"\x02" + salt + "Tür Süd".encode()).hexdigest()
    assert commit("Tür Süd", salt).hex == expected


def test_the_same_text_twice_cannot_be_told() -> None:
    assert commit("yard").hex != commit("yard").hex


def test_a_salt_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commit("yard", b"short")


def test_put_get_erase(store: TextStore) -> None:
    made = commit("the front yard")
    assert store.get(made.hex) is None
    assert not store.erase(made.hex)
    store.put(made, 7, personal=True)
    assert store.get(made.hex) == "the front yard"
    assert store.erase(made.hex)
    assert store.get(made.hex) is None


@given(text, st.binary(min_size=32, max_size=32))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, words: str, salt: bytes) -> None:
    store = TextStore(tmp_path_factory.mktemp("texts"), Disk())
    made = commit(words, salt)
    store.put(made, 7, personal=True)
    assert store.get(made.hex) == words


def test_texts_are_for_the_owner_alone(store: TextStore, tmp_path: Path) -> None:
    made = commit("who complained")
    store.put(made, 7, personal=True)
    path = tmp_path / "texts" / f"{made.hex}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"salt": 1, "text": "x"}',
        b'{"salt": "zz", "text": "x"}',
        b'{"salt": "' + b"00" * 32 + b'", "text": "another"}',
        b'{"salt": "' + b"00" * 32 + b'", "text": 5}',
    ],
)
def test_another_text_is_damage(store: TextStore, tmp_path: Path, content: bytes) -> None:
    made = commit("x", bytes(32))
    store.put(made, 7, personal=True)
    (tmp_path / "texts" / f"{made.hex}.json").write_bytes(content)
    with pytest.raises(DamagedError):
        store.get(made.hex)


@pytest.mark.parametrize("name", ["", "../../keys/signing.key", "0" * 63, "G" * 64, "A" * 64])
def test_only_hashes_name_files(store: TextStore, name: str) -> None:
    with pytest.raises(DamagedError, match="not a commitment"):
        store.get(name)
