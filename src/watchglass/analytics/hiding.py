"""Tracks for hiding: every detection belongs to one, and what lies between and around them is
covered.

Unlike `analytics.tracker`, which says what is known, this errs to the other side. A picture in
which a thing was missed has a box around all the places where it may be; where it is lost in the
midst of the picture, all of the picture is hidden until something is found again that may be it.
Where two meet, nobody is taken to be told apart: both tracks end, and others begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from watchglass.analytics.assignment import assign
from watchglass.analytics.following import family
from watchglass.analytics.tracker import Measures
from watchglass.base.clock import NS_PER_S
from watchglass.model.detection import Box, Detection, ObjectClass
from watchglass.model.redaction import (
    Border,
    Found,
    FoundBox,
    FoundPicture,
    FoundTrack,
)

SURE = Measures().sure
PATIENCE_NS = NS_PER_S
"""So long a thing that is missed is the same; so far beyond its ends a box hides it."""
_COST = 0.8
_OTHER_KIND = 0.15
_TWICE = 0.7
_MET = 0.3
_CONFIRMED = 3
_EDGE = 0.02
_OUTWARD = 0.2
"""Of its own size in a second: who leaves does not stand at the edge."""
_LOOK_BACK_NS = NS_PER_S // 2
_NEAR_END_NS = NS_PER_S // 4


@dataclass(slots=True)
class Path:
    """A track as it grows: pictures, times and boxes of its sightings."""

    number: int
    at: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    votes: dict[ObjectClass, float] = field(default_factory=dict)
    began_met: bool = False
    ended_met: int | None = None
    """Where its end is because it met another: the picture in which another track goes on."""
    meeting: bool = False
    doubtful: bool = False
    """Another was found where this may have been: when it is found again, it is taken for new."""

    def add(self, picture: int, at_ns: int, found: Detection) -> None:
        self.at.append(picture)
        self.times.append(at_ns)
        self.boxes.append(found.box)
        self.confidences.append(found.confidence)
        self.votes[found.kind] = self.votes.get(found.kind, 0.0) + found.confidence

    @property
    def settled(self) -> bool:
        """Whether it was found often enough to be mistaken for another."""
        return len(self.at) >= _CONFIRMED or self.began_met

    @property
    def kind(self) -> ObjectClass:
        return max(self.votes, key=lambda kind: self.votes[kind])

    def predicted(self, at_ns: int) -> Box:
        """Where it is by now, as it went last."""
        last = self.boxes[-1]
        dx, dy = self.speed(len(self.at) - 1, forward=True)
        ahead_s = (at_ns - self.times[-1]) / NS_PER_S
        return Box(
            last.x0 + dx * ahead_s, last.y0 + dy * ahead_s,
            last.x1 + dx * ahead_s, last.y1 + dy * ahead_s,
        )  # fmt: skip

    def speed(self, sighting: int, *, forward: bool) -> tuple[float, float]:
        """Of its middle, in parts of the picture a second, over the half second before a sighting;
        not ``forward``: as seen backwards, over the half second after."""
        step = -1 if forward else 1
        other = sighting
        while (
            0 <= other + step < len(self.at)
            and abs(self.times[other + step] - self.times[sighting]) <= _LOOK_BACK_NS
        ):
            other += step
        if other == sighting:
            return 0.0, 0.0
        span_s = abs(self.times[other] - self.times[sighting]) / NS_PER_S
        (x, y), (x_then, y_then) = _middle(self.boxes[sighting]), _middle(self.boxes[other])
        return (x - x_then) / span_s, (y - y_then) / span_s


class Linker:
    """Gives each detection of one span's pictures a track. Pictures in order."""

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._active: list[Path] = []
        self._pictures = 0

    def see(self, at_ns: int, detections: Sequence[Detection]) -> tuple[FoundBox, ...]:
        """The same, with their tracks."""
        picture = self._pictures
        self._pictures += 1
        found = _once(detections)
        self._active = [
            each for each in self._active
            if each.ended_met is None and at_ns - each.times[-1] <= PATIENCE_NS
        ]  # fmt: skip
        expected = [each.predicted(at_ns) for each in self._active]
        owner: dict[int, Path] = {}
        pairs = assign(_costs(self._active, expected, found, at_ns), _COST)
        for row, column in pairs:
            path = self._active[row]
            others = self._others(row, expected, found[column].box)
            met = bool(others)
            for other in others:
                other.doubtful = other.doubtful or not other.meeting
            if met != path.meeting or path.doubtful:
                path.ended_met = picture
                path = self._begin(met=True)
                path.meeting = met
            owner[column] = path
        told = []
        for column, each in enumerate(found):
            path = owner.get(column) or self._begin(met=False)
            path.add(picture, at_ns, each)
            told.append(FoundBox(path.number, each.box, round(each.confidence, 3)))
        return tuple(told)

    def skip(self) -> None:
        """A picture in which nothing could be looked for."""
        self._pictures += 1

    def tracks(self, pictures: Sequence[FoundPicture]) -> tuple[FoundTrack, ...]:
        """All of them, once every picture was seen."""
        times = [each.at_ns for each in pictures]
        return tuple(_track(path, times) for path in self._paths)

    def _begin(self, *, met: bool) -> Path:
        path = Path(len(self._paths), began_met=met)
        self._paths.append(path)
        self._active.append(path)
        return path

    def _others(self, row: int, expected: Sequence[Box], box: Box) -> list[Path]:
        """Those that are followed and may be the one in this box."""
        return [
            self._active[other]
            for other, place in enumerate(expected)
            if other != row
            and self._active[other].settled
            and self._active[other].ended_met is None
            and place.overlap(box) > _MET
        ]


def found_of(
    detector: str, size: tuple[int, int], pictures: Sequence[FoundPicture], linker: Linker,
    unreadable: int,
) -> Found:  # fmt: skip
    """What was found, put together."""
    return Found(detector, *size, tuple(pictures), linker.tracks(pictures), unreadable)


def _once(detections: Sequence[Detection]) -> list[Detection]:
    """Of two that are one, the surer."""
    kept: list[Detection] = []
    for each in sorted(detections, key=lambda one: -one.confidence):
        if not any(one.box.overlap(each.box) > _TWICE for one in kept):
            kept.append(each)
    return kept


def _costs(
    paths: Sequence[Path], expected: Sequence[Box], found: Sequence[Detection], at_ns: int
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    costs = np.full((len(paths), len(found)), 2.0)
    for row, (path, place) in enumerate(zip(paths, expected, strict=True)):
        late_s = (at_ns - path.times[-1]) / NS_PER_S
        wide = _widened(place, 0.3 + 0.8 * late_s)
        for column, each in enumerate(found):
            cost = 1 - wide.overlap(_widened(each.box, 0.3))
            if family(path.kind) != family(each.kind):
                cost += _OTHER_KIND
            costs[row, column] = cost
    return costs


def _track(path: Path, times: Sequence[int]) -> FoundTrack:
    first, last = path.at[0], path.at[-1]
    best = max(range(len(path.at)), key=lambda n: path.confidences[n] * path.boxes[n].area ** 0.5)
    begins = Border.MET if path.began_met else _border(path, times, begins=True)
    ends = Border.MET if path.ended_met is not None else _border(path, times, begins=False)
    covers_from, covers_to = first, last
    while covers_from > 0 and times[first] - times[covers_from - 1] <= PATIENCE_NS:
        covers_from -= 1
    until = path.ended_met if path.ended_met is not None else len(times)
    while covers_to + 1 < until and times[covers_to + 1] - times[last] <= PATIENCE_NS:
        covers_to += 1
    return FoundTrack(
        path.number, path.kind, first, last, path.at[best], round(max(path.confidences), 3),
        max(path.confidences) >= SURE, begins, ends,
        first if begins is Border.MET else covers_from, covers_to,
    )  # fmt: skip


def _border(path: Path, times: Sequence[int], *, begins: bool) -> Border:
    sighting = 0 if begins else len(path.at) - 1
    at_ns = path.times[sighting]
    if abs(at_ns - times[0 if begins else -1]) <= _NEAR_END_NS:
        return Border.SPAN
    dx, dy = path.speed(sighting, forward=not begins)
    return Border.EDGE if _leaves(path.boxes[sighting], dx, dy) else Border.LOST


def _leaves(box: Box, dx: float, dy: float) -> bool:
    """Whether it touches an edge, and moves over it."""
    across, down = box.x1 - box.x0, box.y1 - box.y0
    return (
        (box.x0 <= _EDGE and dx < -_OUTWARD * across)
        or (box.x1 >= 1 - _EDGE and dx > _OUTWARD * across)
        or (box.y0 <= _EDGE and dy < -_OUTWARD * down)
        or (box.y1 >= 1 - _EDGE and dy > _OUTWARD * down)
    )


def _middle(box: Box) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2


def _widened(box: Box, by: float) -> Box:
    across, down = (box.x1 - box.x0) * by, (box.y1 - box.y0) * by
    return Box(box.x0 - across, box.y0 - down, box.x1 + across, box.y1 + down)
