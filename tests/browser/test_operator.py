"""The operator's day: layouts, playing in step, bookmarks and clips, with a real recorder."""

import re
import statistics
import time
from pathlib import Path

import av
import pytest
from playwright.sync_api import expect

from benches._browser import Watcher
from tests.browser.conftest import AXE, NAMES, Bed, Visiting
from tests.browser.screens import on_phone
from tests.browser.visitor import Visitor
from watchglass.model.look import LookKind
from watchglass.recording.people import noted_looks

pytestmark = pytest.mark.full
ANALYSIS = False

LOOP_MS = 4000.0


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


def test_a_layout_is_made_kept_and_shared(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.context.add_init_script(path=AXE)
    guard.sign_in()
    guard.plays("Street")
    guard.press("a")
    guard.button("New layout").click()
    guard.button("2 × 2").click()
    assert guard.unreadable() == []
    grip = re.compile(r"^Yard: column 2, row 1")
    expect(guard.page.get_by_role("button", name=grip)).to_be_visible()
    # By mouse: on another it changes places with it.
    at, to = (
        guard.page.get_by_role("button", name=re.compile(f"^{name}: column"))
        for name in ("Yard", "Lane")
    )
    at.drag_to(to)
    expect(
        guard.page.get_by_role("button", name=re.compile("^Yard: column 2, row 2"))
    ).to_be_visible()
    # By keyboard: off, on again, moved, larger.
    guard.page.get_by_role("button", name=re.compile("^Gate: column")).focus()
    guard.press("Delete")
    guard.page.get_by_label("Columns").fill("3")
    guard.press("Tab")
    guard.page.get_by_role("button", name="Put Gate on the wall").click()
    guard.page.get_by_role("button", name=re.compile("^Street: column 1, row 1")).focus()
    guard.press("Shift+ArrowDown")
    expect(
        guard.page.get_by_role("button", name=re.compile("^Street: column 1, row 1, 1 by 2"))
    ).to_be_visible()
    guard.button("Save").click()
    expect(guard.page.get_by_role("alert")).to_have_text("Give it a name.")
    guard.page.get_by_label("Name of the layout").fill("<i>Night</i> round")
    guard.page.get_by_label("For everybody").check()
    guard.button("Save").click()
    name = "Layout: <i>Night</i> round"
    expect(guard.button(name)).to_be_visible()
    for camera in NAMES:
        guard.plays(camera)
    # Where it was, after a reload, and for whoever gets the link; on another screen it is alone.
    guard.page.reload()
    expect(guard.button(name)).to_be_visible()
    guard.plays("Yard")
    other = visiting(bed.url, 1280, 720)
    other.context.add_init_script(path=AXE)
    other.sign_in(guard.page.url.removeprefix(bed.url))
    expect(other.button(name)).to_be_visible()
    other.page.goto("about:blank")
    other.page.goto(guard.page.url + "&screen=1")
    other.plays("Lane")
    expect(other.page.get_by_role("navigation")).to_have_count(0)
    expect(other.timeline).to_have_count(0)
    assert other.unreadable() == []
    guard.button("Show Yard large").click()
    expect(guard.button("Pause recording of Yard")).to_have_count(1)
    guard.press("g")
    guard.press("a")
    guard.button("Change it").click()
    guard.button("Delete").click()
    expect(guard.button("Layout: all cameras")).to_be_visible()


@on_phone
def test_all_cameras_in_step(bed: Bed, visiting: Visiting, screen: dict[str, object]) -> None:
    guard = visiting(bed.url, **screen)
    guard.context.add_init_script(path=AXE)
    guard.sign_in()
    guard.plays("Street")
    guard.until(lambda: guard.recorded_ms() > 32_000, 60.0)
    guard.go_to("-25s")
    guard.plays("Street, recorded")
    guard.press("s")
    stepping = guard.page.locator("article.step")
    expect(stepping).to_have_count(4)
    for name in NAMES:
        expect(
            guard.page.locator(f"article.step[aria-label='{name}, recorded']")
        ).to_have_attribute("data-state", "showing")
    guard.press("k")
    drift = Drift(guard, list(NAMES))
    apart_ms = drift.standing()
    # Each shows the picture of the clock's moment: none is older than its own rate allows.
    assert apart_ms <= 250
    guard.press("l")
    guard.plays("Street, recorded")
    first, last = drift.playing(), drift.playing()
    assert abs(last - first) <= 120, (first, last)
    assert last <= 350
    guard.press("k")
    drift.standing()
    before_ms = drift.lead_ms()
    guard.press("ArrowRight")
    guard.until(lambda: 0 < drift.lead_ms() - before_ms < 500)
    guard.press("ArrowLeft")
    guard.until(lambda: abs(drift.lead_ms() - before_ms) < 1)
    assert guard.unreadable() == []
    other = visiting(bed.url, **screen)
    other.sign_in(guard.page.url.removeprefix(bed.url))
    expect(other.page.locator("article.step")).to_have_count(4)
    guard.button("Back to live").click()
    expect(stepping).to_have_count(0)


def test_a_moment_is_marked_and_found_again(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.context.add_init_script(path=AXE)
    guard.sign_in()
    guard.plays("Street")
    guard.go_to("-7s")
    guard.plays("Street, recorded")
    guard.press("k")
    marked_ms = guard.settled_ms()
    guard.press("b")
    dialog = guard.page.get_by_role("dialog", name="Bookmark")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_contain_text("Write what there is to see.")
    text = "<img src=x onerror=alert(1)> a van"
    dialog.get_by_label("What is there to see?").fill(text)
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    guard.press("End")
    expect(guard.past).to_have_count(0)
    # Back over what was marked since, by its key.
    guard.press("p")
    guard.until(lambda: abs(guard.at_ms() - marked_ms) < 1500)
    guard.press("k")
    guard.button("Bookmarks as a list").click()
    marks = guard.page.get_by_role("region", name="Bookmarks")
    expect(marks.get_by_role("listitem")).to_contain_text([text])
    assert guard.page.locator("img[src=x]").count() == 0
    assert guard.unreadable() == []
    marks.get_by_role("button", name=re.compile("^Delete")).click()
    expect(marks).to_contain_text("No bookmark in the last 90 days.")
    guard.button("Copy a link to this").click()
    expect(guard.page.get_by_text(re.compile("Link copied|The link is in"))).to_be_visible()


def test_the_last_half_minute_without_leaving_the_wall(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.sign_in()
    guard.plays("Yard")
    guard.button("Show Yard large").focus()
    guard.press("r")
    replay = guard.page.get_by_role("article", name="Yard, half a minute ago")
    expect(replay).to_contain_text("Not live")
    guard.until(lambda: float(replay.get_attribute("data-at-ms") or 0) > 0)
    assert float(replay.get_attribute("data-at-ms") or 0) < (time.time() - 3) * 1000
    guard.plays("Street")
    expect(guard.tile("Street")).to_be_visible()
    replay.get_by_role("button", name="Live").click()
    guard.plays("Yard")
    # The wall walks by itself, until somebody touches it.
    guard.press("a")
    guard.page.get_by_label("Every").select_option("5 s")
    guard.button("Each camera large").click()
    expect(guard.button("Pause recording of Street")).to_have_count(1)
    expect(guard.button("Pause recording of Yard")).to_have_count(1)
    guard.press("Shift")
    expect(guard.button("Go on")).to_be_visible()
    guard.button("Stop the carousel").click()
    expect(guard.button("Stop the carousel")).to_have_count(0)


class Drift:
    """How far the cameras of a wall are apart, by the frame numbers in their pictures.

    What time each number is of is read while all of them stand, from what the page says of the
    picture; from then on the picture alone counts.
    """

    def __init__(self, guard: Visitor, names: list[str]) -> None:
        self.guard = guard
        self.names = names
        self._watcher = Watcher(guard.page, guard.url)
        self._known: dict[str, tuple[int, float]] = {}

    def _article(self, name: str) -> str:
        return f"article.step[aria-label='{name}, recorded']"

    def _number(self, name: str) -> tuple[int, float]:
        found = self._watcher.number(f"{self._article(name)} video")
        assert found is not None, name
        return found

    def _fps(self, name: str) -> int:
        width = self.guard.page.locator(f"{self._article(name)} video").evaluate(
            "it => it.videoWidth"
        )
        return 10 if width == 640 else 5

    def at_ms(self, name: str) -> float:
        return float(self.guard.page.locator(self._article(name)).get_attribute("data-at-ms") or 0)

    def lead_ms(self) -> float:
        return self.at_ms(self.names[0])

    def standing(self) -> float:
        """While they stand, ms from the oldest picture to the newest."""
        times: list[float] = []

        def stands() -> bool:
            before = list(times)
            times[:] = [self.at_ms(name) for name in self.names]
            return bool(before) and before == times

        self.guard.until(stands)
        self.guard.page.wait_for_timeout(300)
        for name in self.names:
            self._known[name] = self._number(name)[0], self.at_ms(name)
        return max(times) - min(times)

    def playing(self) -> float:
        """While they play, the median of that over some moments."""
        found = []
        for _ in range(8):
            behind = []
            for name in self.names:
                number, seen_s = self._number(name)
                known, known_ms = self._known[name]
                behind.append(known_ms + (number - known) * 1000 / self._fps(name) - seen_s * 1000)
            # The cameras show a loop again and again, and its numbers with it.
            off = [(each - behind[0] + LOOP_MS / 2) % LOOP_MS - LOOP_MS / 2 for each in behind]
            found.append(max(off) - min(off))
            self.guard.page.wait_for_timeout(150)
        return statistics.median(found)
