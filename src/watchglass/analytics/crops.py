"""Where in a large picture a model looks: around what moves, at the picture's own fineness.

A person of 30 pixels in a picture of 1920 has 6 in one of 416, and nothing finds that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watchglass.analytics.outputs import Floats, Whole
from watchglass.model.detection import Box

MOST_CROPS = 4
"""In one picture; with more that moves, its parts are looked at together, or all of it."""

_MARGIN = 0.25
_LEAST_MARGIN = 16
_FINE_ENOUGH = 0.6
_NEARLY_ALL = 0.8
_HIDDEN = 0.7
_EDGE = 2.0


@dataclass(frozen=True, slots=True)
class Crop:
    """In whole pixels of the picture; ``x1`` and ``y1`` lie outside."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def area(self) -> int:
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def with_(self, other: "Crop") -> "Crop":
        """The least that holds both."""
        return Crop(
            min(self.x0, other.x0), min(self.y0, other.y0),
            max(self.x1, other.x1), max(self.y1, other.y1),
        )  # fmt: skip


def plan(
    moving: Sequence[Box], picture_size: tuple[int, int], model_size: tuple[int, int]
) -> list[Crop]:
    """Where to look in a picture of that width and height; all of it where nothing is said to move,
    or where parts would show little more. Never empty."""
    width, height = picture_size
    whole = [Crop(0, 0, width, height)]
    scale = min(model_size[0] / width, model_size[1] / height)
    if not moving or scale >= 1:
        return whole
    crops = _joined(
        [_around(box, picture_size, model_size) for box in moving], picture_size, model_size
    )
    all_of_it = sum(crop.area for crop in crops) > _NEARLY_ALL * width * height
    if len(crops) > MOST_CROPS or (len(crops) > 1 and (scale >= _FINE_ENOUGH or all_of_it)):
        return whole
    return crops


def _around(box: Box, picture_size: tuple[int, int], model_size: tuple[int, int]) -> Crop:
    """With room on all sides, and not less than the model looks at."""
    width, height = picture_size
    x0, x1 = sorted((min(max(box.x0, 0.0), 1.0) * width, min(max(box.x1, 0.0), 1.0) * width))
    y0, y1 = sorted((min(max(box.y0, 0.0), 1.0) * height, min(max(box.y1, 0.0), 1.0) * height))
    margin = max(_LEAST_MARGIN, _MARGIN * max(x1 - x0, y1 - y0))
    return _shaped(x0 - margin, y0 - margin, x1 + margin, y1 + margin, picture_size, model_size)


def _shaped(
    x0: float, y0: float, x1: float, y1: float,
    picture_size: tuple[int, int], model_size: tuple[int, int],
) -> Crop:  # fmt: skip
    """Grown to the model's shape, and moved into the picture."""
    grown = max((x1 - x0) / model_size[0], (y1 - y0) / model_size[1], 1.0)
    left, right = _side((x0 + x1) / 2, grown * model_size[0], picture_size[0])
    upper, lower = _side((y0 + y1) / 2, grown * model_size[1], picture_size[1])
    return Crop(left, upper, right, lower)


def _side(middle: float, length: float, most: int) -> tuple[int, int]:
    wanted = min(most, max(1, round(length)))
    first = min(max(0, round(middle - wanted / 2)), most - wanted)
    return first, first + wanted


def _joined(
    crops: list[Crop], picture_size: tuple[int, int], model_size: tuple[int, int]
) -> list[Crop]:
    """Those that one look can take together, together."""
    found: list[Crop] = []
    for crop in sorted(crops, key=lambda each: -each.area):
        for at, other in enumerate(found):
            both = crop.with_(other)
            if both.area <= 1.25 * max(crop.area, other.area):
                found[at] = _shaped(both.x0, both.y0, both.x1, both.y1, picture_size, model_size)
                break
        else:
            found.append(crop)
    return found


def cut_off(
    boxes: Floats,
    kinds: Whole,
    crops: Whole,
    planned: Sequence[Crop],
    picture_size: tuple[int, int],
) -> Whole:
    """Which boxes to leave out: those that end where their crop does, and of which another crop
    shows more. ``boxes`` in pixels of the picture; ``crops`` says from which each is."""
    if len(planned) < 2 or not len(boxes):
        return np.zeros(0, np.intp)
    edges = np.array([(c.x0, c.y0, c.x1, c.y1) for c in planned], np.float32)[crops]
    inner = np.array([0, 0, *picture_size], np.float32) != edges
    cut = ((np.abs(boxes - edges) <= _EDGE) & inner).any(1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    gone = []
    for at in np.flatnonzero(cut):
        corner, end = (
            np.maximum(boxes[at, :2], boxes[:, :2]),
            np.minimum(boxes[at, 2:], boxes[:, 2:]),
        )
        both = np.prod(np.maximum(end - corner, 0), 1)
        more = (crops != crops[at]) & (kinds == kinds[at]) & (areas > areas[at])
        if (more & (both > _HIDDEN * areas[at])).any():
            gone.append(at)
    return np.array(gone, np.intp)
