"""Log-odds: how signs add up.

A sign's weight is how many of 100 devices that show it are of its maker. Before anything is known,
each maker has a chance of `PRIOR`; a sign moves the log-odds by ``logit(weight) - logit(PRIOR)``,
so that one sign alone leads to just its weight, and independent ones add up. Signs of one family
are not independent: whoever copies a web page copies its icon and its headers with it. So of each
family the strongest counts, and of what devices write of themselves half of the second too.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PRIOR = 0.03
"""About one in the number of makers that are known."""
MOST = 0.999
"""Nothing that devices say of themselves is surer."""
_SECOND_COUNTS = {"claim": 0.5}


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign for a hypothesis: its family and its weight, 0 to 1."""

    family: str
    weight: float


def logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def gain(weight: float) -> float:
    """How far a sign of this weight moves the log-odds; a weak one moves nothing."""
    return max(0.0, logit(min(weight, MOST)) - logit(PRIOR))


def added(signs: Iterable[Sign]) -> float:
    """How far signs for one hypothesis move its log-odds together."""
    families: dict[str, list[float]] = defaultdict(list)
    for sign in signs:
        families[sign.family].append(gain(sign.weight))
    total = 0.0
    for family in sorted(families):
        gains = sorted(families[family], reverse=True)
        total += gains[0]
        if len(gains) > 1:
            total += _SECOND_COUNTS.get(family, 0.0) * gains[1]
    return total


def chances(moved: Mapping[str, float]) -> dict[str, float]:
    """The chance of each hypothesis, beside that of none of them, which moves nowhere."""
    odds = {key: math.exp(min(logit(PRIOR) + by, 50.0)) for key, by in sorted(moved.items())}
    whole = 1.0 + math.fsum(odds.values())
    return {key: min(each / whole, MOST) for key, each in odds.items()}
