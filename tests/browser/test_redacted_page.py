"""A redacted copy on the page: asked for, looked at, corrected, reviewed, written and fetched."""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import AXE, Bed, Visiting, readable
from tests.browser.screens import PHONE, WIDE
from tests.browser.visitor import Visitor
from watchglass.analytics.hiding import Linker, found_of
from watchglass.model.detection import Box, Detection, ObjectClass
from watchglass.model.look import LookKind
from watchglass.model.redaction import COPY, FOUND, Found
from watchglass.recording.people import noted_looks

pytestmark = pytest.mark.full

ANALYSIS = False
"""Without it, and without a model, all is hidden whole until somebody clears it."""
READY_MS = 60_000


def seen(visitor: Visitor, name: str) -> None:
    """axe finds nothing; with WATCHGLASS_SCREENS the picture is kept, to be looked at."""
    readable(visitor)
    if folder := os.environ.get("WATCHGLASS_SCREENS"):
        visitor.page.screenshot(path=Path(folder) / f"{name}.png")


def arrive(visitor: Visitor) -> None:
    visitor.context.add_init_script(path=AXE)
    visitor.sign_in()
    visitor.plays("Street")
    visitor.go_to_place("Evidence")


def drag(stage: Locator, begin: tuple[float, float], end: tuple[float, float]) -> None:
    box = stage.bounding_box()
    assert box is not None
    (x0, y0), (x1, y1) = (
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (begin, end)
    )
    mouse = stage.page.mouse
    mouse.move(x0, y0)
    mouse.down()
    mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
    mouse.move(x1, y1)
    mouse.up()


def test_somebody_makes_one_and_it_hides_what_they_drew(
    bed: Bed, visiting: Visiting, tmp_path: Path
) -> None:
    guard = visiting(bed.url, **WIDE)
    arrive(guard)
    page = guard.page
    guard.button("New redacted copy").click()
    dialog = page.get_by_role("dialog", name="New redacted copy")
    dialog.get_by_label("Camera").select_option(label="Yard")
    dialog.get_by_label("From").fill("-8s")
    dialog.get_by_label("To").fill("-4s")
    dialog.get_by_role("button", name="Look at each picture").click()
    expect(dialog.get_by_text("Write why")).to_be_visible()
    seen(guard, "redacted-dialog")
    dialog.get_by_label("Reason").fill("request 17")
    dialog.get_by_role("button", name="Look at each picture").click()
    expect(guard.headline).to_have_text("Redacted copy of Yard")
    status = page.get_by_role("region", name="The copy").get_by_role("status").first
    expect(status).to_contain_text("all of it is hidden whole", timeout=READY_MS)
    question = page.get_by_role("region", name=re.compile("^Question 1 of"))
    expect(question).to_contain_text("There is no model here")
    stage = page.get_by_role("group", name="Picture to look at")
    expect(stage.get_by_role("img")).to_be_visible()
    expect(stage.locator("rect.all")).to_have_count(1)
    seen(guard, "redacted-whole")
    # All of it is shown, but for a box over the first second.
    page.get_by_role("button", name=re.compile("^Show all")).click()
    expect(stage.locator("rect.all")).to_have_count(0)
    keep_all(guard)
    expect(status).to_contain_text("visible, 0 are hidden, no picture is hidden whole")
    expect(stage.locator("rect.hidden")).to_have_count(0)
    page.get_by_role("slider", name="Picture").fill("0")
    expect(stage.get_by_role("img")).to_have_attribute("alt", re.compile("^Picture 1 of"))
    guard.button("Draw a box").click()
    drag(stage, (0.25, 0.25), (0.5, 0.75))
    page.get_by_label("How far").select_option(label="for 1 s")
    seen(guard, "redacted-drawing")
    guard.button("Hide this box").click()
    expect(stage.locator("rect.drawn")).to_have_count(1)
    slider = page.get_by_role("slider", name="Picture")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^11 of"))
    expect(stage.get_by_role("img")).to_have_attribute("alt", re.compile("^Picture 11 of"))
    expect(stage.locator("rect.drawn")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(stage.locator("rect.drawn")).to_have_count(1)
    # What is undone does not count.
    guard.button("Hide all of it").click()
    expect(status).to_contain_text("hidden whole")
    page.get_by_role("button", name=re.compile("^Undo the last: Hidden whole")).click()
    expect(status).to_contain_text("no picture is hidden whole")
    guard.button("I have looked at it").click()
    seen(guard, "redacted-looked")
    guard.button("Write the copy").click()
    link = page.get_by_role("link", name="Download the copy")
    expect(link).to_be_visible(timeout=READY_MS)
    seen(guard, "redacted-written")
    copy, statement = tmp_path / "redacted.mp4", tmp_path / "statement.json"
    for each, saved in (
        (link, copy),
        (page.get_by_role("link", name="Statement, to check"), statement),
    ):
        with page.expect_download() as downloading:
            each.click()
        downloading.value.save_as(saved)
    assert hashlib.sha256(copy.read_bytes()).hexdigest() in statement.read_text()
    spread = spreads(copy)
    assert max(spread[:10]) < 3 < min(spread[10:]), spread
    looks = noted_looks(bed.recorder.layout.ledgers / "site", 0)
    noted = [look for look in looks if look.kind is LookKind.REDACTED]
    assert len(noted) == 3  # asked for, written, fetched
    page.get_by_role("main").get_by_role("button", name="Evidence").click()
    row = page.get_by_role("listitem").filter(has_text="request 17")
    expect(row).to_contain_text("ready")
    seen(guard, "redacted-list")
    row.get_by_role("button", name=re.compile("^Open")).click()
    guard.button("Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it here").click()
    expect(page.get_by_text("None yet. A redacted copy is")).to_be_visible()
    assert not list(bed.data.glob(f"**/{COPY}"))


def keep_all(visitor: Visitor) -> None:
    """What moves is found without a model, too: all of it stays."""
    visitor.page.evaluate(
        """async () => {
          const url = `/api/v1/redactions/${/copy=([0-9a-f]{32})/.exec(location.hash)[1]}`;
          const {tracks} = await (await fetch(`${url}/findings`)).json();
          for (const {number} of tracks) {
            const answer = await fetch(`${url}/corrections`, {
              method: "POST", headers: {"X-Watchglass": "1", "Content-Type": "application/json"},
              body: JSON.stringify({kind: "keep", number}),
            });
            if (!answer.ok) throw new Error(await answer.text());
          }
        }"""
    )
    visitor.page.reload()


def spreads(copy: Path) -> list[float]:
    """How much there is to see in the box that was drawn, of each picture."""
    with av.open(str(copy)) as opened:
        pictures = [frame.to_ndarray(format="gray") for frame in opened.decode(video=0)]
    height, width = pictures[0].shape
    rows, columns = (
        slice(height * 3 // 10, height * 7 // 10),
        slice(width * 3 // 10, width * 9 // 20),
    )
    return [float(np.std(picture[rows, columns])) for picture in pictures]


def test_somebody_is_led_through_what_was_found(bed: Bed, visiting: Visiting) -> None:
    """On a phone. What a model would have found is written beside the pictures that were looked at,
    as there is none here."""
    guard = visiting(bed.url, **PHONE)
    arrive(guard)
    page = guard.page
    asked = page.evaluate(
        """async () => {
          const {cameras} = await (await fetch("/api/v1/cameras")).json();
          const camera = cameras.find((each) => each.name === "Street").id;
          const now = Date.now();
          const answer = await fetch("/api/v1/redactions", {
            method: "POST", headers: {"X-Watchglass": "1", "Content-Type": "application/json"},
            body: JSON.stringify(
              {camera, from_ms: now - 10000, to_ms: now - 4000, reason: "request 18"}),
          });
          if (!answer.ok) throw new Error(await answer.text());
          return await answer.json();
        }"""
    )
    row = page.get_by_role("listitem").filter(has_text="request 18")
    expect(row).to_contain_text("waits for somebody to look at it", timeout=READY_MS)
    find(bed, asked)
    seen(guard, "redacted-list-phone")
    row.get_by_role("button", name=re.compile("^Open")).click()
    expect(guard.headline).to_have_text("Redacted copy of Street")
    summary = page.get_by_role("region", name="The copy").get_by_role("status").first
    expect(summary).to_have_text(re.compile("^0 stay visible, 2 are hidden"))
    question = page.get_by_role("region", name=re.compile("^Question"))
    expect(question).to_contain_text("Person 1 ends here, in the midst of the picture.")
    person = page.get_by_role("group", name="Person 0", exact=True)
    stage = page.get_by_role("group", name="Picture to look at")
    expect(stage.locator("rect.hidden.asked")).to_have_count(1)
    seen(guard, "redacted-question-phone")
    person.get_by_role("button", name="Stays visible").click()
    expect(summary).to_have_text(re.compile("^1 stays visible, 1 is hidden"))
    expect(stage.locator("rect.stays")).to_have_count(1)
    guard.button("Next question").click()
    expect(question).to_contain_text("may be anywhere here: all of it is hidden.")
    expect(stage.locator("rect.all")).to_have_count(1)
    page.get_by_label("As the copy will be").check()
    seen(guard, "redacted-lost-phone")
    person.get_by_role("button", name="Hidden").click()
    expect(summary).to_have_text(re.compile("^0 stay visible, 2 are hidden"))
    guard.button("Go through it").click()
    slider = page.get_by_role("slider", name="Picture")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^(\d+) of \1$"))
    expect(guard.button("Go through it")).to_be_visible()
    guard.button("I have looked at it").scroll_into_view_if_needed()
    seen(guard, "redacted-end-phone")


def find(bed: Bed, asked: dict[str, Any]) -> None:
    """One who walks through, and one who is lost in the midst of the picture after 3 s."""
    (path,) = bed.data.glob(f"**/{asked['id']}/{FOUND}")
    before = msgspec.json.decode(path.read_bytes(), type=Found)
    linker, pictures = Linker(), []
    count = len(before.pictures)
    for number, picture in enumerate(before.pictures):
        x = 0.05 + 0.5 * number / count
        there = [Detection(ObjectClass.PERSON, Box(x, 0.1, x + 0.1, 0.4), 0.9)]
        if number < 30:
            there.append(Detection(ObjectClass.PERSON, Box(0.7, 0.5, 0.8, 0.85), 0.7))
        seen = linker.see(picture.at_ns, there)
        pictures.append(msgspec.structs.replace(picture, boxes=seen, cause=None))
    found = found_of("m" * 64, (before.width, before.height), pictures, linker, 0)
    path.write_bytes(msgspec.json.encode(found))
