"""Pictures that we draw on: boxes and numbers, without any library for it, and a JPEG of it."""

from typing import TypeAlias

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from watchglass.media.scaling import scaled
from watchglass.media.still import encoded
from watchglass.model.detection import Box

Levels: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red."""

_DIGITS = (
    "75557", "26227", "71747", "71717", "55711", "74717", "74757", "71111", "75757", "75717",
)  # fmt: skip
"""Each a row of three pixels after the other, in octal."""


def draw_box(picture: Levels, box: Box, colour: Colour, thick: int = 2) -> None:
    """A frame around ``box``, drawn into the picture ``(h, w, 3)``."""
    height, width = picture.shape[:2]
    x0, x1 = (round(min(max(each, 0.0), 1.0) * (width - 1)) for each in (box.x0, box.x1))
    y0, y1 = (round(min(max(each, 0.0), 1.0) * (height - 1)) for each in (box.y0, box.y1))
    picture[y0 : y0 + thick, x0 : x1 + 1] = colour
    picture[max(0, y1 - thick + 1) : y1 + 1, x0 : x1 + 1] = colour
    picture[y0 : y1 + 1, x0 : x0 + thick] = colour
    picture[y0 : y1 + 1, max(0, x1 - thick + 1) : x1 + 1] = colour


def draw_number(picture: Levels, number: int, colour: Colour, size: int = 4) -> None:
    """In the upper left corner, on black; each pixel of a digit is ``size`` wide."""
    text = str(number)
    label = np.zeros((7, 4 * len(text) + 1), np.bool_)
    for at, digit in enumerate(text):
        for row, line in enumerate(_DIGITS[int(digit)]):
            for column in range(3):
                label[row + 1, 4 * at + 1 + column] = int(line) >> (2 - column) & 1
    large = label.repeat(size, 0).repeat(size, 1)[: picture.shape[0], : picture.shape[1]]
    corner = picture[: large.shape[0], : large.shape[1]]
    corner[:] = 0
    corner[large] = colour


def jpeg(picture: Levels) -> bytes:
    """Of ``uint8 (h, w, 3)``, blue first."""
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24")
    height, width = picture.shape[:2]
    return encoded(scaled(frame, width, height, "yuvj420p", Colorspace.ITU601, ColorRange.JPEG))
