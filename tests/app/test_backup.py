"""Backups and restores in one process: what is in them, what stands in the way, and cuts."""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.recording.keeper_making import QuietDisk, Site, Worker
from tests.store.understood import BEGAN_NS, walk
from watchglass.app.backup.make import BackupMaker, Choice, Made, Span, finished
from watchglass.app.backup.manifest import EVENTS_DB, KEYS, NAME, media_parts, read_manifest, verify
from watchglass.app.backup.places import Placing
from watchglass.app.backup.restore import Chosen, Restorer, Wanted
from watchglass.app.event_desk import open_events
from watchglass.app.ground import Ground, open_store
from watchglass.app.layout import Layout
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import (
    AlreadyRunningError,
    ConfigError,
    DamagedError,
    DiskFullError,
    NotFoundError,
    RefusedError,
    UsageError,
)
from watchglass.base.ids import CameraId, random_id
from watchglass.base.secret import Secret
from watchglass.config.settings import Settings
from watchglass.model.analysis import Analysis, AnalysisSpan, Report
from watchglass.model.camera import CameraState, Credentials, StreamAddress
from watchglass.model.gap import GapCause
from watchglass.model.order import ChangeSound, EraseSpan, NoteBackup, PauseCamera
from watchglass.model.stream import StreamName
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.keeper import Keeper
from watchglass.recording.ledger import Ledger
from watchglass.recording.mediafile import scan
from watchglass.recording.resettle import is_marked
from watchglass.recording.volume import Volume
from watchglass.store import sealed
from watchglass.store.event_writer import Written
from watchglass.store.events import EventStore

PASSPHRASE = Secret("correct horse")
LIMITS = KeeperLimits(floor_bytes=0, ballast_bytes=0)
ALL = Span((), 0, 1 << 62)
CLOSED = 3
"""Files that are closed when the product is made; one more is open."""


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of the passphrase is no subject here."""
    monkeypatch.setattr(sealed, "_DEFAULT_N", 1 << 10)


class FailingDisk(QuietDisk):
    """Refuses one call of a site; unless told how, the process is gone with it."""

    def __init__(self) -> None:
        super().__init__()
        self.site: WriteSite | None = None
        self.left = 0
        self.error: OSError | None = None

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if site is self.site:
            self.left -= 1
            if self.left < 0 and self.error is None:
                os._exit(9)
            if self.left < 0 and self.error is not None:
                raise self.error


class Product:
    """A site with a database, and how it is backed up and restored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk = FailingDisk()
        self.site = Site(folder, disk=self.disk)
        self.site.start()
        self.camera = self.site.add_camera()
        self.on = self.ground(folder)
        store = open_store(self.on)
        store.add_volume(self.site.volume.id, self.site.volume.path)
        store.add_camera(
            "Gate", [StreamAddress(StreamName.MAIN, "rtsp://192.0.2.1/m")], self.site.volume.id,
            credentials=Credentials("admin", Secret("hush hush")), camera_id=self.camera,
        )  # fmt: skip
        store.close()
        self.worker = Worker(self.site)
        self.record(7)

    def ground(self, folder: Path) -> Ground:
        settings = Settings(folder, folder / "volume")
        return Ground(settings, Layout(folder / "state"), self.disk, self.site.clock)

    def record(self, seconds: int) -> None:
        for _ in range(seconds):
            self.worker.stream(self.camera).feed(15)
            self.worker.send()
            self.site.cycle(self.worker, lasts_s=0)

    def back_up(self, choice: Choice | None = None) -> Made:
        """While it is recorded."""
        name = random_id()
        choice = choice or Choice(PASSPHRASE, ALL)
        assert self.site.order(NoteBackup(name, choice.media is not None, "me")) == ""
        volumes = {self.site.volume.id: self.site.volume.path}
        maker = BackupMaker(self.on.layout, volumes, self.disk, self.site.clock)
        return maker.make(self.target, name, choice, self.site.running.index)

    @property
    def target(self) -> Path:
        return self.folder.with_name(self.folder.name + " backups")

    def lose(self) -> None:
        self.worker.die()
        self.site.kill_keeper()
        shutil.rmtree(self.site.state)
        self.site.clock.advance(100 * NS_PER_S)

    def restorer(
        self, backup: Path | None, *, passphrase: Secret | None = PASSPHRASE,
        placing: Placing | None = None, aside: bool = False, to: Path | None = None,
        leave_out: Path | None = None,
    ) -> Restorer:  # fmt: skip
        out = frozenset({leave_out} if leave_out is not None else ())
        wanted = Wanted(backup, passphrase, placing or Placing(), aside, out, "me")
        return Restorer(self.ground(to) if to is not None else self.on, wanted)

    def restore(self, backup: Path | None, **more: object) -> Chosen:
        return self.restorer(backup, **more).restore(LIMITS)  # type: ignore[arg-type]

    def looks_right(self) -> list[str]:
        """By the second reader; the kinds of spans."""
        return [span.what for span in self.site.check().timelines[self.camera, "main"].spans]


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    made = Product(tmp_path / "p")
    yield made
    if made.site.keeper is not None:
        made.site.kill_keeper()


# --- what is in a backup --------------------------------------------------------------------------


def test_a_backup_says_what_it_holds(product: Product) -> None:
    made = product.back_up()
    product.record(3)
    manifest = verify(made.folder)
    assert manifest.media is not None
    assert manifest.media.files == CLOSED
    assert {path.name for path in made.folder.iterdir()} == {
        NAME, "site.db", KEYS, "ledger", "media", "media.jsonl",
    }  # fmt: skip
    for each in manifest.ledgers:
        lines = list(Ledger.read_lines(made.folder / "ledger" / each.name))
        assert len(lines) == each.lines
    (of_site,) = (each for each in manifest.ledgers if each.name == "site")
    last = list(Ledger.read_lines(made.folder / "ledger" / "site"))[-1]
    assert (last.type, last.fields["backup"]) == ("backed_up", manifest.backup)
    assert of_site.lines == last.n + 1
    for path in made.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"hush hush" not in data
            assert (product.on.layout.state / "keys/signing.key").read_bytes() not in data
            assert (product.on.layout.vault_key).read_bytes() not in data
            assert path.stat().st_mode & 0o077 == 0
    assert made.folder.stat().st_mode & 0o077 == 0


@pytest.mark.full
def test_the_next_backup_shares_recordings(product: Product) -> None:
    first = product.back_up()
    product.record(3)
    product.site.clock.advance(NS_PER_S)
    second = product.back_up(Choice(PASSPHRASE, ALL, keep=1))
    assert (first.linked, second.linked) == (0, CLOSED)
    assert second.removed == [first.folder]
    assert finished(product.target) == [second.folder]
    assert verify(second.folder).media is not None


@pytest.mark.full
def test_what_was_erased_is_in_no_backup_of_later(product: Product) -> None:
    """Though one of before lies beside it, of which the rest is taken."""
    start_ns = product.site.clock.wall_ns() - 7 * NS_PER_S
    events = EventStore(product.on.layout.events_db, product.disk)
    ago_s = (start_ns - BEGAN_NS) / NS_PER_S
    tracks = {"wgerased": 1.0, "wgkeptxx": 5.5}
    for name, at in tracks.items():
        walked = walk(name, ago_s + at, ago_s + at + 1, camera=product.camera)
        events.write(Written(Report("s", 1, (walked,)), start_ns))
    first = product.back_up()
    fragments = [data for path in product.site.files for data in _fragments(path)]
    product.site.clock.advance(NS_PER_S)
    span = start_ns + NS_PER_S, start_ns + 2 * NS_PER_S
    order = EraseSpan(product.camera, random_id(), *span, "ann", "bob", "a neighbour asked")
    assert product.site.order(order) == ""
    for _ in range(3):
        product.site.cycle(product.worker)
    events.forget_span(product.camera, *span)
    events.close()
    left = {data for path in product.site.files for data in _fragments(path)}
    gone = [each for each in fragments if each not in left]
    assert 1 < len(gone) < len(fragments) / 2
    second = product.back_up()
    assert 0 < second.linked < CLOSED
    before, after = _bytes_of(first.folder), _bytes_of(second.folder)
    # Head of a fragment: whose, which and when; then all of it.
    assert sum(each in before for each in gone) > 1
    assert not any(each[:90] in after for each in gone)
    assert any(each in after for each in fragments if each in left)
    assert b"wgerased" in before
    assert b"wgerased" not in after
    assert b"wgkeptxx" in after
    assert verify(second.folder).media is not None


def _fragments(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        found = scan(file.fileno(), path.stat().st_size).entries
    data = path.read_bytes()
    return [data[each.offset : each.offset + each.length] for each in found]


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.full
def test_a_span_and_a_camera_are_chosen(product: Product) -> None:
    nobody = product.back_up(Choice(None, Span((CameraId("00" * 16),), 0, 1 << 62)))
    assert nobody.manifest.media is not None
    assert nobody.manifest.media.files == 0
    assert not (nobody.folder / KEYS).exists()
    assert any("keys" in what for what in nobody.manifest.lacks)
    product.site.clock.advance(NS_PER_S)
    with product.site.running.index.read() as index:
        first = next(iter(index.all_files()))
    span = Span((product.camera,), first.wall_from, first.wall_to)
    one = product.back_up(Choice(None, span))
    assert one.manifest.media is not None
    assert one.manifest.media.files == 1
    product.site.clock.advance(NS_PER_S)
    without = product.back_up(Choice(None))
    assert without.manifest.media is None
    assert not (without.folder / "media").exists()


@pytest.mark.full
def test_a_backup_inside_what_is_backed_up_is_refused(product: Product) -> None:
    maker = BackupMaker(
        product.on.layout, {product.site.volume.id: product.site.volume.path}, product.disk,
        product.site.clock,
    )  # fmt: skip
    for inside in (product.site.state / "b", product.site.volume.path):
        with pytest.raises(ConfigError, match="lies inside"):
            maker.make(inside, "ab" * 16, Choice(None), None)


def test_a_full_disk_leaves_no_backup_and_the_next_goes_on(product: Product) -> None:
    product.disk.site, product.disk.error = WriteSite.BACKUP, OSError(errno.ENOSPC, "full")
    for left in (0, 3, 8, 12):
        product.disk.left = left
        with pytest.raises(DiskFullError, match="No room left"):
            product.back_up()
        assert finished(product.target) == []
    kept = [path.name for path in product.target.glob(".*.part/media/*/*/*/*/*/*/*.mp4")]
    assert kept
    product.disk.site = None
    made = product.back_up()
    assert made.manifest.media is not None
    assert made.manifest.media.files == CLOSED
    assert list(product.target.glob(".*.part")) == []
    verify(made.folder)


# --- what stands in the way -----------------------------------------------------------------------


@pytest.mark.full
def test_each_changed_part_is_found(product: Product) -> None:
    made = product.back_up()
    names = [part.path for part in made.manifest.parts]
    names += [part.path for part in media_parts(made.folder, made.manifest)]
    for name in names:
        path = made.folder / name
        whole = path.read_bytes()
        at = len(whole) // 2
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(DamagedError, match=r"is not what was written|damaged"):
            verify(made.folder)
        path.write_bytes(whole[:-1])
        with pytest.raises(DamagedError):
            verify(made.folder)
        path.unlink()
        with pytest.raises(DamagedError, match="lacks"):
            verify(made.folder)
        path.write_bytes(whole)
    verify(made.folder)


@pytest.mark.full
def test_who_changes_the_manifest_too_is_found_by_the_passphrase(product: Product) -> None:
    made = product.back_up(Choice(PASSPHRASE))
    raw = json.loads((made.folder / NAME).read_bytes())
    db = made.folder / "site.db"
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE cameras SET name = 'Other'")
    for part in raw["parts"]:
        if part["path"] == "site.db":
            part["sha256"] = hashlib.sha256(db.read_bytes()).hexdigest()
            part["bytes"] = db.stat().st_size
    (made.folder / NAME).write_text(json.dumps(raw))
    verify(made.folder)
    product.lose()
    with pytest.raises(DamagedError, match="changed after it was made"):
        product.restore(made.folder)
    assert not product.site.state.exists()


def test_what_cannot_be_restored(product: Product) -> None:
    made = product.back_up(Choice(PASSPHRASE))
    with pytest.raises(UsageError, match="not the passphrase"):
        product.restorer(made.folder, passphrase=Secret("another one")).look()
    product.site.kill_keeper()
    with pytest.raises(RefusedError, match="holds a recorder's state"):
        product.restore(made.folder)
    with pytest.raises(NotFoundError, match="no backup that was finished"):
        product.restorer(product.folder).look()
    raw = json.loads((made.folder / NAME).read_bytes())
    (made.folder / NAME).write_text(json.dumps({**raw, "format": 2, "version": "9.0"}))
    with pytest.raises(ConfigError, match="made by a newer Watchglass"):
        product.restorer(made.folder).look()
    for path in ("../x", "/etc/passwd"):
        parts = [{"path": path, "bytes": 1, "sha256": ""}]
        (made.folder / NAME).write_text(json.dumps({**raw, "parts": parts}))
        with pytest.raises(DamagedError, match="outside of the backup"):
            read_manifest(made.folder)
    for torn in ((made.folder / NAME).read_text()[:40], "[]", "{}"):
        (made.folder / NAME).write_text(torn)
        with pytest.raises(DamagedError):
            read_manifest(made.folder)


@pytest.mark.full
def test_a_database_of_a_newer_version_is_not_put_in_place(product: Product) -> None:
    db = product.on.layout.site_db
    product.back_up(Choice(None))
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 99 WHERE what = 'site'")
    product.site.clock.advance(NS_PER_S)
    newer = product.back_up(Choice(None))
    product.lose()
    with pytest.raises(ConfigError, match="written by a newer Watchglass"):
        product.restore(newer.folder)
    assert not product.site.state.exists()
    assert list(product.folder.glob("state*")) == []


# --- restoring ------------------------------------------------------------------------------------


def test_replaced_facts_and_collectors_come_back(product: Product) -> None:
    state = product.on.layout.state
    kept = {
        "facts/support.csv": b"mine", "facts/old/support-1.csv": b"before",
        "collectors/c1.json": b'{"secret": "of a collector that is out"}',
    }  # fmt: skip
    for name, data in kept.items():
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_bytes(data)
    made = product.back_up(Choice(PASSPHRASE))
    for path in made.folder.rglob("*"):
        assert path.is_dir() or b"of a collector" not in path.read_bytes()
    product.lose()
    product.restore(made.folder)
    assert {name: (state / name).read_bytes() for name in kept} == kept
    # And out of a state folder that is set aside, without any backup.
    product.restore(None, aside=True)
    assert {name: (state / name).read_bytes() for name in kept} == kept


@pytest.mark.parametrize("damaged", [False, True])
def test_what_was_found_comes_back_and_is_no_reason_to_fail(
    product: Product, damaged: bool
) -> None:
    path = product.on.layout.events_db
    now_ns = product.site.clock.wall_ns()
    span = AnalysisSpan(
        camera=product.camera, from_ns=now_ns - 5 * NS_PER_S, to_ns=now_ns, state=Analysis.QUIET
    )
    found = EventStore(path, product.disk)
    found.write(Written(Report("s", 1, (span,)), now_ns))
    found.close()
    if damaged:
        path.write_bytes(b"not a database" * 1000)
        path.with_name("events.db-wal").unlink(missing_ok=True)
    made = product.back_up(Choice(PASSPHRASE))
    assert (EVENTS_DB in {part.path for part in made.manifest.parts}) is not damaged
    assert any("what was found" in each for each in made.manifest.lacks) is damaged
    product.lose()
    product.restore(made.folder)
    again = open_events(path, product.disk, product.site.clock)
    spans = again.spans(product.camera, 0, 1 << 62)
    again.close()
    assert spans == ([] if damaged else [span])


def test_a_lost_state_folder_comes_back(product: Product) -> None:
    made = product.back_up()
    assert product.site.order(ChangeSound(product.camera, True, "me", "why")) == ""
    product.record(5)
    product.site.running._sign_heads([product.camera])
    product.lose()
    chosen = product.restore(made.folder)
    assert chosen.tellings[product.camera].where.startswith("the volume")
    assert chosen.tellings["site"].where == "the backup"
    store = open_store(product.on)
    camera = store.camera(product.camera)
    store.close()
    assert camera.sound
    assert camera.credentials is not None
    assert camera.credentials.password.reveal() == "hush hush"
    assert product.looks_right()[-2:] == ["media", "restored"]
    lines = list(Ledger.read_lines(product.site.state / "ledger" / product.camera))
    (at,) = (line.n for line in lines if line.type == "restored")
    assert lines[at + 1].type == "key"
    assert lines[at + 1].fields["key"] != lines[1].fields["key"]
    with pytest.raises(RefusedError):
        product.restore(made.folder)


@pytest.mark.full
def test_a_lost_machine_comes_back_elsewhere(product: Product, tmp_path: Path) -> None:
    made = product.back_up()
    product.record(5)
    product.lose()
    old = product.site.volume
    shutil.rmtree(old.path)
    new = tmp_path / "elsewhere"
    with pytest.raises(NotFoundError, match="knows no volume"):
        product.restore(made.folder, placing=Placing(anew={"/no/such": None}), to=new)
    anew = Placing(anew={str(old.path): new / "volume"})
    product.restore(made.folder, placing=anew, to=new)
    product.site.state, product.site.volume = new / "state", Volume(old.id, new / "volume")
    assert len(product.site.files) == CLOSED
    assert product.looks_right() == ["waiting_key_frame", "media", "restored"]
    # A third restore, with what was restored in the way, which counts too.
    chosen = product.restore(made.folder, placing=anew, to=new, aside=True)
    assert chosen.kept_aside is not None
    assert (chosen.kept_aside / "site.db").exists()
    assert chosen.tellings[product.camera].where in ("the state folder", f"the volume {new}/volume")
    assert product.looks_right() == ["waiting_key_frame", "media", "restored"]


@pytest.mark.full
def test_a_pause_and_a_removal_since_the_backup_hold(product: Product) -> None:
    made = product.back_up(Choice(PASSPHRASE))
    product.worker.shut_down(GapCause.STALLED)
    product.site.cycle(product.worker)
    assert product.site.order(PauseCamera(product.camera, None, "me", "a visit")) == ""
    product.site.running._sign_heads([product.camera])
    product.lose()
    product.restore(made.folder)
    store = open_store(product.on)
    assert store.camera(product.camera).state is CameraState.PAUSED
    store.close()
    assert product.looks_right()[-1] == "paused"


@pytest.mark.full
def test_a_volume_that_is_recorded_to_is_left_alone(product: Product, tmp_path: Path) -> None:
    made = product.back_up(Choice(PASSPHRASE))
    files = {path: path.read_bytes() for path in product.site.volume.path.rglob("*.*")}
    clock = product.site.clock
    elsewhere = tmp_path / "try"

    def tick(_event: object, seconds: float) -> bool:
        clock.advance(round(seconds * NS_PER_S))
        product.site.running.cycle()
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "wait", tick)
        with pytest.raises(AlreadyRunningError, match="writing to the volume"):
            product.restore(made.folder, to=elsewhere)
    assert not (elsewhere / "state").exists()
    product.restore(made.folder, to=elsewhere, placing=Placing(without=True))
    assert (elsewhere / "state" / "site.db").exists()
    ledgers = {path: path for path in files if "ledger" in path.parts}
    for path in files.keys() - ledgers.keys():
        assert path.read_bytes() == files[path] or path.name == "alive"


@pytest.mark.full
def test_from_volumes_alone(product: Product) -> None:
    product.site.running._sign_heads([product.camera])
    product.lose()
    with pytest.raises(UsageError, match="No ledger with a signed head"):
        product.restorer(None).look()
    chosen = product.restore(None, placing=Placing(found=(product.site.volume.path,)))
    assert chosen.without_site == [product.camera]
    assert product.looks_right()[-2:] == ["media", "restored"]


@pytest.mark.full
def test_a_fork_is_named_and_one_side_can_be_left_out(product: Product) -> None:
    made = product.back_up(Choice(PASSPHRASE))
    keeper = product.site.running
    # The backup's state goes on by itself, as if two machines had been made of it.
    twin = product.folder.with_name("twin")
    shutil.copytree(made.folder / "ledger", twin / "ledger")
    other = Keeper(twin, product.disk, product.site.clock, LIMITS)
    other.start([], fresh=True)
    other.close()
    shutil.copytree(twin / "ledger", made.folder / "ledger", dirs_exist_ok=True)
    product.record(3)
    keeper._sign_heads([product.camera])
    keeper._sign_heads([product.camera])
    product.lose()
    raw = json.loads((made.folder / NAME).read_bytes())
    raw["parts"] = [each for each in raw["parts"] if each["path"] == "site.db"]
    (made.folder / NAME).write_text(json.dumps(raw))
    with pytest.raises(RefusedError, match="a fork"):
        product.restore(made.folder)
    assert not product.site.state.exists()
    product.restore(made.folder, leave_out=made.folder)
    assert product.looks_right()[-2:] == ["media", "restored"]


def _cut_restore(folder: Path, number: int) -> bool:
    product = Product(folder)
    made = product.back_up()
    product.record(5)
    product.lose()
    shutil.rmtree(product.site.volume.path)
    anew = Placing(anew={str(product.site.volume.path): None})
    child = os.fork()
    if child == 0:
        product.disk.site, product.disk.left = WriteSite.RESTORE, number
        try:
            product.restore(made.folder, placing=anew)
        except BaseException:  # noqa: BLE001 - a child must not go on with the tests
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status and product.site.state.exists() and not is_marked(product.site.state):
        # All was done but to make it last that it is done.
        with pytest.raises(RefusedError, match="holds a recorder's state"):
            product.restore(made.folder, placing=anew)
    elif status:
        product.restore(made.folder, placing=anew)
    assert len(product.site.files) == CLOSED
    assert set(product.looks_right()) == {"waiting_key_frame", "media", "restored"}
    return status != 0


@pytest.mark.full
@pytest.mark.parametrize("number", [0, 9])
def test_a_restore_that_is_cut_short_is_done_again(tmp_path: Path, number: int) -> None:
    assert _cut_restore(tmp_path / "p", number)


@pytest.mark.long
def test_a_restore_that_is_cut_short_anywhere_is_done_again(tmp_path: Path) -> None:
    number = 0
    while _cut_restore(tmp_path / str(number), number):
        number += 1
    assert number > 20


@pytest.mark.full
def test_the_index_is_not_needed_for_a_backup_without_recordings(product: Product) -> None:
    product.site.stop_keeper()
    maker = BackupMaker(product.on.layout, {}, product.disk, product.site.clock)
    made = maker.make(product.target, "cd" * 16, Choice(None), None)
    assert verify(made.folder).media is None
