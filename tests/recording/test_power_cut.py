"""What a power cut showed to be wrong; each was found by ``scripts/bench powercut``."""

import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.recording.keeper_making import QuietDisk, Site, Worker
from tests.recording.media_making import in_memory, made_file
from tests.recording.stream_making import do_jobs
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import ConfigError, StorageError
from watchglass.base.ids import CameraId
from watchglass.model.fact import Fact, GapOpened, RunEnded
from watchglass.model.finding import FindingKind
from watchglass.model.gap import GapCause
from watchglass.model.order import Facts, PauseCamera
from watchglass.model.stream import StreamName
from watchglass.recording.boxes import BOX_HEADER_BYTES
from watchglass.recording.check import check
from watchglass.recording.heads import read_heads
from watchglass.recording.keeper import Keeper
from watchglass.recording.ledger import Ledger
from watchglass.recording.mediafile import read_fragment_head, scan, verify
from watchglass.recording.mediapath import parse_media_path
from watchglass.recording.recovery import recover
from watchglass.recording.volume import create_volume, volume_at


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, file_s=60)


def recorded(site: Site) -> tuple[CameraId, Worker]:
    """Some seconds of a camera, in one file."""
    site.start()
    camera, worker = site.add_camera(), Worker(site)
    for _ in range(4):
        worker.stream(camera).feed(15)
        worker.send()
        site.cycle(worker)
    return camera, worker


def lose_bytes(path: Path, place: int) -> bytes:
    """Make zeros of one fragment's pictures, as a file system does that knew only the length; what
    lies before it."""
    with path.open("r+b") as file:
        found = scan(file.fileno(), path.stat().st_size, hash_leaves=False)
        entry = found.entries[place]
        head = read_fragment_head(file.fileno(), entry.offset, found.whole_bytes)
        size = sum(sample.data_bytes for sample in head.samples)
        os.pwrite(file.fileno(), bytes(size), entry.offset + entry.length - size)
    return path.read_bytes()[: entry.offset]


def start_after_a_cut(site: Site) -> None:
    site.kill_keeper()
    site.reboot(5.0)
    site.start()
    site.cycle()
    site.check()


def test_a_fragment_of_zeros_is_not_whole() -> None:
    made = made_file()
    whole = made.torn
    for at in range(len(made.fragments[-1]) - BOX_HEADER_BYTES):
        torn = whole[: len(whole) - at - 1] + bytes([whole[-at - 1] ^ 1]) + whole[len(whole) - at :]
        with in_memory(torn) as fd:
            assert len(scan(fd, len(torn)).entries) == len(made.entries) - 1 or _is_reserved(at)


def _is_reserved(at: int) -> bool:
    """The four bytes behind the check, counted from the end of the last fragment."""
    length = len(made_file().fragments[-1])
    return 92 <= length - at - 1 < 96


def test_pictures_that_were_lost_are_not_taken_for_pictures(site: Site) -> None:
    camera, worker = recorded(site)
    (path,) = site.files
    worker.die()
    before = lose_bytes(path, -2)
    start_after_a_cut(site)
    with path.open("rb") as file:
        found = scan(file.fileno(), path.stat().st_size)
        assert verify(file.fileno(), path.stat().st_size) == []
    assert path.read_bytes()[: found.whole_bytes] == before
    assert camera in site.cameras


def test_a_footer_does_not_vouch_for_what_was_lost_before_it(site: Site) -> None:
    """The file was closed, and neither its last pictures nor the ledger knew a sync since."""
    camera, worker = recorded(site)
    (path,) = site.files
    site.kill_keeper()
    worker.stream(camera).feed(15)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    site.start(fresh=False)
    before = lose_bytes(path, -2)
    start_after_a_cut(site)
    with path.open("rb") as file:
        found = scan(file.fileno(), path.stat().st_size)
    assert path.read_bytes()[: found.whole_bytes] == before
    # What lay behind may be of use to somebody: it is laid beside the file.
    assert path.with_name(path.name + ".cut").stat().st_size > 0


class SyncsSeen(QuietDisk):
    """Notes the order of syncs and lines."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if site is WriteSite.LEDGER_APPEND and call == "write":
            self.seen.append("line")

    def before_sync(self, what: str) -> None:
        self.seen.append(what)


class HeadsSeen(QuietDisk):
    """Of each file of heads, how many were written since the state folder was synced."""

    def __init__(self) -> None:
        super().__init__()
        self.written: Counter[str] = Counter()
        self.most = 0

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if site is WriteSite.HEAD_APPEND and call == "write":
            self.written[path] += 1
            self.most = max(self.most, self.written[path])

    def before_sync(self, what: str) -> None:
        if what.endswith("state"):
            self.written.clear()


def test_a_head_is_durable_before_the_next_one_is_written(tmp_path: Path) -> None:
    """Found by an erasure, behind which heads are signed at once: two of a ledger could be torn,
    and of a file with damage before its last line nothing is cut off. The start failed."""
    disk = HeadsSeen()
    site = Site(tmp_path, disk=disk)
    site.start()
    site.add_camera()
    heads = site.running.counters.heads
    for _ in range(6):  # nothing happens: nobody else syncs
        site.cycle(lasts_s=site.limits.head_s + 1)
    assert site.running.counters.heads >= heads + 6
    site.stop_keeper()
    assert disk.most == 1
    site.start()
    site.check()


def test_a_file_is_durable_before_a_line_tells_of_it(tmp_path: Path) -> None:
    """Its writer closed it and died: nobody may have synced its end, or the folder it is in."""
    disk = SyncsSeen()
    site = Site(tmp_path, disk=disk)
    camera, worker = recorded(site)
    worker.stream(camera).end(GapCause.STALLED)
    worker.die()
    site.kill_keeper()
    paths = [str(path) for path in site.files]
    disk.seen.clear()
    site.start()
    recovered = [disk.seen.index(path) for path in paths if path in disk.seen]
    assert recovered
    assert max(recovered) < disk.seen.index("line")


def test_recovering_syncs_also_what_its_writer_closed(tmp_path: Path) -> None:
    disk = SyncsSeen()
    site = Site(tmp_path, disk=disk)
    camera, worker = recorded(site)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    disk.seen.clear()
    for path in site.files:
        assert recover(path, disk).was_closed
    assert disk.seen == [str(path) for path in site.files]


def test_a_volume_whose_mark_was_being_written_can_be_begun_again(tmp_path: Path) -> None:
    folder, disk, clock = tmp_path / "media", Disk(), SimulatedClock()
    folder.mkdir()
    (folder / ".volume.json.4711.part").write_bytes(b'{"format":1,"vol')
    volume = create_volume(folder, disk, clock)
    assert volume_at(folder) == volume.id
    (folder / "volume.json").unlink()
    (folder / "holiday.jpg").touch()
    with pytest.raises(ConfigError, match="not empty"):
        create_volume(folder, disk, clock)


def test_the_copy_of_a_ledger_is_mended_before_anything_is_recorded(site: Site) -> None:
    """It was being written when the power went, and its camera records no more."""
    camera, worker = recorded(site)
    worker.shut_down(GapCause.DISABLED)
    site.cycle()
    site.stop_keeper()
    copies = sorted((site.volume.path / camera / "ledger").rglob("*.jsonl"))
    assert len(copies) == 2
    for copy in copies:
        copy.write_bytes(copy.read_bytes()[:-20] + bytes(20))
    site.reboot(5.0)
    site.start()
    site.stop_keeper()
    for copy in copies:
        data = copy.read_bytes()
        original = site.state / "ledger" / camera / copy.relative_to(copies[0].parent)
        assert original.read_bytes().startswith(data)
        assert b"\x00" not in data
    site.check()


class NothingKept(QuietDisk):
    """While ``forgets``, nothing is kept of a ledger, and all of everything else."""

    forgets = False

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if self.forgets and site is WriteSite.LEDGER_APPEND and call == "write":
            raise OSError(errno.EIO, "the power is gone", path)


def test_a_start_that_is_cut_short_is_no_sign_of_life(tmp_path: Path) -> None:
    """Until lines tell of the time without power, nothing on disk says that it is over."""
    disk = NothingKept()
    site = Site(tmp_path, disk=disk)
    site.start()
    camera = site.add_camera()
    site.cycle()
    site.kill_keeper()
    alive = (site.state / "alive").read_bytes()
    site.reboot(100.0)
    disk.forgets = True
    keeper = Keeper(site.state, disk, site.clock, site.limits)
    with suppress(StorageError):
        keeper.start([site.volume], fresh=True)
    assert (site.state / "alive").read_bytes() == alive
    site.keeper = keeper
    site.kill_keeper()
    disk.forgets = False
    site.start()
    (timeline,) = site.check().timelines.values()
    assert [span.what for span in timeline.spans] == ["waiting_key_frame", "machine_off"]
    assert timeline.spans[-1].end - timeline.spans[-1].start >= 100 * NS_PER_S
    assert timeline.camera == camera


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_of_lines_that_belong_together_all_are_kept_or_none(site: Site, kept: int) -> None:
    """The end of a run and the gap behind it are two lines; either alone leaves time untold."""
    camera, worker = recorded(site)
    ledger = site.state / "ledger" / camera
    before = list(Ledger.read_lines(ledger))
    worker.shut_down(GapCause.CAMERA_UNREACHABLE)
    site.cycle()
    lines = list(Ledger.read_lines(ledger))[len(before) :]
    assert {"file_closed", "run_ended", "gap_opened"} <= {line.type for line in lines}
    assert [line.more for line in lines] == [True] * (len(lines) - 1) + [False]
    (month,) = ledger.glob("*.jsonl")
    kept_lines = month.read_bytes().splitlines(keepends=True)[: len(before) + kept]
    site.kill_keeper()
    month.write_bytes(b"".join(kept_lines))
    for head in (ledger / "heads").iterdir():
        head.unlink()
    shutil.rmtree(site.volume.path / camera / "ledger", ignore_errors=True)
    (site.state / "index.db").unlink()
    assert list(Ledger.read_lines(ledger)) == before
    site.reboot(5.0)
    site.start()
    site.check()


def test_an_hour_without_a_line_was_an_hour_alive(site: Site) -> None:
    """Nothing came from any camera, so no ledger was written; its volume tells who lived."""
    site.start()
    site.add_camera()
    for _ in range(6):
        site.cycle(lasts_s=600)
    site.kill_keeper()
    site.reboot(100.0)
    site.start()
    (timeline,) = site.check().timelines.values()
    waiting, off = timeline.spans
    assert (waiting.what, off.what) == ("waiting_key_frame", "machine_off")
    assert waiting.end - waiting.start >= 3590 * NS_PER_S


class WritesGoOn(QuietDisk):
    """A disk on which somebody writes while it is synced."""

    meanwhile: Callable[[], None] | None = None

    def before_sync(self, what: str) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()


def test_what_is_read_after_a_sync_is_signed_after_the_next(tmp_path: Path) -> None:
    """A keeper that was restarted reads open files; what it reads may be a moment old."""
    disk = WritesGoOn()
    site = Site(tmp_path, disk=disk, file_s=60)
    camera, worker = recorded(site)
    site.kill_keeper()

    def write_more() -> None:
        worker.stream(camera).feed(30)
        do_jobs(worker.writer)

    site.start(fresh=False)
    heads = site.state / "ledger" / camera / "heads"
    before = len(read_heads(heads))
    (path,) = site.files
    durable = path.stat().st_size
    disk.meanwhile = write_more
    site.cycle()
    with path.open("rb") as file:
        found = scan(file.fileno(), path.stat().st_size)
    assert found.whole_bytes > durable
    signed = [each.fragments for head in read_heads(heads)[before:] for each in head.open]
    synced = [entry for entry in found.entries if entry.offset + entry.length <= durable]
    assert max(signed, default=0) <= len(synced)
    site.cycle(lasts_s=30)
    site.cycle(lasts_s=30)
    assert read_heads(heads)[-1].open[0].fragments == len(found.entries)


def test_a_pause_outlives_a_cut_before_its_run_has_ended(site: Site) -> None:
    camera, worker = recorded(site)
    assert site.order(PauseCamera(camera, None, "me", "painters")) == ""
    worker.die()
    start_after_a_cut(site)
    site.clock.advance(60 * NS_PER_S)
    (timeline,) = site.check().timelines.values()
    assert timeline.spans[-1].what == "paused"
    assert timeline.spans[-1].end - timeline.spans[-1].start >= 60 * NS_PER_S


def test_a_file_stays_where_it_was_when_the_one_before_is_purged(tmp_path: Path) -> None:
    site = Site(tmp_path, file_s=3)
    camera, worker = recorded(site)
    for _ in range(3):
        worker.stream(camera).feed(15)
        worker.send()
        site.cycle(worker)
    before, now = site.files[-2:]
    with site.running.index.read() as index:
        (placed,) = (row.wall_from for row in index.open_files())
    site.keep_for(1)
    site.clock.step_wall(2 * 3600 * NS_PER_S)
    site.cycle(worker, lasts_s=11)
    assert not before.exists()
    worker.die()
    start_after_a_cut(site)
    name = parse_media_path(now)
    assert name is not None
    with site.running.index.read() as asked:
        row = asked.file(name.run, name.sequence)
    assert row is not None
    assert row.wall_from == placed


def test_a_runs_last_file_is_purged_when_the_run_has_ended(tmp_path: Path) -> None:
    """Else the gap behind the run begins elsewhere in an index that is made anew."""
    site = Site(tmp_path, file_s=60)
    camera, worker = recorded(site)
    worker.tell_gap(camera, GapCause.STALLED)
    do_jobs(worker.writer)
    told = [fact for _, fact in worker.outbox.unsent()]
    ended: list[Fact] = [fact for fact in told if isinstance(fact, RunEnded | GapOpened)]
    site.running.take_facts(worker.peer, Facts(worker.session, 0, told[: -len(ended)]))
    site.keep_for(1)
    site.clock.step_wall(2 * 3600 * NS_PER_S)
    site.cycle(lasts_s=11)
    (path,) = site.files
    site.running.take_facts(worker.peer, Facts(worker.session, 0, ended))
    site.cycle(lasts_s=11)
    site.cycle(lasts_s=11)
    assert not path.exists()
    with site.running.index.read() as index:
        before = index.open_gap(camera, StreamName.MAIN)
    site.running.rebuild_index()
    with site.running.index.read() as index:
        assert index.open_gap(camera, StreamName.MAIN) == before


def test_a_file_that_lost_its_end_keeps_the_one_behind_it(tmp_path: Path) -> None:
    """Both were written since the last sync, and only the first one lost bytes."""
    site = Site(tmp_path, file_s=3)
    camera, worker = recorded(site)
    site.kill_keeper()
    for _ in range(4):
        worker.stream(camera).feed(15)
        do_jobs(worker.writer)
    worker.die()
    first, second = site.files[-2:]
    whole = second.read_bytes()
    kept = lose_bytes(first, -2)
    site.reboot(5.0)
    site.start()
    site.cycle()
    site.check()
    assert first.read_bytes().startswith(kept)
    assert second.read_bytes().startswith(whole)


def test_a_ledger_that_opens_a_file_twice_is_a_finding(site: Site) -> None:
    """A start can be kept from writing so; what reads it must not fall over it."""
    camera, worker = recorded(site)
    worker.die()
    site.stop_keeper()
    folder = site.state / "ledger" / camera
    (opened,) = [line for line in Ledger.read_lines(folder) if line.type == "file_opened"]
    ledger = Ledger.open(folder, site.disk, site.clock, ledger=camera)
    ledger.append(opened.type, opened.fields)
    ledger.close()
    (site.state / "index.db").unlink()
    report = check(site.state, [site.volume], deep=False)
    assert FindingKind.LEDGER_CONTRADICTS in report.counts
