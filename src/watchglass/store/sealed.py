"""Secrets that leave the machine: sealed under a passphrase, and bound to what lies beside them.

The passphrase is stretched with scrypt; AES-256-GCM seals. A second, empty box under the same key
tells a wrong passphrase from bytes that were changed.
"""

import os

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from watchglass.base.errors import ConfigError, DamagedError, UsageError
from watchglass.base.secret import Secret

FORMAT = 1
LEAST_LETTERS = 8
_SALT_BYTES, _NONCE_BYTES = 16, 12
_R, _P = 8, 1
_DEFAULT_N = 1 << 17
_MOST_N = 1 << 20  # 1 GiB: a file of a stranger must not take more
_CHECK = b"watchglass sealed 1 check"
_BOX = b"watchglass sealed 1 box\x00"


class _Sealed(msgspec.Struct, frozen=True):
    format: int
    kdf: str
    n: int
    r: int
    p: int
    salt: bytes
    check_nonce: bytes
    check: bytes
    nonce: bytes
    box: bytes


def seal(plain: bytes, passphrase: Secret, bound_to: bytes, *, n: int | None = None) -> bytes:
    """``plain`` under a passphrase; it opens only beside the same ``bound_to``.

    ``n`` is scrypt's cost; 2**17, unless told, takes 128 MiB and half a second.
    """
    n = _DEFAULT_N if n is None else n
    if len(passphrase.reveal()) < LEAST_LETTERS:
        raise UsageError(f"A passphrase has {LEAST_LETTERS} letters or more: choose a longer one.")
    salt, check_nonce, nonce = os.urandom(_SALT_BYTES), *(os.urandom(_NONCE_BYTES) for _ in "cn")
    cipher = _cipher(passphrase, salt, n, _R, _P)
    return msgspec.json.encode(
        _Sealed(
            FORMAT, "scrypt", n, _R, _P, salt, check_nonce,
            cipher.encrypt(check_nonce, b"", _CHECK), nonce,
            cipher.encrypt(nonce, plain, _BOX + bound_to),
        )
    )  # fmt: skip


def unseal(data: bytes, passphrase: Secret, bound_to: bytes) -> bytes:
    """What was sealed.

    UsageError for another passphrase, DamagedError for changed bytes, ConfigError for a newer form.
    """
    try:
        found = msgspec.json.decode(data, type=_Sealed)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"The sealed keys cannot be read ({error}).") from error
    if found.format != FORMAT or found.kdf != "scrypt":
        raise ConfigError("A newer Watchglass sealed these keys: restore with that version.")
    power_of_two = found.n & (found.n - 1) == 0
    if not (2 <= found.n <= _MOST_N and power_of_two) or (found.r, found.p) != (_R, _P):
        raise DamagedError("The sealed keys ask for a cost that cannot be.")
    cipher = _cipher(passphrase, found.salt, found.n, found.r, found.p)
    try:
        cipher.decrypt(found.check_nonce, found.check, _CHECK)
    except (InvalidTag, ValueError):
        raise UsageError(
            "This is not the passphrase that the backup's keys are sealed with: give the right one."
        ) from None
    try:
        return cipher.decrypt(found.nonce, found.box, _BOX + bound_to)
    except (InvalidTag, ValueError):
        raise DamagedError(
            "The backup was changed after it was made: its parts are not those that its keys were "
            "sealed with."
        ) from None


def _cipher(passphrase: Secret, salt: bytes, n: int, r: int, p: int) -> AESGCM:
    text = passphrase.reveal().encode("utf-8", "surrogatepass")
    return AESGCM(Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(text))
