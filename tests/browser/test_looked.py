"""How pictures are understood, in Chromium, with a real model and a simulated street: the gate of a
camera, looks at the past, and how fast the model is."""

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.app.running import json_of
from tests.browser.both_widths import asked, at_both_widths
from tests.browser.conftest import AXE, Bed, Visiting, set_up
from tests.browser.screens import DESK
from tests.browser.test_users import go
from tests.browser.visitor import Visitor
from watchglass.simulate.process import Simulator, arguments

pytestmark = [pytest.mark.full, pytest.mark.timeout(500)]

_MEASURED_MS = 120_000
"""A model is measured for ten seconds at the start, beside all that starts then."""
_PAST_MS = 20_000
_LOOKED_MS = 200_000
"""What is looked at again waits while there is something of now to look at."""


@pytest.fixture(scope="module")
def street(chromium: Browser, shared_dir: Path) -> Iterator[Bed]:
    """A recorder with a model, and one camera before which people walk."""
    folder = Path(tempfile.mkdtemp(prefix="wg-", dir="/tmp"))
    options = arguments(
        cameras=1, kind="a", width=640, height=360, fps=10, bit_rate=500_000, seconds=20,
        sub_width=320, sub_height=180, sub_fps=5, sub_bit_rate=100_000, no_sound=True,
    )  # fmt: skip
    with Simulator(*options) as simulator:
        bed = Bed(
            folder, simulator.urls, analysis=True,
            WATCHGLASS_MODELS_DIR=str(shared_dir / "models"),
        )  # fmt: skip
        try:
            bed.add("Street")
            with chromium.new_context() as context:
                owner = Visitor(context, bed.url)
                set_up(owner, bed.link)
            yield bed
        finally:
            bed.recorder.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def visit(street: Bed, visiting: Visiting) -> Visitor:
    visitor = visiting(street.url, **DESK, reduced_motion="reduce")
    visitor.page.add_init_script(path=AXE)
    visitor.sign_in()
    return visitor


@pytest.fixture
def camera(visit: Visitor) -> str:
    (only,) = asked(visit, "cameras")["cameras"]
    return str(only["id"])


def test_the_system_tells_the_model_and_how_fast_it_is(visit: Visitor, street: Bed) -> None:
    go(visit, "system")
    model = visit.page.get_by_role("region", name="What names things")
    expect(model).to_contain_text(re.compile(r"yolox|nanodet"), timeout=_MEASURED_MS)
    expect(model).to_contain_text("SHA-256")
    expect(model).to_contain_text(
        re.compile(r"\d+ ms a picture, \d+ ms of a processor"), timeout=_MEASURED_MS
    )
    at_both_widths(visit, "system")
    # As the process that looks measured it at its start, and nobody else.
    numbers = json_of("--data", str(street.data), "doctor", "--numbers")
    (wall,) = [each for each in numbers if each["name"] == "watchglass_analysis_model_seconds"]
    expect(model).to_contain_text(f"{1000 * wall['value']:.0f} ms a picture")
    expect(model).to_contain_text("the analytics-worker measured at its start")


def test_a_camera_is_looked_at_longer_not_at_all_and_again(visit: Visitor, camera: str) -> None:
    page = visit.page
    go(visit, f"cameras/{camera}")
    looked = page.get_by_role("region", name="How it is looked at")
    expect(looked).to_contain_text(re.compile(r"(Quiet|Looked at|Probed|Learning) since \d\d:"))
    expect(looked).to_contain_text(re.compile(r"Decoded[\d.]+ % of its frames"))
    states = {"quiet": "Quiet", "open": "Looked at", "blind": "Probed", "learning": "Learning"}

    def as_told() -> bool:
        told = asked(visit, f"cameras/{camera}/gate")
        return states[told["state"]] in looked.inner_text()

    visit.until(as_told)
    at_both_widths(visit, "gate")
    longer = looked.get_by_label("When there is too much to see")
    longer.select_option("Longer than others")
    visit.until(lambda: asked(visit, f"cameras/{camera}/gate")["priority"] == 2)
    page.reload()
    expect(longer).to_have_value("2")

    looked.get_by_role("button", name="Look at it no longer").click()
    dialog = page.get_by_role("dialog")
    stops = dialog.get_by_role("button", name="Look at it no longer")
    stops.click()
    expect(dialog).to_contain_text("Write why")
    assert asked(visit, f"cameras/{camera}/gate")["analysed"]
    dialog.get_by_label("Reason").fill("the garden is the neighbours' today")
    at_both_widths(visit, "gate-off")
    stops.click()
    expect(dialog).to_have_count(0)
    expect(looked).to_contain_text("Not looked at")
    expect(looked).to_contain_text("Somebody switched it off.")
    assert asked(visit, f"cameras/{camera}/gate")["state"] == "off"
    at_both_widths(visit, "gate-was-off")
    looked.get_by_role("button", name="Look at it again").click()
    expect(looked).to_contain_text(re.compile("^(?!.*Not looked at)", re.DOTALL))
    visit.until(lambda: asked(visit, f"cameras/{camera}/gate")["state"] in states)
    expect(longer).to_have_value("2")


@contextmanager
def held_up(bed: Bed) -> Iterator[None]:
    """Who looks at pictures stands still for a while."""
    pid = bed.recorder.processes()["analytics-worker"].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.long
def test_the_past_is_looked_at_again_and_stopped(visit: Visitor, street: Bed, camera: str) -> None:
    page = visit.page
    visit.until(lambda: visit.recorded_ms() > _PAST_MS, 60.0)
    go(visit, "search")
    looks = page.get_by_role("region", name="Look at the past again")
    expect(looks).to_contain_text("Choose one camera and a time above.")
    page.get_by_role("combobox", name="Camera").select_option(label="Street")
    visit.button("Hour").click()
    again = looks.get_by_role("button", name=re.compile("^Look at .* of Street again"))
    rows = looks.get_by_role("listitem")
    with held_up(street):
        again.click()
        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text("goes on")
        expect(rows.first.get_by_role("progressbar", name="How far it is")).to_be_visible()
        again.click()
        expect(rows).to_have_count(2)
        expect(rows.first).to_contain_text("waits for room")
        at_both_widths(visit, "looks-back")
        rows.first.get_by_role("button", name="Stop").click()
        expect(rows.first).to_contain_text("stopped")
    expect(rows.nth(1)).to_contain_text("done", timeout=_LOOKED_MS)
    expect(rows.nth(1).get_by_role("progressbar")).to_have_count(0)
    at_both_widths(visit, "looked-back")
    (stopped, done) = asked(visit, "analyses")["analyses"]
    assert (stopped["state"], stopped["pictures"]) == ("stopped", 0)
    assert done["pictures"] > 0
    rows.nth(1).get_by_role("button", name="What it found").click()
    expect(page.get_by_text("Only what one look at the past found.")).to_be_visible()
    page.get_by_role("button", name="All that was seen").click()
    found = page.get_by_role("list", name="What was found").get_by_role("listitem")
    expect(found.first).to_be_visible()
    rows.first.get_by_role("button", name="Forget").click()
    expect(rows).to_have_count(1)
