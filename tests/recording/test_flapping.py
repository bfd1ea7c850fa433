"""A camera that hangs up again and again, on a simulated clock: how long nobody asks it."""

import gc
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.media.encoded import encode
from tests.recording.packet_making import parameters
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import CameraUnreachableError
from watchglass.base.ids import CameraId, random_id
from watchglass.base.retry import Backoff
from watchglass.media.bitstream import to_length_prefixed
from watchglass.model.gap import GapCause
from watchglass.model.stream import (
    Packet,
    SoundParameters,
    StreamName,
    Track,
    VideoCodec,
    VideoParameters,
)
from watchglass.recording.outbox import Outbox
from watchglass.recording.recorder import StreamRecorder
from watchglass.recording.volume import create_volume
from watchglass.recording.writer import StreamQueue, VolumeWriter

_FPS = 10
_PICTURE = to_length_prefixed(encode(VideoCodec.H264, 64, 48, 1)[0], VideoCodec.H264).data


class _Clock(SimulatedClock):
    """Notes what was waited for, and ends the test after so many waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.waited: list[float] = []
        self.done = threading.Event()
        self._waits = waits

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waited.append(seconds)
        if len(self.waited) == self._waits:
            self.done.set()
        if len(self.waited) >= self._waits:
            return event.wait()
        return super().wait(event, seconds)


class _HangingUp:
    """Key frames for so many seconds, then no more; none at all with 0."""

    def __init__(self, clock: SimulatedClock, seconds: float) -> None:
        self._clock = clock
        self._left = round(seconds * _FPS)
        self._pts = 0

    codec = VideoCodec.H264
    sound: SoundParameters | None = None

    @property
    def video(self) -> VideoParameters:
        return parameters()

    def open(self) -> None:
        """Answers at once."""

    def read(self) -> Packet:
        if not self._left:
            raise CameraUnreachableError("The camera ended the stream.")
        self._left -= 1
        self._clock.advance(NS_PER_S // _FPS)
        self._pts += 90_000 // _FPS
        return Packet(
            Track.VIDEO, _PICTURE, self._pts, self._pts, 90_000, True,
            self._clock.wall_ns(), self._clock.monotonic_ns(),
        )  # fmt: skip

    def close(self) -> None:
        """Nothing is open."""


def _waits(
    tmp_path: Path,
    seconds: float,
    count: int,
    then: Callable[[int, StreamQueue, Outbox], None] = lambda *_: None,
) -> list[float]:
    """What is waited for after each of so many sessions that last so long; ``then`` is called with
    the number of each, before the wait."""

    class Clock(_Clock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            then(len(self.waited) + 1, queue, outbox)
            return super().wait(event, seconds)

    clock, outbox = Clock(count), Outbox(limit=1_000_000)
    volume = create_volume(tmp_path / "volume", Disk(), clock)
    writer = VolumeWriter(volume, Disk(), outbox, clock)
    writer.start()
    queue = StreamQueue(CameraId(random_id()), StreamName.MAIN, writer, 64 << 20)
    recorder = StreamRecorder(
        queue, lambda: _HangingUp(clock, seconds), clock,
        backoff=Backoff(random=random.Random(1)),
    )  # fmt: skip
    recorder.start()
    assert clock.done.wait(30)
    recorder.stop(GapCause.RECORDER_STOPPED)
    assert recorder.join(30)
    writer.finish(30)
    return clock.waited


def test_a_camera_that_gives_pictures_loses_no_more_than_it_gives(tmp_path: Path) -> None:
    assert max(_waits(tmp_path, 1.6, 12)) <= 1.6


def test_one_that_gives_nothing_is_left_alone_ever_longer(tmp_path: Path) -> None:
    waits = _waits(tmp_path, 0.0, 12)
    assert waits[0] <= 0.25
    assert min(waits[7:]) >= 7.5


def test_one_that_was_steady_is_asked_again_at_once(tmp_path: Path) -> None:
    assert max(_waits(tmp_path, 12.0, 4)) <= 0.25


def test_a_reconnect_leaves_nothing_behind(tmp_path: Path) -> None:
    """Blocks of Python's, which neither the heap's holes nor the machine's load change."""
    blocks: list[int] = []

    def count(session: int, queue: StreamQueue, outbox: Outbox) -> None:
        if session not in (100, 300):
            return
        quiet = 0
        while quiet < 5:
            time.sleep(0.02)
            idle = queue.depth().items == 0 and outbox.depth().waiting == 0
            quiet = quiet + 1 if idle else 0
            outbox.acknowledge(sys.maxsize)
        gc.collect()
        blocks.append(sys.getallocatedblocks())

    _waits(tmp_path, 0.3, 301, count)
    # What was waited for is noted here, a number for each session.
    assert blocks[1] - blocks[0] - 200 < 100


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=40), st.integers())
def test_waits_keep_their_bounds(worked: list[float | None], seed: int) -> None:
    backoff = Backoff(first_s=0.25, most_s=15.0, random=random.Random(seed))
    for at, worked_s in enumerate(worked):
        wait_s = backoff.next_s(worked_s)
        most_s = min(15.0, 0.25 * 2**at)
        if worked_s is not None:
            most_s = min(most_s, max(0.25, worked_s))
        assert most_s / 2 <= wait_s <= most_s
    backoff.reset()
    assert backoff.next_s() <= 0.25
