"""The web server of the api process, which ends when it is told to."""

import asyncio
from types import FrameType

import uvicorn

from watchglass.app.beats import beating


class PageServer(uvicorn.Server):
    """uvicorn's own looks ten times a second whether it is to end; this one is told."""

    def __init__(self, config: uvicorn.Config, beat_s: float) -> None:
        super().__init__(config)
        self._beat_s = beat_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    def end(self) -> None:
        """For any thread, and for signals."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.end()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        beat = asyncio.ensure_future(beating(self._beat_s))
        # The order matters: ``end`` may have come before there was a loop to tell.
        while not await self.on_tick(0):
            await self._told.wait()
        beat.cancel()
        self._loop = None
