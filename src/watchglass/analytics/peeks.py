"""Looks at one picture where sizes grew: what was asked, and what was answered."""

from watchglass.analytics.gate_limits import GateLimits

PEEKED = 3
"""So many pictures are looked at, the last one and those before it: somebody small and far is not
seen in each."""


class Peeks:
    """Of one closed gate. Times in seconds of its stream; ``at_ns``: the arrival (UTC) of the frame
    that is looked at."""

    __slots__ = ("_asked", "_asked_s", "_at_ns", "_fruitless", "_limits", "found", "since_ns")

    def __init__(self, limits: GateLimits) -> None:
        self._limits = limits
        self._asked = self._fruitless = 0
        self._asked_s = -limits.doubt_s
        self._at_ns: int | None = None
        self.found = False
        """Whether something moved in the last one."""
        self.since_ns = 0
        """The key frame (UTC ns) before the first of those that follow each other."""

    @property
    def is_asked(self) -> bool:
        """Whether one is not answered yet."""
        return self._at_ns is not None

    def ask(self, at_ns: int, now_s: float, key_ns: int) -> None:
        """``key_ns``: the arrival of the key frame before."""
        if not self.doubts(now_s):
            self._asked, self.since_ns = 0, key_ns
        self._asked += 1
        self._at_ns, self._asked_s = at_ns, now_s

    def answer(self, at_ns: int, moving: bool) -> bool:
        """Whether this is the answer to the one that was asked."""
        if at_ns != self._at_ns:
            return False
        self._at_ns, self.found = None, moving
        self._fruitless = 0 if moving else self._fruitless + 1
        return True

    @property
    def raise_by(self) -> float:
        """By what part of it the limit for what opens is raised: noise that reached it again and
        again, with nothing to see, will do so again."""
        return min(self._limits.most_raised, self._limits.raised_by * self._fruitless)

    def moved(self) -> None:
        """Something moved: what is small may come with it."""
        self._fruitless = 0

    def waits(self, now_s: float) -> bool:
        """Whether an answer may come yet."""
        return self._at_ns is not None and now_s - self._asked_s < self._limits.peek_s

    def doubts(self, now_s: float) -> bool:
        """Whether sizes grew a moment ago, and a peek found nothing, or has not answered."""
        return now_s - self._asked_s < self._limits.doubt_s

    def may_ask(self, now_s: float) -> bool:
        """Not where sizes told the same again and again."""
        if self.found or self._at_ns is not None:
            return False
        return not (self.doubts(now_s) and self._asked >= self._limits.peeks)

    def forget(self, now_s: float) -> None:
        self._at_ns, self.found = None, False
        self._asked_s = now_s - self._limits.doubt_s
