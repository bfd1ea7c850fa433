"""Under a mask nothing of the picture comes out; beside it the picture is the picture."""

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.media.numbered import luma_of, numbered
from watchglass.base.errors import UsageError
from watchglass.media.cover import Painter, inside, widened
from watchglass.media.still import still
from watchglass.model.mask import SEAM_NS, Cover
from watchglass.model.polygon import Point, checked_corners
from watchglass.model.stream import VideoCodec

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
HOUR = 3600 * 10**9

points = st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(st.lists(points, min_size=3, max_size=9), points)
@settings(max_examples=150, deadline=None)
def test_each_pixel_well_inside_is_covered_and_each_far_outside_is_not(
    corners: list[Point], at: Point
) -> None:
    width, height = 64, 48
    try:
        polygon = checked_corners(corners, "A mask")
    except UsageError:
        return
    x, y = min(width - 1, int(at[0] * width)), min(height - 1, int(at[1] * height))
    wound = _wound(polygon, ((x + 0.5) / width, (y + 0.5) / height))
    assert bool(inside(polygon, width, height)[y, x]) == wound


def _wound(polygon: tuple[Point, ...], at: Point) -> bool:
    """The plain definition: how often the sides go round the point."""
    total = 0
    for one, two in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (one[1] <= at[1]) == (two[1] <= at[1]):
            continue
        crossing = one[0] + (at[1] - one[1]) * (two[0] - one[0]) / (two[1] - one[1])
        if crossing > at[0]:
            total += 1 if two[1] > one[1] else -1
    return total != 0


@given(st.integers(0, 31), st.integers(0, 23), st.integers(1, 5))
def test_it_is_wider_to_all_sides(x: int, y: int, by: int) -> None:
    bits = np.zeros((24, 32), np.bool_)
    bits[y, x] = True
    rows, columns = np.nonzero(widened(bits, by))
    assert (rows.min(), rows.max()) == (max(0, y - by), min(23, y + by))
    assert (columns.min(), columns.max()) == (max(0, x - by), min(31, x + by))


@pytest.mark.parametrize("size", [(64, 36), (321, 181), (50, 2), (320, 180)])
def test_nothing_of_the_picture_is_left_under_it(size: tuple[int, int]) -> None:
    """Whatever was there before, what is there now is the same."""
    found = []
    for seed in (1, 2):
        noise = np.random.default_rng(seed)
        picture = VideoFrame(*size, "yuv420p")
        for plane in picture.planes:
            plane.update(noise.integers(0, 255, plane.buffer_size, dtype=np.uint8).tobytes())
        before = picture.to_ndarray(format="rgb24") if size[0] % 2 == 0 else None
        Painter([Cover(LEFT)]).paint(picture, 0)
        planes = [_samples(picture, number) for number in range(3)]
        found.append([plane[:, : -(-plane.shape[1] // 2)] for plane in planes])
        if before is not None and size[0] > 60:
            after = picture.to_ndarray(format="rgb24")
            assert (after[:, size[0] * 3 // 4 :] == before[:, size[0] * 3 // 4 :]).all()
    for one, two in zip(*found, strict=True):
        assert (one == two).all()


def _samples(picture: VideoFrame, number: int) -> NDArray[np.uint8]:
    plane = picture.planes[number]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def test_a_mask_holds_for_its_time_and_a_little_longer() -> None:
    cover = Cover(LEFT, 10 * HOUR, 20 * HOUR)
    held = [cover.holds_at(hour * HOUR) for hour in (9, 10, 15, 20, 21)]
    assert held == [False, True, True, True, False]
    assert cover.holds_at(10 * HOUR - SEAM_NS)
    assert not cover.holds_at(20 * HOUR + SEAM_NS)
    assert Cover(LEFT).holds_at(0)


@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.H265])
def test_stills_are_covered(codec: VideoCodec) -> None:
    covered = []
    for grey in (40, 200):
        video = numbered(codec, 1, 320, 180, grey)
        unit = video.access_units[0][0]
        luma = luma_of(still(codec, video.configuration, unit, 320, [Cover(LEFT)], 5)).astype(int)
        covered.append(luma[:, :160])
        assert abs(np.median(luma[60:, 200:]) - (grey - 16) * 255 / 219) < 4
        later = [Cover(LEFT, 9 * HOUR)]
        open_ = luma_of(still(codec, video.configuration, unit, 320, later, 5)).astype(int)
        assert abs(np.median(open_[60:, :160]) - (grey - 16) * 255 / 219) < 4
    assert np.abs(covered[0] - covered[1]).max() <= 2


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ([(0, 0), (1, 1)], "3 to"),
        ([(0, 0), (1, 1), (0, 1.1)], "from 0 to 1"),
        ([(0, 0), (1, 1), (float("nan"), 0)], "from 0 to 1"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "cross"),
        ([(0, 0), (1, 1), (0.5, 0.5)], "covers nothing"),
    ],
)
def test_what_is_no_mask_is_refused(corners: list[Point], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        checked_corners(corners, "A mask")
    assert checked_corners([(0, 0), (1, 0), (1, 1)], "A mask") == ((0, 0), (1, 0), (1, 1))
