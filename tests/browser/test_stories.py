"""What people do with the page, from the first minute on, in Chromium and with a real recorder."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NAMES, Bed, Visiting, set_up
from tests.browser.screens import WIDE, on_phone, on_wide
from tests.browser.visitor import PASSWORD, Visitor
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.full
ANALYSIS = False


def test_from_nothing_to_two_cameras(new_bed: Callable[[], Bed], visiting: Visiting) -> None:
    bed = new_bed()
    owner = visiting(bed.link)
    owner.page.goto(bed.url)
    expect(owner.headline).to_have_text("Open the address that the recorder printed")
    owner.page.goto("about:blank")
    owner.page.goto(bed.link)
    assert "token" not in owner.page.url
    owner.page.get_by_label("Password", exact=True).fill("short")
    expect(owner.page.get_by_text("5 more characters")).to_be_visible()
    set_up(owner, bed.link)
    expect(owner.headline).to_have_text("Find your cameras")
    bed.add("Hall")
    owner.plays("Hall")
    expect(owner.headline).to_contain_text("Nothing missing since")
    bed.add("Door")
    owner.plays("Door")
    expect(owner.page.get_by_role("article")).to_have_count(2)


@on_wide
def test_into_the_past_and_back(bed: Bed, visiting: Visiting, screen: dict[str, object]) -> None:
    guard = visiting(bed.url, **screen)
    guard.sign_in()
    for name in NAMES:
        guard.plays(name)
    expect(guard.page.get_by_text(re.compile("^Everything since today"))).to_be_visible()
    first, last = guard.view_s()
    assert first < time.time() - 1
    assert 300 <= last - first < 3600

    wanted_s = time.time() - 6
    guard.click_time(wanted_s, NAMES.index("Yard"))
    expect(guard.page.get_by_role("article", name="Yard, recorded")).to_be_visible()
    guard.plays("Yard")
    assert guard.at_ms() > wanted_s * 1000 - 3000
    assert "at=" in guard.page.url

    guard.press("k")
    expect(guard.button("Play")).to_be_visible()
    paused_ms = guard.settled_ms()
    guard.press("ArrowRight")
    guard.until(lambda: 0 < guard.at_ms() - paused_ms < 1000)
    guard.press("ArrowLeft")
    guard.until(lambda: abs(guard.at_ms() - paused_ms) < 1)
    guard.press("ArrowLeft")
    guard.until(lambda: -1000 < guard.at_ms() - paused_ms < 0)
    guard.press("l")
    expect(guard.button("Pause")).to_be_visible()
    guard.press("j")
    expect(guard.page.get_by_text("backwards")).to_be_visible()
    guard.press(" ")
    guard.go_to("yesterdy 9:05")
    expect(guard.page.get_by_role("alert")).to_contain_text("That is no time that has been")
    guard.press("Escape")
    guard.go_to("-8s")
    guard.until(lambda: abs(guard.at_ms() - (time.time() - 8) * 1000) < 4000)
    # The keys of the past need no second row, which the picture would have to give.
    guard.page.set_viewport_size({"width": 1280, "height": 800})
    past = height_of_keys(guard)
    guard.button("Back to live").click()
    expect(guard.past).to_have_count(0)
    guard.plays("Yard")
    assert past == height_of_keys(guard)


def height_of_keys(guard: Visitor) -> float:
    box = guard.page.locator(".dock .bar").bounding_box()
    assert box is not None
    return box["height"]


def test_the_address_brings_it_back(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.sign_in()
    guard.press("3")
    guard.go_to("-6s")
    guard.plays("Gate, recorded")
    guard.press("k")
    other = visiting(bed.url)
    other.sign_in(guard.page.url.removeprefix(bed.url))
    other.plays("Gate, recorded")


def test_pause_with_a_reason_and_resume(bed: Bed, visiting: Visiting) -> None:
    owner = visiting(bed.url)
    owner.sign_in()
    owner.button("Yard").click()
    owner.button("Pause recording of Yard").click()
    dialog = owner.page.get_by_role("dialog", name="Pause recording of Yard")
    dialog.get_by_role("button", name="Pause recording").click()
    expect(dialog.get_by_text("Write why")).to_be_visible()
    dialog.get_by_label("Reason").fill("the window cleaner is here")
    dialog.get_by_label("For how long").select_option("15 minutes")
    dialog.get_by_role("button", name="Pause recording").click()
    expect(dialog).to_have_count(0)
    yard = owner.tile("Yard")
    expect(yard).to_contain_text(re.compile(r"Yard: paused since \d\d:\d\d until \d\d:\d\d"))
    # Nobody is alarmed by what somebody wanted.
    expect(owner.headline).to_contain_text(re.compile(r"Yard is paused until \d\d:\d\d"))
    yard.get_by_role("button", name="Resume recording").click()
    owner.plays("Yard")


def test_a_cable_is_pulled(bed: Bed, simulator: Simulator, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.sign_in()
    guard.plays("Gate")
    simulator.set(bed.simulated["Gate"], "offline", True)
    try:
        gate = guard.tile("Gate")
        expect(gate).to_contain_text(re.compile(r"Gate: no picture since \d\d:\d\d"))
        expect(gate).to_contain_text("Nothing answered at the camera's address.")
        expect(gate.get_by_role("img", name="Last picture of Gate")).to_be_visible()
        expect(gate.locator(".caption")).to_have_count(0)
        expect(guard.headline).to_contain_text("Gate: no picture since")
        expect(guard.page).to_have_title(re.compile("^! Gate: no picture"))
        guard.button("Gaps as a list").click()
        gaps = guard.page.get_by_role("region", name="Gaps as a list")
        expect(gaps.get_by_role("listitem").first).to_contain_text("Gate")
    finally:
        simulator.set(bed.simulated["Gate"], "offline", False)
    guard.plays("Gate")
    expect(guard.headline).to_contain_text("Nothing missing since")


def test_signed_out_elsewhere(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.sign_in()
    guard.press("2")
    # What is asked for meanwhile, and later still, is refused, as it should be.
    guard.may_be_refused = True
    headers = {"X-Watchglass": "1", "Origin": bed.url.rstrip("/")}
    guard.context.request.delete(f"{bed.url}api/v1/session", headers=headers)
    expect(guard.page.get_by_text("You were signed out.")).to_be_visible()
    guard.page.get_by_label("Password", exact=True).fill(PASSWORD)
    guard.press("Enter")
    guard.plays("Yard")
    expect(guard.page.get_by_role("button", name="Yard", exact=True)).to_have_attribute(
        "aria-current", "true"
    )


def test_the_power_fails(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.sign_in()
    guard.plays("Street")
    bed.kill()
    try:
        expect(guard.headline).to_contain_text("The recorder does not answer since")
        expect(guard.tile("Street")).to_contain_text("Not live")
    finally:
        bed.restart()
    expect(guard.headline).to_contain_text("Nothing missing since")
    guard.plays("Street")
    guard.errors.clear()


def test_by_keyboard_alone(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.sign_in()
    guard.button("Show Lane large").focus()
    guard.press("Enter")
    expect(guard.button("Pause recording of Lane")).to_have_count(1)
    guard.press("g")
    expect(guard.button("Show Lane large")).to_be_visible()
    guard.press("g", "?")
    expect(guard.page.get_by_role("dialog", name="Keys")).to_be_visible()
    guard.press("Escape")
    expect(guard.page.get_by_role("dialog")).to_have_count(0)
    guard.timeline.focus()
    first, last = guard.view_s()
    guard.press("+", "+")
    guard.until(lambda: guard.view_s()[1] - guard.view_s()[0] < (last - first) / 2)
    guard.press("ArrowLeft", "ArrowDown")
    expect(guard.timeline).to_have_attribute(
        "aria-valuetext", re.compile(r"^\w+, \w{3} \d+ \w{3} \d\d:\d\d:\d\d")
    )
    guard.press("[")
    expect(guard.timeline).to_have_attribute("aria-valuetext", re.compile(r"gap of"))


@pytest.mark.long
def test_the_timeline_from_ninety_days_to_a_second(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.sign_in()
    guard.plays("Street")
    for name, length_s in [
        ("90 d", 90 * 86_400),
        ("Week", 7 * 86_400),
        ("Hour", 3600),
        ("Min", 60),
    ]:
        guard.button(name).click()
        guard.views(length_s)
    point = guard.timeline_point(time.time() - 4, 1)
    guard.timeline.hover(position={"x": point[0], "y": point[1]})
    expect(guard.page.locator(".tip")).to_contain_text("Yard")
    for _ in range(40):
        guard.page.mouse.wheel(0, -200)
    guard.until(lambda: guard.view_s()[1] - guard.view_s()[0] <= 2)
    guard.button("All").click()
    expect(guard.page.get_by_text(re.compile("^Everything since"))).to_be_visible()
    # Far shorter than a pixel's time, and found all the same.

    def told() -> bool:
        # The view may still be on its way to all there is, and the gap's end to its place.
        x, y = guard.timeline_point(guard.first_gap_s("Street"), 0)
        guard.timeline.hover(position={"x": x, "y": y})
        return re.search(r"Gap, [\d.]+ s|\d gaps", guard.page.inner_text(".tip")) is not None

    guard.until(told)
    zone = guard.page.locator(".transport .zone")
    expect(zone).to_contain_text("UTC+")
    zone.click()
    expect(guard.page.locator(".transport .clock")).to_contain_text(
        time.strftime("%H:", time.gmtime())
    )
    zone.click()


def test_the_order_is_as_they_were_put(bed: Bed, visiting: Visiting) -> None:
    guard = visiting(bed.url)
    guard.sign_in()

    def top(name: str) -> float:
        box = guard.tile(name).bounding_box()
        assert box is not None
        return box["y"]

    guard.plays("Lane")
    assert top("Yard") < top("Lane")
    guard.tile("Lane").drag_to(guard.tile("Yard"))
    guard.until(lambda: top("Lane") < top("Yard"))
    guard.button("Show Lane large").focus()
    guard.press("Shift+ArrowDown")
    guard.until(lambda: top("Gate") < top("Lane"))
    guard.page.reload()
    guard.plays("Lane")
    guard.until(lambda: top("Gate") < top("Lane") < top("Yard"))
    guard.button("Show Yard large").click()
    expect(guard.button("Pause recording of Yard")).to_have_count(1)


def test_by_touch(bed: Bed, visiting: Visiting) -> None:
    guest = visiting(bed.url, 390, 844, has_touch=True, is_mobile=True)
    guest.sign_in()
    guest.plays("Lane")
    guest.button("Show Lane large").tap()
    expect(guest.button("Pause recording of Lane")).to_be_visible()
    x, y = guest.timeline_point(time.time() - 5, 0)
    guest.timeline.tap(position={"x": x, "y": y})
    guest.plays("Street, recorded")
    for control in guest.page.get_by_role("button").all():
        box = control.bounding_box()
        if box is not None and not control.evaluate("button => button.closest('li')"):
            assert min(box["width"], box["height"]) >= 43.5, control.inner_text()


def test_without_motion(bed: Bed, visiting: Visiting) -> None:
    guest = visiting(bed.url, reduced_motion="reduce")
    guest.sign_in()
    slots = guest.page.locator(".slot")
    expect(slots).to_have_count(4)
    moving = slots.evaluate_all("all => all.map((one) => getComputedStyle(one).transitionDuration)")
    assert set(moving) == {"0s"}


def test_more_cameras_than_there_is_room(bed: Bed, visiting: Visiting) -> None:
    for number in range(5):
        bed.add(f"Stairs {number + 1}")
    guard = visiting(bed.url, 1024, 440)
    guard.sign_in()
    guard.plays("Street")
    more = guard.page.get_by_role("button", name=re.compile(r"\d cameras? not shown"))
    shown = guard.page.get_by_role("article").count()
    expect(more).to_have_text(f"{9 - shown} cameras not shown")
    more.click()
    expect(guard.page.get_by_role("article")).to_have_count(9)
    guard.plays("Stairs 5")
    # The rail is higher than the window, and no place is out of reach.
    guard.button("My account").click()
    expect(guard.headline).to_be_in_viewport()


@on_phone
def test_who_looked_is_in_the_log(bed: Bed, visiting: Visiting, screen: dict[str, object]) -> None:
    guard = visiting(bed.url, **screen)
    guard.sign_in()
    guard.plays("Yard")
    guard.go_to_place("Log")
    log = guard.page.get_by_role("main")
    expect(
        log.get_by_role("listitem").filter(has_text=re.compile("admin watched live .*Yard")).first
    ).to_be_visible()
    expect(log.get_by_role("listitem").filter(has_text="admin signed in").first).to_be_visible()
    guard.button("Reading this").click()
    expect(log.get_by_role("listitem").filter(has_text="admin read this log").first).to_be_visible()
    expect(log.get_by_role("listitem").filter(has_text="watched live")).to_have_count(0)
    log.get_by_label("Name of a person, whole").fill("nobody of that name")
    log.get_by_label("Name of a person, whole").press("Enter")
    expect(log.get_by_text("Nothing of the kind is in the log")).to_be_visible()
    guard.button("Check it").click()
    expect(
        log.get_by_role("heading", name=re.compile("lines? and .* signatures? agree"))
    ).to_be_visible()
    guard.button("What this is for").click()
    expect(guard.page.get_by_text("It is not for judging how anybody works")).to_be_visible()
    days = "365" if screen is WIDE else "730"
    guard.page.get_by_label("Names and reasons are kept for").select_option(days)
    expect(guard.button("Keep them so")).to_be_disabled()
    guard.page.get_by_label("Why longer than 180 days").fill("the works council asked for it")
    guard.button("Keep them so").click()
    expect(log.get_by_text(f"kept {days} days")).to_be_visible()
    guard.page.get_by_label("Name of a person, whole").fill("")
    guard.button("Everything").click()
    expect(log.get_by_text("the works council asked for it").first).to_be_visible()
    watched = log.get_by_role("listitem").filter(has_text=re.compile("admin watched .*Yard")).first
    # Several looks near in time are one line, and each is in it.
    several = watched.get_by_text("looks, one by one")
    if several.count():
        several.click()
    # What was on show a moment ago would be shown live.
    guard.page.wait_for_timeout(2500)
    shows = re.compile("^Show what admin looked at( on Yard)?$")
    watched.get_by_role("button", name=shows).first.click()
    expect(guard.page.get_by_role("article", name=re.compile(", recorded"))).to_be_visible()
