"""The report in a real browser: nothing runs, nothing is fetched, it sorts, and it prints."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog

from tests.trust.seeing import AT_NS, HIK_MAC, see
from watchglass.store.trust import TrustStore
from watchglass.trust.facts import read_facts
from watchglass.trust.fleet import judge_fleet
from watchglass.trust.report.page import make_page

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    store = TrustStore(tmp_path / "site.db")
    for number in range(30):
        store.add_observations(
            see("sadp answer sadp", "http server App-webs/", f"onvif manufacturer {EVIL}",
                f"onvif model {EVIL}", f"import_csv name Door {number}{EVIL}",
                address=f"10.0.0.{number + 1}", mac=f"{HIK_MAC[:-2]}{number:02x}")
        )  # fmt: skip
    facts = read_facts()
    document = judge_fleet(store, facts, AT_NS).document("test")
    store.close()
    written = tmp_path / "report.html"
    written.write_bytes(make_page(document, facts, "f" * 64))
    return written


@pytest.mark.full
def test_a_report_of_hostile_devices_is_a_quiet_page(chromium: Browser, page: Path) -> None:
    tab = chromium.new_page()
    told: list[str] = []

    def dismissed(dialog: Dialog) -> None:
        told.append("a dialog")
        dialog.dismiss()

    tab.on("console", lambda message: told.append(message.text))
    tab.on("pageerror", lambda error: told.append(str(error)))
    tab.on("dialog", dismissed)
    tab.on("request", lambda request: told.append(request.url))
    tab.goto(page.as_uri())
    assert told == [page.as_uri()]
    assert tab.locator("img").count() == 0
    rows = tab.locator("table.sortable tbody tr td:nth-child(2)")
    first = rows.first.inner_text()
    head = tab.locator("table.sortable th").nth(1)
    head.click()
    head.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert rows.first.inner_text() != first
    assert rows.first.inner_text().startswith("Door 29")
    assert tab.pdf(prefer_css_page_size=True).startswith(b"%PDF-")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not tab.evaluate(wide)
    tab.set_viewport_size({"width": 390, "height": 800})
    assert not tab.evaluate(wide)
    assert told == [page.as_uri()]
    tab.close()
