"""The state of each camera as the index tells it, for lists and live tables."""

from dataclasses import dataclass

from watchglass.app.words import CAUSES, REMEDIES
from watchglass.base.clock import NS_PER_S
from watchglass.model.camera import Camera, CameraState
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.store.index import CLOSED, FileRow, GapRow, IndexReader

_RECENT_NS = 2 * 3600 * NS_PER_S
_AHEAD_NS = 24 * 3600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class StreamOverview:
    """A stream now. ``shape`` is of its newest file; times are UTC, None while there is none."""

    stream: StreamName
    codec: str = ""
    width: int = 0
    height: int = 0
    last_picture_ns: int | None = None
    gap: GapCause | None = None
    gap_since_ns: int | None = None


@dataclass(frozen=True, slots=True)
class CameraOverview:
    """A camera now. ``since_ns``: since when it records, or since when it does not."""

    camera: Camera
    streams: tuple[StreamOverview, ...]
    oldest_ns: int | None
    size_bytes: int
    since_ns: int | None
    running: bool

    @property
    def main(self) -> StreamOverview:
        return self.streams[0]

    @property
    def records(self) -> bool:
        return self.running and self.main.gap is None and self.main.last_picture_ns is not None

    @property
    def cause(self) -> GapCause | None:
        """Why nothing is recorded now; None while it is."""
        if self.records:
            return None
        if self.camera.state is CameraState.PAUSED:
            return GapCause.PAUSED
        if not self.running:
            return GapCause.RECORDER_STOPPED
        return self.main.gap or GapCause.WAITING_KEY_FRAME

    @property
    def why(self) -> str:
        """The cause in words; empty while it records."""
        return CAUSES[self.cause] if self.cause is not None else ""

    @property
    def remedy(self) -> str:
        return REMEDIES.get(self.cause, "") if self.cause is not None else ""


def overview(
    index: IndexReader, camera: Camera, size_bytes: int, *, now_ns: int, running: bool
) -> CameraOverview:
    """A camera as of now; ``running`` says whether a recorder is."""
    streams = tuple(_stream(index, camera, each.stream, now_ns) for each in camera.streams)
    oldest = index.oldest_closed_of(camera.id, now_ns + _AHEAD_NS, 1)
    oldest_ns = oldest[0].wall_from if oldest else None
    main = streams[0]
    if main.gap is not None:
        since_ns = main.gap_since_ns
    elif not running:
        since_ns = main.last_picture_ns
    else:
        since_ns = _records_since(index, camera, main.stream, now_ns)
    return CameraOverview(
        camera, streams, oldest_ns if oldest_ns is not None else since_ns,
        size_bytes, since_ns, running,
    )  # fmt: skip


def _stream(index: IndexReader, camera: Camera, stream: StreamName, now_ns: int) -> StreamOverview:
    gap = index.open_gap(camera.id, stream)
    newest = _newest(index, camera, stream, gap, now_ns)
    if newest is None:
        return StreamOverview(
            stream, gap=gap.cause if gap else None, gap_since_ns=gap.wall_from if gap else None
        )
    return StreamOverview(
        stream, newest.codec, newest.width, newest.height, newest.wall_to,
        gap.cause if gap else None, gap.wall_from if gap else None,
    )  # fmt: skip


def _newest(
    index: IndexReader, camera: Camera, stream: StreamName, gap: GapRow | None, now_ns: int
) -> FileRow | None:
    # What was recorded last lies just before now, or just before the gap that is open.
    until_ns = (gap.wall_from if gap is not None else now_ns) + NS_PER_S
    for from_ns in (until_ns - _RECENT_NS, 0):
        files = index.files_between(camera.id, stream, from_ns, max(now_ns, until_ns) + _AHEAD_NS)
        files = [file for file in files if file.state <= CLOSED]
        if files:
            return max(files, key=lambda file: file.wall_to)
    return None


def _records_since(
    index: IndexReader, camera: Camera, stream: StreamName, now_ns: int
) -> int | None:
    """The end of the last gap, or the beginning of what is kept."""
    for from_ns in (now_ns - _RECENT_NS, 0):
        gaps = index.gaps_between(camera.id, stream, from_ns, now_ns + _AHEAD_NS)
        ends = [gap.wall_to for gap in gaps if gap.wall_to is not None]
        if ends:
            return max(ends)
    return None
