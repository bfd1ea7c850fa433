"""What is sealed opens only unchanged, for what it was sealed for, under its own key."""

import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import ConfigError, DamagedError, DiskFullError, UsageError
from watchglass.base.secret import Secret
from watchglass.store.vault import Vault

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault.load_or_create(tmp_path_factory.mktemp("vault") / "keys" / "secrets", Disk())


@given(TEXTS, TEXTS)
def test_opens_again(vault: Vault, plain: str, context: str) -> None:
    sealed = vault.seal(Secret(plain), context)
    assert vault.open(sealed, context).reveal() == plain
    assert vault.seal(Secret(plain), context) != sealed


@given(TEXTS, st.data())
def test_any_changed_byte_is_found(vault: Vault, plain: str, data: st.DataObject) -> None:
    sealed = bytearray(vault.seal(Secret(plain), "camera/1/password"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedError, match="camera/1/password"):
        vault.open(bytes(sealed), "camera/1/password")


@given(TEXTS, st.data())
def test_any_other_length_is_found(vault: Vault, plain: str, data: st.DataObject) -> None:
    sealed = vault.seal(Secret(plain), "c")
    kept = data.draw(st.integers(0, len(sealed) - 1))
    for wrong in (sealed[:kept], sealed + b"\0", sealed[:kept] + b"\0" + sealed[kept:]):
        with pytest.raises(DamagedError):
            vault.open(wrong, "c")


@given(TEXTS, TEXTS)
def test_opens_nowhere_else(vault: Vault, one: str, other: str) -> None:
    sealed = vault.seal(Secret("pass"), one)
    if one != other:
        with pytest.raises(DamagedError):
            vault.open(sealed, other)


@given(st.binary(max_size=100))
def test_garbage_does_not_open(vault: Vault, garbage: bytes) -> None:
    with pytest.raises(DamagedError):
        vault.open(garbage, "c")


def test_key_file_is_made_at_the_first_seal_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secrets"
    vault = Vault.load_or_create(path, Disk())
    assert not vault.has_key()
    assert not path.parent.exists()
    sealed = vault.seal(Secret("pass"), "c")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(path.read_bytes()) == 32
    assert Vault.load_or_create(path, Disk()).open(sealed, "c") == Secret("pass")


def test_key_made_by_another_process_meanwhile_is_used(tmp_path: Path) -> None:
    late = Vault.load_or_create(tmp_path / "key", Disk())
    sealed = Vault.load_or_create(tmp_path / "key", Disk()).seal(Secret("pass"), "c")
    assert late.open(sealed, "c") == Secret("pass")


def test_missing_key_says_what_to_do_and_makes_none(tmp_path: Path) -> None:
    sealed = Vault.load_or_create(tmp_path / "key", Disk()).seal(Secret("pass"), "c")
    (tmp_path / "key").unlink()
    with pytest.raises(DamagedError, match=r"is missing.*put it back from a backup"):
        Vault.load_or_create(tmp_path / "key", Disk()).open(sealed, "c")
    assert not (tmp_path / "key").exists()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    sealed = Vault.load_or_create(tmp_path / "a", Disk()).seal(Secret("pass"), "c")
    other = Vault.load_or_create(tmp_path / "b", Disk())
    other.seal(Secret("x"), "c")
    with pytest.raises(DamagedError, match="does not open with the key in"):
        other.open(sealed, "c")


@pytest.mark.parametrize("size", [0, 31, 33, 4096])
def test_key_of_the_wrong_size(tmp_path: Path, size: int) -> None:
    (tmp_path / "key").write_bytes(b"k" * size)
    with pytest.raises(DamagedError, match="not 32 bytes"):
        Vault.load_or_create(tmp_path / "key", Disk())
    assert (tmp_path / "key").stat().st_size == size


def test_key_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        Vault.load_or_create(tmp_path / "key", Disk())


def test_no_room_for_the_key_seals_nothing(tmp_path: Path) -> None:
    class FullDisk(Disk):
        def before(self, site: WriteSite, call: str, path: str) -> None:
            if site is WriteSite.KEY and call == "write":
                raise OSError(28, "No space left on device")

    with pytest.raises(DiskFullError):
        Vault.load_or_create(tmp_path / "key", FullDisk()).seal(Secret("pass"), "c")
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_it_prints_or_pickles(vault: Vault) -> None:
    vault.seal(Secret("pass"), "c")
    key = vault.key_path.read_bytes()
    assert key.hex() not in repr(vars(vault))
    with pytest.raises((TypeError, AttributeError)):
        pickle.dumps(vault)
    with pytest.raises(UsageError) as caught:
        vault.seal(Secret("hush\ud800"), "c")
    assert caught.value.__cause__ is None
    assert "hush" not in str(caught.value)
