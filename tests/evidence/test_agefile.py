"""Files under a passphrase: opened by another program of the same format, and the other way."""

import io
from pathlib import Path

import pyrage.passphrase
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, RefusedError, UsageError
from watchglass.base.secret import Secret
from watchglass.evidence.agefile import (
    decrypt_file,
    decrypted,
    encrypt_file,
    encrypted,
    is_encrypted,
    new_passphrase,
)

WORDS = Secret("correct horse battery staple")
PIECE = 64 << 10


def sealed(plain: bytes, passphrase: Secret = WORDS, step: int = 1000) -> bytes:
    pieces = (plain[at : at + step] for at in range(0, len(plain), step))
    return b"".join(encrypted(pieces, passphrase, log_n=10))


def opened(data: bytes, passphrase: Secret = WORDS) -> bytes:
    return b"".join(decrypted(io.BytesIO(data), passphrase))


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 17])
def test_another_program_opens_it(length: int) -> None:
    plain = bytes(range(256)) * (length // 256 + 1)
    plain = plain[:length]
    assert pyrage.passphrase.decrypt(sealed(plain, step=70_001), WORDS.reveal()) == plain
    assert opened(sealed(plain)) == plain


@pytest.mark.full
def test_what_another_program_made_opens() -> None:
    plain = b"x" * (PIECE + 5)
    assert opened(pyrage.passphrase.encrypt(plain, WORDS.reveal())) == plain


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_told(at: int, flip: int) -> None:
    data = SEALED[: at % len(SEALED)] + bytes([SEALED[at % len(SEALED)] ^ flip])
    data += SEALED[at % len(SEALED) + 1 :]
    with pytest.raises((DamagedError, UsageError)):
        opened(data)


SEALED = sealed(b"what was recorded" * 5000)


def test_a_cut_end_is_told() -> None:
    for cut in (1, 16, 17, PIECE, len(SEALED) - 200, len(SEALED)):
        with pytest.raises(DamagedError):
            opened(SEALED[: len(SEALED) - cut])
    pieces = SEALED[: len(SEALED) - (5000 * 17 - PIECE + 16)]
    with pytest.raises(DamagedError):
        opened(pieces)


def test_hostile_headers_take_nothing() -> None:
    head = b"age-encryption.org/v1\n-> scrypt " + b"A" * 22
    for rest in (
        b" 30\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n",
        b"A" * 100_000,
        b" 99999\n",
        b"\n",
    ):
        with pytest.raises(DamagedError):
            opened(head + rest)


def test_files(tmp_path: Path) -> None:
    plain, secret, back = (tmp_path / name for name in ("a.zip", "a.zip.age", "b.zip"))
    plain.write_bytes(b"z" * 200_000)
    words = new_passphrase()
    encrypt_file(plain, secret, words, Disk())
    assert is_encrypted(secret)
    assert not is_encrypted(plain)
    with pytest.raises(RefusedError):
        encrypt_file(plain, secret, words, Disk())
    with pytest.raises(UsageError, match="another one"):
        decrypt_file(secret, back, WORDS, Disk())
    secret.write_bytes(secret.read_bytes()[:-1])
    with pytest.raises(DamagedError):
        decrypt_file(secret, back, words, Disk())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "a.zip.age"]


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(UsageError, match="12"):
        sealed(b"", Secret("short"))
