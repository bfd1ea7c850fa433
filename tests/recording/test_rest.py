"""Closed files are hashed again, once in their time: bits are turned, files go, disks fail."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.recording.keeper_making import LIMITS, Site
from tests.recording.test_purge import hold, recorded, rows
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.gap import GapCause
from watchglass.model.order import Configure, Retention
from watchglass.model.stream import StreamName
from watchglass.model.timeline import SpanKind
from watchglass.recording import rest as module
from watchglass.recording.ledger import Ledger, Line
from watchglass.recording.mediafile import Footer, read_footer
from watchglass.recording.rehash import Damage, Seen, Unreadable, Vanished, Whole, look_again
from watchglass.recording.rest import Rest, read_rest
from watchglass.recording.timeline import timeline

_HOUR_NS = 3600 * NS_PER_S
_KEPT_H = 48


_start_thread = Rest._start


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is done by the tests' own thread, when they say so."""
    monkeypatch.setattr(Rest, "_start", lambda _: None)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, limits=replace(LIMITS, hash_again=True))


@pytest.fixture
def camera(site: Site) -> CameraId:
    """Six files, half of whose time has gone by."""
    found = recorded(site)
    site.keep_for(_KEPT_H)
    site.clock.advance(_KEPT_H // 2 * _HOUR_NS)
    return found


def rest_of(site: Site) -> Rest:
    rest = site.running._rest
    assert rest is not None
    return rest


def work(site: Site) -> int:
    """All that is due; how many files were hashed."""
    before = rest_of(site).plan.kept.totals.files
    for _ in range(20):
        site.cycle()
        if rest_of(site)._at_work.is_set():
            rest_of(site).work()
    site.cycle()
    return rest_of(site).plan.kept.totals.files - before


def lines(site: Site, camera: CameraId, *types: str) -> list[Line]:
    found = Ledger.read_lines(site.state / "ledger" / camera)
    return [line for line in found if line.type in types]


def turn_bit(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 4]))


def footer_of(path: Path) -> Footer:
    with path.open("rb") as file:
        footer = read_footer(file.fileno(), path.stat().st_size)
    assert footer is not None
    return footer


def gaps(site: Site, camera: CameraId) -> list[tuple[str, int, int]]:
    with site.running.index.read() as index:
        told = timeline(index, camera, StreamName.MAIN, 0, 1 << 62, site.clock.wall_ns())
    assert SpanKind.UNACCOUNTED not in {span.kind for span in told.spans}
    return [
        (span.cause.value, span.from_ns, span.to_ns)
        for span in told.spans
        if span.cause in (GapCause.MEDIA_DAMAGED, GapCause.MEDIA_MISSING)
    ]


def test_each_file_has_one_turn_in_its_time(site: Site, camera: CameraId) -> None:
    assert work(site) == 6
    assert lines(site, camera, "media_damaged") == []
    assert work(site) == 0
    site.clock.advance((_KEPT_H // 2 - 1) * _HOUR_NS)
    assert work(site) == 0
    site.check()


def test_nothing_is_hashed_before_its_time(site: Site, camera: CameraId) -> None:
    site.keep_for(2 * _KEPT_H)
    assert work(site) == 0
    site.clock.advance(_KEPT_H // 2 * _HOUR_NS)
    assert work(site) == 6


def test_a_turned_bit_is_a_gap_to_the_next_key_frame(site: Site, camera: CameraId) -> None:
    path = site.files[1]
    entries = footer_of(path).entries
    bad = next(each for each in entries if not each.flags & 1)
    after = next(each for each in entries if each.number > bad.number and each.flags & 1)
    turn_bit(path, bad.offset + bad.length - 1)
    assert work(site) == 6
    (line,) = lines(site, camera, "media_damaged")
    assert line.fields["fragments"] == [str(bad.number)]
    row = next(row for row in rows(site) if row.run in path.name and row.sequence == 1)
    ((_, from_ns, to_ns),) = gaps(site, camera)

    def wall(media: int) -> int:
        return row.wall_from + (media - row.media_from) * NS_PER_S // 90_000

    assert abs(from_ns - wall(bad.media_time)) < NS_PER_S // 1000
    assert abs(to_ns - wall(after.media_time)) < NS_PER_S // 1000
    site.check(allow=("hash", "root", "leaf", "bytes", "CRC", "damage"))
    before = gaps(site, camera)
    site.running.rebuild_index()
    assert gaps(site, camera) == before


def test_damage_is_told_once_however_often_it_is_found(site: Site, camera: CameraId) -> None:
    turn_bit(site.files[0], footer_of(site.files[0]).entries[0].offset + 200)
    assert work(site) == 6
    before = gaps(site, camera)
    site.stop_keeper()
    # What was noted is lost: all is hashed again, and nothing is told again.
    (site.state / module.FILE_NAME).unlink()
    site.start()
    site.keep_for(_KEPT_H)
    assert work(site) == 6
    assert len(lines(site, camera, "media_damaged")) == 1
    assert gaps(site, camera) == before
    assert rest_of(site).plan.kept.totals.damaged == 0


def test_progress_survives_and_is_not_noted_before_what_was_found(
    site: Site, camera: CameraId
) -> None:
    turn_bit(site.files[3], footer_of(site.files[3]).entries[0].offset + 200)
    site.cycle()
    rest_of(site).work()
    # Found and not told yet: a keeper that dies here has to find it again.
    site.kill_keeper()
    site.start()
    site.keep_for(_KEPT_H)
    assert 1 <= work(site) <= 6
    assert len(lines(site, camera, "media_damaged")) == 1
    site.stop_keeper()
    site.start()
    site.keep_for(_KEPT_H)
    assert work(site) == 0


def test_a_file_that_vanished_is_missing(site: Site, camera: CameraId) -> None:
    site.files[2].unlink()
    assert work(site) == 6
    (line,) = lines(site, camera, "files_deleted")
    assert line.text("cause") == "media_missing"
    ((cause, _, _),) = gaps(site, camera)
    assert cause == "media_missing"
    assert len(rows(site)) == 5
    site.check()


def test_a_volume_that_is_away_has_lost_nothing(site: Site, camera: CameraId) -> None:
    """It goes before the files are looked at, and it goes just after."""
    away = site.volume.path.with_name("away")
    site.cycle()
    site.volume.path.rename(away)
    rest_of(site).work()
    assert rest_of(site).plan.kept.totals.missing == 6
    site.cycle()
    away.rename(site.volume.path)
    site.cycle()
    assert lines(site, camera, "files_deleted") == []


def test_a_file_purged_meanwhile_is_nobodys_loss(site: Site, camera: CameraId) -> None:
    turn_bit(site.files[0], footer_of(site.files[0]).entries[0].offset + 200)
    site.cycle()
    rest_of(site).work()
    site.running.configure(Configure((Retention(camera, 1),), ()))
    site.clock.advance(20 * NS_PER_S)
    site.running._purger.purge()
    site.cycle()
    assert site.files == []
    assert gaps(site, camera) == []
    site.check()


def test_held_footage_has_a_turn_each_time_as_long(site: Site, camera: CameraId) -> None:
    hold(site, camera, *rows(site)[:2])
    assert work(site) == 6
    for _ in range(3):
        site.clock.advance(_KEPT_H * _HOUR_NS)
        for _ in range(3):
            site.cycle(lasts_s=20)
        assert len(site.files) == 2
        assert work(site) == 2
        assert work(site) == 0


@pytest.mark.parametrize("hurried", ["syncing", "failing", "behind"])
def test_it_rests_while_the_disk_is_wanted(
    site: Site, camera: CameraId, hurried: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = site.running
    mounted = next(iter(keeper._volumes.values()))
    if hurried == "behind":
        keeper._purger._unfinished = True
        monkeypatch.setattr(keeper._purger, "finish_interrupted", lambda: 0)
    else:
        monkeypatch.setattr(type(mounted), hurried, property(lambda _: True))
    assert keeper._is_calm() is False
    rest_of(site).step(calm=keeper._is_calm())
    assert not rest_of(site)._at_work.is_set()
    assert not rest_of(site)._calm.is_set()


def test_what_the_disk_does_not_read_is_no_gap(
    site: Site, camera: CameraId, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_fd: int, _length: int, _offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    site.cycle()
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", fails)
        rest_of(site).work()
    site.cycle()
    totals = rest_of(site).plan.kept.totals
    assert (totals.files, totals.unreadable, totals.damaged) == (6, 6, 0)
    assert gaps(site, camera) == []
    site.check()


def test_a_thread_of_its_own_does_it(
    site: Site, camera: CameraId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rest, "_start", _start_thread)
    turn_bit(site.files[1], footer_of(site.files[1]).entries[0].offset + 200)
    rest, until_s = rest_of(site), time.monotonic() + 30
    while not lines(site, camera, "media_damaged"):
        site.cycle()
        assert time.monotonic() < until_s
    assert rest._thread is not None
    site.stop_keeper()
    assert not rest._thread.is_alive()
    assert read_rest(site.state).totals.damaged == 1


# --- one file -------------------------------------------------------------------------------------


@pytest.fixture
def look(site: Site, camera: CameraId) -> Callable[[], tuple[Path, Callable[[], Seen]]]:
    def made() -> tuple[Path, Callable[[], Seen]]:
        path = site.files[0]
        size, root = path.stat().st_size, footer_of(path).root
        return path, lambda: look_again(path, size, root, (0, 270_000), lambda _: None)

    return made


def test_every_bit_counts(look: Callable[[], tuple[Path, Callable[[], Seen]]]) -> None:
    path, looked = look()
    whole, entries = path.read_bytes(), footer_of(path).entries
    assert looked() == Whole()
    for offset in [*range(0, len(whole), len(whole) // 211), len(whole) - 1]:
        turn_bit(path, offset)
        found = looked()
        assert isinstance(found, Damage), offset
        of = [each.number for each in entries if 0 <= offset - each.offset < each.length]
        if of:
            assert found.fragments == tuple(of)
            assert found.spans
        path.write_bytes(whole)
    for length in range(0, len(whole), len(whole) // 17):
        path.write_bytes(whole[:length])
        assert looked() == Damage((), ((0, 270_000),)) or length > entries[-1].offset
    path.write_bytes(whole + b"more")
    assert isinstance(looked(), Damage)


def test_a_lost_footer_alone_hides_no_second(
    look: Callable[[], tuple[Path, Callable[[], Seen]]],
) -> None:
    path, looked = look()
    turn_bit(path, path.stat().st_size - 1)
    assert looked() == Damage((), ())
    path.unlink()
    assert looked() == Vanished()


def test_what_the_disk_does_not_read_is_not_damaged(
    look: Callable[[], tuple[Path, Callable[[], Seen]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, looked = look()
    entry = footer_of(path).entries[1]
    real = os.pread
    reads = 0

    def fails(fd: int, length: int, offset: int) -> bytes:
        if offset == entry.offset:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, length, offset)

    def errs_once(fd: int, length: int, offset: int) -> bytes:
        nonlocal reads
        found = real(fd, length, offset)
        reads += offset == entry.offset
        return bytes(length) if offset == entry.offset and reads == 1 else found

    monkeypatch.setattr(os, "pread", fails)
    assert isinstance(looked(), Unreadable)
    monkeypatch.setattr(os, "pread", errs_once)
    assert looked() == Unreadable("read twice, it was not the same")
