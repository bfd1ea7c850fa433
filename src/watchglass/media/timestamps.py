"""Repairing what RTP leaves unsaid about time.

RTP tells when a picture is shown, not when it is decoded, and libavformat loses the time of the
very first one. All times here count in the stream's own time scale.
"""

from bisect import insort
from itertools import pairwise

from watchglass.model.stream import Packet

MOST_REORDER_DEPTH = 16
_MOST_HELD = 32


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


class FirstTimes:
    """Holds the first packets of a track back until their times can be told.

    libavformat gives the first key frame of most cameras no time. It is worked out from the next
    ones that have one. Once a packet with a time has come first, or the times are found, nothing is
    held again.
    """

    __slots__ = ("_held", "done")

    def __init__(self) -> None:
        self._held: list[Packet] = []
        self.done = False

    def put(self, packet: Packet, depth: int = 0) -> list[Packet]:
        """Take one packet in; those that are ready, in order. ``depth`` as in `DecodeTimes`."""
        held = self._held
        held.append(packet)
        times = [each.pts for each in held if each.pts is not None]
        if held[0].pts is None and len(times) < depth + 2 and len(held) < _MOST_HELD:
            return []
        if held[0].pts is None and times:
            _fill(held, sorted(times))
        self.done = True
        self._held = []
        return held


def _fill(held: list[Packet], times: list[int]) -> None:
    """Give the packets before the first known time theirs, at the pace of ``times`` (sorted)."""
    timescale = held[0].timescale
    gaps = [after - before for before, after in pairwise(times) if after > before]
    pace = min(gaps, default=0)
    if not 0 < pace < 30 * timescale:
        pace = max(1, timescale // 25)
    untimed = next(index for index, each in enumerate(held) if each.pts is not None)
    for index in range(untimed):
        held[index].pts = times[0] - pace * (untimed - index)
