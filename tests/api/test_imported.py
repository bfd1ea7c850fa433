"""Imported footage on the timeline and as bytes: a layer of its own, and nothing of ours."""

from pathlib import Path

from tests.api.recorded import Recorded, running
from tests.evidence.site_making import ExportedSite
from tests.evidence.test_bundle import GOOD, checked
from tests.recording.keeper_making import Site
from watchglass.api.imported import MOST_PIECE_BYTES
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, HoldId, random_id
from watchglass.evidence.verify import as_text, verdict
from watchglass.model.footage import Footage, TimeFrom
from watchglass.model.order import EraseSpan, ImportFootage, SetHold
from watchglass.recording.footage import imported_path
from watchglass.recording.ledger import Ledger

DATA = bytes(range(256)) * (MOST_PIECE_BYTES // 256 + 2)


def bring(site: Site, camera: CameraId, from_ns: int, to_ns: int, id: str = "a" * 32) -> str:
    """What the keeper says to a file that lies on its volume."""
    path = imported_path(site.volume.path, camera, id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(DATA)
    footage = Footage(
        id=id, camera=camera, volume=site.volume.id, from_ns=from_ns, to_ns=to_ns,
        length=len(DATA), sha256="b" * 64, original=id + "0" * 32, time_from=TimeFrom.NAME,
        codec="h264",
    )  # fmt: skip
    return site.order(ImportFootage(footage, "old.mp4", "ann", "the move"))


def types(site: Site, camera: CameraId) -> list[str]:
    return [line.type for line in Ledger.read_lines(site.state / "ledger" / camera)]


def test_it_is_told_as_what_it_is_and_played(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "site")
    site, camera = recorded.site, recorded.camera
    recorded.record(8)
    began_ns, now_ns = recorded.began_ns, site.clock.wall_ns()
    with running(recorded) as (at, browser):
        asked = f"/api/v1/timeline?from_ms={(began_ns - 10**13) // 10**6}&to_ms={now_ns // 10**6}"
        (before,) = browser.json(asked)["cameras"]
        # Over what was recorded, and long before the camera was there.
        assert bring(site, camera, began_ns + NS_PER_S, began_ns + 3 * NS_PER_S) == ""
        assert bring(site, camera, began_ns - 9 * 10**12, began_ns - 8 * 10**12, "c" * 32) == ""
        (after,) = browser.json(asked)["cameras"]
        first, second = after.pop("imported")
        assert before.pop("imported") == []
        listed = f"/api/v1/cameras/{camera}/imported"
        assert browser.json(listed) == {"imported": [first, second], "more": False}
        later = browser.json(f"{listed}?after_ms={began_ns // 10**6}")
        assert later["imported"] == [second]
        assert after == before, "it counts nowhere as recorded, and replaces nothing"
        assert second["from_ms"] == (began_ns + NS_PER_S) // 10**6
        assert "not recorded by this system; unproven before" in first["sentence"]
        url = second["path"]
        assert browser.get(url).status_code == 400, "it is asked for piece by piece"
        data = b""
        while len(data) < len(DATA):
            answer = browser.get(url, headers={"Range": f"bytes={len(data)}-"})
            assert answer.status_code == 206
            assert answer.headers["content-range"].startswith(f"bytes {len(data)}-")
            data += answer.content
        assert data == DATA
        assert browser.get(url, headers={"Range": f"bytes={len(DATA)}-"}).status_code == 400
        assert browser.get(url.replace("a" * 32, "d" * 32)).status_code == 404
        assert at.of.masks is not None
        at.of.masks.draw(camera)
        refused = browser.get(url, headers={"Range": "bytes=0-"})
        assert (refused.status_code, refused.json()["code"]) == (403, "masked")
    (look, *_) = at.of.looks
    assert (look.camera, look.from_ns) == (camera, began_ns + NS_PER_S)
    recorded.close()


def test_it_goes_whole_where_an_erasure_touches_it(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    site.clock.advance(3600)
    now_ns = site.clock.wall_ns()
    span = now_ns - 600 * NS_PER_S, now_ns - 300 * NS_PER_S
    assert bring(site, camera, *span) == ""
    assert bring(site, camera, now_ns - 100 * NS_PER_S, now_ns - NS_PER_S, "c" * 32) == ""
    assert bring(site, camera, *span) == "", "told again, it leads to no second line"
    hold = HoldId(random_id())
    assert site.order(SetHold(camera, hold, span[0], span[0] + 1, "ann", "why")) == ""
    erase = EraseSpan(camera, random_id(), span[1] - 5, span[1] + 5, "ann", "bob", "asked for")
    assert "held" in site.order(erase), "what would go with it is held"
    other = now_ns - 50 * NS_PER_S
    erase = EraseSpan(camera, random_id(), other, other + 5, "ann", "bob", "asked for")
    assert site.order(erase) == ""
    for _ in range(3):
        site.cycle()
    with site.running.index.read() as index:
        assert [row.id for row in index.imports(camera)] == ["a" * 32]
    assert imported_path(site.volume.path, camera, "a" * 32).exists()
    assert not imported_path(site.volume.path, camera, "c" * 32).exists()
    assert "was erased" in bring(site, camera, other - 9, other + 9, "d" * 32)
    told = types(site, camera)
    assert told.index("import_deleted") < told.index("erasure_done")
    site.running.rebuild_index()
    with site.running.index.read() as index:
        assert "a" * 32 in [row.id for row in index.imports(camera)]
    site.check()


def test_a_bundle_names_it_and_does_not_prove_it(tmp_path: Path) -> None:
    site = ExportedSite(tmp_path)
    start = site.now_ns
    site.record(20)
    assert bring(site.site, site.camera, start + 5 * NS_PER_S, start + 9 * NS_PER_S) == ""
    site.record(5)
    check = checked(site.export(start, site.now_ns, "bundle"))
    assert verdict(check) == GOOD, as_text(check)
    (note,) = [each for each in check.notes if each.startswith("Imported footage")]
    assert "Not of this recorder, not in this bundle, unproven before" in note
    assert "cannot be told" in as_text(check).replace("\n", " ")
    later = checked(site.export(start + 10 * NS_PER_S, site.now_ns, "later"))
    assert not any("Imported" in each for each in later.notes)
