"""Users, their sessions, and the token that lets the first of them in.

What opens a door lies here hashed alone: a copy of the database lets nobody in. The tables are in
the site's database, with a schema version of their own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from watchglass.base.disk import Disk
from watchglass.store.database import Database, Schema, Synchronous

_TABLES = sa.MetaData()
_USERS = sa.Table(
    "users",
    _TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
)
_SESSIONS = sa.Table(
    "sessions",
    _TABLES,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("user", sa.ForeignKey(_USERS.c.id), nullable=False),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
    sa.Column("seen_ns", sa.BigInteger, nullable=False),
)
_SETUP = sa.Table(
    "setup_token",
    _TABLES,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("expires_ns", sa.BigInteger, nullable=False),
)
_TOKENS = sa.Table(
    "api_tokens",
    _TABLES,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("scope", sa.String(32), nullable=False),
    sa.Column("created_ns", sa.BigInteger, nullable=False),
    sa.Column("expires_ns", sa.BigInteger),
)


def _with_tokens(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "CREATE TABLE api_tokens (token_hash VARCHAR(64) NOT NULL PRIMARY KEY, "
            "name VARCHAR(64) NOT NULL UNIQUE, scope VARCHAR(32) NOT NULL, "
            "created_ns BIGINT NOT NULL, expires_ns BIGINT)"
        )
    )


SCHEMA = Schema(
    "access",
    _TABLES,
    upgrades=(_with_tokens,),
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody who may sign in; the hash is Argon2's own text."""

    id: str
    name: str
    password_hash: str
    created_ns: int


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session; times are UTC."""

    token_hash: str
    user: str
    created_ns: int
    seen_ns: int


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A program's token; times are UTC, ``expires_ns`` None for never."""

    token_hash: str
    name: str
    scope: str
    created_ns: int
    expires_ns: int | None


class AccessStore:
    """Users, sessions, tokens of programs and the set-up token.

    Thread-safe; each method is one transaction.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._database = Database(
            path, SCHEMA, synchronous=Synchronous.FULL, disk=disk, erase_deleted=True
        )

    def close(self) -> None:
        self._database.close()

    # --- the first user ----------------------------------------------------------------------

    def offer_setup(self, token_hash: str, expires_ns: int) -> None:
        """Let one token make the first user until then; an older token counts no more."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_SETUP))
            if not _has_user(connection):
                connection.execute(
                    sa.insert(_SETUP).values(token_hash=token_hash, expires_ns=expires_ns)
                )

    def setup_token(self) -> tuple[str, int] | None:
        """Hash and expiry of the token in force."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(_SETUP)).first()
        return None if row is None else (row.token_hash, row.expires_ns)

    def add_first_user(self, user: UserRow, token_hash: str, now_ns: int) -> bool:
        """Use the token up and add the user, at once; False when the token does not let it."""
        with self._database.write() as connection:
            used = connection.execute(
                sa.delete(_SETUP).where(
                    _SETUP.c.token_hash == token_hash, _SETUP.c.expires_ns > now_ns
                )
            ).rowcount
            if not used or _has_user(connection):
                return False
            connection.execute(
                sa.insert(_USERS).values(
                    id=user.id, name=user.name, password_hash=user.password_hash,
                    created_ns=user.created_ns,
                )
            )  # fmt: skip
        return True

    # --- users -------------------------------------------------------------------------------

    def has_user(self) -> bool:
        with self._database.read() as connection:
            return _has_user(connection)

    def user_named(self, name: str) -> UserRow | None:
        return self._user(_USERS.c.name == name)

    def user(self, user: str) -> UserRow | None:
        return self._user(_USERS.c.id == user)

    def set_password_hash(self, user: str, password_hash: str) -> None:
        """Replace a hash, where its cost was raised meanwhile."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(_USERS).where(_USERS.c.id == user).values(password_hash=password_hash)
            )

    def _user(self, condition: sa.ColumnElement[bool]) -> UserRow | None:
        with self._database.read() as connection:
            row = connection.execute(sa.select(_USERS).where(condition)).first()
        if row is None:
            return None
        return UserRow(row.id, row.name, row.password_hash, row.created_ns)

    # --- sessions ----------------------------------------------------------------------------

    def sessions(self) -> list[SessionRow]:
        with self._database.read() as connection:
            return [
                SessionRow(row.token_hash, row.user, row.created_ns, row.seen_ns)
                for row in connection.execute(sa.select(_SESSIONS))
            ]

    def add_session(self, session: SessionRow) -> None:
        with self._database.write() as connection:
            connection.execute(
                sa.insert(_SESSIONS).values(
                    token_hash=session.token_hash, user=session.user,
                    created_ns=session.created_ns, seen_ns=session.seen_ns,
                )
            )  # fmt: skip

    def saw_session(self, token_hash: str, seen_ns: int) -> None:
        with self._database.write() as connection:
            connection.execute(
                sa.update(_SESSIONS)
                .where(_SESSIONS.c.token_hash == token_hash)
                .values(seen_ns=seen_ns)
            )

    def end_sessions(self, token_hashes: list[str]) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(_SESSIONS).where(_SESSIONS.c.token_hash.in_(token_hashes)))

    # --- tokens of programs ------------------------------------------------------------------

    def add_token(self, token: TokenRow) -> bool:
        """False when there is one of that name."""
        with self._database.write() as connection:
            named = sa.select(_TOKENS.c.name).where(_TOKENS.c.name == token.name)
            if connection.execute(named).first() is not None:
                return False
            connection.execute(
                sa.insert(_TOKENS).values(
                    token_hash=token.token_hash, name=token.name, scope=token.scope,
                    created_ns=token.created_ns, expires_ns=token.expires_ns,
                )
            )  # fmt: skip
        return True

    def token(self, token_hash: str) -> TokenRow | None:
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(_TOKENS).where(_TOKENS.c.token_hash == token_hash)
            ).first()
        return None if row is None else _token(row)

    def tokens(self) -> list[TokenRow]:
        with self._database.read() as connection:
            return [_token(row) for row in connection.execute(sa.select(_TOKENS).order_by("name"))]

    def remove_token(self, name: str) -> bool:
        """False when there is none of that name."""
        with self._database.write() as connection:
            removed = connection.execute(sa.delete(_TOKENS).where(_TOKENS.c.name == name))
            return bool(removed.rowcount)


def _token(row: sa.Row[Any]) -> TokenRow:
    return TokenRow(row.token_hash, row.name, row.scope, row.created_ns, row.expires_ns)


def _has_user(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(_USERS.c.id).limit(1)).first() is not None
