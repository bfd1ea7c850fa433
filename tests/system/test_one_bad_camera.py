"""A camera whose packets crash the worker: found, set apart, held and shown; the others go on."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from benches._frames import recorded_frames, sent_frames
from benches._harness import RunningRecorder
from tests.app.running import call, json_of
from tests.second_reader.report import read_site
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator, arguments
from watchglass.store.events import EventStore

pytestmark = pytest.mark.full

_HOLD_S = 4.0
_BAD = "camera-2"


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="wg-", dir="/tmp"))
    (path / "marks").mkdir()
    yield path
    shutil.rmtree(path, ignore_errors=True)


def _wait(holds: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    end_s = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end_s, what


def _listed(data: Path) -> dict[str, dict[str, object]]:
    return {each["name"]: each for each in json_of("--data", str(data), "camera", "list")}


def test_a_camera_that_crashes_its_worker_is_quarantined_and_harms_itself_alone(
    folder: Path,
) -> None:
    data, mark = folder / "data", folder / "marks" / _BAD
    environment = {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).with_name("crashing")), *_path()]),
        "CRASHING_MARKS": str(mark.parent),
        "CRASHING_HOLD_S": str(_HOLD_S),
    }
    options = arguments(
        cameras=4, kind="a", width=320, height=180, fps=15, bit_rate=300_000, seconds=4,
        sub_width=160, sub_height=90, sub_bit_rate=100_000, no_sound=True, log=str(folder / "log"),
    )  # fmt: skip
    with Simulator(*options) as simulator:
        recorder = RunningRecorder(
            data, WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false", **environment
        )
        try:
            with ThreadPoolExecutor(4) as pool:
                added = list(pool.map(recorder.add, simulator.urls))
            ids = dict(zip((camera.name for camera in simulator.urls), added, strict=True))
            _wait(lambda: all(each["recording"] for each in _listed(data).values()), "recording")
            mark.touch()
            _wait(lambda: _listed(data)[_BAD]["gap"] == "quarantined", "quarantined")
            found = recorder.processes()
            home, apart = found["camera-worker-1"], found["camera-worker-2"]
            assert (home.restarts, home.cameras, apart.cameras) == (1, 3, 1)
            _wait(lambda: _is_told_by_doctor(data), "doctor")
            listed = _listed(data)
            assert [name for name, each in listed.items() if not each["recording"]] == [_BAD]
            mark.unlink()
            _wait(lambda: bool(_listed(data)[_BAD]["recording"]), "recorded again")
        finally:
            assert recorder.stop() == 0, recorder.log()
    assert "camera_crashed_its_worker" in recorder.log()
    report = read_site(data / "state", [data / "media"])
    assert not [finding for finding in report.findings if finding.fails]
    for name, camera in ids.items():
        causes = [span.what for span in report.timelines[(camera, "main")].spans]
        assert ("quarantined" in causes) == (name == _BAD), causes
        log = folder / "log" / f"{name}-main.jsonl"
        assert name == _BAD or _interruptions(data / "media", camera, log) == 1


@pytest.mark.timeout(300)
def test_a_camera_that_crashes_who_looks_is_left_alone_and_the_others_are_understood(
    folder: Path,
) -> None:
    data = folder / "data"
    environment = {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).with_name("crashing")), *_path()]),
        "CRASHING_MARKS": str(folder / "marks"), "CRASHING_HOLD_S": str(_HOLD_S),
    }  # fmt: skip
    options = arguments(
        cameras=2, width=160, height=90, fps=10, bit_rate=200_000, seconds=4, no_sound=True,
        log=str(folder / "log"),
    )  # fmt: skip
    with Simulator(*options) as simulator:
        recorder = RunningRecorder(data, WATCHGLASS_PAGE="false", **environment)
        try:
            bad, good = (recorder.add(each) for each in simulator.urls)
            events = EventStore(data / "state/events.db", Disk())

            def spans(camera: CameraId) -> list[AnalysisSpan]:
                return events.spans(camera, 0, 2**62)

            def looked_at(camera: CameraId, since_ns: int = 0) -> bool:
                state = Analysis.ANALYSED
                return any(each.state is state and each.to_ns > since_ns for each in spans(camera))

            _wait(lambda: looked_at(bad) and looked_at(good), "looked at", 60)
            mark = folder / "marks" / bad
            mark.touch()
            _wait(lambda: recorder.processes()["analytics-worker"].restarts == 1, "died", 60)
            again_ns = time.time_ns()
            apart = SkipCause.SET_APART
            _wait(lambda: any(each.cause is apart for each in spans(bad)), "set apart", 60)
            _wait(lambda: looked_at(good, again_ns + 5 * NS_PER_S), "the other goes on", 60)
            mark.unlink()
            told = call("--data", str(data), "doctor").stdout
            assert "made the process that understands pictures crash" in told
            assert recorder.processes()["analytics-worker"].restarts == 1
            assert all(each["recording"] for each in _listed(data).values())
            live = spans(good)
            # And at what was recorded: a part is found and left out, the rest is looked at.
            # A key frame, and one behind it: others need not be decoded where there is much to do.
            sent = sent_frames(folder / "log" / f"{simulator.urls[1].name}-main.jsonl")
            key_ns = next(each.wall_ns for each in sent if each.is_key and each.wall_ns > again_ns)
            poison, poison_ns = folder / "marks" / "poison", key_ns + NS_PER_S // 25
            poison.touch()
            os.utime(poison, ns=(poison_ns, poison_ns))
            at = datetime.fromtimestamp(poison_ns // NS_PER_S - 5, UTC).isoformat()
            words = ("analyse", good, "--from", at, "--json")
            looked = call("--data", str(data), *words, timeout_s=200)
            assert looked.returncode == 0, looked.stderr
            assert "1 part of it" in json.loads(looked.stdout.splitlines()[-1])["error"]
        finally:
            assert recorder.stop() == 0, recorder.log()
    assert "camera_crashed_the_analyst" in recorder.log()
    for before, after in pairwise(live):
        assert before.to_ns == after.from_ns, "a time that nobody accounts for"
    causes = {each.cause for each in live}
    assert causes <= {None, SkipCause.NO_ANALYST}, causes
    events.close()


def _is_told_by_doctor(data: Path) -> bool:
    said = call("--data", str(data), "doctor")
    return said.returncode == 1 and "set apart" in said.stdout


def _path() -> list[str]:
    return [path for path in [os.environ.get("PYTHONPATH", "")] if path]


def _interruptions(media: Path, camera: CameraId, log: Path) -> int:
    """How often a good camera's frames break off, from its first to its last on disk."""
    numbers = sorted({each.number for each in recorded_frames(media, camera, StreamName.MAIN)})
    sent = {each.number for each in sent_frames(log)}
    assert set(numbers) <= sent
    return sum(after != before + 1 for before, after in pairwise(numbers))
