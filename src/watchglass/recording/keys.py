"""The key that signs heads: Ed25519, 32 raw bytes in a file that only its owner reads."""

import hashlib
import re
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, StorageError, UsageError

FILE_NAME = "signing.key"
RETIRED = "retired.key"
"""The key before, until every ledger names the new one, vouched for by it."""
ALGORITHM = "ed25519"
KEY_BYTES = 32
_SHA256 = re.compile(r"[0-9a-f]{64}")


def fingerprint_of(public_hex: str) -> str:
    """The SHA-256 of a public key, hex: what people compare."""
    return hashlib.sha256(bytes.fromhex(public_hex)).hexdigest()


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


def key_statement(ledger: str, public_hex: str) -> bytes:
    """What a key signs of the one that comes after it."""
    return f"watchglass.key.v1\n{ledger}\n{public_hex}\n".encode()


def drop_retired(folder: Path, disk: Disk) -> None:
    """The key before is gone for good."""
    disk.unlink(WriteSite.KEY, folder / RETIRED)


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

    def renewed(self, folder: Path, disk: Disk) -> "SigningKey":
        """A new key in the place of this one, durably. This one lies beside it as `RETIRED`, until
        ``drop_retired``: so that a crash leaves no ledger without its word for the new one."""
        disk.write_whole(WriteSite.KEY, folder / RETIRED, self._private.private_bytes_raw(), 0o600)
        return self._create(folder / FILE_NAME, disk)

    @classmethod
    def retired(cls, folder: Path) -> "SigningKey | None":
        """The key before, where the change to this one was cut short."""
        try:
            raw = (folder / RETIRED).read_bytes()
        except OSError:
            return None
        return cls(raw) if len(raw) == KEY_BYTES else None

    def line(self, ledger: str, before: "SigningKey | None" = None) -> dict[str, str]:
        """The fields of the ledger's line that names this key; vouched for by the one before."""
        named = {"key": self.key_id, "algorithm": ALGORITHM, "public_key": self.public_hex}
        if before is None:
            return named
        return named | {"vouch": before.sign(key_statement(ledger, self.public_hex)).hex()}

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
