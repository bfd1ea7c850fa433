"""An event loop beside the test, and the size of the cameras that run in it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Literal

from watchglass.simulate.camera_kind import CameraSpec, KindName, Size, cameras
from watchglass.simulate.loop import LoopSpec

TINY = Size(
    width=320,
    height=192,
    fps=10,
    bit_rate=250_000,
    seconds=2,
    sub_width=160,
    sub_height=96,
    sub_fps=5,
    sub_bit_rate=80_000,
)


def tiny_cameras(count: int, kind: KindName | Literal["mix"] = "mix") -> list[CameraSpec]:
    """Two key frames a second, so that no test waits for one; "b" keeps its long GOP."""
    return [
        replace(spec, main=_quick(spec.main), sub=_quick(spec.sub))
        for spec in cameras(count, kind, TINY)
    ]


def _quick(spec: LoopSpec) -> LoopSpec:
    return spec if spec.rate_control == "variable" else replace(spec, gop_frames=spec.fps // 2)


class LoopThread:
    """An event loop in a thread, so that a test can block on a player while cameras run."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any], timeout_s: float = 60) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout_s)

    def call(self, function: Callable[[], Any]) -> Any:
        async def work() -> Any:
            return function()

        return self.run(work())

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
