"""How each camera stands now, as the index and its newest file tell. All of it blocks."""

from dataclasses import dataclass
from enum import StrEnum

from watchglass.api.archive import path_of
from watchglass.api.filetable import FileTable
from watchglass.api.ports import ApiPorts
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId
from watchglass.model.camera import Camera, CameraState
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording.track import TrackHeader
from watchglass.store.index import FileRow, GapRow, IndexReader

_RECENT_NS = 2 * 3600 * NS_PER_S
_LONG_AGO_NS = 31 * 24 * 3600 * NS_PER_S
_AHEAD_NS = 24 * 3600 * NS_PER_S
_LAST_GAPS = 8
"""Enough to find the one that ended last: they hardly overlap, and a camera may have thousands."""


class Now(StrEnum):
    """Whether a camera is being recorded at this moment; ``paused`` is also one switched off."""

    RECORDING = "recording"
    GAP = "gap"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class StreamStanding:
    """A stream now. ``header`` is that of its newest file; None where there is none to be read."""

    stream: StreamName
    gap: GapRow | None
    newest: FileRow | None
    header: TrackHeader | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A camera now. ``since_ns``: since when it is as it is, None where nothing tells."""

    camera: Camera
    now: Now
    cause: GapCause | None
    since_ns: int | None
    streams: tuple[StreamStanding, ...]


def standings(ports: ApiPorts, files: FileTable) -> list[Standing]:
    """All cameras as of now."""
    now_ns = ports.clock.wall_ns()
    cameras = ports.cameras()
    with ports.index.read() as index:
        opened = {(row.camera, row.stream): row for row in index.open_files()}
        return [_standing(ports, files, index, camera, opened, now_ns) for camera in cameras]


def _standing(
    ports: ApiPorts,
    files: FileTable,
    index: IndexReader,
    camera: Camera,
    opened: dict[tuple[CameraId, StreamName], FileRow],
    now_ns: int,
) -> Standing:
    streams = []
    for each in camera.streams:
        gap = index.open_gap(camera.id, each.stream)
        newest = opened.get((camera.id, each.stream)) or _newest(
            index, camera.id, each.stream, gap, now_ns
        )
        streams.append(StreamStanding(each.stream, gap, newest, _header(ports, files, newest)))
    main = streams[0]
    now, cause = _now(camera, main)
    since_ns = main.gap.wall_from if main.gap is not None else None
    if now is Now.RECORDING:
        since_ns = _records_since(index, camera.id, main, now_ns)
    return Standing(camera, now, cause, since_ns, tuple(streams))


def _now(camera: Camera, main: StreamStanding) -> tuple[Now, GapCause | None]:
    if camera.state is CameraState.PAUSED:
        return Now.PAUSED, GapCause.PAUSED
    if camera.state is CameraState.DISABLED:
        return Now.PAUSED, GapCause.DISABLED
    if main.gap is not None:
        return Now.GAP, main.gap.cause
    if main.newest is None:
        return Now.GAP, GapCause.WAITING_KEY_FRAME
    return Now.RECORDING, None


def _newest(
    index: IndexReader, camera: CameraId, stream: StreamName, gap: GapRow | None, now_ns: int
) -> FileRow | None:
    # What was recorded last lies just before now, or just before the gap that is open.
    until_ns = (gap.wall_from if gap is not None else now_ns) + NS_PER_S
    before_ns = max(now_ns, until_ns) + _AHEAD_NS
    return index.newest_closed(camera, stream, until_ns - _LONG_AGO_NS, before_ns)


def _header(ports: ApiPorts, files: FileTable, row: FileRow | None) -> TrackHeader | None:
    if row is None:
        return None
    try:
        return files.file(path_of(ports, row)).track(Track.VIDEO)
    except WatchglassError:
        return None  # gone with its disk, or damaged: the list of cameras is not where to say so


def _records_since(
    index: IndexReader, camera: CameraId, main: StreamStanding, now_ns: int
) -> int | None:
    # Longer ago than that nobody needs to know to the second: the timeline tells.
    gaps = index.last_ended_gaps(
        camera, main.stream, now_ns - _RECENT_NS, now_ns + _AHEAD_NS, _LAST_GAPS
    )
    return max((gap.wall_to for gap in gaps if gap.wall_to is not None), default=None)
