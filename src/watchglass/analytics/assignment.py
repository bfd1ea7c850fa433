"""Who goes with whom: the cheapest set of pairs."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]


def assign(costs: Floats, most: float) -> list[tuple[int, int]]:
    """Pairs of row and column, each in one pair at the most, none dearer than ``most``.

    As many pairs as there can be are worth less than cheap ones: a pair that is left out costs
    ``most``, and the sum is the least that there is. ``costs`` is finite, of shape (rows, columns).
    """
    rows, columns = costs.shape
    if not rows or not columns:
        return []
    if columns < rows:
        return sorted((row, column) for column, row in assign(costs.T, most))
    bounded = np.minimum(costs, most)
    return [
        (row, int(column))
        for row, column in enumerate(_columns(bounded))
        if costs[row, column] <= most
    ]


def _columns(costs: Floats) -> NDArray[np.intp]:
    """The column of each row, for no more rows than columns: shortest augmenting paths, with the
    potentials of Jonker and Volgenant. O(rows² · columns)."""
    rows, columns = costs.shape
    of_row, of_column = np.zeros(rows), np.zeros(columns)
    taken = np.full(columns, -1, dtype=np.intp)
    for row in range(rows):
        least = np.full(columns, np.inf)
        before = np.full(columns, -1, dtype=np.intp)
        done = np.zeros(columns, dtype=bool)
        at, column, reached = row, -1, 0.0
        while True:
            through = reached + costs[at] - of_row[at] - of_column
            better = ~done & (through < least)
            least[better], before[better] = through[better], column
            column = int(np.argmin(np.where(done, np.inf, least)))
            reached, done[column] = float(least[column]), True
            if taken[column] < 0:
                break
            at = int(taken[column])
        for each in np.flatnonzero(done):
            if taken[each] >= 0:
                of_row[taken[each]] += reached - least[each]
            of_column[each] += least[each] - reached
        of_row[row] += reached
        while column >= 0:
            further = int(before[column])
            taken[column] = row if further < 0 else taken[further]
            column = further
    found = np.empty(rows, dtype=np.intp)
    filled = np.flatnonzero(taken >= 0)
    found[taken[filled]] = filled
    return found
