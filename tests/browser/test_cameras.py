"""The cameras, the notices and the system, in Chromium: looked at, changed, paused, removed."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting
from tests.browser.screens import WIDE, on_phone, on_wide
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.full


@pytest.fixture
def hooks() -> Iterator[tuple[str, list[bytes]]]:
    """A web server that takes notices: its address, and what it was sent."""
    taken: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", taken
        server.shutdown()
        thread.join()


def readable(visitor: Visitor) -> None:
    """Nothing for axe to find, and nothing wider than the screen."""
    assert visitor.unreadable() == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


def entered(visiting: Visiting, bed: Bed, screen: dict[str, object]) -> Visitor:
    visitor = visiting(bed.url, **screen)
    visitor.page.add_init_script(path=AXE)
    visitor.sign_in()
    return visitor


@on_wide
def test_a_camera_is_looked_at_stated_scheduled_and_switched_off(
    bed: Bed, visiting: Visiting, screen: dict[str, object]
) -> None:
    owner = entered(visiting, bed, screen)
    name = "Street" if screen is WIDE else "Yard"
    owner.go_to_place("Cameras")
    expect(owner.headline).to_have_text("All 4 cameras are recorded.")
    readable(owner)
    # By keyboard alone.
    owner.page.get_by_role("link", name=re.compile(f"^{name}")).press("Enter")
    expect(owner.headline).to_have_text(re.compile(f"^{name}: records"))
    facts = owner.page.get_by_role("region", name="As it is recorded")
    expect(facts).to_contain_text("H.264, 640×360")
    expect(facts).to_contain_text(re.compile(r"10\.\d"))
    readable(owner)

    owner.button("State it").click()
    dialog = owner.page.get_by_role("dialog")
    dialog.get_by_label("Purpose").fill("<b>Thefts</b>")
    dialog.get_by_label("Kind of place").select_option("clinic")
    readable(owner)
    owner.button("Save").click()
    expect(dialog).to_have_count(0)
    stated = owner.page.get_by_role("region", name="What it is for")
    expect(stated).to_contain_text("<b>Thefts</b>")
    expect(stated).to_contain_text("Rules on crowds, loitering and faces are refused on it.")
    owner.button("Its sign").click()
    expect(dialog).to_contain_text("Purpose: <b>Thefts</b>")
    readable(owner)
    owner.button("Close").click()

    owner.button("Set them").click()
    dialog.get_by_label("From").fill("7")
    dialog.get_by_label("Reason").fill("lessons")
    owner.button("Save").click()
    expect(dialog).to_contain_text("Times look like 07:30")
    dialog.get_by_label("From").fill("07:30")
    dialog.get_by_label("To").fill("07:31")
    for day in ("Tue", "Wed", "Thu", "Fri"):
        dialog.get_by_text(day, exact=True).click()
    readable(owner)
    owner.button("Save").click()
    expect(owner.page.get_by_text("Mon 07:30–07:31")).to_be_visible()

    owner.button("Switch off").click()
    owner.button("Switch off").last.click()
    expect(dialog).to_contain_text("Write why")
    dialog.get_by_label("Reason").fill("painting")
    owner.button("Switch off").last.click()
    expect(owner.headline).to_have_text(re.compile(f"^{name}: switched off"))
    owner.button("Switch on").click()
    expect(owner.headline).to_have_text(re.compile(f"^{name}: (records|no picture)"))
    expect(owner.headline).to_have_text(re.compile(f"^{name}: records"), timeout=30_000)
    gap = owner.page.get_by_role("link", name=re.compile("Somebody switched recording off"))
    gap.first.click()
    expect(owner.page.get_by_role("region", name="Timeline and playing")).to_be_visible()


@on_phone
def test_a_camera_is_changed_and_removed_with_what_it_recorded(
    bed: Bed, visiting: Visiting, screen: dict[str, object]
) -> None:
    owner = entered(visiting, bed, screen)
    name = "Gate" if screen is WIDE else "Lane"
    owner.go_to_place("Cameras")
    owner.page.get_by_role("link", name=re.compile(f"^{name}")).click()
    owner.button("Change").click()
    dialog = owner.page.get_by_role("dialog")
    owner.may_be_refused = True
    main = dialog.get_by_label("Address of the main stream")
    before = main.input_value()
    main.fill(before + "-no")
    owner.button("Save").click()
    expect(dialog.get_by_text("Save without looking at it")).to_be_visible(timeout=60_000)
    readable(owner)
    main.fill(before)
    dialog.get_by_label("Name").fill(f"{name} 2")
    owner.button("Save").click()
    expect(owner.headline).to_have_text(re.compile(f"^{name} 2: records"))

    owner.button("Remove").click()
    dialog.get_by_label("Erase them now").check()
    dialog.get_by_label("Reason").fill("sold")
    dialog.get_by_label("Write its name").fill(name)
    readable(owner)
    owner.button("Remove it and erase its recordings").click()
    expect(dialog).to_contain_text("write its name as it stands")
    dialog.get_by_label("Write its name").fill(f"{name} 2")
    owner.button("Remove it and erase its recordings").click()
    expect(dialog).to_have_count(0)
    expect(owner.page.get_by_role("link", name=re.compile(f"^{name} 2"))).to_have_count(0)
    readable(owner)
    expect(owner.page.get_by_text("Removed, with recordings left")).to_have_count(0, timeout=90_000)


@on_wide
def test_notices_leave_by_webhook_and_the_system_is_looked_over(
    bed: Bed, visiting: Visiting, hooks: tuple[str, list[bytes]], screen: dict[str, object]
) -> None:
    url, taken = hooks
    owner = entered(visiting, bed, screen)
    owner.page.goto(bed.url + "#notices")
    expect(owner.headline).to_be_visible()
    owner.button("Set up a webhook").click()
    dialog = owner.page.get_by_role("dialog")
    dialog.get_by_label("Address").fill(url)
    dialog.get_by_label("It may be this machine itself").check()
    readable(owner)
    owner.button("Save").click()
    expect(dialog).to_contain_text("It is shown this once")
    owner.button("I have it").click()
    owner.button("Try it Webhook").click()
    expect(owner.page.get_by_text("Last sent")).to_be_visible(timeout=60_000)
    assert b'"event":"test"' in taken[0]
    readable(owner)
    owner.button("Stop Webhook").click()
    expect(owner.button("Set up a webhook")).to_be_visible()

    owner.page.goto(bed.url + "#system")
    processes = owner.page.get_by_role("region", name="Table of processes")
    expect(processes).to_contain_text("keeper")
    expect(processes).to_contain_text("notice-sender")
    expect(owner.page.get_by_role("region", name="Disks")).to_contain_text("free")
    readable(owner)
