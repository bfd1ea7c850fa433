"""Tokens for programs: each opens what it was made for and nothing else; only its hash is kept.

A token of somebody never opens more than that person may open at the moment. One without an owner
reads numbers, as its scope says.

All of it blocks, for the database: call it in a thread.
"""

from enum import StrEnum

from watchglass.access.directory import Directory, rights_of, site_of, text_of
from watchglass.access.errors import ForbiddenError
from watchglass.access.policy import User
from watchglass.access.right import GRANTABLE, Action, Grants, Right, narrowing
from watchglass.access.token import new_token, token_hash
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.store.access import AccessStore, TokenRow

PREFIX = "wgt_"
"""So that a token is known for one where it should not be: in a log, a mail, a repository."""
LONGEST_NS = 366 * 24 * 3600 * NS_PER_S
TOKEN_SITE = GRANTABLE | {Action.SEE_STATE, Action.ADD_CAMERA}
"""What of the site a token can open."""
_MOST_NAME = 64
_MOST_CHARACTERS = 200
_LOG = log.get("access")


class Scope(StrEnum):
    """What a token is for. ``own``: some of its owner's rights."""

    METRICS = "metrics"
    HEALTH = "health"
    OWN = "own"


_SITE = {
    Scope.METRICS: frozenset({Action.READ_NUMBERS, Action.READ_HEALTH}),
    Scope.HEALTH: frozenset({Action.READ_HEALTH}),
}


class Tokens:
    """All tokens of a site. Thread-safe; what another process makes or revokes holds at once."""

    def __init__(self, store: AccessStore, clock: Clock, directory: Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory

    def create(self, name: str, scope: Scope, expires_ns: int | None) -> str:
        """A new token that reads numbers, which is told nowhere else; ``expires_ns`` is UTC, None
        for never."""
        if scope is Scope.OWN:
            raise UsageError("A token with rights has an owner: say whose it is.")
        return self._create(name, scope, expires_ns, None, (), frozenset())

    def create_for(
        self,
        owner: str,
        name: str,
        rights: tuple[Right, ...],
        site: frozenset[Action],
        expires_ns: int,
    ) -> str:
        """A new token with some rights of the user ``owner``, who keeps having to have them."""
        now_ns = self._clock.wall_ns()
        if expires_ns > now_ns + LONGEST_NS:
            raise UsageError("A token with rights lasts a year at most: give an earlier end.")
        if not site <= TOKEN_SITE:
            raise ForbiddenError("A token cannot manage users or change the system.")
        return self._create(name, Scope.OWN, expires_ns, owner, rights, site)

    def _create(
        self,
        name: str,
        scope: Scope,
        expires_ns: int | None,
        owner: str | None,
        rights: tuple[Right, ...],
        site: frozenset[Action],
    ) -> str:
        name = name.strip()
        if not name or len(name) > _MOST_NAME or not name.isprintable():
            raise UsageError(f"A token's name is 1 to {_MOST_NAME} printable characters.")
        now_ns = self._clock.wall_ns()
        if expires_ns is not None and expires_ns <= now_ns:
            raise UsageError("The token would be over before it is made: give a later time.")
        text = PREFIX + new_token()
        row = TokenRow(
            token_hash(text), name, scope.value, now_ns, expires_ns, owner, text_of(rights),
            text_of(site),
        )  # fmt: skip
        if not self._store.add_token(row):
            raise RefusedError(f"There is a token '{name}' already: revoke it, or take another.")
        _LOG.info("token_made", name=name, scope=scope, owner=owner)
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
        grants = self._grants(row, scope)
        return User(f"token {row.name}", self._shown(row), hashed[:16], grants) if grants else None

    def all(self) -> list[TokenRow]:
        """By name, those that are over too."""
        return self._store.tokens()

    def of_user(self, owner: str) -> list[TokenRow]:
        """Those with rights of somebody, by name."""
        return [each for each in self._store.tokens() if each.owner == owner]

    def revoke(self, name: str, owner: str | None = None) -> None:
        """It opens nothing from now on. With ``owner``: only one of that user's."""
        if not self._store.remove_token(name, owner):
            raise NotFoundError(f"There is no token '{name}': 'watchglass token list' shows them.")
        _LOG.info("token_revoked", name=name)

    def _grants(self, row: TokenRow, scope: Scope) -> tuple[Grants, ...]:
        """All of them have to allow what is done; none at all opens nothing."""
        if scope is not Scope.OWN:
            return (Grants(_SITE[scope]),)
        if row.owner is None:
            return ()
        self._directory.refresh()
        holder = f"token {row.name}"
        return (
            self._directory.grants(row.owner),
            narrowing(
                rights_of(row.rights, holder), site_of(row.site_rights, holder),
                self._directory.groups,
            ),
        )  # fmt: skip

    def _shown(self, row: TokenRow) -> str:
        """What the log of looks calls it."""
        account = self._directory.account(row.owner) if row.owner is not None else None
        return row.name if account is None else f"{account.name} (token {row.name})"

    def _holds(self, row: TokenRow) -> bool:
        return row.expires_ns is None or self._clock.wall_ns() < row.expires_ns
