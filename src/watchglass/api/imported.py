"""Footage of another system: what there is of it, and its bytes.

It is in no file, run or gap of ours: a layer of its own on the timeline, with its own words. A file
is there whole or not at all: of one that reaches outside of what somebody may see, he gets nothing.
"""

import os
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from watchglass.access.policy import Action, User
from watchglass.access.right import Times
from watchglass.api.errors import GoneError
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Seeing, allowed_times, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.api.sight import MaskedError, sight_of
from watchglass.base.errors import NotFoundError, UsageError, VolumeMissingError
from watchglass.base.ids import CameraId
from watchglass.model.footage import TimeFrom
from watchglass.model.stream import StreamName
from watchglass.recording.footage import imported_path
from watchglass.store.index import DELETING, ImportRow

router = APIRouter(prefix=PREFIX + "/cameras/{camera}/imported", tags=["media"])
MOST_PIECE_BYTES = 4 << 20
_NS_PER_MS = 1_000_000
_EVER_NS = 1 << 62
_MOST_LISTED = 500
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})?")
_BYTES: dict[int | str, dict[str, Any]] = {
    206: {
        "description": "A piece of an MP4 file, which may be shorter than was asked for.",
        "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}},
    },
    **RESPONSES,
}
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class ImportedSpan(BaseModel):
    """Imported footage, not ours. Its times are claimed; nothing proves it before
    ``imported_ms``."""

    id: str
    from_ms: int
    to_ms: int
    imported_ms: int
    time_from: TimeFrom
    codec: str
    damaged: bool
    original: str = Field(description="SHA-256 of the file as it was brought.")
    path: str = Field(description="Where its bytes are, piece by piece.")
    sentence: str


class ImportedList(BaseModel):
    """In the order of their claimed times. ``more``: there are others, later than these."""

    imported: list[ImportedSpan]
    more: bool


@router.get("", operation_id="listImported", responses=RESPONSES)
async def list_imported(
    request: Request, user: Annotated[User, Depends(Seeing(Action.PLAYBACK))], camera: Id,
    after_ms: Annotated[int, Query(ge=0)] = 0,
) -> ImportedList:  # fmt: skip
    """What another system recorded of a camera's place and was brought along, whenever that was, as
    far as all of a file may be seen; of what ends after ``after_ms``."""
    of = services(request)
    allowed = allowed_times(request, user, Action.PLAYBACK, CameraId(camera))
    span = (after_ms * _NS_PER_MS, _EVER_NS)
    found = await of.blocking(_listed, of, CameraId(camera), span, allowed)
    return ImportedList(imported=found[:_MOST_LISTED], more=len(found) > _MOST_LISTED)


def _listed(
    of: Services, camera: CameraId, span: Times, allowed: Sequence[Times]
) -> list[ImportedSpan]:
    with of.ports.index.read() as index:
        rows = index.imports(camera)
    return sorted(imported_spans(rows, camera, span, allowed), key=lambda each: each.from_ms)


def imported_spans(
    rows: Iterable[ImportRow], camera: CameraId, span: Times, allowed: Sequence[Times]
) -> list[ImportedSpan]:
    """What touches a span, of that of which somebody may see all."""
    return [
        _told(row)
        for row in rows
        if row.camera == camera and row.state != DELETING
        and row.wall_from < span[1] and row.wall_to > span[0]
        and any(begins <= row.wall_from and row.wall_to <= ends for begins, ends in allowed)
    ]  # fmt: skip


@router.get(
    "/{footage}/video.mp4", operation_id="getImported", response_class=Response, status_code=206,
    responses=_BYTES,
)  # fmt: skip
async def get_imported(
    request: Request, user: Annotated[User, Depends(Seeing(Action.PLAYBACK))], camera: Id,
    footage: Id,
) -> Response:  # fmt: skip
    """A piece of the file as it is kept (``Range: bytes=…``); of a masked camera only for who sees
    it without masks."""
    of = services(request)
    row = await of.blocking(_row, of, CameraId(camera), footage)
    times = (row.wall_from, row.wall_to)
    check(request, user, Action.PLAYBACK, row.camera, times)
    first, last = _asked(request.headers.get("range", ""), row.length)
    data = await of.blocking(_read, of, row, first, last)
    sight = await sight_of(request, user, row.camera, times)
    if sight.masking.hides:
        raise MaskedError
    await of.looks.saw(user, row.camera, StreamName.MAIN, *times, unmasked=sight.unmasked)
    headers = {
        "Content-Range": f"bytes {first}-{first + len(data) - 1}/{row.length}",
        "Accept-Ranges": "bytes", "Cache-Control": "private, no-store", "Vary": "Cookie",
    }  # fmt: skip
    return Response(data, 206, headers, media_type="video/mp4")


def _asked(text: str, length: int) -> tuple[int, int]:
    """The first byte of a piece, and the one behind its last."""
    found = _RANGE.fullmatch(text.replace(" ", ""))
    if found is None:
        raise UsageError("Ask for it piece by piece: 'Range: bytes=0-'.")
    first = int(found[1])
    last = min(length, first + MOST_PIECE_BYTES, int(found[2] or length) + 1)
    if first >= last:
        raise UsageError("The file is shorter than that.")
    return first, last


def _row(of: Services, camera: CameraId, footage: str) -> ImportRow:
    with of.ports.index.read() as index:
        rows = [row for row in index.imports(camera) if row.id == footage]
    if not rows:
        raise NotFoundError("This camera has no such imported footage.")
    if rows[0].state == DELETING:
        raise GoneError("This imported footage was deleted.", None)
    return rows[0]


def _read(of: Services, row: ImportRow, first: int, last: int) -> bytes:
    root = of.ports.volume_path(row.volume)
    if root is None:
        raise VolumeMissingError("The disk with this footage is not there: mount it.")
    try:
        fd = os.open(imported_path(root, row.camera, row.id), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise GoneError("The imported file is not on its disk any more.", None) from None
    try:
        data = os.pread(fd, last - first, first)
    finally:
        os.close(fd)
    if not data:
        raise GoneError("The imported file is shorter than it was.", None)
    return data


def _told(row: ImportRow) -> ImportedSpan:
    return ImportedSpan(
        id=row.id, from_ms=row.wall_from // _NS_PER_MS, to_ms=-(-row.wall_to // _NS_PER_MS),
        imported_ms=row.imported_ns // _NS_PER_MS, time_from=TimeFrom(row.time_from),
        codec=row.codec, damaged=row.damaged, original=row.original,
        path=f"{PREFIX}/cameras/{row.camera}/imported/{row.id}/video.mp4",
        sentence="Imported, not recorded by this system; unproven before it was imported."
        + (" The file was damaged." if row.damaged else ""),
    )  # fmt: skip
