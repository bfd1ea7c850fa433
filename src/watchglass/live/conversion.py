"""A live stream made anew by the media-worker, once for all who watch it so.

What waits for the worker is bounded: where that is too much, all of it is left out up to the next
key frame, and whoever watches is told as a slow viewer is. A worker that dies is asked again; a
stream that it never gets through is given up with a sentence.
"""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from watchglass.base import log
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import random_id
from watchglass.live.taker import InThread
from watchglass.live.viewer import TICKS
from watchglass.model.conversion import MOST_FRAMES_BYTES, Converted, ConvertRequest
from watchglass.model.live import LiveFrame, LiveItem, LiveShape
from watchglass.model.mask import Cover
from watchglass.model.stream import VideoCodec

MOST_AT_ONCE = 16
"""Frames of a request: others have their turn between."""
_MOST_WAITING_TICKS = 3 * TICKS
_MOST_WAITING_BYTES = 8 * 1024 * 1024
_TRIES = 6
_AGAIN_S = 0.5
"""Before it is tried again, and twice as long each time: who died is a while in coming back."""
_LOG = log.get("live")


@dataclass(frozen=True, slots=True)
class Converter:
    """Who converts. ``convert`` blocks; it gives None for a session that it does not know.

    ``describe`` says of a header what a decoder is set up with.
    """

    convert: Callable[[ConvertRequest], Converted | None]
    describe: Callable[[bytes], tuple[VideoCodec, bytes]]
    most: int = max(4, 2 * (os.cpu_count() or 1))
    """So many live streams are converted at once."""


class Follower(Protocol):
    """Who is given what becomes of a stream. Neither call waits."""

    def put(self, items: Sequence[LiveItem]) -> None: ...

    def refuse(self, sentence: str) -> None: ...


class LiveConversion:
    """Takes a stream as it is, and gives it to ``viewers`` as it becomes. Of one event loop."""

    def __init__(
        self,
        converter: Converter,
        in_thread: InThread,
        again: Callable[[], Awaitable[Sequence[LiveItem]]],
        covers: tuple[Cover, ...] = (),
    ) -> None:
        """``again`` brings the stream from its last key frame on; ``covers`` are painted on it."""
        self._covers = covers
        self.viewers: set[Follower] = set()
        self.dropped = 0
        """Frames that were never given to the worker."""
        self._converter = converter
        self._in_thread = in_thread
        self._again = again
        self._first: deque[LiveItem] = deque()
        self._waiting: deque[LiveItem] = deque()
        self._ready = asyncio.Event()
        self._catching_up = True
        self._source: LiveShape | None = None
        self._session: str | None = None
        self._last: LiveFrame | None = None
        self._shape: LiveShape | None = None
        self._kept: list[LiveFrame] = []

    def put(self, items: Sequence[LiveItem]) -> None:
        self._waiting.extend(items)
        frames = [each for each in self._waiting if isinstance(each, LiveFrame)]
        if frames and (
            frames[-1].decode_time - frames[0].decode_time > _MOST_WAITING_TICKS
            or sum(len(each.data) for each in frames) > _MOST_WAITING_BYTES
        ):
            self._drop()
        self._ready.set()

    def put_first(self, items: Sequence[LiveItem]) -> None:
        self._first.extend(items)
        self._catching_up = True
        self._ready.set()

    def since_key_frame(self) -> list[LiveItem]:
        """What a viewer that comes now is given first."""
        return [] if self._shape is None else [self._shape, *self._kept]

    async def run(self) -> None:
        """Until cancelled, or until it is given up; then each viewer has been told why."""
        failed = 0
        while True:
            await self._ready.wait()
            self._ready.clear()
            while (request := self._next()) is not None:
                try:
                    made = await self._in_thread(self._converter.convert, request)
                except WatchglassError as error:
                    failed += 1
                    _LOG.warning("not_converted", error=error.sentence, tries=failed)
                    if failed >= _TRIES:
                        self._give_up(error.sentence)
                        return
                    await asyncio.sleep(_AGAIN_S * 2 ** (failed - 1))
                    made = None
                if made is None:
                    await self._begin_again()
                    continue
                if made.frames:
                    failed = 0
                self._deliver(made)

    # --- to the worker -----------------------------------------------------------------------

    def _next(self) -> ConvertRequest | None:
        """What to ask for now; None while nothing waits that could be decoded."""
        after, begins = (self._last.decode_time if self._last else -1), False
        frames: list[LiveFrame] = []
        room = MOST_FRAMES_BYTES
        while len(frames) < MOST_AT_ONCE and (item := self._peek()) is not None:
            if isinstance(item, LiveShape):
                if frames:
                    break
                self._source, self._session = item, None
            elif self._follows(item):
                if frames and len(item.data) > room:
                    break
                frames.append(item)
                room -= len(item.data)
                self._last = item
            elif not self._is_known(item) and item.is_key and self._source is not None:
                if frames:
                    break
                self._session, self._last, begins = random_id(), item, True
                frames.append(item)
                room -= len(item.data)
            elif not self._is_known(item):
                self.dropped += 1
            self._pop()
        if not frames:
            return None
        return self._request(frames, after, begins=begins)

    def _request(self, frames: list[LiveFrame], after: int, *, begins: bool) -> ConvertRequest:
        assert self._source is not None
        assert self._session is not None
        codec, configuration = self._converter.describe(self._source.init)
        lead = 0
        if self._catching_up:
            # Of what was before, only the newest is shown.
            more = self._peek() is not None
            lead = len(frames) if more else len(frames) - 1
            self._catching_up = more
        return ConvertRequest(
            self._session,
            frames[0].run,
            codec,
            configuration,
            tuple(frames),
            begins,
            after,
            lead,
            covers=self._covers,
        )

    def _follows(self, frame: LiveFrame) -> bool:
        last = self._last
        return (
            self._session is not None
            and last is not None
            and frame.run == last.run
            and frame.after == last.decode_time
        )

    def _is_known(self, frame: LiveFrame) -> bool:
        """Whether it was read back, and is brought by the feed too."""
        last = self._last
        return last is not None and frame.run == last.run and frame.decode_time <= last.decode_time

    def _peek(self) -> LiveItem | None:
        queue = self._first or self._waiting
        return queue[0] if queue else None

    def _pop(self) -> None:
        (self._first or self._waiting).popleft()

    def _drop(self) -> None:
        """Leave out all that waits but what follows the last key frame."""
        items = list(self._waiting)
        key = max(
            (at for at, each in enumerate(items) if isinstance(each, LiveFrame) and each.is_key),
            default=len(items),
        )
        # A group of pictures that is too much by itself helps nobody.
        key = key or len(items)
        gone = items[:key]
        shapes = [each for each in gone if isinstance(each, LiveShape)]
        self.dropped += len(gone) - len(shapes)
        self._waiting = deque([*shapes[-1:], *items[key:]])

    async def _begin_again(self) -> None:
        self._session = self._last = None
        self.put_first(await self._again())

    # --- to the viewers ----------------------------------------------------------------------

    def _deliver(self, made: Converted) -> None:
        items: list[LiveItem] = list(made.frames)
        if made.shape is not None and made.frames and self._is_new(made.shape):
            self._shape = made.shape
            items.insert(0, made.shape)
        for frame in made.frames:
            if frame.is_key:
                self._kept = []
            self._kept.append(frame)
        if items:
            for viewer in self.viewers:
                viewer.put(items)

    def _is_new(self, shape: LiveShape) -> bool:
        return self._shape is None or (shape.init, shape.run) != (self._shape.init, self._shape.run)

    def _give_up(self, sentence: str) -> None:
        for viewer in self.viewers:
            viewer.refuse(sentence)
