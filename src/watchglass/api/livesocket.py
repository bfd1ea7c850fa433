"""The WebSocket of a live stream.

Text messages are JSON with a ``type``: ``shape`` (the next binary message is an init segment),
``origin`` (the timeline was shifted), ``waiting`` (what is on the screen is not live), ``refused``
(there is no picture, and why; the last message). All other binary messages are one frame each:
``moof`` and ``mdat``, on one timeline without gaps.
"""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Path, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.permits import Permit
from watchglass.api.policy import Seeing
from watchglass.api.services import services
from watchglass.api.sight import sight_of
from watchglass.base.errors import RefusedError, WatchglassError
from watchglass.base.ids import CameraId
from watchglass.live.viewer import Viewer, refusal
from watchglass.model.live import Form
from watchglass.model.stream import StreamName

router = APIRouter(prefix=PREFIX)

_TRY_AGAIN_LATER = 1013
_NOT_ALLOWED = 1008


@router.websocket("/live/{camera}/{stream}", name="watchLive")
async def watch_live(
    socket: WebSocket,
    user: Annotated[User, Depends(Seeing(Action.LIVE))],
    camera: Annotated[str, Path(pattern="^[0-9a-f]{32}$")],
    stream: StreamName,
    form: Form = Form.PLAIN,
) -> None:
    """Live frames until the viewer leaves, the session ends, or the right to watch.

    ``form=converted`` is for browsers that cannot play the camera's own codec. Of a masked camera
    all pictures are converted; the view ends when its masks change.
    """
    of = services(socket)
    await socket.accept()
    try:
        sight = await sight_of(socket, user, CameraId(camera))
        look = await of.looks.began(user, CameraId(camera), stream, sight.unmasked)
    except WatchglassError:
        await _close(socket, _TRY_AGAIN_LATER)
        return
    try:
        with (
            of.permits.hold(socket, user, Action.LIVE, look.camera) as permit,
            of.sights.until_changed(socket, user, look.camera, sight) as changed,
        ):
            # Asked again: from here on whoever changes masks tells us.
            if await sight_of(socket, user, look.camera) != sight:
                changed.set()
            async with of.hub.watch(look.camera, stream, form, sight.masking) as viewer:
                await _until_left(socket, viewer, permit, changed)
    except RefusedError as error:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_text(refusal(error.sentence))
            await _close(socket, _TRY_AGAIN_LATER)
    finally:
        of.looks.ended(look)


async def _until_left(
    socket: WebSocket, viewer: Viewer, permit: Permit, changed: asyncio.Event
) -> None:
    """Send, and listen for the end: a viewer says nothing else."""
    tasks = [
        asyncio.create_task(_send(socket, viewer, changed)), asyncio.create_task(_hear(socket)),
        asyncio.create_task(permit.over.wait()), asyncio.create_task(changed.wait()),
    ]  # fmt: skip
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await task
    if permit.over.is_set():
        await _close(socket, _NOT_ALLOWED)
    elif changed.is_set():
        await _close(socket, _TRY_AGAIN_LATER)


async def _send(socket: WebSocket, viewer: Viewer, changed: asyncio.Event) -> None:
    async for message in viewer.messages():
        if changed.is_set():
            return
        if isinstance(message, str):
            await socket.send_text(message)
        else:
            await socket.send_bytes(message)
    await _close(socket, _TRY_AGAIN_LATER)


async def _hear(socket: WebSocket) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return


async def _close(socket: WebSocket, code: int) -> None:
    if socket.application_state is not WebSocketState.DISCONNECTED:
        await socket.close(code)
