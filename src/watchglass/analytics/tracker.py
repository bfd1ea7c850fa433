"""Tracks from what is found in the pictures of one camera, at any rate of pictures.

After ByteTrack (Zhang et al. 2022): sure detections choose first, unsure ones may only go on with
tracks that there are. Boxes are widened by how far the guess may be off (Yang et al. 2023), so that
two pictures a second are enough. Nothing is said of a thing that was found once only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from watchglass.analytics.assignment import Floats, assign
from watchglass.analytics.following import Followed, Pace, family
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, random_id
from watchglass.model.detection import Box, Detection
from watchglass.model.object_track import TrackEnd, TrackPart, TrackPoint


@dataclass(frozen=True, slots=True)
class Measures:
    """``sure``: from here on a detection may begin a track; below ``least`` it is nothing.

    The limits of cost are of one minus the overlap of the widened boxes.
    """

    sure: float = 0.55
    least: float = 0.2
    near: float = 0.65
    unsure_near: float = 0.5
    widen: float = 0.05
    widen_far: float = 0.3
    widen_late: float = 0.8
    """More, for each second that a picture comes later than five a second do."""
    far: float = 0.75
    sigmas: float = 0.25
    other_kind: float = 0.5
    twice: float = 0.7
    """Two detections that overlap so much are one."""


class Tracker:
    """``aspect``: the picture's width by its height. Times are those of the pictures, UTC ns."""

    def __init__(
        self,
        camera: CameraId,
        detector: str,
        *,
        aspect: float = 16 / 9,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        measures: Measures = Measures(),
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self.camera = camera
        self.detector = detector
        self._aspect, self._pace, self._measures, self._new_id = aspect, pace, measures, new_id
        self._followed: list[Followed] = []
        self._settled: list[Followed] = []
        self._at_ns: int | None = None

    def see(self, at_ns: int, found: Sequence[Detection]) -> tuple[TrackPart, ...]:
        """What is new by the picture of ``at_ns``; a picture that is no later tells nothing."""
        if self._at_ns is not None and at_ns <= self._at_ns:
            return ()
        told = list(self.rest(at_ns))
        dt_s = 0.0 if self._at_ns is None else (at_ns - self._at_ns) / NS_PER_S
        self._at_ns = at_ns
        for each in (*self._followed, *self._settled):
            each.carry_on(dt_s)
        found = self._once(found)
        sure = [each for each in found if each.confidence >= self._measures.sure]
        unsure = [each for each in found if each.confidence < self._measures.sure]
        left = self._match(at_ns, dt_s, sure, unsure)
        self._followed += [Followed(each, at_ns, self._aspect, self._new_id) for each in left]
        coarse = self._pace.is_coarse(dt_s)
        for each in (*self._followed, *self._settled):
            part = self._part(each, each.settle_up(at_ns, self._pace), coarse)
            if part is not None:
                told.append(part)
        self._sort()
        return tuple(told)

    def rest(self, at_ns: int) -> tuple[TrackPart, ...]:
        """Nothing was looked at up to ``at_ns``: what moved then may be anywhere by now and is
        over; what stood still is taken to be there yet, for a while."""
        if self._at_ns is None:
            return ()
        gap_s = (at_ns - self._at_ns) / NS_PER_S
        told = []
        for each in self._followed:
            part = self._part(each, each.rest(gap_s, self._pace), coarse=False)
            if part is not None:
                told.append(part)
        self._sort()
        return tuple(told)

    def close(self) -> tuple[TrackPart, ...]:
        """There is no more: all that goes on is lost, but what was about to leave."""
        told = []
        for each in self._followed:
            part = self._part(each, each.over(), coarse=False)
            if part is not None:
                told.append(part)
        self._followed, self._settled = [], []
        return tuple(told)

    def _match(
        self, at_ns: int, dt_s: float, sure: list[Detection], unsure: list[Detection]
    ) -> list[Detection]:
        """The sure detections that nobody is followed by."""
        measures = self._measures
        far = measures.widen_far + measures.widen_late * min(1.0, max(0.0, dt_s - 0.25))
        known = [each for each in self._followed if each.confirmed]
        known, sure = self._pair(at_ns, known, sure, measures.near, measures.widen)
        known, _ = self._pair(at_ns, known, unsure, measures.unsure_near, 0.0)
        known, sure = self._pair(at_ns, known, sure, measures.far, far)
        fresh = [each for each in self._followed if not each.confirmed]
        _, sure = self._pair(at_ns, fresh, sure, measures.far, far)
        settled, sure = self._pair(at_ns, self._settled, sure, measures.near, 0.0)
        self._pair(at_ns, settled, unsure, measures.unsure_near, 0.0)
        return [each for each in sure if not self._is_followed(at_ns, each)]

    def _pair(
        self,
        at_ns: int,
        tracks: list[Followed],
        found: list[Detection],
        near: float,
        widen: float,
    ) -> tuple[list[Followed], list[Detection]]:
        """Those of both that stay alone."""
        pairs = assign(self._costs(tracks, found, widen), near)
        for track, detection in pairs:
            tracks[track].see(at_ns, found[detection])
        with_whom = {track for track, _ in pairs}, {detection for _, detection in pairs}
        return (
            [each for number, each in enumerate(tracks) if number not in with_whom[0]],
            [each for number, each in enumerate(found) if number not in with_whom[1]],
        )

    def _costs(
        self, tracks: Sequence[Followed], found: Sequence[Detection], widen: float
    ) -> Floats:
        costs = np.ones((len(tracks), len(found)))
        for row, track in enumerate(tracks):
            guess = track.motion
            for column, detection in enumerate(found):
                more = widen * guess.size + self._measures.sigmas * guess.unsure if widen else 0.0
                cost = 1 - widened(track.box, more, self._aspect).overlap(
                    widened(detection.box, more, self._aspect)
                )
                if not track.may_be(detection.kind):
                    cost += self._measures.other_kind
                costs[row, column] = cost
        return costs

    def _once(self, found: Sequence[Detection]) -> list[Detection]:
        """Without what is nothing, and what was found twice under two names."""
        kept: list[Detection] = []
        for each in sorted(found, key=lambda each: (-each.confidence, each.box.x0, each.box.y0)):
            if each.confidence >= self._measures.least and not any(
                family(each.kind) == family(other.kind)
                and each.box.overlap(other.box) > self._measures.twice
                for other in kept
            ):
                kept.append(each)
        return kept

    def _is_followed(self, at_ns: int, found: Detection) -> bool:
        return any(
            each.seen_ns == at_ns
            and each.may_be(found.kind)
            and each.box.overlap(found.box) > self._measures.twice
            for each in (*self._followed, *self._settled)
        )

    def _part(self, each: Followed, end: TrackEnd | None, coarse: bool) -> TrackPart | None:
        points: tuple[TrackPoint, ...] = each.take()
        if not each.confirmed or not (points or end):
            return None
        return TrackPart(
            camera=self.camera, track=each.id, kind=each.kind, points=points,
            detector=self.detector, coarse=coarse, end=end,
        )  # fmt: skip

    def _sort(self) -> None:
        """What settled is kept apart, what woke is followed again, and what is over is let go."""
        every = [*self._followed, *self._settled]
        self._followed = [each for each in every if each.goes_on]
        self._settled = [each for each in every if each.is_settled]


def widened(box: Box, more: float, aspect: float) -> Box:
    """By ``more`` on each side, in heights of the picture."""
    across = more / aspect
    return Box(box.x0 - across, box.y0 - more, box.x1 + across, box.y1 + more)
