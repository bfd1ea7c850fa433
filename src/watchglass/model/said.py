"""What cameras say that happens before them."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId

MOST_TEXT = 80


class SaidKind(StrEnum):
    """What a camera says that it saw. ``other``: its own words stand beside it."""

    MOTION = "motion"
    PERSON = "person"
    VEHICLE = "vehicle"
    LINE = "line"
    TAMPER = "tamper"
    OTHER = "other"


class SaidClock(StrEnum):
    """Whose time an event has: the camera's, put right by how far its clock is off, or that of the
    recorder when it heard of it, where the camera's cannot be."""

    CAMERA = "camera"
    RECORDER = "recorder"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a camera says it; told again with the same ``id``, it replaces what was told.

    Times are UTC ns of the recorder. ``to_ns`` is None while it goes on. ``count``: of how many
    messages it was made, or in how many its like were left out. ``text`` is the camera's, bounded
    and printable.
    """

    id: str
    camera: CameraId
    kind: SaidKind
    from_ns: int
    to_ns: int | None
    text: str = ""
    count: int = 1
    clock: SaidClock = SaidClock.CAMERA


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """The onvif-worker's word on its standard output. ``lost``: so many could not be told."""

    said: tuple[Said, ...]
    lost: int = 0
