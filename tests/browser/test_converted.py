"""What Chromium has no decoder for moves all the same: made anew by the recorder's media-worker."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.across_page import LIVE, Watcher
from tests.browser.conftest import AXE, Bed, Visiting, set_up
from tests.browser.visitor import Visitor
from watchglass.simulate.process import Simulator, arguments

pytestmark = pytest.mark.full

PLAIN_LINE = "Converted picture: this browser cannot play"


@pytest.fixture(scope="module")
def converting(chromium: Browser) -> Iterator[Bed]:
    """A recorder with an H.265 camera, and one of Motion JPEG alone."""
    size = {
        "width": 640, "height": 360, "fps": 10, "bit_rate": 500_000, "seconds": 20,
        "sub_width": 320, "sub_height": 180, "sub_fps": 5, "sub_bit_rate": 100_000,
    }  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="wg-", dir="/tmp"))
    with (
        Simulator(*arguments(cameras=1, kind="c", no_sound=True, **size)) as modern,
        Simulator(*arguments(cameras=1, kind="mjpeg", no_sound=True, **size)) as old,
    ):
        bed = Bed(folder, [*modern.urls, *old.urls], analysis=False)
        try:
            bed.add("Drive")
            bed.add("Attic")
            with chromium.new_context() as context:
                owner = Visitor(context, bed.url)
                set_up(owner, bed.link)
            yield bed
        finally:
            bed.recorder.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def watcher(converting: Bed, visiting: Visiting) -> Watcher:
    visitor = visiting(converting.url)
    visitor.may_be_refused = True
    found = Watcher(visitor.page, converting.url.rstrip("/"))
    visitor.sign_in()
    return found


def test_h265_and_mjpeg_move_live(watcher: Watcher, converting: Bed) -> None:
    for name, codec, fps in (("Drive", "H.265", 10), ("Attic", "Motion JPEG", 5)):
        if watcher.page.get_attribute(".tile.large", "aria-label") != name:
            watcher.page.get_by_role("button", name=f"Show {name} large").click()
        watcher.until(lambda: watcher.number(LIVE) is not None)
        watcher.page.wait_for_timeout(3000)  # until one connection has taken over from another
        watcher.log(LIVE)
        seen = watcher.until(lambda: one if len(one := watcher.logged()) > 20 else [])
        numbers = [each.number for each in seen if each.number is not None]
        # Of a loop of 20 s; on a busy machine some are left out, and none comes twice.
        steps = [(two - one) % (20 * fps) for one, two in pairwise(numbers)]
        assert len(numbers) > 15
        backwards = 10 * fps  # half a loop
        assert all(0 < step < backwards for step in steps), str(numbers)
        assert f"{PLAIN_LINE} {codec}. The recording is the original" in watcher.text(".tile.large")


def test_a_dying_media_worker_is_got_over(watcher: Watcher, converting: Bed) -> None:
    watcher.until(lambda: watcher.number(LIVE) is not None)
    os.kill(converting.recorder.processes()["media-worker"].pid, signal.SIGKILL)
    watcher.page.wait_for_timeout(500)
    watcher.log(LIVE)
    watcher.until(lambda: len(watcher.logged()) > 10, 60)
    watcher.until(lambda: PLAIN_LINE in watcher.text(".tile.large"), 60)


def test_a_masked_camera_is_masked_and_seen_by_who_says_why(
    converting: Bed, visiting: Visiting
) -> None:
    """Drawn by keyboard on a small screen; the right half of the number is under it."""
    visitor = visiting(converting.url, 390, 844, reduced_motion="reduce")
    visitor.may_be_refused = True
    if AXE.is_file():
        visitor.context.add_init_script(path=AXE)
    watcher = Watcher(visitor.page, converting.url.rstrip("/"))
    visitor.sign_in()
    page = visitor.page
    watcher.until(lambda: watcher.number(LIVE) is not None)
    page.get_by_role("button", name="Masks of").click()
    page.get_by_role("button", name="Draw a mask").click()
    for corner, keys in (("Corner 2", "ArrowRight"), ("Corner 3", "ArrowRight")):
        page.get_by_role("button", name=corner).focus()
        for _ in range(8):
            page.keyboard.press(f"Shift+{keys}")
    for corner in ("Corner 1", "Corner 2"):
        page.get_by_role("button", name=corner).focus()
        for _ in range(8):
            page.keyboard.press("Shift+ArrowUp")
    page.get_by_label("What it hides").fill("street")
    assert not AXE.is_file() or visitor.unreadable() == []
    page.get_by_role("button", name="Hide this part").click()
    watcher.until(lambda: "all footage" in page.inner_text("dialog"))
    assert not AXE.is_file() or visitor.unreadable() == []
    page.keyboard.press("Escape")
    masked = "Masked: parts of this picture are hidden"
    watcher.until(lambda: masked in watcher.text(".tile.large"))
    watcher.until(lambda: watcher.number(LIVE) is None and _moves(watcher))
    page.get_by_role("button", name="without its masks").click()
    page.get_by_label("Reason").fill("a theft at noon")
    page.get_by_role("button", name="Show without masks").click()
    watcher.until(lambda: masked not in watcher.text(".tile.large"))
    watcher.until(lambda: watcher.number(LIVE) is not None)
    page.get_by_role("button", name="Hide again").click()
    watcher.until(lambda: masked in watcher.text(".tile.large"))
    watcher.until(lambda: watcher.number(LIVE) is None and _moves(watcher))


def _moves(watcher: Watcher) -> bool:
    script = "document.querySelector('.tile.large video').currentTime"
    before = watcher.page.evaluate(script)
    watcher.page.wait_for_timeout(400)
    return bool(watcher.page.evaluate(script) > before > 0)
