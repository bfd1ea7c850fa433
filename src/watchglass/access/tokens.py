"""Tokens for programs: each opens what its scope says and nothing else, and only its hash is kept.

All of it blocks, for the database: call it in a thread.
"""

from watchglass.access.policy import Scope, User
from watchglass.access.token import new_token, token_hash
from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.store.access import AccessStore, TokenRow

PREFIX = "wgt_"
"""So that a token is known for one where it should not be: in a log, a mail, a repository."""
_MOST_NAME = 64
_MOST_CHARACTERS = 200
_LOG = log.get("access")


class Tokens:
    """All tokens of a site. Thread-safe; what another process makes or revokes holds at once."""

    def __init__(self, store: AccessStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, name: str, scope: Scope, expires_ns: int | None) -> str:
        """A new token, which is told nowhere else; ``expires_ns`` is UTC, None for never."""
        name = name.strip()
        if not name or len(name) > _MOST_NAME or not name.isprintable():
            raise UsageError(f"A token's name is 1 to {_MOST_NAME} printable characters.")
        now_ns = self._clock.wall_ns()
        if expires_ns is not None and expires_ns <= now_ns:
            raise UsageError("The token would be over before it is made: give a later time.")
        text = PREFIX + new_token()
        row = TokenRow(token_hash(text), name, scope.value, now_ns, expires_ns)
        if not self._store.add_token(row):
            raise RefusedError(f"There is a token '{name}' already: revoke it, or take another.")
        _LOG.info("token_made", name=name, scope=scope)
        return text

    def find(self, text: str) -> User | None:
        """Who a token stands for; None when it is not good, or over."""
        if not text.startswith(PREFIX) or len(text) > _MOST_CHARACTERS:
            return None
        hashed = token_hash(text)
        row = self._store.token(hashed)
        if row is None or not self._holds(row):
            return None
        try:
            scope = Scope(row.scope)
        except ValueError:  # of a newer version: it opens nothing here
            return None
        return User(f"token {row.name}", row.name, hashed[:16], scope)

    def all(self) -> list[TokenRow]:
        """By name, those that are over too."""
        return self._store.tokens()

    def revoke(self, name: str) -> None:
        """It opens nothing from now on."""
        if not self._store.remove_token(name):
            raise NotFoundError(f"There is no token '{name}': 'watchglass token list' shows them.")
        _LOG.info("token_revoked", name=name)

    def _holds(self, row: TokenRow) -> bool:
        return row.expires_ns is None or self._clock.wall_ns() < row.expires_ns
