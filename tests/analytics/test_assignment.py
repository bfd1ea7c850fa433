"""The cheapest pairs, against trying them all."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from watchglass.analytics.assignment import Floats, assign

MOST = 0.8
costs = st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(0, 1, width=16))
)


def total(matrix: Floats, pairs: list[tuple[int, int]]) -> float:
    return sum(float(matrix[row, column]) - MOST for row, column in pairs)


def cheapest(matrix: Floats) -> float:
    """Of all sets of pairs."""
    rows, columns = matrix.shape
    best = 0.0
    for size in range(1, min(rows, columns) + 1):
        for some in itertools.combinations(range(rows), size):
            for others in itertools.permutations(range(columns), size):
                best = min(best, total(matrix, list(zip(some, others, strict=True))))
    return best


@given(costs)
@settings(max_examples=200)
def test_no_other_set_of_pairs_is_cheaper(matrix: Floats) -> None:
    pairs = assign(matrix, MOST)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(matrix[row, column] <= MOST for row, column in pairs)
    assert total(matrix, pairs) == pytest.approx(cheapest(matrix))
