"""Files under a passphrase, in the age format (age-encryption.org/v1): scrypt, then pieces of
64 KiB by ChaCha20-Poly1305. `age`, `rage` and others open them. Memory holds one piece.
"""

import base64
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import (
    DamagedError,
    NotFoundError,
    RefusedError,
    StorageError,
    UsageError,
)
from watchglass.base.secret import Secret

MAGIC = b"age-encryption.org/v1\n"
LEAST_LETTERS = 12
_PIECE, _TAG = 64 << 10, 16
_LOG_N, _MOST_LOG_N = 16, 20
_STANZA = re.compile(rb"-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n([A-Za-z0-9+/]{43})\n")
_SITE = WriteSite.EVIDENCE
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_passphrase() -> Secret:
    """One to be read out by telephone: 24 letters, 118 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(6))
    return Secret("-".join(groups))


def is_encrypted(path: Path) -> bool:
    """Whether a file is in the age format, by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def encrypted(pieces: Iterable[bytes], passphrase: Secret, log_n: int = _LOG_N) -> Iterator[bytes]:
    """What the pieces hold, encrypted; ``2**log_n`` KiB of memory for the passphrase.

    UsageError for a passphrase that is too short.
    """
    if len(passphrase.reveal()) < LEAST_LETTERS:
        raise UsageError(f"A passphrase has {LEAST_LETTERS} letters or more: choose a longer one.")
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    wrap = ChaCha20Poly1305(_wrap_key(passphrase, salt, log_n))
    body = wrap.encrypt(bytes(12), file_key, None)
    head = MAGIC + b"-> scrypt " + _b64(salt) + f" {log_n}\n".encode() + _b64(body) + b"\n---"
    yield head + b" " + _b64(_mac(file_key, head)) + b"\n" + nonce
    cipher = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload"))
    number, held = 0, b""
    for piece in pieces:
        held += piece
        while len(held) > _PIECE:  # the last one is marked, so one is always kept back
            yield cipher.encrypt(_nonce(number, last=False), held[:_PIECE], None)
            number, held = number + 1, held[_PIECE:]
    yield cipher.encrypt(_nonce(number, last=True), held, None)


def decrypted(file: BinaryIO, passphrase: Secret) -> Iterator[bytes]:
    """What was encrypted, piece by piece. Only when it ends without an error is it whole.

    UsageError for a wrong passphrase, DamagedError for a file that was changed or cut.
    """
    if file.readline(100) != MAGIC:
        raise DamagedError("This is no file in the age format.")
    stanza = file.readline(100) + file.readline(100)
    found, last = _STANZA.fullmatch(stanza), file.readline(100)
    if found is None or not last.startswith(b"--- ") or not last.endswith(b"\n"):
        raise DamagedError("This file is not encrypted with a passphrase alone, or was changed.")
    salt, log_n, body = _raw(found[1]), int(found[2]), _raw(found[3])
    if log_n > _MOST_LOG_N:
        raise DamagedError("To open this file would take more memory than any of ours does.")
    try:
        key = _wrap_key(passphrase, salt, log_n)
        file_key = ChaCha20Poly1305(key).decrypt(bytes(12), body, None)
    except InvalidTag as error:
        raise UsageError("The passphrase is another one.") from error
    mac = _raw(last[4:-1])
    if not hmac.compare_digest(mac, _mac(file_key, MAGIC + stanza + b"---")):
        raise DamagedError("The file was changed: its header is not the one that was written.")
    nonce = file.read(16)
    cipher, number = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload")), 0
    held = file.read(_PIECE + _TAG)
    while True:
        following = file.read(_PIECE + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), held, None)
        except InvalidTag as error:
            raise DamagedError("The file was changed, or its end is missing.") from error
        if not following:
            return
        number, held = number + 1, following


def encrypt_file(
    source: Path, target: Path, passphrase: Secret, disk: Disk,
    progress: Callable[[int], None] = lambda count: None,
) -> None:  # fmt: skip
    """Write ``source`` encrypted to ``target``, which is there only when it is whole."""
    _through(encrypted(_read(source, progress), passphrase), target, disk)


def decrypt_file(source: Path, target: Path, passphrase: Secret, disk: Disk) -> None:
    """The other way round; nothing is at ``target`` where it fails."""
    try:
        with source.open("rb") as file:
            _through(decrypted(file, passphrase), target, disk)
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file {source}.") from error
    except OSError as error:
        raise StorageError(f"Reading {source} failed ({error}): check the disk.") from error


def _read(source: Path, progress: Callable[[int], None]) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            while piece := file.read(1 << 20):
                yield piece
                progress(len(piece))
    except OSError as error:
        raise StorageError(f"Reading {source} failed ({error}): check the disk.") from error


def _through(pieces: Iterator[bytes], target: Path, disk: Disk) -> None:
    if target.exists():
        raise RefusedError(f"{target} is there already: choose another name.")
    partial, length = target.with_name(f".{target.name}.part"), 0
    disk.unlink(_SITE, partial)
    fd = disk.create(_SITE, partial, 0o600)
    try:
        try:
            for piece in pieces:
                disk.write_at(_SITE, fd, piece, length, str(target))
                length += len(piece)
            disk.sync_file(_SITE, fd, str(target))
        finally:
            os.close(fd)
    except BaseException:
        disk.unlink(_SITE, partial)
        raise
    disk.replace(_SITE, partial, target)
    disk.sync_folder(_SITE, target.absolute().parent)


def _wrap_key(passphrase: Secret, salt: bytes, log_n: int) -> bytes:
    salted = b"age-encryption.org/v1/scrypt" + salt
    return Scrypt(salted, 32, 1 << log_n, 8, 1).derive(passphrase.reveal().encode())


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(key)


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_hkdf(file_key, b"", b"header"), header, "sha256")


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _b64(raw: bytes) -> bytes:
    return base64.b64encode(raw).rstrip(b"=")


def _raw(text: bytes) -> bytes:
    try:
        raw = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except ValueError:
        raw = b""
    if _b64(raw) != text:  # one form alone: bits behind the last count, too
        raise DamagedError("The file was changed: its header is not of its form.")
    return raw
