"""Commitments: how a ledger names a text of a person or a camera without holding it.

The text lies beside the ledger with its salt, and can be erased there; what is left in the ledger
then says only that there was one. Without the salt nobody can try out likely texts.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, StorageError
from watchglass.recording.canonical import canonical_line, decimal, parsed_object

SALT_BYTES = 32
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Commitment:
    """A text, its salt (32 bytes), and the hash over both that goes into a ledger."""

    hex: str
    salt: bytes
    text: str


def commit(text: str, salt: bytes | None = None) -> Commitment:
    """Commit to a text with a new random salt; a given one (32 bytes) is for checking."""
    chosen = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    if len(chosen) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(chosen)}")
    digest = hashlib.sha256(b"\x02" + chosen + text.encode("utf-8"))
    return Commitment(digest.hexdigest(), chosen, text)


class TextStore:
    """The folder ``texts`` of a ledger: one small file for each commitment."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def put(self, commitment: Commitment, t_ns: int, *, personal: bool) -> None:
        """Keep a text, durably; before the line that names it is written.

        ``t_ns`` is UTC now. ``personal``: it says who did something or why, and is forgotten in
        time (see `forget`).
        """
        path = self._path(commitment.hex)
        fields: dict[str, object] = {"salt": commitment.salt.hex(), "text": commitment.text}
        if personal:
            fields["personal"] = str(t_ns)
        data = canonical_line(fields) + b"\n"
        self._disk.make_folders(WriteSite.LEDGER_TEXT, self._folder, 0o700)
        self._disk.write_whole(WriteSite.LEDGER_TEXT, path, data, 0o600)

    def get(self, hex: str) -> str | None:
        """The text of a commitment; None when it was erased, DamagedError when it is another."""
        path = self._path(hex)
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"Reading {path} failed ({error}): check the disk.") from error
        fields = parsed_object(raw)
        salt, text = fields.get("salt"), fields.get("text")
        if not isinstance(salt, str) or not _HEX.fullmatch(salt) or not isinstance(text, str):
            raise DamagedError(f"{path} holds no text with its salt.")
        if commit(text, bytes.fromhex(salt)).hex != hex:
            raise DamagedError(f"{path} holds another text than the ledger names.")
        return text

    def erase(self, hex: str) -> bool:
        """Remove a text for good, durably; False when it was not there."""
        if not self._disk.unlink(WriteSite.LEDGER_TEXT, self._path(hex)):
            return False
        self._disk.sync_folder(WriteSite.LEDGER_TEXT, self._folder)
        return True

    def forget(self, before_ns: int, most: int) -> int:
        """Erase personal texts from before then (UTC), at most so many; how many went, durably.

        One that cannot be read stays; StorageError when the disk fails.
        """
        gone = 0
        for path in self._all():
            since_ns = _personal_since(path)
            if since_ns is None or since_ns >= before_ns:
                continue
            gone += self._disk.unlink(WriteSite.LEDGER_TEXT, path)
            if gone >= most:
                break
        if gone:
            self._disk.sync_folder(WriteSite.LEDGER_TEXT, self._folder)
        return gone

    def _all(self) -> list[Path]:
        try:
            return sorted(self._folder.glob("*.json"))
        except OSError as error:
            raise StorageError(f"Reading {self._folder} failed ({error}).") from error

    def _path(self, hex: str) -> Path:
        if not _HEX.fullmatch(hex):
            raise DamagedError(f"{hex!r:.80} is not a commitment.")
        return self._folder / f"{hex}.json"


def _personal_since(path: Path) -> int | None:
    """When a text of that kind was kept (UTC ns); None for another, and for what is no text."""
    try:
        fields = parsed_object(path.read_bytes())
        return decimal(fields["personal"]) if "personal" in fields else None
    except (OSError, DamagedError):
        return None
