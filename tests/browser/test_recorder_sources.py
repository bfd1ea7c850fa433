"""A recorder that tells of several pictures by ONVIF, in Chromium: the others are recorded too."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting, readable, set_up
from watchglass.simulate.process import Simulator

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]
ANALYSIS = False

SIZE = "--width 320 --height 192 --sub-width 160 --sub-height 96 --seconds 2 --bit-rate 150000"
RECORDER = [*SIZE.split(), "--kind", "a", "--cameras", "3", "--onvif-recorder", "--no-sound",
            "--user", "admin", "--password", "geheim"]  # fmt: skip
_LONG_MS = 90_000


def test_all_of_it_are_recorded_at_once(new_bed: Callable[[], Bed], visiting: Visiting) -> None:
    with Simulator(*RECORDER) as recorder:
        bed = new_bed()
        owner = visiting(bed.url, 390, 844, color_scheme="light")
        owner.may_be_refused = True
        owner.page.add_init_script(path=AXE)
        set_up(owner, bed.link)
        owner.page.get_by_text("I know the address of a camera").click()
        owner.page.get_by_label("Its address, or that of its stream").fill(recorder.urls[0].onvif)
        owner.page.get_by_label("Name", exact=True).fill("Hall")
        owner.button("Put it on the list").click()
        owner.page.get_by_label("User in the cameras").fill("admin")
        owner.page.get_by_label("Password in the cameras").fill("geheim")
        owner.button("Record it").click()
        others = owner.button("Record its 2 other pictures too")
        expect(others).to_be_visible(timeout=_LONG_MS)
        readable(owner)
        others.click()
        expect(owner.page.get_by_text("3 cameras are recorded.")).to_be_visible(timeout=_LONG_MS)
        expect(others).to_have_count(0)
        told = owner.page.evaluate("() => fetch('/api/v1/cameras').then((it) => it.json())")
        names = sorted(each["name"] for each in told["cameras"])
        assert names == ["Hall", "Hall camera-2", "Hall camera-3"]
