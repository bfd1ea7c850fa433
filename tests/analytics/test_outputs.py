"""Outputs are read as the models' own papers say, against plain loops; overlaps go."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.analytics.onnx_making import manifest, replace_in
from watchglass.analytics.manifest import Family, Fit, Input, Output
from watchglass.analytics.outputs import Floats, Reader, cells, suppressed

_SEED = 3


def test_cells_lie_in_rows_and_a_grid_that_does_not_fit_is_rounded_up() -> None:
    places, strides = cells(96, 64, (32, 64))
    assert places.tolist()[:4] == [[0, 0], [1, 0], [2, 0], [0, 1]]
    assert strides.ravel().tolist() == [32] * 6 + [64] * 2


def test_yolox_by_the_paper() -> None:
    noise = np.random.default_rng(_SEED)
    of = manifest(output=Output((32,), least=0.2))
    rows = noise.random((4, 9), np.float32)
    boxes, certain, kinds = Reader(of, ((0,), (2, 3))).read(rows)
    wanted = []
    for cell, (x, y, w, h, there, *scores) in enumerate(rows.tolist()):
        column, row = cell % 2, cell // 2
        cx, cy, bw, bh = (x + column) * 32, (y + row) * 32, math.exp(w) * 32, math.exp(h) * 32
        person, truck = scores[0] * there, max(scores[2], scores[3]) * there
        box = (cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2)
        # A row may be of two kinds.
        wanted += [(*box, each, at) for at, each in enumerate((person, truck)) if each >= 0.2]
    assert len(wanted) >= 2
    found = np.column_stack((boxes, certain, kinds)).astype(np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_nanodet_by_the_paper() -> None:
    noise = np.random.default_rng(_SEED)
    plain = manifest(family=Family.NANODET, labels=("person", "teapot"), kinds={"person": "person"})
    of = replace_in(
        plain, output=Output((32, 64), bins=4, least=0.3), input=Input(64, 64, Fit.STRETCH)
    )
    rows = noise.random((5, 2 + 16), np.float32) * 2 - 0.9
    rows[:, :2] = [[0.9, 0], [0.1, 0], [0.5, 0], [0.31, 0], [0.8, 0]]
    boxes, certain, kinds = Reader(of, ((0,),)).read(rows)
    wanted = []
    for at, (column, row, stride) in enumerate(
        [(0, 0, 32), (1, 0, 32), (0, 1, 32), (1, 1, 32), (0, 0, 64)]
    ):
        away = []
        for side in range(4):
            parts = [math.exp(each) for each in rows[at, 2 + 4 * side : 6 + 4 * side].tolist()]
            away.append(sum(n * each for n, each in enumerate(parts)) / sum(parts) * stride)
        x, y = column * stride, row * stride
        if rows[at, 0] >= 0.3:
            wanted.append((x - away[0], y - away[1], x + away[2], y + away[3], rows[at, 0]))
    assert len(wanted) == 4
    found = np.column_stack((boxes, certain)).astype(np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    assert kinds.tolist() == [0] * 4


def _plain_suppression(
    boxes: Floats, certain: Floats, kinds: list[int], overlap: float
) -> list[int]:
    kept: list[int] = []
    for at in sorted(range(len(boxes)), key=lambda each: (-certain[each], each)):
        if all(kinds[at] != kinds[k] or _shared(boxes[at], boxes[k]) <= overlap for k in kept):
            kept.append(at)
    return kept


def _shared(one: Floats, other: Floats) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(both / (sum(areas) - both))


@given(seed=st.integers(0, 10_000), count=st.integers(0, 40))
def test_overlaps_go_as_in_a_plain_loop(seed: int, count: int) -> None:
    noise = np.random.default_rng(seed)
    corner, size = noise.integers(0, 30, (count, 2)), noise.integers(1, 30, (count, 2))
    boxes = np.concatenate((corner, corner + size), 1).astype(np.float32)
    certain = noise.integers(1, 9, count).astype(np.float32) / np.float32(9)
    kinds = noise.integers(0, 2, count)
    found = suppressed(boxes, certain, kinds, 0.5, 100)
    assert found.tolist() == _plain_suppression(boxes, certain, kinds.tolist(), 0.5)


@pytest.mark.parametrize("family", list(Family))
@given(data=st.data())
def test_any_numbers_lead_to_boxes_or_nothing(family: Family, data: st.DataObject) -> None:
    bins = 4 if family is Family.NANODET else 0
    of = manifest(family=family, output=Output((32,), bins=bins))
    columns = 4 + (16 if bins else 5)
    rows = data.draw(arrays.arrays(np.float32, (4, columns), elements=st.floats(width=32)))
    boxes, certain, kinds = Reader(of, ((0,), (2, 3))).read(rows)
    assert len(boxes) == len(certain) == len(kinds) <= 4 * 2
    assert np.isfinite(boxes).all()
    assert ((certain > 0) & (certain <= 1)).all()
    assert set(kinds.tolist()) <= {0, 1}
