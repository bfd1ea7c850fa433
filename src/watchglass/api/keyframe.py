"""The key frame on show at a moment: found by the index, read from its file. All of it blocks."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchglass.api.archive import path_of
from watchglass.api.filetable import FileTable, ReadableFile, descriptor
from watchglass.api.ports import ApiPorts
from watchglass.api.problem import NoPictureError, PictureDamagedError
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import DamagedError, NotFoundError, VolumeMissingError
from watchglass.base.ids import CameraId
from watchglass.model.mask import Masking
from watchglass.model.still import MOST_KEY_FRAME_BYTES, StillRequest
from watchglass.model.stream import StreamName, Track
from watchglass.recording.boxes import read_at
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import HAS_KEY
from watchglass.recording.mediafile import read_fragment_head
from watchglass.recording.placement import media_at, wall_at
from watchglass.recording.timeline import MOST_PENDING_NS, timeline
from watchglass.recording.track import video_configuration
from watchglass.store.index import FileRow, GapRow

_BACK_NS = 60 * NS_PER_S
_AHEAD_NS = MOST_PENDING_NS
"""The newest picture may be placed a little after now; what lies further on is of a clock that was
set back since."""
_ANY_MEDIA = 1 << 62


@dataclass(frozen=True, slots=True)
class Moment:
    """What is asked for: the picture on show at ``at_ns`` (UTC), or the ``newest`` by then."""

    at_ns: int
    newest: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A key frame in its file: ``offset`` in bytes, times in 1/90000 s of the run."""

    offset: int
    length: int
    media_time: int
    duration: int


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A key frame that was found. The file has media up to ``reach_ns`` (UTC), as of now."""

    row: FileRow
    file: ReadableFile
    picture: Picture
    reach_ns: int

    @property
    def wall_ns(self) -> int:
        """UTC of the picture."""
        return _wall(self.row, self.picture.media_time)

    @property
    def until_ns(self) -> int:
        """UTC of the next picture."""
        return _wall(self.row, self.picture.media_time + self.picture.duration)

    def request(self, width: int, masking: Masking) -> StillRequest:
        """What the media-worker needs for it; GoneError when the file is no longer there."""
        if self.picture.length > MOST_KEY_FRAME_BYTES:
            raise PictureDamagedError("This picture has more bytes than any key frame needs.")
        codec, configuration = video_configuration(self.file.header)
        with descriptor(self.file.path) as fd:
            data = read_at(fd, self.picture.offset, self.picture.length)
        return StillRequest(codec, configuration, data, width, masking.covers, wall_ns=self.wall_ns)


def key_frame(
    ports: ApiPorts, files: FileTable, camera: CameraId, streams: Sequence[StreamName],
    moment: Moment,
) -> KeyFrame:  # fmt: skip
    """The newest key frame at or before the moment, of the first stream that has media there.

    NoPictureError, with the gap's cause, when there is none in the minute before; what stands in
    the way otherwise, such as VolumeMissingError.
    """
    found: list[KeyFrame] = []
    problem: Exception | None = None
    for stream in streams:
        try:
            frame = _of_stream(ports, files, camera, stream, moment)
        except (NotFoundError, VolumeMissingError, PictureDamagedError) as error:
            problem = problem or error
            continue
        if frame is not None:
            found.append(frame)
            if frame.reach_ns >= moment.at_ns - MOST_PENDING_NS:
                break
    if found:
        return max(found, key=lambda frame: frame.wall_ns)
    raise problem or _nothing(ports, camera, streams[-1], moment)


def _of_stream(
    ports: ApiPorts, files: FileTable, camera: CameraId, stream: StreamName, moment: Moment
) -> KeyFrame | None:
    oldest_ns = moment.at_ns - _BACK_NS
    until_ns = moment.at_ns + (_AHEAD_NS if moment.newest else 1)
    with ports.index.read() as index:
        # Of a file that is being written the index knows less than the file itself.
        rows = index.files_between(camera, stream, oldest_ns - MOST_PENDING_NS, until_ns)
        holes = {run: index.holes_of(run, 0) for run in {row.run for row in rows}}
    for row in reversed(rows):
        try:
            frame = _in_file(ports, files, row, holes[row.run], moment)
        except DamagedError as error:
            raise PictureDamagedError("The recording of this moment is damaged.") from error
        if frame is not None:
            return frame if frame.wall_ns >= oldest_ns else None
    return None


def _in_file(
    ports: ApiPorts, files: FileTable, row: FileRow, holes: Sequence[GapRow], moment: Moment
) -> KeyFrame | None:
    """The last key frame of a file at or before the moment."""
    wanted = _ANY_MEDIA
    if not moment.newest:
        wanted = media_at(moment.at_ns, row.media_from, row.wall_from, row.rate_ppb)
    path = path_of(ports, row)
    with descriptor(path) as fd:
        file = files.of_descriptor(path, fd)
        entries = file.of(Track.VIDEO)
        for entry in reversed(entries):
            if not entry.flags & HAS_KEY or entry.media_time > wanted:
                continue
            for picture in reversed(_keys(fd, entry, file.size)):
                if picture.media_time <= wanted and not _is_lost(picture.media_time, holes):
                    reach_ns = _wall(row, entries[-1].media_time + entries[-1].duration)
                    return KeyFrame(row, file, picture, reach_ns)
    return None


def _keys(fd: int, entry: Entry, size: int) -> list[Picture]:
    head = read_fragment_head(fd, entry.offset, size)
    found = []
    media_time = entry.media_time
    for sample, offset in zip(head.samples, head.offsets, strict=True):
        if sample.is_key:
            found.append(
                Picture(entry.offset + offset, sample.data_bytes, media_time, sample.duration)
            )
        media_time += sample.duration
    return found


def _is_lost(media_time: int, holes: Sequence[GapRow]) -> bool:
    return any(
        hole.media_from <= media_time < hole.media_to
        for hole in holes
        if hole.media_from is not None and hole.media_to is not None
    )


def _wall(row: FileRow, media_time: int) -> int:
    return wall_at(media_time, row.media_from, row.wall_from, row.rate_ppb)


def _nothing(
    ports: ApiPorts, camera: CameraId, stream: StreamName, moment: Moment
) -> NoPictureError:
    """Why there is none; NotFoundError for a stream that never was."""
    now_ns = ports.clock.wall_ns()
    with ports.index.read() as index:
        line = timeline(index, camera, stream, moment.at_ns - NS_PER_S, moment.at_ns + 1, now_ns)
    cause = next((span.cause for span in reversed(line.spans) if span.cause is not None), None)
    if cause is None:
        return NoPictureError("There is no picture of this moment, nor of the minute before.")
    return NoPictureError(ports.words.sentence(cause), cause)
