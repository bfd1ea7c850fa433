"""Back-off with jitter: how long to wait before trying again."""

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Backoff:
    """Exponential waits with full jitter above a floor.

    ``first_s`` is the longest first wait and ``most_s`` the longest of all. Jitter keeps a hundred
    cameras behind one rebooted switch from knocking at the same instant.
    """

    first_s: float = 0.25
    most_s: float = 15.0
    factor: float = 2.0
    random: Random = field(default_factory=Random, repr=False)
    attempts: int = 0

    def next_s(self, worked_s: float | None = None) -> float:
        """The wait before the next attempt, in seconds.

        ``worked_s``: how long the last one worked; what works for moments is not waited for any
        longer than that (or ``first_s``).
        """
        most_s = self.most_s if worked_s is None else min(self.most_s, max(self.first_s, worked_s))
        ceiling = min(most_s, self.first_s * self.factor ** min(self.attempts, 32))
        self.attempts += 1
        return ceiling * (0.5 + 0.5 * self.random.random())

    def reset(self) -> None:
        """Forget past failures: something worked."""
        self.attempts = 0
