"""What waits to be sent to whoever looks: bounded in bytes, and the oldest goes when it is full."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from watchglass.analytics.hold import span_of
from watchglass.base.ids import CameraId
from watchglass.base.queues import DropPolicy, QueueDepth
from watchglass.model.live import LiveFrame, LiveItem, LiveShape
from watchglass.model.visit import Visited

_OVERHEAD_BYTES = 256
MOST_JOINED = 30
"""Frames of a message that is put together: who looks hears of nothing else meanwhile."""
Lost = Callable[[CameraId, int, int], None]
"""A camera's span (UTC ns) of which frames were let go of."""


@dataclass(frozen=True, slots=True)
class _Part:
    message: Visited
    size_bytes: int


class Backlog:
    """Of one worker. What is let go of is that of the camera with the most waiting, so that one
    large stream harms itself first. Not thread-safe."""

    def __init__(self, name: str, limit_bytes: int, lost: Lost) -> None:
        self._name = name
        self._limit_bytes = limit_bytes
        self._lost = lost
        self._parts: dict[CameraId, deque[_Part]] = {}
        self._bytes: dict[CameraId, int] = {}
        self._size_bytes = 0
        self._dropped = self._dropped_bytes = 0

    def __bool__(self) -> bool:
        return self._size_bytes > 0

    def put(self, message: Visited) -> None:
        size_bytes = _OVERHEAD_BYTES + sum(map(_bytes_of, message.items))
        self._parts.setdefault(message.camera, deque()).append(_Part(message, size_bytes))
        self._count(message.camera, size_bytes)
        while self._size_bytes > self._limit_bytes:
            self._drop(max(self._bytes, key=lambda camera: self._bytes[camera]))

    def take(self) -> list[Visited]:
        """All that waits, what belongs together joined, as far as it is soon looked at."""
        made: list[Visited] = []
        for parts in self._parts.values():
            for part in parts:
                one = part.message
                if made and made[-1].visit == one.visit and _fit(made[-1], one):
                    made[-1] = _joined(made[-1], one)
                else:
                    made.append(one)
        self._parts.clear()
        self._bytes.clear()
        self._size_bytes = 0
        return made

    def clear(self) -> None:
        """Let go of all that waits: whoever it was for is gone."""
        for message in self.take():
            self._tell_lost(message)

    def depth(self) -> QueueDepth:
        return QueueDepth(
            self._name, DropPolicy.DROP_OLDEST, sum(map(len, self._parts.values())),
            self._size_bytes, self._limit_bytes, self._dropped, self._dropped_bytes,
        )  # fmt: skip

    def _count(self, camera: CameraId, more_bytes: int) -> None:
        self._size_bytes += more_bytes
        self._bytes[camera] = self._bytes.get(camera, 0) + more_bytes

    def _drop(self, camera: CameraId) -> None:
        parts = self._parts[camera]
        part = parts.popleft()
        self._count(camera, -part.size_bytes)
        frames = self._tell_lost(part.message)
        self._dropped += frames
        self._dropped_bytes += part.size_bytes
        # What says how the frames are coded, and that the visit is over, is kept.
        kept = tuple(each for each in part.message.items if isinstance(each, LiveShape))
        if parts and kept and parts[0].message.visit == part.message.visit:
            first = parts[0]
            items = (kept[-1], *first.message.items)
            parts[0] = _Part(_with(first.message, items, first.message.last), first.size_bytes)
        elif part.message.last and part.message.items:
            parts.appendleft(_Part(_with(part.message, (), True), _OVERHEAD_BYTES))
            self._count(camera, _OVERHEAD_BYTES)
        if not parts:
            del self._parts[camera], self._bytes[camera]

    def _tell_lost(self, message: Visited) -> int:
        frames = [each for each in message.items if isinstance(each, LiveFrame)]
        if frames and not message.fine:
            self._lost(message.camera, *span_of(frames))
        return len(frames)


def _bytes_of(item: LiveItem) -> int:
    return len(item.data) if isinstance(item, LiveFrame) else len(item.init)


def _fit(first: Visited, then: Visited) -> bool:
    return len(first.items) + len(then.items) <= MOST_JOINED


def _joined(first: Visited, then: Visited) -> Visited:
    return _with(first, (*first.items, *then.items), then.last)


def _with(message: Visited, items: tuple[LiveItem, ...], last: bool) -> Visited:
    return Visited(
        visit=message.visit, camera=message.camera, cause=message.cause, items=items, last=last,
        job=message.job, fine=message.fine,
    )  # fmt: skip
