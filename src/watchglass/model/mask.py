"""Masks: parts of a camera's picture that nobody sees without the right to."""

import hashlib
from collections.abc import Iterable

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, MaskId
from watchglass.model.polygon import Point

MOST_MASKS = 24
"""Of one camera at a time."""
MOST_NAME = 60
SEAM_NS = 5 * NS_PER_S
"""A mask holds so much longer at both its ends: clocks of cameras are set right now and then."""


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
    ``into_camera``: the camera itself is to cover it too, so that nobody can ever see it;
    ``in_camera`` is its name there, empty while it does not, and ``camera_problem`` says why not.
    The recorder covers it all the same.
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
    into_camera: bool = False
    in_camera: str = ""
    camera_problem: str = ""

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
