"""The analytics-worker beside a recorder that records: it looks, it dies, and recording goes on."""

import os
import signal
from pathlib import Path

import pytest

from tests.app.conftest import PASSWORD, USER, cameras, data
from tests.app.running import Serving, call, json_of, wait_until
from watchglass.app.layout import Layout
from watchglass.model.analysis import SkipCause
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator
from watchglass.store.event_spans import accounted
from watchglass.store.events import EventStore
from watchglass.store.index import IndexStore

__all__ = ["cameras", "data"]
pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]
NAME = "analytics-worker"
PATIENCE_S = 60.0


def add(data: Path, url: str) -> None:
    scheme, _, rest = url.partition("://")
    added = call(
        "--data", str(data), "camera", "add", f"{scheme}://{rest.rpartition('@')[2]}",
        "--user", USER, "--password-stdin", "--allow", stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr


def value(data: Path, name: str) -> float:
    found = json_of("--data", str(data), "doctor", "--numbers")
    return float(sum(each["value"] for each in found if each["name"] == f"watchglass_{name}"))


def pid_of(data: Path, name: str) -> int:
    """By the name of its module on the command line of a child of the recorder."""
    module = f"watchglass.app.{name.replace('-', '_')}"
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if module in words and f"{data}" in Path(f"/proc/{parent}/cmdline").read_text():
                return int(folder.name)
        except (OSError, IndexError):
            continue
    return 0


def test_it_looks_and_may_be_killed_while_recording_goes_on(data: Path, cameras: Simulator) -> None:
    add(data, cameras.urls[0].main)
    with Serving(data, WATCHGLASS_ANALYSIS="true") as serving:
        serving.wait_for("There is no page")
        wait_until(lambda: value(data, "analysis_pictures_total") > 20, PATIENCE_S)
        assert value(data, "gate_held_bytes") > 0
        for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGKILL):
            kill(data, number)
            # Begun anew: its counters too, and the gate's visit goes on from its last key frame.
            wait_until(lambda: value(data, "analysis_pictures_total") > 20, PATIENCE_S)
        told = {each["about"]: each for each in json_of("--data", str(data), "doctor")}
        assert f"Process {NAME}" in told
        wait_until(lambda: value(data, "stream_frames_total") > 100, PATIENCE_S)
        (camera,) = json_of("--data", str(data), "camera", "list")
        (timeline,) = json_of("--data", str(data), "timeline", camera["id"])
        assert serving.end(signal.SIGTERM) == 0
    # Recording began after its first key frame, and knows of nothing since.
    causes = [each["cause"] for each in timeline["spans"]]
    assert causes.count(None) == len(causes) - 1
    assert causes[0] == "waiting_key_frame"
    assert serving.logged.count("child_died") == 3


def kill(data: Path, number: int) -> None:
    before = pid_of(data, NAME)
    assert before
    os.kill(before, number)
    wait_until(lambda: pid_of(data, NAME) not in (0, before), PATIENCE_S)


def test_switched_off_there_is_none(data: Path, cameras: Simulator) -> None:
    add(data, cameras.urls[0].main)
    with Serving(data) as serving:
        serving.wait_for("There is no page")
        wait_until(lambda: value(data, "stream_frames_total") > 20, PATIENCE_S)
        assert pid_of(data, NAME) == 0
        assert value(data, "gate_held_bytes") == 0
        (camera,) = json_of("--data", str(data), "camera", "list")
        assert serving.end(signal.SIGTERM) == 0
    layout = Layout(data / "state")
    index, events = IndexStore(layout.index_db), EventStore(layout.events_db)
    with index.read() as reader:
        files = reader.files_between(camera["id"], StreamName.MAIN, 0, 2**62)
    recorded = [(each.wall_from, each.wall_to) for each in files if each.wall_to]
    assert recorded
    told = accounted([], recorded, camera["id"], events.switched_off(0, 2**62))
    assert {each.cause for each in told} == {SkipCause.OFF}, (told, recorded)
    assert events.cameras() == ()
    index.close()
    events.close()
