"""Several tellings of one ledger: which goes on, which was given up, and what is a fork."""

import shutil
from pathlib import Path

import pytest

from tests.recording.keeper_making import Site, Worker
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import RefusedError
from watchglass.base.ids import CameraId
from watchglass.model.finding import FindingKind
from watchglass.model.gap import GapCause
from watchglass.model.order import ChangeSound
from watchglass.recording.check import check
from watchglass.recording.keys import SigningKey
from watchglass.recording.lineage import Relation, Telling, longest, read_telling, relation
from watchglass.recording.resettle import is_marked, mark
from watchglass.recording.restoring import put_ledger


def stopped(folder: Path) -> tuple[Site, CameraId]:
    """A site that was recorded and stopped: one camera, a few files, a copy on the volume."""
    site = Site(folder)
    site.start()
    camera = site.add_camera()
    worker = Worker(site)
    for _ in range(6):
        worker.stream(camera).feed(15)
        worker.send()
        site.cycle(worker)
    worker.shut_down(GapCause.RECORDER_STOPPED)
    site.cycle(worker)
    site.stop_keeper()
    # The last head is signed after the copy: once more, and the copy has it.
    site.start()
    site.stop_keeper()
    return site, camera


def changed(site: Site, camera: CameraId) -> None:
    """Goes on, with one line more."""
    site.start()
    assert site.order(ChangeSound(camera, True, "me", "why")) == ""
    site.stop_keeper()


def told(folder: Path, name: str, where: str = "x") -> Telling:
    return read_telling(folder, name, where)


def kinds(site: Site) -> set[FindingKind]:
    return {each.kind for each in check(site.state, [site.volume], deep=False).findings}


def restored(site: Site, telling: Telling, camera: CameraId) -> None:
    """The state folder is lost, and put together again from a telling."""
    source = site.folder / "kept"
    if not source.exists():
        shutil.copytree(telling.folder, source)
    telling.folder = source
    shutil.rmtree(site.state)
    key = SigningKey.load_or_create(site.state / "keys", site.disk)
    put_ledger(telling, camera, site.state, key, site.disk, site.clock, "me")
    mark(site.state, site.disk)


def test_a_copy_lags_behind(tmp_path: Path) -> None:
    site, camera = stopped(tmp_path)
    mine = told(site.state / "ledger" / camera, camera)
    copy = told(site.volume.path / camera / "ledger", camera)
    assert relation(mine, copy) in (Relation.SAME, Relation.BEHIND)
    assert mine.signed == len(mine.leaves)
    assert longest([copy, mine]) in (mine, copy)
    assert (mine.state, mine.streams) == ("camera_added", ["main"])


def test_heads_count_up_to_the_first_that_does_not_hold(tmp_path: Path) -> None:
    site, camera = stopped(tmp_path)
    folder = site.state / "ledger" / camera
    whole = told(folder, camera)
    (heads,) = (folder / "heads").glob("*.jsonl")
    lines = heads.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"sig":"', b'"sig":"0', 1)[:-3] + b'"}\n'
    heads.write_bytes(b"".join(lines))
    assert told(folder, camera).heads == whole.heads[:2]
    (month,) = folder.glob("*.jsonl")
    data = bytearray(month.read_bytes())
    data[data.index(b'"cause"') + 9] ^= 1
    month.write_bytes(data)
    changed_line = told(folder, camera)
    assert changed_line.signed < whole.signed
    month.write_bytes(b"{}\n" + bytes(data))
    nothing = told(folder, camera)
    assert (nothing.leaves, nothing.heads) == ([], [])
    assert nothing.damage
    assert longest([nothing]) is None


def test_two_that_went_on_from_one_past_are_a_fork(tmp_path: Path) -> None:
    site, camera = stopped(tmp_path)
    past = tmp_path / "past"
    shutil.copytree(site.state, past)
    changed(site, camera)
    changed(site, camera)
    first = told(site.volume.path / camera / "ledger", camera, "the first")
    # Somebody puts the old state folder back by hand, and records on.
    shutil.rmtree(site.state)
    shutil.copytree(past, site.state)
    assert kinds(site) == {FindingKind.LEDGER_BEHIND}
    site.clock.advance(60 * NS_PER_S)
    changed(site, camera)
    (kept,) = (site.volume.path / camera).glob("ledger.*")
    second = told(site.state / "ledger" / camera, camera, "the second")
    assert told(kept, camera).leaves == first.leaves
    assert relation(second, told(kept, camera)) is Relation.FORK
    with pytest.raises(RefusedError, match=r"the second.*a fork"):
        longest([second, told(kept, camera, "the first")])
    assert FindingKind.LEDGER_FORKED in kinds(site)
    assert any("a fork" in each.text for each in site.report().findings if each.fails)


def test_what_a_restore_gave_up_is_no_fork(tmp_path: Path) -> None:
    site, camera = stopped(tmp_path)
    shutil.copytree(site.state / "ledger" / camera, tmp_path / "kept")
    past = told(tmp_path / "kept", camera)
    changed(site, camera)
    changed(site, camera)
    restored(site, past, camera)
    site.clock.advance(60 * NS_PER_S)
    site.start()
    assert not is_marked(site.state)
    site.stop_keeper()
    (kept,) = (site.volume.path / camera).glob("ledger.*")
    mine = told(site.state / "ledger" / camera, camera)
    assert relation(mine, told(kept, camera)) is Relation.LEFT
    assert relation(told(kept, camera), mine) is Relation.FOLLOWS
    assert longest([told(kept, camera), mine]) is mine
    assert kinds(site) == {FindingKind.LEDGER_LEFT}
    site.check()


def test_two_restores_of_one_past_are_a_fork(tmp_path: Path) -> None:
    site, camera = stopped(tmp_path)
    past = told(site.state / "ledger" / camera, camera)
    lives = []
    for name in ("one", "two"):
        key = SigningKey.load_or_create(tmp_path / name / "keys", site.disk)
        put_ledger(past, camera, tmp_path / name, key, site.disk, site.clock, "me")
        shutil.copytree(site.volume.path, tmp_path / name / "volume")
        twin = Site(tmp_path / name)
        twin.state = tmp_path / name
        twin.start()
        twin.stop_keeper()
        lives.append(told(tmp_path / name / "ledger" / camera, camera, name))
    assert relation(*lives) is Relation.FORK
