"""A recorder from camera to event: what moves before a simulated camera is found by a rule."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.conftest import cameras, data
from tests.app.running import Serving, call, json_of, wait_until
from tests.app.test_analytics_worker import add, pid_of
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis
from watchglass.recording.ledger import MARKED, Ledger
from watchglass.simulate.process import Simulator
from watchglass.store.event_search import Wanted
from watchglass.store.events import EventStore

__all__ = ["cameras", "data"]
pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]
NAME = "events-worker"
PATIENCE_S = 90.0


@contextmanager
def found_in(data: Path) -> Iterator[EventStore]:
    store = EventStore(data / "state" / "events.db")
    try:
        yield store
    finally:
        store.close()


def test_what_moves_is_found_kept_and_found_on_after_a_crash(
    data: Path, cameras: Simulator
) -> None:
    add(data, cameras.urls[0].main)
    (listed,) = json_of("--data", str(data), "camera", "list")
    camera = CameraId(listed["id"])
    of = ("--data", str(data))
    with Serving(data, WATCHGLASS_ANALYSIS="true") as serving:
        serving.wait_for("There is no page")
        made = call(*of, "rule", "add", camera, "motion", "Something moves", "--alarm")
        assert made.returncode == 0, made.stderr

        def events() -> int:
            with found_in(data) as store:
                page = store.events(Wanted({camera: [(0, 2**63 - 1)]}, most=500))
                return len(page.found)

        wait_until(lambda: events() > 0, PATIENCE_S)
        before = pid_of(data, NAME)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: pid_of(data, NAME) not in (0, before), PATIENCE_S)
        ledger = data / "state" / "ledger" / camera
        wait_until(
            lambda: any(line.type == MARKED for line in Ledger.read_lines(ledger)), PATIENCE_S
        )
        with found_in(data) as store:
            spans = store.spans(camera, 0, 2**62)
            assert {each.state for each in spans} & {Analysis.ANALYSED}
            assert store.waiting({camera: [(0, 2**63 - 1)]})[1] >= 1
        assert serving.end(signal.SIGTERM) == 0
    assert serving.logged.count("child_died") == 1
    assert call(*of, "check").returncode == 0
