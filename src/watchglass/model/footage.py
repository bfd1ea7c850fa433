"""Footage that another system recorded, brought along: never taken for our own."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId, VolumeId


class TimeFrom(StrEnum):
    """Where the claimed time of imported footage comes from."""

    PERSON = "person"
    NAME = "name"
    METADATA = "metadata"


class FootageRead(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a file. ``made_ns``: when (UTC) it says itself that it was made;
    ``passed_over``: pictures before the first that stands alone."""

    codec: str
    width: int
    height: int
    frames: int
    length_ns: int
    damaged: bool = False
    passed_over: int = 0
    made_ns: int | None = None


class FootageAnswer(msgspec.Struct, frozen=True):
    """Of the process that reads it; ``error`` is a sentence for the user."""

    read: FootageRead | None = None
    error: str = ""


class Footage(msgspec.Struct, frozen=True, kw_only=True, tag="footage"):
    """A file that was imported: ``id`` is made of ``original``, the SHA-256 (hex) of the file as it
    was brought; ``sha256`` is that of the file as it is kept, ``length`` bytes long. The times
    (UTC ns) are claimed, not known."""

    id: str
    camera: CameraId
    volume: VolumeId
    from_ns: int
    to_ns: int
    length: int
    sha256: str
    original: str
    time_from: TimeFrom
    codec: str
    damaged: bool = False
