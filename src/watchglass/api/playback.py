"""Route: how to play a span."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from watchglass.access.policy import Action, User, times_of
from watchglass.access.right import ALWAYS, Times, common
from watchglass.api.archive import path_of
from watchglass.api.errors import GoneError
from watchglass.api.paths import PREFIX
from watchglass.api.pieces import Holes, Piece, TrackPart, heard, piece_of
from watchglass.api.policy import Seeing
from watchglass.api.ports import CauseWords
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.api.sight import sight_of
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import DamagedError, VolumeMissingError
from watchglass.base.ids import CameraId, GapId, RunId
from watchglass.model.conversion import FormTold
from watchglass.model.gap import GapCause
from watchglass.model.live import Form
from watchglass.model.stream import StreamName
from watchglass.model.timeline import Span, SpanKind, StreamTimeline
from watchglass.recording.timeline import timeline
from watchglass.store.index import FileRow, GapRow, IndexReader

router = APIRouter(prefix=PREFIX, tags=["playback"], responses=RESPONSES)

MOST_SPAN_MS = 15 * 60 * 1000
_AHEAD_NS = NS_PER_S
_NS_PER_MS = 1_000_000
_FETCHED_NS = 60 * NS_PER_S
_LOG = log.get("playback")


class Segment(BaseModel):
    """``url`` gives the fragments ``first`` to ``last`` (numbers in the run) of one track."""

    url: str
    from_ms: int
    to_ms: int
    first: int
    last: int


class VideoPart(BaseModel):
    """``mime`` is as MediaSource.isTypeSupported takes it."""

    init_url: str
    mime: str
    codec: str
    width: int
    height: int
    segments: list[Segment]


class SoundPart(BaseModel):
    """G.711 (``pcma``, ``pcmu``) has no ``init_url``: its segments are records of raw payload."""

    init_url: str | None
    mime: str
    codec: str
    sample_rate: int
    channels: int
    segments: list[Segment]


class PlaybackPiece(BaseModel):
    """A part of one file. A player's time 0 in it is ``offset_ms``; pieces of the same run with the
    same ``video.codec`` and size may share a SourceBuffer by ``timestampOffset``."""

    file: str = Field(description="run/sequence")
    run: str
    sequence: int
    from_ms: int
    to_ms: int
    offset_ms: float = Field(
        description="Exact, so that a moment is never shown by the picture before."
    )
    rate_ppb: int = Field(description="By how much the camera's second is longer than ours.")
    open: bool = Field(description="It is still being written: ask again for what follows.")
    video: VideoPart
    sound: SoundPart | None


class PlaybackGap(BaseModel):
    """A span that cannot be played; ``unaccounted`` must never be, ``pending`` is on its way. A gap
    is told in its whole length, also where it begins before or ends after what was asked for."""

    from_ms: int
    to_ms: int
    kind: Literal["gap", "pending", "unaccounted"]
    cause: GapCause | None
    sentence: str


class Playback(BaseModel):
    """Pieces in the order of their start. ``resume_ms``: where to ask on, when the span ends in a
    gap that has ended; None where it goes on without one, or lasts until now."""

    camera: str
    stream: StreamName
    from_ms: int
    to_ms: int
    now_ms: int
    pieces: list[PlaybackPiece]
    gaps: list[PlaybackGap]
    resume_ms: int | None


@router.get("/playback/{camera}/{stream}", operation_id="getPlayback")
async def get_playback(
    request: Request,
    user: Annotated[User, Depends(Seeing(Action.PLAYBACK))],
    camera: Annotated[str, Path(pattern="^[0-9a-f]{32}$")],
    stream: StreamName,
    at_ms: Annotated[int, Query(ge=0, lt=2**53)],
    span_ms: Annotated[int, Query(ge=1, le=MOST_SPAN_MS)] = 60_000,
    form: Form = Form.PLAIN,
) -> Playback:
    """How to play from a moment on. It begins with the key frame on show then, or earlier; it ends
    where what one may see ends, and is without sound where one may not hear it.

    With ``form=converted`` the pictures are made anew for browsers that lack the camera's codec;
    those of a masked camera always are.
    """
    of, from_ns = services(request), at_ms * _NS_PER_MS
    may = _may(request, user, CameraId(camera), from_ns)
    to_ns = min(from_ns + span_ms * _NS_PER_MS, max(may.see[1], from_ns + 1))
    sight = await sight_of(request, user, CameraId(camera), (from_ns, to_ns))
    converted = form is Form.CONVERTED or sight.masking.hides
    made = await of.blocking.patiently(of.ports.form) if converted else None
    return await of.blocking(_playback, of, CameraId(camera), stream, from_ns, to_ns, may, made)


@dataclass(frozen=True, slots=True)
class _May:
    """Of which times somebody may see and hear the footage; (0, 0) for none."""

    see: Times
    hear: Times


def _may(request: Request, user: User, camera: CameraId, at_ns: int) -> _May:
    """What is named now has to be there still when its turn comes, although the past that somebody
    may see moves on."""
    now_ns = services(request).ports.clock.wall_ns()

    def of(action: Action) -> Times:
        now, soon = (
            times_of(user, action, camera, now_ns=each) for each in (now_ns, now_ns + _FETCHED_NS)
        )
        return next((each for each in common(now, soon) if each[1] > at_ns), (0, 0))

    return _May(of(Action.PLAYBACK), of(Action.SOUND))


def _playback(
    of: Services, camera: CameraId, stream: StreamName, from_ns: int, to_ns: int, may: _May,
    made: FormTold | None,
) -> Playback:  # fmt: skip
    now_ns = of.ports.clock.wall_ns()
    with of.ports.index.read() as index:
        line = timeline(index, camera, stream, from_ns, to_ns, now_ns)
        spans = _whole(line, index.gaps_between(camera, stream, line.from_ns, line.to_ns), now_ns)
        # Of a file that is being written the index knows less than the file itself.
        rows = index.files_between(camera, stream, from_ns - 5 * _AHEAD_NS, to_ns)
        holes = {run: _holes(index, run) for run in {row.run for row in rows}}
        resume_ns = _resume(index, camera, stream, line.to_ns)
    pieces, gone = _pieces(of, rows, holes, from_ns, to_ns, may)
    reach_ns = max((piece.to_ns for piece in pieces), default=0)
    gaps = [
        _gap(of.ports.words, max(span.from_ns, reach_ns) if span.cause is None else span.from_ns,
             span.to_ns, span.kind, span.cause)
        for span in spans
        if span.kind is not SpanKind.MEDIA and (span.cause is not None or span.to_ns > reach_ns)
    ]  # fmt: skip
    gaps += [
        _gap(of.ports.words, max(row.wall_from, from_ns), min(row.wall_to, to_ns), SpanKind.GAP,
             cause)
        for row, cause in gone
        if row.wall_from < to_ns and row.wall_to > from_ns
    ]  # fmt: skip
    return Playback(
        camera=camera,
        stream=stream,
        from_ms=from_ns // _NS_PER_MS,
        to_ms=to_ns // _NS_PER_MS,
        now_ms=now_ns // _NS_PER_MS,
        pieces=[_piece(piece, made) for piece in sorted(pieces, key=lambda each: each.from_ns)],
        gaps=sorted(gaps, key=lambda gap: gap.from_ms),
        resume_ms=resume_ns // _NS_PER_MS if resume_ns is not None else None,
    )


def _whole(line: StreamTimeline, rows: list[GapRow], now_ns: int) -> list[Span]:
    """The spans, a gap at either end in its whole length: a player shows how long it is."""
    gaps: dict[GapId | None, GapRow] = {row.id: row for row in rows}
    spans = list(line.spans)
    if spans and (first := gaps.get(spans[0].gap)):
        spans[0] = replace(spans[0], from_ns=min(first.wall_from, spans[0].from_ns))
    if spans and (last := gaps.get(spans[-1].gap)):
        ends_ns = last.wall_to if last.wall_to is not None else now_ns
        spans[-1] = replace(spans[-1], to_ns=max(ends_ns, spans[-1].to_ns))
    return spans


def _pieces(
    of: Services,
    rows: list[FileRow],
    holes: dict[RunId, Holes],
    from_ns: int,
    to_ns: int,
    may: _May,
) -> tuple[list[Piece], list[tuple[FileRow, GapCause]]]:
    """What can be played, and the files that cannot although the index has them."""
    pieces: list[Piece] = []
    gone: list[tuple[FileRow, GapCause]] = []
    for row in rows:
        try:
            file = of.files.file(path_of(of.ports, row))
            piece = piece_of(row, file, holes[row.run], from_ns, to_ns, may.see)
        except GoneError:
            gone.append((row, GapCause.MEDIA_MISSING))
        except VolumeMissingError:
            gone.append((row, GapCause.VOLUME_MISSING))
        except DamagedError as error:
            _LOG.error("file_damaged", run=row.run, sequence=row.sequence, error=error.sentence)
            gone.append((row, GapCause.MEDIA_DAMAGED))
        else:
            if piece is not None:
                pieces.append(heard(piece, may.hear))
    return pieces, gone


def pieces_between(
    of: Services, camera: CameraId, stream: StreamName, from_ns: int, to_ns: int
) -> list[Piece]:
    """What is recorded of a span, in order, whoever may see it; it blocks."""
    with of.ports.index.read() as index:
        rows = index.files_between(camera, stream, from_ns - 5 * _AHEAD_NS, to_ns)
        holes = {run: _holes(index, run) for run in {row.run for row in rows}}
    pieces, _ = _pieces(of, rows, holes, from_ns, to_ns, _May(ALWAYS, (0, 0)))
    return sorted(pieces, key=lambda each: each.from_ns)


def _holes(index: IndexReader, run: RunId) -> Holes:
    return sorted(
        (hole.media_from, hole.media_to)
        for hole in index.holes_of(run, 0)
        if hole.media_from is not None and hole.media_to is not None
    )


def _resume(index: IndexReader, camera: CameraId, stream: StreamName, end_ns: int) -> int | None:
    gaps = index.gaps_between(camera, stream, end_ns - 1, end_ns + 1)
    ends = [gap.wall_to for gap in gaps if gap.wall_to is not None and gap.wall_to >= end_ns]
    return max(ends, default=None)


# --- told -----------------------------------------------------------------------------------------


def _gap(
    words: CauseWords, from_ns: int, to_ns: int, kind: SpanKind, cause: GapCause | None
) -> PlaybackGap:
    sentences = {
        SpanKind.PENDING: "This is being written just now.",
        SpanKind.UNACCOUNTED: "Nothing tells what was here: run 'watchglass check'.",
    }
    shown: Literal["gap", "pending", "unaccounted"] = "gap"
    if kind is SpanKind.PENDING:
        shown = "pending"
    elif kind is SpanKind.UNACCOUNTED:
        shown = "unaccounted"
    return PlaybackGap(
        from_ms=from_ns // _NS_PER_MS,
        to_ms=to_ns // _NS_PER_MS,
        kind=shown,
        cause=cause,
        sentence=words.sentence(cause) if cause is not None else sentences[kind],
    )


def _piece(piece: Piece, made: FormTold | None) -> PlaybackPiece:
    """``made``: the form in which pictures are made anew, None where they are as recorded."""
    row = piece.row
    base = f"{PREFIX}/media/{row.camera}/{row.stream.value}/{row.run}/{row.sequence}"
    way = "video" if made is None else "converted"
    video, sound = piece.video.header, piece.sound.header if piece.sound is not None else None
    return PlaybackPiece(
        file=f"{row.run}/{row.sequence}",
        run=row.run,
        sequence=row.sequence,
        from_ms=piece.from_ns // _NS_PER_MS,
        to_ms=piece.to_ns // _NS_PER_MS,
        offset_ms=round(piece.offset_ns / _NS_PER_MS, 3),
        rate_ppb=row.rate_ppb,
        open=not piece.closed,
        video=VideoPart(
            init_url=f"{base}/{way}/init?at_ms={piece.from_ns // _NS_PER_MS}",
            mime=made.mime if made is not None else video.mime,
            codec=made.codec if made is not None else video.codec,
            width=video.width,
            height=video.height,
            segments=_segments(f"{base}/{way}", piece.video),
        ),
        sound=None
        if sound is None or piece.sound is None
        else SoundPart(
            init_url=f"{base}/sound/init?at_ms={piece.from_ns // _NS_PER_MS}"
            if sound.init
            else None,
            mime=sound.mime,
            codec=sound.codec,
            sample_rate=sound.sample_rate,
            channels=sound.channels,
            segments=_segments(f"{base}/sound", piece.sound),
        ),
    )


def _segments(base: str, part: TrackPart) -> list[Segment]:
    return [
        Segment(
            url=f"{base}/{each.first}-{each.last}?at_ms={each.from_ns // _NS_PER_MS}",
            from_ms=each.from_ns // _NS_PER_MS,
            to_ms=each.to_ns // _NS_PER_MS,
            first=each.first,
            last=each.last,
        )
        for each in part.segments
    ]
