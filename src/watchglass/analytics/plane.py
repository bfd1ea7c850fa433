"""Arithmetic on small planes of cells: smoothing, slopes, joined-up patches, polygons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from watchglass.model.detection import Box
from watchglass.model.polygon import Point

Plane: TypeAlias = NDArray[np.float32]
Cells: TypeAlias = NDArray[np.bool_]
Luma: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Patch:
    """Cells that hang together: rows ``y0`` to ``y1``, columns ``x0`` to ``x1``, ends excluded."""

    y0: int
    y1: int
    x0: int
    x1: int
    cells: int

    def within(self, plane: NDArray[Any], margin: int = 0) -> NDArray[Any]:
        """The part of the plane that it lies in, and so many cells around it."""
        top, left = max(0, self.y0 - margin), max(0, self.x0 - margin)
        return plane[top : self.y1 + margin, left : self.x1 + margin]

    def box(self, shape: tuple[int, int]) -> Box:
        """In parts of a plane of that shape (rows, columns)."""
        rows, columns = shape
        return Box(self.x0 / columns, self.y0 / rows, self.x1 / columns, self.y1 / rows)


def smoothed(plane: NDArray[Any]) -> Plane:
    """The mean of each cell and its eight neighbours; edges count twice."""
    wide = np.pad(plane, 1, mode="edge").astype(np.float32)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    total: Plane = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    total *= np.float32(1 / 9)
    return total


def slopes(plane: Plane) -> tuple[Plane, Plane]:
    """How much the plane rises from cell to cell, across and down."""
    across = np.zeros_like(plane)
    down = np.zeros_like(plane)
    across[:, 1:-1] = (plane[:, 2:] - plane[:, :-2]) * np.float32(0.5)
    down[1:-1] = (plane[2:] - plane[:-2]) * np.float32(0.5)
    return across, down


def grown(cells: Cells) -> Cells:
    """The cells and their eight neighbours."""
    wide = np.pad(cells, 1)
    rows = wide[:-2] | wide[1:-1] | wide[2:]
    result: Cells = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return result


def patches(cells: Cells, least: int, most: int) -> list[Patch]:
    """Patches of cells that touch, corners included, the largest first: at most ``most`` of them,
    and none of fewer than ``least`` cells. A gap one cell wide does not part them.
    """
    joined = grown(cells)
    rows, starts, ends = _runs(joined)
    label = list(range(len(rows)))

    def root(one: int) -> int:
        while label[one] != one:
            label[one] = label[label[one]]
            one = label[one]
        return one

    first_above, row_above = 0, -1
    first = 0
    for run in range(len(rows)):
        if rows[run] != rows[first]:
            first_above, row_above, first = first, rows[first], run
        if row_above != rows[run] - 1:
            continue
        above = first_above
        while above < first and starts[above] <= ends[run]:
            if ends[above] >= starts[run]:
                label[root(run)] = root(above)
            above += 1
        while first_above < first and ends[first_above] < starts[run]:
            first_above += 1
    groups: dict[int, list[int]] = {}
    for run in range(len(rows)):
        groups.setdefault(root(run), []).append(run)
    found = [
        _patch(cells, [(rows[r], starts[r], ends[r]) for r in group]) for group in groups.values()
    ]
    kept = [each for each in found if each.cells >= least]
    return sorted(kept, key=lambda each: -each.cells)[:most]


def _runs(cells: Cells) -> tuple[list[int], list[int], list[int]]:
    """Runs of set cells along rows: row, first column, column after the last."""
    wide = np.zeros((cells.shape[0], cells.shape[1] + 2), np.int8)
    wide[:, 1:-1] = cells
    steps = np.diff(wide, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    return rows.tolist(), starts.tolist(), ends.tolist()


def _patch(cells: Cells, runs: list[tuple[int, int, int]]) -> Patch:
    count, top, bottom, left, right = 0, len(cells), 0, cells.shape[1], 0
    for row, start, end in runs:
        columns = np.flatnonzero(cells[row, start:end])
        if len(columns):
            count += len(columns)
            top, bottom = min(top, row), max(bottom, row + 1)
            left, right = (
                min(left, start + int(columns[0])),
                max(right, start + int(columns[-1]) + 1),
            )
    return Patch(top, bottom, left, right, count)


def covered(polygons: Sequence[Sequence[Point]], shape: tuple[int, int]) -> Cells:
    """The cells (rows, columns) whose middle lies in one of the polygons."""
    rows, columns = shape
    x = ((np.arange(columns) + 0.5) / columns)[None, :]
    y = ((np.arange(rows) + 0.5) / rows)[:, None]
    result = np.zeros(shape, np.bool_)
    for polygon in polygons:
        inside = np.zeros(shape, np.bool_)
        for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            if y0 != y1:
                spans = (y0 <= y) != (y1 <= y)
                inside ^= spans & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        result |= inside
    return result
