"""Key frames of a camera's large stream, sent while what moves is too small for the small one."""

import threading
from collections.abc import Callable, Sequence

from watchglass.analytics.gated import Put
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.live import LiveFrame, LiveItem, LiveShape
from watchglass.model.visit import VisitCause, Visited

_APART_NS = NS_PER_S
_MOST_BYTES = 2 << 20


class Finer:
    """Of one camera; a sink of its large stream, followed only while it is wanted: one key frame a
    second at most, of 2 MB at most. Thread-safe."""

    def __init__(self, camera: CameraId, put: Put, new_visit: Callable[[], str]) -> None:
        self.camera = camera
        self._put = put
        self._new_visit = new_visit
        self._lock = threading.Lock()
        self._shape: LiveShape | None = None
        self._sent_ns = 0
        self.sent = 0

    def __call__(self, items: Sequence[LiveItem]) -> None:
        with self._lock:
            # Of what comes at once the newest alone is of now.
            newest: LiveFrame | None = None
            for item in items:
                if isinstance(item, LiveShape):
                    self._shape, newest = item, None
                elif item.is_key:
                    newest = item
            if newest is None or self._shape is None or len(newest.data) > _MOST_BYTES:
                return
            if 0 <= newest.wall_ns - self._sent_ns < _APART_NS:
                return
            self._sent_ns = newest.wall_ns
            self.sent += self._put(
                Visited(
                    visit=self._new_visit(), camera=self.camera, cause=VisitCause.PROBE,
                    items=(self._shape, newest), last=True, fine=True,
                )
            )  # fmt: skip
