"""Simulated ONVIF devices for tests, in the loop of the test."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from tests.simulate.loop_thread import TINY
from watchglass.base.clock import SystemClock
from watchglass.model.onvif import OnvifRequest
from watchglass.simulate.camera_kind import KindName, camera
from watchglass.simulate.digest import Credentials
from watchglass.simulate.onvif.of_camera import device_of
from watchglass.simulate.onvif.quirks import Quirks
from watchglass.simulate.onvif.server import OnvifServer

T = TypeVar("T")

LOGIN = Credentials("admin", "geheim")
STREAM = "rtsp://127.0.0.1:5554/camera-1/main"


def made(quirks: Quirks | None = None, kind: KindName = "a") -> OnvifServer:
    """In front of no stream: nothing here opens one."""
    return device_of(camera("camera-1", kind, TINY), STREAM, SystemClock(), LOGIN, quirks)


def with_device(
    work: Callable[[OnvifServer], Awaitable[T]], quirks: Quirks | None = None, kind: KindName = "a"
) -> T:
    """Run ``work`` with a device that listens."""

    async def run() -> T:
        device = made(quirks, kind)
        await device.listen()
        try:
            return await work(device)
        finally:
            await device.close()

    return asyncio.run(_limited(run()))


async def _limited(work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(30):
        return await work


def request(device: OnvifServer, password: str = LOGIN.password, **more: Any) -> OnvifRequest:
    return OnvifRequest(
        f"http://127.0.0.1:{device.port}", "127.0.0.1", LOGIN.user, password, **more
    )
