"""Every detector passes the suite, and the suite finds what is wrong with a bad one."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import pytest

from watchglass.analytics import detector_suite as suite
from watchglass.analytics.detector import Detector, Look
from watchglass.analytics.detector_suite import CHECKS, Broken, Rig
from watchglass.analytics.regions import RegionDetector
from watchglass.model.detection import Box, Detection, ObjectClass

Check = Callable[[Rig], None]
checks = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)

_MOVES = Look(np.zeros((90, 160, 3), np.uint8), (Box(0.1, 0.2, 0.3, 0.4),))
_FOUND = Detection(ObjectClass.CAR, Box(0.1, 0.1, 0.2, 0.2), 0.5)


@checks
def test_regions(check: Check) -> None:
    check(Rig(make=RegionDetector, shown=[(_MOVES, ObjectClass.MOVING)]))


def test_a_region_is_a_moving_thing() -> None:
    assert RegionDetector().detect([_MOVES, Look(_MOVES.picture)]) == [
        [Detection(ObjectClass.MOVING, Box(0.1, 0.2, 0.3, 0.4), 1.0)],
        [],
    ]


# --- the suite against bad ones -------------------------------------------------------------------


class Good:
    """Says that a car is in each picture."""

    identity = "ab" * 32
    names = frozenset({ObjectClass.CAR})
    size = (320, 320)
    batch = 2

    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        return [[_FOUND] for _ in looks]

    def close(self) -> None:
        """It holds nothing."""


class NamesItself(Good):
    identity = "my-model"


class TellsMore(Good):
    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        kind = cast(ObjectClass, "face")
        return [[Detection(kind, _FOUND.box, 0.5)] for _ in looks]


class TellsUnnamed(Good):
    names = frozenset({ObjectClass.DOG})


class Outside(Good):
    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        return [[Detection(ObjectClass.CAR, Box(0.9, 0.1, 1.1, 0.2), 0.5)] for _ in looks]


class TooMany(Good):
    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        return [[_FOUND] * 1000 for _ in looks]


class LeastFirst(Good):
    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        less = Detection(ObjectClass.CAR, _FOUND.box, 0.4)
        return [[less, _FOUND] for _ in looks]


class Forgetful(Good):
    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        return [[_FOUND] for _ in looks][:1]


class Writes(Good):
    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        for look in looks:
            picture = look.picture.base if look.picture.base is not None else look.picture
            picture[0, 0] ^= 1
        return [[_FOUND] for _ in looks]


class Remembers(Good):
    def __init__(self) -> None:
        self._seen = 0

    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        self._seen += len(looks)
        return [[_FOUND] * (self._seen % 3) for _ in looks]


class ClosesOnce(Good):
    def __init__(self) -> None:
        self._open = True

    def close(self) -> None:
        if not self._open:
            raise Broken("closed")
        self._open = False


@pytest.mark.parametrize(
    ("bad", "check"),
    [
        (NamesItself, suite.what_it_says_of_itself),
        (TellsMore, suite.its_findings),
        (TellsUnnamed, suite.its_findings),
        (Outside, suite.its_findings),
        (Outside, suite.odd_pictures),
        (TooMany, suite.its_findings),
        (LeastFirst, suite.its_findings),
        (Forgetful, suite.together_as_alone),
        (Writes, suite.pictures_are_left_alone),
        (Remembers, suite.together_as_alone),
        (ClosesOnce, suite.closed_twice),
    ],
)
def test_a_bad_one_is_found(bad: Callable[[], Detector], check: Check) -> None:
    check(Rig(make=Good))
    with pytest.raises(Broken):
        check(Rig(make=bad))


def test_one_that_finds_nothing_shown() -> None:
    rig = Rig(make=Good, shown=[(_MOVES, ObjectClass.DOG)])
    with pytest.raises(Broken, match="shows dog"):
        suite.it_finds_what_is_shown(rig)
