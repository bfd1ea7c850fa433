"""Spans of a camera in which something happened, as its ledger tells of them."""

from bisect import bisect_left, bisect_right


class Marks:
    """A set of moments (UTC ns), kept as spans that do not touch: thousands of events are few."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._known: set[str] = set()

    def __contains__(self, mark: str) -> bool:
        """Whether a mark of that id was added."""
        return mark in self._known

    def add(self, mark: str, from_ns: int, to_ns: int) -> None:
        """One more span; an empty one adds nothing."""
        self._known.add(mark)
        if to_ns <= from_ns:
            return
        # Those that touch it become one with it.
        first = bisect_left(self._ends, from_ns)
        last = bisect_right(self._starts, to_ns)
        if first < last:
            from_ns = min(from_ns, self._starts[first])
            to_ns = max(to_ns, self._ends[last - 1])
        self._starts[first:last] = [from_ns]
        self._ends[first:last] = [to_ns]

    def touch(self, from_ns: int, to_ns: int) -> bool:
        """Whether a moment of a span is marked."""
        at = bisect_right(self._ends, from_ns)
        return at < len(self._starts) and self._starts[at] < to_ns
