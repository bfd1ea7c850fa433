"""What the index answers with."""

from dataclasses import dataclass

import msgspec

from watchglass.base.ids import CameraId, GapId, HoldId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName

OPEN, CLOSED, DELETING = 0, 1, 2


# No dataclass: a rebuild makes millions of them, and these are made ten times as quickly.
class FileRow(msgspec.Struct, frozen=True, gc=False):
    """A media file as the index knows it; ``state`` is OPEN, CLOSED or DELETING."""

    run: RunId
    sequence: int
    camera: CameraId
    stream: StreamName
    volume: VolumeId
    opened_ns: int
    first_fragment: int
    media_from: int
    media_to: int
    wall_from: int
    wall_to: int
    rate_ppb: int
    length: int
    state: int
    codec: str
    width: int
    height: int
    sound: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """A gap; ``wall_to`` is None while it lasts. ``media_from`` is set for one inside a run."""

    id: GapId
    camera: CameraId
    stream: StreamName
    cause: GapCause
    wall_from: int
    wall_to: int | None
    after_run: RunId | None
    media_from: int | None
    media_to: int | None


@dataclass(frozen=True, slots=True)
class PurgedRow:
    """A span whose files are gone, by intent or not."""

    cause: GapCause
    wall_from: int
    wall_to: int


@dataclass(frozen=True, slots=True)
class StreamRow:
    """Since when a stream has to be accounted for, and until when."""

    camera: CameraId
    stream: StreamName
    added_ns: int
    removed_ns: int | None


@dataclass(frozen=True, slots=True)
class HoldRow:
    id: HoldId
    camera: CameraId
    wall_from: int
    wall_to: int


@dataclass(frozen=True, slots=True)
class ImportRow:
    """Footage that another system recorded, claimed to be of this span; CLOSED or DELETING."""

    camera: CameraId
    id: str
    volume: VolumeId
    wall_from: int
    wall_to: int
    imported_ns: int
    length: int
    sha256: str
    original: str
    time_from: str
    codec: str
    damaged: bool
    state: int


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """An erasure that was ordered; ``done_ns`` is None while some of it may still lie there."""

    id: str
    camera: CameraId
    wall_from: int
    wall_to: int
    ordered_ns: int
    done_ns: int | None
