"""Live frames read from the file that is just being written: a feed that needs nobody's help.

A fragment is seen some 100 ms after it is written, so a picture is about half a second old. The
newest file is found by its name on the disk, not by the index, which is a second behind.
"""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from watchglass.api.filetable import FileTable, descriptor
from watchglass.api.track import track_header
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, RunId
from watchglass.live.feed import LiveFrame, LiveItem, LiveShape, LiveSink
from watchglass.model.stream import StreamName, Track
from watchglass.recording.boxes import read_at
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import HAS_KEY, decode_fragment
from watchglass.recording.mediapath import parse_media_path

_EVERY_S = 0.1
_OLD_NS = 10 * NS_PER_S
_TICKS = 90_000
_LOG = log.get("live")

Roots = Callable[[CameraId], Path | None]
"""The volume that a camera is recorded on, None when it is not there."""


@dataclass(slots=True)
class _Tail:
    """Where reading stands: ``at`` counts the entries of ``path`` that are done."""

    sink: LiveSink
    path: Path | None = None
    inode: int = 0
    at: int = 0
    run: RunId | None = None
    root: Path | None = None
    last: int = -1
    mid_file: bool = False


class TailFeed:
    """A FrameFeed; one thread for all streams that are watched."""

    def __init__(self, roots: Roots, files: FileTable, clock: Clock) -> None:
        self._roots = roots
        self._files = files
        self._clock = clock
        self._lock = threading.Lock()
        self._tails: dict[tuple[CameraId, StreamName], _Tail] = {}
        self._ending = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, camera: CameraId, stream: StreamName, sink: LiveSink) -> None:
        tail = _Tail(sink, root=self._roots(camera))
        path = _newest(tail.root, camera, stream)
        if path is not None:
            self._skip_to_end(tail, path)
        with self._lock:
            self._tails[camera, stream] = tail
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="live tail", daemon=True)
                self._thread.start()
        self._wake.set()

    def stop(self, camera: CameraId, stream: StreamName) -> None:
        with self._lock:
            self._tails.pop((camera, stream), None)

    def since_key_frame(self, camera: CameraId, stream: StreamName) -> Sequence[LiveItem]:
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
                frames = _frames(fd, entries[keys[-1] :], file.info.run, -1)
                return [shape, *_from_key(frames)]
        except WatchglassError as error:
            _LOG.warning("live_not_read", camera=camera, error=error.sentence)
            return []

    def close(self) -> None:
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2.0)

    # --- the thread --------------------------------------------------------------------------

    def _follow(self) -> None:
        while not self._ending.is_set():
            with self._lock:
                tails = list(self._tails.items())
                if not tails:
                    self._wake.clear()
            if not tails:
                self._wake.wait(5.0)
                continue
            for (camera, stream), tail in tails:
                try:
                    self._step(camera, stream, tail)
                except WatchglassError as error:
                    _LOG.warning("live_not_read", camera=camera, error=error.sentence)
                    tail.path = None
            self._clock.wait(self._ending, _EVERY_S)

    def _step(self, camera: CameraId, stream: StreamName, tail: _Tail) -> None:
        if tail.path is not None and self._read_on(tail, tail.path):
            return
        if tail.root is None:
            tail.root = self._roots(camera)
        newest = _newest(tail.root, camera, stream)
        if newest is not None and newest != tail.path:
            # It may have been closed with a last fragment since it was looked at.
            if tail.path is not None:
                self._read_on(tail, tail.path)
            tail.path, tail.at, tail.mid_file = newest, 0, False
            self._read_on(tail, newest)

    def _read_on(self, tail: _Tail, path: Path) -> bool:
        """Give what was added since; whether there was anything."""
        with descriptor(path) as fd:
            file = self._files.of_descriptor(path, fd)
            if len(file.entries) <= tail.at:
                return False
            added = [each for each in file.entries[tail.at :] if each.track is Track.VIDEO]
            items: list[LiveItem] = []
            if not tail.mid_file:
                items.append(_shape(file.info.run, file.header))
            if tail.run != file.info.run:
                tail.run, tail.last = file.info.run, -1
            frames = _frames(fd, added, file.info.run, tail.last)
            tail.at, tail.mid_file = len(file.entries), True
            if frames:
                tail.last = frames[-1].decode_time
            tail.sink([*items, *frames])
        return True

    def _skip_to_end(self, tail: _Tail, path: Path) -> None:
        try:
            with descriptor(path) as fd:
                file = self._files.of_descriptor(path, fd)
                video = file.of(Track.VIDEO)
                tail.path, tail.at, tail.run = path, len(file.entries), file.info.run
                tail.mid_file = bool(video)
                tail.last = _before(fd, video[-1]) if video else -1
        except WatchglassError:
            return  # just opened: the thread tries again

    def _is_old(self, entry: Entry) -> bool:
        ends_ns = entry.wall_ns + entry.duration * NS_PER_S // _TICKS
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
    found = [path for name in _names(folder) if parse_media_path(path := folder / name) is not None]
    return max(found, default=None, key=_order)


def _order(path: Path) -> tuple[int, int]:
    name = parse_media_path(path)
    assert name is not None
    return name.wall_ms, name.sequence


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _shape(run: RunId, header: bytes) -> LiveShape:
    video = track_header(header, Track.VIDEO)
    return LiveShape(run, video.codec, video.mime, video.width, video.height, video.init)


def _frames(fd: int, entries: Sequence[Entry], run: RunId, after: int) -> list[LiveFrame]:
    """All pictures of fragments of video; ``after`` is the one before them."""
    found: list[LiveFrame] = []
    for entry in entries:
        data = read_at(fd, entry.offset, entry.length)
        fragment = decode_fragment(data)
        time, wall_ns = entry.media_time, entry.wall_ns
        for sample, offset in zip(fragment.samples, fragment.offsets, strict=True):
            found.append(
                LiveFrame(
                    run, time, after, sample.duration, sample.composition_offset,
                    sample.is_key, wall_ns, data[offset : offset + sample.data_bytes],
                )
            )  # fmt: skip
            after = time
            time += sample.duration
            wall_ns += sample.duration * NS_PER_S // _TICKS
    return found


def _before(fd: int, entry: Entry) -> int:
    """Decode time of the last picture of a fragment."""
    return _frames(fd, [entry], RunId(""), -1)[-1].decode_time


def _from_key(frames: list[LiveFrame]) -> list[LiveFrame]:
    """From the last key frame on."""
    at = max((at for at, frame in enumerate(frames) if frame.is_key), default=len(frames))
    return frames[at:]
