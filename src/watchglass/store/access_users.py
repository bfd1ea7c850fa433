"""Users in the site's database. At least one admin can always sign in."""

import sqlalchemy as sa

from watchglass.base.errors import RefusedError
from watchglass.store.access_rows import UserRow
from watchglass.store.access_tables import (
    DEMANDS,
    DEVICES,
    REMOVED,
    REVISION,
    SESSIONS,
    TOKENS,
    USERS,
)
from watchglass.store.database import Database


class AccessUsers:
    """The part of the access store that is about users."""

    _database: Database

    def has_user(self) -> bool:
        with self._database.read() as connection:
            return has_user(connection)

    def users(self) -> list[UserRow]:
        """By name, the disabled ones too."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(USERS).order_by(USERS.c.name))
            return [UserRow.of(row) for row in found]

    def user_named(self, name: str) -> UserRow | None:
        return self._user(USERS.c.name == name)

    def user(self, user: str) -> UserRow | None:
        return self._user(USERS.c.id == user)

    def add_user(self, user: UserRow) -> None:
        with self._database.write() as connection:
            insert_user(connection, user)

    def set_password_hash(self, user: str, password_hash: str) -> None:
        """Replace a hash."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(USERS).where(USERS.c.id == user).values(password_hash=password_hash)
            )

    def set_role(self, user: str, role: str) -> None:
        """RefusedError when no admin would be left."""
        self._change(user, role=role)

    def set_disabled(self, user: str, disabled: bool) -> None:
        """RefusedError when no admin would be left; who is disabled has no session."""
        self._change(user, disabled=disabled)

    def set_rights(self, user: str, rights: str, site_rights: str) -> None:
        self._change(user, rights=rights, site_rights=site_rights)

    def set_totp(self, user: str, sealed: bytes | None, step: int, recovery: str) -> None:
        """Give or, with None, take the second factor; ``step`` is of a code used just now."""
        self._change(user, totp_sealed=sealed, totp_step=step, recovery=recovery)

    def use_totp_step(self, user: str, step: int) -> bool:
        """Note that a code was used; False when it, or a later one, was used before."""
        with self._database.write() as connection:
            unused = (USERS.c.id == user) & (USERS.c.totp_step < step)
            used = connection.execute(sa.update(USERS).where(unused).values(totp_step=step))
            return bool(used.rowcount)

    def use_recovery(self, user: str, before: str, after: str) -> bool:
        """Replace the recovery codes, if they still are those; False when one was just used."""
        with self._database.write() as connection:
            same = (USERS.c.id == user) & (USERS.c.recovery == before)
            used = connection.execute(sa.update(USERS).where(same).values(recovery=after))
            return bool(used.rowcount)

    # --- devices that are known, and what roles have to have ------------------------------------

    def knows_device(self, user: str, token_hash: str) -> bool:
        with self._database.read() as connection:
            known = (DEVICES.c.token_hash == token_hash) & (DEVICES.c.user == user)
            return connection.execute(sa.select(DEVICES.c.user).where(known)).first() is not None

    def know_device(self, user: str, token_hash: str, now_ns: int, most: int) -> None:
        """Know a device from now on; the oldest beyond ``most`` of a user are forgotten."""
        with self._database.write() as connection:
            connection.execute(sa.delete(DEVICES).where(DEVICES.c.token_hash == token_hash))
            connection.execute(
                sa.insert(DEVICES).values(token_hash=token_hash, user=user, seen_ns=now_ns)
            )
            newest = (
                sa.select(DEVICES.c.token_hash)
                .where(DEVICES.c.user == user)
                .order_by(DEVICES.c.seen_ns.desc())
                .limit(most)
            )
            kept = [row.token_hash for row in connection.execute(newest)]
            connection.execute(
                sa.delete(DEVICES).where(DEVICES.c.user == user, DEVICES.c.token_hash.not_in(kept))
            )

    def forget_devices(self, user: str) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(DEVICES).where(DEVICES.c.user == user))

    def demands(self) -> frozenset[str]:
        """Roles that have to have a second factor."""
        with self._database.read() as connection:
            return frozenset(row.role for row in connection.execute(sa.select(DEMANDS)))

    def set_demands(self, roles: frozenset[str]) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(DEMANDS))
            for role in sorted(roles):
                connection.execute(sa.insert(DEMANDS).values(role=role))
            bump(connection)

    def remove_user(self, user: str, key: str, removed_ns: int) -> None:
        """With sessions, devices and tokens; RefusedError when no admin would be left. ``key``: the
        name as it is compared."""
        with self._database.write() as connection:
            for table, column in (
                (SESSIONS, SESSIONS.c.user), (TOKENS, TOKENS.c.owner), (DEVICES, DEVICES.c.user)
            ):  # fmt: skip
                connection.execute(sa.delete(table).where(column == user))
            connection.execute(sa.delete(USERS).where(USERS.c.id == user))
            connection.execute(sa.delete(REMOVED).where(REMOVED.c.key == key))
            connection.execute(sa.insert(REMOVED).values(key=key, removed_ns=removed_ns))
            _require_admin(connection)
            bump(connection)

    def removed_ns(self, key: str, since_ns: int) -> int | None:
        """When a user of that name was removed; what is longer ago is forgotten."""
        with self._database.write() as connection:
            connection.execute(sa.delete(REMOVED).where(REMOVED.c.removed_ns < since_ns))
            found = sa.select(REMOVED.c.removed_ns).where(REMOVED.c.key == key)
            return connection.scalar(found)

    def _change(self, user: str, **values: object) -> None:
        with self._database.write() as connection:
            connection.execute(sa.update(USERS).where(USERS.c.id == user).values(**values))
            if values.get("disabled"):
                connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.user == user))
            _require_admin(connection)
            bump(connection)

    def _user(self, condition: sa.ColumnElement[bool]) -> UserRow | None:
        with self._database.read() as connection:
            row = connection.execute(sa.select(USERS).where(condition)).first()
        return None if row is None else UserRow.of(row)


def has_user(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(USERS.c.id).limit(1)).first() is not None


def insert_user(connection: sa.Connection, user: UserRow) -> None:
    connection.execute(
        sa.insert(USERS).values(
            id=user.id, name=user.name, password_hash=user.password_hash,
            created_ns=user.created_ns, role=user.role, disabled=user.disabled,
            rights=user.rights, site_rights=user.site_rights,
        )
    )  # fmt: skip
    bump(connection)


def bump(connection: sa.Connection) -> None:
    """Note that something changed which others keep in memory."""
    changed = connection.execute(sa.update(REVISION).values(number=REVISION.c.number + 1))
    if not changed.rowcount:
        connection.execute(sa.insert(REVISION).values(number=1))


def _require_admin(connection: sa.Connection) -> None:
    found = sa.select(USERS.c.id).where(USERS.c.role == "admin", USERS.c.disabled.is_(False))
    if connection.execute(found.limit(1)).first() is None:
        raise RefusedError(
            "Nobody would be left who may manage users: make somebody else an admin first."
        )
