"""A disk that takes 3 s a write, under a real recorder: its cameras say what they lost."""

import time
from pathlib import Path

import pytest

from benches._frames import recorded_numbers, sent_frames
from benches._harness import RunningRecorder
from tests.app.running import wait_until
from tests.second_reader.report import read_site
from tests.system.interposed import Interposed
from watchglass.model.control import Accepted, AddVolumeRequest
from watchglass.simulate.process import Simulator, arguments

pytestmark = [pytest.mark.full, pytest.mark.timeout(240)]

_FPS = 10
_WRITE_S = 3.0
_SLOW_S = 15.0
_EDGE_NS = 400_000_000


def test_a_slow_volume_costs_its_own_cameras_alone(folder: Path) -> None:
    options = arguments(
        cameras=2, kind="a", width=320, height=180, fps=_FPS, bit_rate=800_000, seconds=4,
        sub_width=160, sub_height=90, no_sound=True, log=str(folder / "log"),
    )  # fmt: skip
    disk = Interposed(folder, slow=str(folder / "data" / "media"))
    quick_volume = folder / "quick"
    with Simulator(*options) as simulator:
        # 1 MiB is 8 s of this camera: a write for each fragment of 0.4 s falls behind it soon.
        recorder = RunningRecorder(
            folder / "data",
            WATCHGLASS_QUEUE_BYTES="1MiB",
            WATCHGLASS_ANALYSIS="false",
            WATCHGLASS_PAGE="false",
            **disk.environment,
        )
        try:
            slow = recorder.add(simulator.urls[0])
            assert isinstance(recorder.ask(AddVolumeRequest(str(quick_volume))), Accepted)
            quick = recorder.add(simulator.urls[1])
            slow_volume = folder / "data" / "media"
            wait_until(lambda: len(recorded_numbers(quick_volume, quick)) > _FPS, 60)
            wait_until(lambda: len(recorded_numbers(slow_volume, slow)) > _FPS, 60)
            began_ns = time.time_ns()
            disk.write_takes(_WRITE_S)
            time.sleep(_SLOW_S)
            disk.write_takes(0)
            healed = len(recorded_numbers(slow_volume, slow))
            wait_until(lambda: len(recorded_numbers(slow_volume, slow)) > healed + 3 * _FPS, 60)
        finally:
            status = recorder.stop()
        assert status == 0, recorder.log()
    # The other camera, on the other volume, has every picture.
    numbers = recorded_numbers(quick_volume, quick)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert len(numbers) > _FPS * _SLOW_S
    # The slow one lost some, and each lies in a gap that says why.
    report = read_site(folder / "data" / "state", [slow_volume, quick_volume])
    assert not [finding for finding in report.findings if finding.fails]
    spans = [span for span in report.timelines[(slow, "main")].spans if span.what != "media"]
    late = [span for span in spans if span.end > began_ns]
    assert "overload" in {span.what for span in late}
    on_disk = set(recorded_numbers(slow_volume, slow))
    sent = sent_frames(folder / "log" / f"{simulator.urls[0].name}-main.jsonl")
    lost = [
        frame
        for frame in sent
        if min(on_disk) < frame.number < max(on_disk) and frame.number not in on_disk
    ]
    assert lost
    for frame in lost:
        assert any(
            span.start - _EDGE_NS <= frame.wall_ns <= span.end + _EDGE_NS for span in spans
        ), frame.number
