"""A site that is whole is found whole, and each kind of damage is named."""

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.recording.keeper_making import Site, Worker, answers_of
from tests.recording.stream_making import do_jobs
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId, random_id
from watchglass.model.finding import Finding, FindingKind, Severity
from watchglass.model.gap import GapCause
from watchglass.model.order import RemoveCamera
from watchglass.recording.canonical import canonical_line
from watchglass.recording.check import CheckReport, check, repair
from watchglass.recording.volume import Volume
from watchglass.store.index import IndexStore


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two cameras with runs, gaps, a hole, files that are closed and deleted; stopped well."""
    made = Site(tmp_path_factory.mktemp("recorded"))
    made.start()
    one, two = made.add_camera(), made.add_camera()
    worker = Worker(made)
    _record(made, worker, [one, two], 70)
    worker.stream(one).skip(5)
    _record(made, worker, [one, two], 40)
    worker.tell_gap(one, GapCause.STALLED)
    _record(made, worker, [two], 30)
    _record(made, worker, [one, two], 40)
    made.clock.advance(3600 * NS_PER_S)
    worker.tell_gap(two, GapCause.CAMERA_UNREACHABLE)
    worker.tell_gap(one, GapCause.STALLED)
    _record(made, worker, [one, two], 50)
    made.keep_for(1)
    for _ in range(3):  # a look at what is due comes every now and then
        made.clock.advance(60 * NS_PER_S)
        made.cycle(worker)
    worker.shut_down(GapCause.RECORDER_STOPPED)
    made.cycle(worker)
    made.stop_keeper()
    return made


@pytest.fixture
def site(recorded: Site, tmp_path: Path) -> Iterator[Site]:
    """A copy of its own for each test."""
    folder = tmp_path / "site"
    shutil.copytree(recorded.folder, folder)
    made = Site(folder)
    made.clock.step_wall(recorded.clock.wall_ns() - made.clock.wall_ns())
    made.cameras = list(recorded.cameras)
    yield made
    if made.keeper is not None:
        made.stop_keeper()


def _record(site: Site, worker: Worker, cameras: list[CameraId], frames: int) -> None:
    for _ in range(frames // 10):
        began_ns = site.clock.wall_ns()
        for camera in cameras:
            # Streams share a clock that each of them moves: they are fed one after the other.
            worker.stream(camera).feed(10)
        worker.send()
        site.running.cycle()
        assert site.clock.wall_ns() > began_ns


def checked(site: Site, *, deep: bool = True) -> CheckReport:
    return check(site.state, [site.volume], deep=deep)


def kinds(report: CheckReport) -> set[FindingKind]:
    return {finding.kind for finding in report.findings}


def one(report: CheckReport, kind: FindingKind) -> Finding:
    found = [finding for finding in report.findings if finding.kind is kind]
    assert found, report.findings
    return found[0]


def ledger_of(site: Site, at: int = 0) -> Path:
    (path,) = (site.state / "ledger" / site.cameras[at]).glob("*.jsonl")
    return path


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


# --- whole ------------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [False, True])
def test_whole_site_has_no_finding(site: Site, deep: bool) -> None:
    assert len(site.files) >= 4
    report = checked(site, deep=deep)
    assert report.findings == ()
    assert (report.severity, report.exit_code, report.counts) == (Severity.OK, 0, {})
    assert (report.ledgers, report.files, report.being_written) == (3, len(site.files), 0)
    assert report.media_bytes == sum(path.stat().st_size for path in site.files)
    assert report.lines > 30
    assert report.heads >= 3
    with sqlite3.connect(site.state / "index.db") as db:
        assert db.execute("select count(*) from purged").fetchone()[0] > 0
    db.close()


@pytest.mark.full
def test_check_changes_nothing(site: Site) -> None:
    def everything() -> dict[str, tuple[int, bytes]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(site.folder.rglob("*"))
            if stat.S_ISREG(path.stat().st_mode) and not path.name.startswith("index.db")
        }

    before = everything()
    checked(site)
    assert everything() == before


def test_running_recorder_is_no_finding(site: Site) -> None:
    site.start()
    worker = Worker(site)
    _record(site, worker, site.cameras, 50)
    report = checked(site)
    assert report.findings == ()
    assert report.being_written == 2
    # What was written is not told yet, and goes on meanwhile.
    worker.stream(site.cameras[0]).feed(35)
    do_jobs(worker.writer)
    assert checked(site).findings == ()
    worker.shut_down(GapCause.RECORDER_STOPPED)
    site.cycle(worker)


@pytest.mark.full
def test_locks_are_not_taken(site: Site) -> None:
    site.start()
    worker = Worker(site)
    _record(site, worker, site.cameras, 50)
    checked(site)
    _record(site, worker, site.cameras, 50)
    worker.shut_down(GapCause.RECORDER_STOPPED)
    site.cycle(worker)
    site.stop_keeper()
    assert checked(site).findings == ()


def test_removed_camera_leaves_no_moment_to_nobody(site: Site) -> None:
    site.start()
    worker = Worker(site)
    _record(site, worker, site.cameras, 20)
    worker.shut_down(GapCause.DISABLED)
    site.cycle(worker)
    # Time passes between the order and the line, on a clock that is not simulated.
    now_ns = site.clock.wall_ns

    def later_ns() -> int:
        site.clock.advance(1000)
        return now_ns()

    site.clock.wall_ns = later_ns  # type: ignore[method-assign]
    assert site.order(RemoveCamera(site.cameras[0], "me", "sold")) == ""
    site.cycle(worker)
    assert checked(site).findings == ()


@pytest.mark.full
def test_progress_is_told(site: Site) -> None:
    told: list[tuple[str, int, int]] = []
    check(
        site.state, [site.volume], deep=False,
        progress=lambda what, done, of: told.append((what, done, of)),
    )  # fmt: skip
    assert ("ledgers", 0, 3) in told
    assert ("index", 1, 2) in told


# --- media ------------------------------------------------------------------------------------


def test_flipped_byte_in_a_fragment(site: Site) -> None:
    path = site.files[0]
    flip(path, path.stat().st_size // 2)
    assert checked(site, deep=False).findings == ()
    report = checked(site)
    assert kinds(report) == {FindingKind.FILE_DAMAGED}
    assert report.exit_code == 1
    finding = one(report, FindingKind.FILE_DAMAGED)
    assert finding.where == str(path)
    assert "Fragment" in finding.sentence


@pytest.mark.full
def test_flipped_byte_in_the_header(site: Site) -> None:
    path = site.files[0]
    flip(path, 40)
    report = checked(site, deep=False)
    assert one(report, FindingKind.FILE_DIFFERS).where == str(path)


@pytest.mark.full
@pytest.mark.parametrize("cut", [1, 100, 2000])
def test_cut_file(site: Site, cut: int) -> None:
    path = site.files[1]
    os.truncate(path, path.stat().st_size - cut)
    report = checked(site, deep=False)
    assert one(report, FindingKind.FILE_DIFFERS).where == str(path)


@pytest.mark.full
@pytest.mark.parametrize("length", [0, 10, 700])
def test_file_without_a_header(site: Site, length: int) -> None:
    path = site.files[1]
    os.truncate(path, length)
    report = checked(site, deep=False)
    assert one(report, FindingKind.FILE_DAMAGED).where == str(path)


def test_missing_file(site: Site) -> None:
    path = site.files[0]
    path.unlink()
    report = checked(site, deep=False)
    assert kinds(report) == {FindingKind.FILE_MISSING}
    assert one(report, FindingKind.FILE_MISSING).where == str(path)


@pytest.mark.full
def test_file_of_another_recording(site: Site) -> None:
    site.files[0].write_bytes(site.files[1].read_bytes())
    assert FindingKind.FILE_DIFFERS in kinds(checked(site, deep=False))


def test_extra_file(site: Site) -> None:
    path = site.files[0]
    extra = path.with_name(path.name.replace(path.name[12:44], random_id()))
    extra.write_bytes(path.read_bytes())
    report = checked(site, deep=False)
    assert kinds(report) == {FindingKind.FILE_UNKNOWN}
    assert one(report, FindingKind.FILE_UNKNOWN).where == str(extra)
    assert report.exit_code == 0


@pytest.mark.full
def test_file_at_another_place(site: Site) -> None:
    path = site.files[0]
    copy = path.with_name("000000.000" + path.name[10:])
    copy.write_bytes(path.read_bytes())
    finding = one(checked(site, deep=False), FindingKind.FILE_UNKNOWN)
    assert "another place" in finding.sentence


@pytest.mark.full
def test_file_that_should_be_deleted(site: Site) -> None:
    lines = [json.loads(line) for line in ledger_of(site).read_text().splitlines()]
    ((run, sequence, _), *_) = next(x for x in lines if x["type"] == "files_deleted")["files"]
    path = site.files[0]
    again = path.with_name(f"{path.name[:12]}{run}-{sequence:04d}.mp4")
    again.write_bytes(path.read_bytes())
    # Not where it was: so it is only unknown there.
    assert kinds(checked(site, deep=False)) == {FindingKind.FILE_UNKNOWN}


def test_torn_file(site: Site) -> None:
    site.start()
    worker = Worker(site)
    _record(site, worker, site.cameras, 20)
    worker.die()
    site.kill_keeper()
    with site.files[-1].open("ab") as file:
        file.write(b"torn")
    report = checked(site)
    assert kinds(report) == {FindingKind.FILE_TORN}
    assert len(report.findings) == 2
    assert report.exit_code == 0
    assert any("4 bytes" in finding.sentence for finding in report.findings)


@pytest.mark.full
def test_open_file_that_lost_what_was_signed(site: Site) -> None:
    site.start()
    worker = Worker(site)
    _record(site, worker, site.cameras, 25)
    site.running._sign_heads(site.running._chronicles)
    worker.die()
    site.kill_keeper()
    path = site.files[-1]
    os.truncate(path, path.stat().st_size - 10)
    report = checked(site)
    assert "were signed" in one(report, FindingKind.FILE_DIFFERS).sentence


@pytest.mark.full
def test_open_file_that_was_changed_after_it_was_signed(site: Site) -> None:
    site.start()
    worker = Worker(site)
    _record(site, worker, site.cameras, 25)
    site.running._sign_heads(site.running._chronicles)
    path = site.files[-1]
    flip(path, path.stat().st_size - 10)
    report = checked(site, deep=False)
    assert one(report, FindingKind.FILE_DIFFERS).where == str(path)
    worker.shut_down(GapCause.RECORDER_STOPPED)
    site.cycle(worker)


@pytest.mark.full
def test_volume_that_is_not_there(site: Site) -> None:
    gone = Volume(site.volume.id, site.folder / "nowhere")
    report = check(site.state, [gone], deep=True)
    assert kinds(report) == {FindingKind.VOLUME_MISSING}
    (site.volume.path / "volume.json").write_text("{}")
    assert FindingKind.VOLUME_MISSING in kinds(checked(site))


@pytest.mark.full
def test_folder_of_a_camera_without_ledger(site: Site) -> None:
    (site.volume.path / random_id()).mkdir()
    assert kinds(checked(site)) == {FindingKind.FILE_UNKNOWN}


# --- ledgers ----------------------------------------------------------------------------------


def _replaced(path: Path, change: Callable[[list[bytes]], object]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def test_changed_line(site: Site) -> None:
    path = ledger_of(site)

    def change(lines: list[bytes]) -> None:
        at = next(at for at, line in enumerate(lines) if b'"stalled"' in line)
        lines[at] = lines[at].replace(b'"stalled"', b'"overload"')

    _replaced(path, change)
    report = checked(site)
    assert "not those that were signed" in one(report, FindingKind.HEAD_DIFFERS).sentence
    assert FindingKind.LEDGER_COPY_DIFFERS in kinds(report)
    assert FindingKind.INDEX_DIFFERS in kinds(report)
    assert report.exit_code == 1


@pytest.mark.full
def test_line_in_another_form(site: Site) -> None:
    def change(lines: list[bytes]) -> None:
        lines[3] = lines[3].replace(b'":"', b'": "', 1)

    _replaced(ledger_of(site), change)
    finding = one(checked(site), FindingKind.LEDGER_DAMAGED)
    assert "canonical" in finding.sentence


@pytest.mark.full
@pytest.mark.parametrize("at", [0, 2, 9])
def test_missing_line(site: Site, at: int) -> None:
    _replaced(ledger_of(site), lambda lines: lines.pop(at))
    assert "stands where" in one(checked(site), FindingKind.LEDGER_DAMAGED).sentence


@pytest.mark.full
def test_lines_cut_off(site: Site) -> None:
    def change(lines: list[bytes]) -> None:
        del lines[-6:]

    _replaced(ledger_of(site), change)
    report = checked(site)
    assert "are left" in one(report, FindingKind.HEAD_DIFFERS).sentence
    assert FindingKind.INDEX_DIFFERS in kinds(report)


def test_torn_line(site: Site) -> None:
    with ledger_of(site).open("ab") as file:
        file.write(b'{"n":"99')
    report = checked(site)
    assert kinds(report) == {FindingKind.LEDGER_LINE_TORN}
    assert report.exit_code == 0


@pytest.mark.full
def test_empty_ledger(site: Site) -> None:
    ledger_of(site).write_bytes(b"")
    assert "no lines" in one(checked(site), FindingKind.LEDGER_DAMAGED).sentence


@pytest.mark.full
def test_ledger_that_contradicts_itself(site: Site) -> None:
    folder = site.state / "ledger" / random_id()
    folder.mkdir()
    run = RunId(random_id())
    lines: list[dict[str, object]] = [
        {"type": "ledger_started", "ledger": folder.name, "epoch": random_id()},
        {"type": "run_ended", "run": run, "stream": "main", "media": "5"},
        {
            "type": "file_closed", "run": run, "stream": "main", "sequence": 0, "length": "5",
            "fragments": 1, "root": "00" * 32, "media": "5", "recovered": False,
        },
    ]  # fmt: skip
    raw = [canonical_line({"v": 1, "n": str(n), "t": "1", **line}) for n, line in enumerate(lines)]
    (folder / "1970-01.jsonl").write_bytes(b"".join(line + b"\n" for line in raw))
    (site.state / "index.db").unlink()
    assert FindingKind.LEDGER_CONTRADICTS in kinds(checked(site))


def test_changed_head(site: Site) -> None:
    (path,) = (site.state / "ledger" / site.cameras[0] / "heads").glob("*.jsonl")

    def change(lines: list[bytes]) -> None:
        head = json.loads(lines[1])
        head["sig"] = "00" * 64
        lines[1] = canonical_line(head) + b"\n"

    _replaced(path, change)
    report = checked(site)
    assert kinds(report) == {FindingKind.HEAD_INVALID}
    assert any("signature" in finding.sentence for finding in report.findings)


@pytest.mark.full
def test_copy_that_differs(site: Site) -> None:
    (path,) = (site.volume.path / site.cameras[0] / "ledger").glob("*.jsonl")
    flip(path, 50)
    assert kinds(checked(site)) == {FindingKind.LEDGER_COPY_DIFFERS}


# --- index ------------------------------------------------------------------------------------


def _changed_index(site: Site, statement: str) -> None:
    db = sqlite3.connect(site.state / "index.db")
    with db:
        db.execute(statement)
    db.close()


@pytest.mark.full
def test_changed_index(site: Site) -> None:
    _changed_index(site, "update gap set cause = 'paused' where cause = 'stalled'")
    finding = one(checked(site), FindingKind.INDEX_DIFFERS)
    assert "gaps of main" in finding.where
    repair(site.state, [site.volume], site.disk, site.clock)
    assert checked(site).findings == ()


@pytest.mark.full
@pytest.mark.parametrize(
    "statement",
    [
        "update file set wall_from = wall_from + 1 where num = (select max(num) from file)",
        "delete from file where num = (select max(num) from file)",
        "update gap set cause = 'paused' where cause = 'stalled'",
        "delete from gap where cause = 'camera_dropped'",
        "delete from purged",
        "update stream set added_ns = added_ns + 1",
        "update run set ended = 0",
        "insert into hold values ('{}', (select camera from stream limit 1), 1, 2)".format(
            "a" * 32
        ),
        "update ledger set applied = applied + 1",
    ],
)
def test_changed_row_of_any_kind(site: Site, statement: str) -> None:
    _changed_index(site, statement)
    report = checked(site)
    assert FindingKind.INDEX_DIFFERS in kinds(report)
    repair(site.state, [site.volume], site.disk, site.clock)
    assert checked(site).findings == ()


@pytest.mark.full
def test_unaccounted_seconds(site: Site) -> None:
    _changed_index(site, "update gap set wall_to = wall_from + 1 where cause = 'stalled'")
    report = checked(site)
    assert "neither recorded nor a gap" in one(report, FindingKind.TIME_UNACCOUNTED).sentence


@pytest.mark.parametrize(
    "content",
    [
        None,
        pytest.param(b"", marks=pytest.mark.full),
        pytest.param(b"no database" * 1000, marks=pytest.mark.full),
    ],
)
def test_index_that_is_gone(site: Site, content: bytes | None) -> None:
    before = _answers(site)
    path = site.state / "index.db"
    for name in ("index.db", "index.db-wal", "index.db-shm"):
        (site.state / name).unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    report = checked(site)
    assert report.exit_code == 1
    assert kinds(report) & {
        FindingKind.INDEX_MISSING, FindingKind.INDEX_UNUSABLE, FindingKind.INDEX_DIFFERS
    }  # fmt: skip
    assert repair(site.state, [site.volume], site.disk, site.clock).folded_lines > 30
    assert checked(site).findings == ()
    assert _answers(site) == before


def _answers(site: Site) -> dict[str, object]:
    store = IndexStore(site.state / "index.db")
    found = answers_of(store, site.cameras)
    store.close()
    # Cameras are folded in the order of their ids, not in that in which they were added.
    with_order = found.pop("streams")
    assert isinstance(with_order, list)
    return {**found, "streams": sorted(map(repr, with_order))}


# --- repair -----------------------------------------------------------------------------------


@pytest.mark.full
def test_repair_takes_in_what_nobody_knows(site: Site) -> None:
    site.start()
    worker = Worker(site)
    stream = worker.stream(site.cameras[0])
    _record(site, worker, site.cameras, 10)
    # The keeper dies; the worker goes on, and dies too.
    site.kill_keeper()
    stream.feed(100)
    do_jobs(worker.writer)
    worker.die()
    site.clock.advance(9 * 24 * 3600 * NS_PER_S)
    assert FindingKind.FILE_UNKNOWN in kinds(checked(site))
    done = repair(site.state, [site.volume], site.disk, site.clock)
    assert done.adopted_files >= 3
    assert done.recovered_files >= 2
    assert checked(site).findings == ()


@pytest.mark.full
def test_repair_deletes_nothing(site: Site) -> None:
    before = site.files
    site.clock.advance(1000 * 24 * 3600 * NS_PER_S)
    repair(site.state, [site.volume], site.disk, site.clock)
    assert site.files == before
