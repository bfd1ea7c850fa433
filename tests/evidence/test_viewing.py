"""Copies for browsers in bundles of H.265 and Motion JPEG: marked, and no part of what is
proved."""

import json
import zipfile
from contextlib import closing
from pathlib import Path

import av
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.chromium import CHROMIUM, NONE
from tests.evidence.site_making import ExportedSite
from tests.evidence.test_desk import Bed, made
from tests.evidence.test_in_browser_script import NODE, by_file, by_script
from tests.recording.stream_making import pictures
from watchglass.app.evidence.viewing import ViewingCopies
from watchglass.base.clock import NS_PER_S
from watchglass.base.fence import FenceMode
from watchglass.evidence.page.pages import player_page
from watchglass.evidence.verify import check_bundle, verdict
from watchglass.model.stream import VideoCodec

pytestmark = pytest.mark.full


@pytest.fixture(scope="module", params=[VideoCodec.H265, VideoCodec.MJPEG])
def codec(request: pytest.FixtureRequest) -> VideoCodec:
    found: VideoCodec = request.param
    return found


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, codec: VideoCodec) -> Path:
    site = ExportedSite(tmp_path_factory.mktemp("viewing"))
    site._pictures = pictures(192, 144, codec)
    start = site.now_ns
    site.record(8)
    site.gap(5)
    with closing(ViewingCopies("warning", FenceMode.AUTO, json=False)) as viewing:
        made = site.export(start + NS_PER_S, start + 7 * NS_PER_S, "case", viewing=viewing)
    return made.path


def media(bundle: Path) -> list[dict[str, str]]:
    manifest = json.loads((bundle / "manifest.json").read_text())
    found: list[dict[str, str]] = manifest["cameras"][0]["media"]
    return found


def test_each_recording_has_one_with_the_same_pictures(bundle: Path, codec: VideoCodec) -> None:
    assert len(media(bundle)) >= 2
    own = "hevc" if codec is VideoCodec.H265 else "mjpeg"
    for each in media(bundle):
        assert each["codec"] == codec.value
        times = []
        for path, codec_name in ((each["path"], own), (each["viewing"], "h264")):
            with av.open(str(bundle / path)) as given:
                stream = given.streams.video[0]
                assert stream.codec_context.name in (codec_name, "vp9")
                found = [float(frame.time or 0) for frame in given.decode(video=0)]
                times.append([round(at - found[0], 3) for at in found])
        assert times[0] == times[1]
        assert times[1]
        assert not list(bundle.rglob(".*"))


def test_it_verifies_and_says_that_they_are_no_evidence(bundle: Path) -> None:
    check = check_bundle(str(bundle))
    assert (verdict(check)["intact"], verdict(check)["complete"]) == ("yes", "yes"), check.findings
    assert any("no evidence" in note for note in check.notes)
    assert "no evidence" in (bundle / "report.html").read_text()
    if NODE.exists():
        (told,) = by_script([bundle])
        assert {each: told[each] for each in by_file(bundle)} == by_file(bundle)


def test_the_player_takes_the_copy_and_says_so(bundle: Path) -> None:
    page = (bundle / "player.html").read_text()
    assert page.encode() == player_page(json.loads((bundle / "manifest.json").read_text()))
    assert all(each["viewing"] in page for each in media(bundle))


def test_the_process_of_the_page_has_them_made_too(tmp_path: Path) -> None:
    """It is fenced, and may start no process then."""
    bed = Bed(tmp_path, pictures(192, 144, VideoCodec.H265))
    try:
        done = made(bed, bed.ask())
        with zipfile.ZipFile(bed.site.on.layout.exports / done.file) as archive:
            names = [each.split("/", 1)[1] for each in archive.namelist()]
        copied = {each.removeprefix("media/") for each in names if each.startswith("media/")}
        assert copied
        assert {each.removeprefix("viewing/") for each in names if each[:8] == "viewing/"} == copied
    finally:
        bed.close()


@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_one_that_was_changed_is_told(bundle: Path, how: str) -> None:
    path = bundle / media(bundle)[0]["viewing"]
    data = path.read_bytes()
    try:
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1])) if how == "flipped" else path.unlink()
        assert verdict(check_bundle(str(bundle)))["intact"] == "no"
    finally:
        path.write_bytes(data)


def test_without_pictures_that_can_be_decoded_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    with closing(ViewingCopies("error", FenceMode.AUTO, json=False)) as viewing:
        assert not viewing.make(tmp_path, tmp_path / "a.mp4", tmp_path / "work" / "copy.mp4")
        viewing._task.kill()
        assert not viewing.make(tmp_path, tmp_path / "a.mp4", tmp_path / "work" / "copy.mp4")


@pytest.mark.skipif(not CHROMIUM.exists(), reason=NONE)
def test_the_player_plays_it_in_a_browser_from_the_folder(bundle: Path, tmp_path: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        page = browser.new_page(viewport={"width": 700, "height": 800})
        page.context.set_offline(True)
        page.goto((bundle / "player.html").as_uri())
        page.get_by_role("button", name="Play").click()
        moved = "v => !v.hidden && v.videoWidth === 192 && v.currentTime > 1"
        page.wait_for_function(f"() => ({moved})(document.querySelector('video'))")
        expect(page.get_by_text("Viewing copy: made anew")).to_be_visible()
        page.screenshot(path=str(tmp_path / "player.png"))
        # Into the next file: its copy begins at its own first picture.
        page.locator("#at").evaluate("e => { e.value = 800; e.dispatchEvent(new Event('input')) }")
        page.wait_for_function(
            "() => { const v = document.querySelector('video');"
            " return v.src.includes('viewing/') && v.readyState >= 2 && !v.seeking }"
        )
        browser.close()
