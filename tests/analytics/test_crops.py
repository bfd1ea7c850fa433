"""Where a model looks in a large picture, and what becomes of a thing that two crops show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.analytics.crops import MOST_CROPS, Crop, cut_off, plan
from watchglass.model.detection import Box

HD, MODEL = (1920, 1080), (416, 416)
WHOLE = Crop(0, 0, *HD)


def test_all_of_it_where_nothing_is_said_to_move() -> None:
    assert plan([], HD, MODEL) == [WHOLE]


def test_a_small_picture_is_seen_at_once() -> None:
    assert plan([Box(0.1, 0.1, 0.2, 0.2)], (400, 300), MODEL) == [Crop(0, 0, 400, 300)]


def test_around_a_small_thing_at_its_own_fineness() -> None:
    (crop,) = plan([Box(0.5, 0.5, 0.52, 0.55)], HD, MODEL)
    assert (crop.x1 - crop.x0, crop.y1 - crop.y0) == MODEL
    assert crop.x0 <= 960 < 998 <= crop.x1
    assert crop.y0 <= 540 < 594 <= crop.y1


def test_a_large_thing_has_room_around_it() -> None:
    (crop,) = plan([Box(0.3, 0.2, 0.6, 0.8)], HD, MODEL)
    assert crop.x0 < 0.3 * 1920 - 100
    assert crop.y1 > 0.8 * 1080 + 100


def test_two_that_are_near_are_looked_at_together_and_two_far_apart_each() -> None:
    near = [Box(0.5, 0.5, 0.52, 0.55), Box(0.53, 0.5, 0.55, 0.55)]
    assert len(plan(near, HD, MODEL)) == 1
    assert len(plan([near[0], Box(0.05, 0.05, 0.07, 0.1)], HD, MODEL)) == 2


def test_many_places_are_looked_at_at_once() -> None:
    many = [Box(x, y, x + 0.01, y + 0.01) for x in (0.05, 0.35, 0.65, 0.95) for y in (0.05, 0.9)]
    assert plan(many, HD, MODEL) == [WHOLE]


def test_parts_of_a_picture_that_is_fine_enough_are_not_worth_two_looks() -> None:
    two = [Box(0.02, 0.1, 0.05, 0.2), Box(0.9, 0.8, 0.95, 0.9)]
    assert plan(two, (640, 360), MODEL) == [Crop(0, 0, 640, 360)]


_SHARES = st.floats(-0.5, 1.5)


@given(
    moving=st.lists(st.builds(Box, _SHARES, _SHARES, _SHARES, _SHARES), max_size=12),
    width=st.integers(1, 4000),
    height=st.integers(1, 3000),
)
def test_all_that_moves_lies_in_what_is_looked_at(
    moving: list[Box], width: int, height: int
) -> None:
    crops = plan(moving, (width, height), MODEL)
    assert 1 <= len(crops) <= MOST_CROPS
    for crop in crops:
        assert 0 <= crop.x0 < crop.x1 <= width
        assert 0 <= crop.y0 < crop.y1 <= height
    for box in moving:
        x0, x1 = sorted(min(max(each, 0), 1) * width for each in (box.x0, box.x1))
        y0, y1 = sorted(min(max(each, 0), 1) * height for each in (box.y0, box.y1))
        assert any(
            crop.x0 <= x0 and x1 <= crop.x1 and crop.y0 <= y0 and y1 <= crop.y1 for crop in crops
        )


@pytest.mark.parametrize(
    ("other", "gone"),
    [((300, 100, 520, 400), [0]), ((600, 100, 800, 400), []), ((300, 100, 330, 130), [])],
)
def test_what_ends_where_its_crop_does_gives_way_to_more_of_it(
    other: tuple[int, int, int, int], gone: list[int]
) -> None:
    crops = [Crop(0, 0, 416, 416), Crop(250, 0, 900, 650)]
    boxes = np.array([(300, 100, 416, 400), other], np.float32)
    kinds, origin = np.array([0, 0]), np.array([0, 1])
    assert cut_off(boxes, kinds, origin, crops, HD).tolist() == gone
    assert cut_off(boxes, np.array([0, 1]), origin, crops, HD).tolist() == []
