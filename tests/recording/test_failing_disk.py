"""A disk that refuses, at each place in the product that writes: nothing is lost in silence.

The places are those of ``WriteSite``: one that is added, and that no story here reaches, fails.
"""

import errno
from pathlib import Path

import pytest

from tests.recording.keeper_making import Site
from tests.recording.stream_making import FPS, TroubledDisk
from tests.recording.test_full_disk import LiveWorker, wait_until
from tests.second_reader.timeline import MEDIA, Span
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import StorageError, WatchglassError, WriteFailedError
from watchglass.model.gap import GapCause
from watchglass.model.order import AddCamera, Configure, Order, Ordered, PauseCamera, Retention
from watchglass.model.stream import StreamName
from watchglass.recording import writer as writer_module
from watchglass.recording.clip import write_clip
from watchglass.recording.clipplan import plan_clip
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.ledger import Ledger

pytestmark = pytest.mark.full

CODES = [errno.ENOSPC, errno.EIO, errno.EROFS]
LIMITS = KeeperLimits(head_s=2, floor_bytes=0, ballast_bytes=1 << 16)
FAULT_S = 4
RESUME_S = 5
REST_S = 50 * 3600
BEFORE_IT_RUNS = {WriteSite.KEY, WriteSite.VOLUME_MARK, WriteSite.SETTINGS}
ELSEWHERE = {
    WriteSite.CLIP, WriteSite.BACKUP, WriteSite.RESTORE, WriteSite.NOTE_SPOOL, WriteSite.EVIDENCE,
    WriteSite.MEDIA_ERASE,  # test_erase
}  # fmt: skip
"""Written by commands and the api, and refused in ``tests/app/test_backup.py``, in
``tests/api/test_looks.py``, in ``tests/evidence/test_full_disk.py``, or below."""
WHILE_IT_RUNS = [site for site in WriteSite if site not in BEFORE_IT_RUNS | ELSEWHERE]


class FaultyDisk(TroubledDisk):
    """Refuses one site while it is told to; syncs cost nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.hits = 0

    def refuse(self, site: WriteSite, code: int) -> None:
        def fails(asked: WriteSite, call: str, path: str) -> int | None:
            if asked is not site:
                return None
            self.hits += 1
            return code

        self.fails = fails

    def sync_filesystem(self, fd: int, what: str) -> None:
        try:
            self.before(WriteSite.SYNC, "syncfs", what)
        except OSError as error:
            raise WriteFailedError(str(error)) from error


class Recording:
    """A recorder whose keeper is started again, a second later, when it died."""

    def __init__(self, folder: Path) -> None:
        self.disk = FaultyDisk()
        self.site = Site(folder, disk=self.disk, limits=LIMITS)
        self.site.start()
        self.camera = self.site.add_camera()
        self.other = self.site.add_camera()
        self.worker = LiveWorker(self.site)

    def second(self, *orders: Order) -> None:
        """One of recording, and what the keeper does in it."""
        stream = self.worker.stream(self.camera)
        stream.feed(FPS)
        wait_until(lambda: self.worker.idle(self.camera) or stream.queue.trouble is not None)
        self.keep(*orders)

    def keep(self, *orders: Order) -> None:
        try:
            if self.site.keeper is None:
                self.site.start(fresh=False)
            self.worker.send()
            for order in orders:
                self.site.running.take_order("api", Ordered(0, order))
            self.site.cycle(self.worker, lasts_s=0)
        except WatchglassError:
            if self.site.keeper is not None:
                self.kill_keeper()

    def kill_keeper(self) -> None:
        self.site.kill_keeper()
        self.worker.connected = False

    def kill_worker(self) -> None:
        self.worker.die()
        self.site.disconnect(self.worker)
        self.worker = LiveWorker(self.site)

    def rest(self) -> None:
        """The camera gives no pictures for two days: what was recorded before is old."""
        self.worker.tell_gap(self.camera, GapCause.STALLED)
        wait_until(lambda: self.worker.idle(self.camera))
        self.keep()
        self.site.clock.advance(REST_S * NS_PER_S)

    def orders(self) -> list[Order]:
        """Old recordings go from now on; and a line with texts in it."""
        retention = tuple(Retention(camera, 1) for camera in self.site.cameras)
        return [Configure(retention, ()), PauseCamera(self.other, None, "me", "why")]

    def end(self) -> list[Span]:
        self.worker.tell_gap(self.camera, GapCause.PAUSED)
        wait_until(lambda: self.worker.idle(self.camera))
        self.keep()
        self.worker.writer.finish(5)
        self.keep()
        self.keep()
        spans = self.site.check().timelines[self.camera, "main"].spans
        self.site.kill_keeper()
        return spans


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "_RETRY_S", 0.002)


@pytest.mark.parametrize("site", WHILE_IT_RUNS)
def test_a_site_that_refuses(tmp_path: Path, site: WriteSite) -> None:
    for code in CODES:
        of = Recording(tmp_path / errno.errorcode[code])
        for _ in range(6):
            of.second()
        of.rest()
        (of.site.state / "ballast").unlink()
        began_ns = of.site.clock.wall_ns()
        of.disk.refuse(site, code)
        of.second(*of.orders())
        if site is WriteSite.MEDIA_RECOVER:
            of.kill_worker()
        if site is WriteSite.LEDGER_RECOVER:
            of.kill_keeper()
            _tear(of.site.state / "ledger" / of.camera)
        for _ in range(FAULT_S - 1):
            of.second()
        of.disk.heal()
        healed_ns = of.site.clock.wall_ns()
        for _ in range(RESUME_S + 4):
            of.second()
        ended_ns = of.site.clock.wall_ns()
        spans = of.end()
        assert of.disk.hits > 0, f"no story reaches {site}"
        gaps = [each for each in spans if each.what != MEDIA and began_ns < each.end < ended_ns]
        assert [each for each in gaps if each.end > healed_ns + RESUME_S * NS_PER_S] == []
        if code == errno.ENOSPC and site not in {WriteSite.SYNC, WriteSite.MEDIA_RECOVER}:
            assert [each for each in gaps if each.start >= began_ns + NS_PER_S] == []


def _tear(ledger: Path) -> None:
    """As a write that was cut off leaves it."""
    newest = max(ledger.glob("*.jsonl"))
    with newest.open("ab") as file:
        file.write(b'{"n":"')


@pytest.mark.parametrize("site", sorted(BEFORE_IT_RUNS))
@pytest.mark.parametrize("code", CODES)
def test_a_first_start_that_is_refused_says_so_and_leaves_nothing_in_the_way(
    tmp_path: Path, site: WriteSite, code: int
) -> None:
    disk = FaultyDisk()
    disk.refuse(site, code)
    with pytest.raises(StorageError):
        Site(tmp_path, disk=disk, limits=LIMITS).start()
    assert disk.hits > 0
    disk.heal()
    again = Site(tmp_path, disk=disk, limits=LIMITS)
    again.start()
    again.add_camera()
    again.check()
    again.kill_keeper()


@pytest.mark.parametrize("code", CODES)
def test_a_clip_that_is_refused_leaves_no_file(tmp_path: Path, code: int) -> None:
    of = Recording(tmp_path)
    for _ in range(6):
        of.second()
    now_ns = of.site.clock.wall_ns()
    with of.site.running.index.read() as index:
        plan = plan_clip(
            index, {of.site.volume.id: of.site.volume.path}.get, of.camera, StreamName.MAIN,
            now_ns - 4 * NS_PER_S, now_ns - 2 * NS_PER_S, now_ns=now_ns,
        )  # fmt: skip
    of.disk.refuse(WriteSite.CLIP, code)
    folder = tmp_path / "clips"
    folder.mkdir()
    with pytest.raises(StorageError):
        write_clip(plan, folder / "clip.mp4", of.disk)
    of.disk.heal()
    assert of.disk.hits > 0
    assert list(folder.iterdir()) == []
    of.end()


def test_an_order_that_is_refused_can_be_given_again(tmp_path: Path) -> None:
    """A camera whose name could not be kept was known from then on, and never got its lines."""
    disk = FaultyDisk()
    site = Site(tmp_path, disk=disk, limits=LIMITS)
    site.start()
    disk.refuse(WriteSite.LEDGER_TEXT, errno.EIO)
    with pytest.raises(AssertionError):
        site.add_camera()
    disk.heal()
    (camera,) = site.cameras
    assert site.order(AddCamera(camera, (StreamName.MAIN,), "Gate", "10.0.0.7", "", "me")) == ""
    types = [line.type for line in Ledger.read_lines(site.state / "ledger" / camera)]
    assert types[-2:] == ["camera_added", "gap_opened"]
    site.check()
    site.kill_keeper()
