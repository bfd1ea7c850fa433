"""Masks: parts of a camera's picture that nobody sees without the right to."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId, MaskId

MOST_MASKS = 24
"""Of one camera at a time."""
MOST_POINTS = 32
MOST_NAME = 60
_LEAST_AREA = 0.0001
SEAM_NS = 5 * NS_PER_S
"""A mask holds so much longer at both its ends: clocks of cameras are set right now and then."""

Point: TypeAlias = tuple[float, float]
"""From the picture's upper left corner, both from 0 to 1, in parts of its width and height."""


class Cover(msgspec.Struct, frozen=True, array_like=True):
    """What is covered, and of which footage (UTC ns); None: of all before, or all after."""

    polygon: tuple[Point, ...]
    from_ns: int | None = None
    until_ns: int | None = None

    def holds_at(self, wall_ns: int) -> bool:
        """Whether a picture of that time is covered."""
        after = self.from_ns is None or wall_ns >= self.from_ns - SEAM_NS
        return after and (self.until_ns is None or wall_ns < self.until_ns + SEAM_NS)


class Mask(msgspec.Struct, frozen=True):
    """A mask as somebody drew it.

    It covers footage from ``from_ns`` to ``until_ns``, also what was recorded before it was drawn.
    ``in_camera`` is its name in the camera itself, where it is set there too; empty: it is not.
    """

    id: MaskId
    camera: CameraId
    name: str
    polygon: tuple[Point, ...]
    from_ns: int | None
    until_ns: int | None
    drawn_ns: int
    drawn_by: str
    reason: str
    in_camera: str = ""

    @property
    def cover(self) -> Cover:
        return Cover(self.polygon, self.from_ns, self.until_ns)


class Masking(msgspec.Struct, frozen=True):
    """All that is covered of a camera. ``version`` is another one whenever that is another."""

    version: str
    covers: tuple[Cover, ...]

    @property
    def hides(self) -> bool:
        """Whether there is anything that not everybody may see."""
        return bool(self.covers)


BARE = Masking("", ())
"""A camera without masks."""


def masking(masks: Iterable[Mask]) -> Masking:
    """What these masks of one camera cover together."""
    covers = tuple(sorted({mask.cover for mask in masks}, key=msgspec.json.encode))
    if not covers:
        return BARE
    return Masking(hashlib.sha256(msgspec.json.encode(covers)).hexdigest()[:16], covers)


def checked_polygon(points: Sequence[Point]) -> tuple[Point, ...]:
    """The corners, to a ten-thousandth; UsageError for what is no part of a picture."""
    if not 3 <= len(points) <= MOST_POINTS:
        raise UsageError(f"A mask has 3 to {MOST_POINTS} corners, not {len(points)}.")
    if not all(math.isfinite(each) and 0 <= each <= 1 for point in points for each in point):
        raise UsageError("A mask's corners lie in the picture: from 0 to 1 across and down.")
    corners = tuple((round(x, 4), round(y, 4)) for x, y in points)
    if _crosses_itself(corners):
        raise UsageError("The sides of a mask may not cross each other: draw two masks instead.")
    if abs(_area(corners)) < _LEAST_AREA:
        raise UsageError("This mask covers nothing: move its corners apart.")
    return corners


def _area(corners: Sequence[Point]) -> float:
    sides = zip(corners, [*corners[1:], corners[0]], strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in sides) / 2


def _crosses_itself(corners: Sequence[Point]) -> bool:
    sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    return any(
        _cross(*sides[one], *sides[other])
        for one in range(len(sides))
        for other in range(one + 2, len(sides))
        if (one, other) != (0, len(sides) - 1)
    )


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
