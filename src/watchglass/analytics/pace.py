"""How often things are looked for, by how far the machine is behind: all cameras alike, those of
higher priority less."""

from dataclasses import dataclass

from watchglass.base.clock import NS_PER_S


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """``best_s`` between two looks of one camera while there is time, ``least_s`` when there is
    none. ``late_s``: the newest pictures wait so long, and looks become fewer; ``prompt_s``: no
    longer than that, and they become more."""

    best_s: float = 0.2
    least_s: float = 2.0
    late_s: float = 1.2
    prompt_s: float = 0.7
    every_s: float = 0.5


class Pace:
    """Of one worker. Not thread-safe."""

    def __init__(self, limits: PaceLimits | None = None) -> None:
        self._limits = limits or PaceLimits()
        self._factor = 1.0
        self._due_ns = 0
        self.behind_s = 0.0
        """How long the newest pictures waited, lately."""

    @property
    def factor(self) -> float:
        """1 while all is looked at as often as is of use; 2 where it is half as often."""
        return self._factor

    def interval_ns(self, priority: int = 0) -> int:
        """Between two looks for things at one camera."""
        limits = self._limits
        factor = max(1.0, self._factor / (1 + max(0, priority)))
        return round(min(limits.least_s, limits.best_s * factor) * NS_PER_S)

    def waited(self, now_ns: int, waited_s: float) -> None:
        """The newest pictures of a message are looked at, so long after they came. ``now_ns`` is
        monotonic."""
        self.behind_s += 0.3 * (waited_s - self.behind_s)
        if now_ns < self._due_ns:
            return
        limits = self._limits
        self._due_ns = now_ns + round(limits.every_s * NS_PER_S)
        most = limits.least_s / limits.best_s
        if self.behind_s > limits.late_s:
            self._factor = min(most, self._factor * 1.25)
        elif self.behind_s < limits.prompt_s:
            self._factor = max(1.0, self._factor * 0.93)
