"""The newest key frames of a stream: where decoding can begin."""

_KEYS = 16
_DISTANCES = 6


class KeyFrames:
    """Of one stream. Arrivals in UTC ns; ``now_s`` in seconds of the stream."""

    __slots__ = ("_at_s", "_gops_s", "arrivals_ns")

    def __init__(self) -> None:
        self.arrivals_ns: list[int] = []
        """The oldest first."""
        self._at_s = 0.0
        self._gops_s: list[float] = []

    @property
    def newest_ns(self) -> int:
        return self.arrivals_ns[-1]

    @property
    def gop_s(self) -> float:
        """The longest of the last distances of key frames."""
        return max(self._gops_s, default=0.0)

    def note(self, wall_ns: int, now_s: float) -> None:
        if self.arrivals_ns:
            self._gops_s.append(now_s - self._at_s)
            del self._gops_s[:-_DISTANCES]
        self.arrivals_ns.append(wall_ns)
        self._at_s = now_s
        del self.arrivals_ns[:-_KEYS]

    def before(self, at_ns: int) -> int:
        """The last one that arrived up to then; the oldest where there is none."""
        keys_ns = self.arrivals_ns
        return next((each for each in reversed(keys_ns) if each <= at_ns), keys_ns[0])

    def since(self, at_ns: int) -> int:
        """The first one that arrived from then on; the newest where there is none."""
        keys_ns = self.arrivals_ns
        return next((each for each in keys_ns if at_ns <= each), keys_ns[-1])

    def are_apart(self, longest_s: float, now_s: float) -> bool:
        """Whether they are further apart than that, or the next one is waited for so long."""
        return self.gop_s > longest_s or now_s - self._at_s > longest_s

    def is_next_within(self, seconds: float, now_s: float) -> bool:
        """Whether the next one is to be expected so soon."""
        due_s = self._at_s + self.gop_s
        return bool(self._gops_s) and now_s <= due_s <= now_s + seconds

    def cut(self) -> None:
        """Nothing can be decoded from those before; their distances stay known."""
        self.arrivals_ns.clear()

    def forget(self) -> None:
        self.cut()
        self._gops_s.clear()
