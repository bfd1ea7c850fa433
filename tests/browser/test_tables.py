"""A table of cameras in Chromium: recorded row by row, again without harm, and ended in between."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import AXE, Bed, Visiting, readable, set_up
from tests.browser.screens import on_phone
from tests.browser.visitor import Visitor
from watchglass.simulate.process import Simulator

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]
ANALYSIS = False

_LONG_MS = 120_000
_BAD_ROWS = 200


@pytest.fixture
def mute() -> Iterator[str]:
    """An address at which somebody takes connections, and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        yield f"rtsp://127.0.0.1:{server.getsockname()[1]}"


def give(owner: Visitor, text: str) -> None:
    owner.page.get_by_label("The table", exact=True).set_input_files(
        {"name": "cameras.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    owner.button("Record the cameras of this table").click()


def told(owner: Visitor) -> Locator:
    return owner.page.get_by_role("region", name="Rows of the table").get_by_role("paragraph").first


@on_phone
def test_a_table_is_recorded_row_by_row(
    new_bed: Callable[[], Bed],
    simulator: Simulator,
    visiting: Visiting,
    mute: str,
    screen: dict[str, object],
) -> None:
    bed = new_bed()
    owner = visiting(bed.url, **screen)
    owner.may_be_refused = True
    owner.page.add_init_script(path=AXE)
    set_up(owner, bed.link)
    owner.page.get_by_text("I have a table of them").click()
    owner.button("Record the cameras of this table").click()
    expect(owner.page.get_by_text("Choose the file first.")).to_be_visible()
    readable(owner)

    give(owner, "no,table\n1,2\n")
    expect(owner.page.get_by_text("one of them is 'address'")).to_be_visible()
    owner.errors = [each for each in owner.errors if "/camera-table" not in each]

    cameras = simulator.urls[:3]
    good = "".join(f"{each.main},Door {number}\n" for number, each in enumerate(cameras, 1))
    # Most have no sense, so that they cost no look; behind some there is nobody.
    bad = "".join(f"ftp://192.0.2.{number},\n" for number in range(_BAD_ROWS - 4))
    bad += "".join(f"rtsp://127.0.0.1:9/{number},\n" for number in range(4))
    table = f"address,name\n{good}ftp://x,\n{bad}"
    give(owner, table)
    expect(told(owner)).to_have_text(
        f"{_BAD_ROWS + 4} rows: 3 recorded, {_BAD_ROWS + 1} not recorded.", timeout=_LONG_MS
    )
    rows = owner.page.get_by_role("region", name="What became of each row")
    expect(rows.get_by_role("listitem").first).to_contain_text("Door 1")
    expect(rows.get_by_role("listitem").nth(3)).to_contain_text("onvif://ADDRESS")
    readable(owner)
    owner.page.get_by_role("combobox", name="Show").select_option("added")
    expect(rows.get_by_role("listitem")).to_have_count(3)

    give(owner, f"address,name\n{good}")
    expect(told(owner)).to_have_text("3 rows: 3 there before.", timeout=_LONG_MS)

    give(owner, "address\n" + "".join(f"{mute}/{number}\n" for number in range(30)))
    expect(rows.get_by_text("looking at it")).to_have_count(4)
    owner.button("Stop (0 of 30)").click()
    # What goes on does so without the page, and is there when it comes back.
    owner.page.reload()
    owner.page.get_by_text("I have a table of them").click()
    expect(told(owner)).to_contain_text("26 left out", timeout=_LONG_MS)
    expect(told(owner)).to_have_text("30 rows: 4 not recorded, 26 left out.", timeout=_LONG_MS)
    readable(owner)
