"""What a gate answers for, span by span, until somebody has written it down."""

from collections import deque

from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.model.visit import Accounted

MOST_SPANS = 4000
_MOST_A_MESSAGE = 500
_TOUCHING_NS = 2_000_000_000
"""Spans of one camera that are alike and so close count as one: a frame lies between them."""


class Accounts:
    """Of one worker: spans are coalesced while they wait, numbered when they are sent, and kept
    until ``noted``. Not thread-safe."""

    def __init__(self, session: str, most_spans: int = MOST_SPANS) -> None:
        self.session = session
        self._most = most_spans
        self._open: dict[tuple[CameraId, Analysis, SkipCause | None], AnalysisSpan] = {}
        self._ended: deque[AnalysisSpan] = deque()
        self._sent: deque[Accounted] = deque()
        self._next = 1
        self.forgotten = 0
        """Spans for which there was no room; of them nothing will be known."""

    @property
    def waiting(self) -> int:
        """Spans that are not written down yet."""
        return len(self._open) + len(self._ended) + sum(len(each.spans) for each in self._sent)

    @property
    def unsent(self) -> int:
        return len(self._open) + len(self._ended)

    def add(
        self,
        camera: CameraId,
        from_ns: int,
        to_ns: int,
        state: Analysis,
        cause: SkipCause | None = None,
    ) -> None:
        """One more span (UTC ns)."""
        if to_ns <= from_ns:
            return
        key = (camera, state, cause)
        before = self._open.get(key)
        if before is not None and -1 < from_ns - before.to_ns <= _TOUCHING_NS:
            from_ns = before.from_ns
        elif before is not None:
            self._ended.append(before)
        self._open[key] = AnalysisSpan(
            camera=camera, from_ns=from_ns, to_ns=to_ns, state=state, cause=cause
        )
        while self.waiting > self._most and self._ended:
            self._ended.popleft()
            self.forgotten += 1

    def message(self) -> Accounted | None:
        """All that waits, to be sent; None where nothing does."""
        spans = [*self._ended, *self._open.values()]
        if not spans:
            return None
        now, later = spans[:_MOST_A_MESSAGE], spans[_MOST_A_MESSAGE:]
        self._open.clear()
        self._ended = deque(later)
        made = Accounted(self.session, self._next, tuple(now))
        self._next += 1
        self._sent.append(made)
        return made

    def again(self) -> list[Accounted]:
        """All that was sent and is not written down: somebody new has to hear it."""
        return list(self._sent)

    def noted(self, last: int) -> None:
        """Everything up to that number is written down."""
        while self._sent and self._sent[0].number <= last:
            self._sent.popleft()
