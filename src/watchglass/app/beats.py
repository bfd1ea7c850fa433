"""A process's word that it is at work, on its standard output: for those that have no way to the
supervisor's ear. The media-worker's fence lets it call nobody.

Said by the loop that does the work, so that one that hangs in it is as silent as one that was
stopped.
"""

import asyncio

from watchglass.app.pipes import say
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.model.assignment import Beat


class Beats:
    """For a loop that waits: ``every_s`` 0 says nothing."""

    def __init__(self, every_s: float, clock: Clock) -> None:
        self._every_ns = round(every_s * NS_PER_S)
        self._clock = clock
        self._due_ns = clock.monotonic_ns()

    def wait_s(self, most_s: float) -> float:
        """How long the loop may wait before its next turn."""
        if not self._every_ns:
            return most_s
        return min(most_s, max(0.0, (self._due_ns - self._clock.monotonic_ns()) / NS_PER_S))

    def turn(self) -> None:
        """The loop has made a turn."""
        now_ns = self._clock.monotonic_ns()
        if self._every_ns and now_ns >= self._due_ns:
            self._due_ns = now_ns + self._every_ns
            say(Beat())


async def beating(every_s: float) -> None:
    """The same for a loop of events, until it is cancelled."""
    while every_s:
        # Whoever reads it may be slow; the loop does not wait for that.
        await asyncio.to_thread(say, Beat())
        await asyncio.sleep(every_s)
