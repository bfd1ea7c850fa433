"""The analytics-worker, as the supervisor keeps it: started again, told of changes, and without the
camera whose pictures made it crash, for a while."""

import os
import threading
from collections.abc import Callable
from typing import TypeAlias

from watchglass.app.child import Child
from watchglass.app.last_words import LastWords
from watchglass.app.ways import Ways
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import CameraId
from watchglass.config.settings import Settings
from watchglass.model.analyst import AnalystStart
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.visit import Analysed
from watchglass.model.way import Way

NAME = "analytics-worker"
_MODULE = "watchglass.app.analytics_worker"
_END_S = 4.0
_HELD_NS = (60 * NS_PER_S, 600 * NS_PER_S, 6 * 3600 * NS_PER_S)
"""After the first crash at a camera's pictures, the second, and all that follow."""
_STEADY_NS = 24 * 3600 * NS_PER_S
"""So long after it was let go without another, and it begins anew."""
_MOST_THREADS = 4
_LOG = log.get("supervisor")
_Changing: TypeAlias = tuple[tuple[Analysed, ...], tuple[CameraId, ...]]


class AnalystDesk:
    """``analysed`` says what is left out of which camera's picture; it is asked now and then.
    Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        ways: Ways,
        analysed: Callable[[], tuple[Analysed, ...]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._ways = ways
        self._analysed = analysed
        self._clock = clock
        self._lock = threading.Lock()
        self._crashes: dict[CameraId, int] = {}
        self._held: dict[CameraId, int] = {}
        self._told: _Changing | None = None
        self._words = LastWords()
        self.child = Child(
            NAME, _MODULE, self._start, clock, speaks=True, hear=self._words.hear, died=self._died
        )
        self._runs = False

    @property
    def held(self) -> dict[CameraId, int]:
        """Cameras whose pictures are left alone, for they made it crash, and until when (monotonic
        ns)."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            return {each: until for each, until in self._held.items() if until > now_ns}

    @property
    def runs(self) -> bool:
        return self._runs

    def start(self) -> None:
        """Start it, where pictures are to be understood at all."""
        if self._settings.analysis and not self._runs:
            self._runs = True
            self.child.start()

    def way(self, worker: str) -> Way | None:
        """By which a camera-worker comes to it; None where nothing is to be understood."""
        return self._ways.show_analyst(worker) if self._settings.analysis else None

    def keep_up(self) -> None:
        """Tell it what has changed since it was told last: what is left out, and who is held."""
        if self._runs:
            changing = self._changing()
            if changing != self._told and self.child.tell(self._message(changing)):
                self._told = changing

    def stop(self) -> None:
        if self._runs:
            self.child.stop(Shutdown(GapCause.RECORDER_STOPPED))
            self.child.wait(_END_S)

    def _start(self, _first: bool) -> AnalystStart:
        self._told = self._changing()
        return self._message(self._told)

    def _changing(self) -> _Changing:
        """What it is told anew whenever that is another: what is left out, and who is held."""
        return self._analysed(), tuple(sorted(self.held))

    def _message(self, changing: _Changing) -> AnalystStart:
        settings = self._settings
        analysed, held = changing
        return AnalystStart(
            self._ways.analyst, self._ways.tell_vitals(NAME), self._ways.tell_understood(NAME),
            analysed,
            str(settings.models), settings.model, threads(), settings.log_level.value,
            settings.log_json, held, settings.fences,
        )  # fmt: skip

    def _died(self, exit_code: int) -> None:
        """Before it is started again, which it is without the camera that it was at."""
        camera = self._words.take_suspect()
        if camera is None:
            return
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            if now_ns - self._held.get(camera, now_ns) > _STEADY_NS:
                del self._crashes[camera]
            crashes = self._crashes[camera] = self._crashes.get(camera, 0) + 1
            held_ns = _HELD_NS[min(crashes, len(_HELD_NS)) - 1]
            self._held[camera] = now_ns + held_ns
        _LOG.error(
            "camera_crashed_the_analyst", camera=camera, exit_code=exit_code,
            held_s=held_ns // NS_PER_S,
        )  # fmt: skip


def threads() -> int:
    """Processors that detection may keep busy: half of them are left to who records."""
    return max(1, min(_MOST_THREADS, (os.cpu_count() or 1) // 2))
