"""The key that signs heads: Ed25519, 32 raw bytes in a file that only its owner reads."""

import hashlib
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, StorageError, UsageError

FILE_NAME = "signing.key"
ALGORITHM = "ed25519"
KEY_BYTES = 32
_SHA256 = re.compile(r"[0-9a-f]{64}")


def key_id_of(public_hex: str) -> str:
    """Id of a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(bytes.fromhex(public_hex)).hexdigest()[:16]


def bundle_statement(manifest: str) -> bytes:
    """What is signed of an evidence bundle: the SHA-256 (hex) of its manifest, under a domain of
    its own. UsageError for anything else: the keeper signs nothing that it is only told to."""
    if not _SHA256.fullmatch(manifest):
        raise UsageError("What is to be signed is not the SHA-256 of a manifest.")
    return b"watchglass.bundle.v1\n" + manifest.encode() + b"\n"


def statement_bytes(kind: str, sha256: str) -> bytes:
    """What is signed of a receipt or another document of the recorder's own: its kind and its
    SHA-256 (hex), under a domain of their own."""
    if not _SHA256.fullmatch(sha256):
        raise UsageError("What is to be signed is not the SHA-256 of a document.")
    return f"watchglass.statement.v1\n{kind}\n{sha256}\n".encode()


class SigningKey:
    """The private key; it prints nothing of itself."""

    __slots__ = ("_private", "key_id", "public_hex")

    def __init__(self, raw: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(raw)
        self.public_hex = self._private.public_key().public_bytes_raw().hex()
        self.key_id = key_id_of(self.public_hex)

    @classmethod
    def load_or_create(cls, folder: Path, disk: Disk) -> "SigningKey":
        """The key of a state folder's ``keys``, made (durably, 0600) where there is none.

        DamagedError when the file is not a key: a new one is never made over it.
        """
        path = folder / FILE_NAME
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return cls._create(path, disk)
        except OSError as error:
            raise StorageError(f"Reading {path} failed ({error}): check its owner.") from error
        if len(raw) != KEY_BYTES:
            raise DamagedError(f"{path} is not a signing key: bring it back from a backup.")
        return cls(raw)

    @classmethod
    def _create(cls, path: Path, disk: Disk) -> "SigningKey":
        raw = Ed25519PrivateKey.generate().private_bytes_raw()
        disk.make_folders(WriteSite.KEY, path.parent, 0o700)
        disk.write_whole(WriteSite.KEY, path, raw, 0o600)
        return cls(raw)

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._private.sign(data)

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id})"


def verify_signature(public_hex: str, data: bytes, sig_hex: str) -> bool:
    """Whether ``sig_hex`` is that key's signature of ``data``; False for anything malformed."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
        public.verify(bytes.fromhex(sig_hex), data)
    except (InvalidSignature, ValueError):
        return False
    return True
