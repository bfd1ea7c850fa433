"""Where no model names what is seen: whoever writes a rule about people, or searches for them, is
told that nothing will come of it, and what to do."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import AXE, Bed, Visiting, set_up
from tests.browser.happenings import Happenings
from tests.browser.screens import on_phone
from tests.browser.test_users import FIRST, go, readable, sign_in
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.full

_NONE = "There is no model here, and without one nothing that is seen has a name"


def looked_at(bed: Bed, visiting: Visiting, screen: dict[str, object], state: str) -> Visitor:
    """The owner before a recorder with one camera, once it knows whether things get a name."""
    bed.add("Yard")
    visitor = visiting(bed.url, **screen)
    visitor.page.add_init_script(path=AXE)
    visitor.may_be_refused = True
    set_up(visitor, bed.link)
    script = "() => fetch('/api/v1/naming').then((answer) => answer.json())"
    visitor.until(lambda: visitor.page.evaluate(script)["state"] == state, 60.0)
    return visitor


def note(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("status").filter(has_text="a name")


def yard(visitor: Visitor) -> str:
    cameras = visitor.page.evaluate("() => fetch('/api/v1/cameras').then((it) => it.json())")
    return str(cameras["cameras"][0]["id"])


@on_phone
def test_without_a_model_the_page_says_that_nothing_has_a_name(
    new_bed: Callable[..., Bed], visiting: Visiting, screen: dict[str, object]
) -> None:
    bed, width = new_bed(), screen["width"]
    owner = looked_at(bed, visiting, screen, "no_model")
    page, camera = owner.page, yard(owner)
    go(owner, f"rules/{camera}")
    owner.button("Make a rule").click()
    # A rule about whatever moves needs no name.
    expect(page.get_by_label("Tell when")).to_be_visible()
    expect(note(owner)).to_have_count(0)
    page.get_by_text("people", exact=True).click()
    expect(note(owner)).to_contain_text(f"{_NONE}: this rule never fires.")
    note(owner).get_by_text("What to do about it").click()
    expect(note(owner)).to_contain_text("On the recorder’s machine, watchglass models pull")
    expect(note(owner)).to_contain_text("WATCHGLASS_MODELS_DIR")
    note(owner).scroll_into_view_if_needed()
    readable(owner, f"nameless-rule-{width}")
    page.get_by_text("people", exact=True).click()
    expect(note(owner)).to_have_count(0)
    page.get_by_text("cars", exact=True).click()
    page.get_by_label("Name").fill("A car by night")
    owner.button("Make the rule").click()
    rule = page.get_by_role("listitem").filter(has_text="A car by night")
    expect(rule).to_contain_text("It never fires now.")
    expect(note(owner)).to_contain_text(f"{_NONE}: a rule about cars alone never fires.")
    readable(owner, f"nameless-rules-{width}")
    rule.get_by_role("button", name="Switch off").click()
    expect(note(owner)).to_have_count(0)
    expect(rule).not_to_contain_text("never fires")

    right = {"actions": ["live", "playback"], "cameras": [camera]}
    body = {"name": "Ada", "role": "viewer", "password": FIRST, "rights": [right]}
    with closing(Happenings(bed, page)) as made:
        assert made.asked("users", body)["name"] == "Ada"
    guest = visiting(bed.url, **screen)
    guest.page.add_init_script(path=AXE)
    guest.may_be_refused = True
    guest.page.goto(bed.url)
    sign_in(guest.page, "Ada", FIRST)
    expect(guest.tile("Yard")).to_be_visible()
    for visitor, says in ((owner, "On the recorder’s machine"), (guest, "Tell whoever runs")):
        go(visitor, "search")
        people = visitor.page.get_by_role("checkbox", name="people", exact=True)
        expect(people).to_be_attached()
        expect(note(visitor)).to_have_count(0)
        visitor.page.get_by_text("people", exact=True).click()
        expect(note(visitor)).to_contain_text(f"{_NONE}: nothing is found but what was named")
        note(visitor).get_by_text("What to do about it").click()
        expect(note(visitor)).to_contain_text(says)
        expect(note(visitor)).to_contain_text("watchglass models pull")
        way = note(visitor).get_by_role("button", name="System", exact=True)
        expect(way).to_have_count(1 if visitor is owner else 0)
        readable(visitor, f"nameless-search-{width}-{visitor is owner}")
        visitor.button("Search whatever moves, named or not").click()
        expect(people).not_to_be_checked()
        expect(note(visitor)).to_have_count(0)
    expect(owner.headline).not_to_have_text("Search")


@pytest.mark.long
@pytest.mark.parametrize("screen", [{"width": 1280, "height": 800}], ids=["wide"])
def test_with_a_model_people_have_a_name(
    new_bed: Callable[..., Bed], visiting: Visiting, screen: dict[str, object], shared_dir: Path
) -> None:
    bed = new_bed(WATCHGLASS_MODELS_DIR=str(shared_dir / "models"))
    owner = looked_at(bed, visiting, screen, "model")
    with owner.page.expect_response("**/api/v1/naming"):
        go(owner, "search")
    owner.page.get_by_text("people", exact=True).click()
    expect(owner.page.get_by_role("checkbox", name="people", exact=True)).to_be_checked()
    expect(owner.headline).to_have_text("Nothing like that was found.")
    expect(note(owner)).to_have_count(0)
