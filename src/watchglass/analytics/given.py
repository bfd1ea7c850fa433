"""What was given to whoever looks, and would be lost with it."""

from collections import deque

from watchglass.base.clock import NS_PER_S

_MOST = 64
_UNTOLD_NS = 20 * NS_PER_S
"""Who looks keeps what it saw until somebody has written it down, longer where a machine is busy;
with it, that is gone. To tell too much does no harm: that it was looked at is never taken back."""
_APART_NS = 2 * NS_PER_S
"""So far apart it is noted up to where it has looked."""


class Given:
    """Of one camera. Arrivals of frames in UTC ns; ``now_ns`` is that of the newest one. Not
    thread-safe."""

    __slots__ = ("_heard", "_visits")

    def __init__(self) -> None:
        self._visits: deque[tuple[int, int, int]] = deque(maxlen=_MOST)
        """The last visits: when the first and the last frame arrived, and when that one ends."""
        self._heard: deque[tuple[int, int]] = deque()
        """Up to where had been looked when a frame arrived, now and then: the oldest first."""

    def sent(self, from_ns: int, last_ns: int, to_ns: int, *, first: bool) -> None:
        """Frames of a visit, the ``first`` of it or more."""
        if not first and self._visits:
            from_ns, _, _ = self._visits.pop()
        self._visits.append((from_ns, last_ns, to_ns))

    def heard(self, at_ns: int, now_ns: int) -> None:
        """Who looks has told of all up to that arrival."""
        heard = self._heard
        if heard:
            at_ns = max(at_ns, heard[-1][1])
        if len(heard) > 1 and now_ns - heard[-2][0] < _APART_NS:
            heard.pop()
        heard.append((now_ns, at_ns))
        while len(heard) > 1 and now_ns - heard[1][0] > _UNTOLD_NS:
            heard.popleft()

    def take_untold(self, now_ns: int) -> list[tuple[int, int]]:
        """Spans of what visits were given that was not looked at, or too lately to be written down.
        Whoever comes next has been given nothing."""
        least_ns = now_ns - _UNTOLD_NS
        written_ns = max((at_ns for told_ns, at_ns in self._heard if told_ns < least_ns), default=0)
        found = [
            (max(from_ns, written_ns), to_ns)
            for from_ns, last_ns, to_ns in self._visits
            if written_ns < last_ns
        ]
        self._visits.clear()
        return found
