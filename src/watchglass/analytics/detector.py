"""What finds things in pictures: the plug-in point ``watchglass.detector``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from watchglass.model.detection import Box, Detection, ObjectClass

Picture: TypeAlias = NDArray[np.uint8]
"""``uint8 (height, width, 3)``, blue, green, red; need not be contiguous, and is not written to."""

MOST_FOUND = 200
"""In one picture; the least certain go."""


@dataclass(frozen=True, slots=True)
class Look:
    """A picture to look at. ``moving``: where something moved in it; empty: look at all of it."""

    picture: Picture = field(repr=False)
    moving: tuple[Box, ...] = ()


class Detector(Protocol):
    """Finds things in pictures of any camera; keeps nothing from one picture to the next.

    Used by one thread at a time. What it tells is of ``ObjectClass`` and nothing else, whatever its
    model may know. Errors are ``WatchglassError``, and only for what is wrong with the detector
    itself: no picture is too small, too large or too odd to be looked at.
    """

    @property
    def identity(self) -> str:
        """SHA-256 of the model in 64 hexadecimal digits, or `REGIONS`. It stands in every event, so
        it is another one where the same picture may lead to something else."""
        ...

    @property
    def names(self) -> frozenset[ObjectClass]:
        """All kinds that it can tell; never empty."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height that it looks at, in pixels: larger pictures show it nothing more, and
        cost time. Others are taken as well."""
        ...

    @property
    def batch(self) -> int:
        """With so many pictures at once it is fastest a picture; it takes any number."""
        ...

    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        """What is in each picture, in the order of the pictures: the most certain first, at most
        `MOST_FOUND`. Boxes lie inside the picture. Together they lead to what each leads to alone.
        """
        ...

    def close(self) -> None:
        """Give back what it holds; once more does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What a plug-in is given. ``threads``: processors that it may keep busy."""

    models: Path | None
    threads: int


class DetectorKind(Protocol):
    """What an entry point of the group ``watchglass.detector`` names."""

    def make(self, settings: DetectorSettings) -> Detector:
        """A detector, ready to be asked; ConfigError for what cannot work."""
        ...
