"""Coming in: the first set-up with its token, and signing in with a password.

All of it blocks, for the hash and for the disk: call it in a thread.
"""

import hmac

from watchglass.access.errors import WrongPasswordError
from watchglass.access.password import (
    check_new,
    fits,
    hash_password,
    is_outdated,
    nobodys_hash,
)
from watchglass.access.right import Role
from watchglass.access.session import Sessions
from watchglass.access.throttle import Throttle
from watchglass.access.token import token_hash
from watchglass.access.users import clean_name, normal_name
from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import RefusedError
from watchglass.base.ids import random_id
from watchglass.base.secret import Secret
from watchglass.store.access import AccessStore, UserRow

ADMIN = "admin"
_LOG = log.get("access")


class Door:
    """Lets people in; ``who`` is where a try comes from, for the throttle."""

    def __init__(
        self, store: AccessStore, sessions: Sessions, clock: Clock, throttle: Throttle
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._throttle = throttle

    def is_set_up(self) -> bool:
        return self._store.has_user()

    def set_up(self, token: Secret, name: str, password: Secret, who: str) -> str:
        """Make the admin with the single-use token; the token of a session."""
        if self._store.has_user():
            raise RefusedError("This recorder is set up already: sign in.")
        name = clean_name(name)
        check_new(password)
        self._throttle.admit(who)
        now_ns = self._clock.wall_ns()
        hashed = token_hash(token.reveal())
        offered = self._store.setup_token()
        good = offered is not None and hmac.compare_digest(offered[0], hashed)
        if not good or offered is None or offered[1] <= now_ns:
            raise _no_setup(expired=good)
        user = UserRow(random_id(), name, hash_password(password), now_ns, Role.ADMIN.value)
        if not self._store.add_first_user(user, hashed, self._clock.wall_ns()):
            raise _no_setup(expired=False)
        self._throttle.succeeded(who)
        _LOG.info("set_up", user=user.id)
        self._sessions.refresh()
        return self._sessions.open(user.id)

    def sign_in(self, name: str, password: Secret, who: str) -> str:
        """The token of a new session; WrongPasswordError, or TooManyTriesError before it looks."""
        self._throttle.admit(who)
        user = self._store.user_named(normal_name(name))
        fit = fits(password, user.password_hash if user is not None else nobodys_hash())
        # Who is disabled learns no more than who guesses.
        if user is None or not fit or user.disabled:
            _LOG.warning("sign_in_refused", who=who)
            raise WrongPasswordError("Name or password is wrong: try again.")
        self._throttle.succeeded(who)
        if is_outdated(user.password_hash):
            self._store.set_password_hash(user.id, hash_password(password))
        _LOG.info("signed_in", user=user.id, who=who)
        self._sessions.refresh()  # else somebody whom another process has just added is nobody
        return self._sessions.open(user.id)


def _no_setup(*, expired: bool) -> WrongPasswordError:
    why = "The set-up link is too old" if expired else "The set-up link is not valid"
    return WrongPasswordError(f"{why}: start the recorder again, and open the link it prints.")
