"""How a recorder is, in three words and sentences."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId


class HealthState(StrEnum):
    """``degraded``: something is not as wanted, and the recorder does its part. ``failing``: what
    comes is not recorded, or may not be."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


class Reason(msgspec.Struct, frozen=True):
    """One thing that is not as it should be. ``stuck``: a part of the recorder does nothing any
    more, and a start anew may help; of ``process`` alone, where it is named. Named without
    ``stuck``, it hangs and recording does not need it. ``sentence`` names a
    camera by its id."""

    state: HealthState
    sentence: str
    camera: CameraId | None = None
    stuck: bool = False
    process: str = ""
    understanding: bool = False
    """It is about what its pictures tell: the camera is recorded."""


class Health(msgspec.Struct, frozen=True, tag="health"):
    """A running recorder as of now: ``recorded`` of ``wanted`` cameras are being recorded."""

    state: HealthState
    recorded: int
    wanted: int
    reasons: tuple[Reason, ...]

    @property
    def lives(self) -> bool:
        """Whether recording lives: no part of the recorder is stuck."""
        return not any(reason.stuck for reason in self.reasons)
