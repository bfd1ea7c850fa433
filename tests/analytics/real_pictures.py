"""Luma planes of the lent videos, as the analytics-worker would look at them."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from watchglass.analytics.motion import Motion, Moved
from watchglass.analytics.plane import Luma

NS = 1_000_000_000


class Film(NamedTuple):
    planes: list[Luma]
    fps: float


@cache
def film(path: Path, until_s: float = 1e9, width: int = 160) -> Film:
    """All pictures as planes, 160 by 90 without ``width``."""
    if not path.exists():
        pytest.skip(f"no sample data: {path.name} is not there")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        fps = float(stream.average_rate)
        planes: list[Luma] = []
        for frame in container.decode(stream):
            if len(planes) >= until_s * fps:
                break
            planes.append(
                frame.reformat(width, width * 9 // 16, "gray").to_ndarray().astype(np.uint8)
            )
    return Film(planes, fps)


def room(shared: Path, until_s: float = 1e9) -> Film:
    """People come in one by one; empty until 5 s, at 46.5–49.5 s, 71.8–73.8 s, 88.2–91.5 s."""
    return film(shared / "testdata/video/intel_one-by-one-person-detection.mp4", until_s)


def parking(shared: Path) -> Film:
    """Cars from above, exposure set again at each; empty until 4 s, 10.5–13.8 s, 20–24.5 s."""
    return film(shared / "testdata/video/intel_car-detection.mp4")


def looked_at(motion: Motion, planes: list[Luma], fps: float, from_s: float = 0.0) -> list[Moved]:
    return [
        motion.look(plane, int((from_s + index / fps) * NS)) for index, plane in enumerate(planes)
    ]


def spans(moved: list[Moved], gap_s: float = 1.5) -> list[tuple[float, float]]:
    """When something moved, in seconds."""
    result: list[tuple[float, float]] = []
    for each in moved:
        if each.moving:
            at_s = each.at_ns / NS
            if result and at_s - result[-1][1] <= gap_s:
                result[-1] = (result[-1][0], at_s)
            else:
                result.append((each.since_ns / NS, at_s))
    return result
