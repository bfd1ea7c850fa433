"""Which worker records which camera, and who leaves whom when a worker crashes."""

import signal
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from watchglass.app.quarantine import Quarantine
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.assignment import AssignedCamera

_UNNAMED_NS = 60 * NS_PER_S
_CRASHED = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGILL, -signal.SIGFPE, 70}
"""Ends that a worker finds by itself: nobody sends these, and 70 is a thread that failed."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A camera that may have made its worker crash, its worker from now on, and how long it is
    held."""

    camera: CameraId
    worker: str
    held_s: float


class Placement:
    """Cameras by worker; a worker's name is its for good. Not thread-safe."""

    def __init__(self, cameras_per_worker: int, clock: Clock) -> None:
        self._per_worker = cameras_per_worker
        self._clock = clock
        self._quarantine = Quarantine(clock)
        self._cameras: dict[str, dict[CameraId, AssignedCamera]] = {}
        self._unnamed_ns: dict[str, int] = {}
        self._fenced_off: dict[str, set[VolumeId]] = defaultdict(set)

    @property
    def workers(self) -> Iterable[str]:
        return self._cameras

    def cameras(self, worker: str) -> tuple[AssignedCamera, ...]:
        """A worker's cameras, each as it is to be treated now."""
        return tuple(map(self._as_of_now, self._cameras[worker].values()))

    def count(self, worker: str) -> int:
        return len(self._cameras[worker])

    def find(self, camera: CameraId) -> tuple[str, AssignedCamera] | None:
        """Where a camera is, and how it is to be treated now."""
        for worker, cameras in self._cameras.items():
            if camera in cameras:
                return worker, self._as_of_now(cameras[camera])
        return None

    def give(self, camera: AssignedCamera) -> str:
        """Place a camera; the name of its worker, which may be new."""
        worker = self._worker_for(camera)
        self._cameras[worker][camera.camera] = camera
        return worker

    def look_at(self, camera: CameraId, on: bool) -> str | None:
        """Have it looked at or not, by the worker that has it; which that is."""
        for worker, cameras in self._cameras.items():
            if camera in cameras:
                cameras[camera] = msgspec.structs.replace(cameras[camera], analysis=on)
                return worker
        return None

    def take(self, camera: CameraId) -> str | None:
        """Take a camera out; the worker that had it."""
        for worker, cameras in self._cameras.items():
            if cameras.pop(camera, None) is not None:
                return worker
        return None

    def worker_died(
        self, worker: str, suspect: CameraId | None, exit_code: int
    ) -> tuple[Suspect, ...]:
        """Set apart who may have made it crash; ``suspect`` is whom it named itself.

        Its successor is fenced in anew, with all volumes that there are.
        """
        self._fenced_off.pop(worker, None)
        cameras = self._cameras[worker]
        found = self._suspects(worker, suspect) if exit_code in _CRASHED else []
        return tuple(self._set_apart(worker, cameras[camera]) for camera in found)

    def _suspects(self, worker: str, suspect: CameraId | None) -> list[CameraId]:
        cameras = self._cameras[worker]
        if suspect is not None or len(cameras) == 1:
            return [camera for camera in cameras if suspect in (camera, None)]
        # It was no reader. Once is let pass; twice within a minute, and each is tried apart.
        now_ns = self._clock.monotonic_ns()
        before_ns = self._unnamed_ns.get(worker)
        self._unnamed_ns[worker] = now_ns
        is_new = before_ns is None or now_ns - before_ns > _UNNAMED_NS
        return [] if is_new else list(cameras)

    def _set_apart(self, worker: str, camera: AssignedCamera) -> Suspect:
        held_s = self._quarantine.crashed(camera.camera)
        if len(self._cameras[worker]) > 1:
            del self._cameras[worker][camera.camera]
            worker = self.give(camera)
        return Suspect(camera.camera, worker, held_s)

    def fenced_off(self, worker: str, volume: VolumeId) -> tuple[CameraId, ...] | None:
        """A worker cannot reach a volume: its cameras there, which have other workers from now on.

        None when it has no other cameras: then it had better be started again.
        """
        self._fenced_off[worker].add(volume)
        cameras = self._cameras[worker]
        there = [camera for camera in cameras.values() if camera.volume == volume]
        if there and len(there) == len(cameras):
            return None
        for camera in there:
            del cameras[camera.camera]
            self.give(camera)
        return tuple(camera.camera for camera in there)

    def _worker_for(self, camera: AssignedCamera) -> str:
        """One with room; one of its own for a camera that stands apart."""
        apart = self._quarantine.stands_apart
        most = 1 if apart(camera.camera) else self._per_worker
        for name, cameras in self._cameras.items():
            reaches = camera.volume not in self._fenced_off[name]
            if len(cameras) < most and reaches and not any(map(apart, cameras)):
                return name
        name = f"camera-worker-{len(self._cameras) + 1}"
        self._cameras[name] = {}
        return name

    def _as_of_now(self, camera: AssignedCamera) -> AssignedCamera:
        held = self._quarantine.holds(camera.camera)
        return msgspec.structs.replace(camera, quarantined=True) if held else camera
