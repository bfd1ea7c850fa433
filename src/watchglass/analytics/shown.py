"""A picture as a model wants to be shown it, and places in it as places in the picture."""

from dataclasses import dataclass

import numpy as np

from watchglass.analytics.detector import Picture
from watchglass.analytics.manifest import Colours, Fit, Input
from watchglass.analytics.resize import Levels, resized


@dataclass(frozen=True, slots=True)
class Fitted:
    """How large the picture came to be, in the model's pixels; it lies in the upper left corner."""

    width: float
    height: float


def fitted(picture_size: tuple[int, int], wanted: Input) -> Fitted:
    """Of a picture of that width and height."""
    if wanted.fit is Fit.STRETCH:
        return Fitted(wanted.width, wanted.height)
    width, height = picture_size
    ratio = min(wanted.width / width, wanted.height / height)
    # Whole pixels: what is drawn there is as wide as is said here.
    return Fitted(max(1, int(width * ratio)), max(1, int(height * ratio)))


def show(picture: Picture, wanted: Input, into: Levels) -> Fitted:
    """Write it into ``into``: ``float32 (3, height, width)``, as the manifest says."""
    fit = fitted((picture.shape[1], picture.shape[0]), wanted)
    width, height = int(fit.width), int(fit.height)
    levels = resized(picture, width, height)
    if wanted.colours is Colours.RGB:
        levels = levels[:, :, ::-1]
    mean, divide = np.array(wanted.mean, np.float32), np.array(wanted.divide, np.float32)
    if (height, width) != into.shape[1:]:
        into[:] = ((wanted.fill - mean) / divide)[:, None, None]
    placed = into[:, :height, :width]
    np.copyto(placed, levels.transpose(2, 0, 1))
    if mean.any():
        placed -= mean[:, None, None]
    if (divide != 1).any():
        placed /= divide[:, None, None]
    return fit
