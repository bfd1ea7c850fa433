"""What nobody looked at when it happened is looked at later, from what was recorded."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.app.conftest import cameras, data
from tests.app.running import Serving, json_of, wait_until
from tests.app.test_analytics_worker import PATIENCE_S, add, pid_of, value
from tests.app.test_events_found import found_in
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan
from watchglass.simulate.process import Simulator

__all__ = ["cameras", "data"]
# What is younger than two minutes may yet be told otherwise, and is left alone.
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

_AWAY_S = 20.0


def test_what_was_missed_is_looked_at_later_and_recording_noticed_nothing(
    data: Path, cameras: Simulator
) -> None:
    add(data, cameras.urls[0].main)
    (listed,) = json_of("--data", str(data), "camera", "list")
    camera = CameraId(listed["id"])
    with Serving(data, WATCHGLASS_ANALYSIS="true") as serving:
        serving.wait_for("There is no page")
        wait_until(lambda: value(data, "analysis_pictures_total") > 20, PATIENCE_S)
        began_ns = time.time_ns()
        until_s = time.monotonic() + _AWAY_S
        while time.monotonic() < until_s:
            # Stopped, so that what it was sent stays with it; whoever takes its place, too.
            if pid := pid_of(data, "analytics-worker"):
                os.kill(pid, signal.SIGSTOP)
            time.sleep(0.2)
        ended_ns = time.time_ns()
        os.kill(pid_of(data, "analytics-worker"), signal.SIGKILL)

        def spans() -> list[AnalysisSpan]:
            with found_in(data) as store:
                return store.spans(camera, began_ns, ended_ns)

        def skipped_ns() -> int:
            return sum(
                each.to_ns - each.from_ns for each in spans() if each.state is Analysis.SKIPPED
            )

        wait_until(lambda: skipped_ns() > _AWAY_S / 2 * NS_PER_S, PATIENCE_S)
        missed = [each for each in spans() if each.state is Analysis.SKIPPED]
        assert all(each.cause is not None for each in missed)
        longest = max(missed, key=lambda each: each.to_ns - each.from_ns)
        with found_in(data) as store:
            assert not list(store.parts(camera, longest.from_ns, longest.to_ns))
        wait_until(lambda: skipped_ns() < NS_PER_S, 300.0)
        with found_in(data) as store:
            # Somebody walks there all the time: he has been followed, as if it had been then.
            assert list(store.parts(camera, longest.from_ns, longest.to_ns))
        (timeline,) = json_of("--data", str(data), "timeline", camera)
        assert serving.end(signal.SIGTERM) == 0
    assert [each["cause"] for each in timeline["spans"]].count(None) >= 1
    assert {each["cause"] for each in timeline["spans"]} <= {None, "waiting_key_frame"}
    assert "made_up_for" in serving.logged
