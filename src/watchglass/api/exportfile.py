"""Route: an evidence bundle as a download, noted before its first byte.

It goes out as it is read, one piece at a time: whoever is slow is waited for, for a minute at most.
"""

import asyncio
from contextlib import ExitStack, closing, suppress
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from watchglass.access.policy import Action, User, may
from watchglass.api.errors import GoneError
from watchglass.api.exports import require_right, visible
from watchglass.api.paths import PREFIX
from watchglass.api.permits import Permit
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.api.sight import MaskedError
from watchglass.base import log
from watchglass.base.errors import RefusedError
from watchglass.model.export import Export, ExportState
from watchglass.model.look import LookKind

router = APIRouter(prefix=PREFIX + "/exports", tags=["exports"])

_PIECE_BYTES = 1 << 20
_STALLED_S = 60.0
_MASKS_EVERY = 16
_LOG = log.get("exports")


@router.get(
    "/{export}/file", operation_id="fetchExport", response_class=Response,
    responses={
        200: {
            "description": "A ZIP, encrypted or not. One that is cut off is shorter than it says.",
            "content": {
                each: {"schema": {"type": "string", "format": "binary"}}
                for each in ("application/zip", "application/octet-stream")
            },
        },
        **RESPONSES,
    },
)  # fmt: skip
async def fetch_export(
    request: Request,
    user: Annotated[User, Depends(Signed(Action.SEE_STATE))],
    export: Annotated[str, Path(pattern="^[0-9a-f]{32}$")],
) -> Response:
    """The bundle. Whoever cannot be noted in the ledger gets nothing."""
    of = services(request)
    found = await visible(request, user, export)
    require_right(request, user, found)
    if found.state is not ExportState.DONE or not found.file:
        raise RefusedError("This bundle is not there yet: wait until it is made.")
    await _require_unmasked(request, user, found)
    path = of.ports.exports.folder / found.file
    try:
        file = await of.blocking(path.open, "rb")
    except OSError as error:
        raise GoneError("The bundle is not on disk any more: make it again.") from error
    try:
        for camera in found.cameras:
            why = f"evidence bundle {found.id[:12]}: {found.reason}"
            for stream in found.streams:
                await of.looks.copied(
                    user, camera.id, stream, found.from_ns, found.to_ns,
                    why if camera.unmasked else "", "" if camera.unmasked else why,
                    LookKind.EVIDENCE,
                )  # fmt: skip
    except BaseException:
        file.close()
        raise
    return _Download(request, user, found, file)


async def _require_unmasked(request: Request, user: User, export: Export) -> None:
    """What masks hide by now is in it, even where none was drawn when it was made."""
    of = services(request)
    span = export.from_ns, export.asked_to_ns
    for each in export.cameras:
        masking = await of.blocking(of.ports.masks.masking, each.id)
        now_ns = of.ports.clock.wall_ns()
        if masking.hides and not may(user, Action.UNMASK, each.id, span, now_ns=now_ns):
            raise MaskedError


class _Download(Response):
    def __init__(self, request: Request, user: User, export: Export, file: BinaryIO) -> None:
        self._of = services(request)
        self._request, self._user, self._export, self._file = request, user, export, file
        kind = "application/octet-stream" if export.encrypted else "application/zip"
        super().__init__(None, 200, media_type=kind)
        self.raw_headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(export.bytes).encode()),
            (b"content-disposition", f'attachment; filename="{export.file}"'.encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            with closing(self._file), ExitStack() as stack:
                permits = [
                    stack.enter_context(
                        self._of.permits.hold(self._request, self._user, Action.EXPORT, each.id)
                    )
                    for each in self._export.cameras
                ]
                await send(
                    {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                )
                await self._send(permits, gone, send)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _send(self, permits: list[Permit], gone: "asyncio.Future[None]", send: Send) -> None:
        """What is not sent to its end leaves a download that is too short, and no ZIP."""
        number = 0
        while not gone.done():
            if any(each.over.is_set() for each in permits):
                _LOG.warning("export_download_ended", export=self._export.id, why="right ended")
                return
            if number % _MASKS_EVERY == 0:
                try:
                    await _require_unmasked(self._request, self._user, self._export)
                except MaskedError:
                    return
            number += 1
            piece = await self._of.blocking(self._file.read, _PIECE_BYTES)
            more = bool(piece)
            try:
                async with asyncio.timeout(_STALLED_S):
                    await send({"type": "http.response.body", "body": piece, "more_body": more})
            except TimeoutError:
                return
            if not more:
                return


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
