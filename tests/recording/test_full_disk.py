"""Disks that are really full: small file systems in memory, mounted for the test."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.recording.keeper_making import Site, Worker
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId
from watchglass.model.gap import GapCause
from watchglass.model.order import Facts
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.ledger import Ledger
from watchglass.recording.volume import space

pytestmark = pytest.mark.full

MIB = 1 << 20
Mount = Callable[[Path, int], Path]


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mounts a file system of so many bytes at a path."""
    mounted: list[Path] = []

    def do(path: Path, size_bytes: int) -> Path:
        path.mkdir(parents=True)
        options = f"size={size_bytes},mode=0755"
        result = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if result.returncode != 0:
            pytest.skip(f"mounting is not permitted here: {result.stderr.strip()}")
        mounted.append(path)
        return path

    yield do
    for path in reversed(mounted):
        subprocess.run(["umount", "-l", str(path)], check=True)


class LiveWorker(Worker):
    """A worker whose writer has its thread, as it is where the disk makes it wait."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.writer.start()

    def send(self) -> None:
        if not self.connected:
            self.connect()
        while batch := self.outbox.unsent():
            facts = Facts(self.session, batch[-1][0], [fact for _, fact in batch])
            self.site.running.take_facts(self.peer, facts)

    def idle(self, camera: CameraId) -> bool:
        return self.streams[camera].queue.depth().items == 0


def wait_until(what: Callable[[], bool], each: Callable[[], object] = lambda: None) -> None:
    until = time.monotonic() + 30
    while not what():
        assert time.monotonic() < until, "it never came"
        each()
        time.sleep(0.005)


def types(site: Site, camera: CameraId) -> list[str]:
    return [line.type for line in Ledger.read_lines(site.state / "ledger" / camera)]


def causes(site: Site, camera: CameraId) -> set[str]:
    return {
        line.text("cause")
        for line in Ledger.read_lines(site.state / "ledger" / camera)
        if line.type == "gap_opened"
    }


def turn(site: Site, worker: LiveWorker) -> None:
    worker.send()
    site.cycle(worker)


def begun(site: Site) -> tuple[CameraId, LiveWorker]:
    site.start()
    return site.add_camera(), LiveWorker(site)


def fill(path: Path, *, but_bytes: int = 0) -> Path:
    """Take all the room there is, but a rest."""
    filler = path / "filler"
    with filler.open("wb") as file:
        left = space(path).free_bytes - but_bytes
        os.posix_fallocate(file.fileno(), 0, max(1, left))
    return filler


def end(site: Site, camera: CameraId, worker: LiveWorker) -> None:
    worker.tell_gap(camera, GapCause.PAUSED)
    wait_until(lambda: worker.idle(camera), lambda: turn(site, worker))
    worker.writer.finish(5)
    turn(site, worker)
    site.cycle(worker)


def check_all_frames(site: Site, camera: CameraId, frames: int) -> None:
    assert causes(site, camera) == {"waiting_key_frame", "paused"}
    (ended,) = [
        line.integer("media")
        for line in Ledger.read_lines(site.state / "ledger" / camera)
        if line.type == "run_ended"
    ]
    assert ended == frames * 9000
    site.check()


def test_while_anything_can_go_a_full_disk_loses_no_frame(tmp_path: Path, mount: Mount) -> None:
    """Four times what fits is recorded; between two cycles more comes than the floor holds."""
    folder = tmp_path / "site"
    mount(folder / "volume", 6 * MIB)
    limits = KeeperLimits(head_s=20, floor_bytes=MIB // 2, ballast_bytes=0)
    site = Site(folder, disk=Disk(), limits=limits)
    camera, worker = begun(site)
    stream = worker.stream(camera)
    was_full = False
    for _ in range(40):
        stream.feed(200)
        wait_until(
            lambda: worker.idle(camera) or stream.queue.trouble is GapCause.DISK_FULL,
        )
        was_full |= stream.queue.trouble is GapCause.DISK_FULL
        wait_until(lambda: worker.idle(camera), lambda: turn(site, worker))
    end(site, camera, worker)
    assert was_full
    assert site.running.counters.purged_files > 100
    assert stream.queue.depth().dropped_items == 0
    check_all_frames(site, camera, len(stream.fed))
    site.kill_keeper()


def test_another_program_fills_the_disk_that_holds_everything(tmp_path: Path, mount: Mount) -> None:
    """State and volume on one: tombstones are paid for by the ballast, and then there is room."""
    folder = mount(tmp_path / "site", 48 * MIB)
    limits = KeeperLimits(head_s=2, floor_bytes=12 * MIB, ballast_bytes=2 * MIB)
    site = Site(folder, disk=Disk(), limits=limits)
    camera, worker = begun(site)
    stream = worker.stream(camera)
    for _ in range(20):
        stream.feed(200)
        wait_until(lambda: worker.idle(camera))
        turn(site, worker)
    assert site.running.counters.purged_files == 0
    fill(folder)
    for _ in range(10):
        stream.feed(200)
        wait_until(lambda: worker.idle(camera), lambda: turn(site, worker))
    end(site, camera, worker)
    assert site.running.counters.purged_files > 10
    assert (site.state / "ballast").exists()
    check_all_frames(site, camera, len(stream.fed))
    site.kill_keeper()


def test_with_only_held_footage_left_recording_pauses_and_says_so(
    tmp_path: Path, mount: Mount
) -> None:
    folder = tmp_path / "site"
    mount(folder / "volume", 4 * MIB)
    limits = KeeperLimits(head_s=20, floor_bytes=MIB // 2, ballast_bytes=0)
    site = Site(folder, disk=Disk(), limits=limits)
    camera, worker = begun(site)
    hold = "ab" * 16
    held: dict[str, object] = {"hold": hold, "from": "0", "to": str(1 << 62)}
    site.running.write({camera: [("hold_set", held)]})
    stream = worker.stream(camera)
    stream.queue.jobs.limit_bytes = 200_000
    while stream.queue.trouble is not GapCause.DISK_FULL:
        stream.feed(20)
        wait_until(lambda: worker.idle(camera) or stream.queue.trouble is GapCause.DISK_FULL)
        turn(site, worker)
    files = set(site.files)
    for _ in range(10):
        stream.feed(20)
        turn(site, worker)
    purger = site.running._purger
    assert purger.only_held_left
    assert files <= set(site.files)
    assert site.running.counters.purged_files == 0
    site.running.write({camera: [("hold_lifted", {"hold": hold})]})
    wait_until(lambda: worker.idle(camera), lambda: turn(site, worker))
    for _ in range(5):
        stream.feed(20)
        wait_until(lambda: worker.idle(camera), lambda: turn(site, worker))
    end(site, camera, worker)
    assert "disk_full" in causes(site, camera)
    assert site.running.counters.purged_files > 0
    report = site.check()
    assert "disk_full" in {span.what for span in report.timelines[camera, "main"].spans}
    site.kill_keeper()


def test_a_full_state_folder_is_paid_for_by_the_ballast(tmp_path: Path, mount: Mount) -> None:
    folder = tmp_path / "site"
    # SQLite's log alone grows to 4 MB before it is folded in.
    state = mount(folder / "state", 40 * MIB)
    limits = KeeperLimits(head_s=5, floor_bytes=0, ballast_bytes=8 * MIB)
    site = Site(folder, disk=Disk(), limits=limits)
    camera, worker = begun(site)
    assert (state / "ballast").exists()
    filler = fill(state)
    stream = worker.stream(camera)
    for _ in range(40):
        stream.feed(45)
        worker.tell_gap(camera, GapCause.STALLED)
        wait_until(lambda: worker.idle(camera))
        turn(site, worker)
    assert not (state / "ballast").exists()
    assert types(site, camera).count("run_ended") == 40
    # The next start finds a full disk, too.
    site.kill_keeper()
    worker.connected = False
    site.start(fresh=False)
    site.cycle(worker)
    filler.unlink()
    for _ in range(10):
        site.cycle(worker)
    assert (state / "ballast").exists()
    worker.writer.finish(5)
    site.check()
    site.kill_keeper()
