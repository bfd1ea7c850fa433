"""Evidence of a real recorder, by its commands; its pages opened from the folder in Chromium."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from benches._harness import RunningRecorder
from tests.app.running import call
from tests.chromium import CHROMIUM, NONE
from tests.golden.test_statement import FINGERPRINT, RECEIPT
from watchglass.simulate.process import Simulator, arguments

pytestmark = pytest.mark.full


@dataclass(frozen=True)
class Exported:
    """A bundle as a folder, and as a ZIP that was made after the recorder had ended."""

    folder: Path
    zip: Path
    fingerprint: str


@pytest.fixture(scope="module")
def exported() -> Iterator[Exported]:
    work = Path(tempfile.mkdtemp(prefix="wg-", dir="/tmp"))
    options = arguments(
        cameras=2, kind="a", width=640, height=360, fps=15, bit_rate=400_000, seconds=4,
        sub_width=160, sub_height=90, sub_bit_rate=100_000,
    )  # fmt: skip
    data = ("--data", str(work / "data"))
    try:
        with Simulator(*options) as simulator:
            recorder = RunningRecorder(
                work / "data", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false"
            )
            try:
                names = [camera.name for camera in simulator.urls]
                for camera in simulator.urls:
                    recorder.add(camera)
                time.sleep(20)
                made = call(
                    *data, "export", *names, "--from", "14 seconds ago", "-o",
                    str(work / "case"), "--reason", "case 17", "--json",
                )  # fmt: skip
                assert made.returncode == 0, made.stdout + made.stderr
            finally:
                recorder.stop()
        told = json.loads(made.stdout)
        zipped = call(
            *data, "export", names[0], "--from", told["from"], "--to", told["to"], "-o",
            str(work / "case.zip"), "--reason", "case 18", "--json",
        )  # fmt: skip
        assert zipped.returncode == 0, zipped.stdout + zipped.stderr
        yield Exported(work / "case", work / "case.zip", told["fingerprint"])
    finally:
        shutil.rmtree(work, ignore_errors=True)


@pytest.fixture
def page() -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip(NONE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        opened = browser.new_page(viewport={"width": 1100, "height": 900})
        # Offline: what is not in the folder is not there.
        opened.context.set_offline(True)
        opened.on("pageerror", lambda error: pytest.fail(str(error)))
        yield opened
        browser.close()


def test_both_pass_every_check(exported: Exported) -> None:
    for path in (exported.folder, exported.zip):
        told = call("verify", str(path), "--fingerprint", exported.fingerprint)
        assert told.returncode == 10, told.stdout + told.stderr
        for words in ("Intact: YES", "Complete: YES", "Placed in time: CANNOT TELL"):
            assert words in told.stdout


def test_without_a_reason_there_is_none(exported: Exported) -> None:
    data = ("--data", str(exported.folder.parent / "data"))
    made = call(
        *data, "export", "camera-1", "--from", "1 hour ago", "-o", str(exported.folder) + "2"
    )
    assert made.returncode == 2
    assert "reason" in made.stderr


def test_what_masks_hide_is_exported_only_if_said(exported: Exported) -> None:
    """And then the manifest and the log say so."""
    data = ("--data", str(exported.folder.parent / "data"))
    manifest = json.loads((exported.folder / "manifest.json").read_text())
    name, begins = manifest["cameras"][0]["name"], utc(int(manifest["from"]))
    masked = call(*data, "mask", "add", name, "window", "--polygon", "0,0 0.5,0 0.5,0.5 0,0.5")
    assert masked.returncode == 0, masked.stderr
    words = (
        *data, "export", name, "--from", begins, "--reason", "case 19",
        "-o", str(exported.folder) + "-masked", "--to", utc(int(manifest["to"])),
    )  # fmt: skip
    refused = call(*words)
    assert refused.returncode == 6
    assert "--unmask" in refused.stderr
    made = call(*words, "--unmask")
    assert made.returncode == 0, made.stderr
    told = json.loads((exported.folder.parent / "case-masked" / "manifest.json").read_text())
    assert told["cameras"][0]["unmasked"] is True
    page = (exported.folder.parent / "case-masked" / "report.html").read_text()
    assert "They are not hidden here" in page
    assert "without masks" in page


def utc(ns: int) -> str:
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_browser_checks_it(exported: Exported, page: Page) -> None:
    page.goto((exported.folder / "verify.html").as_uri())
    page.locator("#folder").set_input_files(exported.folder)
    page.locator("#fingerprint").fill(exported.fingerprint)
    page.get_by_role("button", name="Check").click()
    rows = page.locator("#lines tr")
    expect(rows).to_have_count(4, timeout=60_000)
    assert [row.locator("td").first.inner_text() for row in rows.all()] == [
        "Yes", "Yes", "Cannot tell", "Yes",
    ]  # fmt: skip


def test_the_browser_checks_a_zip_that_was_changed(exported: Exported, page: Page) -> None:
    spoilt = exported.zip.with_name("spoilt.zip")
    data = bytearray(exported.zip.read_bytes())
    data[len(data) // 2] ^= 1
    spoilt.write_bytes(data)
    page.goto((exported.folder / "verify.html").as_uri())
    page.locator("#zip").set_input_files(spoilt)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#lines tr").first.locator("td").first).to_have_text("No", timeout=60_000)


def test_the_browser_checks_a_receipt(exported: Exported, page: Page) -> None:
    page.goto((exported.folder / "verify.html").as_uri())
    page.locator("#statement").set_input_files(RECEIPT)
    page.locator("#fingerprint").fill(FINGERPRINT)
    page.get_by_role("button", name="Check").click()
    answers = page.locator("#lines tr td:nth-child(2)")
    expect(answers).to_have_text(["Yes", "Yes"])
    expect(page.locator("#notes")).to_contain_text("under a signed head")
    page.locator("#folder").set_input_files(exported.folder)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#state")).to_contain_text("one of the three")


def test_the_player_plays_from_the_folder(exported: Exported, page: Page) -> None:
    page.goto((exported.folder / "player.html").as_uri())
    page.wait_for_function(
        "[...document.querySelectorAll('video')].every((v) => v.readyState >= 2)"
    )
    page.evaluate("document.getElementById('at').value = 500")
    page.evaluate("document.getElementById('at').dispatchEvent(new Event('input'))")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(2500)
    drift = page.evaluate(
        "tiles.map((t) => t.video.currentTime - ((now - t.file.from) / 1000 + t.base()))"
    )
    shown = page.evaluate("tiles.map((t) => t.video.getVideoPlaybackQuality().totalVideoFrames)")
    assert len(drift) == 2
    assert all(abs(each) < 1 for each in drift), drift
    assert all(each > 10 for each in shown), shown


def test_the_report_says_what_is_not_there(exported: Exported, page: Page) -> None:
    page.goto((exported.folder / "report.html").as_uri())
    text = page.locator("body").inner_text()
    for words in (
        "case 17",
        exported.fingerprint,
        "What is not in this bundle",
        "10 min 0 s before",
    ):
        assert words in text


def test_its_pages_fit_a_phone(exported: Exported, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("report", "player", "verify"):
        page.goto((exported.folder / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
