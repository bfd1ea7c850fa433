"""Which moments are looked at, and what is assumed of the disk there."""

import random
from collections.abc import Iterator, Sequence

from benches.powercut.crash import MODES, Case
from benches.powercut.oplog import CONTENT, Trace

_NEAR = 3
_AGAIN = 0.25
_WEIGHT = 6
"""A change of names, or a sync, is where order matters: one in so many writes is not enough."""


def draw(trace: Trace, count: int, seed: int) -> Iterator[Case]:
    """Cuts all over a trace; the same for the same seed."""
    chance = random.Random(seed)
    places = [op.exit for op in trace.ops if op.kind in CONTENT]
    sharp = [op.exit for op in trace.ops if op.kind not in CONTENT]
    sharp += [sync.exit for sync in trace.syncs] + [sync.enter for sync in trace.syncs]
    weights = [1] * len(places) + [_WEIGHT] * len(sharp)
    for number, place in enumerate(chance.choices(places + sharp, weights, k=count)):
        cut = int(place) + chance.randint(-_NEAR, _NEAR)
        again = chance.randint(1, 1000) if chance.random() < _AGAIN else 0
        yield Case(max(1, cut), seed * count + number, chance.choice(MODES), again)


def draw_in(spans: Sequence[tuple[float, float]], count: int, seed: int) -> Iterator[Case]:
    """Cuts inside some spans of a trace."""
    chance = random.Random(seed)
    for number in range(count):
        begin, end = chance.choice(spans)
        cut = chance.randint(int(begin) + 1, max(int(begin) + 1, int(end)))
        yield Case(cut, number, chance.choice(MODES))
