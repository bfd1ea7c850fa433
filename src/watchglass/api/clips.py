"""Routes: a copy of a span as plain files, noted before the first byte.

A clip is asked for once, laid out, and noted in the site's ledger; only then are there addresses
to fetch it from. It goes out as it is read, with its length known from the start.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from watchglass.access.policy import Action, User, may
from watchglass.api.clipdesk import Clip, ClipState, sentence_of
from watchglass.api.errors import GoneError
from watchglass.api.paths import PREFIX
from watchglass.api.permits import Permit
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.api.sight import MaskedError, require_bare, sight_of
from watchglass.base import log
from watchglass.base.errors import (
    DamagedError,
    NotFoundError,
    RefusedError,
    UsageError,
    WatchglassError,
)
from watchglass.base.ids import CameraId, random_id
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.model.timeline import Span, SpanKind
from watchglass.recording.cliplayout import LaidOutFile, lay_out, read_out
from watchglass.recording.clipplan import ClipPlan, groups_of, missing_in, plan_clip

router = APIRouter(prefix=PREFIX, tags=["clips"], responses=RESPONSES)

MOST_SPAN_MS = 12 * 3600 * 1000
NOT_EVIDENCE = (
    "A clip is a copy for looking at. It proves nothing by itself, and is not the evidence export "
    "that a court can check."
)
_STALLED_S = 60.0
"""So long may whoever fetches a clip take nothing of it."""
_NS_PER_MS = 1_000_000
_NOTICEABLE_NS = 1_000_000_000
_LOG = log.get("clips")
_BINARY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, as a download.",
        "content": {
            "video/mp4": {"schema": {"type": "string", "format": "binary"}},
            "video/quicktime": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    **RESPONSES,
}

Taker = Annotated[User, Depends(Signed(Action.CLIP))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class ClipOrder(BaseModel):
    """What to copy. Without ``sound``, or the right to hear it, there is none in it."""

    model_config = ConfigDict(extra="forbid")

    stream: StreamName = StreamName.MAIN
    from_ms: int = Field(ge=0, lt=2**53)
    to_ms: int = Field(ge=0, lt=2**53)
    sound: bool = True
    reason: str = Field(
        "", max_length=300, description="Why; some cameras demand one. It is kept in the log."
    )


class ClipFile(BaseModel):
    """``from_ms`` and ``to_ms`` are of the first picture and the end of the last."""

    url: str
    name: str
    bytes: int
    from_ms: int
    to_ms: int
    pictures: int
    codec: str
    width: int
    height: int
    sound: str = Field(description="Empty for none.")


class ClipMissing(BaseModel):
    from_ms: int
    to_ms: int
    cause: GapCause | None
    sentence: str


class ClipMade(BaseModel):
    """What a clip holds. It begins with a key frame, which may be earlier than what was asked for;
    several files are needed where size or codec of the pictures change."""

    id: str
    camera: str
    stream: StreamName
    files: list[ClipFile]
    missing: list[ClipMissing]
    notice: str


class ClipProgress(BaseModel):
    """How far the file goes out that was fetched last."""

    state: ClipState
    number: int
    sent: int
    bytes: int
    sentence: str


@router.post("/clips/{camera}", operation_id="makeClip", status_code=201)
async def make_clip(request: Request, user: Taker, camera: Id, body: ClipOrder) -> ClipMade:
    """Lay out a copy of a span, note who takes it, and say where it is fetched."""
    of = services(request)
    if not 0 < body.to_ms - body.from_ms <= MOST_SPAN_MS:
        raise UsageError("A clip ends after it begins, and is at most 12 hours long.")
    found = CameraId(camera)
    span_ns = body.from_ms * _NS_PER_MS, body.to_ms * _NS_PER_MS
    check(request, user, Action.CLIP, found, span_ns)
    reason = await of.blocking(stated_reason, of, found, body.reason)
    sound = body.sound and may(user, Action.SOUND, found, span_ns, now_ns=of.ports.clock.wall_ns())
    plan, files = await of.blocking.patiently(_laid_out, of, found, body, sound=sound)
    clip = Clip(
        random_id(), user.id, found, body.stream, *span_ns, await of.blocking(_name, of, found),
        files,
    )  # fmt: skip
    # It begins with a key frame, which may be of a time that somebody may not see.
    begins_ns, ends_ns = clip.times
    check(request, user, Action.CLIP, found, clip.times)
    # In the ledger before there is an address to fetch it from: who cannot be noted gets nothing.
    sight = await sight_of(request, user, found, clip.times)
    if sight.masking.hides:
        raise MaskedError
    await of.looks.copied(user, found, body.stream, begins_ns, ends_ns, sight.unmasked, reason)
    of.clips.put(clip)
    missing = [_missing(of, span) for span in missing_in(plan, files[-1].to_ns) if _tells(span)]
    return ClipMade(
        id=clip.id, camera=camera, stream=body.stream, missing=missing, notice=NOT_EVIDENCE,
        files=[_told(clip, number) for number in range(len(files))],
    )  # fmt: skip


@router.get("/clips/{camera}/{clip}", operation_id="getClip")
async def get_clip(request: Request, user: Taker, camera: Id, clip: Id) -> ClipProgress:
    """How far it has gone out."""
    found = services(request).clips.get(clip, CameraId(camera), user.id)
    return _progress(found)


@router.delete("/clips/{camera}/{clip}", operation_id="stopClip")
async def stop_clip(request: Request, user: Taker, camera: Id, clip: Id) -> ClipProgress:
    """End its download."""
    found = services(request).clips.get(clip, CameraId(camera), user.id)
    found.stop()
    return _progress(found)


@router.get(
    "/clips/{camera}/{clip}/{number}", operation_id="fetchClip", response_class=Response,
    responses=_BINARY,
)  # fmt: skip
async def fetch_clip(
    request: Request, user: Taker, camera: Id, clip: Id,
    number: Annotated[int, Path(ge=0, lt=1000)],
    at_ms: Annotated[int | None, Query(ge=0, lt=2**53, description="Its beginning.")] = None,
) -> Response:  # fmt: skip
    """A file of a clip. An ended download is shorter than its Content-Length."""
    of = services(request)
    found = of.clips.get(clip, CameraId(camera), user.id)
    check(request, user, Action.CLIP, found.camera, found.times)
    if found.files[min(number, len(found.files) - 1)].sound:
        check(request, user, Action.SOUND, found.camera, found.times)
    if number >= len(found.files):
        raise NotFoundError("This clip has no such file.")
    if found.state is ClipState.SENDING:
        raise RefusedError("This clip is being downloaded already: stop that first.")
    found.number, found.sent, found.sentence, found.state = number, 0, "", ClipState.SENDING
    return _Download(request, user, found)


def stated_reason(of: Services, camera: CameraId, reason: str) -> str:
    """Why somebody takes a copy; UsageError where the camera demands that, and nothing is said."""
    reason = reason.strip()
    if not reason and of.ports.of_cameras.about(camera).statement.clip_reason:
        raise UsageError("Say why you take it: this camera demands a reason, and the log keeps it.")
    return reason


# --- in a thread ----------------------------------------------------------------------------------


def _laid_out(
    of: Services, camera: CameraId, body: ClipOrder, *, sound: bool
) -> tuple[ClipPlan, tuple[LaidOutFile, ...]]:
    from_ns, to_ns = body.from_ms * _NS_PER_MS, body.to_ms * _NS_PER_MS
    now_ns = of.ports.clock.wall_ns()
    try:
        with of.ports.index.read() as index:
            plan = plan_clip(
                index, of.ports.volume_path, camera, body.stream, from_ns, to_ns, now_ns=now_ns
            )
        made = (lay_out(group, sound=sound) for group in groups_of(plan))
        files = tuple(file for file in made if file is not None)
    except DamagedError as error:
        _LOG.error("clip_refused", error=error.sentence)
        raise GoneError(sentence_of(error), GapCause.MEDIA_DAMAGED) from error
    except NotFoundError as error:
        raise GoneError(
            "Nothing of this span can be copied: choose one that is recorded."
        ) from error
    if not files:
        raise GoneError("No picture of this span is on disk yet: try again in a moment.")
    return plan, files


def _name(of: Services, camera: CameraId) -> str:
    return next((each.name for each in of.ports.cameras() if each.id == camera), "camera")


# --- told -----------------------------------------------------------------------------------------


def _told(clip: Clip, number: int) -> ClipFile:
    file = clip.files[number]
    return ClipFile(
        url=f"{PREFIX}/clips/{clip.camera}/{clip.id}/{number}?at_ms={clip.from_ns // _NS_PER_MS}",
        name=_file_name(clip, number), bytes=file.length, from_ms=file.from_ns // _NS_PER_MS,
        to_ms=file.to_ns // _NS_PER_MS, pictures=file.pictures, codec=file.shape.codec,
        width=file.shape.width, height=file.shape.height, sound=file.shape.sound,
    )  # fmt: skip


def _file_name(clip: Clip, number: int) -> str:
    """The camera's name less what a file system or a shell takes for something else."""
    file = clip.files[number]
    name = re.sub(r"[^\w.-]+", " ", clip.name, flags=re.UNICODE).strip(" .") or "camera"
    begins = datetime.fromtimestamp(file.from_ns // 1_000_000_000, UTC)
    part = f" {number + 1}" if len(clip.files) > 1 else ""
    return f"{name[:60]} {begins:%Y-%m-%d %H.%M.%S}Z{part}{file.ending}"


def _tells(span: Span) -> bool:
    return span.to_ns - span.from_ns >= _NOTICEABLE_NS or span.cause is not None


def _missing(of: Services, span: Span) -> ClipMissing:
    sentence = "This is being written just now."
    if span.kind is not SpanKind.PENDING:
        sentence = "Nothing tells what was here."
    if span.cause is not None:
        sentence = of.ports.words.sentence(span.cause)
    return ClipMissing(
        from_ms=span.from_ns // _NS_PER_MS, to_ms=span.to_ns // _NS_PER_MS, cause=span.cause,
        sentence=sentence,
    )  # fmt: skip


def _progress(clip: Clip) -> ClipProgress:
    return ClipProgress(
        state=clip.state, number=clip.number, sent=clip.sent,
        bytes=clip.files[clip.number].length, sentence=clip.sentence,
    )  # fmt: skip


# --- going out ------------------------------------------------------------------------------------


class _Download(Response):
    """Sends a file as it is read, one piece at a time: whoever is slow is waited for, not read
    ahead of, and for a minute at most."""

    def __init__(self, request: Request, user: User, clip: Clip) -> None:
        self._of = services(request)
        self._request = request
        self._user = user
        self._clip = clip
        file = clip.files[clip.number]
        name = quote(_file_name(clip, clip.number), safe="")
        kind = "video/quicktime" if file.ending == ".mov" else "video/mp4"
        super().__init__(None, 200, media_type=kind)
        self.raw_headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(file.length).encode()),
            (b"content-disposition", f"attachment; filename*=UTF-8''{name}".encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        clip = self._clip
        gone = asyncio.ensure_future(_disconnected(receive))
        pieces = read_out(clip.files[clip.number])
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            with self._of.permits.hold(
                self._request, self._user, Action.CLIP, clip.camera
            ) as permit:
                whole = await self._send(pieces, gone, permit, send)
            if whole:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            pieces.close()
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone
            if clip.state is ClipState.SENDING:
                clip.state = ClipState.FAILED
                clip.sentence = clip.sentence or "Whoever fetched it went away before its end."

    async def _send(
        self, pieces: Iterator[bytes], gone: "asyncio.Future[None]", permit: Permit, send: Send
    ) -> bool:
        """Whether all of it went; what does not leaves a download that is too short."""
        clip = self._clip
        while clip.state is ClipState.SENDING and not gone.done():
            if permit.over.is_set():
                clip.sentence = "The right to take this clip has ended."
                return False
            try:
                piece = await self._of.blocking(next, pieces, b"")
                # Asked for each piece: a mask may be drawn while a clip goes out.
                await require_bare(self._request, self._user, clip.camera, clip.times)
            except WatchglassError as error:
                _LOG.error("clip_ended", camera=clip.camera, error=error.sentence)
                clip.sentence = sentence_of(error)
                return False
            if not piece:
                clip.state = ClipState.DONE
                return True
            try:
                async with asyncio.timeout(_STALLED_S):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except TimeoutError:
                clip.sentence = "Whoever fetched it took nothing for a minute."
                return False
            clip.sent += len(piece)
        return False


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
