"""The story of an erasure by two people, and of a request, as they do it on the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import FilePayload, Page, expect

from benches.tamper.authority import Authority
from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running, running
from watchglass.access.right import Action, Role
from watchglass.api.pages import UI
from watchglass.model.gap import GapCause

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Recorded, Running, Browser]]:
    recorded = Recorded(tmp_path_factory.mktemp("requests"), cameras=2)
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
    expect(asking.get_by_role("button", name="Requests", exact=True)).to_be_visible()
    deciding = page_of(chromium, at, admin)
    expect(deciding.get_by_role("button", name="Requests: 1 for you")).to_be_visible()
    expect(deciding.get_by_role("heading", name="One erasure waits for you.")).to_be_visible()
    deciding.get_by_role("button", name="Approve").click()
    deciding.get_by_role("dialog").get_by_role("button", name="Erase").click()
    expect(deciding.get_by_text("approved by admin")).to_be_visible()
    expect(deciding.get_by_role("button", name="Requests", exact=True)).to_be_visible()
    assert sum(path.stat().st_size for path in recorded.site.files) < before
    # A request holds its span, and lets it go when it is answered.
    body = {
        "contact": "anna@example.org", "cameras": [recorded.cameras[1]],
        "from_ms": began + 1000, "to_ms": began + 4000,
    }  # fmt: skip
    assert admin.send("POST", "/api/v1/requests", body).status_code == 201
    deciding.reload()
    expect(deciding.get_by_text("Until the request is answered")).to_be_visible()
    # A copy for them begins with what they asked for; who they are is not in the reason.
    deciding.get_by_role("button", name="Redacted copy").click()
    dialog = deciding.get_by_role("dialog", name="New redacted copy")
    expect(dialog.get_by_label("Camera").locator("option:checked")).to_have_text("Gate 1")
    expect(dialog.get_by_text("3 s, of 15 min at most")).to_be_visible()
    reason = dialog.get_by_label("Reason").input_value()
    assert reason.startswith("Somebody who was filmed asks, request ")
    assert "anna" not in reason
    deciding.keyboard.press("Escape")
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


def test_an_admin_names_a_witness_of_time(
    chromium: Chromium, served: tuple[Recorded, Running, Browser]
) -> None:
    _, at, admin = served
    page = page_of(chromium, at, admin)
    page.get_by_role("button", name="Evidence").click()
    page.get_by_role("button", name="Add an authority").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Vienna")
    dialog.get_by_label("Address").fill("https://tsa.example/stamp")
    certificate = FilePayload(name="tsa.pem", mimeType="text/plain", buffer=Authority().pem)
    dialog.get_by_label("Its certificates").set_input_files(certificate)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Its name is short")).to_be_visible()
    dialog.get_by_label("Name").fill("vienna")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("no other certificate than its own is taken")).to_be_visible()
    page.get_by_role("button", name="Stamp now").click()
    expect(page.get_by_text("One waits for it.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Take it away as a file").click()
    assert b'"sig":' in Path(download.value.path()).read_bytes()
    page.get_by_role("button", name="Stop vienna").click()
    page.get_by_role("button", name="Stop asking").click()
    expect(page.get_by_text("the only witness")).to_be_visible()
