"""events.db as the recorder keeps it: begun anew when damaged, and purged with the footage."""

import threading
from pathlib import Path

import pytest

from tests.app.test_said_desk import Bed
from tests.bus.test_leaks import LIBC, in_use_bytes
from tests.store.understood import event_of, review_of, walk
from watchglass.app.event_desk import EventDesk, open_events, those_aside
from watchglass.app.kept_index import KeptIndex
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, NotFoundError
from watchglass.base.ids import CameraId
from watchglass.model.act import Act, ActKind
from watchglass.model.analysis import Report
from watchglass.model.control import RemoveCameraRequest, RetentionRequest
from watchglass.model.event import ReviewId
from watchglass.model.watch_control import AcknowledgeRequest, SeenRequest
from watchglass.recording.leap import waits_ns
from watchglass.store.event_search import Wanted
from watchglass.store.event_writer import Written
from watchglass.store.events import EventStore

_HOUR_NS = 3600 * NS_PER_S


def put(store: EventStore, camera: CameraId, name: str, at_ns: int) -> None:
    part = walk(name, 0, 5, camera=camera)
    event = event_of(part, review=name * 32)
    moved = type(event)(
        **{
            each: getattr(event, each)
            for each in event.__struct_fields__
            if each not in ("from_ns", "to_ns")
        },
        from_ns=at_ns,
        to_ns=at_ns + NS_PER_S,
    )
    store.write(Written(None, at_ns, [moved], [review_of(moved, alarm=True)]))


def kept(store: EventStore, camera: CameraId) -> set[str]:
    found = store.events(Wanted({camera: [(0, 2**63 - 1)]})).found
    return {each.track for each in found}


def test_a_damaged_database_is_set_aside_and_keeps_no_recorder_from_starting(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(b"this is no database, and never was one" * 500)
    store = open_events(path, Disk(), SimulatedClock())
    try:
        assert store.cameras() == ()
    finally:
        store.close()
    (aside,) = tmp_path.glob("events.db.damaged-*")
    assert aside.read_bytes().startswith(b"this is no database")


@pytest.mark.skipif(not hasattr(LIBC, "mallinfo2"), reason="this C library does not tell")
def test_what_it_read_stays_with_the_system(tmp_path: Path) -> None:
    """A quarter of a megabyte, page by page as the database grows, is taken for a leak."""
    path, camera = tmp_path / "events.db", CameraId("c" * 32)
    store = EventStore(path)
    for number in range(60):
        tracks = [walk(f"{number}-{each}", number, number + 5) for each in range(40)]
        store.write(Written(Report("s", number, tuple(tracks)), 1))
    store.close()
    store = open_events(path, Disk(), SimulatedClock())
    store.kinds_between(camera, 0, 1)
    before = in_use_bytes()
    assert len(store.kinds_between(camera, 0, 2**62)) == 2_400
    grown = in_use_bytes() - before
    store.close()
    assert path.stat().st_size > 1_000_000
    assert grown < 100_000


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return Bed(tmp_path)


def test_what_was_found_goes_with_its_footage(bed: Bed, tmp_path: Path) -> None:
    desk = EventDesk(tmp_path / "events.db", Disk(), bed.keeping.clock)
    store = desk.store
    index = KeptIndex(bed.keeping.state / "index.db")
    now_ns = bed.keeping.clock.wall_ns()
    try:
        for name, ago_h in (("1", 30), ("2", 5), ("3", 1)):
            put(store, bed.camera, name, now_ns - ago_h * _HOUR_NS)
        bed.site.carry_out(RetentionRequest(24, bed.camera))
        desk.purge(bed.store, index)
        assert kept(store, bed.camera) == {"2", "3"}
        bed.site.carry_out(RetentionRequest(2, bed.camera))
        desk.purge(bed.store, index)
        assert kept(store, bed.camera) == {"3"}
        bed.site.carry_out(RemoveCameraRequest(bed.camera, "me", "gone", erase=True))
        desk.purge(bed.store, index)
        assert store.cameras() == ()
    finally:
        index.close()
        desk.close()
        bed.close()


def test_nothing_goes_for_its_age_while_the_clock_may_be_wrong(bed: Bed, tmp_path: Path) -> None:
    ledgers, clock = bed.keeping.state / "ledger", bed.keeping.clock
    desk = EventDesk(
        tmp_path / "events.db", Disk(), clock, waits=lambda: waits_ns(ledgers, clock.wall_ns()) > 0
    )
    index = KeptIndex(bed.keeping.state / "index.db")
    try:
        put(desk.store, bed.camera, "1", bed.keeping.clock.wall_ns())
        bed.site.carry_out(RetentionRequest(24, bed.camera))
        bed.keeping.clock.step_wall(400 * 24 * _HOUR_NS)
        for _ in range(3):
            bed.keeping.cycle()
        desk.purge(bed.store, index)
        assert kept(desk.store, bed.camera) == {"1"}
        bed.keeping.clock.advance(25 * _HOUR_NS)
        desk.purge(bed.store, index)
        assert kept(desk.store, bed.camera) == set()
    finally:
        index.close()
        desk.close()
        bed.close()


def test_a_recorder_that_is_begun_again_each_hour_comes_to_its_upkeep(
    bed: Bed, tmp_path: Path
) -> None:
    waited: list[float] = []

    class Soon(SimulatedClock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            waited.append(seconds)
            self.advance(round(seconds * NS_PER_S))
            return len(waited) == 3

    index = KeptIndex(bed.keeping.state / "index.db")
    clock = Soon(bed.keeping.clock.wall_ns())
    desk = EventDesk(tmp_path / "events.db", Disk(), clock)
    put(desk.store, bed.camera, "1", clock.wall_ns() - 30 * _HOUR_NS)
    bed.site.carry_out(RetentionRequest(24, bed.camera))
    try:
        desk.start(bed.store, index)
        assert desk._thread is not None
        desk._thread.join(30)
        assert waited == [60.0, 3600.0, 3600.0]
        assert kept(desk.store, bed.camera) == set()
    finally:
        index.close()
        desk.close()
        bed.close()


def test_what_people_do_is_on_disk(tmp_path: Path) -> None:
    clock = SimulatedClock()
    camera = CameraId("c" * 32)
    desk = EventDesk(tmp_path / "events.db", Disk(), clock)
    store = desk.store
    put(store, camera, "1", clock.wall_ns())
    desk.carry_out(SeenRequest(ReviewId("1" * 32), True, "ann"))
    desk.carry_out(AcknowledgeRequest(ReviewId("1" * 32), "bob"))
    desk.close()
    again = EventStore(tmp_path / "events.db")
    try:
        found = again.review(ReviewId("1" * 32))
        assert found is not None
        assert (found.seen_by, found.acknowledged_by) == ("ann", "bob")
    finally:
        again.close()


def test_one_that_gets_damaged_is_set_aside_and_told_of(tmp_path: Path) -> None:
    clock, path, acts = SimulatedClock(), tmp_path / "events.db", list[Act]()
    desk = EventDesk(path, Disk(), clock, acts.append)
    camera = CameraId("c" * 32)
    put(desk.store, camera, "1", clock.wall_ns())
    # Died of something else: nothing is set aside.
    desk.finder_died(-9)
    assert (those_aside(path), acts) == ([], [])
    before = desk.store
    desk.finder_died(DamagedError.exit_code)
    (aside,) = those_aside(path)
    (act,) = acts
    assert act.kind is ActKind.EVENTS_LOST
    assert aside in act.detail
    assert desk.store is not before
    with pytest.raises(NotFoundError):
        desk.carry_out(SeenRequest(ReviewId("1" * 32), True, "ann"))
    kept = EventStore(tmp_path / aside)
    assert kept.review(ReviewId("1" * 32)) is not None
    kept.close()
    # A disk that damages all that is written gets no new one again and again.
    desk.finder_died(DamagedError.exit_code)
    assert len(those_aside(path)) == 1
    clock.advance(601 * NS_PER_S)
    desk.finder_died(DamagedError.exit_code)
    assert len(those_aside(path)) == 2
    desk.close()
