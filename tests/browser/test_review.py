"""What happened, in Chromium: cleared by keyboard, alarms dealt with, searched, counted. What was
found is written into the recorder's own database, as its rules would."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AXE, Bed, Visiting
from tests.browser.happenings import FROM_RIGHT, Happenings, Way
from tests.browser.screens import PHONE, WIDE, on_phone, on_wide
from tests.browser.test_users import FIRST, go, readable, sign_in
from tests.browser.visitor import Visitor
from watchglass.model.area import AreaId
from watchglass.model.detection import ObjectClass
from watchglass.model.rule import RuleId

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


@on_wide
def test_an_alarm_is_taken_noted_and_handed_over(
    visit: Visitor, happenings: Happenings, screen: dict[str, object]
) -> None:
    page, width = visit.page, screen["width"]
    name = f"Nobody by night {width}"
    happenings.happened("Gate", name, 3, kind=ObjectClass.CAR, alarm=True)
    go(visit, "review?show=alarms")
    row = page.get_by_role("list", name="What happened").get_by_role("button")
    row = row.filter(has_text=name)
    expect(row).to_be_visible(timeout=15_000)
    expect(visit.headline).to_contain_text("wait")
    row.click()
    alarm = page.get_by_role("region", name="The alarm")
    expect(alarm).to_contain_text("nobody has taken yet")
    alarm.get_by_role("button", name="It is mine").click()
    expect(alarm).to_contain_text("It is yours.")
    alarm.get_by_label("Note").fill("<b>Only</b> the baker")
    alarm.get_by_role("button", name="Write it down").click()
    expect(alarm).to_contain_text("<b>Only</b> the baker")
    readable(visit, f"alarm-{width}")
    alarm.get_by_role("button", name="Acknowledge").click()
    expect(alarm).to_contain_text("Taken by admin")
    visit.button("Hand over").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text(f"{name}: a car")
    expect(sheet).to_contain_text("the baker")
    readable(visit, f"handover-{width}")


@on_phone
def test_an_alarm_is_given_to_somebody_else_with_a_note(
    bed: Bed, visiting: Visiting, visit: Visitor, happenings: Happenings, screen: dict[str, object]
) -> None:
    """Only to who may see it; that one finds it as his own, and the sheet tells of both."""
    page, width = visit.page, screen["width"]
    name, ada, note = f"At the gate {width}", f"Ada {width}", "<i>Look</i> at the lock again"
    yard, gate = happenings.ids["Yard"], happenings.ids["Gate"]
    for person, camera in ((ada, gate), (f"Bea {width}", yard)):
        right = {"actions": ["live", "playback"], "cameras": [camera]}
        body = {"name": person, "role": "viewer", "password": FIRST, "rights": [right]}
        assert happenings.asked("users", body)["name"] == person
    happenings.happened("Gate", name, 3, alarm=True)
    go(visit, "review?show=alarms")
    rows = page.get_by_role("list", name="What happened").get_by_role("button")
    rows.filter(has_text=name).click(timeout=15_000)
    alarm = page.get_by_role("region", name="The alarm")
    alarm.get_by_role("button", name="Give it to …").click()
    to = alarm.get_by_role("combobox", name="To")
    expect(to.locator("option")).to_contain_text(["Choose somebody", ada])
    assert f"Bea {width}" not in to.inner_text()
    expect(alarm.get_by_role("button", name="Give it", exact=True)).to_be_disabled()
    to.select_option(ada)
    alarm.get_by_label("With a note").fill(note)
    # The list comes anew every few seconds, and what is written here stays.
    with page.expect_response(re.compile("/api/v1/alarms\\?")):
        pass
    expect(alarm.get_by_label("With a note")).to_have_value(note)
    readable(visit, f"give-{width}")
    alarm.get_by_role("button", name="Give it", exact=True).click()
    expect(alarm).to_contain_text(f"It is {ada}’s.")
    expect(alarm.get_by_role("listitem")).to_contain_text(note)
    expect(to).to_have_count(0)
    readable(visit, f"given-{width}")

    guest = visiting(bed.url, **screen)
    guest.page.add_init_script(path=AXE)
    guest.may_be_refused = True
    guest.page.goto(bed.url)
    sign_in(guest.page, ada, FIRST)
    expect(guest.tile("Gate")).to_be_visible()
    go(guest, "review?show=alarms")
    mine = guest.page.get_by_role("list", name="What happened").get_by_role("button")
    expect(mine.filter(has_text=name)).to_contain_text("for you", timeout=15_000)
    readable(guest, f"for-you-{width}")
    guest.button("Hand over").click()
    sheet = guest.page.get_by_role("dialog")
    expect(sheet).to_contain_text(f"{name}: a person")
    expect(sheet).to_contain_text(f"for {ada}")
    expect(sheet).to_contain_text(f"admin: {note}")
    readable(guest, f"sheet-{width}")


@on_wide
def test_search_by_kind_and_by_a_region_drawn_on_the_picture(
    visit: Visitor, happenings: Happenings, screen: dict[str, object]
) -> None:
    page, width = visit.page, screen["width"]
    left, right = f"Left {width}", f"Right {width}"
    happenings.happened("Lane", left, 4, kind=ObjectClass.DOG)
    happenings.happened("Lane", right, 3, kind=ObjectClass.DOG, way=FROM_RIGHT)
    go(visit, "search")
    hits = page.get_by_role("list", name="What was found").get_by_role("button")
    page.get_by_text("dogs", exact=True).click()
    expect(hits.filter(has_text=left)).to_be_visible(timeout=15_000)
    expect(hits.filter(has_text=right)).to_be_visible()
    readable(visit, f"search-{width}")
    page.get_by_role("combobox", name="Camera").select_option(label="Lane")
    visit.button("Only through a region").click()
    draw(page, 0.55, 0.99)
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


@on_wide
def test_search_by_the_way_through_one_region_and_then_another(
    visit: Visitor, happenings: Happenings, screen: dict[str, object]
) -> None:
    page, width = visit.page, screen["width"]
    names = {way: f"{way} {width}" for way in ("Coming", "Going", "Staying")}
    ways = {"Coming": along(0.9, 0.1), "Going": along(0.1, 0.9), "Staying": along(0.9, 0.7)}
    for way, name in names.items():
        happenings.happened("Street", name, 4, kind=ObjectClass.CAT, way=ways[way])
    go(visit, f"search?camera={happenings.ids['Street']}&kind=cat")
    hits = page.get_by_role("list", name="What was found").get_by_role("button")
    for name in names.values():
        expect(hits.filter(has_text=name)).to_be_visible(timeout=15_000)
    expect(visit.button("And then through another")).to_have_count(0)
    visit.button("Only through a region").click()
    draw(page, 0.65, 0.99)
    visit.button("Search here").click()
    expect(visit.button("Change the region")).to_be_visible()
    for name in names.values():
        expect(hits.filter(has_text=name)).to_be_visible()
    visit.button("And then through another").click()
    draw(page, 0.01, 0.35)
    readable(visit, f"then-{width}")
    visit.button("Search here").click()
    expect(hits.filter(has_text=names["Staying"])).to_have_count(0)
    expect(hits.filter(has_text=names["Going"])).to_have_count(0)
    expect(hits.filter(has_text=names["Coming"])).to_be_visible()
    readable(visit, f"path-{width}")
    page.reload()
    expect(hits.filter(has_text=names["Coming"])).to_be_visible(timeout=15_000)
    expect(hits.filter(has_text=names["Going"])).to_have_count(0)
    visit.button("Anywhere").click()
    expect(hits.filter(has_text=names["Going"])).to_be_visible()


@on_phone
def test_search_by_rule_and_by_zone(
    visit: Visitor, happenings: Happenings, screen: dict[str, object]
) -> None:
    page, width = visit.page, screen["width"]
    kind = ObjectClass.BIRD if width == PHONE["width"] else ObjectClass.HORSE
    camera = f"cameras/{happenings.ids['Lane']}"
    corners = [[0.5, 0.1], [1, 0.1], [1, 1], [0.5, 1]]
    drive = {"name": f"Drive {width}", "kind": "zone", "points": corners}
    zone = AreaId(happenings.asked(f"{camera}/areas", drive)["id"])
    names = {each: f"{each} {width}" for each in ("In the drive", "On the lane", "Long gone")}
    rules = {
        each: RuleId(happenings.asked(f"{camera}/rules", body)["id"])
        for each, body in (
            ("In the drive", {"name": names["In the drive"], "kind": "motion", "area": zone}),
            ("On the lane", {"name": names["On the lane"], "kind": "motion"}),
        )
    }
    for each, name in names.items():
        in_drive = each == "In the drive"
        happenings.happened(
            "Lane", name, 4, kind=kind, by=rules.get(each), area=zone if in_drive else None,
            way=along(0.9, 0.7) if in_drive else along(0.1, 0.3),
        )  # fmt: skip
    go(visit, f"search?kind={kind}")
    hits = page.get_by_role("list", name="What was found").get_by_role("button")

    def finds(*found: str) -> None:
        for each, name in names.items():
            expect(hits.filter(has_text=name)).to_have_count(int(each in found), timeout=15_000)

    finds(*names)
    expect(page.get_by_role("combobox", name="Rule")).to_have_count(0)
    page.get_by_role("combobox", name="Camera").select_option(label="Lane")
    by_rule = page.get_by_role("combobox", name="Rule")
    by_rule.select_option(label=names["On the lane"])
    finds("On the lane")
    readable(visit, f"by-rule-{width}")
    by_rule.select_option("")
    finds(*names)
    by_rule.select_option(label=f"{names['Long gone']} (gone)")
    finds("Long gone")
    by_rule.select_option("")
    by_zone = page.get_by_role("combobox", name="Zone or line")
    by_zone.select_option(label=f"Drive {width}")
    finds("In the drive")
    assert f"area={zone}" in page.url
    page.reload()
    finds("In the drive")
    expect(by_zone.locator("option:checked")).to_have_text(f"Drive {width}")
    # What was seen is of no rule, and goes through a zone all the same.
    page.get_by_role("button", name="All that was seen").click()
    expect(by_rule).to_have_count(0)
    expect(hits).to_have_count(3)
    page.get_by_role("combobox", name="Through the zone").select_option(label=f"Drive {width}")
    expect(hits).to_have_count(1)
    readable(visit, f"by-zone-{width}")
    # And from the rule itself.
    go(visit, f"rules/{happenings.ids['Lane']}")
    page.get_by_role("button", name=f"What it found by {names['On the lane']}").click()
    finds("On the lane")


def draw(page: Page, left: float, right: float) -> None:
    """A region of the picture's whole height, from ``left`` to ``right`` of it."""
    expect(page.get_by_role("button", name=re.compile("^Corner 1 of 4"))).to_be_visible(
        timeout=15_000
    )
    area = page.get_by_role("group", name="Picture to draw on").bounding_box()
    assert area is not None
    corners = ((left, 0.02), (right, 0.02), (right, 0.98), (left, 0.98))
    for number, (x, y) in enumerate(corners, 1):
        page.get_by_role("button", name=re.compile(f"^Corner {number} of 4")).hover()
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * x, area["y"] + area["height"] * y, steps=3)
        page.mouse.up()


def along(left: float, right: float) -> Way:
    """Across the picture, at the height of a street."""
    return ((left, 0.6), (right, 0.6))


@pytest.mark.parametrize("screen", [PHONE], ids=["phone"])
def test_counts_say_what_to_do_while_nothing_is_counted(
    visit: Visitor, screen: dict[str, object]
) -> None:
    go(visit, "counts")
    expect(visit.headline).to_have_text("Nothing is counted yet.")
    readable(visit, "counts-390")
    visit.button("See the rules").click()
    expect(visit.headline).to_have_text("What do you want to be told of?")
