"""What a stream is like, as its newest recording shows: counted, not what the camera says of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watchglass.model.gap import GapCause
from watchglass.model.stream import Track
from watchglass.recording.fileheader import VIDEO_TIMESCALE
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import HAS_KEY
from watchglass.store.index import FileRow, GapRow

_WINDOW = 60 * VIDEO_TIMESCALE


@dataclass(frozen=True, slots=True)
class Measured:
    """Of the last minute that is recorded. ``gop_s``: seconds from key frame to key frame, None
    where the recording is too short to tell."""

    fps: float
    bit_rate: int
    gop_s: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class GapTally:
    """The gaps of one cause in a span: how many, how long together; where the last one lies."""

    cause: GapCause
    count: int
    missing_ns: int
    last_from_ns: int
    last_to_ns: int


def measured(entries: Sequence[Entry]) -> Measured | None:
    """``entries`` of one file's pictures, in order; None where they say nothing yet."""
    if not entries:
        return None
    since = entries[-1].media_time + entries[-1].duration - _WINDOW
    recent = [each for each in entries if each.media_time >= since]
    ticks = sum(each.duration for each in recent)
    if not ticks:
        return None
    seconds = ticks / VIDEO_TIMESCALE
    return Measured(
        sum(each.samples for each in recent) / seconds,
        round(8 * sum(each.length for each in recent) / seconds),
        _gop_s(entries),
        seconds,
    )


def _gop_s(entries: Sequence[Entry]) -> float | None:
    # A fragment may hold its key frame anywhere, so one distance is 0.4 s wrong at most; over
    # several of them that is shared.
    keys = [
        each.media_time for each in entries if each.track is Track.VIDEO and each.flags & HAS_KEY
    ]
    keys = keys[-60:]
    if len(keys) < 2:
        return None
    return (keys[-1] - keys[0]) / (len(keys) - 1) / VIDEO_TIMESCALE


def tallies(gaps: Iterable[GapRow], from_ns: int, to_ns: int) -> list[GapTally]:
    """By cause, the longest together first; of each gap only what lies in the span."""
    found: dict[GapCause, list[tuple[int, int]]] = defaultdict(list)
    for gap in gaps:
        begin, end = max(gap.wall_from, from_ns), min(gap.wall_to or to_ns, to_ns)
        if end > begin:
            found[gap.cause].append((begin, end))
    rows = [
        GapTally(cause, len(spans), sum(end - begin for begin, end in spans), *spans[-1])
        for cause, spans in found.items()
    ]
    return sorted(rows, key=lambda each: -each.missing_ns)


def begun_runs(files: Iterable[FileRow]) -> int:
    """How often the stream began anew: runs of which these are the files, but for the first."""
    return max(0, len({each.run for each in files}) - 1)
