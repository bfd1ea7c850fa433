"""A generated street: a still background, and figures that walk, wait and cross.

Everything follows from the seed and repeats after the loop's length. Places are fractions of the
picture, so main and sub-stream of a camera show the same street at the same moment.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watchglass.simulate import frame_code
from watchglass.simulate.figure import PHASES, Figure, Sprite, figures, sprite
from watchglass.simulate.street import street
from watchglass.simulate.view import STRAIGHT, View, see

Plane = NDArray[np.uint8]

_STEPS_PER_S: Final = 9.0


@dataclass(frozen=True, slots=True)
class Box:
    """Where a figure is: fractions of width and height, from the top left; may pass the edges."""

    left: float
    top: float
    width: float
    height: float


class Scene:
    """Draws the pictures of one loop."""

    def __init__(
        self,
        seed: int,
        width: int,
        height: int,
        loop_s: float,
        noise: float = 3.0,
        view: View = STRAIGHT,
    ) -> None:
        """`noise`: standard deviation of the sensor's noise in luma levels; 0 for none."""
        if width % 2 or height % 2:
            raise ValueError(f"{width}x{height}: 4:2:0 pictures need even sizes")
        self.figures = figures(seed, loop_s)
        self._view = view
        self._seed = seed
        self._width, self._height, self._loop_s = width, height, loop_s
        self._background = street(seed, width, height)
        self._sprites = [self._draw_sprites(figure) for figure in self.figures]
        # One field of noise, a little larger than the picture; each picture takes another window
        # of it. Background and noise stay within a byte, so a plain addition is enough.
        chance = np.random.default_rng(seed + 1)
        field = chance.normal(3 * noise, noise, (height + 64, width + 64))
        self._noise = np.clip(field, 0, 6 * noise).astype(np.uint8) if noise else None

    def _draw_sprites(self, figure: Figure) -> list[Sprite]:
        """Each phase of a step, and last how the figure stands."""
        rows = max(int(figure.height * self._height), 8) & ~1
        return [sprite(figure, rows, phase) for phase in (*range(PHASES), None)]

    def boxes(self, time_s: float) -> list[Box]:
        """Where figures are at a moment, for truth; those wholly outside are left out."""
        found = []
        for figure, sprites in zip(self.figures, self._sprites, strict=True):
            since_s = (time_s - figure.start_s) % self._loop_s
            if since_s > figure.duration_s:
                continue
            x, _ = figure.place(since_s)
            rows, columns = sprites[0].alpha.shape
            width, height = columns / self._width, rows / self._height
            if -width / 2 < x < 1 + width / 2:
                found.append(Box(x - width / 2, figure.feet_y - height, width, height))
        return found

    def picture(self, number: int, fps: int) -> Plane:
        """Planar YUV 4:2:0 of frame `number` of the loop, with its number in the strip."""
        planes = self._background.copy()
        luma = planes[: self._height]
        if self._noise is not None:
            # A hash of the number: neighbouring pictures must not share a window.
            down, right = (number * 29 + self._seed) % 64, (number * 47 + number // 64) % 64
            window = self._noise[down : down + self._height, right : right + self._width]
            np.add(luma, window, out=luma)
        there = []
        for figure, sprites in zip(self.figures, self._sprites, strict=True):
            since_s = (number / fps - figure.start_s) % self._loop_s
            if since_s <= figure.duration_s:
                x, walking = figure.place(since_s)
                phase = int(since_s * _STEPS_PER_S) % PHASES if walking else PHASES
                there.append((figure.feet_y, x, sprites[phase]))
        # Who is nearer stands before who is farther.
        for feet_y, x, shape in sorted(there, key=lambda each: each[0]):
            self._paste(planes, feet_y, x, shape)
        if self._view != STRAIGHT:
            see(planes, self._height, self._view)
        frame_code.draw(luma, number)
        return planes

    def _paste(self, planes: Plane, feet_y: float, x: float, shape: Sprite) -> None:
        rows, columns = shape.alpha.shape
        top = (int(feet_y * self._height) - rows) & ~1
        left = (round(x * self._width) - columns // 2) & ~1
        first, last = max(0, -left), min(columns, self._width - left)
        if first >= last:
            return
        luma = planes[top : top + rows, left + first : left + last]
        _over(luma, shape.alpha[:, first:last], shape.luma[:, first:last])
        chroma = planes[self._height :].reshape(2, self._height // 2, self._width // 2)
        halves = slice(first // 2, last // 2)
        for plane, colour in zip(chroma, (shape.cb, shape.cr), strict=True):
            region = plane[top // 2 : (top + rows) // 2, (left + first) // 2 : (left + last) // 2]
            _over(region, shape.alpha_half[:, halves], colour[:, halves])


def _over(region: Plane, alpha: NDArray[np.float32], colour: NDArray[np.float32]) -> None:
    """A premultiplied colour over a part of the picture, in place."""
    region[:] = np.clip(region * (1 - alpha) + colour, 0, 255).astype(np.uint8)
