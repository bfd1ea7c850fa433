"""Where a camera that can be turned looks, and what it covers of its picture itself."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Corners = tuple[tuple[float, float], ...]

_STEPS: Final = 10
"""Of a half turn: each has pictures of its own, so there are not too many."""


@dataclass(frozen=True, slots=True)
class View:
    """Pan and tilt from -1 to 1, zoom from 0 to 1, in steps. ``covers``: corners from 0 to 1, from
    the upper left."""

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0
    covers: tuple[Corners, ...] = ()


STRAIGHT: Final = View()


def in_steps(value: float) -> float:
    return round(value * _STEPS) / _STEPS


def see(planes: NDArray[np.uint8], height: int, view: View) -> None:
    """Change a picture (planar 4:2:0, its luma in the first ``height`` rows), in place.

    The street goes round: who turns a whole turn sees what was there before.
    """
    width = planes.shape[1]
    luma = planes[:height]
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    for plane in (luma, *chroma):
        rows, columns = plane.shape
        shift = (-round(view.tilt * rows / 4), -round(view.pan * columns / 2))
        moved = np.roll(plane, (-shift[0], shift[1]), axis=(0, 1))
        if view.zoom:
            part = 1 / (1 + 3 * view.zoom)
            down = ((np.arange(rows) - rows / 2) * part + rows / 2).astype(int)
            right = ((np.arange(columns) - columns / 2) * part + columns / 2).astype(int)
            moved = moved[down][:, right]
        plane[:] = moved
    for corners in view.covers:
        luma[inside(corners, height, width)] = 16
        for plane in chroma:
            plane[inside(corners, height // 2, width // 2)] = 128


def inside(corners: Corners, rows: int, columns: int) -> NDArray[np.bool_]:
    """Which pixels lie in a polygon."""
    y, x = np.mgrid[0:rows, 0:columns]
    y, x = (y + 0.5) / rows, (x + 0.5) / columns
    found = np.zeros((rows, columns), bool)
    for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True):
        crosses = (y1 > y) != (y2 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            found ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return found
