"""Who watches what: a stream is fed only while somebody does, once for all who do."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from watchglass.base import log
from watchglass.base.errors import RefusedError
from watchglass.base.ids import CameraId
from watchglass.live.conversion import Converter, LiveConversion
from watchglass.live.feed import FrameFeed
from watchglass.live.metrics import viewer_samples
from watchglass.live.taker import InThread, Taker
from watchglass.live.viewer import Viewer, ViewerCounters
from watchglass.model.live import Form, LiveItem
from watchglass.model.mask import BARE, Masking
from watchglass.model.metric import Sample
from watchglass.model.stream import StreamName

_MOST_VIEWERS = 256
_LOG = log.get("live")

StreamKey = tuple[CameraId, StreamName]
ConvertedKey = tuple[CameraId, StreamName, str]
"""With the version of its masks."""


@dataclass(slots=True)
class _Watched:
    """``lock`` keeps a start and a stop of the feed apart."""

    takers: set[Taker] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    fed: bool = False


@dataclass(slots=True)
class _Converted:
    conversion: LiveConversion
    task: asyncio.Task[None]


class LiveHub:
    """Of one event loop."""

    def __init__(self, feed: FrameFeed, in_thread: InThread, converter: Converter) -> None:
        self._feed = feed
        self._in_thread = in_thread
        self._converter = converter
        self._watched: dict[StreamKey, _Watched] = {}
        self._converted: dict[ConvertedKey, _Converted] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._viewers: dict[Viewer, StreamKey] = {}
        self._dropped_of_left = 0

    def counters(self) -> dict[StreamKey, list[ViewerCounters]]:
        """Of all who watch now."""
        found: dict[StreamKey, list[ViewerCounters]] = {}
        for viewer, key in self._viewers.items():
            found.setdefault(key, []).append(viewer.counters)
        return found

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors."""
        dropped = self._dropped_of_left + sum(each.counters.dropped for each in self._viewers)
        return viewer_samples(len(self._viewers), dropped, len(self._converted))

    @asynccontextmanager
    async def watch(
        self,
        camera: CameraId,
        stream: StreamName,
        form: Form = Form.PLAIN,
        masking: Masking = BARE,
    ) -> AsyncIterator[Viewer]:
        """A viewer that gets the stream from the current group of pictures on, until it leaves.

        What masks hide is never plain. RefusedError when too many watch, or too many streams are
        converted.
        """
        if len(self._viewers) >= _MOST_VIEWERS:
            raise RefusedError(f"{_MOST_VIEWERS} live views are open: close some of them.")
        key = (camera, stream)
        viewer = Viewer()
        self._viewers[viewer] = key
        try:
            if form is Form.PLAIN and not masking.hides:
                async with self._taking(key, viewer):
                    yield viewer
            else:
                with self._converting(key, masking, viewer):
                    yield viewer
        finally:
            del self._viewers[viewer]
            self._dropped_of_left += viewer.counters.dropped

    async def close(self) -> None:
        """Stop all feeds."""
        for converted in list(self._converted):
            self._end(converted)
        for task in list(self._ending):
            with suppress(asyncio.CancelledError):
                await task
        for key, watched in list(self._watched.items()):
            watched.takers.clear()
            await self._settle(key, watched)

    # --- as it is ----------------------------------------------------------------------------

    @asynccontextmanager
    async def _taking(self, key: StreamKey, taker: Taker) -> AsyncIterator[None]:
        watched = self._watched.setdefault(key, _Watched())
        watched.takers.add(taker)
        try:
            await self._settle(key, watched)
            # Asked after the feed began, so that nothing lies between; what comes twice is skipped.
            taker.put_first(await self._since_key_frame(key))
            yield
        finally:
            watched.takers.discard(taker)
            await asyncio.shield(self._settle(key, watched))

    async def _since_key_frame(self, key: StreamKey) -> Sequence[LiveItem]:
        found: Sequence[LiveItem] = await self._in_thread(self._feed.since_key_frame, *key)
        return found

    async def _settle(self, key: StreamKey, watched: _Watched) -> None:
        """Start or stop the feed, as there are takers or not."""
        async with watched.lock:
            wanted = bool(watched.takers)
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
        for taker in watched.takers:
            taker.put(items)

    # --- converted ---------------------------------------------------------------------------

    @contextmanager
    def _converting(self, of: StreamKey, masking: Masking, viewer: Viewer) -> Iterator[None]:
        key = (*of, masking.version)
        converted = self._converted.get(key) or self._begin(key, masking)
        conversion = converted.conversion
        conversion.viewers.add(viewer)
        viewer.put_first(conversion.since_key_frame())
        try:
            yield
        finally:
            conversion.viewers.discard(viewer)
            if not conversion.viewers and self._converted.get(key) is converted:
                self._end(key)

    def _begin(self, key: ConvertedKey, masking: Masking) -> _Converted:
        most = self._converter.most
        if len(self._converted) >= most:
            raise RefusedError(
                f"{most} live pictures are converted already, and this machine converts no more at"
                " once: close one of them."
            )
        conversion = LiveConversion(
            self._converter, self._in_thread, partial(self._since_key_frame, key[:2]),
            masking.covers,
        )  # fmt: skip
        task = asyncio.create_task(self._convert(key, conversion))
        found = self._converted[key] = _Converted(conversion, task)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return found

    async def _convert(self, key: ConvertedKey, conversion: LiveConversion) -> None:
        async with self._taking(key[:2], conversion):
            await conversion.run()
        # It was given up: whoever comes next has it tried anew.
        found = self._converted.get(key)
        if found is not None and found.conversion is conversion:
            del self._converted[key]

    def _end(self, key: ConvertedKey) -> None:
        # Not awaited: the worker may be in the middle of a picture.
        self._converted.pop(key).task.cancel()
