"""What happened, in Chromium: cleared by keyboard, alarms dealt with, searched, counted. What was
found is written into the recorder's own database, as its rules would."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting
from tests.browser.happenings import Happenings
from tests.browser.screens import PHONE, WIDE, on_phone, on_wide
from tests.browser.test_users import go, readable
from tests.browser.visitor import Visitor
from watchglass.model.detection import ObjectClass

pytestmark = pytest.mark.full

ANALYSIS = False


@pytest.fixture
def visit(bed: Bed, visiting: Visiting, screen: dict[str, object]) -> Visitor:
    visitor = visiting(bed.url, **screen)
    visitor.page.add_init_script(path=AXE)
    visitor.may_be_refused = True
    visitor.sign_in()
    return visitor


@pytest.fixture
def happenings(bed: Bed, visit: Visitor) -> Iterator[Happenings]:
    found = Happenings(bed, visit.page)
    yield found
    found.close()


@on_phone
def test_a_night_is_cleared_and_one_thing_brought_back(
    visit: Visitor, happenings: Happenings, screen: dict[str, object]
) -> None:
    page, width = visit.page, screen["width"]
    names = [f"Rule {number} {width}" for number in (1, 2, 3)]
    for number, name in enumerate(names):
        happenings.happened("Yard", name, 5 - number)
    go(visit, "review")
    rows = page.get_by_role("list", name="What happened").get_by_role("button")
    for name in names:
        expect(rows.filter(has_text=name)).to_be_visible(timeout=15_000)
    readable(visit, f"review-{width}")
    rows.filter(has_text=names[2]).click()
    item = page.get_by_role("article", name=f"{names[2]}: a person")
    expect(item).to_be_visible()
    # Its picture is one of the recording.
    expect(item.get_by_role("img").first).to_be_visible(timeout=20_000)
    item.get_by_text("Why it was told").click()
    expect(item).to_contain_text("A person moved in the picture.")
    expect(item).to_contain_text("No model named it")
    readable(visit, f"item-{width}")
    if width == WIDE["width"]:
        rows.filter(has_text=names[2]).click()
        page.keyboard.press("Space")
    else:
        page.get_by_role("button", name=re.compile("Seen, next")).click()
    expect(rows.filter(has_text=names[2])).to_have_count(0)
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.get_by_role("article", name=f"{names[2]}: a person")).to_be_visible()
    if width == WIDE["width"]:
        page.keyboard.press("e")
        expect(rows.filter(has_text=names[2])).to_have_count(0)
        # What was cleared stays so, for whoever comes next.
        page.reload()
        expect(rows.filter(has_text=names[1])).to_be_visible(timeout=15_000)
        expect(rows.filter(has_text=names[2])).to_have_count(0)
        page.get_by_role("button", name="All", exact=True).click()
        expect(rows.filter(has_text=names[2])).to_contain_text("seen")
        rows.filter(has_text=names[1]).click()
        page.keyboard.press("p")
        expect(visit.past).to_be_visible()


@pytest.mark.parametrize("screen", [WIDE], ids=["wide"])
def test_an_alarm_is_taken_noted_and_handed_over(
    visit: Visitor, happenings: Happenings, screen: dict[str, object]
) -> None:
    page = visit.page
    happenings.happened("Gate", "Nobody by night", 3, kind=ObjectClass.CAR, alarm=True)
    go(visit, "review?show=alarms")
    row = (
        page.get_by_role("list", name="What happened")
        .get_by_role("button")
        .filter(has_text="Nobody by night")
    )
    expect(row).to_be_visible(timeout=15_000)
    expect(visit.headline).to_contain_text("wait")
    row.click()
    alarm = page.get_by_role("region", name="The alarm")
    expect(alarm).to_contain_text("nobody has taken yet")
    alarm.get_by_role("button", name="It is mine").click()
    expect(alarm).to_contain_text("It is admin’s.")
    alarm.get_by_label("Note").fill("<b>Only</b> the baker")
    alarm.get_by_role("button", name="Write it down").click()
    expect(alarm).to_contain_text("<b>Only</b> the baker")
    readable(visit, "alarm-1440")
    alarm.get_by_role("button", name="Acknowledge").click()
    expect(alarm).to_contain_text("Taken by admin")
    visit.button("Hand over").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("Nobody by night: a car")
    expect(sheet).to_contain_text("the baker")
    readable(visit, "handover-1440")


@on_wide
def test_search_by_kind_and_by_a_region_drawn_on_the_picture(
    visit: Visitor, happenings: Happenings, screen: dict[str, object]
) -> None:
    page, width = visit.page, screen["width"]
    left, right = f"Left {width}", f"Right {width}"
    happenings.happened("Lane", left, 4, kind=ObjectClass.DOG)
    happenings.happened("Lane", right, 3, kind=ObjectClass.DOG, from_left=False)
    go(visit, "search")
    hits = page.get_by_role("list", name="What was found").get_by_role("button")
    page.get_by_text("dogs", exact=True).click()
    expect(hits.filter(has_text=left)).to_be_visible(timeout=15_000)
    expect(hits.filter(has_text=right)).to_be_visible()
    readable(visit, f"search-{width}")
    page.get_by_role("combobox", name="Camera").select_option(label="Lane")
    visit.button("Only through a region").click()
    corner = page.get_by_role("button", name=re.compile("^Corner 1 of 4"))
    expect(corner).to_be_visible(timeout=15_000)
    area = page.get_by_role("group", name="Picture to draw on").bounding_box()
    assert area is not None
    # The right half: the first and the last corner stay right of the middle.
    for name, x, y in (("1", 0.55, 0.02), ("2", 0.99, 0.02), ("3", 0.99, 0.98), ("4", 0.55, 0.98)):
        page.get_by_role("button", name=re.compile(f"^Corner {name} of 4")).hover()
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * x, area["y"] + area["height"] * y, steps=3)
        page.mouse.up()
    readable(visit, f"region-{width}")
    visit.button("Search here").click()
    expect(hits.filter(has_text=left)).to_have_count(0)
    expect(hits.filter(has_text=right)).to_be_visible()
    assert "region=" in page.url
    page.reload()
    expect(hits.filter(has_text=right)).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="All that was seen").click()
    expect(hits.filter(has_text="A dog").first).to_be_visible()
    hits.first.click()
    expect(visit.past).to_be_visible()


@pytest.mark.parametrize("screen", [PHONE], ids=["phone"])
def test_counts_say_what_to_do_while_nothing_is_counted(
    visit: Visitor, screen: dict[str, object]
) -> None:
    go(visit, "counts")
    expect(visit.headline).to_have_text("Nothing is counted yet.")
    readable(visit, "counts-390")
    visit.button("See the rules").click()
    expect(visit.headline).to_have_text("What do you want to be told of?")
