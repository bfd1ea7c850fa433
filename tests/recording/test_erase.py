"""Erasure: what was approved goes from the disk, the rest stays as it was and still verifies."""

import errno
from pathlib import Path

import pytest

from tests.recording.keeper_making import Site, Worker, answers_of
from tests.recording.stream_making import TroubledDisk, media_files
from tests.recording.test_purge import CountingDisk, KilledError
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import WriteSite
from watchglass.base.ids import CameraId, HoldId, random_id
from watchglass.model.gap import GapCause
from watchglass.model.order import EraseSpan, LiftHold, SetHold
from watchglass.model.stream import StreamName, Track
from watchglass.recording.check import check
from watchglass.recording.ledger import Ledger
from watchglass.recording.mediafile import ScannedFile, scan
from watchglass.recording.rehash import Whole, look_again
from watchglass.recording.timeline import timeline
from watchglass.store.index import FileRow

MAIN = StreamName.MAIN


def recorded(site: Site, *, sound: bool = False, frames: int = 100) -> CameraId:
    """Closed files of 3 s each, in one run."""
    if site.keeper is None:
        site.start()
    camera = site.add_camera()
    worker = Worker(site)
    worker.stream(camera, sound=sound).feed(frames)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    site.cycle(worker)
    site.cycle(worker)
    site.disconnect(worker)
    return camera


def rows(site: Site) -> list[FileRow]:
    with site.running.index.read() as index:
        return sorted(index.all_files(), key=lambda row: row.sequence)


def order(camera: CameraId, from_ns: int, to_ns: int, **other: str) -> EraseSpan:
    said = {"by": "ann", "approved_by": "bob", "reason": "asked for", **other}
    return EraseSpan(camera, said.pop("erasure", random_id()), from_ns, to_ns, **said)


def scanned(path: Path) -> ScannedFile:
    with path.open("rb") as file:
        return scan(file.fileno(), path.stat().st_size)


def lines(site: Site, camera: CameraId, type: str) -> int:
    return sum(line.type == type for line in Ledger.read_lines(site.state / "ledger" / camera))


def erased_s(site: Site, camera: CameraId, from_ns: int, to_ns: int) -> list[tuple[float, float]]:
    with site.running.index.read() as index:
        found = timeline(index, camera, MAIN, from_ns, to_ns, site.clock.wall_ns())
    joined: list[tuple[float, float]] = []
    for span in found.spans:
        if span.cause is GapCause.ERASED:
            begins, ends = ((at - from_ns) / NS_PER_S for at in (span.from_ns, span.to_ns))
            if joined and joined[-1][1] == begins:
                begins = joined.pop()[0]
            joined.append((begins, ends))
    return joined


def test_a_span_goes_and_what_is_left_is_as_it_was(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site, sound=True)
    files = rows(site)
    before = {path: path.read_bytes() for path in site.files}
    roots = {path: scanned(path) for path in site.files}
    from_ns = files[0].wall_from + round(1.5 * NS_PER_S)
    to_ns = files[2].wall_from + round(0.5 * NS_PER_S)
    assert site.order(order(camera, from_ns, to_ns)) == ""
    site.cycle()
    ends = {path: scanned(path) for path in site.files}
    assert len(ends) == len(before)
    gone = kept = 0
    whole = b"".join(path.read_bytes() for path in site.files)
    for path, now in ends.items():
        was = roots[path]
        assert now.footer is not None
        assert was.footer is not None
        assert now.footer.root == was.footer.root, "the file's root is what it was"
        assert not now.damaged
        for one, other in zip(was.entries, now.entries, strict=True):
            data = before[path][one.offset : one.offset + one.length]
            if other.erased:
                gone += 1
                assert data not in whole
            else:
                kept += 1
                assert path.read_bytes()[other.offset : other.offset + other.length] == data
    assert gone > 5
    assert kept > 5
    # Sound of that time goes with the pictures.
    sounds = [e for f in ends.values() for e in f.entries if e.track is Track.SOUND]
    assert sounds
    assert all(not each.erased for each in sounds)
    # Whole groups of pictures: from the key frame before to the one behind.
    ((begins, until),) = erased_s(site, camera, files[0].wall_from, files[-1].wall_to)
    assert 0.5 <= begins <= 1.5
    assert 5.9 < until <= 8
    report = site.check()
    spans = report.timelines[camera, "main"].spans
    assert [span.what for span in spans if span.what == "erased"]
    assert check(site.state, [site.volume], deep=True).exit_code == 0
    # Hashed again at idle, it is whole; and the index is made anew from the ledgers alone.
    for row, path in zip(rows(site), site.files, strict=True):
        now = ends[path]
        assert now.footer is not None
        seen = look_again(
            path, row.length, now.footer.root, (row.media_from, row.media_to), lambda n: None
        )
        assert isinstance(seen, Whole), row.sequence
    told = answers_of(site.running.index, [camera])
    site.running.rebuild_index()
    assert answers_of(site.running.index, [camera]) == told
    assert lines(site, camera, "erasure_done") == 1


@pytest.mark.full
def test_nothing_is_asked_and_approved_by_one(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site)
    first = rows(site)[0]
    for by, other in (("ann", "ann"), ("", "bob"), ("ann", "")):
        asked = order(camera, first.wall_from, first.wall_to, by=by, approved_by=other)
        assert "by another" in site.order(asked)
    assert "yet to be" in site.order(order(camera, first.wall_from, site.clock.wall_ns() * 2))
    assert lines(site, camera, "erasure_ordered") == 0
    assert all(not each.erased for path in site.files for each in scanned(path).entries)


def test_what_is_held_is_refused_until_it_is_not(tmp_path: Path) -> None:
    site = Site(tmp_path)
    camera = recorded(site)
    row = rows(site)[1]
    # Held is what follows the span, inside the group of pictures that would go whole.
    asked = order(camera, row.wall_from, row.wall_from + round(0.2 * NS_PER_S))
    span = row.wall_from + round(0.7 * NS_PER_S), row.wall_from + round(0.9 * NS_PER_S)
    hold = SetHold(camera, HoldId(random_id()), *span, "cy", "a dispute")
    assert site.order(hold) == ""
    assert "held" in site.order(asked)
    assert site.order(LiftHold(camera, hold.hold, "cy", "settled")) == ""
    assert site.order(asked) == ""
    assert lines(site, camera, "erasure_done") == 1


def test_what_is_being_written_goes_when_it_is_closed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    worker = Worker(site)
    worker.stream(camera).feed(45)
    worker.send()
    site.cycle(worker)
    begins = rows(site)[0].wall_from
    assert site.order(order(camera, begins, site.clock.wall_ns())) == ""
    site.cycle(worker)
    assert lines(site, camera, "erasure_done") == 0
    hold = SetHold(camera, HoldId(random_id()), begins, begins + 1, "cy", "late")
    assert "being erased" in site.order(hold)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    for _ in range(3):
        site.cycle(worker)
    assert lines(site, camera, "erasure_done") == 1
    assert all(each.erased for path in site.files for each in scanned(path).entries)
    site.disconnect(worker)
    site.check()


def test_a_second_erasure_beside_the_first_takes_no_more_than_it_should(tmp_path: Path) -> None:
    site = Site(tmp_path, file_s=30)
    camera = recorded(site, frames=200)
    (row,) = rows(site)
    at = row.wall_from
    for begins, ends in ((8.2, 9.8), (5.2, 6.2), (9.0, 12.5)):
        asked = order(camera, at + round(begins * NS_PER_S), at + round(ends * NS_PER_S))
        assert site.order(asked) == ""
        site.cycle()
    spans = erased_s(site, camera, at, row.wall_to)
    assert sum(end - begin for begin, end in spans) < 11, spans
    site.check()
    assert lines(site, camera, "erasure_done") == 3


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_refuses_is_asked_again(tmp_path: Path, code: int) -> None:
    """Each call of the erasure fails once; recording and what is kept do not suffer."""
    for call in range(6):
        clock = SimulatedClock()
        disk = TroubledDisk(clock)
        site = Site(tmp_path / str(call), disk=disk)
        camera = recorded(site, frames=60)
        files = rows(site)
        from_ns, to_ns = files[0].wall_from + NS_PER_S, files[1].wall_from + NS_PER_S
        disk.fail_calls(WriteSite.MEDIA_ERASE, call, call + 1, code)
        assert site.order(order(camera, from_ns, to_ns)) == ""
        disk.heal()
        site.cycle()
        site.cycle()
        assert lines(site, camera, "erasure_done") == 1
        assert lines(site, camera, "files_erased") == 2
        assert not list(site.volume.path.rglob("*.left"))
        site.check()
        site.kill_keeper()


@pytest.mark.full
def test_erasure_cut_off_at_each_step_is_finished(tmp_path: Path) -> None:
    step = 0
    while True:
        disk = CountingDisk()
        site = Site(tmp_path / str(step), disk=disk)
        camera = recorded(site, frames=60)
        files = rows(site)
        before = b"".join(path.read_bytes() for path in site.files)
        asked = order(
            camera, files[0].wall_from + NS_PER_S, files[1].wall_from + NS_PER_S,
            erasure=random_id(),
        )  # fmt: skip
        disk.left = step
        try:
            site.order(asked)
            site.cycle()
        except KilledError:
            killed = True
        else:
            killed = False
        disk.left = None
        site.kill_keeper()
        ordered = lines(site, camera, "erasure_ordered") == 1
        site.start()
        site.cycle()
        site.cycle()
        if ordered:
            assert lines(site, camera, "erasure_done") == 1
            assert any(each.erased for path in site.files for each in scanned(path).entries)
            assert lines(site, camera, "files_erased") == 2, "told once for each file"
        else:
            assert b"".join(path.read_bytes() for path in site.files) == before
        assert not list(site.volume.path.rglob("*.left"))
        assert len(media_files(site.volume.path)) == len(files)
        site.check()
        assert check(site.state, [site.volume], deep=True).exit_code == 0
        site.kill_keeper()
        if not killed:
            break
        step += 1
    assert step > 12, "the erasure was never cut off"
