"""The keeper among crashes: what always holds, whoever is killed and whatever is told twice."""

import os
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tests.recording.keeper_making import QuietDisk, Site, Worker, answers_of
from tests.recording.stream_making import GOP, do_jobs, scanned
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WriteFailedError
from watchglass.base.ids import CameraId
from watchglass.model.fact import FileClosed, FragmentWritten
from watchglass.model.gap import GapCause
from watchglass.model.order import EnableCamera, Facts, PauseCamera, RemoveCamera
from watchglass.model.stream import StreamName
from watchglass.recording.ledger import Ledger, Line
from watchglass.recording.volume import Volume
from watchglass.store.index import GapRow, IndexStore

MAIN = StreamName.MAIN


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def begun(site: Site) -> tuple[CameraId, Worker]:
    site.start()
    camera = site.add_camera()
    return camera, Worker(site)


def record(site: Site, worker: Worker, camera: CameraId, frames: int = 25) -> None:
    worker.stream(camera).feed(frames)
    worker.send()
    if site.keeper is not None:
        site.cycle(worker)


def gaps(site: Site, camera: CameraId) -> list[GapRow]:
    with site.running.index.read() as index:
        return index.gaps_between(camera, MAIN, -(1 << 62), 1 << 62)


def lines(site: Site, camera: CameraId) -> list[Line]:
    return list(Ledger.read_lines(site.state / "ledger" / camera))


def check_index(site: Site) -> None:
    """Invariant 3, and that the index says what the second reader reads out of the files."""
    site.cycle()
    before = answers_of(site.running.index, site.cameras)
    site.running.rebuild_index()
    site.cycle()
    after = answers_of(site.running.index, site.cameras)
    assert {k: v for k, v in before.items() if after[k] != v} == {}
    _check_timeline(site)


def _check_timeline(site: Site) -> None:
    report = site.report()
    now = site.clock.wall_ns()
    for (camera, stream), timeline in report.timelines.items():
        with site.running.index.read() as index:
            files = index.files_between(CameraId(camera), StreamName(stream), -(1 << 62), 1 << 62)
            rows = index.gaps_between(CameraId(camera), StreamName(stream), -(1 << 62), 1 << 62)
        of_gaps = [
            (row.wall_from, min(row.wall_to if row.wall_to is not None else now, now))
            for row in rows
        ]
        covered = sorted([(f.wall_from, f.wall_to) for f in files] + of_gaps)
        for start, end in timeline.accountable:
            for span in timeline.spans:
                if span.what in {"retention", "media_missing", "restored"}:
                    continue
                at = (max(span.start, start) + min(span.end, end)) // 2
                if start <= at < end and span.end - span.start > 2:
                    assert any(a <= at < b for a, b in covered), (span, covered)


def test_recording_is_accounted_for(site: Site) -> None:
    camera, worker = begun(site)
    for _ in range(5):
        record(site, worker, camera)
    worker.shut_down(GapCause.RECORDER_STOPPED)
    site.cycle(worker)
    report = site.check()
    assert {span.what for line in report.timelines.values() for span in line.spans} == {
        "waiting_key_frame", "media", "recorder_stopped",
    }  # fmt: skip
    assert worker.outbox.depth().waiting == 0
    check_index(site)
    site.stop_keeper()
    site.check()


@pytest.mark.parametrize(
    ("cut", "torn"),
    [
        (0, b""),
        (0, b"x"),
        (0, b"\0\0\0\x60uuid"),
        (0, bytes(range(256)) * 20),
        (1, b""),
        (2000, b""),
    ],
)
def test_a_dead_workers_file_is_kept_to_its_last_whole_fragment(
    site: Site, cut: int, torn: bytes
) -> None:
    camera, worker = begun(site)
    record(site, worker, camera)
    path = site.files[-1]
    worker.die()
    whole = scanned(path).entries
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - cut] + torn)
    site.disconnect(worker)
    site.cycle()
    found = scanned(path)
    assert found.footer is not None
    kept = whole if cut == 0 else whole[:-1]
    assert found.entries == kept
    assert site.running.counters.recovered_files == 1
    # A head that was signed over what a test then took away has to complain.
    site.check(allow=("fragments are lost",) if cut else ())
    (last,) = [gap for gap in gaps(site, camera) if gap.wall_to is None]
    assert last.cause is GapCause.RECORDER_CRASHED
    check_index(site)


def test_a_whole_site_that_lost_power(site: Site) -> None:
    camera, worker = begun(site)
    record(site, worker, camera, 45)
    worker.stream(camera).feed(15)
    worker.send()
    worker.die()
    site.kill_keeper()
    site.reboot(3600)
    site.start()
    site.cycle()
    report = site.check()
    spans = report.timelines[camera, "main"].spans
    assert [span.what for span in spans] == ["waiting_key_frame", "media", "machine_off"]
    check_index(site)


def test_starting_twice_changes_nothing(site: Site) -> None:
    camera, worker = begun(site)
    record(site, worker, camera, 45)
    worker.die()
    site.kill_keeper()
    site.clock.advance(60 * NS_PER_S)
    site.start()
    said = lines(site, camera)
    files = {path: path.read_bytes() for path in site.files}
    site.kill_keeper()
    site.start()
    assert lines(site, camera) == said
    assert {path: path.read_bytes() for path in site.files} == files
    site.check()


def test_a_file_nobody_was_told_of_is_adopted(site: Site) -> None:
    camera, worker = begun(site)
    site.kill_keeper()
    worker.stream(camera).feed(75)
    worker.send()
    worker.die()
    site.clock.advance(5 * NS_PER_S)
    site.start()
    assert site.running.counters.adopted_files == 3
    report = site.check()
    spans = report.timelines[camera, "main"].spans
    assert [span.what for span in spans] == [
        "waiting_key_frame", "media", "recorder_crashed",
    ]  # fmt: skip
    check_index(site)


@pytest.mark.parametrize("fresh", [True, False])
def test_a_restarted_keeper_hears_all_again_and_writes_it_once(site: Site, fresh: bool) -> None:
    camera, worker = begun(site)
    record(site, worker, camera)
    for round_ in range(3):
        worker.stream(camera).feed(20)
        worker.send()
        # It is all on disk, and nobody is told.
        site.clock.advance(NS_PER_S)
        site.running.cycle()
        site.kill_keeper()
        worker.connected = False
        site.start(fresh=fresh)
        worker.send()
        site.cycle(worker)
        site.clock.advance(4 * NS_PER_S)
        site.cycle(worker)
        assert round_ >= 0
    worker.shut_down(GapCause.RECORDER_STOPPED)
    site.cycle(worker)
    site.check()
    types = [line.type for line in lines(site, camera)]
    assert types.count("run_started") == 1
    assert types.count("run_ended") == 1
    check_index(site)


def test_facts_of_a_run_before_do_not_end_the_one_after(site: Site) -> None:
    """All of them told, none acknowledged, the keeper killed: they come again."""
    camera, worker = begun(site)
    stream = worker.stream(camera)
    stream.feed(25)
    worker.tell_gap(camera, GapCause.CAMERA_UNREACHABLE)
    site.clock.advance(30 * NS_PER_S)
    stream.feed(25)
    worker.send()
    site.clock.advance(NS_PER_S)
    site.running.cycle()
    site.kill_keeper()
    worker.connected = False
    site.start(fresh=False)
    worker.send()
    site.cycle(worker)
    with site.running.index.read() as index:
        runs = index.open_runs()
    assert stream.assembler is not None
    assert [run for run, _, _ in runs] == [stream.assembler.run]
    site.check()


def test_old_gaps_told_again_do_not_change_the_cause(site: Site) -> None:
    camera, worker = begun(site)
    worker.tell_gap(camera, GapCause.WAITING_KEY_FRAME)  # as it is already: leads to no line
    site.clock.advance(10 * NS_PER_S)
    worker.stream(camera).feed(25)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    site.clock.advance(10 * NS_PER_S)
    site.running.cycle()
    site.kill_keeper()
    worker.connected = False
    site.start(fresh=False)
    worker.send()
    site.cycle(worker)
    (last,) = [gap for gap in gaps(site, camera) if gap.wall_to is None]
    assert last.cause is GapCause.STALLED
    site.check()


def test_facts_told_twice_at_once_lead_to_one_line(site: Site) -> None:
    """A link that was renewed within a second: both copies wait in the inbox."""
    camera, worker = begun(site)
    stream = worker.stream(camera)
    stream.feed(35)
    stream.skip(5)
    stream.to_key_frame()
    stream.feed(35)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.tell_gap(camera, GapCause.AUTH_FAILED)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    worker.outbox.send_again()
    worker.send()
    site.cycle(worker)
    site.check()
    assert [line.type for line in lines(site, camera)].count("run_started") == 1
    check_index(site)


def test_a_worker_that_dies_when_it_has_just_closed_a_file(site: Site) -> None:
    """The file is told of and found on the disk in the same cycle, and still is one file."""
    camera, worker = begun(site)
    record(site, worker, camera, 20)
    worker.stream(camera).feed(40)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    worker.die()
    site.disconnect(worker)
    site.cycle()
    site.check()
    check_index(site)


def test_files_found_late_do_not_change_the_cause_of_now(site: Site) -> None:
    """A worker dies untold while the keeper is away; the next one has spoken before it is found."""
    camera, worker = begun(site)
    site.kill_keeper()
    worker.stream(camera).feed(15)
    do_jobs(worker.writer)
    worker.die()
    site.clock.advance(5 * NS_PER_S)
    other = Worker(site)
    other.tell_gap(camera, GapCause.CAMERA_UNREACHABLE)
    do_jobs(other.writer)
    site.clock.advance(5 * NS_PER_S)
    site.start(fresh=False)
    for _ in range(6):
        other.send()
        site.cycle(other)
    assert site.running.counters.adopted_files == 1
    (last,) = [gap for gap in gaps(site, camera) if gap.wall_to is None]
    assert last.cause is GapCause.CAMERA_UNREACHABLE
    report = site.check()
    assert [span.what for span in report.timelines[camera, "main"].spans] == [
        "waiting_key_frame", "media", "waiting_key_frame", "camera_unreachable",
    ]  # fmt: skip


def test_a_purged_file_that_is_told_of_again_stays_purged(site: Site) -> None:
    camera, worker = begun(site)
    worker.stream(camera).feed(25)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    site.clock.advance(7200 * NS_PER_S)
    site.keep_for(1)
    site.clock.advance(20 * NS_PER_S)
    site.running.cycle()
    assert site.files == []
    site.kill_keeper()
    worker.connected = False
    site.start(fresh=False)
    worker.send()
    site.cycle(worker)
    assert [line.type for line in lines(site, camera)].count("file_opened") == 1
    site.check()
    check_index(site)


def test_a_slow_workers_run_goes_on_after_the_keeper_was_away(site: Site) -> None:
    """It has closed a file and begun the next while nobody listened, and takes its time."""
    camera, worker = begun(site)
    record(site, worker, camera, 25)
    site.kill_keeper()
    worker.connected = False
    stream = worker.stream(camera)
    stream.feed(20)
    do_jobs(worker.writer)
    site.start(fresh=False)
    for _ in range(10):
        site.cycle()
    worker.send()
    site.cycle(worker)
    assert [line.type for line in lines(site, camera)].count("run_ended") == 0
    stream.feed(20)
    worker.shut_down(GapCause.RECORDER_STOPPED)
    site.cycle(worker)
    site.check()
    (last,) = [gap for gap in gaps(site, camera) if gap.wall_to is None]
    assert last.cause is GapCause.RECORDER_STOPPED
    check_index(site)


def test_a_hole_of_a_run_that_nobody_knows_does_not_end_the_keeper(site: Site) -> None:
    camera, worker = begun(site)
    stream = worker.stream(camera)
    stream.feed(GOP)
    stream.skip(5)
    stream.to_key_frame()
    stream.feed(2 * GOP)
    worker.send()
    site.running._inbox.facts[-1].facts[:] = [
        fact
        for fact in site.running._inbox.facts[-1].facts
        if type(fact).__name__ in {"Hole", "SoundBroke", "FragmentWritten", "FileClosed"}
    ]
    site.cycle(worker)
    site.kill_keeper()
    site.start()
    site.check()


def test_facts_of_a_camera_that_nobody_added_do_not_end_the_keeper(site: Site) -> None:
    camera, worker = begun(site)
    stranger = CameraId("ee" * 16)
    record(site, worker, stranger)
    worker.tell_gap(stranger, GapCause.STALLED)
    record(site, worker, camera)
    site.kill_keeper()
    worker.die()
    site.start()
    site.cycle()
    assert not (site.state / "ledger" / stranger).exists()


def test_files_of_a_run_join_when_the_keeper_was_restarted_between(site: Site) -> None:
    camera, worker = begun(site)
    stream = worker.stream(camera)
    stream.feed(29)
    worker.send()
    site.cycle(worker)
    stream.feed(8)
    do_jobs(worker.writer)
    told = worker.outbox.unsent()
    (closed,) = [serial for serial, fact in told if isinstance(fact, FileClosed)]
    up_to = [fact for serial, fact in told if serial <= closed]
    site.running.take_facts(worker.peer, Facts(worker.session, closed, up_to))
    site.cycle(worker)
    site.kill_keeper()
    worker.connected = False
    # All that comes now comes late, which says nothing of the moments it shows.
    site.clock.advance(700_000_000)
    stream.feed(60)
    site.start(fresh=False)
    worker.send()
    site.cycle(worker)
    worker.shut_down(GapCause.PAUSED)
    site.cycle(worker)
    check_joins(site, camera, files=4)
    site.check()


def check_joins(site: Site, camera: CameraId, files: int) -> None:
    with site.running.index.read() as index:
        found = index.files_between(camera, MAIN, 0, 1 << 62)
    assert len(found) == files
    for one, other in pairwise(found):
        assert one.wall_to == other.wall_from


def test_files_join_when_facts_of_fragments_were_dropped(site: Site) -> None:
    camera, worker = begun(site)
    stream = worker.stream(camera)
    stream.feed(35)
    worker.send()
    site.cycle(worker)
    site.clock.advance(700_000_000)
    stream.feed(60)
    worker.send()
    for facts in site.running._inbox.facts:
        facts.facts[:] = [fact for fact in facts.facts if not isinstance(fact, FragmentWritten)]
    site.cycle(worker)
    worker.shut_down(GapCause.PAUSED)
    site.cycle(worker)
    check_joins(site, camera, files=4)
    site.check()
    check_index(site)


def test_a_worker_that_dies_between_two_files(site: Site) -> None:
    """The file before is closed and told, the next not yet made: the run has ended all the same."""
    camera, worker = begun(site)
    stream = worker.stream(camera)
    stream.feed(31)
    worker.send()
    (media,) = [stream.queue.media]
    assert media is not None
    worker.writer._close(stream.queue, 270_000)
    worker.send()
    site.cycle(worker)
    worker.die()
    site.disconnect(worker)
    site.clock.advance(60 * NS_PER_S)
    site.cycle()
    other = Worker(site)
    other.tell_gap(camera, GapCause.CAMERA_UNREACHABLE)
    other.send()
    site.clock.advance(60 * NS_PER_S)
    site.cycle(other)
    (last,) = [gap for gap in gaps(site, camera) if gap.wall_to is None]
    assert last.cause is GapCause.CAMERA_UNREACHABLE
    site.check()


def test_pause_resume_and_remove(site: Site) -> None:
    camera, worker = begun(site)
    record(site, worker, camera)
    assert site.order(PauseCamera(camera, None, "me", "visitors")) == ""
    worker.tell_gap(camera, GapCause.PAUSED)
    worker.send()
    site.cycle(worker)
    site.clock.advance(60 * NS_PER_S)
    assert site.order(EnableCamera(camera, "me", "gone")) == ""
    record(site, worker, camera)
    assert site.order(RemoveCamera(camera, "me", "sold")) == ""
    worker.tell_gap(camera, GapCause.DISABLED)
    worker.send()
    site.cycle(worker)
    site.clock.advance(60 * NS_PER_S)
    site.cycle(worker)
    report = site.check()
    whats = [span.what for span in report.timelines[camera, "main"].spans]
    assert whats[:4] == ["waiting_key_frame", "media", "paused", "waiting_key_frame"]
    site.kill_keeper()
    site.start()
    site.check()
    check_index(site)


# --- volumes ----------------------------------------------------------------------------------


def test_a_volume_that_vanishes_costs_no_file(site: Site) -> None:
    """Its folder is there and empty, as a mount point is: no tombstone, and nothing is deleted."""
    camera, worker = begun(site)
    record(site, worker, camera)
    away = site.folder / "away"
    site.volume.path.rename(away)
    site.volume.path.mkdir()
    worker.die()
    site.disconnect(worker)
    site.cycle()
    site.cycle()
    assert list(site.volume.path.iterdir()) == []
    site.volume.path.rmdir()
    away.rename(site.volume.path)
    files = site.files
    site.cycle()
    site.kill_keeper()
    site.start()
    site.cycle()
    assert site.files == files
    assert "files_deleted" not in [line.type for line in lines(site, camera)]
    report = site.check()
    assert "media" in {span.what for span in report.timelines[camera, "main"].spans}


def test_heads_are_not_copied_where_no_volume_is(site: Site) -> None:
    camera, worker = begun(site)
    record(site, worker, camera)
    away = site.folder / "away"
    site.volume.path.rename(away)
    site.volume.path.mkdir()
    site.clock.advance(100 * NS_PER_S)
    heads = site.running.counters.heads
    site.cycle(worker)
    assert list(site.volume.path.iterdir()) == []
    assert site.running.counters.heads > heads
    assert camera in site.running.books


def test_a_run_on_a_volume_that_is_missing_at_the_start_has_ended(site: Site) -> None:
    camera, worker = begun(site)
    record(site, worker, camera)
    worker.die()
    site.kill_keeper()
    other = create_other(site)
    site.clock.advance(60 * NS_PER_S)
    missing, site.volume = site.volume, other
    site.start()
    again = Worker(site)
    again.tell_gap(camera, GapCause.VOLUME_MISSING)
    again.send()
    site.cycle(again)
    site.clock.advance(60 * NS_PER_S)
    site.cycle(again)
    open_gaps = [gap.cause for gap in gaps(site, camera) if gap.wall_to is None]
    assert open_gaps == [GapCause.VOLUME_MISSING]
    site.running.mount(missing)
    site.cycle(again)
    site.volume = missing
    site.check()


def create_other(site: Site) -> Volume:
    from watchglass.recording.volume import create_volume

    return create_volume(site.folder / "other", site.disk, site.clock)


def test_what_a_failed_sync_leaves_in_doubt_is_read_from_the_disk(tmp_path: Path) -> None:
    """Its run ends, and what was told of it counts for nothing, not even when a sync succeeds."""

    class Failing(QuietDisk):
        fails = False

        def before_sync(self, what: str) -> None:
            if self.fails and what.endswith("volume"):
                raise WriteFailedError("no")

    disk = Failing()
    site = Site(tmp_path, disk=disk)
    camera, worker = begun(site)
    record(site, worker, camera)
    run = worker.stream(camera).run
    disk.fails = True
    for _ in range(4):
        record(site, worker, camera)
    doubted = worker.stream(camera).run
    assert doubted != run
    assert doubted not in {line.fields.get("run") for line in lines(site, camera)}
    gap = gaps(site, camera)[-1]
    assert (gap.cause, gap.wall_to) == (GapCause.WRITE_FAILED, None)
    disk.fails = False
    for _ in range(4):
        record(site, worker, camera)
    assert worker.stream(camera).run not in {run, doubted}
    site.cycle(worker)
    assert worker.outbox.depth().waiting == 0
    assert doubted in {line.fields.get("run") for line in lines(site, camera)}
    closed = [line for line in lines(site, camera) if line.type == "file_closed"]
    assert {line.fields["recovered"] for line in closed if line.fields["run"] == doubted} == {True}
    site.check()
    check_index(site)


# --- the index --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["deleted", "garbage", "truncated", "old", "of an old version"])
def test_an_index_that_is_lost_is_made_anew(site: Site, how: str) -> None:
    camera, worker = begun(site)
    record(site, worker, camera)
    old = (site.state / "index.db").read_bytes()
    record(site, worker, camera, 45)
    worker.shut_down(GapCause.RECORDER_STOPPED)
    site.cycle(worker)
    before = answers_of(site.running.index, site.cameras)
    site.stop_keeper()
    path = site.state / "index.db"
    match how:
        case "deleted":
            path.unlink()
        case "garbage":
            path.write_bytes(os.urandom(10_000))
        case "truncated":
            path.write_bytes(path.read_bytes()[:5000])
        case "of an old version":
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                database.execute("UPDATE schema_version SET version = 1")
        case _:
            path.write_bytes(old)
    site.start()
    assert answers_of(site.running.index, site.cameras) == before


def test_an_index_of_other_ledgers_is_made_anew(site: Site) -> None:
    camera, worker = begun(site)
    record(site, worker, camera)
    site.kill_keeper()
    index = IndexStore(site.state / "index.db")
    with index.write() as writing:
        writing.set_applied(camera, 10_000)
    index.close()
    worker.die()
    site.start()
    check_index(site)
    site.check()


def test_a_gap_told_by_the_next_worker_counts_before_the_first_ones_death_is_noticed(
    site: Site,
) -> None:
    camera, dead = begun(site)
    record(site, dead, camera)
    dead.die()
    following = Worker(site)
    following.tell_gap(camera, GapCause.QUARANTINED)
    following.send()
    site.cycle(following)
    with site.running.index.read() as index:
        open_gap = index.open_gap(camera, MAIN)
    assert open_gap is not None
    assert open_gap.cause is GapCause.QUARANTINED
    check_index(site)


@pytest.mark.parametrize("heard", [True, False])
def test_a_hole_between_two_files_that_are_found_together_is_told(site: Site, heard: bool) -> None:
    """Nobody could tell of it: the keeper was away, or its disk too slow to have heard, and then
    the worker died. The index knows neither of the files when the second is looked at."""
    camera, worker = begun(site)
    if heard:
        record(site, worker, camera, 30)
    site.kill_keeper()
    stream = worker.stream(camera)
    stream.feed(60)
    stream.skip(2)
    stream.feed(60)
    worker.send()
    worker.die()
    site.clock.advance(5 * NS_PER_S)
    site.start()
    assert site.running.counters.adopted_files == 4
    timeline = site.check().timelines[camera, "main"]
    assert [span.what for span in timeline.spans] == [
        "waiting_key_frame", "media", "camera_dropped", "media", "recorder_crashed",
    ]  # fmt: skip
    check_index(site)


@pytest.mark.full
def test_a_hole_that_was_found_before_it_was_told_is_one_hole(site: Site) -> None:
    camera, worker = begun(site)
    record(site, worker, camera, 30)
    site.kill_keeper()
    worker.connected = False
    stream = worker.stream(camera)
    stream.feed(10)
    stream.skip(2)
    stream.feed(60)
    do_jobs(worker.writer)
    site.start(fresh=False)
    # It is not heard for longer than the keeper waits, and the file with the hole is closed.
    for _ in range(4):
        site.cycle()
    assert [gap.cause for gap in gaps(site, camera)].count(GapCause.CAMERA_DROPPED) == 1
    worker.send()
    site.cycle(worker)
    assert [gap.cause for gap in gaps(site, camera)].count(GapCause.CAMERA_DROPPED) == 1
    site.check()
    check_index(site)
