"""What a model says, read by its family: boxes in the model's pixels, and scores of its labels."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from watchglass.analytics.manifest import Family, Manifest
from watchglass.base.errors import ConfigError

Floats: TypeAlias = NDArray[np.float32]
Whole: TypeAlias = NDArray[np.intp]

MOST_ROWS = 100_000
_MOST_KEPT = 500
"""So many of the most certain rows are looked at further; there are no more things in a picture."""


@lru_cache(maxsize=8)
def cells(width: int, height: int, strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Column and row ``(N, 2)``, and stride ``(N, 1)``, of the cells of all grids, in order."""
    places, sizes = [], []
    for stride in strides:
        # As models have them: a grid that does not fit is rounded up.
        rows, columns = -(-height // stride), -(-width // stride)
        y, x = np.mgrid[:rows, :columns]
        places.append(np.stack((x, y), -1).reshape(-1, 2))
        sizes.append(np.full((rows * columns, 1), stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def columns(manifest: Manifest) -> int:
    """How long a row of the output is."""
    count = len(manifest.labels)
    return count + (5 if manifest.family is Family.YOLOX else 4 * manifest.output.bins)


def expected(manifest: Manifest) -> tuple[int, int]:
    """Rows and columns of its output; ConfigError where that is more than any model has."""
    shown = manifest.input
    strides = manifest.output.strides
    rows = sum(-(-shown.height // each) * -(-shown.width // each) for each in strides)
    if rows > MOST_ROWS:
        raise ConfigError(f"The model {manifest.name} has too many cells: give coarser strides.")
    return rows, columns(manifest)


class Reader:
    """Reads outputs of one model. ``kinds``: for each kind, the places of its labels."""

    def __init__(self, manifest: Manifest, kinds: tuple[tuple[int, ...], ...]) -> None:
        shown, said = manifest.input, manifest.output
        self._places, self._strides = cells(shown.width, shown.height, said.strides)
        self._labels = len(manifest.labels)
        self._least = said.least
        self._bins = said.bins
        self._kinds = tuple(np.array(each, np.intp) for each in kinds)
        families: dict[Family, Callable[[Floats], tuple[Floats, Floats, Whole]]] = {
            Family.YOLOX: self._yolox,
            Family.NANODET: self._nanodet,
        }
        self._read = families[manifest.family]

    def read(self, rows: Floats) -> tuple[Floats, Floats, Whole]:
        """Boxes ``(n, 4)`` in the model's pixels, certainties and kinds ``(n,)`` of what is certain
        enough, from the ``(N, columns)`` of one picture. What is no number is left out."""
        with np.errstate(all="ignore"):
            boxes, certain, kinds = self._read(rows)
        good = np.isfinite(boxes).all(1) & np.isfinite(certain) & (certain <= 1.0 + 1e-3)
        good &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        return boxes[good], np.minimum(certain[good], 1.0), kinds[good]

    def _yolox(self, rows: Floats) -> tuple[Floats, Floats, Whole]:
        sure = np.flatnonzero(rows[:, 4] >= self._least)
        near = rows[sure]
        at, certain, kinds = self._best(near[:, 5 : 5 + self._labels] * near[:, 4:5])
        picked, places, strides = near[at], self._places[sure[at]], self._strides[sure[at]]
        middle = (picked[:, :2] + places) * strides
        half = np.exp(picked[:, 2:4]) * strides / 2
        return np.concatenate((middle - half, middle + half), 1), certain, kinds

    def _nanodet(self, rows: Floats) -> tuple[Floats, Floats, Whole]:
        at, certain, kinds = self._best(rows[:, : self._labels])
        logits = rows[at, self._labels :].reshape(-1, 4, self._bins)
        shares = np.exp(logits - logits.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        away = (shares @ np.arange(self._bins, dtype=np.float32)) * self._strides[at]
        middle = self._places[at] * self._strides[at]
        return np.concatenate((middle - away[:, :2], middle + away[:, 2:]), 1), certain, kinds

    def _best(self, scores: Floats) -> tuple[Whole, Floats, Whole]:
        """Rows, certainties and kinds of all that is certain enough: a row may be of two kinds, as
        models are measured; who wants one answer for a place takes the most certain."""
        of_kinds = np.stack([scores[:, labels].max(1) for labels in self._kinds], 1)
        at, kinds = np.nonzero(of_kinds >= self._least)
        certain = of_kinds[at, kinds]
        if len(at) > _MOST_KEPT:
            first = np.argsort(-certain, kind="stable")[:_MOST_KEPT]
            at, kinds, certain = at[first], kinds[first], certain[first]
        return at, certain, kinds


def suppressed(boxes: Floats, certain: Floats, kinds: Whole, overlap: float, most: int) -> Whole:
    """Which stay, the most certain first: of two of a kind that overlap by more than ``overlap``
    (intersection over union), the less certain goes."""
    order = np.argsort(-certain, kind="stable")
    boxes, kinds = boxes[order], kinds[order]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for at in range(len(order)):
        if not alive[at]:
            continue
        kept.append(at)
        if len(kept) == most:
            break
        rest = slice(at + 1, None)
        corner = np.maximum(boxes[at, :2], boxes[rest, :2])
        end = np.minimum(boxes[at, 2:], boxes[rest, 2:])
        both = np.prod(np.maximum(end - corner, 0), 1)
        same = both > overlap * (areas[at] + areas[rest] - both)
        alive[rest] &= ~(same & (kinds[rest] == kinds[at]))
    return order[np.array(kept, np.intp)]
