"""How long to wait for a camera's next picture, learned from its own pace.

A stall is to be found within 5 s, or three frame intervals where those are longer; the limits here
are a little shorter, because the silence is looked at a few times a second.
"""

from watchglass.base.clock import NS_PER_S

LEAST_S = 4.5
INTERVALS = 2.8
LONGEST_INTERVAL_NS = 20 * NS_PER_S
_LEARNED_AFTER = 2


class StallLimit:
    """Longest wait for a picture: ``least_s`` or about three frame intervals, if they are longer.

    Until two intervals have been seen, ``first_s`` if that is longer. An interval counts as the
    shorter of what the camera's and our clock say, so that neither a jump of its clock nor a slow
    network makes us patient for good.
    """

    __slots__ = (
        "_first_s", "_interval_ns", "_last_arrival_ns", "_last_pts", "_least_s", "_seen",
        "seconds", "timescale",
    )  # fmt: skip

    def __init__(self, least_s: float, first_s: float) -> None:
        self.timescale = 90_000
        self.seconds = float(max(least_s, first_s))
        self._least_s = least_s
        self._first_s = first_s
        self._interval_ns = 0
        self._seen = 0
        self._last_pts: int | None = None
        self._last_arrival_ns = 0

    def begin(self, now_ns: int) -> None:
        """Something of a first picture has come: from now on the limit holds."""
        self._last_arrival_ns = now_ns

    def picture(self, pts: int, arrival_ns: int) -> None:
        """Take note of a picture."""
        last_pts, last_ns = self._last_pts, self._last_arrival_ns
        self._last_arrival_ns = arrival_ns
        self._last_pts = pts
        if last_pts is None or pts <= last_pts:
            return
        self._seen += 1
        interval_ns = min(
            (pts - last_pts) * NS_PER_S // self.timescale, arrival_ns - last_ns, LONGEST_INTERVAL_NS
        )
        if interval_ns > self._interval_ns:
            self._interval_ns = interval_ns
        elif self._seen != _LEARNED_AFTER:
            return
        self.seconds = max(self._least_s, self._interval_ns * INTERVALS / NS_PER_S)
        if self._seen < _LEARNED_AFTER:
            self.seconds = max(self.seconds, self._first_s)

    def is_silent(self, now_ns: int) -> bool:
        """Whether no picture has come for too long, though something else may."""
        return now_ns - self._last_arrival_ns > self.seconds * NS_PER_S
