"""A clock that goes ahead by days at once: what seems too old to be kept may not be.

A dead battery can begin in any year, and so can a mistyped date. What is erased by such a clock is
gone, so nothing is erased for its age alone until the clock has had a day to be set right. A
machine that was off for days looks the same from within, and erases a day later. It is noted in the
site's ledger, where the next start finds it.
"""

from pathlib import Path

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, ahead_ns
from watchglass.base.errors import WatchglassError
from watchglass.recording.backwards import lines_back
from watchglass.recording.desk import SITE, Desk

AHEAD_NS = 24 * 3600 * NS_PER_S
PATIENCE_NS = 24 * 3600 * NS_PER_S
LINE = "clock_went_ahead"
_LOG = log.get("keeper")


class Leaps:
    """Of one keeper, and used by its thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clock = desk.clock
        self._offset_ns = ahead_ns(self._clock)
        self._until_ns = 0

    def begin(self, seen_ns: int) -> None:
        """A recorder was alive at ``seen_ns`` (UTC), and starts again now."""
        by_ns = self._clock.wall_ns() - seen_ns
        if by_ns > AHEAD_NS:
            self._note(by_ns)
        else:
            left_ns = waits_ns(self._desk.state / "ledger", self._clock.wall_ns())
            self._until_ns = self._clock.boottime_ns() + left_ns

    def look(self) -> bool:
        """Whether the clock went ahead within the last day. To be asked again and again."""
        before_ns, self._offset_ns = self._offset_ns, ahead_ns(self._clock)
        by_ns = self._offset_ns - before_ns
        if by_ns > AHEAD_NS:
            self._note(by_ns)
        elif by_ns < -AHEAD_NS:
            self._until_ns = 0  # it was wrong, and is set right
        return self._clock.boottime_ns() < self._until_ns

    def _note(self, by_ns: int) -> None:
        self._until_ns = self._clock.boottime_ns() + PATIENCE_NS
        _LOG.warning("clock_went_ahead", erases_by_age="in a day")
        self._desk.note_site((LINE, {"by": str(by_ns)}))


def waits_ns(ledgers: Path, now_ns: int) -> int:
    """How much longer nothing is to be erased for its age, by the ledgers in a folder; 0 for what
    may be. For other processes than the keeper, and the keeper's next start. ``now_ns`` is UTC."""
    try:
        for _, line in lines_back(ledgers / SITE):
            if line.t < now_ns - PATIENCE_NS:
                break
            if line.type == LINE and line.t <= now_ns:
                return line.t + PATIENCE_NS - now_ns
    except WatchglassError as error:
        _LOG.error("ledger_not_read", error=error.sentence)
        return PATIENCE_NS
    return 0
