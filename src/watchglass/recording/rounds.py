"""One thread that reads all cameras of a worker, in rounds.

What a picture costs is for the most part not what is done with it: a thread that wakes up for one
picture finds the processor's caches full of other things. So nobody is woken for a picture. About
ten times a second a round is made, and what has come in the meantime is read, one source after the
other. Where somebody watches, an arrival itself calls for a round.
"""

import os
import queue
import select
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from watchglass.base.clock import NS_PER_S, Clock

PERIOD_S = 0.093
"""No fraction of any camera's pace: in time each picture of a file meets each moment of a round, or
its place in UTC would be late by the same part of a round for ever."""
_SOON_NS = NS_PER_S // 250
"""What belongs to a picture arrives within about as long."""
_SILENT_NS = NS_PER_S // 4


class Reading:
    """A source among those that are read in rounds.

    ``turn`` is called when something can be read at ``descriptor``, and a few times a second when
    there is nothing; it never waits, and says whether it is worth while to look again soon. The
    first error it raises ends it.
    """

    def __init__(self, descriptor: int, turn: Callable[[], bool]) -> None:
        self.descriptor = descriptor
        self.turn = turn
        self.hurried = False
        self.turned_ns = 0
        self.error: Exception | None = None
        self.over = threading.Event()


class Rounds:
    """The thread, which owns everything here; what is public is for any thread.

    Each round is made ``within`` a context, for what is to rest meanwhile.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        period_s: float = PERIOD_S,
        within: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._clock = clock
        self._within = within
        self._period_ns = round(period_s * NS_PER_S)
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._all = select.epoll()
        self._hurried = select.epoll()
        self._hurried.register(self._bell, select.EPOLLIN)
        self._readings: dict[int, Reading] = {}
        self._due_ns = 0
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="rounds", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """End the thread; nothing is read any more."""
        self._order(self._end_all)
        self._thread.join(timeout_s)

    def attend(self, reading: Reading) -> None:
        """Have it read until `leave`, or until it fails, which raises its error here."""
        self._order(partial(self._enter, reading))
        reading.over.wait()
        error, reading.error = reading.error, None
        try:
            if error is not None:
                raise error
        finally:
            # Else it, its traceback and these frames hold each other, and with them the source.
            del error

    def leave(self, reading: Reading) -> None:
        """Read it no more. Does not wait."""
        self._order(partial(self._drop, reading))

    def hurry(self, reading: Reading, hurried: bool) -> None:
        """Whether what it brings is waited for, by somebody who watches."""
        self._order(partial(self._set_pace, reading, hurried))

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.put(order)
        os.eventfd_write(self._bell, 1)

    # --- the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._ended:
            arrived = [descriptor for descriptor, _ in self._hurried.poll(self._wait_s())]
            if self._bell in arrived:
                self._obey()
                arrived.remove(self._bell)
            if arrived:
                time.sleep(_SOON_NS / NS_PER_S)
                self._round()
            elif self._clock.monotonic_ns() >= self._due_ns:
                self._round()

    def _wait_s(self) -> float | None:
        if not self._readings:
            return None
        return max(0.0, (self._due_ns - self._clock.monotonic_ns()) / NS_PER_S)

    def _obey(self) -> None:
        os.eventfd_read(self._bell)
        while not self._orders.empty():
            self._orders.get()()

    def _round(self) -> None:
        with self._within():
            more = [self._take_turn(each) for each in self._arrived()]
            now_ns = self._clock.monotonic_ns()
            for reading in list(self._readings.values()):
                if now_ns - reading.turned_ns > _SILENT_NS:
                    self._take_turn(reading)
        self._due_ns = now_ns + (_SOON_NS if any(more) else self._period_ns)

    def _arrived(self) -> list[Reading]:
        return [self._readings[descriptor] for descriptor, _ in self._all.poll(0)]

    def _take_turn(self, reading: Reading) -> bool:
        reading.turned_ns = self._clock.monotonic_ns()
        try:
            return reading.turn()
        except Exception as error:  # noqa: BLE001 - the border of a source: it ends alone, and
            # its own thread, to which the error goes, knows what to make of it.
            reading.error = error
            self._drop(reading)
            return False

    # --- orders ------------------------------------------------------------------------------

    def _enter(self, reading: Reading) -> None:
        reading.turned_ns = self._clock.monotonic_ns()
        self._readings[reading.descriptor] = reading
        self._all.register(reading.descriptor, select.EPOLLIN)
        if reading.hurried:
            self._hurried.register(reading.descriptor, select.EPOLLIN)

    def _set_pace(self, reading: Reading, hurried: bool) -> None:
        is_here = self._readings.get(reading.descriptor) is reading
        if is_here and hurried and not reading.hurried:
            self._hurried.register(reading.descriptor, select.EPOLLIN)
        elif is_here and reading.hurried and not hurried:
            self._hurried.unregister(reading.descriptor)
        reading.hurried = hurried

    def _drop(self, reading: Reading) -> None:
        """Also of one that has ended already."""
        if self._readings.get(reading.descriptor) is reading:
            self._set_pace(reading, False)
            self._all.unregister(reading.descriptor)
            del self._readings[reading.descriptor]
        reading.over.set()

    def _end_all(self) -> None:
        for reading in list(self._readings.values()):
            self._drop(reading)
        self._ended = True
