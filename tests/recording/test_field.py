"""What broke other recorders, told of this one: lines of the table in docs/guarantees.md."""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.recording.keeper_making import Site, Worker
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import VolumeMissingError
from watchglass.base.ids import CameraId
from watchglass.model.gap import GapCause
from watchglass.recording.volume import create_volume


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _at(site: Site, when: datetime) -> None:
    site.clock.step_wall(round(when.timestamp()) * NS_PER_S - site.clock.wall_ns())


def _record(site: Site, worker: Worker, camera: CameraId, seconds: int) -> None:
    for _ in range(seconds):
        worker.stream(camera).feed(10)
        worker.send()
        site.cycle(worker, lasts_s=0)


@pytest.mark.parametrize("month", [3, 10])
def test_daylight_saving_overwrites_no_hour(site: Site, berlin: None, month: int) -> None:
    """In October the hour before 01:00 UTC and the one after have one name in local time."""
    _at(site, datetime(2026, month, 29 if month == 3 else 25, 0, 59, 50, tzinfo=UTC))
    site.start()
    camera, worker = site.add_camera(), Worker(site)
    began_ns = site.clock.wall_ns()
    _record(site, worker, camera, 20)
    worker.tell_gap(camera, GapCause.CAMERA_UNREACHABLE)
    worker.send()
    before = {path: path.read_bytes() for path in site.files}
    # The same minute of local time, an hour later.
    site.clock.advance(3580 * NS_PER_S)
    _record(site, worker, camera, 20)
    assert before.items() <= {path: path.read_bytes() for path in site.files}.items()
    spans = site.check().timelines[camera, "main"].spans
    assert [span.what for span in spans] == [
        "waiting_key_frame", "media", "camera_unreachable", "media",
    ]  # fmt: skip
    assert spans[1].start >= began_ns
    assert spans[-1].end - began_ns == pytest.approx(3620 * NS_PER_S, abs=2 * NS_PER_S)
    assert {path.name[:2] for path in site.files} == {"00", "01", "02"}


@pytest.mark.parametrize("boots_at", [datetime(1970, 1, 1, tzinfo=UTC), None])
def test_a_start_without_a_valid_clock_records_at_once_and_is_placed_when_it_is_set(
    site: Site, boots_at: datetime | None
) -> None:
    """A board without a battery: the clock is that of the last file system, or none at all, and
    is set a while later."""
    site.start()
    site.keep_for(24)
    camera, worker = site.add_camera(), Worker(site)
    _record(site, worker, camera, 10)
    died_ns = site.clock.wall_ns()
    worker.die()
    site.kill_keeper()
    site.reboot(60)
    booted_ns = site.clock.wall_ns()
    offset_ns = booted_ns - site.clock.boottime_ns()
    _at(site, boots_at or datetime.fromtimestamp(died_ns / 1e9 - 3600, tz=UTC))
    site.start()
    worker = Worker(site)
    for _ in range(2):
        _record(site, worker, camera, 10)
        worker.stream(camera).end(GapCause.CAMERA_UNREACHABLE)
        worker.send()
        site.cycle(worker, lasts_s=5)
    _record(site, worker, camera, 10)
    recorded = site.files
    # Now it is set; the run goes on by the clock of before until the next key frame.
    site.clock.step_wall(offset_ns - (site.clock.wall_ns() - site.clock.boottime_ns()))
    set_ns = site.clock.wall_ns()
    site.cycle(worker, lasts_s=0)
    worker.stream(camera).end(GapCause.CLOCK_STEP)
    site.cycle(worker, lasts_s=1)
    _record(site, worker, camera, 10)
    worker.send()
    for _ in range(3):
        site.cycle(worker)
    assert set(recorded) <= set(site.files)  # in a year so long ago nothing is kept any more
    spans = site.check().timelines[camera, "main"].spans
    assert [span.what for span in spans] == [
        "waiting_key_frame", "media", "machine_off", "media", "camera_unreachable", "media",
        "camera_unreachable", "media", "clock_step", "media",
    ]  # fmt: skip
    _, before, off, *_, last, step, after = spans
    assert before.end <= died_ns
    assert off.end == pytest.approx(booted_ns, abs=2 * NS_PER_S)
    assert last.end == pytest.approx(set_ns, abs=NS_PER_S // 5)
    assert step.end - step.start < 2 * NS_PER_S
    assert after.start >= set_ns - NS_PER_S
    site.stop_keeper()


def test_a_clock_that_is_set_moves_nothing_that_was_placed_by_a_good_one(site: Site) -> None:
    site.start()
    camera, worker = site.add_camera(), Worker(site)
    _record(site, worker, camera, 10)
    worker.stream(camera).end(GapCause.CAMERA_UNREACHABLE)
    worker.send()
    site.cycle(worker)
    before = site.check().timelines[camera, "main"].spans
    site.clock.step_wall(3600 * NS_PER_S)
    _record(site, worker, camera, 5)
    after = site.check().timelines[camera, "main"].spans
    assert after[: len(before) - 1] == before[:-1]


def test_a_clock_that_goes_ahead_erases_nothing_for_a_day(site: Site) -> None:
    """A dead battery, or a mistyped year: what is erased by such a clock is gone."""
    site.start()
    site.keep_for(24)
    camera, worker = site.add_camera(), Worker(site)
    _record(site, worker, camera, 10)
    worker.stream(camera).end(GapCause.CAMERA_UNREACHABLE)
    worker.send()
    site.cycle(worker)
    recorded = site.files
    site.clock.step_wall(400 * 24 * 3600 * NS_PER_S)
    for _ in range(3):
        site.cycle(worker, lasts_s=3600)
    site.kill_keeper()
    site.reboot(60)
    site.start()
    site.keep_for(24)
    for _ in range(3):
        site.cycle(lasts_s=60)
    assert site.files == recorded
    site.clock.advance(25 * 3600 * NS_PER_S)
    for _ in range(3):
        site.cycle(lasts_s=60)
    assert site.files == []


def test_two_cameras_with_one_name_are_two(site: Site) -> None:
    site.start()
    one, other = site.add_camera(), site.add_camera()  # both are called "Gate"
    worker = Worker(site)
    _record(site, worker, one, 5)
    _record(site, worker, other, 5)
    folders = {path.relative_to(site.volume.path).parts[0] for path in site.files}
    assert folders == {one, other}
    report = site.check()
    for camera in (one, other):
        assert "media" in {span.what for span in report.timelines[camera, "main"].spans}


def test_nothing_is_written_under_a_volume_that_is_another(site: Site, tmp_path: Path) -> None:
    """The mount point is there, and another disk, or only its empty folder, lies under it."""
    site.start()
    camera, worker = site.add_camera(), Worker(site)
    _record(site, worker, camera, 5)
    worker.tell_gap(camera, GapCause.CAMERA_UNREACHABLE)
    worker.send()
    site.cycle(worker)
    site.volume.path.rename(tmp_path / "away")
    for other in (False, True):
        if other:
            create_volume(site.volume.path, site.disk, site.clock)
        else:
            site.volume.path.mkdir()
        with pytest.raises(VolumeMissingError):
            site.volume.check()
        before = sorted(site.volume.path.rglob("*"))
        _record(site, worker, camera, 3)
        worker.stream(camera).end(GapCause.VOLUME_MISSING)
        assert sorted(site.volume.path.rglob("*")) == before
        shutil.rmtree(site.volume.path)
    (tmp_path / "away").rename(site.volume.path)
    _record(site, worker, camera, 5)
    worker.tell_gap(camera, GapCause.CAMERA_UNREACHABLE)
    worker.send()
    site.cycle(worker)
    spans = [span.what for span in site.check().timelines[camera, "main"].spans]
    assert spans[-2:] == ["media", "camera_unreachable"]
    assert "volume_missing" in spans
