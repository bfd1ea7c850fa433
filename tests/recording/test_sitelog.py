"""The site's log, read from the newest back while it is written; and what is forgotten of it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.recording.keeper_making import Site
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, UsageError
from watchglass.base.ids import ActId, CameraId, LookId, random_id
from watchglass.model.act import Act, ActKind
from watchglass.model.look import Look, LookKind
from watchglass.model.order import Configure, NoteNames, NotePeople
from watchglass.model.stream import StreamName
from watchglass.recording import backwards
from watchglass.recording.backwards import lines_back, raw_lines_back
from watchglass.recording.check_ledger import read_ledger
from watchglass.recording.ledger import Ledger
from watchglass.recording.sitelog import LogEntry, SiteLog, Wanted, newest_head

DAY_NS = 24 * 3600 * NS_PER_S
ALL = Wanted()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.start()
    site.add_camera()
    return site


def folder(site: Site) -> Path:
    return site.state / "ledger" / "site"


def log(site: Site, wanted: Wanted = ALL) -> list[LogEntry]:
    return SiteLog(folder(site)).page(wanted, "", 500, 10_000).entries


def acted(site: Site, user: str, kind: ActKind, detail: str = "") -> None:
    act = Act(ActId(random_id()), user, kind, site.clock.wall_ns(), None, detail)
    assert site.order(NotePeople((act,))) == ""


def looked(site: Site, user: str, **more: object) -> Look:
    now_ns = site.clock.wall_ns()
    look = Look(
        LookId(random_id()), user, site.cameras[0], StreamName.MAIN, LookKind.LIVE, now_ns, None
    )
    look = replace(look, **more)
    assert site.order(NotePeople((look,))) == ""
    return look


@given(
    st.lists(st.binary(max_size=40).filter(lambda raw: b"\n" not in raw), max_size=30),
    st.binary(max_size=9).filter(lambda raw: b"\n" not in raw),
    st.integers(1, 50),
)
def test_lines_come_back_whatever_the_chunk(lines: list[bytes], tail: bytes, chunk: int) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(backwards, "_CHUNK_BYTES", chunk)
        file = Path(name) / "2026-02.jsonl"
        file.write_bytes(b"".join(line + b"\n" for line in lines) + tail)
        (Path(name) / "2026-01.jsonl").write_bytes(b"older\n")
        assert list(raw_lines_back(Path(name))) == [*reversed(lines), b"older"]


@given(st.lists(st.integers(1, 4), max_size=12), st.integers(0, 120), st.integers(1, 400))
def test_what_is_read_back_is_what_was_written(batches: list[int], cut: int, chunk: int) -> None:
    """Whatever is torn off the end, in the middle of a batch too, and from any place on."""
    clock = SimulatedClock()
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(backwards, "_CHUNK_BYTES", chunk)
        where = Path(name) / "site"
        ledger = Ledger.open(where, Disk(), clock, ledger="site")
        for size in batches:
            clock.advance(20 * DAY_NS)
            ledger.append_batch([("camera_enabled", {"camera": "c"})] * size)
        ledger.close()
        newest = max(where.glob("*.jsonl"))
        whole = newest.read_bytes()
        newest.write_bytes(whole[: max(0, len(whole) - cut)])
        forwards = [line.n for line in Ledger.read_lines(where)]
        back = list(lines_back(where))
        assert [line.n for _, line in back] == forwards[::-1]
        for at, (place, _) in enumerate(back):
            again = [line.n for _, line in lines_back(where, place)]
            assert again == forwards[::-1][at + 1 :]


@pytest.mark.parametrize("place", ["x", "2026-01", "2026-01:-1", "../2026-01:1", "2026-01:1e3"])
def test_no_place_is_refused(site: Site, place: str) -> None:
    with pytest.raises(UsageError, match="no place in the log"):
        list(lines_back(folder(site), place))


def test_a_damaged_line_is_named(site: Site) -> None:
    acted(site, "anna", ActKind.SEARCHED)
    (file,) = folder(site).glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], b"{}\n", *lines[2:]]))
    with pytest.raises(DamagedError, match=file.name):
        log(site)


def test_who_did_what_newest_first(site: Site) -> None:
    look = looked(site, "anna", unmasked=True, reason="a fall at the gate")
    acted(site, "", ActKind.SIGN_IN_FAILED, "from 192.0.2.7")
    assert site.order(NotePeople((replace(look, to_ns=look.from_ns + 5),))) == ""
    found = log(site)
    assert [each.what for each in found] == ["looked", "sign_in_failed", "camera_added"]
    first, second, third = found
    assert first.by is not None
    assert (first.by.text, first.unmasked, first.to_ns) == ("anna", True, look.from_ns + 5)
    assert first.reason is not None
    assert first.reason.text == "a fall at the gate"
    assert second.by is None
    assert second.reason is not None
    assert second.reason.text == "from 192.0.2.7"
    assert third.camera == site.cameras[0]


def test_wanted_alone(site: Site) -> None:
    looked(site, "anna")
    acted(site, "bert", ActKind.SEARCHED)
    acted(site, "anna", ActKind.SEARCHED)
    assert [each.what for each in log(site, Wanted(by="anna"))] == ["searched", "looked"]
    assert len(log(site, Wanted(what=frozenset({"searched"})))) == 2
    assert [each.what for each in log(site, Wanted(camera=site.cameras[0]))] == [
        "looked", "camera_added"
    ]  # fmt: skip
    assert log(site, Wanted(camera=CameraId("f" * 32))) == []
    assert log(site, Wanted(from_ns=site.clock.wall_ns() + 1)) == []
    assert log(site, Wanted(to_ns=0)) == []


def test_pages_lead_on_and_end(site: Site) -> None:
    for number in range(25):
        acted(site, f"user {number}", ActKind.SEARCHED)
    read = SiteLog(folder(site))
    whole = [each.n for each in log(site)]
    found: list[int] = []
    before, pages = "", 0
    while pages == 0 or before:
        page = read.page(ALL, before, 10, 7)
        found += [each.n for each in page.entries]
        before, pages = page.before, pages + 1
    assert found == whole
    rare = read.page(Wanted(by="nobody"), "", 10, 7)
    assert (rare.entries, bool(rare.before)) == ([], True)
    assert rare.reached_ns is not None


def test_names_are_forgotten_and_lines_stay(site: Site) -> None:
    looked(site, "anna", unmasked=True, reason="a fall at the gate")
    acted(site, "anna", ActKind.SEARCHED, "red car")
    assert site.order(NoteNames(48, "admin", "the works council")) == ""
    site.clock.advance(49 * 3600 * NS_PER_S)
    acted(site, "bert", ActKind.SEARCHED)
    assert {e.by.text for e in log(site) if e.by} >= {"anna", "bert"}, "nobody has said it yet"
    volumes = ((site.volume.id, str(site.volume.path)),)
    assert site.order(Configure((), volumes, names_h=48)) == ""
    site.cycle(lasts_s=3700)
    site.cycle(lasts_s=70)
    newest, *older = log(site)
    assert newest.by is not None
    assert newest.by.text == "bert"
    for each in older:
        assert each.by is None or (each.by.text is None and not each.by.damaged)
        assert each.reason is None or each.reason.text is None
    found = read_ledger(folder(site), "site")
    assert found.findings == []
    head = newest_head(folder(site))
    assert head is not None
    assert head.size == found.lines


def test_what_is_no_persons_stays(site: Site) -> None:
    """A camera's name and address are not forgotten: the ledger would not say what it was."""
    camera = site.state / "ledger" / site.cameras[0] / "texts"
    before = len(list(camera.glob("*.json")))
    assert site.order(Configure((), (), names_h=24)) == ""
    site.cycle(lasts_s=400 * 24 * 3600)
    site.cycle(lasts_s=3700)
    assert len(list(camera.glob("*.json"))) == before > 0
