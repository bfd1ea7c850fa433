"""What the API needs of cameras that are set up, beside how they stand now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.camera import BehindCamera
from watchglass.model.control import (
    AnalysisRequest,
    DisableRequest,
    EditCameraRequest,
    PauseRequest,
    RemoveCameraRequest,
    ResumeRequest,
    RetentionRequest,
    ScheduleRequest,
    SoundRequest,
    StateCameraRequest,
    SwapFoundRequest,
)
from watchglass.model.schedule import PauseSchedule
from watchglass.model.statement import Statement

CameraOrder = (
    PauseRequest
    | ResumeRequest
    | DisableRequest
    | EditCameraRequest
    | SwapFoundRequest
    | StateCameraRequest
    | ScheduleRequest
    | AnalysisRequest
    | SoundRequest
    | RetentionRequest
    | RemoveCameraRequest
)


@dataclass(frozen=True, slots=True)
class CameraAbout:
    """What people said of a camera. ``default_h``: how long what says nothing else is kept;
    ``longest_h``: up to which nobody is asked why. ``user``: as whom it is signed in to.
    ``devices``: those that have stood in its place, the one of now last."""

    statement: Statement
    schedule: PauseSchedule | None
    default_h: int
    longest_h: int
    country: str | None
    user: str
    devices: tuple[BehindCamera, ...] = ()


@dataclass(frozen=True, slots=True)
class RemovedCamera:
    """A camera that is removed and has recordings left. ``hours``: how long they are kept."""

    id: CameraId
    name: str
    erase: bool
    hours: int


@dataclass(frozen=True, slots=True)
class VolumeNow:
    """A volume as of now; what is None is not known. ``days``: how many fit at today's rate."""

    id: VolumeId
    path: str
    draining: bool
    cameras: int
    recorded_bytes: int
    free_bytes: int | None
    bytes_per_day: int | None
    days: float | None


@dataclass(frozen=True, slots=True)
class CameraPorts:
    """All calls block. ``order`` asks the running recorder; ``volumes`` may be a minute old."""

    order: Callable[[CameraOrder], CameraId]
    about: Callable[[CameraId], CameraAbout]
    volumes: Callable[[], Sequence[VolumeNow]]
    removed: Callable[[], Sequence[RemovedCamera]]
