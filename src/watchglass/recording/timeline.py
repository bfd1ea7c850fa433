"""The timeline of a stream, from the index (docs/format.md, section 5).

What is known of a stream are claims on spans of UTC: media of a run, a gap inside a run, files that
are gone, a gap between runs. Claims may lie over each other; one sweep gives each moment to the
strongest of them, in this order; among gaps to the one that began first, among runs to the one that
began last. A moment that nothing claims is never filled: it is ``unaccounted``, and a finding for
``check``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from heapq import heappop, heappush

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.model.timeline import CauseTotal, Span, SpanKind, StreamSummary, StreamTimeline
from watchglass.recording.anchor import media_ns
from watchglass.store.index import FileRow, GapRow, IndexReader, StreamRow

MOST_PENDING_NS = 5 * NS_PER_S
"""A file that is being written may lag behind now by this much: a fragment, a sync, a cycle."""
_JOIN_NS = NS_PER_S
"""Nothing shorter is a hole to the recorder: how long a file's last picture lasted is a guess."""


class _Rank(IntEnum):
    """Which claim wins, the strongest first."""

    MEDIA = 0
    HOLE = 1
    PURGED = 2
    GAP = 3


@dataclass(frozen=True, slots=True)
class _Claim:
    """``order`` breaks ties, the smallest wins."""

    span: Span
    rank: _Rank
    order: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What the index tells of a span, cut to it."""

    row: StreamRow
    from_ns: int
    to_ns: int
    files: list[FileRow]
    claims: list[_Claim]


def timeline(
    index: IndexReader,
    camera: CameraId,
    stream: StreamName,
    from_ns: int,
    to_ns: int,
    now_ns: int,
) -> StreamTimeline:
    """What is in each second between two times, from when the camera was added up to now.

    NotFoundError for a stream that was never added. No spans where the two times leave nothing.
    """
    return _built(index, _known(index, camera, stream, from_ns, to_ns, now_ns), now_ns)


def summary(
    index: IndexReader,
    camera: CameraId,
    stream: StreamName,
    from_ns: int,
    to_ns: int,
    now_ns: int,
) -> StreamSummary:
    """The same in a few numbers."""
    known = _known(index, camera, stream, from_ns, to_ns, now_ns)
    built = _built(index, known, now_ns)
    seconds: dict[SpanKind, float] = defaultdict(float)
    for span in built.spans:
        seconds[span.kind] += span.seconds
    return StreamSummary(
        camera, stream, built.from_ns, built.to_ns,
        recorded_s=seconds[SpanKind.MEDIA],
        pending_s=seconds[SpanKind.PENDING],
        unaccounted_s=seconds[SpanKind.UNACCOUNTED],
        causes=_causes(built.spans),
        whole_since_ns=_whole_since(built),
        media_bytes=sum(file.length for file in known.files),
    )  # fmt: skip


# --- what is known --------------------------------------------------------------------------------


def _known(
    index: IndexReader,
    camera: CameraId,
    stream: StreamName,
    from_ns: int,
    to_ns: int,
    now_ns: int,
) -> _Known:
    row = next((row for row in index.streams(camera) if row.stream is stream), None)
    if row is None:
        raise NotFoundError(f"No stream {stream} of such a camera was ever recorded.")
    start = max(from_ns, row.added_ns)
    end = min(to_ns, now_ns, row.removed_ns if row.removed_ns is not None else now_ns)
    if start >= end:
        return _Known(row, start, start, [], [])
    # A little more on both sides: files are joined where one ends and the next begins.
    wide = (start - _JOIN_NS, end + _JOIN_NS)
    files = index.files_between(camera, stream, *wide)
    gaps = index.gaps_between(camera, stream, *wide)
    claims = [
        *_media_claims(files, gaps),
        *(_gap_claim(gap, end) for gap in gaps),
        *(
            _Claim(
                Span(purged.wall_from, purged.wall_to, SpanKind.GAP, purged.cause),
                _Rank.PURGED, purged.wall_from,
            )
            for purged in index.purged_between(camera, stream, start, end)
        ),
    ]  # fmt: skip
    inside = [file for file in files if file.wall_from < end and file.wall_to > start]
    return _Known(row, start, end, inside, list(_cut(claims, start, end)))


def _cut(claims: Iterable[_Claim], start: int, end: int) -> Iterator[_Claim]:
    for claim in claims:
        begins, ends = max(claim.span.from_ns, start), min(claim.span.to_ns, end)
        if begins < ends:
            yield replace(claim, span=replace(claim.span, from_ns=begins, to_ns=ends))


def _gap_claim(gap: GapRow, now_ns: int) -> _Claim:
    to_ns = gap.wall_to if gap.wall_to is not None else max(now_ns, gap.wall_from)
    run = gap.after_run if _is_hole(gap) else None
    rank = _Rank.HOLE if _is_hole(gap) else _Rank.GAP
    span = Span(gap.wall_from, to_ns, SpanKind.GAP, gap.cause, run, gap.id)
    return _Claim(span, rank, gap.wall_from)


def _is_hole(gap: GapRow) -> bool:
    return gap.media_from is not None


def _media_claims(files: list[FileRow], gaps: list[GapRow]) -> Iterator[_Claim]:
    """Each run's media: its files joined, less the holes in it."""
    holes: dict[RunId, list[tuple[int, int]]] = defaultdict(list)
    for gap in gaps:
        if _is_hole(gap) and gap.after_run is not None and gap.wall_to is not None:
            holes[gap.after_run].append((gap.wall_from, gap.wall_to))
    runs: dict[RunId, list[FileRow]] = defaultdict(list)
    for file in files:
        runs[file.run].append(file)
    for run, of_run in runs.items():
        of_run.sort(key=lambda file: file.sequence)
        # The run's own start may lie before the span, and its first file may be gone.
        since_ns = of_run[0].wall_from - media_ns(of_run[0].media_from)
        for begins, ends in _less(_union(_joined(of_run)), _union(holes[run])):
            yield _Claim(Span(begins, ends, SpanKind.MEDIA, run=run), _Rank.MEDIA, -since_ns)


def _joined(files: list[FileRow]) -> Iterator[tuple[int, int]]:
    for file, following in zip(files, [*files[1:], None], strict=True):
        yield file.wall_from, file.wall_to
        if (
            following is not None
            and following.sequence == file.sequence + 1
            and 0 < following.wall_from - file.wall_to <= _JOIN_NS
        ):
            yield file.wall_to, following.wall_from


def _union(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begins, ends in sorted(pair for pair in pairs if pair[0] < pair[1]):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(ends, found[-1][1]))
        else:
            found.append((begins, ends))
    return found


def _less(pairs: list[tuple[int, int]], holes: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """``pairs`` without ``holes``, both in order and each without overlaps of its own."""
    first = 0
    for begins, ends in pairs:
        while first < len(holes) and holes[first][1] <= begins:
            first += 1
        at = first
        while at < len(holes) and holes[at][0] < ends:
            if begins < holes[at][0]:
                yield begins, holes[at][0]
            begins = max(begins, holes[at][1])
            at += 1
        if begins < ends:
            yield begins, ends


# --- the tiling -----------------------------------------------------------------------------------


def _built(index: IndexReader, known: _Known, now_ns: int) -> StreamTimeline:
    swept = list(_swept(known.claims))
    spans = _merged(_filled(swept, known.from_ns, known.to_ns))
    if spans and _is_pending(index, known.row, spans[-1], now_ns):
        spans[-1] = replace(spans[-1], kind=SpanKind.PENDING)
    overlaps = _overlaps(claim.span for claim in known.claims if claim.rank is _Rank.MEDIA)
    return StreamTimeline(
        known.row.camera, known.row.stream, known.from_ns, known.to_ns, tuple(spans),
        tuple(overlaps),
    )  # fmt: skip


def _swept(claims: list[_Claim]) -> Iterator[Span]:
    """Each claimed moment once, by the claim that wins it."""
    waiting = sorted(claims, key=lambda claim: claim.span.from_ns)
    active: list[tuple[int, int, int, Span]] = []
    at = 0
    next_in = 0
    while active or next_in < len(waiting):
        if not active:
            at = waiting[next_in].span.from_ns
        while next_in < len(waiting) and waiting[next_in].span.from_ns <= at:
            claim = waiting[next_in]
            heappush(active, (claim.rank, claim.order, next_in, claim.span))
            next_in += 1
        while active and active[0][3].to_ns <= at:
            heappop(active)
        if not active:
            continue
        best = active[0][3]
        until = best.to_ns
        if next_in < len(waiting):
            until = min(until, waiting[next_in].span.from_ns)
        yield replace(best, from_ns=at, to_ns=until)
        at = until


def _filled(spans: Iterable[Span], start: int, end: int) -> Iterator[Span]:
    at = start
    for span in spans:
        if span.from_ns > at:
            yield Span(at, span.from_ns, SpanKind.UNACCOUNTED)
        yield span
        at = span.to_ns
    if at < end:
        yield Span(at, end, SpanKind.UNACCOUNTED)


def _merged(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for span in spans:
        if found and replace(found[-1], from_ns=span.from_ns, to_ns=span.to_ns) == span:
            found[-1] = replace(found[-1], to_ns=span.to_ns)
        else:
            found.append(span)
    return found


def _is_pending(index: IndexReader, row: StreamRow, last: Span, now_ns: int) -> bool:
    """Whether what nothing claims is only on its way: it follows an open run that grew just now."""
    if last.kind is not SpanKind.UNACCOUNTED or row.removed_ns is not None:
        return False
    reaches = [
        file.wall_to if (file := index.last_file(run)) is not None else last.from_ns
        for run, camera, stream in index.open_runs()
        if (camera, stream) == (row.camera, row.stream)
    ]
    # What was asked for may begin after what is written; media after it would make it a hole.
    reach_ns = max(reaches, default=0)
    return reach_ns <= last.from_ns and now_ns - reach_ns <= MOST_PENDING_NS


def _overlaps(media: Iterable[Span]) -> list[tuple[int, int]]:
    """Where at least two runs lie; the media of one run never lies over itself."""
    edges = sorted(
        edge for span in media for edge in ((span.from_ns, 1), (span.to_ns, -1))
    )  # at one moment an end comes before a start
    found: list[tuple[int, int]] = []
    depth = 0
    began = 0
    for at, change in edges:
        if depth >= 2 and at > began:
            found.append((began, at))
        depth += change
        began = at
    return _union(found)


# --- numbers --------------------------------------------------------------------------------------


def _causes(spans: tuple[Span, ...]) -> tuple[CauseTotal, ...]:
    counts: dict[GapCause, int] = defaultdict(int)
    seconds: dict[GapCause, float] = defaultdict(float)
    for span in spans:
        if span.cause is not None:
            counts[span.cause] += 1
            seconds[span.cause] += span.seconds
    totals = [CauseTotal(cause, counts[cause], seconds[cause]) for cause in counts]
    return tuple(sorted(totals, key=lambda total: -total.seconds))


def _whole_since(built: StreamTimeline) -> int | None:
    if not built.spans:
        return None
    last_missing_ns = built.from_ns
    for span in built.spans:
        if span.kind in (SpanKind.GAP, SpanKind.UNACCOUNTED):
            last_missing_ns = span.to_ns
    return last_missing_ns if last_missing_ns < built.to_ns else None
