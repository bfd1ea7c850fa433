"""The operator's day: layouts, playing in step, bookmarks and clips, with a real recorder."""

from pathlib import Path

import av
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Bed, Visiting
from watchglass.model.look import LookKind
from watchglass.recording.people import noted_looks

pytestmark = pytest.mark.full


def test_a_clip_is_marked_and_downloaded(bed: Bed, visiting: Visiting, tmp_path: Path) -> None:
    guard = visiting(bed.url)
    guard.sign_in()
    guard.plays("Street")
    guard.go_to("-8s")
    guard.plays("Street, recorded")
    guard.press("k", "i")
    expect(guard.button("A clip begins here")).to_have_attribute("aria-pressed", "true")
    marked_ms = guard.settled_ms()
    guard.press("l")
    guard.until(lambda: guard.at_ms() - marked_ms > 2500)
    guard.press("k", "o", "c")
    dialog = guard.page.get_by_role("dialog", name="Clip of Street")
    expect(dialog.get_by_text("proves nothing by itself")).to_be_visible()
    with guard.page.expect_download() as downloading:
        dialog.get_by_role("button", name="Download").click()
    expect(dialog.get_by_text("Downloaded whole.")).to_be_visible()
    saved = tmp_path / "clip.mp4"
    downloading.value.save_as(saved)
    assert downloading.value.suggested_filename.startswith("Street 20")
    with av.open(str(saved), "r") as file:
        pictures = len(list(file.decode(video=0)))
        assert file.duration is not None
        assert 2.0 <= file.duration / 1e6 <= 12
    assert pictures >= 20
    looks = noted_looks(bed.recorder.layout.ledgers / "site", 0)
    (noted,) = [look for look in looks if look.kind is LookKind.CLIP]
    assert noted.from_ns <= marked_ms * 1e6
    guard.page.keyboard.press("Escape")
    guard.button("Clear the marks").click()
    expect(guard.button("A clip begins here")).to_have_attribute("aria-pressed", "false")
