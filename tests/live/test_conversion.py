"""A live stream made anew: once for all, without a hole, and given up with a sentence."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from tests.live.frame_making import RUN, shape
from tests.media.numbered import numbered
from watchglass.api.errors import MediaWorkerError
from watchglass.base.errors import RefusedError
from watchglass.base.ids import CameraId
from watchglass.live import conversion
from watchglass.live.conversion import Converter
from watchglass.live.hub import LiveHub
from watchglass.live.viewer import Viewer
from watchglass.media.conversion import Conversion
from watchglass.model.conversion import Converted, ConvertRequest
from watchglass.model.live import Form, LiveFrame, LiveItem, LiveSink
from watchglass.model.stream import StreamName, VideoCodec

CODEC = VideoCodec.H265
STEP = 9000
OTHER = CameraId("d" * 32)
CAMERA = CameraId("c" * 32)
MAIN = StreamName.MAIN


def frames(first: int, last: int) -> list[LiveFrame]:
    """A key frame each ten pictures; ``wall_ns`` is the picture's number."""
    units = numbered(CODEC, 41).access_units
    return [
        LiveFrame(RUN, n * STEP, (n - 1) * STEP if n else -1, STEP, 0, units[n][1], n, units[n][0])
        for n in range(first, last + 1)
    ]


class HandFeed:
    """Recorded are the first thirteen pictures; what comes is what the test says."""

    def __init__(self) -> None:
        self.sinks: dict[CameraId, LiveSink] = {}
        self.recorded: list[LiveItem] = [shape(), *frames(10, 12)]

    def start(self, camera: CameraId, stream: StreamName, sink: LiveSink) -> None:
        self.sinks[camera] = sink

    def stop(self, camera: CameraId, stream: StreamName) -> None:
        del self.sinks[camera]

    def since_key_frame(self, camera: CameraId, stream: StreamName) -> Sequence[LiveItem]:
        return self.recorded


class OneWorker:
    """Sessions as the media-worker has them; it may forget them, or be away."""

    def __init__(self) -> None:
        self.sessions: dict[str, Conversion] = {}
        self.requests: list[ConvertRequest] = []
        self.away = 0

    def __call__(self, request: ConvertRequest) -> Converted | None:
        self.requests.append(request)
        if self.away:
            self.away -= 1
            raise MediaWorkerError("Pictures cannot be made just now.")
        if request.begins:
            self.sessions[request.session] = Conversion(CODEC, request.configuration, 1280)
        session = self.sessions.get(request.session)
        if session is None or (not request.begins and session.at != request.after):
            return None
        return session.convert(request)


class Bench:
    """A hub between both, in one event loop."""

    def __init__(self, most: int = 4) -> None:
        self.feed, self.worker = HandFeed(), OneWorker()
        describe = lambda _: (CODEC, numbered(CODEC, 41).configuration)  # noqa: E731
        converter = Converter(self.worker, describe, most)
        self.hub = LiveHub(self.feed, asyncio.to_thread, converter)

    async def give(self, items: Sequence[LiveItem], camera: CameraId = CAMERA) -> None:
        self.feed.sinks[camera](items)
        await asyncio.sleep(0)


async def read(viewer: Viewer, chunks: int) -> list[Any]:
    """So many chunks, and the texts before them: texts as objects, chunks as decode times."""
    found: list[Any] = []
    messages = viewer.messages()
    while sum(isinstance(each, int) for each in found) < chunks:
        message = await asyncio.wait_for(anext(messages), 20)
        if isinstance(message, str):
            found.append(json.loads(message))
        elif message[4:8] == b"moof":
            found.append(int.from_bytes(message[60:68], "big") // STEP)
    return found


def run(story: Callable[[Bench], Awaitable[None]], most: int = 4) -> Bench:
    async def all_of_it() -> Bench:
        bench = Bench(most)
        conversion._AGAIN_S = 0.001
        async with asyncio.timeout(60):
            await story(bench)
            await bench.hub.close()
        assert bench.feed.sinks == {}
        return bench

    return asyncio.run(all_of_it())


def test_one_session_for_all_who_watch_so() -> None:
    async def story(bench: Bench) -> None:
        async with bench.hub.watch(CAMERA, MAIN, Form.CONVERTED) as first:
            begun = await read(first, 1)
            assert begun[0]["mime"].startswith('video/mp4; codecs="avc1.')
            # Of what was before only the newest is shown.
            await bench.give(frames(12, 16))
            assert await read(first, 4) == [1, 2, 3, 4]
            async with (
                bench.hub.watch(CAMERA, MAIN, Form.CONVERTED) as second,
                bench.hub.watch(CAMERA, MAIN) as plain,
            ):
                assert (await read(second, 5))[-1] == 4
                assert (await read(plain, 3))[0]["mime"] == shape().mime
                await bench.give(frames(17, 18))
                assert await read(second, 2) == [5, 6]
            assert await read(first, 2) == [5, 6]

    bench = run(story)
    assert len(bench.worker.sessions) == 1
    assert [each.lead for each in bench.worker.requests][:1] == [2]


def test_a_hole_begins_anew_at_a_key_frame() -> None:
    async def story(bench: Bench) -> None:
        async with bench.hub.watch(CAMERA, MAIN, Form.CONVERTED) as viewer:
            await read(viewer, 1)
            await bench.give(frames(15, 22))
            told = await read(viewer, 3)
            # Its time line closes up, and it is told where it is now.
            assert told[0]["type"] == "origin"
            assert told[1:] == [1, 2, 3]

    assert len(run(story).worker.sessions) == 2


def test_a_worker_that_forgot_is_given_it_again() -> None:
    async def story(bench: Bench) -> None:
        async with bench.hub.watch(CAMERA, MAIN, Form.CONVERTED) as viewer:
            await read(viewer, 1)
            bench.worker.sessions.clear()
            bench.feed.recorded = [shape(), *frames(10, 14)]
            await bench.give(frames(13, 14))
            assert (await read(viewer, 1))[-1] == 1
            bench.worker.away = 1
            bench.feed.recorded = [shape(), *frames(10, 15)]
            await bench.give(frames(15, 15))
            assert (await read(viewer, 1))[-1] == 2

    run(story)


def test_a_stream_that_never_gets_through_is_given_up() -> None:
    async def story(bench: Bench) -> None:
        bench.worker.away = 1000
        async with bench.hub.watch(CAMERA, MAIN, Form.CONVERTED) as viewer:
            messages = [json.loads(str(each)) async for each in viewer.messages()]
            assert messages[-1]["type"] == "refused"
            assert "cannot be made just now" in messages[-1]["sentence"]
        bench.worker.away = 0
        async with bench.hub.watch(CAMERA, MAIN, Form.CONVERTED) as viewer:
            await read(viewer, 1)

    run(story)


def test_no_more_are_converted_than_the_machine_bears() -> None:
    async def story(bench: Bench) -> None:
        async with bench.hub.watch(CAMERA, MAIN, Form.CONVERTED):
            with pytest.raises(RefusedError, match="1 live pictures are converted already"):
                async with bench.hub.watch(OTHER, MAIN, Form.CONVERTED):
                    pass
            async with bench.hub.watch(CAMERA, MAIN, Form.CONVERTED):
                pass
        async with bench.hub.watch(OTHER, MAIN, Form.CONVERTED) as viewer:
            await read(viewer, 1)

    run(story, most=1)


def test_what_waits_for_the_worker_is_bounded() -> None:
    async def story(bench: Bench) -> None:
        async with bench.hub.watch(CAMERA, MAIN, Form.CONVERTED) as viewer:
            await read(viewer, 1)
            # Four seconds at once: all but the last group of pictures is left out.
            late = [
                LiveFrame(f.run, f.decode_time * 2, f.after * 2, 2 * STEP, 0, f.is_key, n, f.data)
                for n, f in enumerate(frames(13, 40))
            ]
            await bench.give(late)
            told = await read(viewer, 1)
            assert told[0]["type"] == "origin"
        last = bench.worker.requests[-1]
        assert last.frames[0].decode_time == 2 * 40 * STEP

    run(story)
