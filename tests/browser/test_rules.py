"""Zones, lines and rules in Chromium: drawn by mouse and by keys, and told of in words."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting
from tests.browser.screens import WIDE, on_phone, on_wide
from tests.browser.test_users import go, readable
from watchglass.simulate.process import Simulator

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

    visitor.button("Draw a zone or a line").click()
    visitor.button("Ignored").click()
    page.get_by_label("Name").fill("Tree")
    page.get_by_label("Until, and then it is looked at again").select_option("7")
    visitor.button("Save").click()
    tree = page.get_by_role("listitem").filter(has_text="Tree")
    expect(tree).to_contain_text("ignored, until")
    until = tree.inner_text()
    tree.get_by_role("button", name="Change or renew").click()
    page.get_by_label("Until, and then it is looked at again").select_option("90")
    visitor.button("Save").click()
    expect(tree).not_to_have_text(until)
    expect(tree).to_contain_text("ignored, until")

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
    for name in ("Kerb", "Drive", "Tree"):
        there = page.get_by_role("listitem").filter(has_text=name)
        there.get_by_role("button", name="Take away").click()
        expect(there).to_have_count(0)
    expect(visitor.headline).to_contain_text("Nothing is told of Yard yet.")


@on_phone
def test_how_people_behave_is_watched_for_a_written_purpose_and_not_everywhere(
    bed: Bed, visiting: Visiting, screen: dict[str, object]
) -> None:
    width, camera = screen["width"], "Gate" if screen is WIDE else "Lane"
    visitor = visiting(bed.url, **screen)
    visitor.page.add_init_script(path=AXE)
    visitor.may_be_refused = True
    visitor.sign_in()
    page = visitor.page
    go(visitor, "rules")
    page.get_by_role("link", name=camera, exact=True).click()
    visitor.button("Make a rule").click()
    kinds = page.get_by_label("Tell when").locator("option")
    expect(kinds.filter(has_text="Many at once")).to_have_count(1)
    page.get_by_label("Tell when").select_option("crowding")
    page.get_by_label("So many, or more").fill("8")
    page.get_by_role("textbox", name="Name").fill("A queue")
    visitor.button("Make the rule").click()
    expect(page.get_by_text("Write what it is for, in a sentence")).to_be_visible()
    page.get_by_label("What it is for").fill("A second till opens when many wait")
    readable(visitor, f"purpose-{width}")
    visitor.button("Make the rule").click()
    rule = page.get_by_role("listitem").filter(has_text="A queue")
    expect(rule).to_contain_text("8 things or more at once")

    # The place becomes one where that is refused: the rule is off, and no other is offered.
    visitor.go_to_place("Cameras")
    page.get_by_role("link", name=re.compile(f"^{camera}")).click()
    visitor.button("State it").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Purpose").fill("The door")
    dialog.get_by_label("Kind of place").select_option("union")
    visitor.button("Save").click()
    expect(dialog).to_have_count(0)
    go(visitor, "rules")
    page.get_by_role("link", name=camera, exact=True).click()
    expect(rule).to_contain_text("Off:")
    rule.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(rule).to_contain_text("Off")
    visitor.button("Make a rule").click()
    expect(page.get_by_text("What this camera watches forbids rules")).to_be_visible()
    expect(kinds.filter(has_text="Something moves")).to_have_count(1)
    expect(kinds.filter(has_text="Many at once")).to_have_count(0)
    expect(kinds.filter(has_text="One thing stays")).to_have_count(0)
    readable(visitor, f"refused-place-{width}")
    visitor.button("Cancel").click()
    rule.get_by_role("button", name="Forget").click()
    expect(rule).to_have_count(0)


@on_wide
def test_a_camera_without_a_picture_says_why_and_shows_it_once_there_is_one(
    bed: Bed, simulator: Simulator, visiting: Visiting, screen: dict[str, object]
) -> None:
    late = simulator.urls[len(bed.simulated)].name
    simulator.set(late, "stall", True)
    bed.add("Barn")
    visitor = visiting(bed.url, **screen)
    visitor.page.add_init_script(path=AXE)
    visitor.may_be_refused = True
    visitor.sign_in()
    go(visitor, "rules")
    visitor.page.get_by_role("link", name="Barn", exact=True).click()
    place = visitor.page.get_by_role("region", name="Its picture")
    expect(place.get_by_role("status")).to_have_text(re.compile(r"^\w.+\.$"))
    readable(visitor, f"no-picture-{screen['width']}")
    simulator.set(late, "stall", False)
    expect(place.get_by_role("img", name="Newest picture of Barn")).to_be_visible(timeout=60_000)
    expect(place.get_by_role("status")).to_have_count(0)
