"""The least that has to go wrong: of what a cut took, only what it takes to break a promise."""

from collections.abc import Callable

from benches.powercut.crash import Fates

_MOST_TRIES = 60


def shrunk(fates: Fates, breaks: Callable[[Fates], bool]) -> Fates:
    """A smallest part of ``fates`` that still breaks something, found by halving (as ddmin does);
    all others are kept. Gives up after some tries, with what it has by then."""
    numbers = list(fates)
    parts, tries = 2, 0
    while len(numbers) > 1 and tries < _MOST_TRIES:
        size = -(-len(numbers) // parts)
        for start in range(0, len(numbers), size):
            rest = numbers[:start] + numbers[start + size :]
            tries += 1
            if breaks({number: fates[number] for number in rest}):
                numbers, parts = rest, max(2, parts - 1)
                break
        else:
            if size == 1:
                break
            parts = min(len(numbers), parts * 2)
    return {number: fates[number] for number in numbers}
