"""Review items: what happened before one camera at about one time, for a person to clear as one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.event import Event, EventId, ReviewId
from watchglass.model.found import made_id
from watchglass.model.review import Review
from watchglass.model.rule import Rule

QUIET_NS = 30 * NS_PER_S
"""Events no further apart are one item."""
MOST_NS = 15 * 60 * NS_PER_S
"""What begins so long after an item began is another one: a busy day is not one item."""
LATE_NS = 15 * 60 * NS_PER_S
"""So long after its end an item may be opened again."""
_LAG_NS = 10 * NS_PER_S


@dataclass(slots=True)
class _Item:
    """``going_on``: events of it whose end is not known."""

    review: Review
    going_on: set[EventId] = field(default_factory=set)
    events: set[EventId] = field(default_factory=set)


class Joiner:
    """A `model.found.ReviewJoiner`; used by one thread.

    An event that is told again stays in its item, after a crash too: it began in that item's time.
    An item sends one notice, as its id is the same when late evidence opens it again.
    """

    def __init__(self) -> None:
        self._items: dict[CameraId, list[_Item]] = {}

    def resume(self, reviews: Sequence[Review]) -> None:
        """Items of before that late evidence may still join."""
        for review in sorted(reviews, key=lambda each: (each.from_ns, each.id)):
            self._items.setdefault(review.camera, []).append(_Item(review))

    def join(self, event: Event, rule: Rule) -> tuple[Event, Review]:
        """The event with its item's id, and the item as it is by now."""
        until_ns = last_known_ns(event)
        item = self._item_of(event, until_ns)
        if item is None:
            review = Review(
                id=ReviewId(made_id("review", event.camera, event.id)), camera=event.camera,
                from_ns=event.from_ns, to_ns=until_ns,
            )  # fmt: skip
            item = _Item(review)
            self._items.setdefault(event.camera, []).append(item)
        before = item.review
        goes_on = event.to_ns is None
        is_new = event.id not in item.events and not self._is_inside(event, before, until_ns)
        item.review = msgspec.structs.replace(
            before,
            from_ns=min(before.from_ns, event.from_ns),
            to_ns=max(before.to_ns, until_ns),
            open=before.open or is_new or goes_on or until_ns > before.to_ns,
            alarm=before.alarm or rule.alarm,
            notify=before.notify or rule.notify,
        )
        item.events.add(event.id)
        if goes_on:
            item.going_on.add(event.id)
        else:
            item.going_on.discard(event.id)
        return msgspec.structs.replace(event, review=item.review.id), item.review

    def pass_time(self, now_ns: int) -> tuple[Review, ...]:
        """Those that are closed by now."""
        closed = []
        for camera, items in list(self._items.items()):
            for item in items:
                quiet_ns = now_ns - item.review.to_ns
                if item.review.open and not item.going_on and quiet_ns > QUIET_NS + _LAG_NS:
                    item.review = msgspec.structs.replace(item.review, open=False)
                    closed.append(item.review)
            kept = [
                each for each in items if each.review.open or now_ns - each.review.to_ns <= LATE_NS
            ]
            if kept:
                self._items[camera] = kept
            else:
                del self._items[camera]
        return tuple(closed)

    def _item_of(self, event: Event, until_ns: int) -> _Item | None:
        """That which it is in; else the nearest that it may join."""
        items = self._items.get(event.camera, [])
        known = next((each for each in items if event.id in each.events), None)
        if known is not None:
            return known
        near = [(_apart(event, until_ns, each.review), each) for each in self._joinable(event)]
        return min(
            ((apart, each) for apart, each in near if apart <= QUIET_NS),
            key=lambda pair: (pair[0], pair[1].review.from_ns, pair[1].review.id),
            default=(0, None),
        )[1]

    def _joinable(self, event: Event) -> Iterator[_Item]:
        for each in self._items.get(event.camera, []):
            if event.from_ns - each.review.from_ns <= MOST_NS:
                yield each

    @staticmethod
    def _is_inside(event: Event, review: Review, until_ns: int) -> bool:
        """Nothing that a closed item did not tell yet."""
        return review.from_ns <= event.from_ns and until_ns <= review.to_ns


def last_known_ns(event: Event) -> int:
    """Its end, or up to when it was seen while it goes on."""
    if event.to_ns is not None:
        return event.to_ns
    return max(event.from_ns, event.why.at_ns, *(each.at_ns for each in event.path))


def _apart(event: Event, until_ns: int, review: Review) -> int:
    """ns between both; 0 where they meet."""
    return max(0, event.from_ns - review.to_ns, review.from_ns - until_ns)
