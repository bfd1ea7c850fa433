"""How fast something grows: a slope, and what it is not above with 95 % confidence.

A leak lifts the floor; what a process happens to hold at a moment lies above it. So the samples of
each window count by their least one, the slope is that of least squares through these floors, and
the bound comes from a bootstrap of the residuals in blocks, because neighbours are alike (a line's
textbook interval takes them for independent, and is too narrow). Theil and Sen's median of all
slopes is told beside it: it does not move for one early step, such as a cache that is made once.

What several processes hold together is the sum of what each held in a tenth of a window at most.
Each gives back what is free once a minute, for a second, at another time than the others: the least
of the sum, or of each, would be whichever of those seconds a sample fell into, a megabyte more or
less of one that decodes.

What is counted in ones, descriptors and threads, is judged by that median and its own bootstrap:
one more in one minute of an hour is no growth, and moves a line of least squares by more than the
target. One more that stays, or one each twenty minutes, shows in it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_RESAMPLES = 4000
_BLOCK = 8
_LEAST_WINDOWS = 12
_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Slope:
    """Units a second. ``upper`` is None where the windows are too few to carry a bound."""

    value: float
    upper: float | None
    median: float
    windows: int


def floors(
    at_s: list[float], values: list[float], window_s: float, share: float = 0.0
) -> tuple[Values, Values]:
    """The middle of each whole window, and the value that ``share`` of its own are below."""
    began_s = at_s[0]
    found: dict[int, list[float]] = {}
    for when_s, value in zip(at_s, values, strict=True):
        found.setdefault(int((when_s - began_s) // window_s), []).append(value)
    if len(found) > 1 and at_s[-1] - began_s < (max(found) + 1) * window_s * 0.999:
        del found[max(found)]
    windows = sorted(found)
    middle = [(window + 0.5) * window_s for window in windows]
    return np.array(middle), np.array([np.quantile(found[window], share) for window in windows])


def _least_squares(x: Values, y: Values) -> float:
    centred = x - x.mean()
    return float((centred * (y - y.mean())).sum() / (centred**2).sum())


def _theil_sen(x: Values, y: Values) -> float:
    first, second = np.triu_indices(len(x), 1)
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))


def slope(at_s: list[float], values: list[float], window_s: float = 60.0, seed: int = 1) -> Slope:
    """The growth of ``values`` in units a second."""
    return _slope(*floors(at_s, values, window_s), seed)


def slope_together(
    at_s: list[float], parts: list[list[float]], window_s: float = 60.0, seed: int = 1
) -> Slope:
    """The growth of all ``parts`` together, in units a second."""
    each = [floors(at_s, part, window_s, _SHARE) for part in parts]
    return _slope(each[0][0], np.sum([low for _, low in each], axis=0), seed)


def _slope(x: Values, y: Values, seed: int) -> Slope:
    if len(x) < 2:
        raise ValueError("a slope takes two windows at least")
    value = _least_squares(x, y)
    fitted = y.mean() + value * (x - x.mean())
    upper = None
    if len(x) >= _LEAST_WINDOWS:
        again = _resampled(x, fitted, y - fitted, np.random.default_rng(seed))
        # By how much the estimate is off, turned round: the basic bootstrap.
        upper = float(value + (value - np.quantile(again, 0.05)))
    return Slope(value, upper, _theil_sen(x, y), len(x))


def count_slope(
    at_s: list[float], values: list[float], window_s: float = 60.0, seed: int = 1
) -> Slope:
    """The same for small whole numbers: ``value`` and ``upper`` are of the median of all slopes."""
    x, y = floors(at_s, values, window_s)
    if len(x) < 2:
        raise ValueError("a slope takes two windows at least")
    median = _theil_sen(x, y)
    fitted = np.median(y - median * x) + median * x
    upper = None
    if len(x) >= _LEAST_WINDOWS:
        chance = np.random.default_rng(seed)
        again = _resampled(x, fitted, y - fitted, chance, of=_theil_sen)
        upper = float(median + (median - np.quantile(again, 0.05)))
    return Slope(median, upper, median, len(x))


def _resampled(
    x: Values,
    fitted: Values,
    residual: Values,
    chance: np.random.Generator,
    of: Callable[[Values, Values], float] = _least_squares,
) -> Values:
    """Slopes of the line with its residuals redrawn, in blocks that go round the end."""
    count = len(x)
    blocks = -(-count // _BLOCK)
    # Least squares has taken two degrees of freedom out of the residuals.
    residual = residual * np.sqrt(count / (count - 2))
    found = np.empty(_RESAMPLES)
    for at in range(_RESAMPLES):
        starts = chance.integers(0, count, blocks)
        picked = (starts[:, None] + np.arange(_BLOCK)).ravel()[:count] % count
        found[at] = of(x, fitted + residual[picked])
    return found
