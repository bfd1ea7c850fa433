"""How long to wait for a camera, learned from its own pace.

PyAV asks for a time-out as a number at the start of each call; these objects answer it, so that
one limit can change while a stream is open.
"""

import time

from watchglass.base.clock import NS_PER_S

INTERVALS = 3
LONGEST_INTERVAL_NS = 20 * NS_PER_S
_LEARNED_AFTER = 2


class OpenLimit:
    """The time-out for connecting, and then, counted anew, for the first access unit.

    PyAV asks twice: before it connects, and when the camera has answered everything and media
    should come. Many cameras begin with the next key frame, and that may be 10 s away or more.
    """

    def __init__(self, connect_s: float, first_picture_s: float) -> None:
        self.seconds = float(connect_s)
        self._first_picture_s = float(first_picture_s)
        self._asked = 0
        self._since_s = 0.0

    def __float__(self) -> float:
        self._asked += 1
        if self.connected:
            self.seconds = self._first_picture_s
        self._since_s = time.monotonic()
        return self.seconds

    @property
    def connected(self) -> bool:
        """Whether the camera has been told to play."""
        return self._asked > 1

    def passed(self) -> bool:
        """Whether the last wait took all its time."""
        return time.monotonic() - self._since_s >= self.seconds


class StallLimit:
    """Longest wait for a picture: ``least_s`` or three frame intervals, whichever is longer.

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
        self._last_arrival_ns: int | None = None

    def __float__(self) -> float:
        return self.seconds

    def picture(self, pts: int | None, arrival_ns: int) -> bool:
        """Take note of a picture; whether the limit has changed."""
        last_pts, last_ns = self._last_pts, self._last_arrival_ns
        self._last_arrival_ns = arrival_ns
        if pts is None:
            return False
        self._last_pts = pts
        if last_pts is None or last_ns is None or pts <= last_pts:
            return False
        self._seen += 1
        interval_ns = min(
            (pts - last_pts) * NS_PER_S // self.timescale, arrival_ns - last_ns, LONGEST_INTERVAL_NS
        )
        if interval_ns > self._interval_ns:
            self._interval_ns = interval_ns
        elif self._seen != _LEARNED_AFTER:
            return False
        return self._decide()

    def _decide(self) -> bool:
        seconds = float(max(self._least_s, self._interval_ns * INTERVALS / NS_PER_S))
        if self._seen < _LEARNED_AFTER:
            seconds = max(seconds, self._first_s)
        # Each change starts PyAV's generator anew, so creeping does not count.
        if self.seconds * 0.9 <= seconds <= self.seconds:
            return False
        if self._seen > _LEARNED_AFTER and seconds <= self.seconds:
            return False
        self.seconds = seconds * 1.1 if seconds > self._least_s else seconds
        return True

    def begin(self, now_ns: int) -> None:
        """Something of a first picture has come: from now on the limit holds."""
        self._last_arrival_ns = now_ns

    def is_silent(self, now_ns: int) -> bool:
        """Whether no picture has come for too long, though something else does."""
        if self._last_arrival_ns is None:
            self._last_arrival_ns = now_ns
            return False
        return now_ns - self._last_arrival_ns > self.seconds * NS_PER_S
