"""Route: a clip of a masked camera, made anew as it goes out.

It is for who may take clips and not see what masks hide. Its pictures are those of playback: one
after the other, without sound, with what is missing left out.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse

from watchglass.access.policy import Action, User
from watchglass.access.right import Times
from watchglass.api.archive import path_of
from watchglass.api.clips import stated_reason
from watchglass.api.errors import GoneError
from watchglass.api.filetable import descriptor
from watchglass.api.lifts import Sight
from watchglass.api.paths import PREFIX
from watchglass.api.pieces import Piece, SegmentPart
from watchglass.api.playback import pieces_between
from watchglass.api.policy import Seeing, check
from watchglass.api.problem import RESPONSES
from watchglass.api.reconversion import Reconversion
from watchglass.api.services import Services, services
from watchglass.api.sight import require_same, sight_of
from watchglass.base.errors import RefusedError, UsageError
from watchglass.base.ids import CameraId
from watchglass.live.chunk import encode_chunk
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.stream import StreamName, Track

router = APIRouter(prefix=PREFIX, tags=["clips"])

MOST_SPAN_MS = 15 * 60 * 1000
_AT_ONCE = 2
_NS_PER_MS = 1_000_000

Taker = Annotated[User, Depends(Seeing(Action.CLIP))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
AtMs = Annotated[int, Query(ge=0, lt=2**53)]


@dataclass(frozen=True, slots=True)
class _Clip:
    """Pieces whose pictures have one shape; ``times`` are those of all of them."""

    request: Request
    user: User
    camera: CameraId
    pieces: list[Piece]
    times: Times
    sight: Sight
    shape: LiveShape


@router.get(
    "/masked-clips/{camera}/{stream}", operation_id="fetchMaskedClip",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A fragmented MP4, as a download. One that is cut off is not whole.",
            "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}},
        },
        **RESPONSES,
    },
)  # fmt: skip
async def fetch_masked_clip(
    request: Request,
    user: Taker,
    camera: Id,
    stream: StreamName,
    from_ms: AtMs,
    to_ms: AtMs,
    reason: Annotated[str, Query(max_length=300)] = "",
) -> StreamingResponse:
    """A copy of a span with what masks hide painted over, at most 15 minutes of it.

    It is noted before its first byte. 409 where the pictures change their size in the span, or two
    are being made already.
    """
    of, found = services(request), CameraId(camera)
    if not 0 < to_ms - from_ms <= MOST_SPAN_MS:
        raise UsageError("A masked clip ends after it begins, and is at most 15 minutes long.")
    span_ns = from_ms * _NS_PER_MS, to_ms * _NS_PER_MS
    check(request, user, Action.CLIP, found, span_ns)
    reason = await of.blocking(stated_reason, of, found, reason)
    pieces = await of.blocking(pieces_between, of, found, stream, *span_ns)
    if not pieces:
        raise GoneError("Nothing of this span can be copied: choose one that is recorded.")
    times = pieces[0].from_ns, pieces[-1].to_ns
    check(request, user, Action.CLIP, found, times)
    sight = await sight_of(request, user, found, times)
    shapes = [await of.blocking.patiently(_shape, of, each, sight) for each in pieces]
    if any(each.init != shapes[0].init for each in shapes):
        raise RefusedError("The pictures change their size in this span: take a shorter one.")
    if of.clips.masked >= _AT_ONCE:
        raise RefusedError("Two masked clips are being made: wait until one of them is there.")
    await of.looks.copied(user, found, stream, *times, sight.unmasked, reason)
    clip = _Clip(request, user, found, pieces, times, sight, shapes[0])
    name = f"masked-{from_ms}.mp4"
    return StreamingResponse(
        _parts(of, clip), 200, {"Content-Disposition": f'attachment; filename="{name}"'},
        media_type="video/mp4",
    )  # fmt: skip


async def _parts(of: Services, clip: _Clip) -> AsyncIterator[bytes]:
    of.clips.masked += 1
    try:
        yield clip.shape.init
        ends = number = 0
        for piece in clip.pieces:
            shift: int | None = None
            for segment in piece.video.segments:
                frames = await of.blocking.patiently(_frames, of, piece, segment, clip.sight)
                await require_same(clip.request, clip.user, clip.camera, clip.times, clip.sight)
                if shift is None:
                    shift = ends - frames[0].decode_time
                parts = [
                    encode_chunk(frame, number + at, frame.decode_time + shift)
                    for at, frame in enumerate(frames)
                ]
                number += len(frames)
                ends = frames[-1].decode_time + frames[-1].duration + shift
                yield b"".join(parts)
    finally:
        of.clips.masked -= 1


# --- in a thread ----------------------------------------------------------------------------------


def _shape(of: Services, piece: Piece, sight: Sight) -> LiveShape:
    path = path_of(of.ports, piece.row)
    with descriptor(path) as fd:
        file = of.files.of_descriptor(path, fd)
        first = file.of(Track.VIDEO)[:1]
        return Reconversion(of.ports.convert, of.sessions, fd, file, first, sight.masking).shape()


def _frames(of: Services, piece: Piece, segment: SegmentPart, sight: Sight) -> list[LiveFrame]:
    path = path_of(of.ports, piece.row)
    with descriptor(path) as fd:
        file = of.files.of_descriptor(path, fd)
        entries = [
            each for each in file.of(Track.VIDEO) if segment.first <= each.number <= segment.last
        ]
        made = Reconversion(of.ports.convert, of.sessions, fd, file, entries, sight.masking)
        return made.pictures()
