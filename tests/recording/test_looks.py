"""Looks in the site's ledger: each state of one once, for whoever told it and whoever died."""

import gc
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.recording.keeper_making import QuietDisk, Site
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, LookId, random_id
from watchglass.model.look import Look, LookKind
from watchglass.model.order import NoteClip, NotePeople
from watchglass.model.stream import StreamName
from watchglass.recording.commitment import TextStore
from watchglass.recording.ledger import parse_line
from watchglass.recording.people import NotedLook, noted_look, noted_looks

MAIN = StreamName.MAIN


class CountingDisk(QuietDisk):
    """Counts the syncs of the state folder."""

    def __init__(self) -> None:
        super().__init__()
        self.state_syncs = 0

    def before_sync(self, what: str) -> None:
        self.state_syncs += what.endswith("state")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.start()
    site.add_camera()
    return site


def looked(site: Site, *, user: str = "anna", kind: LookKind = LookKind.LIVE) -> Look:
    now_ns = site.clock.wall_ns()
    to_ns = None if kind is LookKind.LIVE else now_ns - NS_PER_S
    from_ns = now_ns if kind is LookKind.LIVE else now_ns - 9 * NS_PER_S
    return Look(LookId(random_id()), user, site.cameras[0], MAIN, kind, from_ns, to_ns)


def note(site: Site, *looks: Look) -> None:
    assert site.order(NotePeople(looks)) == ""


def ledger(site: Site) -> Path:
    return site.state / "ledger" / "site"


def lines(site: Site) -> int:
    return sum(
        file.read_bytes().count(b'"type":"looked"') for file in ledger(site).glob("*.jsonl")
    )  # fmt: skip


def looks(site: Site, since_ns: int = 0) -> list[NotedLook]:
    return noted_looks(ledger(site), since_ns)


def name(site: Site, look: NotedLook) -> str | None:
    assert look.by is not None
    return TextStore(ledger(site) / "texts", site.disk).get(look.by)


def test_a_look_and_who_looked(site: Site) -> None:
    live, back = looked(site), looked(site, user="bert", kind=LookKind.PLAYBACK)
    note(site, live, back)
    found = looks(site)
    assert [(each.id, each.camera, each.stream, each.kind) for each in found] == [
        (live.id, site.cameras[0], MAIN, LookKind.LIVE),
        (back.id, site.cameras[0], MAIN, LookKind.PLAYBACK),
    ]
    assert [(each.from_ns, each.to_ns) for each in found] == [
        (live.from_ns, None), (back.from_ns, back.to_ns)
    ]  # fmt: skip
    assert [name(site, each) for each in found] == ["anna", "bert"]
    for file in ledger(site).glob("*.jsonl"):
        assert b"anna" not in file.read_bytes()
    site.check()


def test_told_again_a_look_is_one_line(site: Site) -> None:
    look = looked(site)
    note(site, look, look)
    note(site, look)
    site.kill_keeper()
    site.start(fresh=False)
    note(site, look)
    assert lines(site) == 1
    site.clock.advance(NS_PER_S)
    over = replace(look, to_ns=site.clock.wall_ns())
    note(site, over)
    note(site, look)  # sent before, and come late
    assert lines(site) == 2
    (found,) = looks(site)
    assert (found.from_ns, found.to_ns) == (look.from_ns, over.to_ns)
    site.check()


def test_a_playback_that_grows_either_way(site: Site) -> None:
    look = looked(site, kind=LookKind.PLAYBACK)
    earlier = replace(look, from_ns=look.from_ns - NS_PER_S)
    for each in (look, earlier, look):
        note(site, each)
    assert lines(site) == 2
    (found,) = looks(site)
    assert (found.from_ns, found.to_ns) == (earlier.from_ns, look.to_ns)


def test_looks_of_before_are_recalled_across_a_month_and_a_torn_line(site: Site) -> None:
    look = looked(site)
    note(site, look)
    site.clock.advance(31 * 86400 * NS_PER_S)
    other = looked(site)
    note(site, other)
    files = sorted(ledger(site).glob("*.jsonl"))
    assert len(files) == 2
    site.kill_keeper()
    with files[-1].open("ab") as file:
        file.write(b'{"by":"torn')
    site.start()
    note(site, look, other)
    assert lines(site) == 2
    site.check()


def test_only_the_newest_lines_are_recalled(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the part that is read begins within a line, that line is passed over."""
    note(site, *[looked(site) for _ in range(8)])
    newest = looked(site)
    note(site, newest)
    site.kill_keeper()
    monkeypatch.setattr("watchglass.recording.peoplewriter._RECALLED_BYTES", 600)
    site.start()
    note(site, newest)
    assert lines(site) == 9


def test_what_is_told_long_after_takes_nothing_back(site: Site) -> None:
    look = looked(site, kind=LookKind.PLAYBACK)
    longer = replace(look, to_ns=(look.to_ns or 0) + NS_PER_S)
    note(site, longer)
    site.clock.advance(16 * 60 * NS_PER_S)
    note(site, looked(site))
    note(site, look)  # forgotten meanwhile, so the ledger has it after what is newer
    assert lines(site) == 3
    (found, _) = looks(site)
    assert (found.from_ns, found.to_ns) == (longer.from_ns, longer.to_ns)
    site.check()


@pytest.mark.full
def test_a_keeper_does_not_remember_every_look(site: Site) -> None:
    def batch() -> None:
        note(site, *(looked(site) for _ in range(50)))
        site.clock.advance(60 * NS_PER_S)

    def held() -> int:
        gc.collect()
        return sys.getallocatedblocks()

    for _ in range(20):
        batch()
    began = held()
    for _ in range(60):  # an hour, 3,000 looks
        batch()
    assert held() - began < 1500


def test_a_wall_of_tiles_is_one_sync_and_one_text(tmp_path: Path) -> None:
    disk = CountingDisk()
    site = Site(tmp_path, disk=disk)
    site.start()
    site.add_camera()
    site.cycle()
    before, texts = disk.state_syncs, len(list(ledger(site).glob("texts/*")))
    note(site, *[looked(site) for _ in range(32)])
    assert disk.state_syncs == before + 1
    assert len(list(ledger(site).glob("texts/*"))) == texts + 1
    assert lines(site) == 32


def test_what_only_the_site_is_told_is_synced_before_it_is_acknowledged(tmp_path: Path) -> None:
    disk = CountingDisk()
    site = Site(tmp_path, disk=disk)
    site.start()
    camera = site.add_camera()
    site.cycle()
    before = disk.state_syncs
    assert site.order(NoteClip(camera, MAIN, 0, 1, "anna", "why")) == ""
    assert disk.state_syncs == before + 1


def test_names_are_committed_to_anew_each_day(site: Site) -> None:
    for _ in range(2):
        note(site, looked(site))
        note(site, looked(site))
        site.clock.advance(86400 * NS_PER_S)
    first, same, next_day, _ = [each.by for each in looks(site)]
    assert first == same != next_day


def test_a_look_at_a_camera_that_nobody_knows_is_noted(site: Site) -> None:
    stray = replace(looked(site), camera=CameraId("f" * 32))
    note(site, stray, looked(site))
    assert [each.camera for each in looks(site)] == ["f" * 32, site.cameras[0]]


def test_looks_since(site: Site) -> None:
    live = looked(site)
    note(site, live, looked(site))
    site.clock.advance(60 * NS_PER_S)
    since_ns = site.clock.wall_ns()
    assert looks(site, since_ns) == []
    note(site, replace(live, to_ns=since_ns))
    assert [each.id for each in looks(site, since_ns)] == [live.id]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"how":"live"', b'"how":"seen"'), (b'"from":"', b'"from":"x'), (b'"look":', b'"book":')],
)
def test_a_line_that_tells_of_no_look(site: Site, old: bytes, new: bytes) -> None:
    note(site, looked(site))
    (file,) = ledger(site).glob("*.jsonl")
    raw = next(line for line in file.read_bytes().splitlines() if b'"looked"' in line)
    assert noted_look(parse_line(raw)).kind is LookKind.LIVE
    with pytest.raises(DamagedError):
        noted_look(parse_line(raw.replace(old, new)))
