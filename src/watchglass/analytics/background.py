"""What a camera shows when nothing moves, cell by cell, and how a picture differs from it.

Two memories: a long one that holds the empty scene, and a short one of about a second that tells
what changes now from what merely is not as it was. A picture is first laid over the long one:
brightness and contrast as the camera's exposure sets them, and a shift of a few cells as wind
shakes the mast, are no difference. Rates are by the clock, not by the picture.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchglass.analytics.plane import Cells, Plane, slopes

_FIT_TURNS = 3
_FULL = 250.0
_FIT_STEP = 2
_MOST_SHIFT = 3.0
_GAINS = (0.3, 3.0)
_LEAST_FIT = 2
"""Where no more cells are off, nothing is taken out."""
_FIT_WORTH = 0.8
"""A fit is taken where it leaves at most this share of the difference."""
_EDGE_SLACK = 0.3
"""Where the picture was laid over with a shift, edges are off by so much of their slope."""
_ALIVE = 0.75
_ALL_OVER = 0.5
"""From that share of cells on it is other light, and no thing, that they are off by."""
_BRIGHT = 240.0
"""From that level on a cell may be as bright as can be; beyond ``_DAZZLED`` of all cells, a fit
of tones misses."""
_DAZZLED = 0.02
_TONES = 16
_TONE_CELLS = 20
_TONE_SLACK = 0.8
"""As ``_EDGE_SLACK``, where a picture is dazzled: what is half a dark cell and half one that is as
bright as can be has another tone than any whole one."""
_NOISE_OVER_ALL = 0.8
"""No cell is taken for much quieter than the middle one of all."""


@dataclass(frozen=True, slots=True)
class BackgroundSettings:
    """Grey levels (0 to 255), seconds, and ``noise_times`` the standard deviation."""

    least_level: float = 5.0
    noise_times: float = 4.2
    most_level: float = 40.0
    first_noise: float = 1.5
    long_s: float = 15.0
    moving_s: float = 120.0
    still_s: float = 6.0
    short_s: float = 0.6
    noise_s: float = 15.0
    most_step_s: float = 8.0


@dataclass(frozen=True, slots=True)
class Difference:
    """``level``: grey levels off the empty scene, exposure and shaking taken out. ``off``: beyond
    the noise. ``alive``: beyond the noise of a second ago. ``seen``: what it should look like.
    ``raw``: how many cells were beyond the noise before anything was taken out; ``fitted``: so
    much was to be taken out."""

    level: Plane
    off: Cells
    alive: Cells
    seen: Plane
    raw: int
    fitted: bool

    @property
    def all_over(self) -> bool:
        """Whether most of it was off, as in another light."""
        return self.raw > _ALL_OVER * self.off.size


class Background:
    """Of one camera and one size of plane; the first picture makes it."""

    def __init__(self, first: Plane, at_ns: int, settings: BackgroundSettings) -> None:
        self._settings = settings
        self.start(first, at_ns)

    def start(self, picture: Plane, at_ns: int) -> None:
        """Forget all: this is the scene."""
        self.long = picture.copy()
        self.short = picture.copy()
        self._moved_s = np.full(picture.shape, 1e6, np.float32)
        self._power = np.full(picture.shape, self._settings.first_noise**2, np.float32)
        self._set_limit()
        self.began_ns = self._at_ns = at_ns
        self.pictures = 1

    def forget_short(self, picture: Plane, at_ns: int) -> None:
        """All changed at once, and what was there a second ago tells nothing."""
        self.short = picture.copy()
        self._at_ns = at_ns

    def difference(self, picture: Plane, left_out: Cells | None) -> Difference:
        seen, limit = self.long, self._limit
        level = picture - seen
        off = np.abs(level) > limit
        if left_out is not None:
            off &= ~left_out
        raw, fitted = int(np.count_nonzero(off)), False
        if raw > _LEAST_FIT:
            laid = self._laid_over(picture, left_out, dazzled=self._is_dazzled(picture, raw))
            if laid is not None:
                (seen, slack), fitted = laid, True
                level = picture - seen
                off = np.abs(level) > limit + slack
        before = self._before(picture, off) if fitted else self.short
        alive = np.abs(picture - before) > limit * np.float32(_ALIVE)
        if left_out is not None:
            off &= ~left_out
        return Difference(level, off, alive, seen, raw, fitted)

    def light_of(self, different: Difference) -> float:
        """By how many grey levels, in the mean, exposure and lamps have changed the scene."""
        picked = np.s_[::_FIT_STEP, ::_FIT_STEP]
        if not different.fitted:
            if different.raw > _LEAST_FIT:
                return 0.0
            # Too little to be taken out. To say 0 here would make new light of what was left of the
            # last, once something small comes and it is fitted.
            return abs(float(np.median(different.level[picked])))
        return float(np.abs(different.seen[picked] - self.long[picked]).mean())

    @staticmethod
    def _is_dazzled(picture: Plane, raw: int) -> bool:
        if raw <= _ALL_OVER * picture.size:
            return False
        return bool(np.count_nonzero(picture > _BRIGHT) > _DAZZLED * picture.size)

    def _before(self, picture: Plane, off: Cells) -> Plane:
        """What was there a second ago, in this picture's exposure."""
        picked = np.s_[::_FIT_STEP, ::_FIT_STEP]
        same = ~off[picked]
        was, now = self.short[picked][same], picture[picked][same]
        if len(was) < 50:
            return self.short
        middle, level = was.mean(), now.mean()
        was = was - middle
        gain = float((was @ (now - level)) / max(1.0, float(was @ was)))
        if not _GAINS[0] <= gain <= _GAINS[1]:
            return self.short
        before: Plane = (self.short - middle) * np.float32(gain) + level
        return before

    def learn(self, picture: Plane, different: Difference, at_ns: int, moving: Cells) -> None:
        """Take the picture in. ``moving``: cells of what moves, hardly learnt from."""
        settings = self._settings
        step_s = min(settings.most_step_s, max(0.0, (at_ns - self._at_ns) / 1e9))
        self._at_ns = at_ns
        self.pictures += 1
        young = 1.0 / self.pictures
        long_rate = max(_share(step_s, settings.long_s), young)
        noise_rate = max(_share(step_s, settings.noise_s), min(0.3, young))
        short_rate = max(_share(step_s, settings.short_s), 0.05)
        size = np.minimum(np.abs(different.level), self._limit * np.float32(2.5))
        power_step = (size * size - self._power) * np.float32(noise_rate)
        long_step = (picture - self.long) * np.float32(long_rate)
        self._moved_s += np.float32(step_s)
        if moving.any():
            # What stands still after it moved becomes a part of the scene sooner than what moves.
            self._moved_s[moving] = 0
            recent = self._moved_s < settings.still_s
            long_step[recent] *= np.float32(_share(step_s, settings.moving_s) / long_rate)
            power_step[moving] *= np.float32(0.1)
        self._power += power_step
        self.long += long_step
        self.short += (picture - self.short) * np.float32(short_rate)
        self._set_limit()

    def _set_limit(self) -> None:
        settings = self._settings
        noise = np.sqrt(self._power)
        np.maximum(noise, np.float32(_NOISE_OVER_ALL * np.median(noise[::3, ::3])), out=noise)
        noise *= np.float32(settings.noise_times)
        self._limit = np.clip(noise, settings.least_level, settings.most_level)

    def _laid_over(
        self, picture: Plane, left_out: Cells | None, *, dazzled: bool
    ) -> tuple[Plane, Plane] | None:
        """The empty scene as this picture's exposure and a small shift would show it, and by how
        much its edges may still be off; None where that explains little. ``dazzled``: most of it
        is in another light, and some of it as bright as can be."""
        picked = np.s_[::_FIT_STEP, ::_FIT_STEP]
        keep = np.ones(self.long[picked].size, np.bool_)
        if left_out is not None:
            keep = ~left_out[picked].ravel()
        # What is as bright as can be tells nothing of exposure.
        keep &= picture[picked].ravel() < _FULL
        if np.count_nonzero(keep) < 50:
            return None
        limit = self._limit[picked].ravel()
        first = (picture - self.long)[picked].ravel()
        scene, shift = self.long, np.zeros(2)
        fit = _Fit(scene, picture, picked, keep, limit, close=False)
        for _ in range(2):
            if not fit.sound:
                return None
            if np.abs(fit.shift).max() < 0.1:
                break
            shift += fit.shift
            if np.abs(shift).max() > _MOST_SHIFT:
                return None
            scene = _shifted(self.long, shift)
            fit = _Fit(scene, picture, picked, keep, limit, close=True)
        before = np.minimum(np.abs(first), limit * 3)[keep].sum()
        seen = fit.toned(scene)
        if dazzled:
            seen = _straightened(seen, picture, scene, picked)
        rest = np.abs(picture - seen)[picked].ravel()
        if np.minimum(rest, limit * 3)[keep].sum() > _FIT_WORTH * before:
            return None
        slack = np.zeros_like(seen)
        if shift.any() or dazzled:
            across, down = slopes(seen)
            part = _TONE_SLACK if dazzled else _EDGE_SLACK
            slack = np.float32(part) * (np.abs(across) + np.abs(down))
        return seen, slack


class _Fit:
    """Least squares, without what lies far off: a bent tone curve, and a shift in cells."""

    def __init__(
        self,
        scene: Plane,
        picture: Plane,
        picked: tuple[slice, slice],
        keep: Cells,
        limit: Plane,
        close: bool,
    ) -> None:
        self._middle = np.float32(scene.mean())
        across, down = slopes(scene)
        tones = scene[picked].ravel() - self._middle
        base = np.stack(
            [
                np.ones_like(tones),
                tones,
                tones * tones * np.float32(0.01),
                across[picked].ravel(),
                down[picked].ravel(),
            ],
            1,
        )
        target = (picture - scene)[picked].ravel()
        rest = target - np.float32(np.median(target[keep]))
        self.found = np.zeros(5)
        self.sound = True
        for turn in range(_FIT_TURNS):
            cut = 0.0 if turn or close else float(np.quantile(np.abs(rest[keep]), 0.7))
            chosen = keep & (np.abs(rest) <= np.maximum(limit, np.float32(cut)))
            if np.count_nonzero(chosen) < 50:
                self.sound = turn > 0
                break
            rows = base[chosen]
            normal = rows.T @ rows + _STEADY
            self.found = np.linalg.solve(normal.astype(np.float64), rows.T @ target[chosen])
            rest = target - base @ self.found.astype(np.float32)
        if not _GAINS[0] <= 1 + self.found[1] <= _GAINS[1]:
            self.sound = False

    @property
    def shift(self) -> NDArray[np.float64]:
        """Cells across and down."""
        return self.found[3:]

    def toned(self, scene: Plane) -> Plane:
        """The scene with the picture's tones."""
        level, gain, bend = (np.float32(each) for each in self.found[:3])
        tones = scene - self._middle
        seen: Plane = scene + level + gain * tones + bend * np.float32(0.01) * tones * tones
        np.clip(seen, 0, 255, out=seen)
        return seen


_STEADY = np.diag(np.array([0.01, 100.0, 1000.0, 100.0, 100.0], np.float32))


def _straightened(seen: Plane, picture: Plane, scene: Plane, picked: tuple[slice, slice]) -> Plane:
    """What should be seen, with tones that no curve of the fit's kind has: what is as bright as can
    be, and half of a picture in another lamp's light. Each level of the scene becomes what most of
    its cells became; whoever comes with the light is a part of each level only."""
    tones, rest = scene[picked].ravel(), (picture - seen)[picked].ravel()
    step = 256 / _TONES
    of = (tones / step).astype(np.intp)
    levels, offs = [], []
    for tone in range(_TONES):
        there = rest[of == tone]
        if len(there) >= _TONE_CELLS:
            levels.append((tone + 0.5) * step)
            offs.append(float(np.median(there)))
    if not levels:
        return seen
    straight: Plane = seen + np.interp(scene, levels, offs).astype(np.float32)
    return straight


def _shifted(plane: Plane, shift: NDArray[np.float64]) -> Plane:
    """The plane as it looks after its content moved against the shift, edges drawn out."""
    rows, columns = plane.shape
    x = np.clip(np.arange(columns) + shift[0], 0, columns - 1)
    y = np.clip(np.arange(rows) + shift[1], 0, rows - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    part_x = (x - left).astype(np.float32)
    part_y = (y - top).astype(np.float32)[:, None]
    wide = plane[:, left] * (1 - part_x) + plane[:, right] * part_x
    result: Plane = wide[top] * (1 - part_y) + wide[bottom] * part_y
    return result


def _share(step_s: float, over_s: float) -> float:
    """How much of the new is taken in a step, so that it does not depend on the rate."""
    return 1.0 - math.exp(-step_s / over_s)
