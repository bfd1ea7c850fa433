"""The still background of a simulated camera: a street with houses, trees and lamps, from a seed.

Places are fractions of the picture, so main and sub-stream of a camera show the same street.
"""

import random
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.uint8]
Field: TypeAlias = NDArray[np.float32]

HORIZON: Final = 0.42
_KERB = 0.56
_LANE = 0.76
_LUMA_FLOOR, _LUMA_CEILING = 28, 210
"""Room for the sensor's noise above and below."""
# Plaster, brick, sandstone, slate, pale green: (luma, cb, cr).
_WALLS = (
    (156, 120, 134), (104, 116, 148), (142, 112, 138), (96, 131, 126), (136, 120, 122),
    (170, 124, 131), (118, 118, 141),
)  # fmt: skip
_AWNINGS = ((92, 118, 158), (78, 140, 116), (84, 148, 120), (120, 100, 140))
_GLASS = (62, 134, 124)
_LIT = (178, 106, 140)


@dataclass(slots=True)
class _Canvas:
    """Luma and chroma of the whole picture, all at full size."""

    luma: Field
    cb: Field
    cr: Field

    @property
    def height(self) -> int:
        return int(self.luma.shape[0])

    @property
    def width(self) -> int:
        return int(self.luma.shape[1])

    def row(self, share: float) -> int:
        return round(share * self.height)

    def fill(
        self, top: int, bottom: int, left: int, right: int, colour: tuple[int, int, int]
    ) -> None:
        """A rectangle; edges outside the picture are cut."""
        area = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
        for plane, value in zip((self.luma, self.cb, self.cr), colour, strict=True):
            plane[area] = value

    def blend(self, mask: Field, colour: tuple[float, float, float]) -> None:
        """A colour over the whole picture by ``mask``, 0 .. 1."""
        for plane, value in zip((self.luma, self.cb, self.cr), colour, strict=True):
            plane += (value - plane) * mask


def street(seed: int, width: int, height: int) -> Plane:
    """Planar YUV 4:2:0, ``height * 3 // 2`` rows; luma within 28 .. 210."""
    plan = random.Random(seed)  # noqa: S311 - a picture, no secret
    chance = np.random.default_rng(seed)
    shape = (height, width)
    canvas = _Canvas(
        np.zeros(shape, np.float32),
        np.full(shape, 128, np.float32),
        np.full(shape, 128, np.float32),
    )
    _sky(canvas, chance)
    left = -width // 30
    while left < width:
        right = left + int(width * plan.uniform(0.12, 0.22))
        _house(canvas, plan, left, right)
        left = right
    _ground(canvas, chance)
    for _ in range(2):
        _tree(canvas, plan, chance)
    _lamp(canvas, plan.uniform(0.3, 0.7))
    return _planes(canvas)


def _planes(canvas: _Canvas) -> Plane:
    height, width = canvas.luma.shape
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = np.clip(canvas.luma, _LUMA_FLOOR, _LUMA_CEILING).astype(np.uint8)
    halves = [
        plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)).astype(np.uint8).ravel()
        for plane in (canvas.cb, canvas.cr)
    ]
    planes[height:] = np.concatenate(halves).reshape(height // 2, width)
    return planes


def _blotches(chance: np.random.Generator, height: int, width: int, down: int, along: int) -> Field:
    """Smooth noise from -1 to 1, of about so many blotches down and along the picture."""
    small = chance.uniform(-1, 1, (down + 1, along + 1))
    rows = np.linspace(0, down, height)
    columns = np.linspace(0, along, width)
    tall = np.stack([np.interp(rows, np.arange(down + 1), column) for column in small.T], axis=1)
    wide = np.stack([np.interp(columns, np.arange(along + 1), row) for row in tall], axis=0)
    return wide.astype(np.float32)


def _sky(canvas: _Canvas, chance: np.random.Generator) -> None:
    horizon = canvas.row(HORIZON)
    fall = np.linspace(168, 200, horizon, dtype=np.float32)[:, None]
    clouds = sum(
        _blotches(chance, horizon, canvas.width, down, along) * strength
        for down, along, strength in ((3, 4, 12), (7, 10, 7), (16, 24, 4))
    )
    canvas.luma[:horizon] = fall + clouds
    canvas.cb[:horizon] = 136 - clouds / 3
    canvas.cr[:horizon] = 121 + clouds / 4


def _house(canvas: _Canvas, plan: random.Random, left: int, right: int) -> None:
    """Walls up to the pavement, a cornice, windows in rows, and a door or a shop below."""
    luma, cb, cr = plan.choice(_WALLS)
    luma += plan.randint(-10, 10)
    top, horizon = canvas.row(plan.uniform(0.13, 0.24)), canvas.row(HORIZON)
    canvas.fill(top, horizon, left, right, (luma, cb, cr))
    # The sun stands at the right: a wall is a little darker to its left, and darkest at the edge.
    light = np.linspace(-9, 5, max(right - left, 1), dtype=np.float32)
    shown = slice(max(left, 0), max(right, 0))
    canvas.luma[top:horizon, shown] += light[max(-left, 0) :][: canvas.width - shown.start]
    edge = max(canvas.width // 400, 1)
    canvas.fill(top, horizon, left, left + edge, (luma - 38, cb, cr))
    ledge = max(canvas.height // 110, 2)
    canvas.fill(top - ledge, top, left - edge, right + edge, (luma - 42, cb, cr))
    canvas.fill(top, top + ledge // 2, left, right, (luma + 22, cb, cr))
    storey = max((horizon - top) // 4, 6)
    ground = horizon - storey
    _windows(canvas, plan, (top + storey // 3, ground - storey // 4, left, right), luma)
    _ground_floor(canvas, plan, (ground, horizon, left, right), (luma, cb, cr))


def _windows(
    canvas: _Canvas, plan: random.Random, area: tuple[int, int, int, int], luma: int
) -> None:
    top, bottom, left, right = area
    tall, wide = max(canvas.height // 20, 3), max(canvas.width // 60, 2)
    step_down, step_along = tall * 5 // 3, wide * 2
    count = max((right - left - wide // 2) // step_along, 1)
    inset = (right - left - count * step_along + wide) // 2
    frame = max(canvas.width // 640, 1)
    for window_top in range(top, bottom - tall, step_down):
        for number in range(count):
            at = left + inset + number * step_along
            canvas.fill(
                window_top - frame, window_top + tall + frame, at - frame, at + wide + frame,
                (luma + 28, 126, 130),
            )  # fmt: skip
            glass = _LIT if plan.random() < 0.07 else _GLASS
            canvas.fill(window_top, window_top + tall, at, at + wide, glass)
            # The sky in the upper panes.
            canvas.fill(
                window_top, window_top + tall // 3, at, at + wide, (glass[0] + 24, *glass[1:])
            )
            canvas.fill(
                window_top + tall, window_top + tall + frame * 2, at - frame, at + wide + frame,
                (luma - 30, 127, 129),
            )  # fmt: skip


def _ground_floor(
    canvas: _Canvas,
    plan: random.Random,
    area: tuple[int, int, int, int],
    wall: tuple[int, int, int],
) -> None:
    top, bottom, left, right = area
    luma, cb, cr = wall
    wide = right - left
    canvas.fill(bottom - (bottom - top) // 7, bottom, left, right, (luma - 34, cb, cr))
    if plan.random() < 0.5:
        first, last = left + wide // 8, right - wide // 3
        canvas.fill(top, bottom - (bottom - top) // 5, first, last, _GLASS)
        canvas.fill(top, top + (bottom - top) // 3, first, last, (96, 133, 124))
        awning = plan.choice(_AWNINGS)
        canvas.fill(top - 2, top + (bottom - top) // 4, first - 4, last + 4, awning)
        stripe = max(wide // 24, 3)
        for at in range(first, last, stripe * 2):
            canvas.fill(
                top - 2, top + (bottom - top) // 4, at, min(at + stripe, last), (186, 128, 128)
            )
        door = right - wide // 4
    else:
        door = left + int(wide * plan.uniform(0.3, 0.6))
    tall = (bottom - top) * 9 // 10
    narrow = max(tall // 2, 3)
    canvas.fill(bottom - tall - 2, bottom, door - 2, door + narrow + 2, (luma + 20, cb, cr))
    canvas.fill(bottom - tall, bottom, door, door + narrow, (58, plan.randint(112, 138), 136))


def _ground(canvas: _Canvas, chance: np.random.Generator) -> None:
    """Pavement with its slabs, kerb, and a road with a lane's dashes, drawn towards the viewer."""
    horizon, kerb = canvas.row(HORIZON), canvas.row(_KERB)
    width = canvas.width
    deep = canvas.height - kerb
    canvas.fill(horizon, kerb, 0, width, (146, 126, 130))
    canvas.luma[horizon:kerb] += np.linspace(-14, 8, kerb - horizon, dtype=np.float32)[:, None]
    line = max(canvas.height // 360, 1)
    for share in (0.18, 0.45, 0.78):
        at = horizon + int((kerb - horizon) * share)
        canvas.luma[at : at + line] -= 16
    slope = (np.arange(horizon, kerb) - horizon) / max(kerb - horizon, 1)
    for number in range(-4, 26):
        # Joints fan out from a point above the picture's middle.
        columns = (width / 2 + (number - 11) * width / 16 * (0.8 + 0.35 * slope)).astype(int)
        inside = (columns >= 0) & (columns < width)
        canvas.luma[np.arange(horizon, kerb)[inside], columns[inside]] -= 14
    # The houses' shadow falls on the slabs before them.
    shadow = np.linspace(26, 0, max((kerb - horizon) // 2, 1), dtype=np.float32)[:, None]
    canvas.luma[horizon : horizon + len(shadow)] -= shadow
    canvas.fill(kerb - 2 * line, kerb + line, 0, width, (182, 127, 129))
    canvas.fill(kerb + line, kerb + 4 * line, 0, width, (84, 129, 127))
    canvas.luma[kerb + 4 * line :] = np.linspace(92, 122, deep - 4 * line, dtype=np.float32)[
        :, None
    ]
    canvas.cb[kerb:], canvas.cr[kerb:] = 130, 126
    lane, thick = canvas.row(_LANE), max(canvas.height // 80, 2)
    for number in range(12):
        left = round((number + 0.2) * width / 11)
        canvas.fill(lane, lane + thick, left, left + width // 20, (186, 126, 130))
    for down, along, strength in ((6, 8, 5), (24, 40, 4), (90, 160, 4)):
        down, along = min(down, deep // 2), min(along, width // 2)
        canvas.luma[horizon:] += (
            _blotches(chance, canvas.height - horizon, width, down, along) * strength
        )


def _tree(canvas: _Canvas, plan: random.Random, chance: np.random.Generator) -> None:
    """A trunk on the pavement, and a crown with light in it."""
    rows, columns = np.mgrid[0 : canvas.height, 0 : canvas.width].astype(np.float32)
    at, foot = plan.uniform(0.05, 0.95) * canvas.width, canvas.row(0.5)
    tall = canvas.height * plan.uniform(0.24, 0.3)
    trunk = max(canvas.width // 150, 2)
    canvas.fill(
        int(foot - tall * 0.5), foot, int(at - trunk / 2), int(at + trunk / 2) + 1, (64, 122, 134)
    )
    ripple = _blotches(chance, canvas.height, canvas.width, canvas.height // 14, canvas.width // 14)
    away = ((columns - at) / (tall * 0.42)) ** 2 + ((rows - foot + tall * 0.8) / (tall * 0.45)) ** 2
    crown = np.clip((1.05 + 0.35 * ripple - away) * 6, 0, 1).astype(np.float32)
    light = (columns - at) / tall - (rows - foot + tall * 0.8) / tall
    canvas.blend(crown, (72.0, 116.0, 119.0))
    canvas.luma += crown * (ripple * 13 + light * 26)


def _lamp(canvas: _Canvas, share: float) -> None:
    at, foot = round(share * canvas.width), canvas.row(0.53)
    top, thick = canvas.row(0.18), max(canvas.width // 320, 2)
    canvas.fill(top, foot, at, at + thick, (52, 129, 127))
    canvas.fill(top, top + thick, at, at + canvas.width // 28, (52, 129, 127))
    canvas.fill(
        top + thick, top + thick * 2, at + canvas.width // 44, at + canvas.width // 28,
        (206, 122, 131),
    )  # fmt: skip
