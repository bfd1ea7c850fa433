"""What a gate knows of itself: whether sizes told of what moved, and how much it misses."""

from watchglass.analytics.gate_limits import GateLimits
from watchglass.base.clock import NS_PER_S
from watchglass.model.visit import VisitCause


class OwnMeasure:
    """Of one stream. ``doubt``: misses, less what sizes told of since."""

    __slots__ = ("_limits", "checks", "doubt", "misses", "moved_total_s", "proven")

    def __init__(self, limits: GateLimits) -> None:
        self._limits = limits
        self.doubt = 0.0
        self.proven = 0
        """Movements in a row that sizes told of."""
        self.checks = 0
        """How often a quiet camera was looked at all the same."""
        self.misses = 0
        """How often something moved then, of which sizes told nothing."""
        self.moved_total_s = 0.0

    def forget(self) -> None:
        """Another encoding: what was proven of the one before says nothing."""
        self.doubt, self.proven = 0.0, 0

    def believes(self, tells: bool) -> bool:
        """Whether sizes are believed, where by themselves they ``tell`` of movement or do not."""
        if self.doubt >= self._limits.most_doubt:
            return False
        return tells or self.proven >= self._limits.proven_by

    def recall(self, quiet_ns: int) -> float | None:
        """What part of all movement was let through, by its own checks; None before the first."""
        if not self.checks:
            return None
        missed_s = quiet_ns / NS_PER_S * self.misses / self.checks
        whole_s = self.moved_total_s + missed_s
        return 1.0 if whole_s <= 0 else self.moved_total_s / whole_s

    def learn(self, cause: VisitCause | None, *, moved: bool, sized: bool, blind: bool) -> None:
        """A visit is over: did anything move, and would sizes (``sized``) have told of it?"""
        if cause is VisitCause.CHECK:
            self.checks += 1
        if cause in (VisitCause.SIZES, VisitCause.LEARNING):
            return
        if not moved:
            if cause is VisitCause.CHECK:
                self.doubt *= 0.9
        elif sized:
            self.proven += 1
            self.doubt = max(0.0, self.doubt - 0.5)
        else:
            self.proven = 0
            if not blind or cause is not VisitCause.BLIND:
                self.misses += cause is VisitCause.CHECK
                self.doubt = min(self.doubt + 1, 2 * self._limits.most_doubt)
