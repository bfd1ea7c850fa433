"""Which moments of a camera were looked at: frames in, spans out."""

from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause

_TOUCHING_NS = 2_000_000_000
_JITTER_NS = 300_000_000
"""Of arrivals."""
_STAYS_COARSE_NS = 10_000_000_000
"""Or a machine that just about keeps up would make a span of each half second."""
_Kind = tuple[Analysis, SkipCause | None, bool]


class Spans:
    """Of one camera; moments come in order. Spans of one kind that touch are one."""

    def __init__(self, camera: CameraId) -> None:
        self._camera = camera
        self._kind: _Kind | None = None
        self._from_ns = self._to_ns = 0
        self._coarse_until_ns = 0
        self._ended: list[AnalysisSpan] = []

    def looked(self, from_ns: int, to_ns: int, *, coarse: bool = False) -> None:
        """Pictures of that time (UTC) were looked at."""
        if coarse:
            self._coarse_until_ns = to_ns + _STAYS_COARSE_NS
        coarse = from_ns < self._coarse_until_ns
        self._add((Analysis.ANALYSED, None, coarse), from_ns, to_ns)

    def skipped(self, from_ns: int, to_ns: int, cause: SkipCause) -> None:
        """They were not."""
        self._add((Analysis.SKIPPED, cause, False), from_ns, to_ns)

    def take(self) -> list[AnalysisSpan]:
        """All since the last time; the one that goes on is continued by the next."""
        self._end()
        taken, self._ended = self._ended, []
        return taken

    def _add(self, kind: _Kind, from_ns: int, to_ns: int) -> None:
        if kind == self._kind and -_TOUCHING_NS <= from_ns - self._to_ns <= _TOUCHING_NS:
            self._to_ns = max(self._to_ns, to_ns)
            return
        if self._kind is not None and -_TOUCHING_NS <= from_ns - self._to_ns <= _JITTER_NS:
            # Between two pictures that follow one another there is no hole.
            from_ns = self._to_ns
        self._end()
        self._kind, self._from_ns, self._to_ns = kind, from_ns, max(from_ns, to_ns)

    def _end(self) -> None:
        if self._kind is not None and self._to_ns > self._from_ns:
            state, cause, coarse = self._kind
            self._ended.append(
                AnalysisSpan(
                    camera=self._camera, from_ns=self._from_ns, to_ns=self._to_ns, state=state,
                    cause=cause, coarse=coarse,
                )
            )  # fmt: skip
            self._from_ns = self._to_ns
