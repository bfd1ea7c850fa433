"""One thing that is followed: where it is, what it is taken for, and how it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from watchglass.analytics.kalman import Motion
from watchglass.model.detection import Box, Detection, ObjectClass
from watchglass.model.object_track import TrackEnd, TrackId, TrackPoint

_EDGE = 0.02
_VEHICLES = {
    ObjectClass.CAR, ObjectClass.BUS, ObjectClass.TRUCK, ObjectClass.TRAIN, ObjectClass.BOAT,
}  # fmt: skip
_CYCLES = {ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE}
_THINGS = _VEHICLES | _CYCLES | {ObjectClass.BAG}
_MOVING_VOTE = 0.05


def family(kind: ObjectClass) -> str:
    """Kinds of one family are mistaken for each other."""
    if kind in _VEHICLES:
        return "vehicle"
    if kind in _CYCLES:
        return "cycle"
    if kind in (ObjectClass.PERSON, ObjectClass.BAG, ObjectClass.MOVING):
        return kind.value
    return "animal"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds of pictures looked at.

    ``patience_s``: a track that is not found goes on so long, carried on. ``fresh_s``: one that
    was found too seldom to be told of. ``confirm``: it is told of when found so often, and over
    ``confirm_s``. ``settle_s``: a thing that stands still so long is a part of the scene; one that
    lives, after ``settle_alive_s``. ``standing_s``: it is taken to stand yet when nothing was
    looked at for so long. ``forget_s``: what settled and is not found for so long is gone.
    """

    patience_s: float = 2.0
    fresh_s: float = 0.6
    confirm: int = 2
    confirm_s: float = 0.15
    settle_s: float = 20.0
    settle_alive_s: float = 180.0
    standing_s: float = 300.0
    forget_s: float = 60.0
    coarse_s: float = 0.55

    def is_coarse(self, dt_s: float) -> bool:
        return self.coarse_s < dt_s <= self.patience_s


class _Stage(Enum):
    FRESH = 1
    CONFIRMED = 2
    SETTLED = 3
    OVER = 4


_STILL = 0.15
"""Slower, in its own sizes a second, it stands."""
_STAYED = 0.6
"""It has not moved from a place that it overlaps so much."""
_WAKES = 2
"""Found so often in a row beside where it settled, it moves."""
_MOST_DT_S = 1.0
"""A longer time between two pictures is no evidence for all of it."""


class Followed:
    """Known to the tracker alone; ``settle_up`` after each picture says whether it is over."""

    __slots__ = (
        "_anchor", "_anchor_ns", "_first_ns", "_found", "_missed_s", "_points",
        "_seen_box", "_stage", "_votes", "_wakes", "box", "confirmed", "id",
        "kind", "motion", "seen_ns",
    )  # fmt: skip

    def __init__(
        self, found: Detection, at_ns: int, aspect: float, new_id: Callable[[], str]
    ) -> None:
        self.id = TrackId(new_id())
        self.motion = Motion.of(found.box, aspect)
        self.box = self._seen_box = found.box
        self.kind = found.kind
        self.confirmed = False
        self.seen_ns = self._first_ns = self._anchor_ns = at_ns
        self._anchor = found.box
        self._votes: dict[ObjectClass, float] = {}
        self._found, self._wakes, self._missed_s = 1, 0, 0.0
        self._stage = _Stage.FRESH
        self._points = [TrackPoint(at_ns, within(found.box), found.confidence)]
        self._vote(found)

    @property
    def is_settled(self) -> bool:
        return self._stage is _Stage.SETTLED

    @property
    def goes_on(self) -> bool:
        return self._stage in (_Stage.FRESH, _Stage.CONFIRMED)

    def may_be(self, kind: ObjectClass) -> bool:
        return ObjectClass.MOVING in (kind, self.kind) or family(kind) == family(self.kind)

    def carry_on(self, dt_s: float) -> None:
        if self.is_settled:
            self._missed_s += min(dt_s, _MOST_DT_S)
            return
        self.motion.carry_on(dt_s)
        self._missed_s += min(dt_s, _MOST_DT_S)
        self.box = self.motion.box

    def see(self, at_ns: int, found: Detection) -> None:
        self.seen_ns, self._missed_s = at_ns, 0.0
        self._vote(found)
        if self.is_settled and not self._woken(found.box):
            return
        self._found += 1
        self.motion.see(found.box)
        self.box, self._seen_box = self.motion.box, found.box
        self._points.append(TrackPoint(at_ns, within(self.box), found.confidence))

    def settle_up(self, at_ns: int, pace: Pace) -> TrackEnd | None:
        """After a picture. What was not found in it is carried on, or is over."""
        if self.is_settled:
            if self._missed_s > pace.forget_s:
                self._stage = _Stage.OVER
            return None
        if self.seen_ns < at_ns:
            if self._missed_s > (pace.patience_s if self.confirmed else pace.fresh_s):
                return self.over()
            if self.confirmed:
                self._points.append(TrackPoint(at_ns, within(self.box), 0.0, seen=False))
                return self.over() if _is_out(self.box) else None
            return None
        if (
            self._stage is _Stage.FRESH
            and self._found >= pace.confirm
            and at_ns - self._first_ns >= pace.confirm_s * 1e9
        ):
            self._stage, self.confirmed = _Stage.CONFIRMED, True
        if self.box.overlap(self._anchor) < _STAYED:
            self._anchor, self._anchor_ns = self.box, at_ns
        stood_s = (at_ns - self._anchor_ns) / 1e9
        if self.confirmed and stood_s >= self._settles_s(pace):
            self._stage, self._wakes = _Stage.SETTLED, 0
            self._anchor = self.box
            self.motion.stand()
            return TrackEnd.SETTLED
        return None

    def rest(self, gap_s: float, pace: Pace) -> TrackEnd | None:
        """Nothing was looked at for ``gap_s``."""
        if gap_s <= pace.patience_s:
            return None
        if self.confirmed and gap_s <= pace.standing_s and self.motion.speed < _STILL:
            self.motion.stand()
            return None
        return self.over()

    def over(self) -> TrackEnd:
        """It left where it was last seen at the picture's edge and was not on its way back."""
        self._stage = _Stage.OVER
        return TrackEnd.LEFT if self._leaves() else TrackEnd.LOST

    def take(self) -> tuple[TrackPoint, ...]:
        """The points that nobody was told of, once it is sure that it is something."""
        if not self.confirmed:
            return ()
        points, self._points = tuple(self._points), []
        return points

    def _leaves(self) -> bool:
        box, motion = self._seen_box, self.motion
        return _is_out(self.box) or (
            (box.x0 <= _EDGE and motion.x.speed < 0)
            or (box.x1 >= 1 - _EDGE and motion.x.speed > 0)
            or (box.y0 <= _EDGE and motion.y.speed < 0)
            or (box.y1 >= 1 - _EDGE and motion.y.speed > 0)
        )

    def _woken(self, box: Box) -> bool:
        """Whether it moves again: seen beside its place, again and again."""
        self._wakes = self._wakes + 1 if box.overlap(self._anchor) < _STAYED else 0
        if self._wakes < _WAKES:
            return False
        self._stage = _Stage.CONFIRMED
        self.motion = Motion.of(self._anchor, self.motion.aspect)
        self._anchor, self._anchor_ns = box, self.seen_ns
        return True

    def _vote(self, found: Detection) -> None:
        weight = _MOVING_VOTE if found.kind is ObjectClass.MOVING else found.confidence
        self._votes[found.kind] = self._votes.get(found.kind, 0.0) + weight
        best = max(self._votes, key=lambda kind: self._votes[kind])
        if self._votes[best] > 1.2 * self._votes.get(self.kind, 0.0):
            self.kind = best

    def _settles_s(self, pace: Pace) -> float:
        return pace.settle_s if self.kind in _THINGS else pace.settle_alive_s


def within(box: Box) -> Box:
    """As far as it is in the picture; a sliver at its edge when it is outside."""
    least = 1e-4
    x0, y0 = min(max(box.x0, 0.0), 1 - least), min(max(box.y0, 0.0), 1 - least)
    return Box(
        round(x0, 4), round(y0, 4),
        round(max(min(box.x1, 1.0), x0 + least), 4), round(max(min(box.y1, 1.0), y0 + least), 4),
    )  # fmt: skip


def _is_out(box: Box) -> bool:
    """Its middle is."""
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return not (0 <= x <= 1 and 0 <= y <= 1)
