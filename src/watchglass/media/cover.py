"""Masks, and what a redacted copy hides, painted over decoded pictures before anything of them is
encoded."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from watchglass.model.detection import Box
from watchglass.model.mask import Cover
from watchglass.model.polygon import Point

Bits = NDArray[np.bool_]
Levels = NDArray[np.uint8]

_DARK, _LIGHT, _GREY = 52, 66, 128
_STRIPE = 12
_FLAT = 84
_AROUND = 2
_MARGIN = 200
"""A mask is wider all round by that part of the picture's width, and by two pixels at least: a
scaled pixel has something of its neighbours in it."""


class Painter:
    """Paints pictures of one size; ``covers`` say what, and of which times. Not thread-safe."""

    def __init__(self, covers: Sequence[Cover]) -> None:
        self._covers = covers
        self._painted: dict[tuple[int, int, tuple[int, ...]], tuple[Bits, Bits, Levels]] = {}

    def paint(self, picture: VideoFrame, wall_ns: int) -> None:
        """Cover what is masked at that time (UTC), in place. The picture is planar 4:2:0."""
        active = tuple(at for at, each in enumerate(self._covers) if each.holds_at(wall_ns))
        if not active:
            return
        key = (picture.width, picture.height, active)
        if key not in self._painted:
            self._painted = {key: self._prepared(*key)}
        luma, chroma, stripes = self._painted[key]
        rows, columns = luma.shape
        _plane(picture, 0, rows, columns)[luma] = stripes[luma]
        for plane in (1, 2):
            _plane(picture, plane, *chroma.shape)[chroma] = _GREY

    def _prepared(
        self, width: int, height: int, active: tuple[int, ...]
    ) -> tuple[Bits, Bits, Levels]:
        luma = np.zeros((height, width), np.bool_)
        for at in active:
            luma |= inside(self._covers[at].polygon, width, height)
        luma = widened(luma, max(2, width // _MARGIN))
        even = np.pad(luma, ((0, height & 1), (0, width & 1)))
        blocks = even.reshape(-(-height // 2), 2, -(-width // 2), 2)
        chroma: Bits = np.logical_or.reduce(blocks, axis=(1, 3))
        # A sample of colour is of four pixels: all four are covered, or none.
        luma = np.repeat(np.repeat(chroma, 2, 0), 2, 1)[:height, :width]
        across = np.add.outer(np.arange(height), np.arange(width)) // _STRIPE % 2
        return luma, chroma, np.where(across, _LIGHT, _DARK).astype(np.uint8)


def hide(picture: VideoFrame, boxes: Sequence[Box] | None) -> None:
    """Fill boxes, or all of a planar 4:2:0 picture (None), with one level, in place. Nothing of
    what was there goes into it: not even its mean."""
    rows, columns = picture.height, picture.width
    for x0, y0, x1, y1 in _pixels(boxes, columns, rows):
        _plane(picture, 0, rows, columns)[y0:y1, x0:x1] = _FLAT
        for plane in (1, 2):
            half = _plane(picture, plane, -(-rows // 2), -(-columns // 2))
            half[y0 // 2 : -(-y1 // 2), x0 // 2 : -(-x1 // 2)] = _GREY


def _pixels(
    boxes: Sequence[Box] | None, width: int, height: int
) -> Iterator[tuple[int, int, int, int]]:
    """Where they lie, in whole samples of colour, and wider by what a scaled pixel may have of its
    neighbours."""
    if boxes is None:
        yield 0, 0, width, height
        return
    for box in boxes:
        yield (
            max(0, math.floor(box.x0 * width) - _AROUND) & ~1,
            max(0, math.floor(box.y0 * height) - _AROUND) & ~1,
            min(width, (math.ceil(box.x1 * width) + _AROUND + 1) & ~1),
            min(height, (math.ceil(box.y1 * height) + _AROUND + 1) & ~1),
        )


def inside(polygon: Sequence[Point], width: int, height: int) -> Bits:
    """Which pixels have their middle inside; however the corners go round."""
    steps = np.zeros((height, width + 1), np.int32)
    middles = np.arange(height) + 0.5
    corners = [(x * width, y * height) for x, y in polygon]
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        low, high = min(y1, y2), max(y1, y2)
        rows = np.nonzero((middles >= low) & (middles < high))[0]
        if not len(rows):
            continue
        crossing = x1 + (middles[rows] - y1) * (x2 - x1) / (y2 - y1)
        # All pixels to the left of where the side crosses their row.
        ends = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
        way = 1 if y2 > y1 else -1
        steps[rows, 0] += way
        np.add.at(steps, (rows, ends), -way)
    found: Bits = np.cumsum(steps, axis=1)[:, :width] != 0
    return found


def widened(bits: Bits, by: int) -> Bits:
    """The same, wider by so many pixels to all sides."""
    found = bits.copy()
    for axis in (0, 1):
        spread = found.copy()
        for step in range(1, by + 1):
            near, far = _shifted(found, step, axis)
            spread |= near
            spread |= far
        found = spread
    return found


def _shifted(bits: Bits, step: int, axis: int) -> tuple[Bits, Bits]:
    near, far = np.zeros_like(bits), np.zeros_like(bits)
    if axis == 0:
        near[step:], far[:-step] = bits[:-step], bits[step:]
    else:
        near[:, step:], far[:, :-step] = bits[:, :-step], bits[:, step:]
    return near, far


def _plane(picture: VideoFrame, number: int, rows: int, columns: int) -> Levels:
    plane = picture.planes[number]
    whole = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return whole[:rows, :columns]
