"""One camera's pictures, from coded frames to tracks: decode, motion, things, tracks.

The parts are joined here and nowhere else. What has to be looked for by a detector is handed out
(`Wanted`), because that is done for several cameras at once, and comes back in order.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from watchglass.analytics.detector import Detector, Look, Picture
from watchglass.analytics.motion import Motion, Moved
from watchglass.analytics.peeks import PEEKED
from watchglass.analytics.plane import Cells
from watchglass.analytics.spans import Spans
from watchglass.analytics.tamper import Tamper
from watchglass.analytics.tracker import Tracker
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import CameraError
from watchglass.base.ids import CameraId, random_id
from watchglass.media.cover import inside
from watchglass.media.decode import Picture as Decoded
from watchglass.media.decode import StreamDecoder, duration_ns
from watchglass.model.analysis import MotionSeen, SkipCause, Understood
from watchglass.model.detection import REGIONS, Detection
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.polygon import Point
from watchglass.model.visit import LOOKS_AT_ONE, VisitCause, Visited

_COARSE_NS = 600_000_000
"""Things were looked for less than twice a second, near enough."""
_AFTER_NS = 2 * NS_PER_S
"""Things are looked for so long after the last movement: who stands still is there yet."""
_MOTION_NS = 150_000_000
_SEEN_NS = NS_PER_S
_REST_NS = 2 * NS_PER_S
_GREY = 114
_SMALL = 64
"""Pixels; nothing is sure of what is less high."""
_FINER = 1.4
_TOGETHER_NS = 400_000_000
"""Of the two streams of a camera, pictures so near show the same."""
_LOG = log.get("analytics")
Polygons = tuple[tuple[Point, ...], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture in which things are to be looked for."""

    of: "CameraPipeline"
    at_ns: int
    look: Look


class CameraPipeline:
    """``interval_ns`` says how far apart things are looked for just now. Not thread-safe."""

    def __init__(
        self,
        camera: CameraId,
        detector: Detector,
        interval_ns: Callable[[int], int],
        left_out: Polygons = (),
        priority: int = 0,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self.camera = camera
        self.priority = priority
        self._detector = detector
        self._interval_ns = interval_ns
        self._left_out = left_out
        self._new_id = new_id
        self._motion = Motion(left_out)
        self._tamper = Tamper(camera, random_id)
        self._tracker: Tracker | None = None
        self._decoder: StreamDecoder | None = None
        self._peeker: StreamDecoder | None = None
        """Decodes what is only glanced at."""
        self._told: list[Understood] = []
        self._spans = Spans(camera)
        self._seen = _MotionSummary(camera)
        self._hidden: dict[tuple[int, int], Cells] = {}
        self._fine_decoder: StreamDecoder | None = None
        self._fine: Decoded | None = None
        self._newest: Moved | None = None
        self._motion_ns = self._moved_ns = self._looked_ns = self._at_ns = 0
        self.looks = 0
        self.fine_looks = 0
        self.pictures = 0
        self.failed = 0

    @property
    def at_ns(self) -> int:
        """The time of the newest picture, UTC."""
        return self._at_ns

    def leave_out(self, polygons: Polygons) -> None:
        """Masks and ignore areas, from now on."""
        if polygons != self._left_out:
            self._left_out = polygons
            self._hidden.clear()
            self._motion.leave_out(polygons)

    def see(self, visited: Visited) -> tuple[bool, list[Wanted]]:
        """Whether anything moves in these pictures, and where things are to be looked for."""
        if visited.cause is VisitCause.PEEK:
            return self._peek(visited), []
        probe = visited.cause is VisitCause.PROBE
        moving, wanted = False, list[Wanted]()
        for item in visited.items:
            if isinstance(item, LiveShape):
                self._use(item)
                continue
            for picture in self._decode(item, self._decoder):
                moving = self._look(picture, probe=probe) or moving
                if not probe:
                    self._want(picture, wanted)
        if visited.last and self._decoder is not None:
            for picture in self._decoder.flush():
                moving = self._look(picture, probe=probe) or moving
                if not probe:
                    self._want(picture, wanted)
        return moving, wanted

    def _peek(self, visited: Visited) -> bool:
        """Whether anything shows in the last of these pictures; the others only lead to them."""
        newest: deque[Decoded] = deque(maxlen=PEEKED)
        for item in visited.items:
            if isinstance(item, LiveShape):
                self._use(item)
            else:
                newest += self._decode(item, self._peeker)
        if self._peeker is not None:
            newest += self._peeker.flush()
        self.pictures += len(newest)
        return any(self._motion.peek(each.luma(), each.wall_ns) for each in newest)

    @property
    def wants_finer(self) -> bool:
        """Whether something that moves is too small to be named in these pictures."""
        decoder, newest = self._decoder, self._newest
        if decoder is None or newest is None or self._detector.identity == REGIONS:
            return False
        height = decoder.shape.height
        return any((each.box.y1 - each.box.y0) * height < _SMALL for each in newest.regions)

    def refine(self, visited: Visited) -> None:
        """A key frame of the large stream: the next look is at it, if that is soon."""
        for item in visited.items:
            if isinstance(item, LiveShape):
                self._use_fine(item)
            elif self._fine_decoder is not None and self.wants_finer:
                found = [*self._fine_decoder.decode(item), *self._fine_decoder.flush()]
                self._fine = found[-1] if found else None

    def skip(self, visited: Visited, cause: SkipCause) -> None:
        """These are not looked at."""
        for item in visited.items:
            if isinstance(item, LiveFrame) and visited.cause not in LOOKS_AT_ONE:
                self._spans.skipped(item.wall_ns, item.wall_ns + duration_ns(item), cause)

    def found(self, at_ns: int, detections: Sequence[Detection]) -> None:
        """What a detector found in the picture of that time."""
        if self._tracker is not None:
            self._told += self._tracker.see(at_ns, detections)

    def take(self, now_ns: int) -> list[Understood]:
        """All that was understood since the last time; ``now_ns`` is UTC."""
        self._told += self._seen.take(now_ns)
        self._told += self._spans.take()
        if self._tracker is not None and now_ns - self._at_ns > _REST_NS:
            self._told += self._tracker.rest(now_ns - _REST_NS)
        told, self._told = self._told, []
        return told

    def close(self) -> list[Understood]:
        """The camera is gone: all that goes on is over."""
        if self._tracker is not None:
            self._told += self._tracker.close()
            self._tracker = None
        self._decoder = self._peeker = None
        return self.take(self._at_ns)

    # --- a picture -----------------------------------------------------------------------------

    def _use(self, shape: LiveShape) -> None:
        decoder = self._decoder
        if decoder is not None and decoder.shape.init == shape.init:
            return
        try:
            self._decoder = StreamDecoder(shape)
            self._peeker = StreamDecoder(shape, roughly=True)
        except CameraError as error:
            self._decoder = self._peeker = None
            _LOG.warning("not_understood", camera=self.camera, error=error.sentence)
        aspect = shape.width / shape.height if shape.width and shape.height else 16 / 9
        if self._tracker is not None:
            self._told += self._tracker.close()
        self._tracker = Tracker(
            self.camera, self._detector.identity, aspect=aspect, new_id=self._new_id
        )  # fmt: skip

    def _decode(self, frame: LiveFrame, decoder: StreamDecoder | None) -> list[Decoded]:
        from_ns, to_ns = frame.wall_ns, frame.wall_ns + duration_ns(frame)
        if decoder is None:
            self._spans.skipped(from_ns, to_ns, SkipCause.UNREADABLE)
            return []
        failed = decoder.failed
        found = decoder.decode(frame)
        if decoder.failed > failed:
            self.failed += decoder.failed - failed
            self._spans.skipped(from_ns, to_ns, SkipCause.UNREADABLE)
        elif decoder.waits:
            # What came before it was let go of, because there was too much.
            self._spans.skipped(from_ns, to_ns, SkipCause.OVERLOAD)
        return found

    def _look(self, picture: Decoded, *, probe: bool) -> bool:
        self.pictures += 1
        at_ns = picture.wall_ns
        if not probe:
            if at_ns <= self._at_ns:
                return False  # seen already: a visit begins with what the last one ended with
            self._at_ns = at_ns
            self._spans.looked(at_ns, at_ns + picture.duration_ns, coarse=self._is_coarse(at_ns))
        # After a probe that found something comes what lies before it.
        if 0 <= at_ns - self._motion_ns < _MOTION_NS:
            return False
        self._motion_ns = at_ns
        luma = picture.luma()
        tampered = self._tamper.look(luma, at_ns)
        if tampered is not None:
            self._told.append(tampered)
        if probe:
            return _shows(self._motion.probe(luma, at_ns))
        moved = self._newest = self._motion.look(luma, at_ns)
        if moved.moving:
            self._moved_ns = at_ns
            self._seen.add(moved, at_ns)
        return _shows(moved)

    def _is_active(self, at_ns: int) -> bool:
        return 0 <= at_ns - self._moved_ns <= _AFTER_NS

    def _is_coarse(self, at_ns: int) -> bool:
        looked_ns = self._looked_ns
        return looked_ns > 0 and self._is_active(at_ns) and at_ns - looked_ns > _COARSE_NS

    def _want(self, picture: Decoded, wanted: list[Wanted]) -> None:
        at_ns = picture.wall_ns
        if at_ns < self._at_ns:
            return
        if not self._is_active(at_ns):
            self._looked_ns = 0
            return
        if at_ns - self._looked_ns < self._interval_ns(self.priority):
            return
        self._looked_ns = at_ns
        self.looks += 1
        regions = self._newest.regions if self._newest is not None else ()
        boxes = tuple(each.box for each in regions)
        wanted.append(Wanted(self, at_ns, Look(self._shown(self._finest(picture)), boxes)))

    def _finest(self, picture: Decoded) -> Decoded:
        """The large stream's picture of that moment, where there is one."""
        fine, self._fine = self._fine, None
        if fine is None or abs(fine.wall_ns - picture.wall_ns) > _TOGETHER_NS:
            return picture
        self.fine_looks += 1
        return fine

    def _use_fine(self, shape: LiveShape) -> None:
        before = self._fine_decoder
        if before is not None and before.shape.init == shape.init:
            return
        self._fine_decoder = self._fine = None
        if self._decoder is None or shape.height < _FINER * self._decoder.shape.height:
            return
        try:
            self._fine_decoder = StreamDecoder(shape)
        except CameraError as error:
            _LOG.warning("not_looked_at_closely", camera=self.camera, error=error.sentence)

    def _shown(self, picture: Decoded) -> Picture:
        shown = picture.bgr()
        if not self._left_out:
            return shown
        rows, columns = shown.shape[:2]
        hidden = self._hidden.get((rows, columns))
        if hidden is None:
            hidden = np.zeros((rows, columns), np.bool_)
            for polygon in self._left_out:
                hidden |= inside(polygon, columns, rows)
            if len(self._hidden) > 1:
                self._hidden.clear()
            self._hidden[rows, columns] = hidden
        shown = shown.copy()
        shown[hidden] = _GREY
        return shown


def _shows(moved: Moved) -> bool:
    """Whether more should be looked at: something moves, or may."""
    return moved.moving or bool(moved.hints)


class _MotionSummary:
    """Movement second by second: how much at most, and where."""

    def __init__(self, camera: CameraId) -> None:
        self._camera = camera
        self._now: MotionSeen | None = None
        self._until_ns = 0
        self._ended: list[MotionSeen] = []

    def add(self, moved: Moved, at_ns: int) -> None:
        where = moved.where
        now = self._now
        if where is None:
            return
        if now is not None and at_ns - now.from_ns >= _SEEN_NS:
            self._ended.append(now)
            now = None
        if now is None:
            # It is sure of it some pictures after it was first seen.
            from_ns = max(moved.since_ns, self._until_ns)
            self._now = MotionSeen(
                camera=self._camera, from_ns=min(from_ns, at_ns), to_ns=at_ns + 1,
                amount=moved.amount, where=where,
            )  # fmt: skip
        else:
            larger = moved.amount > now.amount
            self._now = MotionSeen(
                camera=self._camera, from_ns=now.from_ns, to_ns=max(now.to_ns, at_ns),
                amount=moved.amount if larger else now.amount,
                where=where if larger else now.where,
            )  # fmt: skip
        self._until_ns = at_ns

    def take(self, now_ns: int) -> list[MotionSeen]:
        """Seconds that are over."""
        if self._now is not None and now_ns - self._now.from_ns >= 2 * _SEEN_NS:
            self._ended.append(self._now)
            self._now = None
        taken, self._ended = self._ended, []
        return taken
