"""The newest pictures of a stream as far as they are on disk, read from the file being written.

A fragment is there some 400 ms after its first picture arrived. The newest file is found by its
name on the disk, not by the index, which is a second behind.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from watchglass.api.fileframes import TICKS, frames_of, from_last_key
from watchglass.api.filetable import FileTable, descriptor
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.live import LiveItem, LiveShape
from watchglass.model.stream import StreamName, Track
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import HAS_KEY
from watchglass.recording.mediapath import parse_media_path
from watchglass.recording.track import track_header

_OLD_NS = 10 * NS_PER_S
_LOG = log.get("live")

Roots = Callable[[CameraId], Path | None]
"""The volume that a camera is recorded on, None when it is not there."""


class OpenFileReader:
    """Reads back what a viewer needs before live pictures make sense. Thread-safe; it blocks."""

    def __init__(self, roots: Roots, files: FileTable, clock: Clock) -> None:
        self._roots = roots
        self._files = files
        self._clock = clock

    def since_key_frame(self, camera: CameraId, stream: StreamName) -> Sequence[LiveItem]:
        """The shape, and the frames from the last key frame on; empty where nothing is recorded.

        The shape alone where the last frame is old: a camera that stalls is not live.
        """
        path = _newest(self._roots(camera), camera, stream)
        if path is None:
            return []
        try:
            with descriptor(path) as fd:
                file = self._files.of_descriptor(path, fd)
                entries = file.of(Track.VIDEO)
                keys = [at for at, each in enumerate(entries) if each.flags & HAS_KEY]
                if file.closed:
                    return []
                shape = _shape(file.info.run, file.header)
                if not keys or self._is_old(entries[-1]):
                    return [shape]
                return [shape, *from_last_key(frames_of(fd, entries[keys[-1] :], file.info.run))]
        except WatchglassError as error:
            _LOG.warning("live_not_read", camera=camera, error=error.sentence)
            return []

    def _is_old(self, entry: Entry) -> bool:
        ends_ns = entry.wall_ns + entry.duration * NS_PER_S // TICKS
        return self._clock.wall_ns() - ends_ns > _OLD_NS


def _newest(root: Path | None, camera: CameraId, stream: StreamName) -> Path | None:
    return None if root is None else newest_file(root / camera / stream.value)


def newest_file(folder: Path) -> Path | None:
    """The media file with the latest name: the last day's last; None where there is none."""
    for _ in range(3):
        names = [name for name in _names(folder) if name.isdecimal()]
        if not names:
            return None
        folder /= max(names)
    # A day's names are in the order of their times, and there may be thousands: of all but the last
    # nothing is made.
    last_first = (folder / name for name in sorted(_names(folder), reverse=True))
    return next((path for path in last_first if parse_media_path(path) is not None), None)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _shape(run: RunId, header: bytes) -> LiveShape:
    video = track_header(header, Track.VIDEO)
    return LiveShape(run, video.codec, video.mime, video.width, video.height, video.init)
