"""Layouts of the wall and bookmarks, as people keep and share them.

The tables are in the site's database, with a schema version of their own. A bookmark outlives the
recording that it names; its text is erased with it. All text is hostile, and kept as plain text.
"""

import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId
from watchglass.model.arrangement import Bookmark, BookmarkId, Layout, LayoutId, Tile, problem_of
from watchglass.store.database import Database, Schema, Synchronous

NAME_MOST = 60
TEXT_MOST = 500
MOST_LAYOUTS = 60
"""Of one user."""
MOST_BOOKMARKS = 20_000

_TABLES = sa.MetaData()
_LAYOUTS = sa.Table(
    "layouts",
    _TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(32), nullable=False, index=True),
    sa.Column("owner_name", sa.String(64), nullable=False),
    sa.Column("name", sa.String(NAME_MOST), nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("columns", sa.Integer, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("tiles", sa.LargeBinary, nullable=False),
    sa.Column("changed_ns", sa.BigInteger, nullable=False),
)
_BOOKMARKS = sa.Table(
    "bookmarks",
    _TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(32), nullable=False),
    sa.Column("owner_name", sa.String(64), nullable=False),
    sa.Column("camera", sa.String(32), nullable=False),
    sa.Column("at_ns", sa.BigInteger, nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("made_ns", sa.BigInteger, nullable=False),
)
SCHEMA = Schema(
    "arrangement",
    _TABLES,
    if_damaged="stop the recorder and restore the state folder from a backup; no footage is lost.",
)


class ArrangementStore:
    """Thread-safe; each method is one transaction. Raises what ``Database`` does besides."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._database = Database(
            path, SCHEMA, synchronous=Synchronous.FULL, disk=disk, erase_deleted=True
        )

    def close(self) -> None:
        self._database.close()

    # --- layouts -----------------------------------------------------------------------------

    def layouts(self, user: str) -> list[Layout]:
        """Those of a user and those that are shared, by name."""
        query = (
            sa.select(_LAYOUTS)
            .where(sa.or_(_LAYOUTS.c.owner == user, _LAYOUTS.c.shared))
            .order_by(sa.func.lower(_LAYOUTS.c.name), _LAYOUTS.c.id)
        )
        with self._database.read() as connection:
            return [self._layout(row) for row in connection.execute(query)]

    def layout(self, layout: LayoutId) -> Layout:
        """NotFoundError where there is none."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(_LAYOUTS).where(_LAYOUTS.c.id == layout)).first()
        if row is None:
            raise NotFoundError("There is no such layout: somebody may have deleted it.")
        return self._layout(row)

    def put_layout(self, layout: Layout) -> Layout:
        """Keep a layout, in place of what it was; as it is kept. UsageError, RefusedError."""
        problem = problem_of(layout)
        if problem:
            raise UsageError(problem)
        layout = msgspec.structs.replace(layout, name=_clean(layout.name, NAME_MOST, "name"))
        count = sa.select(sa.func.count()).where(
            _LAYOUTS.c.owner == layout.owner, _LAYOUTS.c.id != layout.id
        )
        with self._database.write() as connection:
            if (connection.scalar(count) or 0) >= MOST_LAYOUTS:
                raise RefusedError(f"There are {MOST_LAYOUTS} layouts already: delete one first.")
            connection.execute(sa.delete(_LAYOUTS).where(_LAYOUTS.c.id == layout.id))
            connection.execute(
                sa.insert(_LAYOUTS).values(
                    id=layout.id, owner=layout.owner, owner_name=layout.owner_name,
                    name=layout.name, shared=layout.shared, columns=layout.columns,
                    rows=layout.rows, tiles=msgspec.json.encode(layout.tiles),
                    changed_ns=layout.changed_ns,
                )
            )  # fmt: skip
        return layout

    def remove_layout(self, layout: LayoutId) -> None:
        """NotFoundError where there is none."""
        with self._database.write() as connection:
            if not connection.execute(sa.delete(_LAYOUTS).where(_LAYOUTS.c.id == layout)).rowcount:
                raise NotFoundError("There is no such layout: somebody may have deleted it.")

    def _layout(self, row: sa.Row[Any]) -> Layout:
        try:
            tiles = msgspec.json.decode(row.tiles, type=tuple[Tile, ...])
        except msgspec.DecodeError as error:
            raise self._database.damaged(f"layout {row.id}") from error
        return Layout(
            LayoutId(row.id), row.owner, row.owner_name, row.name, row.shared, row.columns,
            row.rows, tiles, row.changed_ns,
        )  # fmt: skip

    # --- bookmarks ---------------------------------------------------------------------------

    def bookmarks(self, from_ns: int, to_ns: int, most: int) -> list[Bookmark]:
        """Those from ``from_ns`` to before ``to_ns`` (UTC), the newest first."""
        query = (
            sa.select(_BOOKMARKS)
            .where(_BOOKMARKS.c.at_ns >= from_ns, _BOOKMARKS.c.at_ns < to_ns)
            .order_by(_BOOKMARKS.c.at_ns.desc(), _BOOKMARKS.c.id)
            .limit(most)
        )
        with self._database.read() as connection:
            return [_bookmark(row) for row in connection.execute(query)]

    def bookmark(self, bookmark: BookmarkId) -> Bookmark:
        """NotFoundError where there is none."""
        with self._database.read() as connection:
            query = sa.select(_BOOKMARKS).where(_BOOKMARKS.c.id == bookmark)
            row = connection.execute(query).first()
        if row is None:
            raise NotFoundError("There is no such bookmark: somebody may have deleted it.")
        return _bookmark(row)

    def add_bookmark(self, bookmark: Bookmark) -> Bookmark:
        """Keep a bookmark; as it is kept. UsageError, RefusedError."""
        bookmark = msgspec.structs.replace(bookmark, text=_clean(bookmark.text, TEXT_MOST, "text"))
        with self._database.write() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(_BOOKMARKS))
            if (count or 0) >= MOST_BOOKMARKS:
                raise RefusedError(
                    f"There are {MOST_BOOKMARKS} bookmarks already: delete old ones first."
                )
            connection.execute(
                sa.insert(_BOOKMARKS).values(
                    id=bookmark.id, owner=bookmark.owner, owner_name=bookmark.owner_name,
                    camera=bookmark.camera, at_ns=bookmark.at_ns, text=bookmark.text,
                    made_ns=bookmark.made_ns,
                )
            )  # fmt: skip
        return bookmark

    def remove_bookmark(self, bookmark: BookmarkId) -> None:
        """NotFoundError where there is none."""
        query = sa.delete(_BOOKMARKS).where(_BOOKMARKS.c.id == bookmark)
        with self._database.write() as connection:
            if not connection.execute(query).rowcount:
                raise NotFoundError("There is no such bookmark: somebody may have deleted it.")


def _bookmark(row: sa.Row[Any]) -> Bookmark:
    return Bookmark(
        BookmarkId(row.id), row.owner, row.owner_name, CameraId(row.camera), row.at_ns, row.text,
        row.made_ns,
    )  # fmt: skip


def _clean(text: str, most: int, what: str) -> str:
    """Trimmed, NFC, spaces plain. What is invisible or turns the direction of writing is refused,
    so that no text can pose as another."""
    plain = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in text)
    clean = unicodedata.normalize("NFC", plain).strip(" ")
    if not 1 <= len(clean) <= most:
        raise UsageError(f"A {what} has 1 to {most} characters, not {len(clean)}.")
    for sign in clean:
        if not sign.isprintable():
            raise UsageError(
                f"A {what} cannot hold U+{ord(sign):04X}, a character that does not print."
            )
    return clean
