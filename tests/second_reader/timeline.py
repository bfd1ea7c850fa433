"""What is in each second of a stream: section 5."""

from collections.abc import Iterable
from dataclasses import dataclass

from .catalogue import Catalogue, FileRecord, GapRecord, Key, RunRecord
from .mediafile import MediaFile

MEDIA = "media"
_JOINED = 10**9
Pair = tuple[int, int]


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    what: str  # `media`, or the cause of a gap


@dataclass(frozen=True)
class Timeline:
    camera: str
    stream: str
    spans: list[Span]  # in order, none over another
    accountable: list[Pair]
    overlaps: list[Pair]  # where two runs share UTC


def union(pairs: Iterable[Pair]) -> list[Pair]:
    found: list[Pair] = []
    for start, end in sorted(pair for pair in pairs if pair[0] < pair[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def subtract(pairs: Iterable[Pair], less: Iterable[Pair]) -> list[Pair]:
    holes, found = union(less), []
    for start, end in union(pairs):
        for hole_start, hole_end in holes:
            if hole_end <= start:
                continue
            if hole_start >= end:
                break
            if start < hole_start:
                found.append((start, hole_start))
            start = max(start, hole_end)
        if start < end:
            found.append((start, end))
    return found


def unaccounted(timeline: Timeline, start: int, end: int) -> list[Pair]:
    """Holes between `start` and `end`, where every second has to be accounted for."""
    asked = [(max(start, one), min(end, other)) for one, other in timeline.accountable]
    return subtract(asked, ((span.start, span.end) for span in timeline.spans))


@dataclass(frozen=True)
class AtHand:
    """What was found on disk, and the ids of the volumes that were looked at."""

    media: dict[Key, MediaFile]
    volumes: set[str]


def _end(file: FileRecord, media: dict[Key, MediaFile]) -> int:
    """Media time of a file's end; that of an open one is on disk."""
    if file.closed is not None:
        return file.closed.whole("media")
    found = media.get((file.run, file.sequence))
    end = found.video_end if found else None
    return file.media if end is None else end


class _Stream:
    def __init__(self, catalogue: Catalogue, at_hand: AtHand, now: int) -> None:
        self.catalogue, self.at_hand, self.now = catalogue, at_hand, now

    def own_span(self, file: FileRecord) -> Pair:
        return file.utc(file.media), file.utc(_end(file, self.at_hand.media))

    def file_span(self, file: FileRecord) -> Pair:
        """Reaches to the next file of the run where that begins at once."""
        start, end = self.own_span(file)
        following = self.catalogue.files.get((file.run, file.sequence + 1))
        if following is not None and not file.deleted and not following.deleted:
            begins = following.utc(following.media)
            if end < begins <= end + _JOINED:
                end = begins
        return start, end

    def run(self, name: str) -> RunRecord | None:
        return self.catalogue.runs.get(name)

    def inside(self, name: str, media: int, wall: int) -> int:
        run = self.run(name)
        if run is None or not run.files:
            return wall
        files = [file for file in run.files if file.media <= media]
        greatest = max(files, key=lambda file: (file.media, file.sequence), default=run.files[0])
        return greatest.utc(media)

    def run_start(self, name: str, wall: int) -> int:
        run = self.run(name)
        if run is None:
            return wall
        return self.own_span(run.files[0])[0] if run.files else wall

    def run_end(self, name: str, wall: int) -> int:
        run = self.run(name)
        return self.own_span(run.files[-1])[1] if run and run.files else wall

    def gap(self, gap: GapRecord) -> Pair:
        opened, closed = gap.opened, gap.closed
        name, media = str(opened.data.get("run", "")), opened.maybe("media")
        start = opened.whole("wall")
        if name and media is not None:
            start = self.inside(name, media, start)
        elif name:
            start = self.run_end(name, start)
        if closed is None:
            return start, max(start, self.now)
        media, end = closed.maybe("media"), closed.whole("wall")
        other = str(closed.data.get("run", ""))
        if media is not None:
            end = self.inside(name or other, media, end)
        elif other:
            end = self.run_start(other, end)
        return start, end

    def label(self, file: FileRecord) -> str:
        if file.deleted:
            return file.deleted
        if file.line.text("volume") not in self.at_hand.volumes:
            return MEDIA
        found = self.at_hand.media.get((file.run, file.sequence))
        return MEDIA if found is not None and found.header is not None else "media_missing"


def _layers(
    state: _Stream, stream: str
) -> tuple[list[tuple[str, list[Pair]]], dict[str, list[Pair]]]:
    """Labels with their spans, the strongest first; and the media of each run."""
    inside: dict[str, list[Pair]] = {}
    ranked: list[tuple[int, int, int, str, Pair]] = []  # rank, start, place of its line
    for gap in state.catalogue.gaps.values():
        if gap.opened.text("stream") != stream:
            continue
        pair, rank = state.gap(gap), 3
        if gap.opened.has("media"):
            inside.setdefault(gap.opened.text("run"), []).append(pair)
            rank = 1
        place, cause = gap.opened.whole("n"), gap.opened.text("cause")
        ranked.append((rank, pair[0], place, cause, pair))
    runs: dict[str, list[Pair]] = {}
    for file in state.catalogue.files.values():
        if file.stream != stream:
            continue
        pair, label = state.file_span(file), state.label(file)
        if label == MEDIA:
            pieces = subtract([pair], inside.get(file.run, []))
            runs.setdefault(file.run, []).extend(pieces)
        else:
            ranked.append((2, pair[0], file.line.whole("n"), label, pair))
    media = [pair for pieces in runs.values() for pair in pieces]
    return [(MEDIA, media), *((what, [pair]) for *_, what, pair in sorted(ranked))], runs


def _overlaps(runs: Iterable[list[Pair]]) -> list[Pair]:
    seen: list[Pair] = []
    shared: list[Pair] = []
    for pairs in runs:
        mine = union(pairs)
        shared += subtract(mine, subtract(mine, seen))
        seen = union([*seen, *mine])
    return union(shared)


def _merged(spans: list[Span]) -> list[Span]:
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if found and found[-1].what == span.what and found[-1].end == span.start:
            found[-1] = Span(found[-1].start, span.end, span.what)
        else:
            found.append(span)
    return found


def build(catalogue: Catalogue, stream: str, at_hand: AtHand, now: int) -> Timeline:
    state = _Stream(catalogue, at_hand, now)
    layers, runs = _layers(state, stream)
    accountable = [
        (pair[0], pair[1] if len(pair) == 2 else now)
        for pair in catalogue.accountable.get(stream, [])
    ]
    spans: list[Span] = []
    taken = subtract([(-(2**64), 2**64)], accountable)  # nothing is told outside of these
    for what, pairs in layers:
        spans += [Span(start, end, what) for start, end in subtract(pairs, taken)]
        taken = union([*taken, *pairs])
    return Timeline(catalogue.camera, stream, _merged(spans), accountable, _overlaps(runs.values()))
