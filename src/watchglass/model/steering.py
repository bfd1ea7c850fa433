"""What the process that speaks ONVIF with cameras is told, and what it answers."""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId, MaskId
from watchglass.model.assignment import Shutdown
from watchglass.model.polygon import Point
from watchglass.model.way import Stand, Way

LEASE_S = 1.2
"""A movement that nobody goes on with ends after so long."""
MOST_PRESETS = 128
MOST_PRESET_NAME = 60


class CameraMask(msgspec.Struct, frozen=True):
    """A mask that the camera itself is to cover, or no longer (``wanted``). ``token``: its name
    there as of the last time, empty for none. Corners are from 0 to 1, from the upper left."""

    id: MaskId
    polygon: tuple[Point, ...]
    token: str
    wanted: bool


class MasksTold(msgspec.Struct, frozen=True, tag="masks_told"):
    """What a camera covers by now: the name there of each mask, empty for none."""

    camera: CameraId
    tokens: dict[MaskId, str]
    problem: str


class Spoken(msgspec.Struct, frozen=True):
    """A camera that is spoken to by ONVIF (see `model.camera.OnvifAddress`)."""

    camera: CameraId
    url: str
    profile: str
    ptz: bool
    events: bool
    user: str
    password: str
    masks: tuple[CameraMask, ...] = ()

    def __repr__(self) -> str:
        return f"Spoken({self.camera})"


class OnvifStart(msgspec.Struct, frozen=True, tag="speak"):
    """The first message; said again whenever there are other cameras, or more is allowed.

    ``allow``: hosts that may be cameras' although a rule of addresses forbids them.
    """

    stand: Stand
    cameras: tuple[Spoken, ...]
    allow: tuple[str, ...]
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO
    vitals: Way | None = None


ToOnvifWorker = OnvifStart | Shutdown


class Move(msgspec.Struct, frozen=True, tag="move"):
    """Turn and zoom at these speeds, -1 to 1: right, up and in are positive. It goes on for
    `LEASE_S` and ends then by itself; said again, it goes on."""

    camera: CameraId
    pan: float
    tilt: float
    zoom: float


class Halt(msgspec.Struct, frozen=True, tag="halt"):
    """End whatever moves."""

    camera: CameraId


class Centre(msgspec.Struct, frozen=True, tag="centre"):
    """Turn so that a point of the picture comes to its middle: -1 to 1 from the middle, right and
    up positive. Where the camera cannot say how wide it sees, it is a guess."""

    camera: CameraId
    x: float
    y: float


class GoTo(msgspec.Struct, frozen=True, tag="go_to"):
    """Turn to a preset."""

    camera: CameraId
    preset: str


class SavePreset(msgspec.Struct, frozen=True, tag="save_preset"):
    """Keep where it looks now, in the camera."""

    camera: CameraId
    name: str


class AskPtz(msgspec.Struct, frozen=True, tag="ask_ptz"):
    """Which presets it has, and where it looks."""

    camera: CameraId


Steering = Move | Halt | Centre | GoTo | SavePreset | AskPtz


class Preset(msgspec.Struct, frozen=True):
    """Kept in the camera; ``name`` is its text, made harmless."""

    token: str
    name: str


class PtzState(msgspec.Struct, frozen=True, tag="ptz_state"):
    """The position is as the camera tells it: pan and tilt -1 to 1, zoom 0 to 1; None where not."""

    presets: tuple[Preset, ...]
    pan: float | None
    tilt: float | None
    zoom: float | None
    moving: bool


class Steered(msgspec.Struct, frozen=True, tag="steered"):
    """The camera took it."""


class NotSteered(msgspec.Struct, frozen=True, tag="not_steered"):
    """An error's code and sentence."""

    code: str
    sentence: str


SteeringReply = PtzState | Steered | NotSteered
