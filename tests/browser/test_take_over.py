"""A recorder of another maker taken over on the page: read, its losses told, its channels taken."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting, readable, set_up
from watchglass.simulate.isapi import RECORDER, IsapiServer
from watchglass.simulate.process import Simulator, arguments

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]
ANALYSIS = False

WIDE = {"width": 1280, "height": 800, "color_scheme": "dark"}
_LONG_MS = 90_000


def test_a_recorder_is_taken_over(new_bed: Callable[[], Bed], visiting: Visiting) -> None:
    small = arguments(
        cameras=1, width=320, height=180, fps=10, bit_rate=300_000, seconds=4, sub_width=160,
        sub_height=90, sub_bit_rate=100_000, user="admin", password="secret", no_sound=True,
        path="Streaming/Channels/{channel}0{stream}",
    )  # fmt: skip
    bed = new_bed()
    owner = visiting(bed.url, **WIDE)
    owner.may_be_refused = True
    owner.page.add_init_script(path=AXE)
    set_up(owner, bed.link)
    page = owner.page
    with Simulator(*small) as cameras:
        port = f"<rtspPortNo>{cameras.port}<".encode()
        told = {path: text.replace(b"<rtspPortNo>554<", port) for path, text in RECORDER.items()}
        with IsapiServer(told, "admin", "secret") as device:
            page.get_by_text("I leave a Hikvision or Dahua recorder").click()
            page.get_by_label("The device's address").fill("127.0.0.1")
            page.get_by_label("Its web port").fill(str(device.port))
            page.get_by_label("Password of the device").fill("secret")
            page.get_by_label("Let in an address").check()
            owner.button("Read its settings").click()
            read = page.get_by_role("region", name="What was read")
            expect(read).to_contain_text("2 channels", timeout=_LONG_MS)
            expect(read.get_by_role("listitem").first).to_contain_text("Front door")
            read.get_by_text("settings are not carried over").click()
            expect(read).to_contain_text("Logins are not carried over")
            readable(owner)
            # Of the second channel there is no camera: it says so, and the first is taken.
            read.get_by_label("Pause it then here too").first.check()
            owner.button("Take over 2 channels").click()
            rows = read.get_by_role("listitem")
            first, second = rows.nth(0), rows.nth(1)
            expect(first).to_contain_text(
                "Taken over, with 3 areas, and it pauses.", timeout=_LONG_MS
            )
            expect(second.get_by_role("status")).to_be_visible(timeout=_LONG_MS)
            expect(owner.button("Take over 1 channel")).to_be_enabled()
            page.set_viewport_size({"width": 390, "height": 844})
            readable(owner)
    owner.errors = [each for each in owner.errors if "/settings-imports" not in each]
