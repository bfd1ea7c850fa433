"""The usual way: ffmpeg decodes all of the sub-stream into a pipe, and each picture is held against
a running average. Nothing of this is ours; its numbers are what such recorders come with.
"""

import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benches._harness import BenchError
from benches.recall.clips import Clip
from benches.recall.footage import SIZE
from benches.recall.scenes import FPS

_BLOCK = 4


@dataclass(frozen=True)
class UsualSettings:
    """``threshold`` in levels; ``area`` in cells of four by four pixels; ``alpha``: the part of a
    picture that the average takes; ``light``: over this share it is light, and learnt anew."""

    threshold: float
    area: int
    alpha: float = 0.02
    light: float = 0.8


def small_pictures(clip: Clip) -> NDArray[np.uint8]:
    """All pictures of the clip, in grey, at a quarter of the width and height."""
    if shutil.which("ffmpeg") is None:
        raise BenchError("the usual way needs ffmpeg")
    width, height = SIZE[0] // _BLOCK, SIZE[1] // _BLOCK
    done = subprocess.run(
        [
            "ffmpeg", "-v", "error", "-f", "h264", "-framerate", str(FPS), "-i", str(clip.path),
            "-vf", f"scale={width}:{height}:flags=area", "-pix_fmt", "gray", "-f", "rawvideo", "-",
        ],
        capture_output=True, check=True,
    )  # fmt: skip
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width)


def moving(planes: NDArray[np.uint8], settings: UsualSettings) -> list[tuple[float, float]]:
    """Seconds in which something moved."""
    average = planes[0].astype(np.float32)
    found = []
    for number, plane in enumerate(planes):
        picture = plane.astype(np.float32)
        different = np.abs(picture - average) > settings.threshold
        share = np.count_nonzero(different) / different.size
        if share > settings.light:
            average = picture
            continue
        average += np.float32(settings.alpha) * (picture - average)
        if number > 2 * FPS and _largest(different) >= settings.area:
            found.append((number / FPS, number / FPS))
    return found


def _largest(cells: NDArray[np.bool_]) -> int:
    """Cells that are left where each has at least five of eight neighbours: single ones go."""
    wide = np.pad(cells, 1).astype(np.uint8)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return int(np.count_nonzero(cells & (around >= 6)))
