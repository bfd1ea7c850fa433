"""The devices around the recorder, in Chromium: looked for, judged, and one of them recorded."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from benches._harness import Login
from tests.browser.conftest import AXE, Bed, Visiting, readable, set_up
from tests.browser.fleet_making import CAMERA, NETWORK, RELABELLED, answering, many, seed
from tests.browser.screens import on_phone, on_wide
from watchglass.simulate.lan.network import Network, NoNetworkError
from watchglass.simulate.process import Simulator, SimulatorFailed, arguments

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]
ANALYSIS = False


@pytest.fixture(scope="module")
def around() -> Iterator[str]:
    """A camera at an address of its own, and devices beside it, at the ports of real ones."""
    with ExitStack() as stack:
        try:
            simulator = stack.enter_context(
                Simulator(
                    *arguments(
                        cameras=1, kind="a", width=640, height=360, fps=10, bit_rate=500_000,
                        seconds=4, sub_width=320, sub_height=180, sub_fps=5,
                        sub_bit_rate=100_000, no_sound=True, host=CAMERA, port=554,
                        user="admin", password="sesame 1",
                    )
                )
            )  # fmt: skip
            stack.enter_context(
                Network(answering(), network=NETWORK, looker="127.0.0.1", loopback=True)
            )
        except (NoNetworkError, SimulatorFailed) as error:
            pytest.skip(f"no right to answer at ports below 1024: {error}")
        yield Login.of(simulator.urls[0].main).url


@on_phone
def test_from_nothing_to_a_recorded_camera(
    new_bed: Callable[[], Bed], visiting: Visiting, around: str, screen: dict[str, object]
) -> None:
    bed = new_bed()
    owner = visiting(bed.link, **screen)
    owner.page.add_init_script(path=AXE)
    set_up(owner, bed.link)
    owner.go_to_place("Devices")
    expect(owner.headline).to_have_text("Which cameras are in your network, and who made them?")
    readable(owner)

    owner.may_be_refused = True
    network = owner.page.locator("input.num")
    network.fill("8.8.8.0/24")
    owner.button("Start").click()
    expect(owner.page.get_by_text("is public")).to_be_visible()
    expect(owner.page.get_by_label("These networks are mine")).to_be_visible()
    network.fill(NETWORK)
    owner.page.get_by_label("What is there").fill("Annex")
    owner.button("Start").click()
    scan = owner.page.get_by_role("region", name="Looking around")
    expect(scan).to_contain_text("Looking around in Annex")
    owner.button("Stop").click()
    expect(scan).to_contain_text("Stopped in Annex")
    owner.button("Go on").click()

    rows = owner.page.get_by_role("list", name="Devices").get_by_role("link")
    expect(rows).to_have_count(3, timeout=60_000)
    expect(scan).to_have_count(0, timeout=60_000)
    readable(owner)
    rows.filter(has_text=RELABELLED).click()
    expect(owner.headline).to_contain_text("Hikvision")
    expect(owner.page.get_by_text("App-webs/").first).to_be_visible()
    owner.page.get_by_text("All that was seen of it").click()
    expect(owner.page.get_by_role("cell", name="\\u202egnp.exe")).to_be_visible()
    readable(owner)
    owner.page.go_back()

    rows.filter(has_text=CAMERA).click()
    owner.button("Record it").click()
    dialog = owner.page.get_by_role("dialog")
    readable(owner)
    dialog.get_by_label("Address of its stream").fill(around)
    dialog.get_by_label("User").fill("admin")
    dialog.get_by_label("Password").fill("wrong")
    owner.button("Record").click()
    expect(dialog.get_by_text("refuses")).to_be_visible(timeout=60_000)
    dialog.get_by_label("Password").fill("sesame 1")
    dialog.get_by_label("Name").fill("Hall")
    owner.button("Record").click()
    expect(dialog).to_have_count(0, timeout=60_000)
    owner.plays("Hall")
    owner.button("Show on the wall").click()
    owner.plays("Hall")


@on_wide
def test_a_district_stays_fast_and_is_judged_anew(
    new_bed: Callable[[], Bed], visiting: Visiting, screen: dict[str, object]
) -> None:
    bed = new_bed()
    owner = visiting(bed.link, **screen)
    owner.page.add_init_script(path=AXE)
    set_up(owner, bed.link)
    seed(bed.data, many(700))
    owner.page.goto(bed.url + "#devices")
    expect(owner.headline).to_contain_text("certain, 1 building silent", timeout=60_000)
    rows = owner.page.get_by_role("list", name="Devices").get_by_role("listitem")
    expect(rows.first).to_be_visible()
    assert rows.first.get_attribute("aria-setsize") == "700"
    drawn = rows.count()
    assert drawn < 60
    readable(owner)
    main = owner.page.get_by_role("main")
    seen: set[str] = set()
    for part in range(0, 101, 5):
        main.evaluate("(it, part) => { it.scrollTop = it.scrollHeight * part / 100 }", part)
        owner.page.wait_for_timeout(20)
        assert rows.count() < 60
        seen.update(rows.locator("b").all_inner_texts())
    assert len(seen) > 200
    expect(rows.last).to_have_attribute("aria-posinset", "700")

    main.evaluate("it => { it.scrollTop = 0 }")
    owner.page.get_by_role("searchbox", name="Search").fill("room 004")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("link").press("Enter")
    expect(owner.headline).to_have_text("Labelled LTS. Made by Hikvision, we are nearly sure.")
    readable(owner)
    ruled = owner.page.get_by_role("region", name=re.compile("^Rules, for"))
    expect(ruled).to_contain_text("a site of which nothing is stated")
    owner.button("Change").first.click()
    form = owner.page.get_by_role("dialog")
    form.get_by_label("Country").fill("us")
    form.get_by_label("Who runs it").select_option("public_school")
    form.get_by_label("Does it spend federal grants").select_option("yes")
    form.get_by_label("Public safety").check()
    readable(owner)
    owner.button("Save").click()
    expect(form).to_have_count(0, timeout=60_000)
    expect(ruled).to_contain_text("a public school in US with federal grants")
    ruled.get_by_role("button", name="Add the invoice").first.click()
    form.get_by_label("The paper that says so").fill("Invoice 4711")
    form.get_by_label("When it was bought").fill("2021-03")
    form.get_by_label("With which money").select_option("federal_award")
    form.get_by_label("For what").select_option("public_safety")
    owner.button("Save").click()
    expect(form).to_have_count(0, timeout=60_000)
    expect(owner.page.get_by_text("Invoice 4711").first).to_be_visible()
    expect(ruled.get_by_text("applies", exact=True).first).to_be_visible()
    readable(owner)
    owner.page.go_back()
    expect(owner.page.get_by_role("searchbox", name="Search")).to_have_value("room 004")
