"""The writer on disks that are full, fail, or are gone: what is lost, and what it says of it."""

import errno
import threading
import time
from pathlib import Path
from typing import TypeVar

import pytest

from tests.recording.stream_making import (
    GOP,
    RecordedStream,
    TroubledDisk,
    check_order,
    do_jobs,
    facts_of,
    made_writer,
    media_files,
    scanned,
)
from watchglass.base.clock import SimulatedClock, SystemClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.ids import CameraId, GapId
from watchglass.model.fact import (
    Fact,
    FileClosed,
    FragmentWritten,
    GapOpened,
    Hole,
    RunEnded,
    RunStarted,
)
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording import writer as writer_module
from watchglass.recording.job import Tell
from watchglass.recording.mediafile import verify
from watchglass.recording.outbox import Outbox
from watchglass.recording.recovery import StillWrittenError, recover
from watchglass.recording.volume import Volume, create_volume
from watchglass.recording.writer import StreamQueue, VolumeWriter

F = TypeVar("F")

CAMERA = CameraId("c0" * 16)
SITES = [
    WriteSite.MEDIA_CREATE,
    WriteSite.MEDIA_HEADER,
    WriteSite.MEDIA_FRAGMENT,
    WriteSite.MEDIA_FOOTER,
]
TICK_NS = 50_000_000


class Bench:
    """A volume, a disk that does as it is told, and one stream."""

    def __init__(self, path: Path, queue_bytes: int = 16 << 20) -> None:
        self.clock = SimulatedClock()
        self.disk = TroubledDisk(self.clock, TICK_NS)
        self.volume = create_volume(path, Disk(), self.clock)
        self.writer, self.outbox = made_writer(self.volume, self.disk, self.clock)
        self.stream = RecordedStream(CAMERA, self.writer, self.clock, queue_bytes=queue_bytes)
        self.facts: list[Fact] = []

    def run(self) -> None:
        do_jobs(self.writer)
        self.facts += facts_of(self.outbox)

    def told(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def samples_on_disk(self) -> int:
        return sum(
            entry.samples
            for path in media_files(self.volume.path)
            for entry in scanned(path).entries
            if entry.track == 0
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "volume")


def test_all_is_written_told_and_closed(bench: Bench) -> None:
    bench.stream.feed(75)
    bench.stream.end(GapCause.PAUSED)
    bench.run()
    check_order(bench.facts)
    assert bench.samples_on_disk() == 75
    closed = {fact.sequence: fact for fact in bench.told(FileClosed)}
    for path in media_files(bench.volume.path):
        with path.open("rb") as file:
            size = path.stat().st_size
            assert verify(file.fileno(), size) == []
        found = scanned(path)
        assert found.footer is not None
        fact = closed[found.info.sequence]
        assert (fact.length, fact.root) == (size, found.footer.root)
        told = [f for f in bench.told(FragmentWritten) if f.sequence == fact.sequence]
        assert [(f.offset, f.length, f.leaf) for f in told] == [
            (e.offset, e.length, e.leaf) for e in found.entries
        ]


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("nth", [0, 1, 4])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_waited_for(bench: Bench, site: WriteSite, nth: int, code: int) -> None:
    bench.disk.fail_calls(site, nth, nth + 200, code)
    bench.stream.feed(75)
    bench.stream.end(GapCause.STALLED)
    bench.run()
    check_order(bench.facts)
    assert bench.samples_on_disk() == 75
    assert not bench.told(Hole)
    assert [fact.cause for fact in bench.told(RunEnded)] == [GapCause.STALLED]


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("nth", [0, 1, 3])
def test_a_short_failure_costs_nothing(bench: Bench, site: WriteSite, nth: int) -> None:
    bench.disk.fail_calls(site, nth, nth + 2)
    bench.stream.feed(75)
    bench.stream.end(GapCause.STALLED)
    bench.run()
    check_order(bench.facts)
    assert bench.samples_on_disk() == 75
    assert [fact.cause for fact in bench.told(RunEnded)] == [GapCause.STALLED]


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("nth", [0, 1, 3, 9])
def test_a_failing_disk_ends_the_run_and_the_next_one_works(
    bench: Bench, site: WriteSite, nth: int
) -> None:
    bench.disk.fail_calls(site, nth, 10_000)
    for _ in range(10):
        bench.stream.feed(8)
        bench.run()
    bench.disk.heal()
    bench.stream.feed(1)
    bench.run()
    bench.stream.feed(7 * GOP)
    bench.run()
    bench.stream.feed(1)
    bench.stream.end(GapCause.PAUSED)
    bench.run()
    check_order(bench.facts)
    runs = bench.told(RunStarted)
    ended = bench.told(RunEnded)
    assert [fact.run for fact in ended] == [fact.run for fact in runs]
    assert ended[-1].cause is GapCause.PAUSED
    assert {fact.cause for fact in ended[:-1]} <= {GapCause.WRITE_FAILED}
    last = [fact for fact in bench.told(FragmentWritten) if fact.run == runs[-1].run]
    assert sum(fact.duration for fact in last) >= 5 * 90_000
    _check_left_behind(bench)


def _check_left_behind(bench: Bench) -> None:
    """What was told of is on disk, whole, and nobody holds its lock."""
    for path in media_files(bench.volume.path):
        if path.stat().st_size == 0:
            continue
        found = recover(path, Disk())
        told = [
            fact
            for fact in bench.told(FragmentWritten)
            if (fact.run, fact.sequence) == (found.info.run, found.info.sequence)
        ]
        assert [fact.leaf for fact in told] == [entry.leaf for entry in found.entries]
    for fact in bench.told(RunEnded):
        ends = [
            one.media_time + one.duration for one in bench.told(FragmentWritten)
            if one.run == fact.run
        ]  # fmt: skip
        assert fact.media_to == max(ends, default=0)


def test_a_hole_of_a_run_that_failed_is_not_told(bench: Bench) -> None:
    """The keeper never heard of that run; a line about it could not be folded."""
    bench.disk.fail_calls(WriteSite.MEDIA_HEADER, 0, 10_000)
    bench.stream.feed(12)
    bench.stream.skip(5)
    bench.stream.feed(12)
    bench.stream.end(GapCause.STALLED)
    bench.run()
    check_order(bench.facts)
    assert [type(fact) for fact in bench.facts] == [GapOpened]


def test_a_missing_volume_is_a_gap_and_nothing_is_written(bench: Bench) -> None:
    (bench.volume.path / "volume.json").unlink()
    bench.stream.feed(12)
    bench.run()
    bench.stream.feed(12)
    bench.run()
    assert list(bench.volume.path.iterdir()) == []
    assert {fact.cause for fact in bench.told(GapOpened)} == {GapCause.VOLUME_MISSING}
    check_order(bench.facts)


def test_a_volume_that_goes_ends_the_run_at_the_next_file(bench: Bench) -> None:
    bench.stream.feed(12)
    bench.run()
    (bench.volume.path / "volume.json").unlink()
    bench.stream.feed(30)
    bench.run()
    check_order(bench.facts)
    (ended,) = bench.told(RunEnded)
    assert ended.cause is GapCause.VOLUME_MISSING


def test_a_gap_of_the_same_cause_is_told_once(bench: Bench) -> None:
    for cause in (GapCause.STALLED, GapCause.STALLED, GapCause.AUTH_FAILED, GapCause.STALLED):
        bench.stream.queue.put_always(
            Tell(GapOpened(GapId("a" * 32), CAMERA, StreamName.MAIN, cause, 1))
        )
    bench.run()
    assert [fact.cause for fact in bench.told(GapOpened)] == [
        GapCause.STALLED, GapCause.AUTH_FAILED, GapCause.STALLED,
    ]  # fmt: skip


def test_a_locked_file_is_left_to_its_writer(bench: Bench) -> None:
    bench.stream.feed(12)
    bench.run()
    (path,) = media_files(bench.volume.path)
    with pytest.raises(StillWrittenError):
        recover(path, Disk())


# --- a queue that overflows -------------------------------------------------------------------


@pytest.mark.parametrize("is_full", [True, False])
def test_overflow_says_why(tmp_path: Path, is_full: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cause is that of the moment when no room was left, not of when there is room again."""
    monkeypatch.setattr(writer_module, "_RETRY_S", 0.001)
    clock, disk = SimulatedClock(), SlowDisk()
    volume = create_volume(tmp_path / "volume", Disk(), clock)
    outbox = Outbox()
    writer = VolumeWriter(volume, disk, outbox, clock)
    stream = RecordedStream(CAMERA, writer, clock, queue_bytes=60_000)
    writer.start()
    stream.feed(5)
    _wait_for(lambda: stream.queue.depth().items == 0)
    disk.begin(full=is_full)
    stream.feed(6)
    if is_full:
        _wait_for(lambda: stream.queue.trouble is GapCause.DISK_FULL)
    stream.feed(100)
    assert stream.queue.depth().dropped_items > 0
    assert stream.queue.depth().size_bytes <= 60_000
    disk.end()
    _wait_for(lambda: stream.queue.depth().items == 0)
    stream.feed(2 * GOP)
    stream.end(GapCause.PAUSED)
    writer.finish(10)
    facts = facts_of(outbox)
    check_order(facts)
    holes = [fact for fact in facts if isinstance(fact, Hole)]
    assert {hole.cause for hole in holes} == {GapCause.DISK_FULL if is_full else GapCause.OVERLOAD}
    found = [scanned(path) for path in media_files(volume.path)]
    on_disk = sum(entry.samples for file in found for entry in file.entries)
    lost = sum(hole.media_to - hole.media_from for hole in holes) // 9000
    (ended,) = (fact for fact in facts if isinstance(fact, RunEnded))
    assert on_disk + lost == ended.media_to // 9000


class SlowDisk(TroubledDisk):
    """Hangs, or is full, between ``begin`` and ``end``."""

    def __init__(self) -> None:
        super().__init__()
        self._flows = threading.Event()
        self._flows.set()
        self._full = False

    def begin(self, *, full: bool) -> None:
        self._full = full
        self._flows.clear()

    def end(self) -> None:
        self._flows.set()

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if self._flows.is_set():
            return
        if self._full:
            raise OSError(errno.ENOSPC, "full", path)
        self._flows.wait(20)


def _wait_for(what: object) -> None:
    assert callable(what)
    until = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.mark.full
def test_finish_does_not_wait_for_a_dead_disk_for_ever(tmp_path: Path) -> None:
    clock = SimulatedClock()
    disk = TroubledDisk()
    volume = create_volume(tmp_path / "volume", Disk(), clock)
    outbox = Outbox()
    writer = VolumeWriter(Volume(volume.id, volume.path), disk, outbox, SystemClock())
    stream = RecordedStream(CAMERA, writer, clock)
    writer.start()
    stream.feed(40)
    disk.fails = lambda site, call, path: errno.ENOSPC
    stream.feed(40)
    stream.end(GapCause.RECORDER_STOPPED)
    began = time.monotonic()
    writer.finish(8)
    assert time.monotonic() - began < 7
    check_order(facts_of(outbox))


def test_two_streams_take_turns(bench: Bench) -> None:
    other = RecordedStream(CAMERA, bench.writer, bench.clock, stream=StreamName.SUB)
    for _ in range(10):
        bench.stream.feed(5)
        other.feed(5)
    bench.run()
    for stream in StreamName:
        own = [
            fact for fact in bench.facts
            if isinstance(fact, RunStarted) and fact.stream is stream
        ]  # fmt: skip
        assert len(own) == 1
    assert isinstance(bench.stream.queue, StreamQueue)


def test_a_stream_behind_one_that_waits_for_room_names_the_full_disk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread writes for all: the queue of a camera that never met the full disk overflows."""
    other = RecordedStream(CameraId("d0" * 16), bench.writer, bench.clock, queue_bytes=20_000)
    bench.disk.fails = lambda site, call, path: (
        errno.ENOSPC if site is WriteSite.MEDIA_FRAGMENT and CAMERA in path else None
    )
    seen: list[GapCause] = []

    def waits(_s: float) -> bool:
        other.feed(5)
        seen.append(other.queue.congestion())
        if len(seen) == 20:
            bench.disk.heal()
        return False

    monkeypatch.setattr(bench.writer._stopping, "wait", waits)
    bench.stream.feed(10)
    bench.run()
    assert set(seen) == {GapCause.DISK_FULL}
    assert other.queue.congestion() is GapCause.OVERLOAD
    assert {fact.cause for fact in bench.told(Hole)} <= {GapCause.DISK_FULL}
