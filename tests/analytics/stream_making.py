"""A camera's stream as the recorder hands it on, its sizes as somebody wants them."""

from collections.abc import Iterator

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId
from watchglass.model.live import LiveFrame, LiveItem, LiveShape

CAMERA = CameraId("c" * 32)
START_NS = 1_800_000_000 * NS_PER_S
TICKS = 90_000


class Stream:
    """Frames numbered on; each ``gop`` begins with a key frame, twelve times as large."""

    def __init__(self, fps: int = 5, gop: int = 10, run: str = "7" * 32, late_ns: int = 0) -> None:
        self.fps = fps
        self.gop = gop
        self.number = 0
        self.late_ns = late_ns
        self.run = RunId(run)
        self.init = b"init"
        self._told = False

    def wall_ns(self, number: int) -> int:
        return START_NS + self.late_ns + number * NS_PER_S // self.fps

    def another_run(self) -> None:
        self.run = RunId("8" * 32)
        self._told = False

    def frame(self, size: int) -> LiveFrame:
        number, self.number = self.number, self.number + 1
        is_key, step = number % self.gop == 0, TICKS // self.fps
        data = number.to_bytes(4, "big") + bytes((size * 12 if is_key else size) - 4)
        return LiveFrame(
            self.run, number * step, (number - 1) * step if self._told else -1, step, 0, is_key,
            self.wall_ns(number), data,
        )  # fmt: skip

    def items(self, sizes: Iterator[int], seconds: float) -> list[LiveItem]:
        """The shape, where it was not given yet, and the frames of so long."""
        found: list[LiveItem] = []
        if not self._told:
            found.append(LiveShape(self.run, "avc1", "", 640, 360, self.init))
        for _ in range(round(seconds * self.fps)):
            found.append(self.frame(next(sizes)))
            self._told = True
        return found


def number_of(frame: LiveFrame) -> int:
    return int.from_bytes(frame.data[:4], "big")
