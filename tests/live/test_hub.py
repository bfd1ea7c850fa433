"""The feed runs while somebody watches, once for all of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.live.frame_making import frames, shape
from watchglass.base.ids import CameraId
from watchglass.live.conversion import Converter
from watchglass.live.hub import LiveHub
from watchglass.model.live import LiveItem, LiveSink
from watchglass.model.stream import StreamName

CAMERA = CameraId("c" * 32)


def _nobody(*_: object) -> Any:
    raise AssertionError("nothing is to be converted")


NOBODY = Converter(_nobody, _nobody)


class HandFeed:
    """Gives what the test says, and remembers who asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.sink: LiveSink | None = None

    def start(self, camera: CameraId, stream: StreamName, sink: LiveSink) -> None:
        assert self.sink is None
        self.calls.append("start")
        self.sink = sink

    def stop(self, camera: CameraId, stream: StreamName) -> None:
        self.calls.append("stop")
        self.sink = None

    def since_key_frame(self, camera: CameraId, stream: StreamName) -> Sequence[LiveItem]:
        self.calls.append("back")
        return [shape(), *frames(0, 3)]


def test_one_feed_for_all_who_watch() -> None:
    async def run() -> HandFeed:
        feed = HandFeed()
        hub = LiveHub(feed, asyncio.to_thread, NOBODY)
        async with hub.watch(CAMERA, StreamName.MAIN) as first:
            async with hub.watch(CAMERA, StreamName.MAIN) as second:
                assert feed.calls == ["start", "back", "back"]
                assert feed.sink is not None
                feed.sink(frames(4, 5))
                for viewer in (first, second):
                    messages = viewer.messages()
                    sent = [await asyncio.wait_for(anext(messages), 1) for _ in range(8)]
                    assert isinstance(sent[0], str)
                    assert len(sent) == 2 + 6
                assert [len(each) for each in hub.counters().values()] == [2]
            assert feed.calls == ["start", "back", "back"]
        return feed

    assert asyncio.run(run()).calls == ["start", "back", "back", "stop"]


def test_feed_ends_when_the_viewer_is_cancelled() -> None:
    async def run() -> HandFeed:
        feed = HandFeed()
        hub = LiveHub(feed, asyncio.to_thread, NOBODY)

        async def watch() -> None:
            async with hub.watch(CAMERA, StreamName.MAIN) as viewer:
                async for _ in viewer.messages():
                    pass

        task = asyncio.create_task(watch())
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0.1)
        return feed

    assert asyncio.run(run()).calls == ["start", "back", "stop"]
