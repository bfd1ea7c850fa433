"""A camera at whose pictures nobody is to look: what is recorded comes in, accounts go out."""

import threading
from collections.abc import Sequence

from watchglass.analytics.gated import Account
from watchglass.analytics.hold import span_of
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, SkipCause
from watchglass.model.live import LiveFrame, LiveItem

_APART_NS = 2 * NS_PER_S


class SwitchedOff:
    """Of one camera; a sink of its stream, as `Gated` is. Thread-safe."""

    def __init__(self, camera: CameraId, account: Account) -> None:
        self.camera = camera
        self._account = account
        self._lock = threading.Lock()
        self._from_ns = self._to_ns = 0

    def __call__(self, items: Sequence[LiveItem]) -> None:
        frames = [each for each in items if isinstance(each, LiveFrame)]
        if not frames:
            return
        from_ns, to_ns = span_of(frames)
        with self._lock:
            if not 0 <= from_ns - self._to_ns <= _APART_NS:
                self._settle()
                self._from_ns = from_ns
            self._to_ns = to_ns

    def tend(self) -> None:
        """Account for what came since the last time."""
        with self._lock:
            self._settle()

    def end(self) -> None:
        """It is looked at again, or not recorded any more."""
        self.tend()

    def _settle(self) -> None:
        if self._to_ns > self._from_ns:
            self._account(self.camera, self._from_ns, self._to_ns, Analysis.SKIPPED, SkipCause.OFF)
        self._from_ns = self._to_ns
