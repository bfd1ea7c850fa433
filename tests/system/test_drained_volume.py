"""A camera that moves to another volume while it is recorded: what that costs is told."""

from pathlib import Path

import pytest

from benches._frames import recorded_numbers
from benches._harness import RunningRecorder
from tests.app.running import wait_until
from tests.second_reader.report import read_site
from watchglass.model.control import Accepted, AddVolumeRequest, DrainVolumeRequest
from watchglass.recording.volume import volume_at
from watchglass.simulate.process import Simulator, arguments

pytestmark = [pytest.mark.full, pytest.mark.timeout(120)]

_FPS = 10


def test_a_drained_volume_costs_what_comes_until_the_next_key_frame(folder: Path) -> None:
    other = folder / "other"
    options = arguments(
        cameras=1, kind="a", width=320, height=180, fps=_FPS, bit_rate=400_000, seconds=4,
        sub_width=160, sub_height=90, no_sound=True,
    )  # fmt: skip
    with Simulator(*options) as simulator:
        recorder = RunningRecorder(
            folder / "data", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false"
        )
        try:
            camera = recorder.add(simulator.urls[0])
            wait_until(lambda: len(recorded_numbers(recorder.media, camera)) > 3 * _FPS, 60)
            assert isinstance(recorder.ask(AddVolumeRequest(str(other))), Accepted)
            drains = volume_at(recorder.media)
            assert drains is not None
            drained = recorder.ask(DrainVolumeRequest(drains))
            assert isinstance(drained, Accepted)
            wait_until(
                lambda: other.exists() and len(recorded_numbers(other, camera)) > 3 * _FPS, 60
            )
        finally:
            status = recorder.stop()
        assert status == 0, recorder.log()
    found = sorted(recorded_numbers(recorder.media, camera) + recorded_numbers(other, camera))
    report = read_site(folder / "data" / "state", [recorder.media, other])
    assert not [finding for finding in report.findings if finding.fails]
    spans = report.timelines[camera, "main"].spans
    first, second = (at for at, span in enumerate(spans) if span.what == "media")
    gap = spans[first + 1 : second]
    # Its worker's fence was put up before there was that volume: another one takes over.
    assert {span.what for span in gap} <= {"waiting_key_frame", "volume_missing"}
    missing = set(range(found[0], found[-1] + 1)) - set(found)
    assert len(missing) <= (gap[-1].end - gap[0].start) * _FPS / 1e9 + 1
    assert not missing or max(missing) - min(missing) + 1 == len(missing)
