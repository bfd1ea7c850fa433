"""What a player takes to play a span: parts of files, in segments, and what is missing between.

A part begins with the key frame that is on show at the moment asked for, so its first segment may
begin earlier. Fragments inside a hole of their run are left out: nothing before the next key frame
can be decoded. All of it blocks.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from watchglass.access.right import Times
from watchglass.api.filetable import ReadableFile
from watchglass.model.stream import Track
from watchglass.recording.fileheader import VIDEO_TIMESCALE
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import FIRST_IS_KEY, HAS_KEY
from watchglass.recording.placement import media_at, wall_at
from watchglass.recording.track import TrackHeader
from watchglass.store.index import FileRow

_LONG = 4 * VIDEO_TIMESCALE
_SHORT = VIDEO_TIMESCALE
_JOINS = VIDEO_TIMESCALE

Holes = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class SegmentPart:
    """Fragments ``first`` to ``last`` of one track; UTC ns of their beginning and end."""

    first: int
    last: int
    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class TrackPart:
    header: TrackHeader
    segments: tuple[SegmentPart, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """What to take of one file. ``offset_ns``: UTC of its ``tfdt`` 0."""

    row: FileRow
    closed: bool
    offset_ns: int
    video: TrackPart
    sound: TrackPart | None

    @property
    def from_ns(self) -> int:
        return self.video.segments[0].from_ns

    @property
    def to_ns(self) -> int:
        return self.video.segments[-1].to_ns


def piece_of(
    row: FileRow, file: ReadableFile, holes: Holes, from_ns: int, to_ns: int, within: Times
) -> Piece | None:
    """The part of a file that a span needs; None when it holds nothing of it. Nothing outside
    ``within`` is taken, so the first picture may come later than asked for."""
    entries = [
        each
        for each in file.of(Track.VIDEO)
        if not _in_hole(each.media_time, holes) and _is_within(row, VIDEO_TIMESCALE, each, within)
    ]
    wanted = media_at(from_ns, row.media_from, row.wall_from, row.rate_ppb)
    until = media_at(to_ns - 1, row.media_from, row.wall_from, row.rate_ppb)
    start = _start(entries, wanted)
    taken = [each for each in entries[start:] if each.media_time <= until] if start >= 0 else []
    if not taken or _end(taken[-1]) <= wanted:
        return None
    video = TrackPart(file.track(Track.VIDEO), _segments(row, VIDEO_TIMESCALE, taken, wanted))
    sound = None
    if file.info.sound_timescale:
        sound = _sound(row, file, max(wanted, taken[0].media_time), until, within)
    return Piece(row, file.closed, row.wall_from, video, sound)


def heard(piece: Piece, times: Times) -> Piece:
    """The same with only the sound that lies in ``times``."""
    if piece.sound is None:
        return piece
    segments = tuple(
        each for each in piece.sound.segments if times[0] <= each.from_ns and each.to_ns <= times[1]
    )
    return replace(piece, sound=replace(piece.sound, segments=segments) if segments else None)


def _sound(
    row: FileRow, file: ReadableFile, wanted: int, until: int, within: Times
) -> TrackPart | None:
    rate = file.info.sound_timescale
    taken = [
        each
        for each in file.of(Track.SOUND)
        if each.media_time * VIDEO_TIMESCALE // rate <= until
        and (each.media_time + each.duration) * VIDEO_TIMESCALE // rate > wanted
        and _is_within(row, rate, each, within)
    ]
    if not taken:
        return None
    return TrackPart(file.track(Track.SOUND), _segments(row, rate, taken, None))


def _start(entries: Sequence[Entry], wanted: int) -> int:
    """The last fragment from which what is wanted can be decoded, else the first with a key."""
    first = -1
    best = -1
    for at, entry in enumerate(entries):
        if not entry.flags & HAS_KEY:
            continue
        if first < 0:
            first = at
        # A key frame in the middle may come after what is wanted, unless all of it is before.
        begins = entry.media_time if entry.flags & FIRST_IS_KEY else _end(entry)
        if begins > wanted:
            break
        best = at
    return best if best >= 0 else first


def _segments(
    row: FileRow, rate: int, entries: Sequence[Entry], wanted: int | None
) -> tuple[SegmentPart, ...]:
    groups: list[list[Entry]] = []
    for entry in entries:
        if groups and not _is_cut(groups[-1], entry, rate, wanted):
            groups[-1].append(entry)
        else:
            groups.append([entry])
    starts = [_wall(row, group[0].media_time, rate) for group in groups]
    found = []
    for at, group in enumerate(groups):
        to_ns = _wall(row, _end(group[-1]), rate)
        if at + 1 < len(groups) and abs(starts[at + 1] - to_ns) < 1_000_000_000:
            to_ns = starts[at + 1]
        found.append(SegmentPart(group[0].number, group[-1].number, starts[at], to_ns))
    return tuple(found)


def _is_cut(group: list[Entry], entry: Entry, rate: int, wanted: int | None) -> bool:
    """Whether a new segment begins: after a break, when it is long, and soon after the picture that
    was asked for, which then comes sooner."""
    length = (entry.media_time - group[0].media_time) * VIDEO_TIMESCALE // rate
    apart = (entry.media_time - _end(group[-1])) * VIDEO_TIMESCALE // rate
    if apart > _JOINS or length >= _LONG:
        return True
    if entry.flags & HAS_KEY and length >= 2 * _SHORT:
        return True
    return wanted is not None and group[0].media_time <= wanted < entry.media_time


def _in_hole(media: int, holes: Holes) -> bool:
    at = bisect_right(holes, media, key=lambda hole: hole[0]) - 1
    return at >= 0 and media < holes[at][1]


def _is_within(row: FileRow, rate: int, entry: Entry, within: Times) -> bool:
    return (
        within[0] <= _wall(row, entry.media_time, rate)
        and _wall(row, _end(entry), rate) <= within[1]
    )


def _end(entry: Entry) -> int:
    return entry.media_time + entry.duration


def _wall(row: FileRow, media: int, rate: int) -> int:
    return wall_at(media * VIDEO_TIMESCALE // rate, row.media_from, row.wall_from, row.rate_ppb)
