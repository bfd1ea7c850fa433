"""Zones, lines and rules in Chromium: drawn by mouse and by keys, and told of in words."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting
from tests.browser.screens import on_wide
from tests.browser.test_users import go, readable

pytestmark = pytest.mark.full

ANALYSIS = False


@on_wide
def test_a_line_and_a_zone_are_drawn_and_a_rule_made_about_them(
    bed: Bed, visiting: Visiting, screen: dict[str, object]
) -> None:
    width = screen["width"]
    visitor = visiting(bed.url, **screen)
    visitor.page.add_init_script(path=AXE)
    visitor.may_be_refused = True
    visitor.sign_in()
    go(visitor, "rules")
    expect(visitor.headline).to_have_text("What do you want to be told of?")
    readable(visitor, f"rules-{width}")
    visitor.page.get_by_role("link", name="Yard", exact=True).click()
    page = visitor.page
    expect(visitor.headline).to_contain_text("Nothing is told of Yard yet.")

    visitor.button("Draw a zone or a line").click()
    visitor.button("Line").click()
    page.get_by_label("Name").fill("Kerb")
    first = page.get_by_role("button", name="First end")
    area = page.get_by_role("group", name="Picture to draw on").bounding_box()
    assert area is not None
    first.hover()
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.1, area["y"] + area["height"] * 0.5, steps=4)
    page.mouse.up()
    expect(first).to_have_accessible_name("First end: 10 % across, 50 % down. Arrows move it.")
    first.press("ArrowDown")
    expect(first).to_have_accessible_name("First end: 10 % across, 51 % down. Arrows move it.")
    readable(visitor, f"line-{width}")
    visitor.button("Save").click()
    line = page.get_by_role("listitem").filter(has_text="Kerb")
    expect(line).to_contain_text("line")

    visitor.button("Draw a zone or a line").click()
    page.get_by_label("Name").fill("Drive")
    visitor.button("Save").click()
    expect(page.get_by_role("listitem").filter(has_text="Drive")).to_contain_text("zone")

    visitor.button("Make a rule").click()
    page.get_by_label("Tell when").select_option("crossing")
    expect(page.get_by_label("Where").locator("option")).to_have_text(["Kerb"])
    page.get_by_label("Which way").select_option("forward")
    page.get_by_text("people", exact=True).click()
    visitor.button("Make the rule").click()
    expect(page.get_by_text("Give it a name")).to_be_visible()
    page.get_by_label("Name").fill("Somebody over the kerb")
    readable(visitor, f"rule-{width}")
    visitor.button("Make the rule").click()
    rule = page.get_by_role("listitem").filter(has_text="Somebody over the kerb")
    expect(rule).to_contain_text("People crossing “Kerb” along the arrow.")
    readable(visitor, f"ruled-{width}")

    # What a rule is about stays.
    line.get_by_role("button", name="Take away").click()
    expect(page.get_by_role("alert")).to_contain_text("rule")
    rule.get_by_role("button", name="Switch off").click()
    expect(rule).to_contain_text("Off")
    page.reload()
    expect(rule).to_contain_text("Off")
    rule.get_by_role("button", name="Forget").click()
    expect(rule).to_have_count(0)
    for name in ("Kerb", "Drive"):
        there = page.get_by_role("listitem").filter(has_text=name)
        there.get_by_role("button", name="Take away").click()
        expect(there).to_have_count(0)
    expect(visitor.headline).to_contain_text("Nothing is told of Yard yet.")
