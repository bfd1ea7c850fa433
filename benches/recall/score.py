"""What was told, held against what is true."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from benches.recall.scenes import QUIET_AT_FIRST_S, Interval

WITHIN_S = 1.0
_JOIN_S = 2.0
_BEFORE_S = 2.0
_AFTER_S = 4.0
_LEAST_FALSE_S = 5.0


@dataclass
class Score:
    """``missed``: names of intervals. ``false_s``: seconds told of where nothing was."""

    intervals: int = 0
    found: int = 0
    false_s: float = 0.0
    idle_s: float = 0.0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.intervals if self.intervals else 1.0

    @property
    def false_min_per_h(self) -> float:
        return self.false_s / 60 / (self.idle_s / 3600) if self.idle_s else 0.0

    def add(self, other: "Score") -> None:
        self.intervals += other.intervals
        self.found += other.found
        self.false_s += other.false_s
        self.idle_s += other.idle_s
        self.missed += other.missed
        self.false += other.false


def joined(moving: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Reports: from when it was first seen to when it was last seen, no two within two seconds."""
    spans: list[tuple[float, float]] = []
    for start, end in sorted(moving, key=lambda each: each[1]):
        if spans and start - spans[-1][1] <= _JOIN_S:
            spans[-1] = (min(spans[-1][0], start), max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans


def score(
    name: str, intervals: Iterable[Interval], moving: Iterable[tuple[float, float]], seconds: float
) -> Score:
    """An interval is found where a report begins from a second before it shows to a second after
    half of it is in the picture. A report beside all intervals is false, and counts five seconds at
    least. The quiet before the first interval, in which everything learns, counts for neither."""
    reports = joined(moving)
    result = Score()
    busy_s = QUIET_AT_FIRST_S
    spans = []
    for each in intervals:
        result.intervals += 1
        spans.append((each.shows_s - _BEFORE_S, each.ends_s + _AFTER_S))
        busy_s += spans[-1][1] - spans[-1][0]
        if any(
            each.shows_s - WITHIN_S <= start <= each.starts_s + WITHIN_S for start, _ in reports
        ):
            result.found += 1
        else:
            near = [r for r in reports if r[1] > each.shows_s - 5 and r[0] < each.ends_s + 5]
            result.missed.append(
                f"{name}: {each.thing}, {each.height} px, {each.shows_s:.1f}/{each.starts_s:.1f}"
                f" to {each.ends_s:.1f}; told {[(round(a, 1), round(b, 1)) for a, b in near]}"
            )
    result.idle_s = max(0.0, seconds - busy_s)
    for start, end in reports:
        beside_s = _beside(start, end, spans)
        if beside_s > 0 and end > QUIET_AT_FIRST_S:
            result.false_s += max(_LEAST_FALSE_S, beside_s)
            result.false.append(f"{name}: {start:.1f} to {end:.1f}")
    return result


def _beside(start: float, end: float, spans: list[tuple[float, float]]) -> float:
    """How much of a report lies outside of all spans; 0 for one that is over within a moment of
    them."""
    outside, at = 0.0, start
    for from_s, to_s in spans:
        if to_s <= at or from_s >= end:
            continue
        outside += max(0.0, from_s - at)
        at = max(at, to_s)
    outside += max(0.0, end - at)
    inside_all = any(from_s <= start and end <= to_s for from_s, to_s in spans)
    return 0.0 if inside_all else max(outside, 0.01)
