"""Users, their sessions, and the token that lets the first of them in.

What opens a door lies here hashed alone: a copy of the database lets nobody in.
"""

from pathlib import Path

import sqlalchemy as sa

from watchglass.base.disk import Disk
from watchglass.store.access_rows import GroupRow, SessionRow, TokenRow, UserRow
from watchglass.store.access_tables import GROUPS, REVISION, SCHEMA, SESSIONS, SETUP, TOKENS
from watchglass.store.access_users import AccessUsers, bump, has_user, insert_user
from watchglass.store.database import Database, Synchronous
from watchglass.store.kept_reading import KeptReading

__all__ = ["AccessStore", "GroupRow", "SessionRow", "TokenRow", "UserRow"]


class AccessStore(AccessUsers):
    """Users, sessions, tokens of programs, groups of cameras, and the set-up token.

    Thread-safe; each method is one transaction.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._database = Database(
            path, SCHEMA, synchronous=Synchronous.FULL, disk=disk, erase_deleted=True
        )
        self._revision = KeptReading(self._database, _revision)

    def close(self) -> None:
        self._database.close()

    def revision(self) -> int:
        """Another number than before once users, rights, groups or the end of sessions changed."""
        return self._revision()

    # --- the first user ----------------------------------------------------------------------

    def offer_setup(self, token_hash: str, expires_ns: int) -> None:
        """Let one token make the first user until then; an older token counts no more."""
        with self._database.write() as connection:
            connection.execute(sa.delete(SETUP))
            if not has_user(connection):
                connection.execute(
                    sa.insert(SETUP).values(token_hash=token_hash, expires_ns=expires_ns)
                )

    def setup_token(self) -> tuple[str, int] | None:
        """Hash and expiry of the token in force."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(SETUP)).first()
        return None if row is None else (row.token_hash, row.expires_ns)

    def add_first_user(self, user: UserRow, token_hash: str, now_ns: int) -> bool:
        """Use the token up and add the user, at once; False when the token does not let it."""
        with self._database.write() as connection:
            used = connection.execute(
                sa.delete(SETUP).where(
                    SETUP.c.token_hash == token_hash, SETUP.c.expires_ns > now_ns
                )
            ).rowcount
            if not used or has_user(connection):
                return False
            insert_user(connection, user)
        return True

    # --- sessions ----------------------------------------------------------------------------

    def sessions(self) -> list[SessionRow]:
        with self._database.read() as connection:
            return [
                SessionRow(
                    row.token_hash, row.user, row.created_ns, row.seen_ns, row.address, row.agent
                )
                for row in connection.execute(sa.select(SESSIONS))
            ]

    def add_session(self, session: SessionRow) -> None:
        with self._database.write() as connection:
            connection.execute(
                sa.insert(SESSIONS).values(
                    token_hash=session.token_hash, user=session.user,
                    created_ns=session.created_ns, seen_ns=session.seen_ns,
                    address=session.address, agent=session.agent,
                )
            )  # fmt: skip

    def saw_session(self, token_hash: str, seen_ns: int) -> None:
        with self._database.write() as connection:
            connection.execute(
                sa.update(SESSIONS)
                .where(SESSIONS.c.token_hash == token_hash)
                .values(seen_ns=seen_ns)
            )

    def end_sessions(self, token_hashes: list[str]) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.token_hash.in_(token_hashes)))
            bump(connection)

    # --- tokens of programs ------------------------------------------------------------------

    def add_token(self, token: TokenRow) -> bool:
        """False when there is one of that name."""
        with self._database.write() as connection:
            named = sa.select(TOKENS.c.name).where(TOKENS.c.name == token.name)
            if connection.execute(named).first() is not None:
                return False
            connection.execute(
                sa.insert(TOKENS).values(
                    token_hash=token.token_hash, name=token.name, scope=token.scope,
                    created_ns=token.created_ns, expires_ns=token.expires_ns, owner=token.owner,
                    rights=token.rights, site_rights=token.site_rights,
                )
            )  # fmt: skip
        return True

    def token(self, token_hash: str) -> TokenRow | None:
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(TOKENS).where(TOKENS.c.token_hash == token_hash)
            ).first()
        return None if row is None else TokenRow.of(row)

    def tokens(self) -> list[TokenRow]:
        with self._database.read() as connection:
            found = connection.execute(sa.select(TOKENS).order_by(TOKENS.c.name))
            return [TokenRow.of(row) for row in found]

    def remove_token(self, name: str, owner: str | None = None) -> bool:
        """False when there is none of that name; with ``owner``, none of that user."""
        with self._database.write() as connection:
            named = TOKENS.c.name == name
            if owner is not None:
                named = named & (TOKENS.c.owner == owner)
            return bool(connection.execute(sa.delete(TOKENS).where(named)).rowcount)

    # --- groups of cameras -------------------------------------------------------------------

    def groups(self) -> list[GroupRow]:
        with self._database.read() as connection:
            found = connection.execute(sa.select(GROUPS).order_by(GROUPS.c.name))
            return [GroupRow(row.name, row.cameras) for row in found]

    def put_group(self, group: GroupRow) -> None:
        """Make a group, or replace its cameras."""
        with self._database.write() as connection:
            connection.execute(sa.delete(GROUPS).where(GROUPS.c.name == group.name))
            connection.execute(sa.insert(GROUPS).values(name=group.name, cameras=group.cameras))
            bump(connection)

    def remove_group(self, name: str) -> bool:
        """False when there is none of that name."""
        with self._database.write() as connection:
            removed = connection.execute(sa.delete(GROUPS).where(GROUPS.c.name == name))
            bump(connection)
            return bool(removed.rowcount)


def _revision(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(REVISION.c.number)) or 0
