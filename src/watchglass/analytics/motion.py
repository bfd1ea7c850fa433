"""Motion on a small luma plane, and what only looks like it.

A region moves where cells differ from the empty scene *and* from what was there a second ago, and
where that is seen again nearby in a later picture. Light is no motion: what a change of exposure,
of lamps or of the infrared filter explains, and soft-edged brightness that sweeps over a wall. Nor
is shaking, nor rain, whose drops are in another place each time. What is left out counts nowhere.

Works at any rate: at a few pictures a second, and on key frames alone, seconds apart, where a
region that was seen once is a ``hint`` that more should be looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from watchglass.analytics.background import Background, BackgroundSettings, Difference
from watchglass.analytics.plane import Cells, Luma, Patch, Plane, covered, grown, patches, smoothed
from watchglass.analytics.sightings import Sightings, SightingSettings
from watchglass.model.detection import Box
from watchglass.model.polygon import Point


class Scene(StrEnum):
    """``learning``: not known yet. ``steady``: it is as it was. ``lit``: other light fell on it.
    ``changed``: all of it is another, as after the camera turned."""

    LEARNING = "learning"
    STEADY = "steady"
    LIT = "lit"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Seconds, cells, and shares of the picture or of a region."""

    background: BackgroundSettings = field(default_factory=BackgroundSettings)
    sightings: SightingSettings = field(default_factory=SightingSettings)
    learn_s: float = 1.0
    least_cells: int = 4
    alive_share: float = 0.12
    most_patches: int = 96
    large_cells: int = 60
    whole: float = 0.55
    turned: float = 0.85
    soft: float = 0.16
    relearn_s: float = 1.0
    lit_s: float = 2.5
    lit_step: float = 1.0
    lit_level: float = 12.0


@dataclass(frozen=True, slots=True)
class MovingRegion:
    """``since_ns``: when it was first seen. ``strength``: how far it differs, from 0 to 1."""

    box: Box
    amount: float
    strength: float
    since_ns: int


@dataclass(frozen=True, slots=True)
class Moved:
    """One picture. ``regions`` move; ``hints`` may. ``amount`` is the share of the picture that
    moves, and ``since_ns`` when the oldest of the regions was first seen."""

    at_ns: int
    scene: Scene
    regions: tuple[MovingRegion, ...] = ()
    hints: tuple[MovingRegion, ...] = ()

    @property
    def moving(self) -> bool:
        return bool(self.regions)

    @property
    def amount(self) -> float:
        return min(1.0, sum(each.amount for each in self.regions))

    @property
    def since_ns(self) -> int:
        return min((each.since_ns for each in self.regions), default=self.at_ns)

    @property
    def where(self) -> Box | None:
        """Around all that moves."""
        if not self.regions:
            return None
        boxes = [each.box for each in self.regions]
        return Box(
            min(box.x0 for box in boxes),
            min(box.y0 for box in boxes),
            max(box.x1 for box in boxes),
            max(box.y1 for box in boxes),
        )


class Motion:
    """Of one camera. A picture older than the last one begins another look at the same scene, as a
    visit does that goes back to the key frame before; times are UTC ns."""

    def __init__(
        self,
        left_out: Sequence[Sequence[Point]] = (),
        settings: MotionSettings | None = None,
    ) -> None:
        self._settings = settings or MotionSettings()
        self._polygons = tuple(left_out)
        self._left_out: Cells | None = None
        self._background: Background | None = None
        self._sightings = Sightings(self._settings.sightings)
        self._shape: tuple[int, int] = (0, 0)
        self._at_ns = 0
        self._changed_ns: int | None = None
        self._raw = 0.0
        self._light = 0.0
        self._lit_ns = self._lit_all_ns = -(10**18)

    def leave_out(self, polygons: Sequence[Sequence[Point]]) -> None:
        """Areas in which nothing is looked at, from now on."""
        self._polygons = tuple(polygons)
        self._rasterise()

    def look(self, luma: Luma, at_ns: int) -> Moved:
        """What moves in this picture."""
        return self._look(luma, at_ns, probing=False)

    def probe(self, luma: Luma, at_ns: int) -> Moved:
        """The same for one picture on its own, a key frame: what differs is a hint, and nothing is
        learnt from a picture with hints, as more of what is there is to be looked at."""
        return self._look(luma, at_ns, probing=True)

    def peek(self, luma: Luma, at_ns: int) -> bool:
        """Whether this picture differs so that more should be looked at. Nothing is learnt of it:
        somebody who is there, and too small to be told from one picture, is no part of the scene.
        """
        picture = smoothed(luma)
        background = self._background
        if background is None or picture.shape != self._shape:
            return not self._look(luma, at_ns, probing=True).hints
        different = background.difference(picture, self._left_out)
        if different.raw >= self._settings.whole * picture.size:
            return True
        return bool(self._patches(picture, different, at_ns))

    def _look(self, luma: Luma, at_ns: int, *, probing: bool) -> Moved:
        picture = smoothed(luma)
        settings = self._settings
        background = self._background
        if background is None or picture.shape != self._shape:
            self._shape = (picture.shape[0], picture.shape[1])
            self._rasterise()
            self._background = Background(picture, at_ns, settings.background)
            self._sightings.clear()
            self._at_ns = at_ns
            return Moved(at_ns, Scene.LEARNING)
        if at_ns < self._at_ns:
            self._sightings.clear()
        step_s = max(0.0, (at_ns - self._at_ns) / 1e9)
        self._at_ns = at_ns
        different = background.difference(picture, self._left_out)
        scene = self._scene(background, picture, different, at_ns)
        light = self._light
        self._light = background.light_of(different)
        if scene is Scene.LIT or abs(self._light - light) > settings.lit_step:
            self._lit_ns = at_ns
            if different.all_over:
                self._lit_all_ns = at_ns
        if scene is Scene.CHANGED or scene is Scene.LIT:
            background.forget_short(picture, at_ns)
            return Moved(at_ns, scene)
        learning = background.pictures < 3 or (
            at_ns - background.began_ns < settings.learn_s * 1e9 and background.pictures < 30
        )
        found = [] if learning else self._patches(picture, different, at_ns)
        if probing and found:
            return Moved(
                at_ns, scene, hints=tuple(self._region(each, different, at_ns) for each in found)
            )
        lit_ns = settings.lit_s * 1e9
        self._sightings.follow(
            found, self._shape, at_ns, step_s, lit=0 <= at_ns - self._lit_ns < lit_ns,
            all_over=0 <= at_ns - self._lit_all_ns < lit_ns,
        )  # fmt: skip
        moving = np.zeros(picture.shape, np.bool_)
        sure = [each.patch for each in self._sightings.seen(at_ns) if each.sure]
        for patch in sure:
            patch.within(moving)[...] |= patch.within(different.off)
        background.learn(picture, different, at_ns, grown(moving) if sure else moving)
        if learning:
            return Moved(at_ns, Scene.LEARNING)
        return self._told(different, at_ns, scene)

    def _rasterise(self) -> None:
        cells = covered(self._polygons, self._shape) if self._polygons else None
        self._left_out = cells if cells is not None and cells.any() else None

    def _scene(
        self, background: Background, picture: Plane, different: Difference, at_ns: int
    ) -> Scene:
        settings = self._settings
        all_cells = picture.size
        if self._left_out is not None:
            all_cells = max(1, all_cells - int(np.count_nonzero(self._left_out)))
        raw, before = different.raw / all_cells, self._raw
        self._raw = raw
        if raw < settings.whole:
            self._changed_ns = None
            return Scene.STEADY
        off = np.count_nonzero(different.off) / all_cells
        if different.fitted and off < 0.5 * raw:
            # The same scene in another light. Where it came at once, what is left over is light
            # as well; where exposure goes slowly, it is taken out picture by picture.
            self._changed_ns = None
            return Scene.LIT if before < 0.5 * raw else Scene.STEADY
        # Nearly all is other than it was. Something near and large comes over some pictures; a
        # camera that turns shows all of another scene at once, and then it stays.
        if self._changed_ns is None:
            self._changed_ns = at_ns
        if off < settings.turned and self._sightings.any:
            return Scene.STEADY
        still = np.count_nonzero(different.alive) < 0.2 * all_cells
        if still and at_ns - self._changed_ns >= settings.relearn_s * 1e9:
            background.start(picture, at_ns)
            self._sightings.clear()
            self._changed_ns = None
        return Scene.CHANGED

    def _patches(self, picture: Plane, different: Difference, at_ns: int) -> list[Patch]:
        settings = self._settings
        if np.count_nonzero(different.off) < settings.least_cells:
            return []
        newly_lit = 0 <= at_ns - self._lit_ns < settings.lit_s * 1e9
        found = patches(different.off, settings.least_cells, settings.most_patches)
        kept = []
        for each in found:
            alive = np.count_nonzero(each.within(different.alive & different.off))
            if alive < max(2, settings.alive_share * min(each.cells, settings.large_cells)):
                continue
            if self._is_light(each, picture, different):
                continue
            if newly_lit and self._level(each, different) < settings.lit_level:
                continue
            kept.append(each)
        return kept

    def _is_light(self, patch: Patch, picture: Plane, different: Difference) -> bool:
        """Whether light alone would do it: brightness that has no edge anywhere in the patch."""
        if patch.cells < self._settings.large_cells:
            return False
        ratio = np.log(
            (patch.within(picture, 3) + np.float32(12)) / (patch.within(different.seen, 3) + 12)
        )
        most = float(np.quantile(np.abs(ratio), 0.9))
        steps = np.hypot(
            ratio[1:-1, 2:] - ratio[1:-1, :-2], ratio[2:, 1:-1] - ratio[:-2, 1:-1]
        ) * np.float32(0.5)
        steepest = float(np.quantile(steps, 0.97)) if steps.size else 1.0
        return steepest < self._settings.soft * most

    def _told(self, different: Difference, at_ns: int, scene: Scene) -> Moved:
        regions: list[MovingRegion] = []
        hints: list[MovingRegion] = []
        for each in self._sightings.seen(at_ns):
            region = self._region(each.patch, different, each.since_ns)
            (regions if each.sure else hints).append(region)
        return Moved(at_ns, scene, tuple(regions), tuple(hints))

    def _region(self, patch: Patch, different: Difference, since_ns: int) -> MovingRegion:
        strength = min(1.0, self._level(patch, different) / 40.0)
        amount = patch.cells / different.off.size
        return MovingRegion(patch.box(self._shape), amount, strength, since_ns)

    def _level(self, patch: Patch, different: Difference) -> float:
        """By how many grey levels it differs."""
        level = np.abs(patch.within(different.level))[patch.within(different.off)]
        return float(level.mean()) if level.size else 0.0
