"""Camera passwords, sealed under a key that lies outside the database.

A sealed value is a version byte, a nonce and AES-256-GCM's output. What it belongs to is
authenticated with it, so that a value copied to another row does not open there.
"""

import os
import threading
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import ConfigError, DamagedError, UsageError
from watchglass.base.secret import Secret

_KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_DOMAIN = b"watchglass vault 1\x00"


class Vault:
    """Seals and opens secrets. Thread-safe; neither key nor secret is ever printed.

    The key file is made at the first ``seal``, not before: a key that is missing because its disk
    is not mounted must not be replaced by a new one only because the product was started.
    """

    def __init__(self, key_path: Path, disk: Disk) -> None:
        self.key_path = key_path
        self._disk = disk
        self._lock = threading.Lock()
        self._cipher: AESGCM | None = None

    @classmethod
    def load_or_create(cls, key_path: Path, disk: Disk) -> "Vault":
        """The vault of a key file, which may be missing until something is sealed.

        ConfigError for a file that cannot be read, DamagedError for one of the wrong size.
        """
        vault = cls(key_path, disk)
        vault.has_key()
        return vault

    def has_key(self) -> bool:
        """Whether the key file is there (looked for again while it is not)."""
        with self._lock:
            return self._load() is not None

    def make_key(self) -> None:
        """Make the key file where there is none, and keep the key: for a process that is about to
        be fenced off it."""
        with self._lock:
            if self._load() is None:
                self._create()

    def seal(self, plain: Secret, context: str) -> bytes:
        """``plain`` for keeping; it opens again only with the same ``context``.

        Makes the key file, durably, where there is none. Two processes must not do so at the same
        moment: SiteStore calls this inside its write transaction.
        """
        try:
            text = plain.reveal().encode()
        except UnicodeEncodeError:
            # `from None`: the error's text would hold the secret.
            raise UsageError("The password is not valid text: type it again.") from None
        with self._lock:
            cipher = self._load() or self._create()
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + cipher.encrypt(nonce, text, _DOMAIN + context.encode())

    def open(self, sealed: bytes, context: str) -> Secret:
        """What was sealed for ``context``; DamagedError when it, or the key, is not the same."""
        with self._lock:
            cipher = self._load()
        if cipher is None:
            raise DamagedError(
                f"The key file {self.key_path} is missing, and passwords are sealed with it: "
                "put it back from a backup; if it is lost, erase the passwords and give them again."
            )
        start = len(_VERSION)
        nonce = sealed[start : start + _NONCE_BYTES]
        body = sealed[start + _NONCE_BYTES :]
        whole = sealed.startswith(_VERSION) and len(body) >= _TAG_BYTES
        try:
            if not whole:
                raise InvalidTag
            return Secret(cipher.decrypt(nonce, body, _DOMAIN + context.encode()).decode())
        except InvalidTag:
            raise DamagedError(
                f"A stored password ({context}) does not open with the key in {self.key_path}: "
                "put back the key file it was sealed with, or give the password again."
            ) from None

    def _load(self) -> AESGCM | None:
        if self._cipher is None:
            key = self._read()
            self._cipher = None if key is None else AESGCM(key)
        return self._cipher

    def _create(self) -> AESGCM:
        self._disk.make_folders(WriteSite.KEY, self.key_path.parent, 0o700)
        key = os.urandom(_KEY_BYTES)
        self._disk.write_whole(WriteSite.KEY, self.key_path, key, 0o600)
        self._cipher = AESGCM(key)
        return self._cipher

    def _read(self) -> bytes | None:
        try:
            with self.key_path.open("rb") as file:
                key = file.read(_KEY_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(
                f"The key file {self.key_path} cannot be read ({error.strerror}): it must be a "
                "file of the user that runs Watchglass."
            ) from error
        if len(key) != _KEY_BYTES:
            raise DamagedError(
                f"The key file {self.key_path} is not {_KEY_BYTES} bytes long: put it back from a "
                "backup; if no camera has a password yet, remove it."
            )
        return key
