"""Repairing what RTP leaves unsaid about time: it tells when a picture is shown, and no more.

All times here count in the stream's own time scale.
"""

from bisect import insort

MOST_REORDER_DEPTH = 16


class DecodeTimes:
    """Decode times from presentation times, in the order of arrival.

    ``depth`` is how many pictures may come before one that is shown earlier; 0 without B-frames,
    where dts equals pts. It grows when the stream shows that it was told too small. A step back of
    more than a second is the camera's clock and not a B-frame: it goes through as it is.
    """

    __slots__ = ("_last", "_pending", "_timescale", "depth")

    def __init__(self, timescale: int, depth: int | None = None) -> None:
        self._timescale = timescale
        self.depth = min(depth or 0, MOST_REORDER_DEPTH)
        self._pending: list[int] = []
        self._last: int | None = None

    def set_depth(self, depth: int | None) -> None:
        """What the SPS says; never less than what the stream has shown."""
        self.depth = max(self.depth, min(depth or 0, MOST_REORDER_DEPTH))

    def next(self, pts: int) -> int:
        """The decode time of the next picture, which is shown at ``pts``."""
        last = self._last
        if last is None or not -self._timescale <= pts - last <= 10 * self._timescale:
            return self._restart(pts)
        if self.depth == 0 and pts >= last:
            # An access unit of parameter sets alone shares the time of the picture after it.
            self._last = dts = max(pts, last + 1)
            return dts
        if pts < last and self.depth < MOST_REORDER_DEPTH:
            self.depth += 1
        insort(self._pending, pts)
        while len(self._pending) > self.depth + 1:
            self._pending.pop(0)
        dts = max(self._pending[0], last + 1)
        self._last = dts
        return dts

    def _restart(self, pts: int) -> int:
        # As many earlier pictures as the depth asks for are invented, a frame of 25 fps apart, so
        # that the first true ones have something to wait behind.
        step = self._timescale // 25
        self._pending = [pts - step * back for back in range(self.depth, -1, -1)]
        self._last = self._pending[0]
        return self._last
