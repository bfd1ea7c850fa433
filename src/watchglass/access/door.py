"""Coming in: the first set-up with its token, and signing in with a password.

All of it blocks, for the hash and for the disk: call it in a thread.
"""

import hmac
from dataclasses import dataclass

from watchglass.access.errors import SecondFactorError, WrongPasswordError
from watchglass.access.password import (
    check_new,
    fits,
    hash_password,
    is_outdated,
    nobodys_hash,
)
from watchglass.access.right import Role
from watchglass.access.second_factor import SecondFactors
from watchglass.access.session import Sessions
from watchglass.access.throttle import Key, Throttle, Whose, address_key
from watchglass.access.token import new_token, token_hash
from watchglass.access.users import clean_name, normal_name
from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import RefusedError
from watchglass.base.ids import random_id
from watchglass.base.secret import Secret
from watchglass.store.access import AccessStore, UserRow

ADMIN = "admin"
_MOST_DEVICES = 20
_LOG = log.get("access")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who knocks: an address, what the browser calls itself, and the token that it got when
    somebody signed in with it before."""

    address: str
    agent: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """Tokens of a session, and of the browser that it is in; told nowhere else."""

    session: str
    device: str


class Door:
    """Lets people in."""

    def __init__(
        self,
        store: AccessStore,
        sessions: Sessions,
        clock: Clock,
        throttle: Throttle,
        factors: SecondFactors,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._throttle = throttle
        self._factors = factors

    def is_set_up(self) -> bool:
        return self._store.has_user()

    def set_up(self, token: Secret, name: str, password: Secret, who: Visitor) -> Entered:
        """Make the admin with the single-use token."""
        if self._store.has_user():
            raise RefusedError("This recorder is set up already: sign in.")
        name = clean_name(name)
        check_new(password)
        keys = [address_key(who.address)]
        self._throttle.admit(keys)
        now_ns = self._clock.wall_ns()
        hashed = token_hash(token.reveal())
        offered = self._store.setup_token()
        good = offered is not None and hmac.compare_digest(offered[0], hashed)
        if not good or offered is None or offered[1] <= now_ns:
            raise _no_setup(expired=good)
        user = UserRow(random_id(), name, hash_password(password), now_ns, Role.ADMIN.value)
        if not self._store.add_first_user(user, hashed, self._clock.wall_ns()):
            raise _no_setup(expired=False)
        self._throttle.succeeded(keys)
        _LOG.info("set_up", user=user.id)
        return self._entered(user, who)

    def sign_in(self, name: str, password: Secret, who: Visitor, code: str = "") -> Entered:
        """WrongPasswordError; SecondFactorError where the password is right and a code is wanted;
        TooManyTriesError before anything is looked at."""
        name = normal_name(name)
        user = self._store.user_named(name)
        keys = self._keys(name, user, who)
        self._throttle.admit(keys)
        fit = fits(password, user.password_hash if user is not None else nobodys_hash())
        # Who is disabled learns no more than who guesses.
        if user is None or not fit or user.disabled:
            _LOG.warning("sign_in_refused", who=who.address)
            raise WrongPasswordError("Name or password is wrong: try again.")
        if user.totp_sealed is not None:
            self._check_code(user, code, who, keys)
        self._throttle.succeeded(keys)
        if is_outdated(user.password_hash):
            self._store.set_password_hash(user.id, hash_password(password))
        _LOG.info("signed_in", user=user.id, who=who.address)
        return self._entered(user, who)

    def confirm(self, user: str, password: Secret, who: Visitor) -> None:
        """That it still is the same person, before something is changed that opens the door;
        WrongPasswordError, TooManyTriesError."""
        row = self._store.user(user)
        keys = [(Whose.DEVICE, f"confirms {user}"), address_key(who.address)]
        self._throttle.admit(keys)
        if row is None or not fits(password, row.password_hash):
            raise WrongPasswordError("The password is wrong: type the one you sign in with.")
        self._throttle.succeeded(keys)

    def _check_code(self, user: UserRow, code: str, who: Visitor, keys: list[Key]) -> None:
        if not code.strip():
            self._throttle.refund(keys)
            raise SecondFactorError("Type the code of your authenticator app.")
        if not self._factors.fits(user, code):
            _LOG.warning("code_refused", who=who.address)
            raise WrongPasswordError(
                "The code is wrong, or was used before: wait for the next one, and type that."
            )

    def _keys(self, name: str, user: UserRow | None, who: Visitor) -> list[Key]:
        if user is not None and who.device:
            hashed = token_hash(who.device)
            if self._store.knows_device(user.id, hashed):
                return [(Whose.DEVICE, hashed)]
        return [address_key(who.address), (Whose.ACCOUNT, name)]

    def _entered(self, user: UserRow, who: Visitor) -> Entered:
        known = who.device and self._store.knows_device(user.id, token_hash(who.device))
        device = who.device if known else new_token()
        self._store.know_device(user.id, token_hash(device), self._clock.wall_ns(), _MOST_DEVICES)
        self._sessions.refresh()  # else somebody whom another process has just added is nobody
        return Entered(self._sessions.open(user.id, who.address, who.agent), device)


def _no_setup(*, expired: bool) -> WrongPasswordError:
    why = "The set-up link is too old" if expired else "The set-up link is not valid"
    return WrongPasswordError(f"{why}: start the recorder again, and open the link it prints.")
