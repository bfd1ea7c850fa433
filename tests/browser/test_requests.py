"""The story of an erasure by two people, and of a request, as they do it on the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running, running
from watchglass.access.right import Action, Role
from watchglass.api.pages import UI
from watchglass.model.gap import GapCause


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Recorded, Running, Browser]]:
    recorded = Recorded(tmp_path / "site", cameras=2)
    recorded.record(20)
    for camera in recorded.cameras:
        recorded.worker.tell_gap(camera, GapCause.STALLED)
    recorded.cycle()
    recorded.cycle()
    with running(recorded, ui=UI) as (at, admin):
        yield recorded, at, admin


def page_of(chromium: Chromium, at: Running, who: Browser) -> Page:
    """The page as that person has it open."""
    context = chromium.new_context()
    url = at.url.replace("http:", "https:")
    context.add_cookies(
        [{"name": "__Host-watchglass", "value": who.cookie, "url": url, "secure": True}]
    )
    page = context.new_page()
    page.goto(f"{at.url}/#requests")
    return page


def test_two_people_erase_and_a_request_is_answered(
    chromium: Chromium, served: tuple[Recorded, Running, Browser]
) -> None:
    recorded, at, admin = served
    rights = frozenset({Action.PLAYBACK, Action.HOLD, Action.ERASE})
    ann = arrived(at, Person("ann", Role.INVESTIGATOR, rights, None))
    began = recorded.began_ns // 1_000_000
    before = sum(path.stat().st_size for path in recorded.site.files)
    asking = page_of(chromium, at, ann)
    asking.get_by_role("button", name="Ask for an erasure").click()
    dialog = asking.get_by_role("dialog")
    dialog.get_by_label("Gate 0").check()
    dialog.get_by_label("Reason").fill("a neighbour asked")
    dialog.get_by_label("From").fill("-30s")
    dialog.get_by_label("To").fill("-3s")
    dialog.get_by_role("button", name="Ask", exact=True).click()
    expect(asking.get_by_text("Waits for somebody else to approve it")).to_be_visible()
    # Whoever asked is offered no decision.
    expect(asking.get_by_role("button", name="Approve")).to_have_count(0)
    deciding = page_of(chromium, at, admin)
    expect(deciding.get_by_role("heading", name="One erasure waits for you.")).to_be_visible()
    deciding.get_by_role("button", name="Approve").click()
    deciding.get_by_role("dialog").get_by_role("button", name="Erase").click()
    expect(deciding.get_by_text("approved by admin")).to_be_visible()
    assert sum(path.stat().st_size for path in recorded.site.files) < before
    # A request holds its span, and lets it go when it is answered.
    body = {
        "contact": "anna@example.org", "cameras": [recorded.cameras[1]],
        "from_ms": began + 1000, "to_ms": began + 4000,
    }  # fmt: skip
    assert admin.send("POST", "/api/v1/requests", body).status_code == 201
    deciding.reload()
    expect(deciding.get_by_text("Until the request is answered")).to_be_visible()
    deciding.get_by_role("button", name="Answer").click()
    dialog = deciding.get_by_role("dialog")
    dialog.get_by_label("Outcome").select_option("refused")
    dialog.get_by_label("Why").fill("nobody is to be seen")
    dialog.get_by_role("button", name="Answer").click()
    expect(deciding.get_by_text("Refused: nobody is to be seen")).to_be_visible()
    expect(deciding.get_by_text("Nothing is held: recordings go")).to_be_visible()
    for page in (asking, deciding):
        page.context.close()
    ann.http.close()
