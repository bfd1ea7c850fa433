"""What people do with what was found, in Chromium: a night cleared by keyboard, a false alarm said
to be one, a rule tried on the past, counts read, the timeline's layers. What was found is written
into the recorder's own database, as its analytics and its rules would; each story has a camera."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.both_widths import asked, at_both_widths, width_of
from tests.browser.conftest import AXE, NAMES, Bed, Visiting
from tests.browser.happenings import FROM_LEFT, FROM_RIGHT, Happenings
from tests.browser.screens import DESK, PHONE
from tests.browser.test_users import go, readable
from tests.browser.visitor import Visitor
from watchglass.model.analysis import Analysis, AnalysisSpan, MotionSeen, SkipCause
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.rule import Direction

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]

ANALYSIS = False
BOTH_WAYS = ("forward", "backward")
PAST_MS = 30_000
NIGHT = 130
"""Items: more than two pages of a list."""
ACROSS = ((0.2, 0.6), (0.8, 0.6))
BACK = ((0.8, 0.7), (0.2, 0.7))
UPRIGHT = [(0.5, 0.95), (0.5, 0.1)]


@pytest.fixture
def visit(bed: Bed, visiting: Visiting) -> Visitor:
    visitor = visiting(bed.url, **DESK, reduced_motion="reduce")
    visitor.page.add_init_script(path=AXE)
    visitor.sign_in()
    return visitor


@pytest.fixture
def happenings(bed: Bed, visit: Visitor) -> Iterator[Happenings]:
    visit.until(lambda: visit.recorded_ms() > PAST_MS, 60.0)
    found = Happenings(bed, visit.page)
    yield found
    found.close()


def test_a_night_is_cleared_with_one_key_an_item(visit: Visitor, happenings: Happenings) -> None:
    page, street = visit.page, happenings.ids["Street"]
    names = [f"Watch {number:03}" for number in range(NIGHT)]
    for number, name in enumerate(names):
        happenings.happened("Street", name, 2 + number / 5)
    go(visit, f"review?camera={street}")
    expect(page.get_by_role("article").locator("img").nth(3)).to_be_visible()
    at_both_widths(visit, "night")
    keys = 0

    def press(key: str) -> None:
        nonlocal keys
        page.keyboard.press(key)
        keys += 1

    def looked_at(name: str) -> Locator:
        item = page.get_by_role("article", name=f"{name}: a person")
        expect(item).to_be_visible()
        return item

    for number, name in enumerate(names):
        looked_at(name)
        press("Space")
        if number == 70:  # one that was loaded later is brought back, and cleared again
            press("u")
            looked_at(name)
            press("e")
    expect(page.get_by_text("All is looked at.")).to_be_visible()
    assert keys == NIGHT + 2
    whole = f"from_ms=0&to_ms={2**53 - 1}&camera={street}"
    visit.until(lambda: asked(visit, f"review?{whole}&seen=false")["reviews"] == [])
    assert len(asked(visit, f"review?{whole}&seen=true&most=500")["reviews"]) == NIGHT
    at_both_widths(visit, "night-over")
    # All of them are there still, beside what comes late, and keys go on over the end of what was
    # loaded first.
    happenings.happened("Street", "Late", 2.5)
    visit.button("All").click()
    looked_at(names[0])
    for _ in range(2):
        with page.expect_response(re.compile(r"/api/v1/review\?"), timeout=30_000):
            pass
    for name in (*names[:3], "Late", *names[3:70]):
        looked_at(name)
        press("j")
    looked_at(names[70])


def test_what_was_wrong_is_ignored_once_all_that_it_hides_was_shown(
    visit: Visitor, happenings: Happenings
) -> None:
    page, lane = visit.page, happenings.ids["Lane"]
    visit.may_be_refused = True
    for ago_s in (9, 7, 5):
        happenings.happened("Lane", "The tree", ago_s)
    happenings.happened("Lane", "The gate", 4, way=FROM_RIGHT)
    go(visit, f"review?camera={lane}")
    rows = page.get_by_role("list", name="What happened").get_by_role("button")
    rows.filter(has_text="The tree").first.click()
    page.keyboard.press("w")
    dialog = page.get_by_role("dialog", name="This was wrong")
    hidden = dialog.get_by_role("list", name="Events that it would have hidden")
    expect(dialog).to_contain_text("It would have hidden these 3 events.")
    expect(hidden.get_by_role("listitem")).to_have_count(3)
    expect(hidden.get_by_role("listitem").filter(has_text="The gate")).to_have_count(0)
    expect(hidden.locator("img").first).to_be_visible()
    at_both_widths(visit, "wrong")

    # As far as to the gate, and what was told there would be gone too.
    for corner, y in ((2, 0.05), (3, 0.95)):
        area = dialog.get_by_role("group", name="Picture to draw on").bounding_box()
        assert area is not None
        dialog.get_by_role("button", name=re.compile(f"^Corner {corner} of 4")).hover()
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * 0.99, area["y"] + area["height"] * y, steps=3)
        page.mouse.up()
    expect(dialog).to_contain_text("It would have hidden these 4 events.")
    expect(hidden.get_by_role("listitem").filter(has_text="The gate")).to_have_count(1)

    # What comes meanwhile is shown before anything is drawn.
    happenings.happened("Lane", "The tree", 3)
    draws = dialog.get_by_role("button", name="Ignore this part of the picture")
    dialog.get_by_label("For so long").select_option("a week")
    draws.click()
    expect(dialog).to_contain_text("Something came since")
    expect(dialog).to_contain_text("It would have hidden these 5 events.")
    assert asked(visit, f"cameras/{lane}/areas")["areas"] == []
    draws.click()
    expect(dialog).to_have_count(0)

    (area,) = asked(visit, f"cameras/{lane}/areas")["areas"]
    left_d = (area["expires_ms"] / 1000 - page.evaluate("Date.now() / 1000")) / 86_400
    assert area["kind"] == "ignore"
    assert 6.9 < left_d <= 7
    go(visit, f"rules/{lane}")
    drawn = page.get_by_role("listitem").filter(has_text="wrong: The tree")
    expect(drawn).to_contain_text("ignored, until")
    at_both_widths(visit, "ignored")
    drawn.get_by_role("button", name="Take away").click()
    expect(drawn).to_have_count(0)


def test_a_rule_is_tried_on_what_was_seen(visit: Visitor, happenings: Happenings) -> None:
    page, yard = visit.page, happenings.ids["Yard"]
    for number in range(7):
        happenings.walked("Yard", 4 + number, ACROSS)
    for number in range(2):
        happenings.walked("Yard", 6 + number, BACK)
    happenings.walked("Yard", 5, FROM_LEFT)
    happenings.walked("Yard", 5, ACROSS, kind=ObjectClass.CAR)
    for from_s, to_s, state in ((15, 12, Analysis.ANALYSED), (12, 8, Analysis.QUIET)):
        looked = AnalysisSpan(
            camera=yard, from_ns=happenings.at_ns(from_s), to_ns=happenings.at_ns(to_s),
            state=state,
        )  # fmt: skip
        happenings.told(looked)
    happenings.asked(f"cameras/{yard}/areas", {"name": "Kerb", "kind": "line", "points": UPRIGHT})
    go(visit, f"rules/{yard}")
    visit.button("Make a rule").click()
    page.get_by_label("Tell when").select_option("crossing")
    page.get_by_text("people", exact=True).click()
    page.get_by_label("Which way").select_option("forward")
    visit.button("Test it on the last day").click()
    trial = page.get_by_role("region", name="Tested on the past")
    says = trial.get_by_role("heading")
    expect(says).to_have_text("Would have told you 7 times: here.")
    expect(trial.get_by_role("listitem")).to_have_count(7)
    first = trial.get_by_role("listitem").first
    expect(first).to_contain_text("A person crossing, along the arrow")
    expect(first.locator("img")).to_be_visible()
    expect(trial).to_contain_text("Of 11 things that were seen.")
    expect(trial).to_contain_text("Looked at: 3 s; known to be quiet: 4 s; not looked at:")
    # Where each of them crossed stands in the picture.
    expect(page.locator(".area .hit")).to_have_count(7)
    at_both_widths(visit, "tried")

    # What is asked then is tried at once.
    page.get_by_label("Which way").select_option("backward")
    expect(says).to_have_text("Would have told you twice: here.")
    trial.get_by_role("button", name="7 days").click()
    expect(says).to_have_text("Would have told you twice: here.")
    page.get_by_text("people", exact=True).click()
    page.get_by_text("dogs", exact=True).click()
    expect(says).to_have_text("Would not have told you of anything.")
    page.get_by_text("dogs", exact=True).click()
    page.get_by_label("Tell when").select_option("counting")
    expect(says).to_have_text("Would have counted 8 forward and 2 backward.")
    page.get_by_label("Tell when").select_option("crossing")
    first.get_by_role("button").click()
    expect(visit.past).to_be_visible()
    assert asked(visit, f"cameras/{yard}/rules")["rules"] == []


def test_counts_are_read_and_taken_away_as_a_table(
    visit: Visitor, happenings: Happenings, tmp_path: Path
) -> None:
    page, gate = visit.page, happenings.ids["Gate"]
    line = happenings.asked(
        f"cameras/{gate}/areas", {"name": "Way in", "kind": "line", "points": UPRIGHT}
    )
    made = {"kind": "counting", "area": line["id"]}
    rule = happenings.asked(f"cameras/{gate}/rules", {"name": "Passers-by", **made})["id"]
    happenings.asked(f"cameras/{gate}/rules", {"name": "<i>Nobody", **made})
    hour = 3600.0
    for ago_s, forward, backward in (
        (60, 3, 1),
        (2 * hour, 2, 0),
        (20 * hour, 4, 5),
        (100 * hour, 6, 0),
    ):
        for number in range(forward + backward):
            way = Direction.FORWARD if number < forward else Direction.BACKWARD
            kind = ObjectClass.BICYCLE if number == 0 else ObjectClass.PERSON
            happenings.counted("Gate", rule, ago_s, way, kind)
    go(visit, "counts")
    chart = page.get_by_role("region", name="Passers-by")
    nobody = page.get_by_role("region", name="<i>Nobody")
    for length, told, ways in (
        ("Day", "15 counted.", "9 forward, 6 backward in all"),
        ("3 hours", "6 counted.", "5 forward, 1 backward in all"),
        ("Week", "21 counted.", "15 forward, 6 backward in all"),
    ):
        visit.button(length).click()
        expect(visit.headline).to_have_text(told)
        expect(chart).to_contain_text(ways)
        expect(nobody).to_contain_text("Nothing in this time.")
        at_both_widths(visit, f"counts-{length[0]}")
    with page.expect_download() as download:
        page.get_by_role("link", name="As a table").click()
    download.value.save_as(tmp_path / "counts.csv")
    table = list(csv.DictReader(io.StringIO((tmp_path / "counts.csv").read_text("utf-8"))))
    assert {each["rule"] for each in table} == {"Passers-by"}
    sums = {
        kind: [sum(int(each[way]) for each in table if each["kind"] == kind) for way in BOTH_WAYS]
        for kind in ("person", "bicycle")
    }
    assert sums == {"person": [11, 6], "bicycle": [4, 0]}
    visit.button("Day").click()
    expect(visit.headline).to_have_text("15 counted.")
    # The bar of twenty hours ago, pointed at.
    bars = chart.locator("rect.forward")
    expect(bars).to_have_count(3)
    bars.first.hover()
    expect(chart).to_contain_text(": 4 forward, 5 backward")


def tones(visitor: Visitor, row: int, down: int, from_s: float, to_s: float) -> list[str]:
    """The colours of the timeline from one moment to another (UTC), so far down in a row."""
    script = """([down, from_s, to_s]) => {
        const of = document.querySelector('[aria-label="Timeline"]');
        const ends = ['aria-valuemin', 'aria-valuemax'];
        const [first, last] = ends.map((end) => Number(of.getAttribute(end)));
        const canvas = of.querySelector('canvas');
        const at = (s) => Math.round((s - first) / (last - first) * canvas.width);
        const wide = at(to_s) - at(from_s);
        const { data } = canvas.getContext('2d').getImageData(at(from_s), down, wide, 1);
        return Array.from({ length: wide }, (_, at) => data.slice(at * 4, at * 4 + 3).join());
    }"""
    found: list[str] = visitor.page.evaluate(script, [24 + 22 * row + down, from_s, to_s])
    return found


def tone(visitor: Visitor, name: str) -> str:
    """A colour of the page as its canvas has it."""
    script = """(name) => {
        const probe = document.body.appendChild(document.createElement('span'));
        probe.style.color = `var(--${name})`;
        const colour = getComputedStyle(probe).color;
        probe.remove();
        const context = new OffscreenCanvas(1, 1).getContext('2d');
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
    }"""
    found: str = visitor.page.evaluate(script, name)
    return found


def layers_are_drawn(visit: Visitor, row: int, now_s: float) -> None:
    recorded, found, dim = (tone(visit, name) for name in ("recorded", "event", "dim"))

    def line(down: int, ago_s: float, until_s: float) -> list[str]:
        return tones(visit, row, down, now_s - ago_s, now_s - until_s)

    # Above what is recorded: where a rule found something, and only there.
    visit.until(lambda: set(line(5, 16.4, 15.6)) == {found})
    assert found not in line(5, 28, 18.5) + line(5, 14, 7)
    # In it, as high as much moved.
    assert recorded not in line(11, 27, 25)
    visit.until(lambda: set(line(11, 22, 20)) == {recorded})
    assert recorded not in line(14, 22, 20)
    # Movement up to 15 s ago is drawn by the second, up to 14 s ago.
    visit.until(lambda: set(line(14, 13.7, 12.6)) == {recorded})
    # Under it, dotted, what nobody looked at.
    dots = line(17, 11, 7)
    assert 0.3 < dots.count(dim) / len(dots) < 0.7
    assert dim not in line(17, 28, 13)


def test_the_timeline_draws_what_moved_what_was_found_and_what_nobody_looked_at(
    visit: Visitor, happenings: Happenings
) -> None:
    page, gate, row = visit.page, happenings.ids["Gate"], NAMES.index("Gate")
    at_ns = happenings.at_ns
    for from_s, to_s, state, cause in (
        (29, 18, Analysis.ANALYSED, None),
        (18, 12, Analysis.QUIET, None),
        (12, 6, Analysis.SKIPPED, SkipCause.OVERLOAD),
    ):
        happenings.told(
            AnalysisSpan(
                camera=gate, from_ns=at_ns(from_s), to_ns=at_ns(to_s), state=state, cause=cause
            )
        )
    for from_s, to_s, amount in ((28, 24, 0.5), (23, 19, 0.01)):
        moved = MotionSeen(
            camera=gate, from_ns=at_ns(from_s), to_ns=at_ns(to_s), amount=amount,
            where=Box(0.2, 0.2, 0.4, 0.4),
        )  # fmt: skip
        happenings.told(moved)
    happenings.happened("Gate", "Somebody", 17)
    now_s = at_ns(0) / 1e9

    visit.button("Min").click()
    visit.views(60)
    visit.timeline.hover(position={"x": 200, "y": 10})
    page.mouse.wheel(-30, 0)  # by hand, so that it stands still from now on
    for screen in (PHONE, DESK):
        page.set_viewport_size({"width": width_of(screen), "height": 844})
        page.emulate_media(color_scheme="dark" if screen is DESK else "light")
        page.mouse.move(5, 5)
        layers_are_drawn(visit, row, now_s)
        readable(visit, f"timeline-{width_of(screen)}")

    tip = page.locator(".tip")
    for ago_s, told in (
        (26, "Something moved"), (16, "Rules found something"),
        (9, "Not looked at for 6 s: more was to be seen than this machine can"),
    ):  # fmt: skip
        x, y = visit.timeline_point(now_s - ago_s, row)
        visit.timeline.hover(position={"x": x, "y": y})
        expect(tip).to_contain_text(told)
    x, y = visit.timeline_point(now_s - 13.3, row)
    visit.timeline.hover(position={"x": x, "y": y})
    expect(tip).to_contain_text("Gate")
    expect(tip).not_to_contain_text(re.compile("moved|found|looked at"))
