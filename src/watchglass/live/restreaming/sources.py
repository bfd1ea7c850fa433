"""Streams as the feed brings them, each fetched once for all that is made of it: handed on as it
is, or with masks painted on."""

import threading
from collections.abc import Sequence

from watchglass.base.ids import CameraId
from watchglass.live.feed import FullFeed
from watchglass.model.live import LiveFrame, LiveItem, LiveShape, LiveSink, SoundSink
from watchglass.model.stream import StreamName

MOST_KEPT_BYTES = 16 << 20
Key = tuple[CameraId, StreamName]


class Sources:
    """``add`` and ``remove`` are for one thread."""

    def __init__(self, feed: FullFeed) -> None:
        self._feed = feed
        self._sources: dict[Key, _Source] = {}

    def add(self, key: Key, sink: LiveSink) -> None:
        """From now on give the stream to ``sink``, from its last key frame on if that is kept."""
        found = self._sources.get(key)
        if found is None:
            found = self._sources[key] = _Source()
            found.add(sink)
            self._feed.start(*key, found.take)
        else:
            found.add(sink)

    def remove(self, key: Key, sink: LiveSink) -> None:
        """Give it nothing more; what nobody takes is not fetched."""
        found = self._sources.get(key)
        if found is not None and not found.remove(sink):
            del self._sources[key]
            self._feed.stop(*key)

    def hear(self, key: Key, sink: SoundSink) -> None:
        """Give the stream's sound to ``sink``, until ``mute``."""
        self._feed.start_sound(*key, sink)

    def mute(self, key: Key) -> None:
        self._feed.stop_sound(*key)

    def since_key_frame(self, key: Key) -> Sequence[LiveItem]:
        found = self._sources.get(key)
        return found.since_key_frame() if found is not None else ()


class _Source:
    """What is kept ends where it would be too much: who comes then waits for a key frame."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sinks: tuple[LiveSink, ...] = ()
        self._shape: LiveShape | None = None
        self._kept: list[LiveFrame] = []
        self._kept_bytes = 0

    def add(self, sink: LiveSink) -> None:
        with self._lock:
            self._sinks += (sink,)
            kept = self._since()
            if kept:
                sink(kept)

    def remove(self, sink: LiveSink) -> bool:
        """Whether any is left."""
        with self._lock:
            self._sinks = tuple(each for each in self._sinks if each != sink)
            return bool(self._sinks)

    def since_key_frame(self) -> Sequence[LiveItem]:
        with self._lock:
            return self._since()

    def take(self, items: Sequence[LiveItem]) -> None:
        """From the feed's thread."""
        with self._lock:
            for item in items:
                if isinstance(item, LiveShape):
                    self._shape, self._kept, self._kept_bytes = item, [], 0
                else:
                    self._keep(item)
            for sink in self._sinks:
                sink(items)

    def _since(self) -> list[LiveItem]:
        return [] if self._shape is None else [self._shape, *self._kept]

    def _keep(self, frame: LiveFrame) -> None:
        if frame.is_key:
            self._kept, self._kept_bytes = [frame], len(frame.data)
            return
        last = self._kept[-1] if self._kept else None
        self._kept_bytes += len(frame.data)
        if last is None or frame.after != last.decode_time or self._kept_bytes > MOST_KEPT_BYTES:
            self._kept = []
        else:
            self._kept.append(frame)
