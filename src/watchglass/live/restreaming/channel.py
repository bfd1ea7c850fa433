"""A stream that is handed on: its pictures since the last key frame, and who takes them.

The feed's thread puts pictures in, the event loop takes them out; what waits between is bounded,
and where that is full all is left out up to the next key frame.
"""

import asyncio
import secrets
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import StreamInvalidError
from watchglass.base.ids import RunId
from watchglass.live.restreaming.description import CLOCK_RATE, Described, described, nal_units
from watchglass.media.serving.packetize import Payload, video_payloads
from watchglass.model.live import LiveFrame, LiveItem, LiveShape

_MOST_WAITING_BYTES = 16 << 20
_MOST_KEPT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as RTP payloads, on the stream's own RTP clock; ``wall_ns`` is its arrival.

    ``shown_ns`` counts from the start of its run.
    """

    payloads: list[Payload]
    timestamp: int
    is_key: bool
    wall_ns: int
    run: RunId
    shown_ns: int


class Taker(Protocol):
    def put(self, picture: Picture) -> None: ...


class Channel:
    """``sink`` is for any thread; all else is of one event loop. ``left_out`` is told how many
    pictures were."""

    def __init__(self, left_out: Callable[[int], None]) -> None:
        self.problem = ""
        self.described: Described | None = None
        self._left_out = left_out
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._takers: list[Taker] = []
        self._kept: list[Picture] = []
        self._kept_bytes = 0
        self._run: RunId | None = None
        self._before: LiveFrame | None = None
        self._offset = secrets.randbits(32)
        self._whole = False
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._full = False

    async def ready(self, seconds: float) -> Described | None:
        """What the stream is; None where no picture came in time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        return self.described

    def add(self, taker: Taker) -> None:
        """It begins with the last key frame, if that is still kept."""
        self._takers.append(taker)
        for picture in self._kept:
            taker.put(picture)

    def remove(self, taker: Taker) -> None:
        with suppress(ValueError):
            self._takers.remove(taker)

    def refuse(self, sentence: str) -> None:
        """There will be no pictures."""
        self.described, self.problem = None, sentence
        self._ready.set()

    # --- the feed's thread -------------------------------------------------------------------

    def sink(self, items: Sequence[LiveItem]) -> None:
        """Never waits."""
        wanted: list[LiveItem] = []
        size_bytes = left_out = 0
        with self._lock:
            for item in items:
                if isinstance(item, LiveFrame):
                    if self._full and (not item.is_key or self._waiting_bytes):
                        left_out += 1
                        continue
                    self._full = self._waiting_bytes + size_bytes > _MOST_WAITING_BYTES
                    size_bytes += len(item.data)
                wanted.append(item)
            self._waiting_bytes += size_bytes
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._take, wanted, size_bytes, left_out)

    # --- the loop ----------------------------------------------------------------------------

    def _take(self, items: list[LiveItem], size_bytes: int, left_out: int) -> None:
        with self._lock:
            self._waiting_bytes -= size_bytes
        if left_out:
            self._left_out(left_out)
        for item in items:
            if isinstance(item, LiveShape):
                self._shape(item)
            elif self.described is not None:
                self._frame(item, self.described)

    def _shape(self, shape: LiveShape) -> None:
        try:
            self.described, self.problem = described(shape), ""
        except StreamInvalidError as error:
            self.described, self.problem = None, error.sentence
        self._whole = False
        self._ready.set()

    def _frame(self, frame: LiveFrame, described: Described) -> None:
        self._keep_time(frame)
        self._before = frame
        if not frame.is_key and not self._whole:
            self._left_out(1)
            return
        payloads = _payloads(frame, described)
        if not payloads:
            self._left_out(1)
            return
        if frame.is_key:
            self._whole = True
            self._kept, self._kept_bytes = [], 0
        shown = frame.decode_time + frame.composition_offset
        picture = Picture(
            payloads, (shown + self._offset) & 0xFFFF_FFFF, frame.is_key, frame.wall_ns, frame.run,
            shown * NS_PER_S // CLOCK_RATE,
        )  # fmt: skip
        self._keep(picture, len(frame.data))
        for taker in tuple(self._takers):
            taker.put(picture)

    def _keep_time(self, frame: LiveFrame) -> None:
        """One clock through all runs, and nothing decoded over a hole."""
        before = self._before
        if frame.run != self._run:
            if before is not None:
                passed = (frame.wall_ns - before.wall_ns) * CLOCK_RATE // NS_PER_S
                self._offset += before.decode_time + max(1, passed) - frame.decode_time
            self._run, self._whole = frame.run, False
        elif before is not None and frame.after > before.decode_time:
            self._whole = False

    def _keep(self, picture: Picture, size_bytes: int) -> None:
        self._kept_bytes += size_bytes
        if self._kept_bytes > _MOST_KEPT_BYTES:
            self._kept = []  # too long a way back: who joins waits for the next key frame
        elif self._kept or picture.is_key:
            self._kept.append(picture)


def _payloads(frame: LiveFrame, described: Described) -> list[Payload]:
    """Empty for what cannot be packed."""
    if described.codec == "mjpeg":
        try:
            return video_payloads([frame.data], "mjpeg")
        except (LookupError, ValueError, struct.error):
            return []  # no baseline JPEG, or with other colours than RTP has words for
    units: list[bytes | memoryview] = [*nal_units(frame.data)]
    if frame.is_key:
        # Whoever joins, or lost a packet, finds all that a decoder needs at a key frame.
        units[:0] = described.sets
    return video_payloads(units, described.codec)
