"""Looks at the past: visits of recorded pictures, looked at while nothing of now waits.

Each look (``job``) has a motion model and tracks of its own, and one more for its key frames, which
are probed before all that lies between them.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count

from watchglass.analytics.detector import Detector
from watchglass.analytics.pipeline import CameraPipeline
from watchglass.analytics.reports import Reports
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.bus.peer import PeerId
from watchglass.model.found import made_id
from watchglass.model.live import LiveFrame
from watchglass.model.look_back import LATE
from watchglass.model.visit import Analysed, Moves, VisitCause, Visited

_INTERVAL_NS = NS_PER_S // 5
_PROBES = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """``size_bytes`` are given back to its sender when it was looked at."""

    peer: PeerId
    visited: Visited
    size_bytes: int


class Past:
    """Of one analytics-worker, and used by its thread. ``known`` says what is left out of a
    camera's pictures, ``answer`` tells who sent them how far it is."""

    def __init__(
        self,
        detector: Detector,
        known: Callable[[CameraId], Analysed],
        reports: Reports,
        answer: Callable[[PeerId, Moves], object],
    ) -> None:
        self._detector, self._known, self._reports = detector, known, reports
        self._answer = answer
        self._waiting: deque[Waiting] = deque()
        self._pipelines: dict[tuple[PeerId, str, bool], CameraPipeline] = {}

    @property
    def waits(self) -> bool:
        return bool(self._waiting)

    def put(self, peer: PeerId, visited: Visited, size_bytes: int) -> None:
        self._waiting.append(Waiting(peer, visited, size_bytes))

    def lost(self, peer: PeerId) -> None:
        """Who looks back is gone: what it had begun is over."""
        self._waiting = deque(each for each in self._waiting if each.peer != peer)
        for key in [each for each in self._pipelines if each[0] == peer]:
            pipeline = self._pipelines.pop(key)
            if key[2] is not _PROBES:
                self._reports.put(pipeline.close(), job=key[1])

    def look(self) -> Waiting | None:
        """Look at what waits longest; None where nothing does."""
        if not self._waiting:
            return None
        waiting = self._waiting.popleft()
        visited, peer = waiting.visited, waiting.peer
        if visited.anew_ns:
            self._begin_anew(peer, visited)
            return waiting
        probe = visited.cause is VisitCause.PROBE
        pipeline = self._pipeline(peer, visited, probe=probe)
        moving, wanted = pipeline.see(visited)
        if wanted:
            found = self._detector.detect([each.look for each in wanted])
            for one, detections in zip(wanted, found, strict=True):
                pipeline.found(one.at_ns, detections)
        moves = Moves(visited.visit, newest_ns(visited), moving)
        if probe:
            self._answer(peer, moves)
            return waiting
        told = pipeline.take(pipeline.at_ns)
        if visited.last:
            told += pipeline.close()
            del self._pipelines[peer, visited.job, probe]
            self._pipelines.pop((peer, visited.job, _PROBES), None)
        if told:
            # How far it is means: that much is written down.
            self._reports.put(told, partial(self._say, peer, moves), visited.job)
        else:
            self._answer(peer, moves)
        return waiting

    def _begin_anew(self, peer: PeerId, visited: Visited) -> None:
        for probe in (_PROBES, not _PROBES):
            self._pipelines.pop((peer, visited.job, probe), None)
        moves = Moves(visited.visit, visited.anew_ns, False)
        self._reports.begin_anew(
            visited.job, visited.anew_ns, partial(self._say, peer, moves)
        )  # fmt: skip

    def _say(self, peer: PeerId, moves: Moves) -> None:
        self._answer(peer, moves)

    def _pipeline(self, peer: PeerId, visited: Visited, *, probe: bool) -> CameraPipeline:
        known = self._known(visited.camera)
        key = peer, visited.job, probe
        found = self._pipelines.get(key)
        if found is None:
            found = self._pipelines[key] = CameraPipeline(
                visited.camera, self._detector, lambda _: _INTERVAL_NS, known.left_out,
                new_id=_ids(visited),
            )  # fmt: skip
        return found


def _ids(visited: Visited) -> Callable[[], str]:
    """Of tracks, the same where the same pictures are looked at again from the same one on: what
    makes up for something may be cut off, and is found once."""
    of = LATE if visited.job.startswith(LATE) else visited.job
    begins_ns = next((each.wall_ns for each in visited.items if isinstance(each, LiveFrame)), 0)
    numbers = count()
    return lambda: made_id(of, visited.camera, begins_ns, next(numbers))


def newest_ns(visited: Visited) -> int:
    """When its last picture came; 0 where it has none."""
    for item in reversed(visited.items):
        if isinstance(item, LiveFrame):
            return item.wall_ns
    return 0
