"""What is seen in a picture: a closed list of kinds, and boxes.

The list is all that a detector of any maker can lead to. There is no kind, and no attribute of one,
for who somebody is: no ethnicity, religion, gender, age, emotion or health.
"""

from enum import StrEnum

import msgspec

REGIONS = "regions"
"""The identity of a detector that has no model: it tells what moves, and not what it is."""


class ObjectClass(StrEnum):
    """A kind of thing. ``moving``: something moved, and nothing says what."""

    PERSON = "person"
    BICYCLE = "bicycle"
    MOTORCYCLE = "motorcycle"
    CAR = "car"
    BUS = "bus"
    TRUCK = "truck"
    TRAIN = "train"
    BOAT = "boat"
    BIRD = "bird"
    CAT = "cat"
    DOG = "dog"
    HORSE = "horse"
    ANIMAL = "animal"
    BAG = "bag"
    MOVING = "moving"


class Box(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """From the picture's upper left corner, in parts of its width and height; ``x1 > x0``."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def foot(self) -> tuple[float, float]:
        """Where it stands: the middle of its lower edge."""
        return (self.x0 + self.x1) / 2, self.y1

    @property
    def area(self) -> float:
        """In parts of the picture."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def overlap(self, other: "Box") -> float:
        """Intersection over union."""
        across = min(self.x1, other.x1) - max(self.x0, other.x0)
        down = min(self.y1, other.y1) - max(self.y0, other.y0)
        if across <= 0 or down <= 0:
            return 0.0
        both = across * down
        return both / (self.area + other.area - both)


class Detection(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing in one picture. ``confidence`` from 0 to 1, as the detector gives it."""

    kind: ObjectClass
    box: Box
    confidence: float
