"""The detector that needs no model: what moves is something, and nothing says what."""

from collections.abc import Sequence

from watchglass.analytics.detector import MOST_FOUND, Look
from watchglass.model.detection import REGIONS, Box, Detection, ObjectClass

_WHOLE = (640, 360)


class RegionDetector:
    """A `Detector`: each moving region is a thing of kind ``moving``. With no model on disk,
    tracks, zones, lines and counting stand on these."""

    identity = REGIONS
    names = frozenset({ObjectClass.MOVING})
    size = _WHOLE
    batch = 1

    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        """See `Detector.detect`."""
        return [[_found(box) for box in _largest(look.moving)] for look in looks]

    def close(self) -> None:
        """See `Detector.close`."""


def _largest(moving: Sequence[Box]) -> list[Box]:
    there = [box for box in map(inside, moving) if box.x1 > box.x0 and box.y1 > box.y0]
    return sorted(there, key=lambda box: -box.area)[:MOST_FOUND]


def inside(box: Box) -> Box:
    """What of it lies in the picture; it may be nothing."""
    return Box(max(0.0, box.x0), max(0.0, box.y0), min(1.0, box.x1), min(1.0, box.y1))


def _found(box: Box) -> Detection:
    return Detection(ObjectClass.MOVING, box, 1.0)
