"""What there was no time for, or nobody to look at: made up for when there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, random_id
from watchglass.model.analysis import AnalysisSpan
from watchglass.model.look_back import LATE, LookBack, LookBackId

_REACH_NS = 24 * 3600 * NS_PER_S
_SETTLED_NS = 120 * NS_PER_S
"""Spans this young may yet be told otherwise."""
_MOST_NS = 600 * NS_PER_S
_AGAIN_NS = 3600 * NS_PER_S
_NEAR_NS = NS_PER_S
_MOST_TRIED = 1000

Missed = Callable[[int, int], Sequence[AnalysisSpan]]
"""What was not looked at between two times, UTC ns."""


@dataclass(slots=True)
class Late:
    """Says which span to look at next: the newest, of ten minutes at most; one that was tried and
    is missing yet has its turn again after an hour."""

    missed: Missed
    _tried: dict[tuple[CameraId, int], int] = field(default_factory=dict)

    def next(self, now_ns: int) -> LookBack | None:
        """None where nothing is missing."""
        for key, tried_ns in list(self._tried.items()):
            if now_ns - tried_ns > _AGAIN_NS or len(self._tried) > _MOST_TRIED:
                del self._tried[key]
        for camera, from_ns, to_ns in _joined(
            self.missed(now_ns - _REACH_NS, now_ns - _SETTLED_NS)
        ):
            begin_ns = max(from_ns, to_ns - _MOST_NS)
            if (camera, begin_ns) in self._tried:
                continue
            self._tried[camera, begin_ns] = now_ns
            return LookBack(
                id=LookBackId(LATE + random_id()[: 32 - len(LATE)]), camera=camera,
                from_ns=begin_ns, to_ns=to_ns, by="", asked_ns=now_ns, done_to_ns=begin_ns,
            )  # fmt: skip
        return None


def _joined(spans: Sequence[AnalysisSpan]) -> list[tuple[CameraId, int, int]]:
    """Those near each other as one, the newest first."""
    found: list[tuple[CameraId, int, int]] = []
    for each in sorted(spans, key=lambda span: (span.camera, span.from_ns)):
        if found and found[-1][0] == each.camera and each.from_ns - found[-1][2] <= _NEAR_NS:
            found[-1] = (each.camera, found[-1][1], max(found[-1][2], each.to_ns))
        else:
            found.append((each.camera, each.from_ns, each.to_ns))
    return sorted(found, key=lambda each: -each[2])
