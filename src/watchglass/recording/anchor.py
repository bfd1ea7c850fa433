"""Where a run lies in UTC: estimated from when its fragments arrived.

A packet can arrive late, never early: so the smallest difference of arrival and media time over a
file is the best guess of when that media was seen (a camera that first bursts a cached group of
pictures sends old pictures late, and they do not move the guess). Files of a run join without a
gap or an overlap: each begins where the one before ended, and the camera's drift goes into the rate
of the file that follows.
"""

from dataclasses import dataclass

from watchglass.recording.placement import MOST_RATE_PPB, wall_at

NS_PER_TICK_NUMERATOR = 100_000
NS_PER_TICK_DENOMINATOR = 9
_BILLION = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Placed:
    """Media time ``media`` (1/90000 s of the run) was seen at ``wall`` (UTC ns)."""

    media: int
    wall: int
    rate_ppb: int

    def wall_at(self, media: int) -> int:
        """UTC of a media time."""
        return wall_at(media, self.media, self.wall, self.rate_ppb)


def media_ns(media: int) -> int:
    """Ticks of 1/90000 s in nanoseconds, rounded down."""
    return media * NS_PER_TICK_NUMERATOR // NS_PER_TICK_DENOMINATOR


class Anchor:
    """The observations of one file. ``before`` is where its predecessor in the run ended."""

    __slots__ = ("_before", "_media_from", "_offset")

    def __init__(self, media_from: int, before: Placed | None) -> None:
        self._media_from = media_from
        self._before = before
        self._offset: int | None = None

    def observe(self, media: int, wall_ns: int) -> None:
        """A fragment of video whose first sample has ``media`` arrived at ``wall_ns``."""
        offset = wall_ns - media_ns(media)
        if self._offset is None or offset < self._offset:
            self._offset = offset

    def placed(self, media_to: int) -> Placed | None:
        """The file's place by what was seen so far; None when nothing tells of it.

        A run's first file is placed by its own smallest difference, with no rate. Each later one
        begins where the one before ends, and its rate leads to its own smallest difference at
        ``media_to``.
        """
        if self._offset is None:
            if self._before is None:
                return None
            start = self._before.wall_at(self._media_from)
            return Placed(self._media_from, start, self._before.rate_ppb)
        if self._before is None:
            return Placed(self._media_from, self._offset + media_ns(self._media_from), 0)
        start = self._before.wall_at(self._media_from)
        length = media_ns(media_to) - media_ns(self._media_from)
        if length <= 0:
            return Placed(self._media_from, start, self._before.rate_ppb)
        end = self._offset + media_ns(media_to)
        rate = (end - start - length) * _BILLION // length
        return Placed(self._media_from, start, max(-MOST_RATE_PPB, min(MOST_RATE_PPB, rate)))
