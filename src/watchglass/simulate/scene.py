"""A generated street: a still background, and figures that walk, wait and cross.

Everything follows from the seed and repeats after the loop's length. Places are fractions of the
picture, so main and sub-stream of a camera show the same street at the same moment.
"""

import math
import random
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watchglass.simulate import frame_code

Plane = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_HORIZON: Final = 0.42
_LUMA_FLOOR, _LUMA_CEILING = 28, 210
_PHASES: Final = 4
_STEPS_PER_S: Final = 6.0


@dataclass(frozen=True, slots=True)
class Box:
    """Where a figure is: fractions of width and height, from the top left; may pass the edges."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Somebody who walks from way point to way point: (seconds since the start, x)."""

    start_s: float
    way: tuple[tuple[float, float], ...]
    feet_y: float
    height: float
    luma: int
    cb: int
    cr: int

    @property
    def duration_s(self) -> float:
        return self.way[-1][0]

    def place(self, since_start_s: float) -> tuple[float, bool]:
        """(x of the middle, whether walking) at a moment of the figure's time."""
        for (from_s, from_x), (to_s, to_x) in zip(self.way, self.way[1:], strict=False):
            if since_start_s <= to_s:
                share = (since_start_s - from_s) / (to_s - from_s)
                return from_x + (to_x - from_x) * share, from_x != to_x
        return self.way[-1][1], False


def figures(seed: int, loop_s: float) -> tuple[Figure, ...]:
    """About one figure per 12 s, with spans in which nobody is there."""
    chance = random.Random(seed)  # noqa: S311 - a picture, no secret
    count = max(2, round(loop_s / 12))
    return tuple(_figure(chance, number, count, loop_s) for number in range(count))


def _figure(chance: random.Random, number: int, count: int, loop_s: float) -> Figure:
    feet_y = chance.uniform(0.58, 0.95)
    height = 0.10 + 0.55 * (feet_y - _HORIZON)
    start_x, end_x = (-0.1, 1.1) if chance.random() < 0.5 else (1.1, -0.1)
    crossing_s = chance.uniform(6, 12)
    stop_x, wait_s = chance.uniform(0.25, 0.75), chance.uniform(2, 8)
    match chance.choice(("cross", "wait", "return")):
        case "cross":
            way = [(0.0, start_x), (crossing_s, end_x)]
        case "wait":
            way = [
                (0.0, start_x),
                (crossing_s / 2, stop_x),
                (crossing_s / 2 + wait_s, stop_x),
                (crossing_s + wait_s, end_x),
            ]
        case _:
            way = [
                (0.0, start_x),
                (crossing_s / 2, stop_x),
                (crossing_s / 2 + wait_s, stop_x),
                (crossing_s + wait_s, start_x),
            ]
    # In a short loop everybody hurries: a figure must be gone before it comes again.
    hurry = min(1.0, 0.8 * loop_s / way[-1][0])
    # Two by two, so that figures meet and pass, and quiet spans lie between the pairs.
    start_s = (number // 2 * 2 / count * loop_s + chance.uniform(0, 2) * hurry) % loop_s
    return Figure(
        start_s=start_s,
        way=tuple((at_s * hurry, x) for at_s, x in way),
        feet_y=feet_y,
        height=height,
        luma=chance.choice((40, 60, 170, 205)),
        cb=chance.randint(96, 160),
        cr=chance.randint(96, 160),
    )


def _person(height: int, phase: int) -> tuple[Mask, Plane]:
    """Shape and shading (0 .. 40, added to the figure's luma) of somebody `height` rows tall."""
    width = max(height * 2 // 5, 4) & ~1
    rows, columns = np.mgrid[0:height, 0:width]
    y = rows / height
    x = (columns + 0.5) / width - 0.5
    swing = 0.22 * math.sin(2 * math.pi * phase / _PHASES)
    head = (x / 0.17) ** 2 + ((y - 0.09) / 0.09) ** 2 <= 1
    torso = (y >= 0.18) & (y < 0.58) & (np.abs(x) < 0.26)
    stride = (y - 0.55) / 0.45
    legs = (y >= 0.55) & (
        (np.abs(x - 0.1 - swing * stride) < 0.1) | (np.abs(x + 0.1 + swing * stride) < 0.1)
    )
    shade = np.where(head, 40, np.where(legs, 0, 14 + 10 * np.sin(y * 90)))
    return head | torso | legs, shade.astype(np.uint8)


def _smooth_noise(chance: np.random.Generator, height: int, width: int, grid: int) -> Plane:
    """Blotches of about `grid` pixels, 0 .. 255."""
    small = chance.integers(0, 256, (height // grid + 2, width // grid + 2), dtype=np.uint8)
    return np.kron(small, np.ones((grid, grid), dtype=np.uint8))[:height, :width]


def _background(seed: int, width: int, height: int) -> Plane:
    """Sky, houses with windows, pavement, road: planar YUV 4:2:0."""
    chance = np.random.default_rng(seed)
    plan = random.Random(seed)  # noqa: S311 - a picture, no secret
    luma = np.empty((height, width), dtype=np.float32)
    cb = np.full((height // 2, width // 2), 128, dtype=np.uint8)
    cr = cb.copy()
    horizon = int(height * _HORIZON)
    luma[:horizon] = np.linspace(190, 165, horizon)[:, None]
    luma[horizon:] = np.linspace(95, 130, height - horizon)[:, None]
    pavement = int(height * 0.55)
    luma[horizon:pavement] = 150
    left = 0
    while left < width:
        right = min(left + int(width * plan.uniform(0.1, 0.22)), width)
        top = int(height * plan.uniform(0.1, 0.26))
        wall = plan.randint(80, 160)
        luma[top:horizon, left:right] = wall
        window, gap = max(width // 48, 2), max(width // 32, 3)
        for window_top in range(top + gap, horizon - window, gap * 2):
            for window_left in range(left + gap, right - window, gap * 2):
                luma[window_top : window_top + window, window_left : window_left + window] = 45
        cb[top // 2 : horizon // 2, left // 2 : right // 2] = plan.randint(112, 132)
        cr[top // 2 : horizon // 2, left // 2 : right // 2] = plan.randint(124, 148)
        left = right
    stripe = int(height * 0.76)
    for stripe_left in range(0, width, max(width // 10, 8)):
        luma[stripe : stripe + max(height // 90, 2), stripe_left : stripe_left + width // 20] = 200
    for grid, strength in ((max(width // 40, 4), 14), (max(width // 240, 2), 10)):
        blotches = _smooth_noise(chance, height, width, grid).astype(np.float32)
        luma += (blotches / 255 - 0.5) * strength
    planes = np.empty((height * 3 // 2, width), dtype=np.uint8)
    planes[:height] = np.clip(luma, _LUMA_FLOOR, _LUMA_CEILING).astype(np.uint8)
    planes[height:] = np.concatenate((cb.ravel(), cr.ravel())).reshape(height // 2, width)
    return planes


class Scene:
    """Draws the pictures of one loop."""

    def __init__(
        self, seed: int, width: int, height: int, loop_s: float, noise: float = 3.0
    ) -> None:
        """`noise`: standard deviation of the sensor's noise in luma levels; 0 for none."""
        if width % 2 or height % 2:
            raise ValueError(f"{width}x{height}: 4:2:0 pictures need even sizes")
        self.figures = figures(seed, loop_s)
        self._seed = seed
        self._width, self._height, self._loop_s = width, height, loop_s
        self._background = _background(seed, width, height)
        self._sprites = [self._draw_sprites(figure) for figure in self.figures]
        # One field of noise, a little larger than the picture; each picture takes another window
        # of it. Background and noise stay within a byte, so a plain addition is enough.
        chance = np.random.default_rng(seed + 1)
        field = chance.normal(3 * noise, noise, (height + 64, width + 64))
        self._noise = np.clip(field, 0, 6 * noise).astype(np.uint8) if noise else None

    def _draw_sprites(self, figure: Figure) -> list[tuple[Mask, Plane]]:
        rows = max(int(figure.height * self._height), 8) & ~1
        return [_person(rows, phase) for phase in range(_PHASES)]

    def boxes(self, time_s: float) -> list[Box]:
        """Where figures are at a moment, for truth; those wholly outside are left out."""
        found = []
        for figure, sprites in zip(self.figures, self._sprites, strict=True):
            since_s = (time_s - figure.start_s) % self._loop_s
            if since_s > figure.duration_s:
                continue
            x, _ = figure.place(since_s)
            rows, columns = sprites[0][0].shape
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
        for figure, sprites in zip(self.figures, self._sprites, strict=True):
            since_s = (number / fps - figure.start_s) % self._loop_s
            if since_s <= figure.duration_s:
                x, walking = figure.place(since_s)
                phase = int(since_s * _STEPS_PER_S) % _PHASES if walking else 0
                self._paste(planes, figure, x, *sprites[phase])
        frame_code.draw(luma, number)
        return planes

    def _paste(self, planes: Plane, figure: Figure, x: float, mask: Mask, shade: Plane) -> None:
        rows, columns = mask.shape
        top = (int(figure.feet_y * self._height) - rows) & ~1
        left = (round(x * self._width) - columns // 2) & ~1
        first, last = max(0, -left), min(columns, self._width - left)
        if first >= last:
            return
        mask, shade = mask[:, first:last], shade[:, first:last]
        left += first
        luma = planes[top : top + rows, left : left + last - first]
        luma[mask] = shade[mask] + np.uint8(figure.luma)
        chroma = planes[self._height :].reshape(2, self._height // 2, self._width // 2)
        half = mask[::2, ::2]
        for plane, level in zip(chroma, (figure.cb, figure.cr), strict=True):
            region = plane[top // 2 : (top + rows) // 2, left // 2 : left // 2 + half.shape[1]]
            region[half] = level
