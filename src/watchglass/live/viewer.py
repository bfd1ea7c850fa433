"""One viewer of one live stream: what waits for it, and what it is sent.

A viewer that cannot keep up harms nobody: what waits for it is bounded, and where that is full all
of it is dropped up to the next key frame. The viewer is told, and its timeline closes up, so that a
player never waits for what will not come.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.live.chunk import encode_chunk
from watchglass.model.live import LiveFrame, LiveItem, LiveShape

TICKS = 90_000
_MOST_BYTES = 8 * 1024 * 1024
_MOST_TICKS = 3 * TICKS
_SILENT_S = 2.0


class SlowViewer(StrEnum):
    """What happens to frames for which a viewer has no room."""

    DROP_TO_KEY_FRAME = "drop_to_key_frame"


class ShapeMessage(msgspec.Struct, frozen=True, tag="shape"):
    """Text, before an init segment: what follows. ``origin_ms``: UTC of the timeline's 0."""

    mime: str
    codec: str
    width: int
    height: int
    origin_ms: int


class OriginMessage(msgspec.Struct, frozen=True, tag="origin"):
    """Text: from the next chunk on, the timeline's 0 is that UTC; ``dropped`` frames were left out
    because this viewer was too slow."""

    origin_ms: int
    dropped: int


class WaitingMessage(msgspec.Struct, frozen=True, tag="waiting"):
    """Text: nothing has come for a while. What is on the screen is not live."""

    silent_ms: int


class RefusedMessage(msgspec.Struct, frozen=True, tag="refused"):
    """Text, and the last one: why there is no picture."""

    sentence: str


LiveMessage: TypeAlias = ShapeMessage | OriginMessage | WaitingMessage | RefusedMessage
_ENCODER = msgspec.json.Encoder()


@dataclass(slots=True)
class ViewerCounters:
    """Since the viewer came. ``drops`` counts how often, ``dropped`` how many frames."""

    policy: Literal[SlowViewer.DROP_TO_KEY_FRAME] = SlowViewer.DROP_TO_KEY_FRAME
    sent_frames: int = 0
    sent_bytes: int = 0
    drops: int = 0
    dropped: int = 0


class Viewer:
    """Fed and read in one event loop."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self.counters = ViewerCounters()
        self._most_bytes = most_bytes
        self._first: deque[LiveItem] = deque()
        self._waiting: deque[LiveItem] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()
        self._needs_key = True
        self._dropped_now = 0
        self._shape: LiveShape | None = None
        self._sent_shape: LiveShape | None = None
        self._last: LiveFrame | None = None
        self._number = 0
        self._shift = 0
        self._ends = 0
        self._refused: str | None = None

    # --- fed ---------------------------------------------------------------------------------

    def put(self, items: Sequence[LiveItem]) -> None:
        """What the feed brings; never waits."""
        for item in items:
            self._waiting.append(item)
            if isinstance(item, LiveFrame):
                self._bytes += len(item.data)
        if self._bytes > self._most_bytes or self._waits_ticks() > _MOST_TICKS:
            self._drop()
        self._ready.set()

    def put_first(self, items: Sequence[LiveItem]) -> None:
        """What was read back from before: goes ahead of all that waits, and is never too much."""
        self._first.extend(items)
        self._ready.set()

    def refuse(self, sentence: str) -> None:
        """There will be no more pictures."""
        self._refused = sentence
        self._ready.set()

    def _waits_ticks(self) -> int:
        frames = [item for item in self._waiting if isinstance(item, LiveFrame)]
        if not frames or frames[0].run != frames[-1].run:
            return 0
        return frames[-1].decode_time - frames[0].decode_time

    def _drop(self) -> None:
        """Leave out all that waits but what follows the last key frame, if that is not too much."""
        keep: deque[LiveItem] = deque()
        kept_bytes = 0
        for item in reversed(self._waiting):
            keep.appendleft(item)
            if isinstance(item, LiveFrame):
                kept_bytes += len(item.data)
                if item.is_key:
                    break
        first = keep[0] if keep else None
        starts_well = isinstance(first, LiveFrame) and first.is_key
        if not starts_well or kept_bytes > self._most_bytes or len(keep) == len(self._waiting):
            keep, kept_bytes = deque(), 0
        shapes = [item for item in self._waiting if isinstance(item, LiveShape)]
        left_out = sum(isinstance(item, LiveFrame) for item in self._waiting) - sum(
            isinstance(item, LiveFrame) for item in keep
        )
        if shapes and shapes[-1] not in keep:
            keep.appendleft(shapes[-1])
        self._waiting, self._bytes = keep, kept_bytes
        self._needs_key = True
        self._dropped_now += left_out
        self.counters.drops += 1
        self.counters.dropped += left_out

    # --- read --------------------------------------------------------------------------------

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Text and chunks, until there are no more; never more than the viewer takes."""
        silent_s = 0.0
        while True:
            try:
                await asyncio.wait_for(self._ready.wait(), _SILENT_S)
            except TimeoutError:
                silent_s += _SILENT_S
                yield _text(WaitingMessage(round(silent_s * 1000)))
                continue
            self._ready.clear()
            while (item := self._next()) is not None:
                for message in self._sent(item):
                    silent_s = 0.0
                    yield message
            if self._refused is not None:
                yield refusal(self._refused)
                return

    def _next(self) -> LiveFrame | None:
        """The next frame; shapes on the way are taken note of."""
        while self._first or self._waiting:
            if self._first:
                item = self._first.popleft()
            else:
                item = self._waiting.popleft()
                self._bytes -= len(item.data) if isinstance(item, LiveFrame) else 0
            if isinstance(item, LiveFrame):
                return item
            self._shape = item
        return None

    def _sent(self, frame: LiveFrame) -> list[str | bytes]:
        last = self._last
        same_run = last is not None and last.run == frame.run
        if same_run and last is not None and frame.decode_time <= last.decode_time:
            return []  # read back and brought by the feed too
        follows = same_run and last is not None and frame.after == last.decode_time
        if not follows or self._needs_key or self._is_new_shape():
            if not frame.is_key or self._shape is None:
                if self._sent_shape is not None:
                    self._dropped_now += 1
                    self.counters.dropped += 1
                self._needs_key = True
                return []
            messages = self._begin(frame, continuous=follows)
        else:
            messages = []
        decode_time = frame.decode_time + self._shift
        self._number += 1
        self._last = frame
        self._ends = decode_time + frame.duration
        chunk = encode_chunk(frame, self._number, decode_time)
        self.counters.sent_frames += 1
        self.counters.sent_bytes += len(chunk)
        return [*messages, chunk]

    def _begin(self, frame: LiveFrame, *, continuous: bool) -> list[str | bytes]:
        """At a key frame after which nothing before it is needed."""
        assert self._shape is not None
        if not continuous:
            self._shift = self._ends - frame.decode_time
        origin_ms = (
            frame.wall_ns - (frame.decode_time + self._shift) * NS_PER_S // TICKS
        ) // 1_000_000
        dropped, self._dropped_now, self._needs_key = self._dropped_now, 0, False
        if not self._is_new_shape():
            return [_text(OriginMessage(origin_ms, dropped))]
        shape = self._sent_shape = self._shape
        text = ShapeMessage(shape.mime, shape.codec, shape.width, shape.height, origin_ms)
        return [_text(text), shape.init]

    def _is_new_shape(self) -> bool:
        shape, sent = self._shape, self._sent_shape
        return shape is not None and (sent is None or shape.init != sent.init)


def refusal(sentence: str) -> str:
    """The text message that says why there is no picture."""
    return _text(RefusedMessage(sentence))


def _text(message: LiveMessage) -> str:
    return _ENCODER.encode(message).decode()
