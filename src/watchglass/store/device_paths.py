"""Paths of devices out of the house, and the papers that prove them."""

import hashlib
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.device_path import DevicePath, PathDocument, PlanChange
from watchglass.store.database import Database

MOST_DOCUMENT_BYTES = 4 << 20
_MOST_NAME = 120
_CHANGES_KEPT = 20


def path_tables(tables: sa.MetaData) -> tuple[sa.Table, sa.Table, sa.Table]:
    """Those of paths, of documents, and of plans of many devices that can be taken back."""
    paths = sa.Table(
        "trust_paths",
        tables,
        sa.Column("device", sa.String(32), primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False),
    )
    documents = sa.Table(
        "trust_documents",
        tables,
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kept_ns", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    changes = sa.Table(
        "trust_plan_changes",
        tables,
        sa.Column("change", sa.String(32), primary_key=True),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("told", sa.LargeBinary, nullable=False),
    )
    return paths, documents, changes


_PATHS, _DOCUMENTS, _CHANGES = path_tables(sa.MetaData())


def add_path_tables(connection: sa.Connection) -> None:
    """An upgrade of the schema of trust."""
    connection.execute(
        sa.text(
            "CREATE TABLE trust_paths (device VARCHAR(32) NOT NULL PRIMARY KEY, path BLOB NOT NULL)"
        )
    )
    connection.execute(
        sa.text(
            "CREATE TABLE trust_documents (sha256 VARCHAR(64) NOT NULL PRIMARY KEY,"
            " name TEXT NOT NULL, kept_ns BIGINT NOT NULL, content BLOB NOT NULL)"
        )
    )


def add_plan_tables(connection: sa.Connection) -> None:
    """The next."""
    connection.execute(
        sa.text(
            "CREATE TABLE trust_plan_changes (change VARCHAR(32) NOT NULL PRIMARY KEY,"
            " at_ns BIGINT NOT NULL, told BLOB NOT NULL)"
        )
    )


class DevicePaths:
    """A part of ``TrustStore``, whose rules for errors hold."""

    _database: Database

    def paths(self) -> list[DevicePath]:
        """As they were noted: a device may go by another id since."""
        query = sa.select(_PATHS.c.path).order_by(_PATHS.c.device)
        with self._database.read() as connection:
            rows = list(connection.scalars(query))
        try:
            return [msgspec.json.decode(row, type=DevicePath) for row in rows]
        except msgspec.DecodeError as error:
            raise self._database.damaged(f"a device's path: {error}") from error

    def put_path(self, path: DevicePath) -> None:
        """In the place of what was noted before."""
        self.put_paths((path,))

    def put_paths(self, paths: Sequence[DevicePath], gone: Sequence[DeviceId] = ()) -> None:
        """In the place of what was noted before; of those that are ``gone`` nothing is noted."""
        with self._database.write() as connection:
            for device in (*gone, *(each.device for each in paths)):
                connection.execute(sa.delete(_PATHS).where(_PATHS.c.device == device))
            for each in paths:
                row = {"device": each.device, "path": msgspec.json.encode(each)}
                connection.execute(sa.insert(_PATHS).values(row))

    def put_plan_change(self, change: PlanChange) -> None:
        """Keep it for who takes it back: the last twenty are."""
        row = {"change": change.id, "at_ns": change.at_ns, "told": msgspec.json.encode(change)}
        newest = sa.select(_CHANGES.c.change).order_by(_CHANGES.c.at_ns.desc())
        with self._database.write() as connection:
            connection.execute(sa.insert(_CHANGES).values(row))
            kept = list(connection.scalars(newest.limit(_CHANGES_KEPT)))
            connection.execute(sa.delete(_CHANGES).where(_CHANGES.c.change.not_in(kept)))

    def plan_change(self, change: str) -> PlanChange:
        """NotFoundError for one that is not kept."""
        query = sa.select(_CHANGES.c.told).where(_CHANGES.c.change == change)
        with self._database.read() as connection:
            row = connection.scalar(query)
        if row is None:
            raise NotFoundError(
                "That can't be taken back any more: it was, or much was planned since. Plan anew."
            )
        try:
            return msgspec.json.decode(row, type=PlanChange)
        except msgspec.DecodeError as error:
            raise self._database.damaged(f"a plan: {error}") from error

    def drop_plan_change(self, change: str) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(_CHANGES).where(_CHANGES.c.change == change))

    def put_document(self, name: str, content: bytes, now_ns: int) -> str:
        """Keep a paper; its SHA-256, by which it is known. The same paper is kept once."""
        if not content or len(content) > MOST_DOCUMENT_BYTES:
            raise UsageError(
                f"A document has 1 byte to {MOST_DOCUMENT_BYTES >> 20} MB: photograph or scan it "
                "smaller."
            )
        sha256 = hashlib.sha256(content).hexdigest()
        shown = "".join(each for each in name if each.isprintable())[:_MOST_NAME] or "document"
        with self._database.write() as connection:
            known = sa.select(_DOCUMENTS.c.sha256).where(_DOCUMENTS.c.sha256 == sha256)
            if connection.scalar(known) is None:
                connection.execute(
                    sa.insert(_DOCUMENTS).values(
                        sha256=sha256, name=shown, kept_ns=now_ns, content=content
                    )
                )
        return sha256

    def document(self, sha256: str) -> PathDocument:
        """NotFoundError for one that is not kept; DamagedError for one that is another by now."""
        query = sa.select(_DOCUMENTS).where(_DOCUMENTS.c.sha256 == sha256)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("There is no such document.")
        if hashlib.sha256(row.content).hexdigest() != sha256:
            raise self._database.damaged("a document is not what its hash says")
        return PathDocument(sha256=sha256, name=row.name, kept_ns=row.kept_ns, content=row.content)

    def path_digest(self, connection: sa.Connection) -> list[str]:
        """What tells that a path is another."""
        return [repr(tuple(row)) for row in connection.execute(
            sa.select(_PATHS).order_by(_PATHS.c.device)
        )]  # fmt: skip
