"""The picture on show at a moment: found by the index, read from its file. All of it blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from watchglass.api.archive import path_of
from watchglass.api.errors import NoPictureError, PictureDamagedError
from watchglass.api.filetable import FileTable, ReadableFile, descriptor
from watchglass.api.ports import ApiPorts
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
_MOST_LATER = 600


@dataclass(frozen=True, slots=True)
class Moment:
    """What is asked for: the key frame on show at ``at_ns`` (UTC), or the ``newest`` by then.
    ``exact``: of a moment the picture itself, decoded from that key frame on."""

    at_ns: int
    newest: bool
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """One in its file: ``offset`` in bytes, times in 1/90000 s of the run; ``composition`` is how
    long after ``media_time`` it is shown."""

    offset: int
    length: int
    media_time: int
    duration: int
    composition: int


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A key frame that was found, and those ``later`` that lead to the picture that is wanted, in
    decode order. The file has media up to ``reach_ns`` (UTC), as of now."""

    row: FileRow
    file: ReadableFile
    picture: Picture
    reach_ns: int
    later: tuple[Picture, ...] = ()
    shown: Picture | None = None

    @property
    def wanted(self) -> Picture:
        """The picture that is shown."""
        return self.shown or self.picture

    @property
    def wall_ns(self) -> int:
        """UTC of the picture."""
        return _wall(self.row, self._shown_at(self.wanted))

    @property
    def until_ns(self) -> int:
        """UTC of the next picture."""
        return _wall(self.row, self._shown_at(self.wanted) + self.wanted.duration)

    def _shown_at(self, picture: Picture) -> int:
        """In the run's time, in which a key frame is shown when it is decoded."""
        return self.picture.media_time + _apart(self.picture, picture)

    def request(self, width: int, masking: Masking) -> StillRequest:
        """What the media-worker needs for it; GoneError when the file is no longer there."""
        if self.picture.length > MOST_KEY_FRAME_BYTES:
            raise PictureDamagedError("This picture has more bytes than any key frame needs.")
        codec, configuration = video_configuration(self.file.header)
        with descriptor(self.file.path) as fd:
            data = read_at(fd, self.picture.offset, self.picture.length)
            later = tuple(
                (_apart(self.picture, each), read_at(fd, each.offset, each.length))
                for each in self.later
            )
        return StillRequest(
            codec, configuration, data, width, masking.covers, wall_ns=self.wall_ns, later=later,
            shown=_apart(self.picture, self.wanted),
        )  # fmt: skip


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
            pictures = _pictures(fd, entry, file.size)
            keys = [picture for picture, is_key in pictures if is_key]
            for picture in reversed(keys):
                if picture.media_time <= wanted and not _is_lost(picture.media_time, holes):
                    reach_ns = _wall(row, entries[-1].media_time + entries[-1].duration)
                    frame = KeyFrame(row, file, picture, reach_ns)
                    if not moment.exact or moment.newest:
                        return frame
                    behind = [each for each in entries if each.offset >= entry.offset]
                    return _led_to(frame, fd, behind, wanted, holes)
    return None


def _led_to(
    key: KeyFrame, fd: int, entries: Sequence[Entry], wanted: int, holes: Sequence[GapRow]
) -> KeyFrame:
    """The same with what leads from it to the picture on show at ``wanted``. Where that would be
    more than the media-worker takes, or something in between is lost, as far as it goes."""
    first = key.picture
    ahead = wanted - first.media_time
    later: list[Picture] = []
    size_bytes = first.length
    for picture, is_key in _behind(fd, entries, key.file.size, first):
        size_bytes += picture.length
        if (
            is_key
            or picture.media_time > wanted + first.composition
            or _is_lost(picture.media_time, holes)
            or size_bytes > MOST_KEY_FRAME_BYTES
            or len(later) >= _MOST_LATER
        ):
            break
        later.append(picture)
    shown = [each for each in later if 0 < _apart(first, each) <= ahead]
    if not shown:
        return key
    last = max(shown, key=lambda each: _apart(first, each))
    return replace(key, later=tuple(later[: later.index(last) + 1]), shown=last)


def _behind(
    fd: int, entries: Sequence[Entry], size: int, first: Picture
) -> Iterator[tuple[Picture, bool]]:
    for entry in entries:
        for picture, is_key in _pictures(fd, entry, size):
            if picture.media_time > first.media_time:
                yield picture, is_key


def _apart(key: Picture, other: Picture) -> int:
    """How much later it is shown than its key frame, in 1/90000 s."""
    return other.media_time + other.composition - key.media_time - key.composition


def _pictures(fd: int, entry: Entry, size: int) -> list[tuple[Picture, bool]]:
    """Those of a fragment in decode order, each with whether it is a key frame."""
    head = read_fragment_head(fd, entry.offset, size)
    found = []
    media_time = entry.media_time
    for sample, offset in zip(head.samples, head.offsets, strict=True):
        picture = Picture(
            entry.offset + offset, sample.data_bytes, media_time, sample.duration,
            sample.composition_offset,
        )  # fmt: skip
        found.append((picture, sample.is_key))
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
