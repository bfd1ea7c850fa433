"""The second factor: a code of an authenticator app, or one of ten codes for when it is lost.

All of it blocks: call it in a thread.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from watchglass.access.directory import text_of
from watchglass.access.errors import WrongPasswordError
from watchglass.access.qr import qr_svg
from watchglass.access.token import token_hash
from watchglass.access.totp import SECRET_BYTES, is_code, secret_text, step_of, uri
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.secret import Secret
from watchglass.store.access import AccessStore, UserRow
from watchglass.store.vault import Vault

ISSUER = "Watchglass"
_RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike; 16 of them are 79 bits."""
_BEGUN_NS = 900 * NS_PER_S
_MOST_BEGUN = 100
_LOG = log.get("access")

Hashes: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is given, as text and as a picture; told this once."""

    secret: Secret
    uri: Secret
    svg: Secret


class SecondFactors:
    """Thread-safe. What is begun and not confirmed is forgotten after a quarter of an hour."""

    def __init__(self, store: AccessStore, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: OrderedDict[str, tuple[bytes, int]] = OrderedDict()

    def begin(self, user: str) -> Enrolment:
        """A new secret, which counts once ``confirm`` was told a code of it."""
        row = self._row(user)
        if row.totp_sealed is not None:
            raise RefusedError("There is a second factor already: take it away first.")
        secret = secrets.token_bytes(SECRET_BYTES)
        with self._lock:
            self._begun[user] = secret, self._clock.monotonic_ns()
            self._begun.move_to_end(user)
            while len(self._begun) > _MOST_BEGUN:
                self._begun.popitem(last=False)
        link = uri(secret, row.name, ISSUER)
        return Enrolment(Secret(secret_text(secret)), Secret(link), Secret(qr_svg(link)))

    def confirm(self, user: str, code: str) -> list[str]:
        """The second factor holds from now on; the codes for when it is lost, told this once."""
        with self._lock:
            secret, since_ns = self._begun.get(user, (b"", 0))
        if not secret or self._clock.monotonic_ns() - since_ns > _BEGUN_NS:
            raise RefusedError("That took too long: begin again.")
        step = step_of(secret, code.strip(), self._clock.wall_ns())
        if step is None:
            raise WrongPasswordError(
                "This is not the code of now: see that the phone's clock is right, and type the "
                "newest."
            )
        codes = ["-".join(_word() for _ in range(4)) for _ in range(_RECOVERY_CODES)]
        sealed = self._vault.seal(Secret(secret.hex()), _context(user))
        hashes: Hashes = tuple(token_hash(_plain(each)) for each in codes)
        self._store.set_totp(user, sealed, step, text_of(hashes))
        with self._lock:
            self._begun.pop(user, None)
        _LOG.info("second_factor_set", user=user)
        return codes

    def fits(self, row: UserRow, code: str) -> bool:
        """Whether it is a code that was not used before; it is used from now on."""
        assert row.totp_sealed is not None
        text = code.strip()
        if is_code(text):
            secret = bytes.fromhex(self._vault.open(row.totp_sealed, _context(row.id)).reveal())
            step = step_of(secret, text, self._clock.wall_ns())
            return step is not None and self._store.use_totp_step(row.id, step)
        hashes = msgspec.json.decode(row.recovery, type=Hashes)
        left = tuple(each for each in hashes if each != token_hash(_plain(text)))
        if len(left) == len(hashes):
            return False
        _LOG.warning("recovery_code_used", user=row.id, left=len(left))
        return self._store.use_recovery(row.id, row.recovery, text_of(left))

    def _row(self, user: str) -> UserRow:
        row = self._store.user(user)
        if row is None:
            raise NotFoundError("There is no such user.")
        return row


def _word() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def _plain(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter.isalnum())


def _context(user: str) -> str:
    return f"user/{user}/totp"
