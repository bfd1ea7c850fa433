"""Whoever only looks at what is recorded may hang and die: no frame is lost, and it comes again."""

import os
import signal
import time
from pathlib import Path

import pytest

from benches._frames import recorded_frames
from benches._harness import RunningRecorder
from tests.app.running import json_of, wait_until
from tests.second_reader.report import read_site
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator, arguments

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]

_RECORDING = ("supervisor", "keeper", "camera-worker")
_LOOKERS = {"analytics-worker", "events-worker", "media-worker", "api"}
_HANG_S = 4.0
_PATIENCE_S = 90.0


def test_all_that_look_hang_and_die_at_once_and_no_frame_is_lost(folder: Path) -> None:
    options = arguments(
        cameras=1, kind="a", width=320, height=180, fps=10, bit_rate=300_000, seconds=4,
        sub_width=160, sub_height=90, no_sound=True,
    )  # fmt: skip
    data = folder / "data"
    with Simulator(*options) as simulator:
        recorder = RunningRecorder(data)
        try:
            camera = recorder.add(simulator.urls[0])
            wait_until(lambda: _pictures(data) > 10, _PATIENCE_S)
            before = _lookers(recorder)
            assert before.keys() >= _LOOKERS
            # Stopped, not dead: what they are sent stays where it is, as from one that is slow.
            for pid in before.values():
                os.kill(pid, signal.SIGSTOP)
            time.sleep(_HANG_S)
            for pid in before.values():
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: _are_others(recorder, before), _PATIENCE_S)
            wait_until(lambda: _pictures(data) > 10, _PATIENCE_S)
        finally:
            ended = recorder.stop()
    assert ended == 0, recorder.log()
    report = read_site(data / "state", [data / "media"])
    assert not [finding for finding in report.findings if finding.fails]
    for stream in (StreamName.MAIN, StreamName.SUB):
        numbers = [frame.number for frame in recorded_frames(data / "media", camera, stream)]
        assert len(numbers) > 10 * _HANG_S
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        told = [span.what for span in report.timelines[camera, stream.value].spans]
        assert told[:2] == ["waiting_key_frame", "media"]
        # Nothing is left of the stop where it fell into the time of the last picture.
        assert told[2:] in ([], ["recorder_stopped"])


def _pictures(data: Path) -> float:
    numbers = json_of("--data", str(data), "doctor", "--numbers")
    name = "watchglass_analysis_pictures_total"
    return float(sum(each["value"] for each in numbers if each["name"] == name))


def _lookers(recorder: RunningRecorder) -> dict[str, int]:
    return {
        name: each.pid
        for name, each in recorder.processes().items()
        if each.pid and not name.startswith(_RECORDING)
    }


def _are_others(recorder: RunningRecorder, before: dict[str, int]) -> bool:
    now = _lookers(recorder)
    return all(now.get(name, pid) != pid for name, pid in before.items())
