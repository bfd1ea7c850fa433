"""Every state of every screen, by axe-core: at both widths, dark and light."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting
from tests.browser.visitor import Visitor
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.long

ANALYSIS = False


@pytest.fixture(params=[(1440, 900, "dark"), (390, 844, "light")], ids=["wide", "phone"])
def reader(request: pytest.FixtureRequest, bed: Bed, visiting: Visiting) -> Visitor:
    """Somebody who has axe-core with them, for whom nothing moves while it looks."""
    if not AXE.is_file():
        pytest.skip("no axe-core: run 'scripts/ui --force'")
    width, height, theme = request.param
    visitor = visiting(bed.url, width, height, color_scheme=theme, reduced_motion="reduce")
    visitor.context.add_init_script(path=AXE)
    return visitor


def test_axe_finds_what_is_wrong(reader: Visitor) -> None:
    reader.sign_in()
    reader.page.evaluate("() => document.body.append(document.createElement('button'))")
    assert any(found.startswith("button-name:") for found in reader.unreadable())


def test_all_that_is_well(reader: Visitor) -> None:
    reader.page.goto(reader.url)
    expect(reader.headline).to_have_text("Sign in")
    assert reader.unreadable() == []
    reader.sign_in()
    reader.plays("Street")
    assert reader.unreadable() == []
    reader.press("?")
    assert reader.unreadable() == []
    reader.press("Escape")
    reader.button("Pause recording of Street").click()
    assert reader.unreadable() == []
    reader.press("Escape")
    reader.go_to("-5s")
    reader.plays("Street, recorded")
    assert reader.unreadable() == []
    reader.go_to_place("Log")
    expect(reader.page.get_by_role("listitem").first).to_be_visible()
    reader.button("Check it").click()
    expect(reader.page.get_by_text(re.compile("signatures? agree"))).to_be_visible()
    assert reader.unreadable() == []
    reader.button("What this is for").click()
    assert reader.unreadable() == []
    reader.press("Escape")
    reader.button("Wall").click()
    reader.press("Escape", "g")
    reader.plays("Lane")
    if reader.button("More").is_visible():
        reader.button("More").click()
        assert reader.unreadable() == []
    reader.page.get_by_role("button", name=re.compile("^Switch to")).click()
    reader.press("Escape")
    assert reader.unreadable() == []


def test_all_that_is_not(bed: Bed, simulator: Simulator, reader: Visitor) -> None:
    reader.sign_in()
    reader.plays("Gate")
    simulator.set(bed.simulated["Gate"], "offline", True)
    try:
        expect(reader.tile("Gate")).to_contain_text("no picture since")
        assert reader.unreadable() == []
        reader.button("Show Gate large").click()
        reader.button("Gaps as a list").click()
        expect(reader.page.get_by_role("listitem").first).to_contain_text(
            re.compile(r"Gate.*Gap, (1\d|[5-9][.\d]*) s")
        )
        assert reader.unreadable() == []
        reader.go_to("-3s")
        expect(reader.past.get_by_role("status")).to_contain_text("Gap")
        assert reader.unreadable() == []
    finally:
        simulator.set(bed.simulated["Gate"], "offline", False)
    reader.press("Escape")
    reader.plays("Gate")
