"""Real people and cars, cut out of lent videos, and the real empty places they come from.

A cut-out is a few pictures of one thing, each with a matte: what differs from the empty place
around it. An empty place is its mean picture and the real differences of single pictures from it.
Pictures are ``uint8 (h, w, 3)``, blue first.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

from watchglass.analytics.plane import grown, patches

Image: TypeAlias = NDArray[np.uint8]
Real: TypeAlias = NDArray[np.float32]

SIZE = (640, 360)
_DIFFERENT = 22.0
"""Levels, in the colour that differs most."""


@dataclass(frozen=True)
class CutOut:
    """Pictures five a second, all of one size, and their mattes from 0 to 1."""

    name: str
    kind: str
    pictures: tuple[Image, ...]
    mattes: tuple[Real, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        rows, columns = self.mattes[0].shape
        return columns, rows


@dataclass(frozen=True)
class Place:
    """``rest``: how single pictures of it, empty, differ from the mean."""

    name: str
    mean: Real
    rest: tuple[NDArray[np.int8], ...]


@cache
def pictures(path: Path, width: int = SIZE[0], height: int = SIZE[1]) -> tuple[Image, ...]:
    with av.open(str(path)) as container:
        return tuple(
            _levels(frame.reformat(width, height, "bgr24")) for frame in container.decode(video=0)
        )


def _levels(frame: av.VideoFrame) -> Image:
    levels: Image = frame.to_ndarray().astype(np.uint8, copy=False)
    return levels


def cut(
    name: str, kind: str, frames: list[Image], empty: Real, *, shadowless: bool = True
) -> CutOut:
    """The largest thing in each of the pictures that the empty place has not; where it stands in
    the picture is forgotten. Without its shadow, where its own colours are none of a shadow."""
    found: list[tuple[Image, Real]] = []
    for frame in frames:
        matte = _matte(frame, empty, shadowless)
        if matte is None:
            continue
        rows, columns = np.flatnonzero(matte.any(1)), np.flatnonzero(matte.any(0))
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        found.append((frame[part], matte[part]))
    height = max(matte.shape[0] for _, matte in found)
    width = max(matte.shape[1] for _, matte in found)
    return CutOut(
        name,
        kind,
        tuple(_standing(each, height, width) for each, _ in found),
        tuple(_standing(each, height, width) for _, each in found),
    )


def _standing(picture: Any, height: int, width: int) -> Any:
    """In the middle of a larger one, its lower edge on that one's."""
    result = np.zeros((height, width, *picture.shape[2:]), picture.dtype)
    left = (width - picture.shape[1]) // 2
    result[height - picture.shape[0] :, left : left + picture.shape[1]] = picture
    return result


def _matte(frame: Image, empty: Real, shadowless: bool) -> Real | None:
    shown = frame.astype(np.float32)
    seen = empty * _gain(shown, empty)
    different = np.abs(shown - seen).max(2)
    cells = different > _DIFFERENT
    if shadowless:
        cells &= ~_shadow(shown, seen)
    whole = patches(cells, 60, 1)
    if not whole:
        return None
    inside = np.zeros_like(cells)
    whole[0].within(inside)[...] = whole[0].within(cells)
    filled = _filled(inside)
    return _soft(filled)


def _shadow(shown: Real, seen: Real) -> NDArray[np.bool_]:
    """Where it is darker, in one measure for all colours."""
    ratio = (shown + 8) / (seen + 8)
    even = ratio.max(2) - ratio.min(2) < 0.16
    middle = ratio.mean(2)
    result: NDArray[np.bool_] = even & (middle > 0.42) & (middle < 0.99) & (seen.max(2) > 40)
    return result


def _gain(shown: Real, empty: Real) -> float:
    """Exposure against the empty place: the middle ratio, as most of the picture is empty."""
    return float(np.median((shown[::4, ::4].mean(2) + 4) / (empty[::4, ::4].mean(2) + 4)))


def _filled(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Closed over five pixels, and without holes."""
    wide = cells
    for _ in range(3):
        wide = grown(wide)
    outside = np.zeros(np.add(wide.shape, 2), np.bool_)
    outside[0] = outside[-1] = True
    outside[:, 0] = outside[:, -1] = True
    free = np.pad(~wide, 1, constant_values=True)
    while True:
        more = outside.copy()
        for axis in (0, 1):
            for step in (1, -1):
                more |= np.roll(more, step, axis) & free
        if np.array_equal(more, outside):
            break
        outside = more
    narrow = outside
    for _ in range(3):
        narrow = grown(narrow)
    result: NDArray[np.bool_] = ~narrow[1:-1, 1:-1]
    return result


def _soft(cells: NDArray[np.bool_]) -> Real:
    """An edge of two pixels, as lenses draw it."""
    matte = np.pad(cells.astype(np.float32), 1)
    rows = matte[:-2] + 2 * matte[1:-1] + matte[2:]
    soft: Real = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    return soft


def place(name: str, frames: list[Image], keep_rest: bool) -> Place:
    """``keep_rest``: all of the frames are empty, so what differs from their middle is noise."""
    stack = np.stack(frames)
    mean = np.median(stack, 0).astype(np.float32)
    rest: list[NDArray[np.int8]] = []
    if keep_rest:
        rest = [np.clip(each - mean, -30, 30).astype(np.int8) for each in frames]
    return Place(name, mean, tuple(rest))


def scaled(thing: CutOut, factor: float, turned: bool = False, mirrored: bool = False) -> CutOut:
    """The same smaller or larger; ``turned`` by a quarter."""
    width, height = (max(2, round(each * factor)) for each in thing.size)

    def fitted(image: NDArray[np.uint8], form: str) -> NDArray[np.uint8]:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), form)
        result = _levels(frame.reformat(width, height, form, interpolation="AREA"))
        if mirrored:
            result = result[:, ::-1]
        return np.rot90(result) if turned else result

    return CutOut(
        thing.name,
        thing.kind,
        tuple(fitted(each, "bgr24") for each in thing.pictures),
        tuple(
            (fitted((each * 255).astype(np.uint8), "gray") / 255).astype(np.float32)
            for each in thing.mattes
        ),
    )


@dataclass(frozen=True)
class Footage:
    """All that clips are made of."""

    things: dict[str, CutOut]
    places: dict[str, Place]


_PEOPLE = (
    # Name, first and last picture, those of the empty room after it, whether shadows are left out.
    ("woman in grey", 170, 182, 210, 222, True),
    ("man in black", 424, 438, 465, 495, True),
    ("woman in black", 674, 694, 718, 738, True),
    ("man leaving", 842, 862, 885, 910, True),
    ("woman in white", 1172, 1184, 1214, 1226, False),
    ("man in a shirt", 1330, 1342, 1382, 1394, False),
)


def footage(shared: Path) -> Footage:
    """Cut out of the lent videos; takes a minute."""
    data = shared / "testdata"
    room = pictures(data / "video/intel_one-by-one-person-detection.mp4")
    cars = pictures(data / "video/intel_car-detection.mp4")
    hall = pictures(data / "video/intel_preview_worker-zone-detection.mp4")
    street = pictures(data / "video_traffic/traffic_topview_640x360_msmpeg4.avi")
    highway = [
        each[60:420] for each in pictures(
            data / "video_traffic/highway_cctv_320x240_mpeg4.avi", 640, 480
        )[::8]
    ]  # fmt: skip
    corridor = pictures(data / "video/intel_preview_people-detection.mp4")
    store = pictures(data / "video/intel_preview_store-aisle-detection.mp4")
    places = (
        place("room", list(room[888:910]), keep_rest=True),
        place("car park", list(cars[0:40:2]), keep_rest=True),
        place("hall", list(hall), keep_rest=False),
        place("street", list(street[::4]), keep_rest=False),
        place("highway", highway, keep_rest=False),
        place("corridor", list(corridor), keep_rest=False),
        place("store", list(store[:30]), keep_rest=False),
    )
    things = []
    for name, first, last, from_, to, shadow in _PEOPLE:
        empty = np.median(np.stack(room[from_:to]), 0).astype(np.float32)
        things.append(cut(name, "person", list(room[first:last:2]), empty, shadowless=shadow))
    lot, floor = places[1].mean, places[2].mean
    things.append(cut("worker", "person", [hall[each] for each in range(26, 68, 3)], floor))
    for name, first, last in (
        ("white car", 74, 88),
        ("red car", 205, 208),
        ("sports car", 337, 341),
    ):
        frames = [cars[each] for each in range(first, last, 2)]
        things.append(cut(name, "car", frames, lot))
    return Footage({each.name: each for each in things}, {each.name: each for each in places})
