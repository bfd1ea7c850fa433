"""Deletion that is cut off at any point is finished by the next start; held footage never goes."""

import errno
import os
from pathlib import Path

import pytest

from tests.recording.keeper_making import LIMITS, QuietDisk, Site, Worker, answers_of
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.ids import CameraId
from watchglass.model.gap import GapCause
from watchglass.model.order import Configure, RemoveCamera, Retention
from watchglass.recording import purge
from watchglass.recording.desk import KeeperLimits, Rule
from watchglass.recording.ledger import Ledger
from watchglass.store.index import FileRow

_HOUR_NS = 3600 * NS_PER_S


class KilledError(BaseException):
    """As SIGKILL: nothing that runs afterwards sees it."""


class CountingDisk(QuietDisk):
    """Counts changes and syncs, and dies or fails at one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.unlink_fails = False

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if self.unlink_fails and site is WriteSite.MEDIA_PURGE:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        if self.left is not None:
            if self.left == 0:
                raise KilledError
            self.left -= 1

    def before_sync(self, what: str) -> None:
        self.before(WriteSite.SYNC, "syncfs", what)


def recorded(site: Site, *, runs: int = 2) -> CameraId:
    """Closed files: three a run."""
    if site.keeper is None:
        site.start()
    before = len(site.files)
    camera = site.add_camera()
    worker = Worker(site)
    for _ in range(runs):
        worker.stream(camera).feed(75)
        worker.tell_gap(camera, GapCause.STALLED)
        worker.send()
        site.cycle(worker)
        site.clock.advance(60 * NS_PER_S)
    site.cycle(worker)
    site.disconnect(worker)
    assert len(site.files) - before == 3 * runs
    return camera


def deleted(site: Site, camera: CameraId) -> list[str]:
    found: list[str] = []
    for line in Ledger.read_lines(site.state / "ledger" / camera):
        if line.type == "files_deleted":
            files = line.fields["files"]
            assert isinstance(files, list)
            found += [f"{run} {sequence}" for run, sequence, _ in files]
    return found


def rows(site: Site) -> list[FileRow]:
    with site.running.index.read() as index:
        return list(index.all_files())


def hold(site: Site, camera: CameraId, *held: FileRow, lift: bool = False) -> None:
    for number, row in enumerate(held):
        name = f"{number:032x}"
        if lift:
            site.running.write({camera: [("hold_lifted", {"hold": name})]})
            continue
        span = {"from": str(row.wall_from + 1), "to": str(row.wall_to - 1)}
        site.running.write({camera: [("hold_set", {"hold": name, **span})]})


def expire(site: Site) -> None:
    site.clock.advance(2 * _HOUR_NS)
    site.keep_for(1)
    site.clock.advance(20 * NS_PER_S)


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site)
    site.keep_for(1)
    site.cycle()
    assert len(site.files) == 6
    expire(site)
    site.cycle()
    assert site.files == []
    assert rows(site) == []
    report = site.check()
    spans = {span.what for span in report.timelines[camera, "main"].spans}
    assert "retention" in spans
    assert "media" not in spans
    site.running.rebuild_index()
    assert rows(site) == []
    # Day, month and year folders go with the last file in them.
    assert not (site.volume.path / camera / "main" / "2023").exists()


@pytest.mark.full
def test_purge_cut_off_at_each_step_is_finished(tmp_path: Path) -> None:
    step = 0
    while True:
        disk = CountingDisk()
        site = Site(tmp_path / str(step), disk=disk)
        camera = recorded(site, runs=1)
        site.clock.advance(2 * _HOUR_NS)
        site.running._rules[camera, None] = Rule(1)
        disk.left = step
        try:
            site.clock.advance(20 * NS_PER_S)
            site.running.cycle()
        except KilledError:
            killed = True
        else:
            killed = False
        disk.left = None
        _check_halfway(site, camera)
        site.kill_keeper()
        site.start()
        _check_halfway(site, camera)
        site.keep_for(1)
        site.clock.advance(20 * NS_PER_S)
        site.cycle()
        assert site.files == []
        assert rows(site) == []
        assert len(deleted(site, camera)) == len(set(deleted(site, camera))) == 3
        site.check()
        site.kill_keeper()
        if not killed:
            break
        step += 1
    assert step > 6, "the purge was never cut off"


def _check_halfway(site: Site, camera: CameraId) -> None:
    """No file is gone whose tombstone is not written."""
    gone = 3 - len(site.files)
    assert gone <= len(deleted(site, camera))


def test_held_footage_stays_and_what_lies_around_it_goes(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site)
    kept = rows(site)[1]
    hold(site, camera, kept)
    expire(site)
    site.cycle()
    assert [(row.run, row.sequence) for row in rows(site)] == [(kept.run, kept.sequence)]
    site.kill_keeper()
    (site.state / "index.db").unlink()
    site.start()
    site.keep_for(1)
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert len(site.files) == 1, "the hold is read out of the ledger"
    hold(site, camera, kept, lift=True)
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert site.files == []
    site.check()


@pytest.mark.parametrize("by_room", [True, False])
def test_many_held_files_do_not_hide_those_that_may_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_room: bool
) -> None:
    monkeypatch.setattr(purge, "_BATCH", 1)
    site = Site(tmp_path)
    camera = recorded(site, runs=4)
    kept = rows(site)[:10]
    hold(site, camera, *kept)
    if by_room:
        monkeypatch.setattr(site.running, "limits", KeeperLimits(floor_bytes=1 << 62))
    else:
        expire(site)
    for _ in range(5):
        site.cycle()
    assert rows(site) == kept
    assert site.running._purger.only_held_left == by_room
    site.check()


def test_room_is_made_by_the_oldest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path)
    recorded(site)
    oldest = rows(site)[0]
    lacks = [oldest.length, 0, 0, 0]

    class Space:
        @property
        def free_bytes(self) -> int:
            return 1000 - lacks.pop(0)

    monkeypatch.setattr(purge, "space", lambda path: Space())
    monkeypatch.setattr(site.running, "wanted_bytes", lambda volume: 1000)
    site.clock.advance(NS_PER_S)
    site.running._purger.purge()
    assert oldest not in rows(site)
    assert len(rows(site)) == 5
    assert not site.running._purger.only_held_left


def test_a_disk_that_lets_nothing_go_does_not_end_the_keeper(tmp_path: Path) -> None:
    """A volume that became read-only: the others, and the ledger, go on."""
    disk = CountingDisk()
    site = Site(tmp_path, disk=disk)
    camera = recorded(site)
    disk.unlink_fails = True
    expire(site)
    site.cycle()
    site.kill_keeper()
    site.start()
    site.cycle()
    assert len(site.files) == 6
    assert len(deleted(site, camera)) == 6
    disk.unlink_fails = False
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert site.files == []
    assert rows(site) == []
    site.check()


def test_nothing_is_forgotten_while_the_volume_is_away(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site)
    away = tmp_path / "away"
    site.volume.path.rename(away)
    site.volume.path.mkdir()
    expire(site)
    site.cycle()
    assert deleted(site, camera) == []
    assert len(rows(site)) == 6
    site.volume.path.rmdir()
    away.rename(site.volume.path)
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert site.files == []
    site.check()


def test_a_file_that_somebody_removed_gets_its_tombstone(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site)
    site.files[0].unlink()
    expire(site)
    site.cycle()
    assert len(deleted(site, camera)) == 6
    site.check()


def test_limits_for_tests_purge_nothing(tmp_path: Path) -> None:
    assert LIMITS.floor_bytes == 0
    site = Site(tmp_path)
    recorded(site)
    before = answers_of(site.running.index, site.cameras)
    site.cycle()
    assert answers_of(site.running.index, site.cameras) == before


def test_what_is_to_be_erased_goes_whatever_its_age_and_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site)
    other = recorded(site)
    kept = [row for row in rows(site) if row.camera == other]
    assert site.order(RemoveCamera(camera, "me", "sold", erase=True)) == ""
    erase = (Retention(camera, 0, erase=True), Retention(other, 24 * 365))
    assert site.order(Configure(erase, ())) == ""
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert rows(site) == kept
    lines = Ledger.read_lines(site.state / "ledger" / camera)
    causes = [line.fields["cause"] for line in lines if line.type == "files_deleted"]
    assert causes
    assert set(causes) == {"erased"}
    report = site.check()
    assert "erased" in {span.what for span in report.timelines[camera, "main"].spans}
    # A keeper that starts anew and knows nothing yet of retention deletes nothing else.
    site.kill_keeper()
    site.start()
    site.cycle()
    assert rows(site) == kept


def test_held_recordings_keep_a_camera_from_being_erased(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site)
    hold(site, camera, rows(site)[0])
    refused = site.order(RemoveCamera(camera, "me", "sold", erase=True))
    assert "1 of its recordings is held" in refused
    assert deleted(site, camera) == []
    assert site.order(RemoveCamera(camera, "me", "sold")) == ""
