"""Turning one camera: a session that is opened when it is needed, and a movement that ends.

A movement goes on only while somebody says so again and again: the page says it to the api, the api
to this process, and this process to the camera. Whichever of them goes away, the next one stops the
camera; the camera itself is told how long at most.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import CameraError, CameraUnreachableError
from watchglass.base.ids import CameraId
from watchglass.cameras.onvif.guarded import FOREIGN_ERRORS, GuardedCamera, foreign
from watchglass.cameras.onvif.setup import has, open_device
from watchglass.media.probe import harmless
from watchglass.model.steering import (
    LEASE_S,
    MOST_PRESETS,
    AskPtz,
    Centre,
    GoTo,
    Halt,
    Move,
    Preset,
    PtzState,
    SavePreset,
    Steering,
)

T = TypeVar("T")
Opener = Callable[[], Awaitable[GuardedCamera]]

_IDLE_S = 60.0
_MOST_S = 6.0
"""For one order, the opening of a session not counted."""
_OPEN_S = 15.0
_CAMERA_TIMEOUT_S = 3
"""How long a camera goes on at most that is not told again."""
_SAID_AGAIN_S = 1.0
_STOP_TRIES = 3
_FOV_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/TranslationSpaceFov"
_GUESSED_FOV = 0.17
"""How much of a whole turn a camera sees that is not zoomed in."""
_MOST_TOKEN_CHARS = 64
_LOG = log.get("onvif")


class Steerer:
    """Of one camera, in one event loop; one order at a time."""

    def __init__(self, camera: CameraId, profile: str, opener: Opener, clock: Clock) -> None:
        """``opener`` gives an opened session; CameraError."""
        self._camera, self._profile = camera, profile
        self._opener = opener
        self._clock = clock
        self._session: GuardedCamera | None = None
        self._lock = asyncio.Lock()
        self._moving: tuple[float, float, float] | None = None
        self._said_s = 0.0
        self._lease: asyncio.TimerHandle | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._fov: bool | None = None

    async def carry_out(self, order: Steering) -> PtzState | None:
        """Returns when the camera has taken it. CameraError."""
        if isinstance(order, Move) and self._moving is not None:
            self._renew()
        async with self._lock:
            return await self._answer(order)

    async def close(self) -> None:
        """Stop what moves, and end the session."""
        if self._moving is not None:
            await self._stop()
        for timer in (self._lease, self._idle):
            if timer is not None:
                timer.cancel()
        for task in self._tasks:
            task.cancel()
        await self._end_session()

    async def _answer(self, order: Steering) -> PtzState | None:
        match order:
            case Move():
                await self._move((order.pan, order.tilt, order.zoom))
            case Halt():
                await self._halt()
            case Centre():
                await self._asked(lambda ptz: self._centre(ptz, order))
            case GoTo():
                self._forget_move()
                await self._asked(lambda ptz: ptz.GotoPreset(
                    {"ProfileToken": self._profile, "PresetToken": order.preset}))  # fmt: skip
            case SavePreset():
                await self._asked(lambda ptz: ptz.SetPreset(
                    {"ProfileToken": self._profile, "PresetName": order.name}))  # fmt: skip
            case AskPtz():
                return await self._asked(self._state)
        return None

    # --- movement -----------------------------------------------------------------------------

    async def _move(self, speeds: tuple[float, float, float]) -> None:
        speeds = (_within(speeds[0]), _within(speeds[1]), _within(speeds[2]))
        if not any(speeds):
            await self._halt()
            return
        now_s = asyncio.get_running_loop().time()
        if speeds == self._moving and now_s - self._said_s < _SAID_AGAIN_S:
            self._renew()
            return
        await self._asked(lambda ptz: self._send_move(ptz, speeds))

    async def _send_move(self, ptz: Any, speeds: tuple[float, float, float]) -> None:
        # From here on it may move, whatever is heard of it.
        self._moving, self._said_s = speeds, asyncio.get_running_loop().time()
        self._renew()
        await ptz.ContinuousMove(
            {
                "ProfileToken": self._profile,
                "Velocity": {
                    "PanTilt": {"x": speeds[0], "y": speeds[1]}, "Zoom": {"x": speeds[2]},
                },
                "Timeout": dt.timedelta(seconds=_CAMERA_TIMEOUT_S),
            }
        )  # fmt: skip
        self._renew()

    async def _halt(self) -> None:
        self._forget_move()
        await self._asked(lambda ptz: ptz.Stop(
            {"ProfileToken": self._profile, "PanTilt": True, "Zoom": True}))  # fmt: skip

    def _renew(self) -> None:
        """It may go on for a lease."""
        if self._lease is not None:
            self._lease.cancel()
        self._lease = asyncio.get_running_loop().call_later(LEASE_S, self._over)

    def _over(self) -> None:
        self._lease = None
        if self._moving is not None:
            _LOG.info("ptz_lease_over", camera=self._camera)
            task = asyncio.ensure_future(self._stop())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _stop(self) -> None:
        """Nobody waits for it: it is tried again, and told in the log."""
        async with self._lock:
            for _ in range(_STOP_TRIES):
                with suppress(CameraError):
                    await self._halt()
                    return
            _LOG.error("ptz_not_stopped", camera=self._camera)

    def _forget_move(self) -> None:
        self._moving = None
        if self._lease is not None:
            self._lease.cancel()
            self._lease = None

    async def _centre(self, ptz: Any, order: Centre) -> None:
        x, y = _within(order.x), _within(order.y)
        if self._fov is None:
            self._fov = await self._knows_fov(ptz)
        if self._fov:
            shift = {"PanTilt": {"x": x, "y": y, "space": _FOV_SPACE}}
        else:
            zoom = (await self._position(ptz))[2] or 0.0
            half = _GUESSED_FOV * (1 - 0.9 * zoom)
            shift = {"PanTilt": {"x": x * half, "y": y * half}}
        self._forget_move()
        await ptz.RelativeMove({"ProfileToken": self._profile, "Translation": shift})

    async def _knows_fov(self, ptz: Any) -> bool:
        """Whether it can be told to turn by parts of its picture."""
        for node in list(await ptz.GetNodes() or ())[:8]:
            spaces = getattr(node, "SupportedPTZSpaces", None)
            for each in getattr(spaces, "RelativePanTiltTranslationSpace", None) or ():
                if getattr(each, "URI", "") == _FOV_SPACE:
                    return True
        return False

    # --- what it tells ------------------------------------------------------------------------

    async def _state(self, ptz: Any) -> PtzState:
        told = await ptz.GetPresets({"ProfileToken": self._profile})
        presets = tuple(
            Preset(str(each.token), harmless(str(getattr(each, "Name", "") or each.token)))
            for each in list(told or ())[:MOST_PRESETS]
            if 0 < len(str(each.token or "")) <= _MOST_TOKEN_CHARS and str(each.token).isprintable()
        )
        pan, tilt, zoom = await self._position(ptz)
        return PtzState(presets, pan, tilt, zoom, self._moving is not None)

    async def _position(self, ptz: Any) -> tuple[float | None, float | None, float | None]:
        try:
            status = await ptz.GetStatus({"ProfileToken": self._profile})
        except FOREIGN_ERRORS:
            return None, None, None
        place: Any = getattr(status, "Position", None)
        turn, zoom = getattr(place, "PanTilt", None), getattr(place, "Zoom", None)
        return _number(turn, "x"), _number(turn, "y"), _number(zoom, "x")

    # --- session ------------------------------------------------------------------------------

    async def _asked(self, ask: Callable[[Any], Awaitable[T]]) -> T:
        """Within a time, in a session; one that ends with an error is not used again."""
        if self._idle is not None:
            self._idle.cancel()
        try:
            if self._session is None:
                async with asyncio.timeout(_OPEN_S):
                    self._session = await self._opener()
            async with asyncio.timeout(_MOST_S):
                return await ask(await self._session.create_ptz_service())
        except FOREIGN_ERRORS as error:
            await self._end_session()
            raise foreign(error) from error
        except CameraError:
            await self._end_session()
            raise
        finally:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(_IDLE_S, self._rest)

    def _rest(self) -> None:
        if self._moving is None and not self._lock.locked():
            task = asyncio.ensure_future(self._end_session())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def opened(camera: GuardedCamera, *, service: str) -> GuardedCamera:
    """A session in which ``service`` can be used; CameraError, and it is closed."""
    try:
        await open_device(camera)
        if not has(camera, service):
            raise CameraUnreachableError(
                "The camera no longer says that it can do this: look at it with 'camera probe'."
            )
    except FOREIGN_ERRORS as error:
        await camera.close()
        raise foreign(error) from error
    except BaseException:
        await camera.close()
        raise
    return camera


def _within(value: float) -> float:
    """-1 to 1; what is no number is no movement."""
    return min(1.0, max(-1.0, value)) if value == value else 0.0


def _number(told: Any, name: str) -> float | None:
    try:
        value = float(getattr(told, name))
    except (AttributeError, TypeError, ValueError):
        return None
    return value if -1e6 < value < 1e6 else None
