"""Counts at lines against what somebody saw: sheets of the clips' pictures, one or two for each
second, were gone through by eye, and each way over the line was written down with its time."""

from dataclasses import dataclass
from pathlib import Path

from watchglass.analytics.detector import Detector
from watchglass.app.film import crossings, understand
from watchglass.base.clock import NS_PER_S
from watchglass.media.film import START_NS, Film
from watchglass.model.polygon import Point
from watchglass.model.rule import Direction

RATE = 5.0
_NEAR_S = 1.5
_FORWARD, _BACKWARD = Direction.FORWARD, Direction.BACKWARD


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody or something went over the line at that second, near enough."""

    at_s: float
    direction: Direction


@dataclass(frozen=True, slots=True)
class Clip:
    name: str
    line: tuple[Point, Point]
    seen: tuple[Seen, ...]


CLIPS = (
    Clip(
        # A room; each walks to the table, stands there, and leaves to the right, past the pillar.
        "intel_one-by-one-person-detection.mp4",
        ((0.74, 0.0), (0.74, 1.0)),
        (
            Seen(19.0, _BACKWARD),  # grey dress
            Seen(44.0, _BACKWARD),  # black suit
            Seen(69.0, _BACKWARD),  # black, long hair
            Seen(86.0, _BACKWARD),  # black shirt
            Seen(119.0, _BACKWARD),  # grey coat
            Seen(135.0, _BACKWARD),  # grey shirt, jeans
        ),
    ),
    Clip(
        # A road from above; two cars go up, two come down.
        "intel_car-detection.mp4",
        ((0.0, 0.55), (1.0, 0.55)),
        (
            Seen(6.9, _BACKWARD),  # white, up
            Seen(15.9, _FORWARD),  # silver, down
            Seen(17.4, _BACKWARD),  # red, up
            Seen(26.1, _FORWARD),  # white, down
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """``errors``: how far the counts of each direction are off. ``astray``: ways over the line that
    were told and not seen within a second and a half, or seen and not told."""

    crossings: int
    errors: int
    astray: int


def judged(folder: Path, detector: Detector) -> Judged:
    """All clips together."""
    of_clips = [_one(folder, clip, detector) for clip in CLIPS]
    return Judged(
        sum(each.crossings for each in of_clips), sum(each.errors for each in of_clips),
        sum(each.astray for each in of_clips),
    )  # fmt: skip


def _one(folder: Path, clip: Clip, detector: Detector) -> Judged:
    film = Film(folder / clip.name)
    try:
        report = understand(film, detector, RATE)
    finally:
        film.close()
    told = [
        Seen((each.at_ns - START_NS) / NS_PER_S, each.direction)
        for each in crossings(report.understood, clip.line)
    ]
    errors = sum(
        abs(_count(told, direction) - _count(clip.seen, direction))
        for direction in (_FORWARD, _BACKWARD)
    )
    return Judged(len(clip.seen), errors, _astray(told, clip.seen))


def _count(ways: "list[Seen] | tuple[Seen, ...]", direction: Direction) -> int:
    return sum(each.direction is direction for each in ways)


def _astray(told: list[Seen], seen: tuple[Seen, ...]) -> int:
    left, missed = list(told), 0
    for each in seen:
        near = [
            other
            for other in left
            if other.direction is each.direction and abs(other.at_s - each.at_s) <= _NEAR_S
        ]
        if near:
            left.remove(min(near, key=lambda other: abs(other.at_s - each.at_s)))
        else:
            missed += 1
    return missed + len(left)
