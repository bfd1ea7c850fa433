"""What cameras said that happens, as rows: in the site's database, with a schema of their own."""

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId
from watchglass.model.said import MOST_TEXT, Said, SaidClock, SaidKind
from watchglass.store.database import Database, Schema, Synchronous

TABLES = sa.MetaData()
SAID = sa.Table(
    "camera_said",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("camera", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("text", sa.String(MOST_TEXT), nullable=False),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("clock", sa.String(16), nullable=False),
)
sa.Index("said_by_camera", SAID.c.camera, SAID.c.from_ns)
SCHEMA = Schema(
    "said", TABLES, upgrades=(),
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)  # fmt: skip


class SaidStore:
    """Of one site. Thread-safe; each method is one transaction."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._database = Database(path, SCHEMA, synchronous=Synchronous.FULL, disk=disk)

    def close(self) -> None:
        self._database.close()

    def put(self, said: Iterable[Said]) -> None:
        """Each in place of what was told of it before."""
        rows = [
            {
                "id": each.id, "camera": each.camera, "kind": each.kind.value,
                "text": each.text[:MOST_TEXT], "from_ns": each.from_ns, "to_ns": each.to_ns,
                "count": each.count, "clock": each.clock.value,
            }
            for each in said
        ]  # fmt: skip
        with self._database.write() as connection:
            ids = [row["id"] for row in rows]
            connection.execute(sa.delete(SAID).where(SAID.c.id.in_(ids)))
            connection.execute(sa.insert(SAID), rows)

    def between(self, camera: CameraId, from_ns: int, to_ns: int, most: int) -> tuple[Said, ...]:
        """Those that touch a span (UTC ns), oldest first, at most so many."""
        touches = (
            SAID.c.camera == camera, SAID.c.from_ns < to_ns,
            sa.or_(SAID.c.to_ns.is_(None), SAID.c.to_ns >= from_ns),
        )  # fmt: skip
        query = sa.select(SAID).where(*touches).order_by(SAID.c.from_ns, SAID.c.id).limit(most)
        with self._database.read() as connection:
            return tuple(_said(row) for row in connection.execute(query).mappings())

    def end_open(self) -> None:
        """What went on when the recorder ended is over; it is not known when."""
        with self._database.write() as connection:
            over = sa.update(SAID).where(SAID.c.to_ns.is_(None))
            connection.execute(over.values(to_ns=SAID.c.from_ns))

    def forget(self, camera: CameraId, before_ns: int) -> int:
        """Erase what ended before then; how many."""
        with self._database.write() as connection:
            old = (SAID.c.camera == camera, SAID.c.from_ns < before_ns)
            return connection.execute(sa.delete(SAID).where(*old)).rowcount

    def forget_span(self, camera: CameraId, from_ns: int, to_ns: int) -> int:
        """Erase what a camera said in a span; how much."""
        end = sa.func.coalesce(SAID.c.to_ns, SAID.c.from_ns)
        inside = (SAID.c.camera == camera, SAID.c.from_ns < to_ns, end >= from_ns)
        with self._database.write() as connection:
            return connection.execute(sa.delete(SAID).where(*inside)).rowcount

    def cameras(self) -> tuple[CameraId, ...]:
        """Those of which there is something."""
        with self._database.read() as connection:
            found = connection.scalars(sa.select(SAID.c.camera).distinct())
            return tuple(CameraId(each) for each in found)


def _said(row: sa.RowMapping) -> Said:
    return Said(
        id=row["id"], camera=CameraId(row["camera"]), kind=SaidKind(row["kind"]),
        text=row["text"], from_ns=row["from_ns"], to_ns=row["to_ns"], count=row["count"],
        clock=SaidClock(row["clock"]),
    )  # fmt: skip
