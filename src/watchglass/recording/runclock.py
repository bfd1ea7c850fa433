"""The wall clock of a run: one time line from its first picture to its last.

A wall clock that is set while pictures come ends the run at the next key frame. What comes until
then is told by the clock as it was: a run's place in UTC is found from when its pictures arrived,
and a clock set back by an hour would draw the whole file an hour into the past.

A machine that slept is another matter: wall and boot time went on, the monotonic clock stood still.
Time has really passed, nothing was recorded in it, and ``machine_off`` is the word for that.
"""

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.model.gap import GapCause
from watchglass.model.stream import Packet

_STEP_NS = NS_PER_S // 2
_SLEPT_NS = NS_PER_S


class RunClock:
    """Of one connection; used by its reader's thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asleep_ns = self._slept_ns()
        self._offset: int | None = None
        self._told = 0
        self.broken: GapCause | None = None
        """Why the run has to end at the next key frame, if it has to."""

    def tell(self, packet: Packet) -> None:
        """Give a packet the wall time of the run that it is in."""
        offset = self._told = packet.arrival_wall_ns - packet.arrival_monotonic_ns
        before = self._offset
        if self.broken is None:
            if before is None or abs(offset - before) <= _STEP_NS:
                self._offset = offset
                return
            self.broken = GapCause.MACHINE_OFF if self.slept() else GapCause.CLOCK_STEP
        if before is not None and self.broken is GapCause.CLOCK_STEP:
            packet.arrival_wall_ns = packet.arrival_monotonic_ns + before

    def begin_anew(self, packet: Packet) -> None:
        """A run begins with this packet, which was told already: by the clock as it is now."""
        packet.arrival_wall_ns = packet.arrival_monotonic_ns + self._told
        self._offset = self._told
        self._asleep_ns = self._slept_ns()
        self.broken = None

    def slept(self) -> bool:
        """Whether the machine slept since the run began."""
        return self._slept_ns() - self._asleep_ns > _SLEPT_NS

    def _slept_ns(self) -> int:
        return self._clock.boottime_ns() - self._clock.monotonic_ns()
