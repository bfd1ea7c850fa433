"""People, their rights and their own accounts, in Chromium: made, looked at, kept out."""

import base64
import os
import time
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import AXE, Bed, Visiting
from tests.browser.screens import PHONE, WIDE, on_wide
from tests.browser.visitor import Visitor
from watchglass.access.totp import code_of, step_at

pytestmark = pytest.mark.full
ANALYSIS = False

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
FIRST = "a first password"


def readable(visitor: Visitor, name: str) -> None:
    assert visitor.unreadable() == []
    page = visitor.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    assert page.title() != "owned"
    if folder := os.environ.get("WATCHGLASS_SCREENS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def go(visitor: Visitor, place: str) -> None:
    visitor.page.evaluate(
        f"location.hash = '{place}'; dispatchEvent(new PopStateEvent('popstate'))"
    )


def sign_in(page: Page, name: str, password: str, code: str = "") -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    if code:
        page.get_by_label("Code of your authenticator app").fill(code)
        page.get_by_role("button", name="Sign in", exact=True).click()


@on_wide
def test_somebody_is_added_sees_one_camera_and_is_kept_out(
    bed: Bed, visiting: Visiting, screen: dict[str, object]
) -> None:
    name = f"{HOSTILE[:40]}{screen['width']}"
    admin = visiting(bed.url, **screen)
    admin.page.add_init_script(path=AXE)
    admin.may_be_refused = True
    admin.sign_in()
    go(admin, "users")
    expect(admin.headline).to_contain_text("come in")
    readable(admin, f"users-{screen['width']}")
    admin.button("Add somebody").click()
    dialog = admin.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("First password").fill(FIRST)
    dialog.get_by_label("Yard", exact=True).check()
    dialog.get_by_label("Of which time").select_option("back")
    readable(admin, f"add-{screen['width']}")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_have_count(0)
    row = admin.page.get_by_role("button").filter(has_text=name)
    expect(row).to_contain_text("Yard, the last day")
    readable(admin, f"listed-{screen['width']}")

    guest = visiting(bed.url, **screen)
    guest.page.add_init_script(path=AXE)
    guest.may_be_refused = True
    guest.page.goto(bed.url)
    sign_in(guest.page, name, FIRST)
    expect(guest.tile("Yard")).to_be_visible()
    expect(guest.tile("Gate")).to_have_count(0)
    expect(guest.page.get_by_role("button", name="Users", exact=True)).to_have_count(0)

    row.click()
    admin.page.get_by_role("dialog").get_by_role("button", name="Keep out").click()
    # The open page is told within a second or so, and shows the door.
    expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=30_000)
    row.click()
    dialog = admin.page.get_by_role("dialog")
    dialog.get_by_label("To remove, type the name").fill(name)
    dialog.get_by_role("button", name=f"Remove {name}").click()
    expect(row).to_have_count(0)


def test_a_second_factor_is_set_up_and_asked_for(bed: Bed, visiting: Visiting) -> None:
    admin = visiting(bed.url, **WIDE)
    admin.page.add_init_script(path=AXE)
    admin.may_be_refused = True
    admin.sign_in()
    go(admin, "users")
    admin.button("Add somebody").click()
    dialog = admin.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("dora")
    dialog.get_by_label("First password").fill(FIRST)
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_contain_text("Tick at least one camera")
    dialog.get_by_label("On which cameras").select_option("all")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog).to_have_count(0)

    dora = visiting(bed.url, **PHONE)
    dora.page.add_init_script(path=AXE)
    dora.may_be_refused = True
    dora.page.goto(bed.url)
    sign_in(dora.page, "dora", FIRST)
    expect(dora.tile("Yard")).to_be_visible()
    go(dora, "account")
    expect(dora.headline).to_have_text("You are dora, viewer.")
    readable(dora, "account-390")
    section = dora.page.get_by_role("region", name="Second factor")
    section.get_by_label("Your password").fill(FIRST)
    section.get_by_role("button", name="Set one up").click()
    expect(section.get_by_role("img")).to_be_visible()
    assert section.get_by_role("img").evaluate("each => each.naturalWidth") > 0
    readable(dora, "factor-390")
    text = section.locator(".secret").inner_text()
    secret = base64.b32decode(text.replace(" ", ""))
    section.get_by_label("Code").fill(code_of(secret, step_at(time.time_ns())))
    section.get_by_role("button", name="Switch it on").click()
    expect(section.get_by_role("listitem")).to_have_count(10)
    codes = section.get_by_role("listitem").all_inner_texts()
    readable(dora, "codes-390")
    section.get_by_role("button", name="I have them").click()
    go(dora, "")
    dora.page.reload()
    context: BrowserContext = dora.page.context
    context.clear_cookies()
    dora.page.reload()
    sign_in(dora.page, "dora", FIRST, codes[0])
    expect(dora.tile("Yard")).to_be_visible()
