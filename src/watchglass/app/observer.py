"""What is known of the recorder at one moment: its processes, their last words, what they are to
record."""

import threading
from collections.abc import Callable

from watchglass.app.child import Child
from watchglass.app.crew import Crew
from watchglass.app.health import Heard, Observed, Wanted
from watchglass.app.listener import Word
from watchglass.base.clock import Clock
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName
from watchglass.model.vitals import WorkerVitals

_Key = tuple[str, CameraId, StreamName]


class Observer:
    """Thread-safe. ``serving_ns`` is asked for the moment when the control socket was last looked
    at, ``unserved`` for sentences on what is not served where it is to be."""

    def __init__(
        self,
        crew: Callable[[], Crew],
        words: Callable[[], dict[str, Word]],
        serving_ns: Callable[[], int],
        clock: Clock,
        unserved: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._crew = crew
        self._words = words
        self._serving_ns = serving_ns
        self._clock = clock
        self._unserved = unserved
        self._lock = threading.Lock()
        self._seen: dict[_Key, int] = {}

    def observe(self) -> Observed:
        crew, words = self._crew(), self._words()
        now_ns = self._clock.monotonic_ns()
        workers = tuple(_heard(child, words) for child in crew.workers)
        return Observed(
            now_ns,
            self._serving_ns(),
            _heard(crew.keeper, words),
            workers,
            tuple(_heard(child, words) for child in crew.others),
            self._wanted(crew, workers, now_ns),
            tuple(sorted(crew.apart.items())),
            self._unserved(),
        )

    def _wanted(self, crew: Crew, workers: tuple[Heard, ...], now_ns: int) -> tuple[Wanted, ...]:
        told = {
            (worker.name, each.camera, each.stream): worker.heard_ns
            for worker in workers
            if isinstance(worker.vitals, WorkerVitals)
            for each in worker.vitals.streams
        }
        found = [
            (worker, camera, each.stream)
            for worker, cameras in crew.cameras.items()
            for camera in cameras
            for each in camera.streams
        ]
        with self._lock:
            before = self._seen
            # One that is held is not expected to be heard of: its time begins when it is let go.
            self._seen = {
                key: now_ns if camera.quarantined else told.get(key, before.get(key, now_ns))
                for worker, camera, stream in found
                for key in [(worker, camera.camera, stream)]
            }
            return tuple(
                Wanted(
                    camera.camera, stream, camera.volume, worker,
                    self._seen[worker, camera.camera, stream], camera.quarantined,
                )
                for worker, camera, stream in found
            )  # fmt: skip


def _heard(child: Child, words: dict[str, Word]) -> Heard:
    word = words.get(child.name, Word(child.beat_ns, None))
    # What the life before it said counts no more.
    vitals = word.vitals if word.heard_ns > child.started_ns else None
    return Heard(child.name, child.started_ns, child.restarts, word.heard_ns, vitals)
