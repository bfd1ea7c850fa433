"""The people of a simulated street: who walks where and when, and what they look like."""

import math
import random
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from watchglass.simulate.street import HORIZON

Plane = NDArray[np.uint8]
Alpha = NDArray[np.float32]

PHASES: Final = 8
_FINER = 3
"""Shapes are drawn so much larger, then averaged: their edges are soft then."""
_SHADOW = 0.4
_HEAD = (150, 112, 146)
_LEGS = (54, 131, 126)


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


@dataclass(frozen=True, slots=True)
class Sprite:
    """A figure in one phase of its step: colours of each pixel, and how much of them is seen.

    ``alpha``, ``luma``: rows × columns. ``alpha_half``, ``cb``, ``cr``: half of both. Premultiplied
    by alpha.
    """

    alpha: Alpha
    luma: Alpha
    alpha_half: Alpha
    cb: Alpha
    cr: Alpha


def figures(seed: int, loop_s: float) -> tuple[Figure, ...]:
    """About one figure per 12 s, with spans in which nobody is there."""
    chance = random.Random(seed)  # noqa: S311 - a picture, no secret
    count = max(2, round(loop_s / 12))
    return tuple(_figure(chance, number, count, loop_s) for number in range(count))


def _figure(chance: random.Random, number: int, count: int, loop_s: float) -> Figure:
    feet_y = chance.uniform(0.58, 0.95)
    height = 0.10 + 0.55 * (feet_y - HORIZON)
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
        luma=chance.choice((56, 78, 160, 190)),
        cb=chance.randint(100, 156),
        cr=chance.randint(100, 156),
    )


def sprite(figure: Figure, rows: int, phase: int | None) -> Sprite:
    """What a figure looks like, ``rows`` (even) tall; ``phase`` of its step, None: it stands."""
    columns = max(rows * 2 // 5, 4) & ~1
    tall, wide = rows * _FINER, columns * _FINER
    y = ((np.arange(tall) + 0.5) / tall)[:, None]
    x = ((np.arange(wide) + 0.5) / wide - 0.5)[None, :]
    swing = 0.0 if phase is None else 0.2 * math.sin(2 * math.pi * phase / PHASES)
    parts = _parts(x, y, swing)
    coat = (figure.luma, figure.cb, figure.cr)
    sleeve = (max(figure.luma - 22, 30), figure.cb, figure.cr)
    hair = (60, 122, 134)
    alpha = np.zeros((tall, wide), np.float32)
    colour = np.zeros((3, tall, wide), np.float32)
    shadow = np.clip(1 - ((x / 0.46) ** 2 + ((y - 0.965) / 0.035) ** 2), 0, 1) * _SHADOW
    alpha += shadow.astype(np.float32)
    colour += alpha * np.array([34, 128, 128], np.float32)[:, None, None]
    painted = (
        ("far arm", sleeve), ("far leg", (_LEGS[0] - 12, *_LEGS[1:])), ("near leg", _LEGS),
        ("torso", coat), ("near arm", sleeve), ("head", _HEAD), ("hair", hair),
    )  # fmt: skip
    for name, values in painted:
        mask = parts[name]
        alpha[mask] = 1
        for plane, value in zip(colour, values, strict=True):
            plane[mask] = value
    # Round bodies: darker towards the left, where the sun does not reach.
    colour[0] += np.where(alpha > _SHADOW, x * 40, 0)
    return _averaged(alpha, colour, rows, columns)


def _parts(
    x: NDArray[np.float64], y: NDArray[np.float64], swing: float
) -> dict[str, NDArray[np.bool_]]:
    """Masks by name; ``x`` from -0.5 to 0.5, ``y`` from 0 to 1."""
    shoulder = 0.17 + 0.02 * np.clip((y - 0.18) / 0.1, 0, 1)
    stride, reach = np.clip((y - 0.55) / 0.42, 0, 1), np.clip((y - 0.2) / 0.35, 0, 1)

    def leg(side: int) -> NDArray[np.bool_]:
        middle = side * (0.05 + swing * stride)
        width = 0.085 - 0.03 * stride + np.where(y > 0.945, 0.03, 0)
        return (y >= 0.55) & (y < 0.975) & (np.abs(x - middle) < width)

    def arm(side: int) -> NDArray[np.bool_]:
        middle = side * 0.17 - side * swing * 1.1 * reach
        return (y >= 0.2) & (y < 0.58) & (np.abs(x - middle) < 0.055 - 0.01 * reach)

    head = (x / 0.115) ** 2 + ((y - 0.095) / 0.072) ** 2 <= 1
    neck = (np.abs(x) < 0.045) & (y > 0.12) & (y < 0.19)
    collar = ((x / 0.19) ** 2 + ((y - 0.24) / 0.07) ** 2 <= 1) & (y < 0.24)
    torso = ((y >= 0.235) & (y < 0.6) & (np.abs(x) < shoulder)) | collar
    hair = ((x / 0.12) ** 2 + ((y - 0.078) / 0.065) ** 2 <= 1) & (y < 0.075)
    return {
        "head": head | neck, "hair": hair, "torso": torso,
        "near leg": leg(1), "far leg": leg(-1), "near arm": arm(1), "far arm": arm(-1),
    }  # fmt: skip


def _averaged(alpha: Alpha, colour: Alpha, rows: int, columns: int) -> Sprite:
    colour = colour * np.where(alpha > _SHADOW, alpha, 1)  # the shadow is premultiplied already

    def shrunk(plane: Alpha, by: int) -> Alpha:
        tall, wide = plane.shape[0] // by, plane.shape[1] // by
        means: Alpha = plane.reshape(tall, by, wide, by).mean(axis=(1, 3), dtype=np.float32)
        return means

    assert alpha.shape == (rows * _FINER, columns * _FINER)
    half = 2 * _FINER
    return Sprite(
        shrunk(alpha, _FINER), shrunk(colour[0], _FINER),
        shrunk(alpha, half), shrunk(colour[1], half), shrunk(colour[2], half),
    )  # fmt: skip
