"""Clips whose truth is known: real things on their way through real empty places, in all lights.

A clip is quiet at first, so that everything that learns may learn; then things come and go, with
quiet between them, in which lights go on, headlights sweep over the walls, wind shakes the mast.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benches.recall.footage import SIZE, CutOut, Footage, Place, scaled

Yuv: TypeAlias = NDArray[np.uint8]
Plane: TypeAlias = NDArray[np.float32]

FPS = 5
QUIET_AT_FIRST_S = 30.0
LIGHTS = ("day", "dusk", "ir", "headlight", "rain", "near", "far", "slow")
_WIDTH, _HEIGHT = SIZE


@dataclass(frozen=True)
class Interval:
    """Seconds of the clip: first seen at all, half of it seen, last seen."""

    shows_s: float
    starts_s: float
    ends_s: float
    thing: str
    height: int


@dataclass(frozen=True)
class ClipSpec:
    """``light`` is the class of its intervals. ``half``: training or test."""

    name: str
    light: str
    constant_rate: bool
    gop_s: int
    half: str
    place: str
    mirrored: bool
    things: tuple[str, ...]
    seed: int
    intervals: int
    kilobits: int = 384


@dataclass(frozen=True)
class _Way:
    """Of one thing: where its foot is over time, from outside of the picture and out again."""

    thing: CutOut
    begins_s: float
    points: tuple[tuple[float, float, float], ...]
    lamps: bool = False

    @property
    def ends_s(self) -> float:
        return self.begins_s + self.points[-1][0]

    def at(self, second: float) -> tuple[float, float]:
        times = [each[0] for each in self.points]
        since = second - self.begins_s
        return (
            float(np.interp(since, times, [each[1] for each in self.points])),
            float(np.interp(since, times, [each[2] for each in self.points])),
        )


@dataclass
class Scene:
    """One clip to be: pictures in planar YUV 4:2:0, and what is in them."""

    spec: ClipSpec
    footage: Footage
    intervals: list[Interval] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = np.random.default_rng(self.spec.seed)
        self._light = _Light.of(self.spec.light)
        self._place = _mirrored(self.footage.places[self.spec.place], self.spec.mirrored)
        self._ways, self._events, self.seconds = self._script()

    # --- what happens ---------------------------------------------------------------------------

    def _script(self) -> tuple[list[_Way], list["_Event"], float]:
        chance, ways, events = self._chance, [], []
        at_s = QUIET_AT_FIRST_S
        for number in range(self.spec.intervals):
            quiet_s = chance.uniform(9, 16)
            if number % 4 == 1:
                quiet_s += 8
                events.append(_Event(at_s + chance.uniform(4, 6), self.spec.light, number))
            at_s += quiet_s
            way = self._way(at_s, self.spec.things[number % len(self.spec.things)])
            ways.append(way)
            at_s = way.ends_s
        return ways, events, at_s + 12

    def _way(self, begins_s: float, name: str) -> _Way:
        chance, light = self._chance, self.spec.light
        thing = self.footage.things[name]
        usual = (90.0, 190.0)
        tall_by = {"near": (280.0, 400.0), "far": (15.0, 24.0), "slow": (70.0, 150.0)}
        low, high = tall_by.get(light, usual)
        if thing.kind == "car" and light != "far":
            low, high = low * 0.6, high * 0.6
        height = chance.uniform(low, high)
        sideways = bool(chance.random() < 0.75) or light == "near"
        turned = thing.kind == "car" and sideways
        made = scaled(thing, height / thing.size[1], turned, bool(chance.random() < 0.5))
        width, tall = made.size
        speed = {"slow": chance.uniform(6, 10), "far": 0.9 * height}.get(
            light, height * chance.uniform(0.7, 1.1) * (1.6 if thing.kind == "car" else 1.0)
        )
        foot = chance.uniform(0.35 if light == "far" else 0.6, 0.95) * _HEIGHT
        if light == "near":
            foot = chance.uniform(1.0, 1.2) * _HEIGHT
        if sideways:
            outside, inside = -width / 2, _WIDTH + width / 2
            if light in ("slow", "far") or chance.random() < 0.25:
                inside = width / 2 + chance.uniform(30, 70 if light != "near" else 200)
                ends = [(outside, foot), (inside, foot), (outside, foot)]
            else:
                ends = [(outside, foot), (inside, foot + chance.uniform(-20, 20))]
            if chance.random() < 0.5:
                ends = [(_WIDTH - x, y) for x, y in ends]
        else:
            x = chance.uniform(0.2, 0.8) * _WIDTH
            outside, inside = _HEIGHT + tall, -8.0
            if light in ("slow", "far") or chance.random() < 0.3:
                inside = _HEIGHT - chance.uniform(10, 60)
                ends = [(x, outside), (x, inside), (x, outside)]
            else:
                ends = [(x, outside), (x + chance.uniform(-60, 60), inside)]
        return _Way(made, begins_s, _timed(ends, speed), lamps=light == "headlight")

    # --- pictures -------------------------------------------------------------------------------

    def pictures(self) -> Iterator[Yuv]:
        """All of them; ``intervals`` is complete after the last."""
        noise = _noise(self._chance, self._light.noise)
        drops = _drops(self._chance) if self.spec.light == "rain" else []
        self._seen: dict[int, list[float]] = {}
        lit: float | None = None
        empty = (np.zeros((_HEIGHT, _WIDTH), np.float32),) * 3
        for number in range(round(self.seconds * FPS)):
            second = number / FPS
            shining = self._shining(second)
            if lit != shining:
                empty = self._light.shown(_yuv(self._place.mean), shining)
                lit = shining
            luma = empty[0].copy()
            if self._place.rest:
                rest = self._place.rest[self._chance.integers(len(self._place.rest))]
                luma += rest[:, :, 1] * np.float32(0.3 * self._light.gain)
            u, v = self._paste_all(second, luma, empty[1], empty[2], shining)
            for event in self._events:
                event.shine(luma, second)
            if drops:
                luma += np.roll(
                    drops[self._chance.integers(len(drops))],
                    tuple(self._chance.integers(0, (_HEIGHT, _WIDTH))), (0, 1),
                )  # fmt: skip
            yield self._picture(luma, u, v, noise)
        for index, (shows_s, starts_s, ends_s) in sorted(self._seen.items()):
            thing = self._ways[index].thing
            starts_s = starts_s if starts_s >= 0 else shows_s
            self.intervals.append(Interval(shows_s, starts_s, ends_s, thing.name, thing.size[1]))

    def _paste_all(
        self, second: float, luma: Plane, u: Plane, v: Plane, shining: float
    ) -> tuple[Plane, Plane]:
        """Everything that is there now, into the luma; the colours with it."""
        for index, way in enumerate(self._ways):
            if not way.begins_s <= second <= way.ends_s:
                continue
            u, v = u.copy(), v.copy()
            share = self._paste(way, second, luma, u, v, shining)
            if share > 0:
                times = self._seen.setdefault(index, [second, -1.0, second])
                times[2] = second
                if share >= 0.5 and times[1] < 0:
                    times[1] = second
        return u, v

    def _shining(self, second: float) -> float:
        """How bright it is against the class's usual light."""
        shining = 1.0
        for event in self._events:
            shining *= event.shining(second)
        return round(shining, 2)

    def _paste(
        self, way: _Way, second: float, luma: Plane, u: Plane, v: Plane, shining: float
    ) -> float:
        """How much of it is in the picture."""
        thing = way.thing
        x, foot = way.at(second)
        phase = int((second - way.begins_s) * FPS)
        count = len(thing.pictures)
        turn = phase % max(1, 2 * count - 2)
        index = turn if turn < count else 2 * count - 2 - turn
        matte = thing.mattes[index]
        rows, columns = matte.shape
        top, left = round(foot) - rows, round(x - columns / 2)
        y0, y1 = max(0, top), min(_HEIGHT, top + rows)
        x0, x1 = max(0, left), min(_WIDTH, left + columns)
        if y0 >= y1 or x0 >= x1:
            return 0.0
        part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        alpha = matte[part]
        planes = self._light.shown(_yuv(thing.pictures[index][part]), shining, (y0, x0))
        luma[y0:y1, x0:x1] += alpha * (planes[0] - luma[y0:y1, x0:x1])
        for plane, shown in ((u, planes[1]), (v, planes[2])):
            plane[y0:y1, x0:x1] += alpha * (shown - plane[y0:y1, x0:x1])
        if way.lamps:
            _lamps(luma, way, second, x, foot - rows / 2, max(rows, columns))
        return float(alpha.sum() / max(1.0, float(matte.sum())))

    def _picture(self, luma: Plane, u: Plane, v: Plane, noise: list[Plane]) -> Yuv:
        chance = self._chance
        roll = tuple(chance.integers(0, (_HEIGHT, _WIDTH)))
        shown = luma + np.roll(noise[chance.integers(len(noise))], roll, (0, 1))
        if self.spec.light == "rain":
            shown = np.roll(shown, chance.integers(-1, 2), 1)
        picture = np.empty((_HEIGHT * 3 // 2, _WIDTH), np.uint8)
        picture[:_HEIGHT] = np.clip(shown, 0, 255)
        quarter = _HEIGHT // 4
        for index, plane in enumerate((u, v)):
            small = plane.reshape(_HEIGHT // 2, 2, _WIDTH // 2, 2).mean((1, 3))
            top = _HEIGHT + index * quarter
            picture[top : top + quarter] = np.clip(small, 0, 255).reshape(quarter, _WIDTH)
        return picture


@dataclass(frozen=True)
class _Light:
    gain: float
    gamma: float
    level: float
    noise: float
    grey: bool
    lamp: Plane

    @classmethod
    def of(cls, light: str) -> "_Light":
        y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH].astype(np.float32)
        even = np.ones((_HEIGHT, _WIDTH), np.float32)
        if light == "dusk":
            return cls(0.38, 1.1, 6, 1.8, False, even)
        if light == "ir":
            reach = np.hypot((x - _WIDTH / 2) / _WIDTH, (y - _HEIGHT * 0.55) / _HEIGHT)
            return cls(0.62, 1.15, 10, 2.0, True, (1.1 - reach).astype(np.float32))
        if light == "headlight":
            return cls(0.22, 1.0, 9, 1.8, False, even)
        if light == "rain":
            return cls(0.75, 1.0, 8, 1.4, False, even)
        return cls(1.0, 1.0, 0, 1.4, False, even)

    def shown(
        self,
        planes: tuple[Plane, Plane, Plane],
        shining: float,
        corner: tuple[int, int] = (0, 0),
    ) -> tuple[Plane, Plane, Plane]:
        """As it looks in this light at that corner of the picture."""
        luma, u, v = planes
        rows, columns = luma.shape
        lamp = self.lamp[corner[0] : corner[0] + rows, corner[1] : corner[1] + columns]
        level = np.clip(luma * lamp * np.float32(self.gain * shining) / 255, 0, 1)
        shown = (255 * level**self.gamma + self.level).astype(np.float32)
        colour = np.float32(0 if self.grey else min(1.0, self.gain * shining))
        return shown, 128 + (u - 128) * colour, 128 + (v - 128) * colour


@dataclass(frozen=True)
class _Event:
    """Something in the quiet that is no motion."""

    at_s: float
    light: str
    number: int

    def shining(self, second: float) -> float:
        """Exposure or lamps: brighter for some seconds, at once or over one."""
        since = second - self.at_s
        if self.light in ("headlight", "rain") or not 0 <= since < 6:
            return 1.0
        much = (1.25, 0.8, 1.6)[self.number // 4 % 3]
        soft = self.light in ("near", "far", "slow")
        return 1 + (much - 1) * (min(1.0, since, 6 - since) if soft else 1.0)

    def shine(self, luma: Plane, second: float) -> None:
        """Headlights of a car that is not in the picture sweep over it."""
        since = second - self.at_s
        if self.light != "headlight" or not 0 <= since < 2.4:
            return
        y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH].astype(np.float32)
        middle = (since / 2.4 * 1.6 - 0.3) * _WIDTH
        beam = np.exp(-(((x - middle) / 90) ** 2) - ((y - 0.5 * _HEIGHT) / 80) ** 2)
        luma += beam * (luma * np.float32(1.2) + 12)


def _timed(ends: list[tuple[float, float]], speed: float) -> tuple[tuple[float, float, float], ...]:
    points, at_s = [(0.0, *ends[0])], 0.0
    for (x0, y0), (x1, y1) in pairwise(ends):
        at_s += max(1.2, float(np.hypot(x1 - x0, y1 - y0)) / speed)
        points.append((at_s, x1, y1))
    return tuple(points)


def _lamps(luma: Plane, way: _Way, second: float, x: float, y: float, size: float) -> None:
    """Two lamps in front, and their light on the ground before them."""
    x1, y1 = way.at(second + 0.2)
    x0, y0 = way.at(second)
    step = np.array([x1 - x0, y1 - y0])
    if not step.any():
        return
    ahead = step / np.hypot(*step)
    rows, columns = np.mgrid[0:_HEIGHT, 0:_WIDTH].astype(np.float32)
    front = np.array([x, y]) + ahead * size / 2
    pool = front + ahead * size * 0.6
    reach = np.float32(size * 0.45)
    light = np.exp(-(((columns - pool[0]) / reach) ** 2) - ((rows - pool[1]) / reach) ** 2)
    luma += light * (luma * np.float32(1.5) + 10)
    for side in (-1, 1):
        spot = front + side * np.array([-ahead[1], ahead[0]]) * size * 0.15
        lamp = np.exp(-(((columns - spot[0]) / 5) ** 2) - ((rows - spot[1]) / 5) ** 2)
        luma += lamp * np.float32(220)
    np.minimum(luma, 255, out=luma)


def _yuv(picture: Any) -> tuple[Plane, Plane, Plane]:
    b, g, r = (picture[:, :, each].astype(np.float32) for each in range(3))
    luma = 0.114 * b + 0.587 * g + 0.299 * r
    return luma, 128 + 0.564 * (b - luma), 128 + 0.713 * (r - luma)


def _mirrored(place: Place, mirrored: bool) -> Place:
    if not mirrored:
        return place
    return Place(place.name, place.mean[:, ::-1], tuple(each[:, ::-1] for each in place.rest))


def _noise(chance: np.random.Generator, level: float) -> list[Plane]:
    """A sensor's, a little smeared as cameras do."""
    result = []
    for _ in range(12):
        plain = chance.normal(0, level, (_HEIGHT, _WIDTH)).astype(np.float32)
        result.append(np.float32(0.8) * plain + np.float32(0.5) * np.roll(plain, 1, 1))
    return result


def _drops(chance: np.random.Generator) -> list[Plane]:
    layers = []
    for _ in range(12):
        layer = np.zeros((_HEIGHT, _WIDTH), np.float32)
        for _ in range(140):
            top, left = chance.integers(0, _HEIGHT - 24), chance.integers(0, _WIDTH - 4)
            long, wide = chance.integers(9, 22), chance.integers(1, 3)
            layer[top : top + long, left : left + wide] += np.float32(chance.uniform(15, 45))
        layers.append(layer)
    return layers
