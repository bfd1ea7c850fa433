"""What is recorded of a span, one group of pictures after another, and which of them to look at.

Key frames come first: where two that follow each other differ, all between them is looked at. So
is what is larger than what comes while nothing happens; where sizes tell nothing, as with a
constant bit rate, and key frames are far apart, everything is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from watchglass.api.fileframes import TICKS, frames_of
from watchglass.api.filetable import FileTable, descriptor
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.stream import Track
from watchglass.recording.footer import Entry

_LARGER = 1.4
_CONSTANT = 1.3
"""Where a tenth is larger than another tenth by no more, the encoder keeps to a rate."""
_FAR_NS = 5 * NS_PER_S // 2
_FEW = 8
_LOG = log.get("look_back")


@dataclass(slots=True)
class Gop:
    """From a key frame to the next; UTC ns. ``rest_bytes`` are those of all but the key frame."""

    path: Path
    shape: LiveShape
    key: LiveFrame
    to_ns: int
    entries: list[Entry] = field(default_factory=list)
    until: int | None = None
    """Decode time of the next key frame in the file."""
    rest_bytes: int = 0

    def add(self, entry: Entry, frame: LiveFrame) -> None:
        """Its next picture, which lies in that fragment."""
        if not self.entries or self.entries[-1] is not entry:
            self.entries.append(entry)
        if not frame.is_key:
            self.rest_bytes += len(frame.data)
        self.to_ns = frame.wall_ns + frame.duration * NS_PER_S // TICKS

    @property
    def from_ns(self) -> int:
        return self.key.wall_ns

    @property
    def rate(self) -> float:
        """Bytes a second, without the key frame."""
        return self.rest_bytes * NS_PER_S / max(1, self.to_ns - self.from_ns)


def gops_of(paths: Sequence[Path], from_ns: int, to_ns: int) -> Iterator[Gop]:
    """Of these files, as far as they touch the span; what cannot be read is left out."""
    files = FileTable(most=4)
    for path in paths:
        try:
            found = _of_file(files, path, from_ns, to_ns)
            yield from (each for each in found if each.to_ns > from_ns)
        except WatchglassError as error:
            _LOG.warning("not_looked_back_at", file=path.name, error=error.sentence)


def _of_file(files: FileTable, path: Path, from_ns: int, to_ns: int) -> Iterator[Gop]:
    with descriptor(path) as fd:
        file = files.of_descriptor(path, fd)
        video = file.track(Track.VIDEO)
        shape = LiveShape(
            file.info.run, video.codec, video.mime, video.width, video.height, video.init
        )
        now: Gop | None = None
        for entry in file.of(Track.VIDEO):
            if entry.wall_ns >= to_ns:
                break
            for frame in frames_of(fd, [entry], file.info.run):
                if frame.is_key:
                    if now is not None:
                        now.until = frame.decode_time
                        yield now
                    now = Gop(path, shape, frame, frame.wall_ns)
                if now is not None:
                    now.add(entry, frame)
        if now is not None:
            yield now


def pictures_of(gop: Gop) -> list[LiveFrame]:
    """All of them, from the key frame on."""
    with descriptor(gop.path) as fd:
        frames = frames_of(fd, gop.entries, gop.shape.run)
    return [
        frame
        for frame in frames
        if frame.decode_time >= gop.key.decode_time
        and (gop.until is None or frame.decode_time < gop.until)
    ]


def chosen(gops: Sequence[Gop], changed: Sequence[bool]) -> list[bool]:
    """Which to look at; ``changed``: whether its key frame differs from what it was before."""
    quiet = sorted(gop.rate for gop, each in zip(gops, changed, strict=True) if not each)
    if len(quiet) < _FEW:
        return [True] * len(gops)
    tenth = len(quiet) // 10
    tell = quiet[-1 - tenth] > _CONSTANT * quiet[tenth]
    if not tell and any(gop.to_ns - gop.from_ns > _FAR_NS for gop in gops):
        return [True] * len(gops)
    usual = median(quiet)
    looked = [each or gop.rate > _LARGER * usual for gop, each in zip(gops, changed, strict=True)]
    return [any(looked[max(0, at - 1) : at + 2]) for at in range(len(gops))]
