"""A stream with its masks painted on, for a channel: the media-worker decodes and encodes it."""

import asyncio
from collections.abc import Callable, Sequence

from watchglass.live.conversion import Converter, LiveConversion
from watchglass.live.restreaming.sources import Key, Sources
from watchglass.model.live import LiveItem, LiveSink
from watchglass.model.mask import Masking


class Painted:
    """Of one event loop. ``refused`` is told why there will be no more pictures."""

    def __init__(
        self,
        sources: Sources,
        key: Key,
        converter: Converter,
        masking: Masking,
        sink: LiveSink,
        refused: Callable[[str], None],
    ) -> None:
        self._sources = sources
        self._key = key
        self._sink = sink
        self._refused = refused
        self._loop = asyncio.get_running_loop()
        self._conversion = LiveConversion(converter, asyncio.to_thread, self._again, masking.covers)
        self._conversion.viewers.add(self)
        self._task = asyncio.ensure_future(self._conversion.run())
        sources.add(key, self._bring)

    def close(self) -> None:
        self._sources.remove(self._key, self._bring)
        self._conversion.viewers.discard(self)
        self._task.cancel()

    # --- as a follower of the conversion -----------------------------------------------------

    def put(self, items: Sequence[LiveItem]) -> None:
        self._sink(items)

    def refuse(self, sentence: str) -> None:
        self._refused(sentence)

    # --- what comes --------------------------------------------------------------------------

    def _bring(self, items: Sequence[LiveItem]) -> None:
        """From the feed's thread; the conversion bounds what waits."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._conversion.put, items)

    async def _again(self) -> Sequence[LiveItem]:
        return self._sources.since_key_frame(self._key)
