"""Whether somebody did something to a camera's view: covered, turned, out of focus, another scene.

Told from small luma planes, averaged over some seconds so that who walks by is not in them, and
held against how this camera usually looks. Compared are edges, by their direction and in parts of
the picture, not levels: lamps and dusk leave edges where they were. A picture that is merely dark
tells nothing, and nothing is told of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from watchglass.analytics.plane import Cells, Luma, Plane, slopes, smoothed
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Tampered, TamperKind

_GRID = (6, 8)
_LEAST_EDGE = 1.2
"""Mean slope, in levels a cell, from which a part of a picture has something to recognise."""
_LEAST_PARTS = 6


@dataclass(frozen=True, slots=True)
class TamperSettings:
    """Seconds, and shares of the parts of the picture that have edges."""

    learn_s: float = 16.0
    mean_s: float = 2.0
    follow_s: float = 600.0
    least_step_s: float = 0.4
    tell_s: float = 6.0
    over_s: float = 3.0
    usual_after_s: float = 900.0
    like: float = 0.35
    lost: float = 0.3
    back: float = 0.5
    bare: float = 0.35
    blurred: float = 0.55
    flat: float = 0.4
    same_large: float = 0.8
    dark_level: float = 22.0
    moved_cells: int = 3
    moved_peak: float = 0.12


@dataclass(frozen=True, slots=True)
class _View:
    """A plane, its slopes, and the mean slope in each part."""

    plane: Plane
    across: Plane
    down: Plane
    edges: Plane

    @classmethod
    def of(cls, plane: Plane) -> "_View":
        across, down = slopes(plane)
        return cls(plane, across, down, _parts(np.hypot(across, down)))


class Tamper:
    """Of one camera; pictures in order, times UTC ns."""

    def __init__(
        self,
        camera: CameraId,
        new_id: Callable[[], str],
        settings: TamperSettings | None = None,
    ) -> None:
        self._camera = camera
        self._new_id = new_id
        self._settings = settings or TamperSettings()
        self._usual: Plane | None = None
        self._learnt: list[Plane] = []
        self._mean: Plane | None = None
        self._sum: Plane | None = None
        self._count = 0
        self._summed_ns = self._judged_ns = 0
        self._at_ns = 0
        self._began_ns = 0
        self._since_ns: int | None = None
        self._kinds: list[TamperKind] = []
        self._back_ns: int | None = None
        self.told: Tampered | None = None
        """What is the case now, as it was told."""

    def look(self, luma: Luma, at_ns: int) -> Tampered | None:
        """What is newly told: that something began, or that it is over."""
        settings = self._settings
        step_s = (at_ns - self._at_ns) / NS_PER_S
        if self._sum is not None and step_s < settings.least_step_s:
            return None  # a visit may go back to the key frame before
        self._at_ns = at_ns
        plane = smoothed(luma)
        if self._sum is None or self._sum.shape != plane.shape:
            self._begin(plane, at_ns)
            return None
        # After a break the sum is of another time: it is let go of.
        if step_s > settings.mean_s:
            self._sum, self._count, self._summed_ns = np.zeros_like(plane), 0, at_ns
        self._sum = self._sum + plane
        self._count += 1
        full = at_ns - self._summed_ns >= settings.mean_s * NS_PER_S
        if not full and step_s <= settings.mean_s:
            return None
        mean: Plane = self._sum / np.float32(self._count)
        past_s = (at_ns - self._judged_ns) / NS_PER_S
        self._sum, self._count, self._summed_ns = np.zeros_like(plane), 0, at_ns
        self._judged_ns = at_ns
        return self._take(mean, at_ns, past_s)

    def _begin(self, plane: Plane, at_ns: int) -> None:
        self._sum, self._count, self._usual, self._learnt = plane, 1, None, []
        self._summed_ns = self._judged_ns = self._began_ns = at_ns
        self._since_ns = self._back_ns = None
        self._kinds = []

    def _take(self, mean: Plane, at_ns: int, past_s: float) -> Tampered | None:
        """A mean over some seconds."""
        self._mean = mean
        if self._usual is None:
            self._learnt.append(mean)
            if at_ns - self._began_ns >= self._settings.learn_s * NS_PER_S:
                # A car that stood there for a while is no part of how the camera usually looks:
                # without it, an empty yard would be taken for one that is covered.
                self._usual = np.median(np.stack(self._learnt), axis=0).astype(np.float32)
                self._learnt = []
            return None
        found = self._judged(self._usual, mean)
        if self.told is not None:
            return self._watch(found, at_ns)
        return self._wait(found, at_ns, past_s)

    def _wait(
        self, found: tuple[TamperKind, float] | None, at_ns: int, step_s: float
    ) -> Tampered | None:
        settings = self._settings
        assert self._usual is not None
        assert self._mean is not None
        if found is None:
            self._since_ns, self._kinds = None, []
            share = 1 - math.exp(-min(step_s, 10.0) / settings.follow_s)
            self._usual = self._usual + np.float32(share) * (self._mean - self._usual)
            return None
        self._kinds.append(found[0])
        if self._since_ns is None:
            self._since_ns = at_ns
        if at_ns - self._since_ns < settings.tell_s * NS_PER_S or len(self._kinds) < 3:
            return None
        newest = self._kinds[-4:]
        kind = max(newest, key=newest.count)
        self.told = Tampered(
            id=self._new_id(),
            camera=self._camera,
            kind=kind,
            from_ns=self._since_ns,
            to_ns=None,
            confidence=round(found[1], 3),
        )
        return self.told

    def _watch(self, found: tuple[TamperKind, float] | None, at_ns: int) -> Tampered | None:
        settings = self._settings
        assert self.told is not None
        if found is not None:
            self._back_ns = None
            if at_ns - self.told.from_ns >= settings.usual_after_s * NS_PER_S:
                # It stays so: that is how this camera looks from now on.
                assert self._mean is not None
                self._usual = self._mean.copy()
                return self._over(at_ns)
            return None
        if self._back_ns is None:
            self._back_ns = at_ns
        if at_ns - self._back_ns < settings.over_s * NS_PER_S:
            return None
        return self._over(self._back_ns)

    def _over(self, at_ns: int) -> Tampered:
        assert self.told is not None
        told = self.told
        self.told, self._since_ns, self._back_ns, self._kinds = None, None, None, []
        return Tampered(
            id=told.id,
            camera=told.camera,
            kind=told.kind,
            from_ns=told.from_ns,
            to_ns=at_ns,
            confidence=told.confidence,
        )

    def _judged(self, usual: Plane, now: Plane) -> tuple[TamperKind, float] | None:
        """What is the matter, and how sure that is; None where all is as usual or nobody knows."""
        settings = self._settings
        before, after = _View.of(usual), _View.of(now)
        telling = before.edges >= _LEAST_EDGE
        if np.count_nonzero(telling) < _LEAST_PARTS or _is_dark(now, settings.dark_level):
            return None
        kept = _kept(before, after, telling, settings.like)
        contrast = _contrast(usual, now)
        limit = settings.lost if self.told is None else settings.back
        plain = float(np.median(after.edges[telling] / before.edges[telling]))
        soft = contrast > settings.flat and plain < settings.blurred * contrast
        if soft and _coarse_likeness(usual, now) > settings.same_large:
            return TamperKind.DEFOCUSED, min(1.0, 1.2 - plain / contrast)
        if kept >= limit:
            return None
        sure = 1.0 - kept
        if plain < settings.bare:
            return TamperKind.COVERED, sure
        shift, peak = _shift(usual, now)
        if shift >= settings.moved_cells and peak >= settings.moved_peak:
            return TamperKind.TURNED, sure
        return TamperKind.SCENE_CHANGED, sure


def _parts(plane: Plane) -> Plane:
    """The mean in each part of the picture."""
    rows = np.array_split(np.arange(plane.shape[0]), min(_GRID[0], plane.shape[0]))
    columns = np.array_split(np.arange(plane.shape[1]), min(_GRID[1], plane.shape[1]))
    first = np.add.reduceat(plane, [each[0] for each in rows], axis=0)
    both = np.add.reduceat(first, [each[0] for each in columns], axis=1)
    sizes = np.outer([len(each) for each in rows], [len(each) for each in columns])
    result: Plane = (both / sizes).astype(np.float32)
    return result


def _kept(
    before: _View,
    after: _View,
    telling: Cells,
    like: float,
) -> float:
    """The share of telling parts whose edges lie as they did, whatever their strength."""
    both = _parts(before.across * after.across + before.down * after.down)
    one = _parts(before.across**2 + before.down**2)
    other = _parts(after.across**2 + after.down**2)
    likeness = both / np.sqrt(np.maximum(one * other, 1e-6))
    return float(np.count_nonzero(likeness[telling] >= like) / np.count_nonzero(telling))


def _contrast(usual: Plane, now: Plane) -> float:
    """How much flatter the picture is in the large: fog and dusk, not focus."""
    return float(np.std(_parts(now)) / max(1.0, float(np.std(_parts(usual)))))


def _coarse_likeness(usual: Plane, now: Plane) -> float:
    one, other = _parts(usual).ravel(), _parts(now).ravel()
    one, other = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size > 1e-6 else 0.0


def _is_dark(plane: Plane, level: float) -> bool:
    return float(np.quantile(plane[::3, ::3], 0.95)) < level


def _shift(usual: Plane, now: Plane) -> tuple[float, float]:
    """By how many cells the view moved, and how clearly, from 0 to 1."""
    window = np.outer(np.hanning(usual.shape[0]), np.hanning(usual.shape[1]))
    one = np.fft.rfft2((usual - usual.mean()) * window)
    other = np.fft.rfft2((now - now.mean()) * window)
    cross = one * np.conj(other)
    peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-6), usual.shape)
    y, x = np.unravel_index(int(np.argmax(peaks)), peaks.shape)
    down = min(int(y), usual.shape[0] - int(y))
    across = min(int(x), usual.shape[1] - int(x))
    return math.hypot(down, across), float(peaks.max())
