"""Real processes whose clock is set, and whose machine sleeps, while they record."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benches._frames import recorded_frames
from benches._harness import RunningRecorder
from tests.app.running import wait_until
from tests.second_reader.report import Report, read_site
from tests.system.interposed import Interposed
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator, arguments
from watchglass.store.index import IndexStore

pytestmark = pytest.mark.full

_FPS = 10
_NS_PER_S = 1_000_000_000
_HOUR_S = 3600.0


class Recording:
    """A recorder on a clock of the test's, and one camera."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.clock = Interposed(folder)
        self.data = folder / "data"
        self.recorder = RunningRecorder(
            self.data,
            WATCHGLASS_ANALYSIS="false",
            WATCHGLASS_PAGE="false",
            **self.clock.environment,
        )
        self.camera: CameraId = self.recorder.add(simulator.urls[0])

    def numbers(self) -> list[int]:
        """In order: after a clock was set back, so are the names of files."""
        frames = recorded_frames(self.data / "media", self.camera, StreamName.MAIN)
        return sorted(frame.number for frame in frames)

    def record(self, pictures: int) -> None:
        """Until so many more are on disk."""
        until = len(self.numbers()) + pictures
        wait_until(lambda: len(self.numbers()) >= until, 60)

    def report(self) -> Report:
        assert self.recorder.stop() == 0, self.recorder.log()
        found = read_site(self.data / "state", [self.data / "media"], now=1 << 62)
        assert not [finding for finding in found.findings if finding.fails]
        return found

    def files(self) -> list[float]:
        """How many seconds each file of the main stream covers in the index."""
        index = IndexStore(self.data / "state" / "index.db")
        try:
            with index.read() as reader:
                rows = reader.files_between(self.camera, StreamName.MAIN, 0, 1 << 62)
        finally:
            index.close()
        return [(row.wall_to - row.wall_from) / _NS_PER_S for row in rows]

    def spans(self, found: Report) -> list[tuple[float, str]]:
        """Seconds and what, in order of time."""
        spans = found.timelines[(self.camera, "main")].spans
        return [((span.end - span.start) / _NS_PER_S, span.what) for span in spans]


@pytest.fixture
def recording(folder: Path) -> Iterator[Recording]:
    options = arguments(
        cameras=1, kind="a", width=320, height=180, fps=_FPS, bit_rate=200_000, seconds=4,
        sub_width=160, sub_height=90, no_sound=True,
    )  # fmt: skip
    with Simulator(*options) as simulator:
        found = Recording(folder, simulator)
        yield found
        found.recorder.stop()


@pytest.mark.parametrize("by_s", [-_HOUR_S, 24 * _HOUR_S])
def test_a_clock_that_is_set_loses_no_picture(recording: Recording, by_s: float) -> None:
    recording.record(25)
    began_s = time.time()
    recording.clock.step(by_s)
    recording.record(35)
    elapsed_s = time.time() - began_s
    numbers = recording.numbers()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    spans = recording.spans(recording.report())
    if by_s > 0:
        steps = [seconds for seconds, what in spans if what == "clock_step"]
        assert len(steps) == 1
        assert by_s - 5 < steps[0] < by_s + elapsed_s
    # Each run lies where its own clock had it: pictures of 3 s do not fill an hour, or none.
    files = recording.files()
    assert len(files) == 2
    assert sum(files) == pytest.approx(len(numbers) / _FPS, abs=2.5)
    assert {what for _, what in spans} <= {
        "media", "clock_step", "waiting_key_frame", "recorder_stopped", "camera_unreachable",
    }  # fmt: skip


def test_a_machine_that_slept_was_off(recording: Recording) -> None:
    recording.record(25)
    recording.clock.sleep(8 * _HOUR_S)
    recording.record(25)
    numbers = recording.numbers()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    spans = recording.spans(recording.report())[:-1]  # but for that of the end
    asleep = [each for each in spans if each[0] > _HOUR_S]
    assert [what for _, what in asleep] == ["machine_off"]
    assert asleep[0][0] == pytest.approx(8 * _HOUR_S, abs=5)
