"""Spans in which all was quiet, as a gate answers for them."""


class Quiet:
    """Of one stream; UTC ns. A span goes on while ``is_on``; up to ``to_ns`` it is certain. Not
    thread-safe."""

    __slots__ = ("_from_ns", "_over", "to_ns", "total_ns")

    def __init__(self) -> None:
        self._from_ns: int | None = None
        self._over: list[tuple[int, int]] = []
        self.to_ns = 0
        self.total_ns = 0
        """Of all that was taken."""

    @property
    def is_on(self) -> bool:
        return self._from_ns is not None

    def holds(self, at_ns: int) -> bool:
        """Whether that moment is of the span that goes on, and not of one before it."""
        return self._from_ns is not None and at_ns >= self._from_ns

    def begin(self, at_ns: int) -> None:
        self._from_ns = self.to_ns = at_ns

    def reach(self, at_ns: int) -> None:
        """It is certain up to there, if one goes on."""
        if self._from_ns is not None and at_ns > self.to_ns:
            self.to_ns = at_ns

    def end(self) -> None:
        """What is certain is over; a span that goes on does so."""
        start_ns = self._from_ns
        if start_ns is not None and self.to_ns > start_ns:
            self._over.append((start_ns, self.to_ns))
            self._from_ns = self.to_ns

    def stop(self) -> None:
        """No span goes on any more."""
        self.end()
        self._from_ns = None

    def take(self) -> list[tuple[int, int]]:
        """What is certain and not yet taken."""
        self.end()
        taken, self._over = self._over, []
        self.total_ns += sum(end - start for start, end in taken)
        return taken

    def take_unsure(self, before_ns: int) -> tuple[int, int] | None:
        """The span up to ``before_ns`` of which nobody told whether it was quiet, if there is one;
        nobody is waited for any more."""
        if self._from_ns is None or self.to_ns >= before_ns:
            return None
        self.end()
        from_ns = self.to_ns
        self.begin(before_ns)
        return from_ns, before_ns
