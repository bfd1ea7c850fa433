"""Who there is and what each may do, in memory: asking touches no disk.

What another process changes is noticed by ``refresh``, which is to be called about once a second.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from watchglass.access.right import NOTHING, Action, Grants, Right, Role, grants_of
from watchglass.base import log
from watchglass.base.ids import CameraId
from watchglass.store.access import AccessStore, GroupRow, UserRow

T = TypeVar("T")
_RIGHTS: msgspec.json.Decoder[tuple[Right, ...]] = msgspec.json.Decoder(tuple[Right, ...])
_SITE: msgspec.json.Decoder[frozenset[Action]] = msgspec.json.Decoder(frozenset[Action])
_CAMERAS: msgspec.json.Decoder[frozenset[CameraId]] = msgspec.json.Decoder(frozenset[CameraId])
_HASHES: msgspec.json.Decoder[tuple[str, ...]] = msgspec.json.Decoder(tuple[str, ...])
_LOG = log.get("access")


@dataclass(frozen=True, slots=True)
class Account:
    """A user as others see them; ``created_ns`` is UTC."""

    id: str
    name: str
    role: Role
    disabled: bool
    created_ns: int
    rights: tuple[Right, ...]
    site: frozenset[Action]
    has_second_factor: bool
    recovery_left: int

    def grants(self, groups: Mapping[str, frozenset[CameraId]], demands: frozenset[str]) -> Grants:
        """Nothing for who is disabled, and for who has no second factor and has to have one."""
        if self.disabled or self.lacks_second_factor(demands):
            return NOTHING
        return grants_of(self.role, self.rights, self.site, groups)

    def lacks_second_factor(self, demands: frozenset[str]) -> bool:
        """Whether nothing but one's own account is open until one is set."""
        return self.role.value in demands and not self.has_second_factor


@dataclass(frozen=True, slots=True)
class _Known:
    accounts: Mapping[str, Account] = field(default_factory=dict)
    grants: Mapping[str, Grants] = field(default_factory=dict)
    groups: Mapping[str, frozenset[CameraId]] = field(default_factory=dict)
    demands: frozenset[str] = frozenset()


class Directory:
    """Thread-safe: what is known is replaced at once, as a whole."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store
        self._revision = -1
        self._known = _Known()
        self.refresh()

    def refresh(self) -> bool:
        """Read all anew if something changed; whether it did. Blocks on the database."""
        revision = self._store.revision()
        if revision == self._revision:
            return False
        accounts = {row.id: account_of(row) for row in self._store.users()}
        groups = groups_of(self._store.groups())
        demands = self._store.demands()
        grants = {key: each.grants(groups, demands) for key, each in accounts.items()}
        # The number was read first: what changed meanwhile is read again next time.
        self._known, self._revision = _Known(accounts, grants, groups, demands), revision
        return True

    def account(self, user: str) -> Account | None:
        return self._known.accounts.get(user)

    def grants(self, user: str) -> Grants:
        """Nothing for who is not there, or disabled."""
        return self._known.grants.get(user, NOTHING)

    @property
    def demands(self) -> frozenset[str]:
        """Roles that have to have a second factor."""
        return self._known.demands

    @property
    def groups(self) -> Mapping[str, frozenset[CameraId]]:
        return self._known.groups


def account_of(row: UserRow) -> Account:
    """A row as it is judged; what cannot be read gives nothing."""
    try:
        role = Role(row.role)
    except ValueError:
        role = Role.VIEWER
        _LOG.error("rights_not_read", holder=row.id)
    return Account(
        row.id, row.name, role, row.disabled, row.created_ns, rights_of(row.rights, row.id),
        site_of(row.site_rights, row.id), row.totp_sealed is not None,
        len(_decoded(_HASHES, row.recovery, row.id, ())),
    )  # fmt: skip


def rights_of(text: str, holder: str) -> tuple[Right, ...]:
    """None at all where one of them cannot be read: half of them could be too much."""
    return _decoded(_RIGHTS, text, holder, ())


def site_of(text: str, holder: str) -> frozenset[Action]:
    return _decoded(_SITE, text, holder, frozenset())


def groups_of(rows: Iterable[GroupRow]) -> dict[str, frozenset[CameraId]]:
    return {
        row.name: _decoded(_CAMERAS, row.cameras, f"group {row.name}", frozenset()) for row in rows
    }


def text_of(value: Any) -> str:
    """What the functions above read."""
    return msgspec.json.encode(value, order="deterministic").decode()


def _decoded(decoder: msgspec.json.Decoder[T], text: str, holder: str, nothing: T) -> T:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError:
        _LOG.error("rights_not_read", holder=holder)
        return nothing
