"""Patches are what flood filling finds; a polygon covers the cells whose middle lies in it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from watchglass.analytics.plane import Cells, covered, grown, patches, smoothed

cells = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))


def flooded(plane: Cells) -> list[set[tuple[int, int]]]:
    """Set cells by the patch of grown cells that they lie in."""
    wide = grown(plane)
    left = {(int(y), int(x)) for y, x in np.argwhere(wide)}
    result = []
    while left:
        todo, group = [left.pop()], set()
        while todo:
            y, x = todo.pop()
            group.add((y, x))
            for near in ((y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)):
                if near in left:
                    left.remove(near)
                    todo.append(near)
        result.append({each for each in group if plane[each]})
    return [group for group in result if group]


@given(cells)
def test_patches_are_those_of_flood_filling(plane: Cells) -> None:
    expected = sorted(
        (
            len(group),
            min(y for y, _ in group),
            max(y for y, _ in group) + 1,
            min(x for _, x in group),
            max(x for _, x in group) + 1,
        )
        for group in flooded(plane)
    )
    found = patches(plane, 1, 10_000)
    assert sorted((each.cells, each.y0, each.y1, each.x0, each.x1) for each in found) == expected


@given(cells, st.integers(1, 5), st.integers(1, 4))
def test_only_the_largest_patches_are_told_and_none_too_small(
    plane: Cells, least: int, most: int
) -> None:
    every = [each.cells for each in patches(plane, 1, 10_000)]
    told = [each.cells for each in patches(plane, least, most)]
    assert told == [count for count in every if count >= least][:most]


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)))
def test_smoothing_keeps_the_range_and_what_is_even(
    plane: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]",
) -> None:
    smooth = smoothed(plane)
    assert smooth.shape == plane.shape
    assert plane.min() - 0.01 <= smooth.min() <= smooth.max() <= plane.max() + 0.01


@given(
    st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.05, 1), st.floats(0.05, 1),
    st.integers(1, 40), st.integers(1, 40),
)  # fmt: skip
def test_a_rectangle_covers_the_cells_whose_middle_is_in_it(
    x0: float, y0: float, width: float, height: float, rows: int, columns: int
) -> None:
    x1, y1 = min(1.0, x0 + width), min(1.0, y0 + height)
    found = covered([[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]], (rows, columns))
    for row in range(rows):
        for column in range(columns):
            x, y = (column + 0.5) / columns, (row + 0.5) / rows
            if min(abs(x - x0), abs(x - x1), abs(y - y0), abs(y - y1)) > 1e-9:
                assert found[row, column] == (x0 < x < x1 and y0 < y < y1)


def test_two_polygons_cover_what_either_does_and_a_notch_stays_open() -> None:
    notched = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0)]
    lower = [(0.4, 0.8), (0.6, 0.8), (0.6, 1.0), (0.4, 1.0)]
    both = covered([notched, lower], (10, 10))
    assert both[0].all()
    assert not both[6, 5]
    assert both[9, 5]
    assert not covered([], (4, 4)).any()
