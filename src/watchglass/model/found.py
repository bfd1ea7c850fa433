"""What rules find in tracks, and who finds it: between what understands and what is kept.

Whoever finds has no memory that lasts: after a crash it is fed what is on disk of the tracks that
still go on, and must come to the same. So ids are made of what they name (rule, track, start) and
never at random: what is found twice is kept once.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from watchglass.base.ids import CameraId
from watchglass.model.analysis import Understood
from watchglass.model.area import Area
from watchglass.model.detection import ObjectClass
from watchglass.model.event import Event
from watchglass.model.object_track import TrackId
from watchglass.model.review import Review
from watchglass.model.rule import Direction, Rule, RuleId


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """One way over a line, or into a zone (forward) or out of it, that a counting rule counts."""

    id: str
    camera: CameraId
    rule: RuleId
    track: TrackId
    kind: ObjectClass
    at_ns: int
    direction: Direction


class Found(msgspec.Struct, frozen=True):
    """Events that are new, or are others than before; crossings that are new."""

    events: tuple[Event, ...] = ()
    crossings: tuple[Crossing, ...] = ()


class RuleEngine(Protocol):
    """Rules over what is understood of all cameras. Used by one thread."""

    def use(self, rules: Sequence[Rule], areas: Sequence[Area]) -> None:
        """These hold from now on. Events of rules that changed or went are over."""
        ...

    def take(self, items: Sequence[Understood]) -> Found:
        """More of what was seen, in the order it was told."""
        ...

    def pass_time(self, now_ns: int) -> Found:
        """It is now so late (UTC): what is over by time, such as a track that is silent, ends."""
        ...


class ReviewJoiner(Protocol):
    """Joins events to review items. Used by one thread."""

    def resume(self, reviews: Sequence[Review]) -> None:
        """Items of before that late evidence may still join."""
        ...

    def join(self, event: Event, rule: Rule) -> tuple[Event, Review]:
        """The event with its item's id, and the item as it is by now."""
        ...

    def pass_time(self, now_ns: int) -> tuple[Review, ...]:
        """Those that are closed by now."""
        ...


def made_id(*parts: object) -> str:
    """The id of what is told apart by these."""
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()[:32]
