"""Users and groups of cameras, as an admin makes and changes them.

All of it blocks, for the disk and where a password is hashed: call it in a thread. What is changed
holds in every process within about a second; sessions that go on have the new rights.
"""

import unicodedata
from collections.abc import Callable, Iterable

from watchglass.access.directory import Account, account_of, groups_of, text_of
from watchglass.access.password import check_new, hash_password
from watchglass.access.right import (
    GRANTABLE,
    MOST_OF_ROLE,
    Action,
    Right,
    Role,
    Times,
    covers,
)
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, is_id, random_id
from watchglass.base.secret import Secret
from watchglass.store.access import AccessStore, GroupRow, UserRow
from watchglass.store.site_settings import USUAL_NAMES_H

_HOUR_NS = 3600 * NS_PER_S
_MOST_NAME = 64
_MOST_RIGHTS = 100
_MOST_USERS = 1000
_MOST_GROUPS = 200
_MOST_CAMERAS = 5000
_LOG = log.get("access")


class Users:
    """Thread-safe. A name that nobody has is NotFoundError; what would leave nobody to manage users
    is RefusedError."""

    def __init__(
        self, store: AccessStore, clock: Clock, names_h: Callable[[], int] = lambda: USUAL_NAMES_H
    ) -> None:
        """``names_h``: how many hours the log keeps names; for so long nobody else has one."""
        self._store = store
        self._names_h = names_h
        self._clock = clock

    def all(self) -> list[Account]:
        """By name."""
        return [account_of(row) for row in self._store.users()]

    def user(self, user: str) -> Account:
        row = self._store.user(user)
        if row is None:
            raise NotFoundError("There is no such user.")
        return account_of(row)

    def named(self, name: str) -> Account:
        row = self._store.user_named(normal_name(name))
        if row is None:
            raise NotFoundError(f"Nobody is named '{name}': 'watchglass user list' shows them.")
        return account_of(row)

    def who_may(self, action: Action, camera: CameraId, span: Times) -> list[str]:
        """The names of all who may do something with all footage of a span (UTC ns), sorted."""
        now_ns, groups, demands = self._clock.wall_ns(), self.groups(), self.demands()
        return [
            each.name
            for each in self.all()
            if covers(each.grants(groups, demands).times(action, camera, now_ns), span)
        ]

    def add(
        self,
        name: str,
        role: Role,
        password: Secret,
        rights: tuple[Right, ...] = (),
        site: frozenset[Action] = frozenset(),
    ) -> Account:
        """A new user, who may do nothing with cameras but what ``rights`` give."""
        name = clean_name(name)
        check_new(password)
        self._check_rights(role, rights, site)
        users = self._store.users()
        if len(users) >= _MOST_USERS:
            raise RefusedError(f"There are {_MOST_USERS} users, and that is the most.")
        if any(_key(each.name) == _key(name) for each in users):
            raise RefusedError(f"Somebody is named '{name}' already: take another name.")
        now_ns = self._clock.wall_ns()
        if self._store.removed_ns(_key(name), now_ns - self._names_h() * _HOUR_NS) is not None:
            raise RefusedError(
                f"The log still tells of another '{name}', who was removed: take another name, so"
                " that it stays clear who did what."
            )
        row = UserRow(
            random_id(), name, hash_password(password), self._clock.wall_ns(), role.value,
            rights=text_of(rights), site_rights=text_of(site),
        )  # fmt: skip
        self._store.add_user(row)
        _LOG.info("user_added", user=row.id, role=role)
        return account_of(row)

    def set_role(self, user: str, role: Role) -> None:
        """Rights beyond the role count for nothing, and count again when it is raised."""
        self._store.set_role(self.user(user).id, role.value)
        _LOG.info("role_changed", user=user, role=role)

    def set_rights(self, user: str, rights: tuple[Right, ...], site: frozenset[Action]) -> None:
        """Replace all rights."""
        account = self.user(user)
        self._check_rights(account.role, rights, site)
        self._store.set_rights(account.id, text_of(rights), text_of(site))
        _LOG.info("rights_changed", user=user, rights=len(rights))

    def set_disabled(self, user: str, disabled: bool) -> None:
        """Who is disabled cannot sign in, and is signed out everywhere; nothing is lost."""
        self._store.set_disabled(self.user(user).id, disabled)
        _LOG.info("user_disabled" if disabled else "user_enabled", user=user)

    def set_password(self, user: str, password: Secret) -> None:
        """Replace it, and end all sessions."""
        account = self.user(user)
        check_new(password)
        self._store.set_password_hash(account.id, hash_password(password))
        self._end_sessions(account.id, but="")
        _LOG.info("password_set", user=user)

    def change_password(self, user: str, password: Secret, session: str) -> None:
        """As ``set_password``, by the user: the session (its id) that it is done in goes on."""
        account = self.user(user)
        check_new(password)
        self._store.set_password_hash(account.id, hash_password(password))
        self._end_sessions(account.id, but=session)
        _LOG.info("password_changed", user=user)

    def remove(self, user: str) -> None:
        """With sessions, rights and tokens; what the log says of the user stays, and while it does
        nobody else can have the name."""
        account = self.user(user)
        self._store.remove_user(account.id, _key(account.name), self._clock.wall_ns())
        _LOG.info("user_removed", user=user)

    # --- groups ------------------------------------------------------------------------------

    def groups(self) -> dict[str, frozenset[CameraId]]:
        """By name."""
        return groups_of(self._store.groups())

    def put_group(self, name: str, cameras: Iterable[CameraId]) -> None:
        """Make a group, or replace its cameras: rights that name it follow at once."""
        name = clean_name(name)
        members = frozenset(cameras)
        groups = self.groups()
        if name not in groups and len(groups) >= _MOST_GROUPS:
            raise RefusedError(f"There are {_MOST_GROUPS} groups, and that is the most.")
        _check_cameras(members)
        self._store.put_group(GroupRow(name, text_of(members)))
        _LOG.info("group_changed", cameras=len(members))

    def remove_group(self, name: str) -> None:
        """Rights that name it give nothing by it any more."""
        if not self._store.remove_group(normal_name(name)):
            raise NotFoundError(f"There is no group '{name}'.")
        _LOG.info("group_removed")

    # --- second factors ------------------------------------------------------------------------

    def remove_second_factor(self, user: str) -> None:
        """Nobody is asked for a code any more; codes for when it is lost are void."""
        self._store.set_totp(self.user(user).id, None, 0, "[]")
        _LOG.info("second_factor_removed", user=user)

    def demands(self) -> frozenset[str]:
        """Roles that have to have a second factor."""
        return self._store.demands()

    def set_demands(self, roles: frozenset[Role]) -> None:
        """Who has such a role and no second factor can only set one, from now on."""
        self._store.set_demands(frozenset(each.value for each in roles))
        _LOG.info("second_factor_demanded", roles=sorted(roles))

    # --- inside ------------------------------------------------------------------------------

    def _end_sessions(self, user: str, *, but: str) -> None:
        """And forget with which browsers somebody signed in."""
        self._store.forget_devices(user)
        self._store.end_sessions(
            [
                each.token_hash
                for each in self._store.sessions()
                if each.user == user and not (but and each.token_hash.startswith(but))
            ]
        )

    def _check_rights(self, role: Role, rights: tuple[Right, ...], site: frozenset[Action]) -> None:
        if len(rights) > _MOST_RIGHTS:
            raise UsageError(f"At most {_MOST_RIGHTS} rights: put cameras into groups.")
        known = self.groups().keys() if any(right.groups for right in rights) else set()
        for right in rights:
            check_right(right)
            beyond = right.actions - MOST_OF_ROLE[role]
            if beyond:
                raise UsageError(
                    f"The role {role} cannot have {_listed(beyond)}: choose another role, or "
                    "leave it out."
                )
            if right.groups - known:
                raise NotFoundError(f"There is no group {_listed(right.groups - known)}.")
        if site - GRANTABLE:
            raise UsageError(f"{_listed(site - GRANTABLE)} comes with a role alone.")


def check_right(right: Right) -> None:
    """UsageError for one that gives nothing, or means two things."""
    if not right.actions:
        raise UsageError("A right gives at least one action.")
    if right.everywhere == bool(right.cameras or right.groups):
        raise UsageError("A right is for all cameras, or for cameras and groups that it names.")
    _check_cameras(right.cameras)
    if right.back_s is not None and right.back_s <= 0:
        raise UsageError("How far back somebody may look is more than nothing.")
    if right.from_ns is not None and right.to_ns is not None and right.from_ns >= right.to_ns:
        raise UsageError("The time that a right is for ends after it begins.")


def clean_name(name: str) -> str:
    """A name as it is kept; UsageError for one that cannot be."""
    cleaned = normal_name(name)
    if not cleaned or len(cleaned) > _MOST_NAME or not cleaned.isprintable():
        raise UsageError(f"A name is 1 to {_MOST_NAME} printable characters.")
    return cleaned


def normal_name(name: str) -> str:
    """The same name, however a keyboard writes it."""
    return unicodedata.normalize("NFC", name.strip())


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _check_cameras(cameras: frozenset[CameraId]) -> None:
    if len(cameras) > _MOST_CAMERAS or not all(map(is_id, cameras)):
        raise UsageError("A camera is named by its id of 32 hexadecimal digits.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
