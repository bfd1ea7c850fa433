"""Rows of who may do what. Times are UTC ns; ``rights`` and the like are JSON texts."""

from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody who may sign in; the hash is Argon2's own text. ``totp_sealed``: None without a
    second factor; ``totp_step``: of the last code that was used; ``recovery``: hashes, JSON."""

    id: str
    name: str
    password_hash: str
    created_ns: int
    role: str
    disabled: bool = False
    rights: str = "[]"
    site_rights: str = "[]"
    totp_sealed: bytes | None = None
    totp_step: int = 0
    recovery: str = "[]"

    @classmethod
    def of(cls, row: sa.Row[Any]) -> Self:
        return cls(
            row.id, row.name, row.password_hash, row.created_ns, row.role, row.disabled,
            row.rights, row.site_rights, row.totp_sealed, row.totp_step, row.recovery,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session; ``address`` and ``agent``: from where, and with which browser, it was opened."""

    token_hash: str
    user: str
    created_ns: int
    seen_ns: int
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A program's token; ``expires_ns`` None for never. ``owner``: whose rights it narrows; None
    for one that reads numbers alone, as ``scope`` says."""

    token_hash: str
    name: str
    scope: str
    created_ns: int
    expires_ns: int | None
    owner: str | None = None
    rights: str = "[]"
    site_rights: str = "[]"

    @classmethod
    def of(cls, row: sa.Row[Any]) -> Self:
        return cls(
            row.token_hash, row.name, row.scope, row.created_ns, row.expires_ns, row.owner,
            row.rights, row.site_rights,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Cameras that rights name together."""

    name: str
    cameras: str
