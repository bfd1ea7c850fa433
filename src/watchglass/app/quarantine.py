"""Cameras that made their worker crash: how often, and how long each is left alone.

The first crash may be bad luck: the camera is tried again at once, apart. Each crash after that
keeps it from being recorded for twice as long as the one before, up to an hour; ten minutes
without one, and it begins anew. Kept in memory: a restart of the recorder gives every camera
another chance, for firmware and recorder may be new.
"""

from dataclasses import dataclass

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import CameraId

LEAST_HOLD_S = 30.0
MOST_HOLD_S = 3600.0
STEADY_S = 600.0


@dataclass(slots=True)
class _Suspect:
    """Times are monotonic ns."""

    crashes: int = 0
    free_ns: int = 0


class Quarantine:
    """Not thread-safe: the supervisor's lock is around it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._suspects: dict[CameraId, _Suspect] = {}

    def stands_apart(self, camera: CameraId) -> bool:
        """Whether it has crashed a worker, and so shares none any more."""
        return camera in self._suspects

    def holds(self, camera: CameraId) -> bool:
        """Whether it is not to be recorded now."""
        suspect = self._suspects.get(camera)
        return suspect is not None and self._clock.monotonic_ns() < suspect.free_ns

    def crashed(self, camera: CameraId) -> float:
        """It has made its worker crash; for how many seconds it is held now."""
        suspect = self._suspects.setdefault(camera, _Suspect())
        now_ns = self._clock.monotonic_ns()
        if now_ns - suspect.free_ns > STEADY_S * NS_PER_S:
            suspect.crashes = 0
        suspect.crashes += 1
        doublings = min(suspect.crashes - 2, 30)
        hold_s = min(LEAST_HOLD_S * 2.0**doublings, MOST_HOLD_S) if suspect.crashes > 1 else 0.0
        suspect.free_ns = now_ns + round(hold_s * NS_PER_S)
        return hold_s
