"""The report's signature: Ed25519, by a key that signs reports and nothing else.

The signature stands in the last line of the HTML file, as a comment. It covers a statement: the
SHA-256 of all bytes before that line, of each file that belongs to the report, when it was signed
and by which key. So one signature holds for the page and its machine-readable twins.

A signature proves that nothing was changed since somebody with that key signed it. Who that is, is
for the reader to find out: without a fingerprint that he had from elsewhere the signer is unknown.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, StorageError

FILE_NAME = "report.key"
MOST_BYTES = 256 * 1024 * 1024
_KEY_BYTES = 32
_DOMAIN = b"watchglass report 1\x00"
_BEGINS = b"\n<!-- watchglass-signature "
_ENDS = b" -->\n"
_MOST_LINE = 64 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the last line says. ``files``: SHA-256 of the twins, by name."""

    key: str
    signed_ns: int
    sha256: str
    files: dict[str, str]
    signature: str = ""


class Standing(StrEnum):
    """What a look at a report finds."""

    INTACT = "intact"
    """Signed by the key whose fingerprint was given."""
    UNKNOWN_SIGNER = "unknown_signer"
    """Nothing was changed since somebody signed it, and who that is was not said."""
    OTHER_SIGNER = "other_signer"
    CHANGED = "changed"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Verified:
    """``files``: each twin, and whether it is as signed; None where it is not there."""

    standing: Standing
    sentence: str
    fingerprint: str = ""
    signed_ns: int = 0
    files: tuple[tuple[str, bool | None], ...] = ()


class ReportKey:
    """The private key; it prints nothing of itself."""

    __slots__ = ("_private", "public_hex")

    def __init__(self, raw: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(raw)
        self.public_hex = self._private.public_key().public_bytes_raw().hex()

    @classmethod
    def load_or_create(cls, folder: Path, disk: Disk) -> "ReportKey":
        """The key in a folder, made there (0600) where there is none."""
        path = folder / FILE_NAME
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            raw = Ed25519PrivateKey.generate().private_bytes_raw()
            disk.make_folders(WriteSite.KEY, folder, 0o700)
            disk.write_whole(WriteSite.KEY, path, raw, 0o600)
        except OSError as error:
            raise StorageError(f"Reading {path} failed ({error}): check its owner.") from error
        if len(raw) != _KEY_BYTES:
            raise DamagedError(f"{path} is not a key: bring it back from a backup.")
        return cls(raw)

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.public_hex)

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)

    def __repr__(self) -> str:
        return f"ReportKey({self.fingerprint[:16]})"


def fingerprint_of(public_hex: str) -> str:
    """SHA-256 of the public key: what people compare."""
    return hashlib.sha256(bytes.fromhex(public_hex)).hexdigest()


def sign_page(page: bytes, files: Mapping[str, bytes], key: ReportKey, signed_ns: int) -> bytes:
    """The page with its signature as the last line."""
    body = page.rstrip(b"\n")
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    signed = Signed(key.public_hex, signed_ns, hashlib.sha256(body).hexdigest(), hashes)
    whole = msgspec.structs.replace(signed, signature=key.sign(_statement(signed)).hex())
    return body + _BEGINS + msgspec.json.encode(whole) + _ENDS


def verify_page(
    page: bytes, files: Mapping[str, bytes | None] | None = None, fingerprint: str = ""
) -> Verified:
    """What a page's signature says. ``files`` are twins that lie beside it, by name."""
    body, begins, line = page.rpartition(_BEGINS)
    if not begins or not line.endswith(_ENDS) or len(line) > _MOST_LINE:
        return Verified(Standing.UNSIGNED, "This is no signed report: its last line holds no "
                        "signature.")  # fmt: skip
    try:
        signed = msgspec.json.decode(line.removesuffix(_ENDS), type=Signed)
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.key))
        if msgspec.json.encode(signed) != line.removesuffix(_ENDS) or not all(
            _NAME.fullmatch(name) for name in signed.files
        ):
            raise ValueError
        public.verify(bytes.fromhex(signed.signature), _statement(signed))
    except (msgspec.DecodeError, msgspec.ValidationError, InvalidSignature, ValueError):
        return Verified(Standing.CHANGED, "The signature is not valid: do not rely on this report.")
    if hashlib.sha256(body).hexdigest() != signed.sha256:
        return Verified(Standing.CHANGED, "The page was changed after it was signed: do not rely "
                        "on it.")  # fmt: skip
    return _signer(signed, files or {}, fingerprint)


def twins_of(page: bytes) -> tuple[str, ...]:
    """The names of files that a page says belong to it, to look for them beside it."""
    _, begins, line = page.rpartition(_BEGINS)
    try:
        signed = msgspec.json.decode(line.removesuffix(_ENDS), type=Signed) if begins else None
    except msgspec.DecodeError:
        return ()
    return tuple(name for name in signed.files if _NAME.fullmatch(name)) if signed else ()


def _signer(signed: Signed, files: Mapping[str, bytes | None], fingerprint: str) -> Verified:
    its = fingerprint_of(signed.key)
    twins = tuple(
        (name, _same(files.get(name), sha256)) for name, sha256 in sorted(signed.files.items())
    )
    found = Verified(Standing.INTACT, "", its, signed.signed_ns, twins)
    changed = [name for name, same in twins if same is False]
    wanted = re.sub(r"[^0-9a-f]", "", fingerprint.lower())
    if changed:
        standing, told = Standing.CHANGED, f"{', '.join(changed)} was changed after it was signed."
    elif not wanted:
        standing = Standing.UNKNOWN_SIGNER
        told = (
            "Nothing was changed since it was signed, by an unknown signer: compare the "
            "fingerprint with one that you have from elsewhere."
        )
    elif wanted == its:
        standing, told = Standing.INTACT, "Nothing was changed since the key you named signed it."
    else:
        standing = Standing.OTHER_SIGNER
        told = "It was signed by another key than the one you named: do not rely on it."
    return Verified(standing, told, found.fingerprint, found.signed_ns, found.files)


def _same(data: bytes | None, sha256: str) -> bool | None:
    return None if data is None else hashlib.sha256(data).hexdigest() == sha256


def _statement(signed: Signed) -> bytes:
    plain: dict[str, Any] = {
        "files": dict(signed.files), "key": signed.key, "sha256": signed.sha256,
        "signed_ns": str(signed.signed_ns),
    }  # fmt: skip
    return _DOMAIN + rfc8785.dumps(plain)
