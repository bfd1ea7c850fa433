"""Facts: what a camera-worker tells the keeper.

Each fact is named (by run and number, or by gap), so that telling it twice does no harm; the worker
keeps it until the keeper says that it is synced. A stream is at each moment either in a run or in a
gap: a run that ends opens the gap behind it, a run that starts closes the gap before it, and a new
gap takes the place of the one before. So no second can fall between two facts.

Wall times are UTC nanoseconds. Media times count in 1/90000 s since the run's start, those of a
sound fragment in 1/sample rate.
"""

from typing import Literal

import msgspec

from watchglass.base.ids import CameraId, GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track


class RunStarted(msgspec.Struct, frozen=True, tag="run_started"):
    """The first file of a run exists; ``wall_ns`` is the arrival of its first picture.

    Ends the stream's open gap where the run's media begins.
    """

    run: RunId
    camera: CameraId
    stream: StreamName
    wall_ns: int


class RunEnded(msgspec.Struct, frozen=True, tag="run_ended"):
    """Nothing follows in this run; ``media_to`` is the end of its last picture.

    Opens ``gap`` there, for ``cause``.
    """

    run: RunId
    camera: CameraId
    stream: StreamName
    media_to: int
    wall_ns: int
    gap: GapId
    cause: GapCause


class FileOpened(msgspec.Struct, frozen=True, tag="file_opened"):
    """A media file exists, its header is written."""

    run: RunId
    camera: CameraId
    stream: StreamName
    volume: VolumeId
    sequence: int
    first_fragment: int
    media_from: int
    wall_ns: int
    header_bytes: int
    header_leaf: bytes
    codec: str
    width: int
    height: int
    sound: str


class FragmentWritten(msgspec.Struct, frozen=True, tag="fragment"):
    """A fragment was handed to the kernel (not yet synced)."""

    run: RunId
    camera: CameraId
    sequence: int
    number: int
    track: Track
    offset: int
    length: int
    media_time: int
    duration: int
    flags: int
    wall_ns: int
    leaf: bytes


class FileClosed(msgspec.Struct, frozen=True, tag="file_closed"):
    """The footer is written; ``length`` is the file's whole length."""

    run: RunId
    camera: CameraId
    stream: StreamName
    sequence: int
    length: int
    fragments: int
    root: bytes
    media_to: int


class GapOpened(msgspec.Struct, frozen=True, tag="gap_opened"):
    """The stream, not in a run, has another cause from ``wall_ns`` on."""

    gap: GapId
    camera: CameraId
    stream: StreamName
    cause: GapCause
    wall_ns: int


class Hole(msgspec.Struct, frozen=True, tag="hole"):
    """A gap inside a run, from the last picture before to the next key frame."""

    gap: GapId
    run: RunId
    camera: CameraId
    stream: StreamName
    cause: GapCause
    media_from: int
    media_to: int
    wall_ns: int


class SoundBroke(msgspec.Struct, frozen=True, tag="sound_broke"):
    """Sound stopped, or came too late to be kept: noted, not a gap."""

    run: RunId
    camera: CameraId
    stream: StreamName
    wall_ns: int
    what: Literal["stopped", "late", "changed"]


class StreamIs(msgspec.Struct, frozen=True, tag="stream_is"):
    """Said on each (re)connection to the keeper: a live worker has this stream.

    ``run`` is set while it records.
    """

    camera: CameraId
    stream: StreamName
    run: RunId | None = None


Fact = (
    RunStarted
    | RunEnded
    | FileOpened
    | FragmentWritten
    | FileClosed
    | GapOpened
    | Hole
    | SoundBroke
    | StreamIs
)
