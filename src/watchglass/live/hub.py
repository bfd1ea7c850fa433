"""Who watches what: a stream is fed only while somebody does, once for all who do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from watchglass.base import log
from watchglass.base.errors import RefusedError
from watchglass.base.ids import CameraId
from watchglass.live.feed import FrameFeed
from watchglass.live.metrics import viewer_samples
from watchglass.live.viewer import Viewer, ViewerCounters
from watchglass.model.live import LiveItem
from watchglass.model.metric import Sample
from watchglass.model.stream import StreamName

_MOST_VIEWERS = 256
_LOG = log.get("live")

StreamKey = tuple[CameraId, StreamName]


class InThread(Protocol):
    """Calls a function in a thread, off the event loop."""

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Awaitable[Any]: ...


@dataclass(slots=True)
class _Watched:
    """``lock`` keeps a start and a stop of the feed apart."""

    viewers: set[Viewer] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    fed: bool = False


class LiveHub:
    """Of one event loop."""

    def __init__(self, feed: FrameFeed, in_thread: InThread) -> None:
        self._feed = feed
        self._in_thread = in_thread
        self._watched: dict[StreamKey, _Watched] = {}
        self._dropped_of_left = 0

    def counters(self) -> dict[StreamKey, list[ViewerCounters]]:
        """Of all who watch now."""
        return {key: [each.counters for each in at.viewers] for key, at in self._watched.items()}

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors."""
        now = [each for viewers in self.counters().values() for each in viewers]
        dropped = self._dropped_of_left + sum(each.dropped for each in now)
        return viewer_samples(len(now), dropped)

    @asynccontextmanager
    async def watch(self, camera: CameraId, stream: StreamName) -> AsyncIterator[Viewer]:
        """A viewer that gets the stream from the current group of pictures on, until it leaves."""
        if sum(len(watched.viewers) for watched in self._watched.values()) >= _MOST_VIEWERS:
            raise RefusedError(f"{_MOST_VIEWERS} live views are open: close some of them.")
        key = (camera, stream)
        watched = self._watched.setdefault(key, _Watched())
        viewer = Viewer()
        watched.viewers.add(viewer)
        try:
            await self._settle(key, watched)
            # Asked after the feed began, so that nothing lies between; what comes twice is skipped.
            viewer.put_first(await self._in_thread(self._feed.since_key_frame, camera, stream))
            yield viewer
        finally:
            watched.viewers.discard(viewer)
            self._dropped_of_left += viewer.counters.dropped
            await asyncio.shield(self._settle(key, watched))

    async def close(self) -> None:
        """Stop all feeds."""
        for key, watched in list(self._watched.items()):
            watched.viewers.clear()
            await self._settle(key, watched)

    async def _settle(self, key: StreamKey, watched: _Watched) -> None:
        """Start or stop the feed, as there are viewers or not."""
        async with watched.lock:
            wanted = bool(watched.viewers)
            if wanted and not watched.fed:
                loop = asyncio.get_running_loop()

                def sink(items: Sequence[LiveItem]) -> None:
                    if not loop.is_closed():
                        loop.call_soon_threadsafe(self._deliver, watched, items)

                await self._in_thread(self._feed.start, *key, sink)
                watched.fed = True
                _LOG.info("live_began", camera=key[0], stream=key[1].value)
            elif watched.fed and not wanted:
                watched.fed = False
                await self._in_thread(self._feed.stop, *key)
                _LOG.info("live_ended", camera=key[0], stream=key[1].value)

    @staticmethod
    def _deliver(watched: _Watched, items: Sequence[LiveItem]) -> None:
        for viewer in watched.viewers:
            viewer.put(items)
