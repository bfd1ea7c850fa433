"""A copy of a span as a plain file that any player takes, without transcoding.

A clip begins with the key frame on show at the moment asked for, which may be earlier; the result
says when. What is missing in the span is missing in the clip too: its time goes on without a pause,
and the result lists what was left out. Where two runs share UTC, both are in the clip, one after
the other. A player needs one codec, size and set of parameters in a file, so where these change,
the clip is several files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.media.remux import remux
from watchglass.media.remux_packet import is_quicktime
from watchglass.model.timeline import Span
from watchglass.recording.clipfile import ClipFolder
from watchglass.recording.clipplan import (
    ClipGroup,
    ClipPlan,
    SeenPictures,
    groups_of,
    missing_in,
    packets_of,
)
from watchglass.recording.shape import Shape, shape_of

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A file of a clip. ``from_ns`` and ``to_ns``: UTC of its first picture, and of its end."""

    path: Path
    from_ns: int
    to_ns: int
    pictures: int
    length: int
    codec: str
    width: int
    height: int
    sound: str


@dataclass(frozen=True, slots=True)
class ClipResult:
    """What was written, and what of the span is not in it."""

    files: tuple[ClipFile, ...]
    missing: tuple[Span, ...]
    overlaps: tuple[tuple[int, int], ...]

    @property
    def from_ns(self) -> int:
        """The real start: at or before the one asked for, where that was recorded."""
        return self.files[0].from_ns

    @property
    def to_ns(self) -> int:
        return self.files[-1].to_ns


def write_clip(
    plan: ClipPlan,
    target: Path,
    disk: Disk,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ClipResult:
    """Write the clip to ``target``, or to ``target-1``, ``-2``, … when it takes several files.

    The ending becomes ``.mov`` where the sound is G.711. RefusedError when a file is there and not
    to be overwritten; StorageError when the folder takes it not. Nothing is left behind then, nor
    after an exception of ``progress`` (bytes done, bytes in all), which so stops it.
    """
    groups = list(groups_of(plan))
    shapes = [shape_of(group.tracks) for group in groups]
    paths = _names(target, [shape.sound for shape in shapes])
    for path in paths:
        if path.exists() and not overwrite:
            raise RefusedError(f"{path} is there already: choose another name or overwrite it.")
    step = _Steps(plan.source_bytes, progress)
    written: list[ClipFile] = []
    with ClipFolder(disk) as folder:
        for group, shape, path in zip(groups, shapes, paths, strict=True):
            file = _write(group, shape, path, folder, step)
            if file is not None:
                written.append(file)
        if not written:
            raise NotFoundError("No picture of this span is on disk yet: try again in a moment.")
        folder.finish()
    return ClipResult(tuple(written), missing_in(plan, written[-1].to_ns), plan.overlaps)


def _names(target: Path, sounds: list[str]) -> list[Path]:
    stem = target.stem if target.suffix.lower() in (".mp4", ".mov") else target.name
    endings = [".mov" if is_quicktime(sound) else ".mp4" for sound in sounds]
    if len(endings) == 1:
        return [target.with_name(stem + endings[0])]
    return [target.with_name(f"{stem}-{n}{ending}") for n, ending in enumerate(endings, 1)]


class _Steps:
    """Counts the bytes of samples taken against those of all files."""

    def __init__(self, all_bytes: int, progress: Progress | None) -> None:
        self._all = all_bytes
        self._done = 0
        self._progress = progress
        self._told = 0

    def take(self, size: int) -> None:
        self._done += size
        if self._progress is not None and self._done - self._told >= 1 << 20:
            self._told = self._done
            self._progress(self._done, self._all)


def _write(
    group: ClipGroup, shape: Shape, path: Path, folder: ClipFolder, step: _Steps
) -> ClipFile | None:
    """One file; None when there turned out to be nothing for it."""
    seen = SeenPictures()
    packets = packets_of(group, seen, step.take)
    first = next(packets, None)
    if first is None:
        return None
    part = folder.add(path)
    remux(part, group.tracks, chain([first], packets))
    return ClipFile(
        part.target, seen.from_ns, seen.to_ns, seen.pictures, part.length, shape.codec,
        shape.width, shape.height, shape.sound,
    )  # fmt: skip
