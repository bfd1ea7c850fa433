"""Who looks: visits come from camera-workers, what was understood goes on, in one thread.

Pictures of several cameras are looked at together where a detector is faster so. Where more comes
than can be looked at, things are looked for less often, all cameras alike (`pace`); where even that
is too much, credit is held back and the camera-workers let go of the oldest.
"""

from collections import deque
from collections.abc import Sequence

from watchglass.analytics.detector import Detector
from watchglass.analytics.metrics import analyst_samples
from watchglass.analytics.pace import Pace
from watchglass.analytics.past import Past, newest_ns
from watchglass.analytics.pipeline import CameraPipeline, Wanted
from watchglass.analytics.reports import Reports
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import CameraId
from watchglass.base.signpost import signposted
from watchglass.bus.endpoint import Listener
from watchglass.bus.message import Codec
from watchglass.bus.peer import PeerId
from watchglass.bus.proof import Key
from watchglass.bus.server import BusServer, PeerJoined, PeerLost, Received
from watchglass.model.analysis import SkipCause, Tampered, Understood
from watchglass.model.metric import Sample
from watchglass.model.object_track import TrackPart
from watchglass.model.visit import (
    LOOKS_AT_ONE,
    Accounted,
    Analysed,
    FromAnalyst,
    Moves,
    Noted,
    ToAnalyst,
    Visited,
)

CREDIT_BYTES = 4 << 20
_TELL_NS = NS_PER_S // 4
_GATHER_NS = NS_PER_S
"""What nobody waits for is gathered so long."""
_LISTEN_NS = NS_PER_S
"""Who sends hears of it at least so often, however much there is to look at: silence would end
the link, and all that is on its way."""
_PROMPT_S = 0.7
"""While pictures of now wait longer, the past waits."""
_LOG = log.get("analytics")


News = Received[ToAnalyst] | PeerJoined | PeerLost


class Analyst:
    """Serves ``endpoint``. Owned by one thread, which calls ``turn`` again and again."""

    def __init__(
        self,
        endpoint: str | Listener,
        key: str,
        reports: Reports,
        detector: Detector,
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        """AlreadyRunningError when another serves there."""
        self._server: BusServer[ToAnalyst, FromAnalyst] = BusServer(
            endpoint, Codec[ToAnalyst](ToAnalyst), Codec[FromAnalyst](FromAnalyst),
            credit_bytes=CREDIT_BYTES, clock=clock, key=Key(key),
        )  # fmt: skip
        self._reports = reports
        self._detector = detector
        self._clock = clock
        self._pace = pace or Pace()
        self._known: dict[CameraId, Analysed] = {}
        self._held: frozenset[CameraId] = frozenset()
        self._cameras: dict[CameraId, CameraPipeline] = {}
        self._past = Past(detector, self._analysed, reports, self._server.send)
        self._news: deque[News] = deque()
        self._due_ns = self._told_ns = self._heard_ns = 0
        self._untold: list[Understood] = []
        self.turned_ns = clock.monotonic_ns()

    def use(self, cameras: Sequence[Analysed], held: Sequence[CameraId]) -> None:
        """What is left out of each camera's picture, and which are not looked at at all."""
        self._known = {each.camera: each for each in cameras}
        self._held = frozenset(held)
        for camera in self._held & self._cameras.keys():
            self._reports.put(self._cameras.pop(camera).close())
        for camera, pipeline in self._cameras.items():
            known = self._known.get(camera)
            if known is not None:
                pipeline.leave_out(known.left_out)
                pipeline.priority = known.priority

    def wake(self) -> None:
        """End the turn under way; for any thread."""
        self._server.wake()

    def turn(self, timeout_s: float) -> None:
        """Wait for news as long as that, look at what came, tell what was understood. What takes
        longer than a second to look at is left to the next turns, so that looks become fewer
        before it is too much."""
        self._listen(0 if self._news or self._past.waits else timeout_s)
        begun_ns = self._heard_ns
        wanted: list[Wanted] = []
        done: list[tuple[PeerId, int]] = []
        newest = 0
        while self._news and self._clock.monotonic_ns() - begun_ns < _LISTEN_NS:
            match self._news.popleft():
                case Received(peer=peer, message=Accounted() as accounted, size_bytes=size_bytes):
                    self._account(peer, accounted)
                    done.append((peer, size_bytes))
                case Received(peer=peer, message=Visited() as visited, size_bytes=size_bytes) if (
                    visited.job
                ):
                    self._past.put(peer, visited, size_bytes)
                case Received(peer=peer, message=Visited() as visited, size_bytes=size_bytes):
                    wanted += self._visit(peer, visited)
                    newest = max(newest, newest_ns(visited))
                    done.append((peer, size_bytes))
                case PeerLost(peer):
                    # Its visits end with it: each that follows begins with a key frame.
                    self._past.lost(peer)
            if len(wanted) >= self._detector.batch:
                self._detect(wanted)
                wanted = []
        self._detect(wanted)
        # Only now: who has not looked yet is not ready for more.
        for peer, size_bytes in done:
            self._server.done(peer, size_bytes)
        now_ns = self._clock.monotonic_ns()
        self._look_back(now_ns, (self._clock.wall_ns() - newest) / NS_PER_S if newest else None)
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + _TELL_NS
            self._tell(now_ns)
        self._reports.turn()
        self.turned_ns = now_ns

    def _listen(self, timeout_s: float) -> None:
        self._news += self._server.poll(timeout_s)
        self._heard_ns = self._clock.monotonic_ns()

    def close(self) -> None:
        self._reports.put(self._untold)
        for pipeline in self._cameras.values():
            self._reports.put(pipeline.close())
        self._reports.turn()
        self._server.close()

    def samples(self, process: str) -> list[Sample]:
        """The numbers of now, for monitors; may be called by another thread."""
        cameras = list(self._cameras.values())
        return analyst_samples(
            process, self._pace, sum(each.pictures for each in cameras),
            sum(each.looks for each in cameras), sum(each.failed for each in cameras),
        ) + self._reports.samples(process)  # fmt: skip

    def _visit(self, peer: PeerId, visited: Visited) -> list[Wanted]:
        pipeline = self._pipeline(visited.camera)
        if visited.camera in self._held:
            if not visited.fine:
                pipeline.skip(visited, SkipCause.SET_APART)
                moves = Moves(visited.visit, newest_ns(visited), False, apart=True)
                self._server.send(peer, moves)
            return []
        if visited.fine:
            signposted(visited.camera, lambda: pipeline.refine(visited))()
            return []
        # A picture may end this process: then its frame says whose it was.
        moving, wanted = signposted(visited.camera, lambda: pipeline.see(visited))()
        at_ns = newest_ns(visited)
        if at_ns or visited.cause in LOOKS_AT_ONE:
            finer = moving and pipeline.wants_finer
            self._server.send(peer, Moves(visited.visit, at_ns, moving, finer))
        return wanted

    def _pipeline(self, camera: CameraId) -> CameraPipeline:
        found = self._cameras.get(camera)
        if found is None:
            known = self._analysed(camera)
            found = self._cameras[camera] = CameraPipeline(
                camera, self._detector, self._pace.interval_ns, known.left_out, known.priority
            )
        return found

    def _analysed(self, camera: CameraId) -> Analysed:
        return self._known.get(camera) or Analysed(camera=camera)

    def _detect(self, wanted: list[Wanted]) -> None:
        for first in range(0, len(wanted), self._detector.batch):
            now = wanted[first : first + self._detector.batch]
            found = self._detector.detect([each.look for each in now])
            for one, detections in zip(now, found, strict=True):
                one.of.found(one.at_ns, detections)
            if self._clock.monotonic_ns() - self._heard_ns >= _LISTEN_NS:
                self._listen(0)

    def _look_back(self, now_ns: int, waited_s: float | None) -> None:
        """At the past, unless pictures of now had to wait (None: there were none)."""
        if waited_s is not None:
            self._pace.waited(now_ns, waited_s)
        if waited_s is None or waited_s < _PROMPT_S:
            looked = self._past.look()
            if looked is not None:
                self._server.done(looked.peer, looked.size_bytes)

    def _account(self, peer: PeerId, accounted: Accounted) -> None:
        """It is noted when it is written down, and not when it has only come this far."""

        def noted() -> None:
            self._server.send(peer, Noted(accounted.session, accounted.number))

        self._reports.put(accounted.spans, noted)

    def _tell(self, now_ns: int) -> None:
        """Of things at once, as rules wait for that; of all else now and then."""
        wall_ns = self._clock.wall_ns()
        new = [item for each in self._cameras.values() for item in each.take(wall_ns)]
        self._untold += new
        prompt = any(isinstance(each, TrackPart | Tampered) for each in new)
        if self._untold and (prompt or now_ns - self._told_ns >= _GATHER_NS):
            self._told_ns = now_ns
            told, self._untold = self._untold, []
            self._reports.put(told)
