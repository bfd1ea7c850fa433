"""The first start after a restore: all that is still there counts, and the rest has its cause."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from tests.recording.keeper_making import QuietDisk, Site, Worker, answers_of
from tests.recording.test_lineage import restored, told
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.ids import CameraId
from watchglass.model.gap import GapCause
from watchglass.model.order import PauseCamera
from watchglass.recording.lineage import Telling
from watchglass.recording.resettle import is_marked

FPS = 15


class CutDisk(QuietDisk):
    """Loses the power at one of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Cut


class Cut(BaseException):
    """No ``except`` of the product stops it."""


def record(site: Site, worker: Worker, camera: CameraId, seconds: int) -> None:
    for _ in range(seconds):
        worker.stream(camera).feed(FPS)
        worker.send()
        site.cycle(worker, lasts_s=0)


def past_and_future(folder: Path, disk: QuietDisk | None = None) -> tuple[Site, CameraId, Telling]:
    """A site that was backed up while it recorded, recorded on, and lost its state folder.

    Since the backup the run went on for several files, and began anew twice.
    """
    site = Site(folder, disk=disk)
    site.start()
    camera = site.add_camera()
    worker = Worker(site)
    record(site, worker, camera, 7)
    site.running._sign_heads([camera])
    shutil.copytree(site.state / "ledger" / camera, folder / "kept")
    past = told(folder / "kept", camera, "the backup")
    record(site, worker, camera, 8)
    worker.tell_gap(camera, GapCause.CAMERA_UNREACHABLE)
    site.clock.advance(20 * NS_PER_S)
    record(site, worker, camera, 7)
    worker.tell_gap(camera, GapCause.STALLED)
    site.clock.advance(10 * NS_PER_S)
    record(site, worker, camera, 4)
    worker.die()
    site.kill_keeper()
    # The copy is lost too: what counts is the backup alone.
    shutil.rmtree(site.volume.path / camera / "ledger")
    site.clock.advance(100 * NS_PER_S)
    return site, camera, past


def causes(site: Site, camera: CameraId) -> list[str]:
    return [span.what for span in site.check().timelines[camera, "main"].spans]


def test_recordings_since_the_backup_are_taken_in(tmp_path: Path) -> None:
    site, camera, past = past_and_future(tmp_path)
    files = site.files
    restored(site, past, camera)
    site.start()
    assert site.running.counters.adopted_files >= 5
    site.cycle()
    assert causes(site, camera) == [
        "waiting_key_frame", "media", "restored", "media", "restored", "media", "restored",
    ]  # fmt: skip
    assert site.files == files
    before = answers_of(site.running.index, site.cameras)
    site.running.rebuild_index()
    assert answers_of(site.running.index, site.cameras) == before
    # And on it goes, with the same camera.
    worker = Worker(site)
    record(site, worker, camera, 4)
    assert causes(site, camera)[-2:] == ["restored", "media"]
    site.kill_keeper()


@pytest.mark.full
@pytest.mark.parametrize("gone", [[0], [0, 1], [2, 3], [3], [4], [0, 1, 2, 3, 4, 5, 6]])
def test_recordings_that_went_meanwhile_are_accounted_for(tmp_path: Path, gone: list[int]) -> None:
    """Retention took some, of which the backup knows or does not."""
    site, camera, past = past_and_future(tmp_path)
    files = site.files
    for at in gone:
        files[at].unlink()
    restored(site, past, camera)
    site.start()
    site.cycle()
    spans = site.check().timelines[camera, "main"].spans
    assert {span.what for span in spans} <= {"waiting_key_frame", "media", "restored"}
    assert all(before.end == after.start for before, after in pairwise(spans))
    site.kill_keeper()


def test_a_pause_stays_one(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    assert site.order(PauseCamera(camera, None, "me", "a visit")) == ""
    site.running._sign_heads([camera])
    shutil.copytree(site.state / "ledger" / camera, tmp_path / "kept")
    past = told(tmp_path / "kept", camera)
    site.kill_keeper()
    site.clock.advance(100 * NS_PER_S)
    restored(site, past, camera)
    site.start()
    assert causes(site, camera) == ["waiting_key_frame", "paused"]
    site.kill_keeper()


def _cut_at(tmp_path: Path, number: int) -> bool:
    """Lose the power at one call of the first start; whether that was before its end."""
    disk = CutDisk()
    site, camera, past = past_and_future(tmp_path, disk)
    site.files[0].unlink()
    restored(site, past, camera)
    disk.left = number
    cut = False
    try:
        site.start()
    except Cut:
        cut = True
        site.keeper = None
    disk.left = None
    # A start that was cut short behind the last step was one, and its crash is told as such.
    settled = not is_marked(site.state)
    if cut:
        site.clock.advance(5 * NS_PER_S)
        site.start()
    assert not is_marked(site.state)
    site.cycle()
    found = causes(site, camera)
    assert set(found) <= {"waiting_key_frame", "media", "restored"} | (
        {"recorder_crashed"} if cut and settled else set()
    )
    assert found.count("media") == 3
    site.kill_keeper()
    return cut


@pytest.mark.full
@pytest.mark.parametrize("number", [2, 9, 13])
def test_a_start_that_is_cut_short_is_done_again(tmp_path: Path, number: int) -> None:
    assert _cut_at(tmp_path, number)


@pytest.mark.long
def test_a_start_that_is_cut_short_anywhere_is_done_again(tmp_path: Path) -> None:
    number = 0
    while _cut_at(tmp_path / str(number), number):
        number += 1
    assert number > 15
