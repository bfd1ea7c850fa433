"""Frames that need no camera."""

from watchglass.base.ids import RunId
from watchglass.model.live import LiveFrame, LiveShape

RUN = RunId("0" * 32)
STEP = 6000


def shape(run: RunId = RUN, init: bytes = b"init") -> LiveShape:
    return LiveShape(run, "avc1.42c00a", 'video/mp4; codecs="avc1.42c00a"', 64, 48, init)


def frames(
    first: int, last: int, *, gop: int = 10, run: RunId = RUN, size: int = 100
) -> list[LiveFrame]:
    """Frames ``first`` to ``last`` of a run, a key frame each ``gop``; data names the number."""
    return [
        LiveFrame(
            run, number * STEP, (number - 1) * STEP if number else -1, STEP, 0, number % gop == 0,
            1_700_000_000_000_000_000 + number * STEP * 100_000 // 9,
            number.to_bytes(4, "big") + bytes(size - 4),
        )
        for number in range(first, last + 1)
    ]  # fmt: skip
