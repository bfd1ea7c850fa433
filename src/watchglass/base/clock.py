"""The three clocks, and the one place they come from.

``wall`` is UTC in nanoseconds since 1970, and may jump. ``monotonic`` only runs forward and says
how long something took. ``boottime`` is monotonic and counts suspended time too; with the boot id
it tells a crash of the recorder from a machine that was off. Media time is not a clock: it is what
a camera's packets carry, and never mixed with these.
"""

import threading
import time
from pathlib import Path
from typing import Protocol

NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Where all code takes its time from."""

    def wall_ns(self) -> int:
        """UTC now, nanoseconds since the epoch."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds on a clock that never runs back."""
        ...

    def boottime_ns(self) -> int:
        """Nanoseconds since boot, suspended time included."""
        ...

    def boot_id(self) -> str:
        """Another text after each boot of the machine."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until ``event`` is set or ``seconds`` have passed; whether it is set."""
        ...


def ahead_ns(clock: Clock) -> int:
    """By how much the wall clock is ahead of the time since boot, which nobody sets: this changes
    when the wall clock is set, and not while a machine sleeps."""
    return clock.wall_ns() - clock.boottime_ns()


class SystemClock:
    """The machine's own clocks."""

    def wall_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def boottime_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


class SimulatedClock:
    """A clock that moves only when told to; waiting moves it.

    Thread-safe. ``wall`` may be stepped apart from the monotonic clock, as an operator or NTP
    would, and the machine may be "booted" anew.
    """

    def __init__(self, wall_ns: int = 1_700_000_000 * NS_PER_S, boot: str = "boot-0") -> None:
        self._lock = threading.Lock()
        self._wall_ns = wall_ns
        self._monotonic_ns = 0
        self._suspended_ns = 0
        self._boot = boot

    def wall_ns(self) -> int:
        with self._lock:
            return self._wall_ns

    def monotonic_ns(self) -> int:
        with self._lock:
            return self._monotonic_ns

    def boottime_ns(self) -> int:
        with self._lock:
            return self._monotonic_ns + self._suspended_ns

    def boot_id(self) -> str:
        with self._lock:
            return self._boot

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if not event.is_set():
            self.advance(round(seconds * NS_PER_S))
        return event.is_set()

    def advance(self, by_ns: int) -> None:
        """Let ``by_ns`` pass on all clocks."""
        if by_ns < 0:
            raise ValueError("time does not run back; use step_wall")
        with self._lock:
            self._wall_ns += by_ns
            self._monotonic_ns += by_ns

    def step_wall(self, by_ns: int) -> None:
        """Set the wall clock forward or back, as NTP or a person does."""
        with self._lock:
            self._wall_ns += by_ns

    def suspend(self, for_ns: int) -> None:
        """Sleep the machine: wall and boot time pass, the monotonic clock does not."""
        with self._lock:
            self._wall_ns += for_ns
            self._suspended_ns += for_ns

    def reboot(self, boot: str, off_ns: int = 0) -> None:
        """Start the machine anew after ``off_ns``."""
        with self._lock:
            self._wall_ns += off_ns
            self._monotonic_ns = 0
            self._suspended_ns = 0
            self._boot = boot
