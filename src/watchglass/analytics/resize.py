"""A picture at another size, as models were trained to see it: bilinear, by pixels' middles."""

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from watchglass.analytics.detector import Picture

Levels: TypeAlias = NDArray[np.float32]
_Steps: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp], Levels]


def resized(picture: Picture, width: int, height: int) -> Levels:
    """``float32 (height, width, 3)`` of levels from 0 to 255, not rounded."""
    upper, lower, part = _steps(picture.shape[0], height)
    rows = picture[upper].astype(np.float32)
    if part.any():
        rows += (picture[lower] - rows) * part[:, None, None]
    left, right, part = _steps(picture.shape[1], width)
    columns = rows.take(left, axis=1)
    if part.any():
        columns += (rows.take(right, axis=1) - columns) * part[:, None]
    return columns


@lru_cache(maxsize=64)
def _steps(source: int, target: int) -> _Steps:
    """Of each target line the two source lines that it lies between, and how far on it lies."""
    at = (np.arange(target) + 0.5) * (source / target) - 0.5
    first = np.floor(at)
    part = (at - first).astype(np.float32)
    before = np.clip(first, 0, source - 1).astype(np.intp)
    after = np.clip(first + 1, 0, source - 1).astype(np.intp)
    for each in (before, after, part):
        each.flags.writeable = False
    return before, after, part
