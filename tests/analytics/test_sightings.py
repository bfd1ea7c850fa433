"""Since when something is there, in rain and in the dry."""

import random

import numpy as np
import pytest

from watchglass.analytics.plane import Patch, patches
from watchglass.analytics.sightings import Sightings, SightingSettings

SHAPE = (90, 160)
STEP_NS = 200_000_000
COMES = 40


def cells(*boxes: tuple[int, int, int, int]) -> list[Patch]:
    """Patches of these rows and columns: first and end of each."""
    picture = np.zeros(SHAPE, np.bool_)
    for y0, x0, y1, x1 in boxes:
        picture[y0:y1, x0:x1] = True
    return patches(picture, 1, 96)


@pytest.mark.parametrize("rains", [True, False])
def test_a_drop_at_the_place_is_not_when_somebody_came(rains: bool) -> None:
    """Somebody of 30 by 8 cells comes in at the edge, where something small was before."""
    chance = random.Random(1)
    sightings = Sightings(SightingSettings())
    since_ns = 0
    for number in range(COMES + 6):
        boxes = []
        if rains:
            for _ in range(30):
                y, x = chance.randrange(0, 86), chance.randrange(20, 156)
                boxes.append((y, x, y + 2, x + 2))
        if number >= COMES:
            boxes.append((30, 0, 60, 8))
        elif number >= COMES - 4:
            boxes.append((44, 2, 46, 4))
        at_ns = number * STEP_NS
        sightings.follow(cells(*boxes), SHAPE, at_ns, STEP_NS / 1e9, lit=False)
        sure = [each for each in sightings.seen(at_ns) if each.sure and each.patch.x0 == 0]
        if sure:
            since_ns = min(each.since_ns for each in sure)
    assert since_ns == (COMES if rains else COMES - 4) * STEP_NS


def test_drops_that_follow_one_another_by_chance_are_no_thing() -> None:
    """Half a minute of rain, of drops of a few cells each and some larger ones."""
    chance = random.Random(2)
    sightings = Sightings(SightingSettings())
    for number in range(60 * 5):
        boxes = []
        for _ in range(12):
            y, x = chance.randrange(0, 80), chance.randrange(0, 150)
            high, wide = chance.choice(((2, 2), (2, 2), (2, 3), (3, 3), (5, 3)))
            boxes.append((y, x, y + high, x + wide))
        sightings.follow(cells(*boxes), SHAPE, number * STEP_NS, STEP_NS / 1e9, lit=False)
        assert not [each for each in sightings.seen(number * STEP_NS) if each.sure]


@pytest.mark.parametrize("goes", [True, False])
def test_what_only_grows_under_new_light_goes_nowhere(goes: bool) -> None:
    sightings = Sightings(SightingSettings())
    sure = False
    for number in range(6):
        at = 40 + (3 * number if goes else 0)
        box = (30 - number, at - number, 40 + 2 * number, at + 20 + 2 * number)
        sightings.follow(cells(box), SHAPE, number * STEP_NS, STEP_NS / 1e9, lit=True)
        sure = sure or any(each.sure for each in sightings.seen(number * STEP_NS))
    assert sure is goes
