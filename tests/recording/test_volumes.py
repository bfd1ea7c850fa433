"""Several volumes, each with its own pace; holds and retention as people set them."""

import threading
from pathlib import Path

import pytest

from tests.recording.keeper_making import QuietDisk, Site, Worker
from tests.recording.stream_making import do_jobs
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import WriteFailedError
from watchglass.base.ids import CameraId, HoldId, VolumeId, random_id
from watchglass.model.gap import GapCause
from watchglass.model.order import (
    Configure,
    Facts,
    LiftHold,
    MarkSpan,
    NoteRetention,
    RemoveCamera,
    Retention,
    SetHold,
)
from watchglass.model.retention import Kept
from watchglass.model.stream import StreamName
from watchglass.recording.ballast import Ballast
from watchglass.recording.commitment import TextStore
from watchglass.recording.ledger import Ledger
from watchglass.recording.linelog import LineLog
from watchglass.recording.volume import create_volume

_HOUR_NS = 3600 * NS_PER_S


class SlowDisk(QuietDisk):
    """One volume whose syncs do not end until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = ""
        self.go = threading.Event()

    def before_sync(self, what: str) -> None:
        if self.slow and what.endswith(self.slow):
            assert self.go.wait(30)


class OtherVolume(Worker):
    """A worker that records to a second volume of the site."""

    def __init__(self, site: Site, folder: Path) -> None:
        first = site.volume
        site.volume = create_volume(folder, site.disk, site.clock)
        super().__init__(site)
        self.volume, site.volume = site.volume, first


def types(site: Site, camera: CameraId) -> list[str]:
    return [line.type for line in Ledger.read_lines(site.state / "ledger" / camera)]


def recorded(site: Site, camera: CameraId) -> None:
    worker = Worker(site)
    worker.stream(camera).feed(75)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    site.cycle(worker)
    site.disconnect(worker)
    assert len(site.files) == 3


def test_a_slow_volume_keeps_its_own_facts_and_delays_no_other(tmp_path: Path) -> None:
    disk = SlowDisk()
    site = Site(tmp_path, disk=disk)
    keeper = site.start()
    keeper.patience_s = 0.02
    quick, slow = site.add_camera(), site.add_camera()
    here, there = Worker(site), OtherVolume(site, tmp_path / "slow")
    keeper.mount(there.volume)
    disk.slow = "slow"
    for _ in range(3):
        for worker, camera in ((here, quick), (there, slow)):
            worker.stream(camera).feed(10)
            worker.send()
        site.cycle(here, there)
    for _ in range(50):  # a busy machine is slow too, now and then
        if here.outbox.depth().waiting == 0:
            break
        site.cycle(here, there)
    assert "file_opened" in types(site, quick)
    assert here.outbox.depth().waiting == 0
    assert "file_opened" not in types(site, slow)
    assert there.outbox.depth().waiting > 0
    disk.go.set()
    keeper.patience_s = 5
    site.cycle(here, there)
    site.cycle(here, there)
    assert "file_opened" in types(site, slow)
    assert there.outbox.depth().waiting == 0
    site.kill_keeper()


def test_one_message_that_tells_of_two_volumes_is_acknowledged_when_both_are_synced(
    tmp_path: Path,
) -> None:
    disk = SlowDisk()
    site = Site(tmp_path, disk=disk)
    keeper = site.start()
    keeper.patience_s = 0.02
    quick, slow = site.add_camera(), site.add_camera()
    here, there = Worker(site), OtherVolume(site, tmp_path / "slow")
    keeper.mount(there.volume)
    disk.slow = "slow"
    here.stream(quick).feed(10)
    there.stream(slow).feed(10)
    there.outbox = here.outbox
    there.writer._outbox = here.outbox
    for each in (there, here):
        each.connected = True
        do_jobs(each.writer)
    keeper.peer_joined(here.peer)
    batch = here.outbox.unsent()
    facts = Facts(here.session, batch[-1][0], [fact for _, fact in batch])
    keeper.take_facts(here.peer, facts)
    site.cycle(here)
    assert "file_opened" in types(site, quick)
    assert here.outbox.depth().waiting > 0
    disk.go.set()
    keeper.patience_s = 5
    site.cycle(here)
    site.cycle(here)
    assert "file_opened" in types(site, slow)
    assert here.outbox.depth().waiting == 0
    site.kill_keeper()


def test_a_hold_is_set_and_lifted_by_order(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    recorded(site, camera)
    hold = HoldId(random_id())
    assert site.order(SetHold(camera, hold, 0, 1 << 62, "me", "a burglary")) == ""
    site.clock.advance(2 * _HOUR_NS)
    site.keep_for(1)
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert len(site.files) == 3
    # The ledger is what counts, whatever the index says.
    with site.running.index.write() as index:
        index.lift_hold(hold)
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert len(site.files) == 3
    assert "no such hold" in site.order(LiftHold(camera, HoldId(random_id()), "me", "over"))
    assert site.order(LiftHold(camera, hold, "me", "over")) == ""
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert site.files == []
    of_site = [line.type for line in Ledger.read_lines(site.state / "ledger" / "site")]
    assert of_site[-2:] == ["hold_set", "hold_lifted"]
    site.check()


def test_one_stream_may_go_sooner_than_the_others(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    recorded(site, camera)
    site.clock.advance(2 * _HOUR_NS)
    kept = (Retention(camera, 1), Retention(camera, 24, StreamName.MAIN))
    assert site.order(Configure(kept, ())) == ""
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert len(site.files) == 3
    gone = (Retention(camera, 24), Retention(camera, 1, StreamName.MAIN))
    assert site.order(Configure(gone, ())) == ""
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert site.files == []
    site.check()


@pytest.mark.parametrize("known", [True, False])
def test_what_a_removed_camera_left_has_its_time_too(tmp_path: Path, known: bool) -> None:
    """``known``: the site's database still has its row."""
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    recorded(site, camera)
    assert site.order(RemoveCamera(camera, "me", "sold")) == ""
    site.clock.advance(2 * _HOUR_NS)
    kept = (Retention(camera, 1),) if known else ()
    assert site.order(Configure(kept, (), default_h=1)) == ""
    site.clock.advance(20 * NS_PER_S)
    site.cycle()
    assert site.files == []
    site.check()


def test_a_volume_that_is_mounted_anew_is_synced_by_its_new_descriptor(tmp_path: Path) -> None:
    site = Site(tmp_path)
    keeper = site.start()
    away, path = tmp_path / "away", site.volume.path
    site.cycle()
    path.rename(away)
    path.mkdir()
    (path / "volume.json").write_bytes((away / "volume.json").read_bytes())
    site.cycle()
    assert keeper.failing() == {site.volume.id}
    site.cycle()
    assert keeper.failing() == set()
    site.kill_keeper()


def test_lines_of_a_failed_sync_are_handed_over_once_more(tmp_path: Path) -> None:
    """As the kernel does it: what it could not write is dropped, and the next sync succeeds."""

    class Forgetful(QuietDisk):
        fails = False

        def before_sync(self, what: str) -> None:
            if self.fails and what.endswith("state"):
                raise WriteFailedError("no")

    disk = Forgetful()
    site = Site(tmp_path, disk=disk)
    site.start()
    camera = site.add_camera()
    path = next((site.state / "ledger" / camera).glob("*.jsonl"))
    durable = path.stat().st_size
    disk.fails = True
    recorded(site, camera)
    assert path.stat().st_size > durable
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(durable)
        file.write(bytes(size - durable))
    disk.fails = False
    site.cycle()
    site.cycle()
    assert "file_closed" in types(site, camera)
    site.check()
    site.kill_keeper()


def test_what_was_synced_is_not_handed_over_again(tmp_path: Path) -> None:
    log = LineLog(tmp_path, Disk(), WriteSite.LEDGER_APPEND, None)
    log.append([b"a"], 0)
    log.synced()
    log.append([b"b"], 0)
    path = tmp_path / "1970-01.jsonl"
    path.write_bytes(b"x\nx\n")
    log.write_again()
    assert path.read_bytes() == b"x\nb\n"
    log.close()


def test_a_ballast_that_was_given_up_is_room_to_be_made(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path, QuietDisk(), 4096)
    assert ballast.lacking_bytes > 0
    assert ballast.hold()
    assert ballast.lacking_bytes == 0
    assert ballast.shares_disk(tmp_path / "..")
    assert not ballast.shares_disk(Path("/proc"))
    assert ballast.release()
    assert not ballast.release()


def test_volumes_that_are_not_named_any_more_are_let_go(tmp_path: Path) -> None:
    site = Site(tmp_path)
    keeper = site.start()
    other = create_volume(tmp_path / "other", site.disk, site.clock)
    named = [(VolumeId(each.id), str(each.path)) for each in (site.volume, other)]
    assert site.order(Configure((), tuple(named))) == ""
    assert {each.id for each in keeper.mounted()} == {site.volume.id, other.id}
    assert site.order(Configure((), tuple(named[:1]))) == ""
    assert {each.id for each in keeper.mounted()} == {site.volume.id}
    site.kill_keeper()


def kept(site: Site, hours: int, events_h: int) -> None:
    retention = tuple(Retention(camera, hours, None, events_h) for camera in site.cameras)
    assert site.order(Configure(retention, ())) == ""


def test_what_is_marked_is_kept_as_long_as_events_are(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    recorded(site, camera)
    with site.running.index.read() as index:
        _, second, third = index.oldest_closed_of(camera, 1 << 62, 9)
    mark = MarkSpan(camera, random_id(), second.wall_from + NS_PER_S, second.wall_to - NS_PER_S)
    assert site.order(mark) == ""
    assert site.order(mark) == ""
    assert types(site, camera).count("span_marked") == 1
    hold = SetHold(camera, HoldId(random_id()), third.wall_from + 1, third.wall_to, "me", "a case")
    assert site.order(hold) == ""
    site.stop_keeper()
    # Read from the ledger again, as after every start.
    site.start()
    kept(site, 1, 48)
    for hours, left in ((2, 2), (44, 2), (4, 1)):
        site.clock.advance(hours * _HOUR_NS)
        for _ in range(3):
            site.cycle(lasts_s=20)
        assert len(site.files) == left, hours
    assert str(third.run) in site.files[0].name
    # Lifted, it goes at once: its own time was up long ago.
    assert site.order(LiftHold(camera, hold.hold, "me", "over")) == ""
    site.cycle(lasts_s=20)
    site.cycle(lasts_s=20)
    assert site.files == []
    site.check()


def test_a_held_file_among_marked_ones_goes_when_it_is_released(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    recorded(site, camera)
    with site.running.index.read() as index:
        first, second, third = index.oldest_closed_of(camera, 1 << 62, 9)
    for row in (first, third):
        inside = MarkSpan(camera, random_id(), row.wall_from + 10, row.wall_from + 20)
        assert site.order(inside) == ""
    hold = SetHold(camera, HoldId(random_id()), second.wall_from + 1, second.wall_to - 1, "me", "x")
    assert site.order(hold) == ""
    kept(site, 1, 1000)
    site.clock.advance(5 * _HOUR_NS)
    for _ in range(3):
        site.cycle(lasts_s=20)
    assert len(site.files) == 3
    assert site.order(LiftHold(camera, hold.hold, "me", "over")) == ""
    for _ in range(2):
        site.cycle(lasts_s=20)
    assert len(site.files) == 2
    # A shorter rule counts from now on, and takes them all.
    kept(site, 1, 2)
    for _ in range(2):
        site.cycle(lasts_s=20)
    assert site.files == []
    site.check()


@pytest.mark.parametrize("span", [(5, 5), (7, 5)])
def test_a_mark_that_is_none_is_refused(tmp_path: Path, span: tuple[int, int]) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    assert "ends after it begins" in site.order(MarkSpan(camera, random_id(), *span))
    assert "no such camera" in site.order(MarkSpan(CameraId("00" * 16), random_id(), 1, 2))
    site.kill_keeper()


def test_who_keeps_for_how_long_and_why_is_in_the_ledgers(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    said = NoteRetention(camera, StreamName.SUB, Kept.EVENTS, 720, "me", "a robbery last year")
    assert site.order(said) == ""
    assert site.order(NoteRetention(None, None, Kept.CONTINUOUS, None, "me", "")) == ""
    assert site.order(NoteRetention(None, None, Kept.CONTINUOUS, None, "me", "", "DE")) == ""
    site.cycle()
    own = list(Ledger.read_lines(site.state / "ledger" / camera))[-1]
    of_site = list(Ledger.read_lines(site.state / "ledger" / "site"))[-3:]
    assert (own.type, own.fields["kept_for"], own.number("hours")) == (
        "retention_changed", "events", 720,
    )  # fmt: skip
    assert [line.type for line in of_site] == ["retention_changed"] * 2 + ["country_stated"]
    texts = TextStore(site.state / "ledger" / camera / "texts", site.disk)
    assert texts.get(own.text("reason")) == "a robbery last year"
    for line in [own, *of_site]:
        assert b"robbery" not in line.raw
    site.check()
    site.kill_keeper()
