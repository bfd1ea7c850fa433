"""What a clip is made of: which runs, in which files, and their samples one after the other.

A clip begins with the key frame on show at the moment asked for, which may be earlier. What is
missing in the span is missing in the clip too: its time goes on without a pause. Where two runs
share UTC, both are in the clip, one after the other. A player needs one codec, size and set of
parameters in a file, so where these change, the clip is several files.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, UsageError, VolumeMissingError
from watchglass.base.ids import CameraId, RunId, VolumeId
from watchglass.media.remux_packet import RemuxPacket
from watchglass.model.stream import StreamName, Track
from watchglass.model.timeline import Span, SpanKind
from watchglass.recording.anchor import Placed, media_ns
from watchglass.recording.clipclock import ClipClock
from watchglass.recording.clipsource import (
    SourceFile,
    SourceRun,
    SourceSample,
    begun,
    samples,
    tracks_of,
)
from watchglass.recording.mediapath import media_path
from watchglass.recording.placement import media_at
from watchglass.recording.timeline import timeline
from watchglass.store.index import OPEN, FileRow, IndexReader

_BEFORE_NS = 2 * NS_PER_S
"""A picture is shown after it is decoded: the one on show may lie in the file before."""


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """What a clip is to be made of. ``missing`` are the spans that it cannot show."""

    camera: CameraId
    stream: StreamName
    from_ns: int
    to_ns: int
    runs: tuple[SourceRun, ...]
    missing: tuple[Span, ...]
    overlaps: tuple[tuple[int, int], ...]

    @property
    def source_bytes(self) -> int:
        """Length of all files that are read: the clip is not longer."""
        return sum(file.length for run in self.runs for file in run.files)


@dataclass(slots=True)
class ClipGroup:
    """Runs, or parts of runs, that go into one file."""

    tracks: bytes
    runs: list[SourceRun]


@dataclass(slots=True)
class SeenPictures:
    """The pictures of one file as they pass by, their ends in UTC."""

    pictures: int = 0
    from_ns: int = 0
    to_ns: int = 0
    run: RunId | None = None

    def take(self, run: RunId, sample: SourceSample) -> None:
        if sample.track is not Track.VIDEO:
            return
        shown = sample.media + sample.composition_offset
        if not self.pictures:
            self.from_ns = sample.file.placed.wall_at(shown)
        # Pictures need not come in the order in which they are shown.
        ends_ns = sample.file.placed.wall_at(shown + sample.duration)
        self.to_ns = max(self.to_ns, ends_ns) if run == self.run else ends_ns
        self.run = run
        self.pictures += 1


def plan_clip(
    index: IndexReader,
    volume_path_of: Callable[[VolumeId], Path | None],
    camera: CameraId,
    stream: StreamName,
    from_ns: int,
    to_ns: int,
    *,
    now_ns: int | None = None,
) -> ClipPlan:
    """Which files a clip from ``from_ns`` to ``to_ns`` takes; reads nothing but the index.

    UsageError for a span that ends before it begins, NotFoundError where nothing was recorded,
    VolumeMissingError when a disk is not there.
    """
    if from_ns >= to_ns:
        raise UsageError("A clip must end after it begins: check the two times.")
    line = timeline(index, camera, stream, from_ns, to_ns, to_ns if now_ns is None else now_ns)
    rows: dict[RunId, list[FileRow]] = defaultdict(list)
    for row in index.files_between(camera, stream, from_ns - _BEFORE_NS, to_ns):
        rows[row.run].append(row)
    runs = []
    for of_run in sorted(rows.values(), key=_began):
        run = _source_run(index, volume_path_of, of_run, from_ns, to_ns)
        if run is not None:
            runs.append(run)
    if not runs:
        raise NotFoundError(
            "Nothing was recorded in this span: `watchglass timeline` shows what there is."
        )
    missing = tuple(span for span in line.spans if span.kind is not SpanKind.MEDIA)
    return ClipPlan(camera, stream, from_ns, to_ns, tuple(runs), missing, line.overlaps)


def _began(rows: list[FileRow]) -> int:
    return min(row.wall_from - media_ns(row.media_from) for row in rows)


def _source_run(
    index: IndexReader,
    volume_path_of: Callable[[VolumeId], Path | None],
    rows: list[FileRow],
    from_ns: int,
    to_ns: int,
) -> SourceRun | None:
    rows.sort(key=lambda row: row.sequence)
    inside = [row for row in rows if row.wall_to > from_ns and row.wall_from < to_ns]
    if not inside:
        return None
    first, last = inside[0], inside[-1]
    media_from = max(first.media_from, _media_at(first, from_ns))
    media_last = _media_at(last, to_ns - 1)
    if last.state != OPEN:  # of an open one the index knows less than the file
        media_last = min(media_last, last.media_to - 1)
    holes = [
        (hole.media_from, hole.media_to)
        for hole in index.holes_of(first.run, 0)
        if hole.media_from is not None and hole.media_to is not None
        if hole.media_from <= media_last and hole.media_to > media_from
    ]
    files = tuple(
        _source_file(volume_path_of, row) for row in rows if row.sequence <= last.sequence
    )
    return SourceRun(first.run, files, tuple(sorted(holes)), media_from, media_last)


def _media_at(row: FileRow, wall_ns: int) -> int:
    return media_at(wall_ns, row.media_from, row.wall_from, row.rate_ppb)


def _source_file(volume_path_of: Callable[[VolumeId], Path | None], row: FileRow) -> SourceFile:
    root = volume_path_of(row.volume)
    if root is None:
        raise VolumeMissingError(
            f"The volume {row.volume} with recordings of this span is not there: mount its disk."
        )
    path = media_path(root, row.camera, row.stream, row.opened_ns, row.run, row.sequence)
    return SourceFile(
        path, row.sequence, Placed(row.media_from, row.wall_from, row.rate_ppb), row.length
    )


def missing_in(plan: ClipPlan, to_ns: int) -> tuple[Span, ...]:
    """What is not in the clip: of a file that is written the index knew less than we found."""
    found = []
    for span in plan.missing:
        if span.kind is not SpanKind.GAP and span.from_ns < to_ns and span is plan.missing[-1]:
            span = replace(span, from_ns=to_ns)
        if span.from_ns < span.to_ns:
            found.append(span)
    return tuple(found)


# --- in files -------------------------------------------------------------------------------------


def groups_of(plan: ClipPlan) -> Iterator[ClipGroup]:
    group: ClipGroup | None = None
    for run in filter(None, map(begun, plan.runs)):
        for file in run.files:
            tracks = tracks_of(file)
            if group is None or group.tracks != tracks:
                if group is not None:
                    yield group
                group = ClipGroup(tracks, [])
            if group.runs and group.runs[-1].run == run.run:
                before = group.runs[-1]
                group.runs[-1] = replace(before, files=(*before.files, file))
            else:
                group.runs.append(replace(run, files=(file,)))
    if group is not None:
        yield group


def packets_of(
    group: ClipGroup,
    seen: SeenPictures,
    take: Callable[[int], None] = lambda size: None,
    *,
    sound: bool = True,
    heads: bool = False,
) -> Iterator[RemuxPacket]:
    """The samples of one file, in their order; ``take`` is told the length of each.

    Without ``sound`` it is left out; with ``heads`` nothing is read but where samples lie.
    """
    clock = ClipClock()
    for run in group.runs:
        clock.begin(run.holes)
        for sample in samples(run, heads=heads):
            take(len(sample.data) + sample.unread_bytes)
            if sample.track is Track.SOUND and not sound:
                continue
            packet = clock.packet(sample)
            if packet is not None:
                seen.take(run.run, sample)
                yield packet
