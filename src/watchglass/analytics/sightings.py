"""Which patches of a picture are things that were seen before, and which are chance.

Rain, snow, insects and noise make patches too, in another place each time. How many there are of
each size is counted, and from that follows the chance of each sighting near the one before it: a
thing is what was seen until chance alone would hardly have done it.
"""

from dataclasses import dataclass, replace
from math import log

import numpy as np

from watchglass.analytics.plane import Patch

_SOON = 2.2
"""In so many pictures from one on, what may be something has to be seen again."""
_MOST_SIZES = 64


@dataclass(frozen=True, slots=True)
class SightingSettings:
    """Seconds, cells and probabilities. ``few`` new patches in a picture are no rain."""

    most: int = 24
    most_gap_s: float = 1.3
    reach_cells: float = 2.0
    reach_sizes: float = 0.7
    chance: float = 0.00003
    chance_s: float = 1.5
    few: int = 3
    moved_cells: int = 2
    crowded: float = 0.15
    lit_times: int = 4
    """So many times as often it has to be seen while the light has just changed all over."""
    grows: int = 6
    """Where drops are many, a thing is not taken to have been there while it was so many times
    smaller than when it was sure."""


@dataclass(slots=True)
class Sighting:
    """What may move: where it was last, and how often it was seen."""

    patch: Patch
    first: Patch
    since_ns: int
    last_ns: int
    seen: int = 1
    odds: float = 0.0
    """Logarithm of the chance that it was something else in each of these pictures."""
    sure: bool = False
    sizes: tuple[tuple[int, int], ...] = ()
    """When it was seen (UTC ns) and in how many cells, until it is sure."""

    def begin_as_itself(self, part: int) -> None:
        """Leave out what was seen before it had that part of its size: among many drops the first
        may have been one."""
        least = self.patch.cells / part
        since_ns = self.last_ns
        for at_ns, cells in reversed(self.sizes):
            if cells < least:
                break
            since_ns = at_ns
        self.since_ns = since_ns


class Sightings:
    """Of one camera."""

    def __init__(self, settings: SightingSettings) -> None:
        self._settings = settings
        self._all: list[Sighting] = []
        self._chances = np.zeros(20)
        self._looked_ns = 0
        self._shape = (0, 0)

    @property
    def any(self) -> bool:
        return bool(self._all)

    def clear(self) -> None:
        self._all = []

    def seen(self, at_ns: int) -> list[Sighting]:
        """Those of the picture of that time."""
        return [each for each in self._all if each.last_ns == at_ns]

    def follow(
        self, found: list[Patch], shape: tuple[int, int], at_ns: int, step_s: float, *, lit: bool,
        all_over: bool = False,
    ) -> None:  # fmt: skip
        """Join what is seen to what was seen before. ``lit``: the light has just changed, and what
        stays where it is may be that; ``all_over``: in most of the picture, and what flits from
        edge to edge may be that too."""
        settings, self._shape = self._settings, shape
        # What was seen a few times is waited for; a chance sighting has to come again at once.
        gap_ns = max(settings.most_gap_s, 1.5 * step_s) * 1e9
        soon_ns = _SOON * step_s * 1e9
        old = [
            each for each in self._all if at_ns - each.last_ns <= (gap_ns if each.sure else soon_ns)
        ]
        fresh: list[Sighting] = []
        last = [each.patch for each in old if each.last_ns == self._looked_ns]
        self._count([each for each in found if not any(_meet(each, one) for one in last)], step_s)
        for patch in found[: settings.most]:
            near = [each for each in old if self._near(each.patch, patch)]
            if not near:
                first = ((at_ns, patch.cells),)
                fresh.append(Sighting(patch, patch, at_ns, at_ns, sizes=first))
                continue
            best = max(near, key=lambda each: (each.sure, each.seen))
            if best.last_ns < at_ns:
                best.seen += 1
            elif best.patch.cells > patch.cells:
                fresh.append(replace(best, patch=patch, last_ns=at_ns))
                continue
            odds = self._odds(best.patch, patch)
            best.odds += odds
            best.patch, best.last_ns = patch, at_ns
            stays = lit and not best.sure and _went(best.first, patch) < settings.moved_cells
            was_sure = best.sure
            times = settings.lit_times if all_over else 1
            rare = best.seen >= 2 * times and best.odds <= times * log(settings.chance)
            best.sure = (was_sure or rare) and odds < 0 and not stays
            if not was_sure:
                best.sizes = (*best.sizes, (at_ns, patch.cells))[-_MOST_SIZES:]
                if best.sure and self._many(best.sizes[0][1]) >= 1:
                    best.begin_as_itself(settings.grows)
        self._all = [*old, *fresh]
        self._looked_ns = at_ns

    def _reach(self, patch: Patch) -> float:
        """How far it may get between two pictures: a large thing gets further."""
        size = max(patch.y1 - patch.y0, patch.x1 - patch.x0)
        return self._settings.reach_cells + self._settings.reach_sizes * size

    def _near(self, one: Patch, other: Patch) -> bool:
        """Whether one thing may have been both."""
        rows, columns = self._shape
        comes = other.y0 == 0 or other.x0 == 0 or other.y1 == rows or other.x1 == columns
        if not comes and not 1 / 6 <= one.cells / other.cells <= 6:
            return False
        across = max(one.x0 - other.x1, other.x0 - one.x1)
        down = max(one.y0 - other.y1, other.y0 - one.y1)
        return max(across, down) <= min(self._reach(one), self._reach(other))

    def _count(self, new: list[Patch], step_s: float) -> None:
        """How many drops, flakes or insects of each size and above there are in a picture."""
        settings = self._settings
        self._chances *= np.exp(-max(step_s, 0.05) / settings.chance_s)
        # One picture is one, however long nobody looked before it.
        fresh = 1 - float(np.exp(-min(max(step_s, 0.05), 0.2) / settings.chance_s))
        if len(new) > settings.few:
            bits = [each.cells.bit_length() for each in new]
            for size in range(max(bits)):
                self._chances[size] += fresh * sum(each > size for each in bits)

    def _many(self, cells: int, down_to: int = 3) -> float:
        """How many chance patches of about that size, or larger, there are in a picture."""
        return float(self._chances[max(0, cells.bit_length() - down_to)])

    def _odds(self, before: Patch, patch: Patch) -> float:
        """Logarithm of the chance that something of that size is so near to where the thing was
        without being it; 0 where that says nothing: in rain there are many, and small."""
        reach = min(self._reach(before), self._reach(patch))
        width = (before.x1 - before.x0) + (patch.x1 - patch.x0) + 2 * reach
        height = (before.y1 - before.y0) + (patch.y1 - patch.y0) + 2 * reach
        near = (
            _SOON * self._many(patch.cells, 2) * width * height / (self._shape[0] * self._shape[1])
        )
        if near >= self._settings.crowded:
            return 0.0
        return log(max(near, 0.1 * self._settings.chance))


def _meet(one: Patch, other: Patch) -> bool:
    """Whether their boxes overlap."""
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


def _went(one: Patch, other: Patch) -> int:
    """By how many cells it went across or down; what only grew or shrank went nowhere."""
    return max(
        _shared(other.x0 - one.x0, other.x1 - one.x1), _shared(other.y0 - one.y0, other.y1 - one.y1)
    )


def _shared(first: int, last: int) -> int:
    """How far both ends went the same way."""
    return min(abs(first), abs(last)) if (first < 0) == (last < 0) else 0
