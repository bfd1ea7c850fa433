"""A sheet of pictures: each thing of a film where it is seen best, framed, with its number."""

from collections.abc import Sequence

import numpy as np

from watchglass.analytics.detector import Picture
from watchglass.app.film import TILE_WIDTH, Way
from watchglass.media.drawn import draw_box, draw_number
from watchglass.model.detection import ObjectClass

_COLUMNS = 4
_GAP = 4
_BACKGROUND = 24
_NAMED, _MOVING = (80, 220, 255), (220, 220, 220)


def sheet(ways: Sequence[Way]) -> Picture:
    """``uint8 (h, w, 3)``; numbers are those of ``ways``, from one. Things without a picture are
    left out."""
    tiles = [_tile(number, way) for number, way in enumerate(ways, 1) if way.best is not None]
    height = max((tile.shape[0] for tile in tiles), default=TILE_WIDTH * 9 // 16)
    rows = max(1, -(-len(tiles) // _COLUMNS))
    columns = min(_COLUMNS, max(1, len(tiles)))
    shape = (_even(rows * (height + _GAP) + _GAP), _even(columns * (TILE_WIDTH + _GAP) + _GAP), 3)
    found = np.full(shape, _BACKGROUND, np.uint8)
    for at, tile in enumerate(tiles):
        row, column = divmod(at, _COLUMNS)
        y, x = _GAP + row * (height + _GAP), _GAP + column * (TILE_WIDTH + _GAP)
        found[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return found


def _tile(number: int, way: Way) -> Picture:
    assert way.best is not None
    tile = way.best.tile.copy()
    colour = _MOVING if way.kind is ObjectClass.MOVING else _NAMED
    draw_box(tile, way.best.box, colour)
    draw_number(tile, number, colour)
    return tile


def _even(size: int) -> int:
    return size + size % 2
