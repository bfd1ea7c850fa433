"""The WebSocket by which somebody moves a camera while a key or a finger is down.

The page sends ``{"do": "move", "pan": …, "tilt": …, "zoom": …}`` (-1 to 1) at once and again four
times a second as long as it is to go on, and ``{"do": "stop"}``. When it falls silent while the
camera moves, hangs up, or loses its right, the camera is stopped. It is told in JSON with a
``type``: ``moving`` and ``stopped`` (the camera took it), ``taken`` (``by`` whom), ``refused`` (the
sentence says why).
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.permits import Permit
from watchglass.api.policy import Signed
from watchglass.api.services import Services, services
from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId
from watchglass.model.act import ActKind
from watchglass.model.steering import Halt, Move

router = APIRouter(prefix=PREFIX)

SILENCE_S = 0.8
"""After that a page that said nothing is taken to be gone."""
_AGAIN_S = 0.4
_MOST_WAITING = 16
_MOST_CHARS = 200
_NOT_ALLOWED = 1008
_NOT_UNDERSTOOD = 1007
_Speed = Annotated[float, msgspec.Meta(ge=-1, le=1)]
_LOG = log.get("ptz")


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    do: Literal["move", "stop"]
    pan: _Speed = 0.0
    tilt: _Speed = 0.0
    zoom: _Speed = 0.0


_DECODER = msgspec.json.Decoder(_Said)


@router.websocket("/ptz/{camera}", name="steerCamera")
async def steer_camera(
    socket: WebSocket,
    user: Annotated[User, Depends(Signed(Action.PTZ))],
    camera: Annotated[str, Path(pattern="^[0-9a-f]{32}$")],
) -> None:
    """Move a camera until the page hangs up, or may not any more."""
    of = services(socket)
    await socket.accept()
    with of.permits.hold(socket, user, Action.PTZ, CameraId(camera)) as permit:
        code = await _Wheel(socket, of, user, CameraId(camera)).run(permit)
    if code and socket.application_state is not WebSocketState.DISCONNECTED:
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code)


@dataclass(slots=True)
class _Wheel:
    """What is wanted last counts; whatever came before it and was not yet done is passed over."""

    socket: WebSocket
    of: Services
    user: User
    camera: CameraId
    _wanted: Move | None = None
    _moving: bool = False
    _stops: int = 0
    """How often a stop was asked for."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _telling: asyncio.Queue[dict[str, str]] = field(
        default_factory=lambda: asyncio.Queue(_MOST_WAITING)
    )

    async def run(self, permit: Permit) -> int:
        """The code to close with; 0 where it is closed already."""
        tasks = [asyncio.create_task(each) for each in (self._hear(), self._drive(), self._tell())]
        over = asyncio.create_task(permit.over.wait())
        try:
            done, _ = await asyncio.wait([*tasks, over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, over):
                task.cancel()
            ended = await asyncio.gather(*tasks, over, return_exceptions=True)
            self.of.wheels.forget(self.user, self.camera)
            if self._moving:
                # Whoever goes, the camera is stopped.
                self.of.wheels.finish(self._halt())
        if over in done:
            return _NOT_ALLOWED
        return ended[0] if isinstance(ended[0], int) else 0

    async def _hear(self) -> int:
        """Until the page hangs up (0), or says what is not understood."""
        while True:
            try:
                async with asyncio.timeout(SILENCE_S if self._wanted is not None else None):
                    text = await self.socket.receive_text()
            except TimeoutError:
                _LOG.info("ptz_page_silent", camera=self.camera)
                self._want(None)
                continue
            except (WebSocketDisconnect, RuntimeError, KeyError):
                return 0
            try:
                said = _DECODER.decode(text[:_MOST_CHARS])
            except msgspec.MsgspecError:
                return _NOT_UNDERSTOOD
            moves = said.do == "move" and any((said.pan, said.tilt, said.zoom))
            self._want(Move(self.camera, said.pan, said.tilt, said.zoom) if moves else None)

    def _want(self, move: Move | None) -> None:
        self._stops += move is None
        self._wanted = move
        self._changed.set()

    async def _drive(self) -> None:
        """One order at a time; what moves is told to go on while it is wanted."""
        stopped = 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S if self._moving else None):
                    await self._changed.wait()
            self._changed.clear()
            move, stops = self._wanted, self._stops
            try:
                if move is None or stops != stopped:
                    # A stop between two movements is done, and not passed over.
                    stopped = stops
                    await self._stop()
                if move is not None:
                    await self._go_on(move)
            except WatchglassError as error:
                self._wanted = None
                self._say("refused", sentence=error.sentence)

    async def _go_on(self, move: Move) -> None:
        self.of.wheels.claim(self.user, self.camera, self._taken)
        if not self._moving:
            await self.of.acts.note(self.user, ActKind.STEERED, _words(move), self.camera)
        self._moving = True
        await self.of.blocking.patiently(self.of.ports.steer, move)
        self._say("moving")

    async def _stop(self) -> None:
        if self._moving:
            await self._halt()
            self._say("stopped")

    async def _halt(self) -> None:
        self._moving = False
        await self.of.blocking.patiently(self.of.ports.steer, Halt(self.camera))

    def _taken(self, by: str) -> None:
        # Whoever took it says where it goes from here; a stop of ours would stop him.
        self._moving = False
        self._wanted = None
        self._say("taken", by=by)

    def _say(self, what: str, **more: str) -> None:
        """A page that does not listen loses the oldest."""
        if self._telling.full():
            self._telling.get_nowait()
        self._telling.put_nowait({"type": what, **more})

    async def _tell(self) -> None:
        while True:
            message = await self._telling.get()
            await self.socket.send_text(json.dumps(message))


def _words(move: Move) -> str:
    """'moved left, up, in'."""
    signs = ((move.pan, "left", "right"), (move.tilt, "down", "up"), (move.zoom, "out", "in"))
    found = [low if value < 0 else high for value, low, high in signs if value]
    return f"moved {', '.join(found)}"
