"""The newest frames of a stream, from a key frame on: what an opening gate begins with.

They are held and not read back from the recorder's file: a camera-worker's fence lets it read no
recording, not even its own. Held is what lies in memory already, a sub-stream's few seconds; where
key frames are so rare, or frames so large, that it would be more, there is a bound.
"""

from collections import deque
from collections.abc import Sequence

from watchglass.base.clock import NS_PER_S
from watchglass.model.live import LiveFrame

_TICKS = 90_000
MOST_BYTES = 4 << 20
"""Of one stream: a minute at 0.5 Mb/s."""


def span_of(frames: Sequence[LiveFrame]) -> tuple[int, int]:
    """From the first one's arrival (UTC ns) to the end of the last one."""
    last = frames[-1]
    return frames[0].wall_ns, last.wall_ns + last.duration * NS_PER_S // _TICKS


class Hold:
    """Whole groups of pictures, the oldest first. Not thread-safe."""

    __slots__ = ("_groups", "_limit_bytes", "size_bytes", "too_large")

    def __init__(self, limit_bytes: int = MOST_BYTES) -> None:
        self._groups: deque[tuple[int, list[LiveFrame]]] = deque()
        self._limit_bytes = limit_bytes
        self.size_bytes = 0
        self.too_large = 0
        """How many groups of pictures had no room and were let go of."""

    def add(self, frame: LiveFrame) -> None:
        """The next frame; what comes before the first key frame is of no use."""
        if frame.is_key:
            self._groups.append((frame.wall_ns, []))
        elif not self._groups:
            return
        self._groups[-1][1].append(frame)
        self.size_bytes += len(frame.data)
        if self.size_bytes > self._limit_bytes:
            while len(self._groups) > 1 and self.size_bytes > self._limit_bytes:
                self._drop()
            if self.size_bytes > self._limit_bytes:
                self.clear()
                self.too_large += 1

    def keep_from(self, wall_ns: int) -> None:
        """Let go of groups that begin before ``wall_ns`` (UTC), all but the newest."""
        while len(self._groups) > 1 and self._groups[0][0] < wall_ns:
            self._drop()

    def since(self, wall_ns: int) -> list[LiveFrame]:
        """All frames from the key frame of that arrival on, or from the oldest one that is held
        after it; empty where nothing is held."""
        found = [frames for at_ns, frames in self._groups if at_ns >= wall_ns]
        if not found and self._groups:
            found = [self._groups[-1][1]]
        return [frame for frames in found for frame in frames]

    def newest(self) -> list[LiveFrame]:
        """All frames from the last key frame on; empty where nothing is held."""
        return list(self._groups[-1][1]) if self._groups else []

    def clear(self) -> None:
        self._groups.clear()
        self.size_bytes = 0

    def _drop(self) -> None:
        _, frames = self._groups.popleft()
        self.size_bytes -= sum(len(each.data) for each in frames)
