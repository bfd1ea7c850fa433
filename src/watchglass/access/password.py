"""Passwords, hashed with Argon2id: some 50 ms and 64 MiB a call, so never in an event loop."""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from watchglass.base.errors import UsageError
from watchglass.base.secret import Secret

LEAST_CHARACTERS = 10
MOST_CHARACTERS = 256

# RFC 9106's second choice, for machines that are not made for this alone.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)


def check_new(password: Secret) -> None:
    """UsageError for one that is no good. Length is what counts; no rules for characters."""
    length = len(_normal(password))
    if length < LEAST_CHARACTERS:
        raise UsageError(
            f"The password is too short: take {LEAST_CHARACTERS} characters or more, such as four "
            "words."
        )
    if length > MOST_CHARACTERS:
        raise UsageError(f"The password is too long: {MOST_CHARACTERS} characters are the most.")
    if len(set(_normal(password))) < 4:
        raise UsageError("The password is the same few characters again and again: take another.")


def hash_password(password: Secret) -> str:
    """Argon2's own text, which carries its salt and costs."""
    return _HASHER.hash(_normal(password))


def fits(password: Secret, password_hash: str) -> bool:
    """Whether it is the password of this hash."""
    if len(password.reveal()) > MOST_CHARACTERS:
        return False
    try:
        return _HASHER.verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other costs than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _normal(password: Secret) -> str:
    # The same key on two keyboards may give two codings of one letter.
    return unicodedata.normalize("NFKC", password.reveal())


@cache
def nobodys_hash() -> str:
    """Tried for a name that does not exist, so that the time it takes does not tell."""
    return hash_password(Secret("nobody has this password"))
