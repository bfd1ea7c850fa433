"""How somebody arranges the wall, and moments that somebody wants to find again."""

from typing import NewType

import msgspec

from watchglass.base.ids import CameraId

LayoutId = NewType("LayoutId", str)
BookmarkId = NewType("BookmarkId", str)

MOST_CELLS = 12
"""Of a side of the wall. More is not told apart on any screen."""


class Tile(msgspec.Struct, frozen=True):
    """A camera's place, in cells of the wall from its upper left corner."""

    camera: CameraId
    x: int
    y: int
    width: int
    height: int


class Layout(msgspec.Struct, frozen=True):
    """Tiles on a grid of ``columns`` and ``rows``. ``owner`` is a user's id; a ``shared`` one is
    there for all. ``changed_ns`` is UTC."""

    id: LayoutId
    owner: str
    owner_name: str
    name: str
    shared: bool
    columns: int
    rows: int
    tiles: tuple[Tile, ...]
    changed_ns: int


class Bookmark(msgspec.Struct, frozen=True):
    """A moment (UTC ns) of a camera that somebody marked, and why."""

    id: BookmarkId
    owner: str
    owner_name: str
    camera: CameraId
    at_ns: int
    text: str
    made_ns: int


def problem_of(layout: Layout) -> str:
    """What is wrong with a layout, in a sentence; empty for nothing."""
    if not (1 <= layout.columns <= MOST_CELLS and 1 <= layout.rows <= MOST_CELLS):
        return f"A wall has 1 to {MOST_CELLS} columns and rows."
    if not layout.tiles:
        return "A layout shows at least one camera."
    taken: set[tuple[int, int]] = set()
    cameras: set[CameraId] = set()
    for tile in layout.tiles:
        inside = (
            tile.x >= 0 and tile.y >= 0 and tile.width >= 1 and tile.height >= 1
            and tile.x + tile.width <= layout.columns and tile.y + tile.height <= layout.rows
        )  # fmt: skip
        if not inside:
            return "A tile lies outside the wall."
        if tile.camera in cameras:
            return "A camera is on the wall twice."
        cameras.add(tile.camera)
        for cell in _cells(tile):
            if cell in taken:
                return "Two tiles lie on each other."
            taken.add(cell)
    return ""


def _cells(tile: Tile) -> list[tuple[int, int]]:
    return [
        (x, y)
        for x in range(tile.x, tile.x + tile.width)
        for y in range(tile.y, tile.y + tile.height)
    ]
