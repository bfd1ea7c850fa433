"""Whom cameras talked to, what they need, and which are contained, in the site's database.

Texts are hostile and were bounded where they came in. A contact told again adds to what is kept.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from watchglass.base.disk import Disk
from watchglass.model.egress import Contained, EgressRead, Needs, PeerContact, PeerName
from watchglass.store.database import Database, Schema, Synchronous
from watchglass.store.kept_reading import KeptReading

MOST_CONTACTS = 500_000
_BATCH = 500
_NEEDS, _CHANGES = "needs", "changes"
_TABLES = sa.MetaData()
_CONTACTS = sa.Table(
    "egress_contacts",
    _TABLES,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("mac", sa.String(17), nullable=False, index=True),
    sa.Column("last_ns", sa.BigInteger, nullable=False),
    sa.Column("told", sa.Boolean, nullable=False, index=True),
    sa.Column("contact", sa.LargeBinary, nullable=False),
)
_NAMES = sa.Table(
    "egress_names",
    _TABLES,
    sa.Column("mac", sa.String(17), primary_key=True),
    sa.Column("peer", sa.String(64), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("at_ns", sa.BigInteger, nullable=False),
)
_TAKEN = sa.Table(
    "egress_taken",
    _TABLES,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("at_ns", sa.BigInteger, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
)
_CONTAINED = sa.Table(
    "egress_contained",
    _TABLES,
    sa.Column("device", sa.String(32), primary_key=True),
    sa.Column("contained", sa.LargeBinary, nullable=False),
)
_STATED = sa.Table(
    "egress_stated",
    _TABLES,
    sa.Column("what", sa.String(32), primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
SCHEMA = Schema(
    "egress",
    _TABLES,
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)
T = TypeVar("T")


class EgressStore:
    """Thread-safe; each method is one transaction."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._database = Database(path, SCHEMA, synchronous=Synchronous.FULL, disk=disk)
        self._digest = KeptReading(self._database, _digest)

    def close(self) -> None:
        self._database.close()

    def digest(self) -> str:
        """Names what is kept: the same as long as nothing is added or stated."""
        return self._digest()

    # --- contacts ----------------------------------------------------------------------------

    def add(self, read: EgressRead) -> int:
        """Keep what was read; how many contacts are new."""
        new = 0
        with self._database.write() as connection:
            kept = connection.scalar(sa.select(sa.func.count()).select_from(_CONTACTS)) or 0
            for at in range(0, len(read.contacts), _BATCH):
                batch = {_key(each): each for each in read.contacts[at : at + _BATCH]}
                query = sa.select(_CONTACTS).where(_CONTACTS.c.key.in_(list(batch)))
                known = {row.key: row for row in connection.execute(query)}
                fresh = []
                for key, contact in batch.items():
                    row = known.get(key)
                    if row is None:
                        fresh.append(_row(key, contact))
                        continue
                    whole = self._decode(row.contact, PeerContact).merged(contact)
                    connection.execute(
                        sa.update(_CONTACTS).where(_CONTACTS.c.key == key)
                        .values(contact=_encode(whole), last_ns=whole.last_ns)
                    )  # fmt: skip
                fresh = fresh[: max(0, MOST_CONTACTS - kept - new)]
                if fresh:
                    connection.execute(sa.insert(_CONTACTS), fresh)
                new += len(fresh)
            for each in read.names:
                connection.execute(sa.delete(_NAMES).filter_by(mac=each.mac, peer=each.peer))
                connection.execute(sa.insert(_NAMES).values(**msgspec.to_builtins(each)))
            _touch(connection)
        return new

    def contacts(self, macs: Sequence[str] | None = None) -> list[PeerContact]:
        """All, or those of some cameras, in a fixed order."""
        query = sa.select(_CONTACTS.c.contact).order_by(_CONTACTS.c.key)
        if macs is not None:
            query = query.where(_CONTACTS.c.mac.in_(list(macs)))
        with self._database.read() as connection:
            return [self._decode(row, PeerContact) for row in connection.scalars(query)]

    def untold(self) -> list[PeerContact]:
        """Contacts that nobody was told of yet."""
        query = sa.select(_CONTACTS.c.contact).where(_CONTACTS.c.told.is_(False))
        with self._database.read() as connection:
            return [self._decode(row, PeerContact) for row in connection.scalars(query)]

    def mark_told(self, contacts: Iterable[PeerContact]) -> None:
        keys = [_key(each) for each in contacts]
        with self._database.write() as connection:
            for at in range(0, len(keys), _BATCH):
                connection.execute(
                    sa.update(_CONTACTS).where(_CONTACTS.c.key.in_(keys[at : at + _BATCH]))
                    .values(told=True)
                )  # fmt: skip

    def names(self) -> list[PeerName]:
        query = sa.select(_NAMES).order_by(*_NAMES.primary_key.columns)
        with self._database.read() as connection:
            return [PeerName(row.mac, row.peer, row.name, row.at_ns)
                    for row in connection.execute(query)]  # fmt: skip

    def taken(self, digest: str) -> bool:
        """Whether this file was taken in before."""
        with self._database.read() as connection:
            return (
                connection.execute(sa.select(_TAKEN).filter_by(digest=digest)).first() is not None
            )

    def note_taken(self, digest: str, at_ns: int, what: str) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(_TAKEN).filter_by(digest=digest))
            connection.execute(sa.insert(_TAKEN).values(digest=digest, at_ns=at_ns, what=what))

    def forget(self) -> None:
        """All contacts and names; what was stated stays."""
        with self._database.write() as connection:
            for table in (_CONTACTS, _NAMES, _TAKEN):
                connection.execute(sa.delete(table))
            _touch(connection)

    # --- needs and containment ---------------------------------------------------------------

    def needs(self) -> Needs:
        query = sa.select(_STATED.c.value).filter_by(what=_NEEDS)
        with self._database.read() as connection:
            found = connection.scalar(query)
        return Needs() if found is None else self._decode(found, Needs)

    def set_needs(self, needs: Needs) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(_STATED).filter_by(what=_NEEDS))
            connection.execute(sa.insert(_STATED).values(what=_NEEDS, value=_encode(needs)))
            _touch(connection)

    def contained(self) -> list[Contained]:
        query = sa.select(_CONTAINED.c.contained).order_by(_CONTAINED.c.device)
        with self._database.read() as connection:
            return [self._decode(row, Contained) for row in connection.scalars(query)]

    def put_contained(self, contained: Iterable[Contained]) -> None:
        with self._database.write() as connection:
            for each in contained:
                connection.execute(sa.delete(_CONTAINED).filter_by(device=each.device))
                connection.execute(
                    sa.insert(_CONTAINED).values(device=each.device, contained=_encode(each))
                )
            _touch(connection)

    def _decode(self, data: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.DecodeError as error:
            raise self._database.damaged(f"a {kind.__name__}: {error}") from error


def _digest(connection: sa.Connection) -> str:
    query = sa.select(_STATED.c.value).filter_by(what=_CHANGES)
    return (connection.scalar(query) or b"0").decode()


def _touch(connection: sa.Connection) -> None:
    """Note that something changed; two that write at once never leave the same note."""
    connection.execute(sa.delete(_STATED).filter_by(what=_CHANGES))
    connection.execute(
        sa.insert(_STATED).values(what=_CHANGES, value=secrets.token_hex(16).encode())
    )


def _encode(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value)


def _key(contact: PeerContact) -> str:
    return hashlib.sha256(repr(contact.key).encode()).hexdigest()[:32]


def _row(key: str, contact: PeerContact) -> dict[str, object]:
    return {
        "key": key, "mac": contact.mac, "last_ns": contact.last_ns, "told": False,
        "contact": _encode(contact),
    }  # fmt: skip
