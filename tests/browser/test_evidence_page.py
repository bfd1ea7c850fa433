"""Evidence on the page: mark, reason, bundle, checked; and with a second person's consent."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting, readable
from tests.browser.screens import PHONE, WIDE
from tests.browser.visitor import PASSWORD, Visitor
from watchglass.model.look import LookKind
from watchglass.recording.people import noted_looks

pytestmark = pytest.mark.full

ANALYSIS = False

READY_MS = 90_000


def seen(visitor: Visitor, name: str) -> None:
    """axe finds nothing; with WATCHGLASS_SCREENS the picture is kept, to be looked at."""
    readable(visitor)
    if folder := os.environ.get("WATCHGLASS_SCREENS"):
        visitor.page.screenshot(path=Path(folder) / f"{name}.png")


def ask(visitor: Visitor, reason: str, cameras: tuple[str, ...], name: str) -> None:
    """From the timeline, by keyboard."""
    visitor.go_to("-12s")
    visitor.plays(f"{cameras[0]}, recorded")
    visitor.press("k", "i")
    marked_ms = visitor.settled_ms()
    visitor.press("l")
    visitor.until(lambda: visitor.at_ms() - marked_ms > 2500)
    visitor.press("k", "o", "e")
    dialog = visitor.page.get_by_role("dialog", name="Evidence bundle")
    for each in cameras[1:]:
        dialog.get_by_label(each, exact=True).check()
    dialog.get_by_role("button", name="Ask for the bundle").click()
    expect(dialog.get_by_text("Write why")).to_be_visible()
    seen(visitor, f"{name}-dialog")
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name="Ask for the bundle").click()
    expect(dialog).to_have_count(0)


def test_what_was_marked_is_a_bundle_that_anybody_can_check(
    bed: Bed, visiting: Visiting, tmp_path: Path
) -> None:
    """Of two cameras in step; checked by a program that knows nothing of the recorder."""
    guard = visiting(bed.url, **WIDE)
    guard.context.add_init_script(path=AXE)
    guard.sign_in()
    guard.plays("Street")
    guard.go_to_place("Evidence")
    expect(guard.headline).to_have_text("No evidence bundle yet.")
    seen(guard, "evidence-empty")
    guard.button("To the timeline").click()
    ask(guard, "case 17", ("Street", "Yard"), "evidence")
    row = guard.page.get_by_role("listitem").filter(has_text="case 17")
    link = row.get_by_role("link", name=re.compile("^Download"))
    expect(link).to_be_visible(timeout=READY_MS)
    expect(row).to_contain_text("Street, Yard")
    row.get_by_text("How somebody checks it").click()
    fingerprint = row.locator(".key").first.inner_text()
    seen(guard, "evidence-done")
    with guard.page.expect_download() as downloading:
        link.click()
    saved = tmp_path / "case.zip"
    downloading.value.save_as(saved)
    with zipfile.ZipFile(saved) as archive:
        archive.extractall(tmp_path / "case")
    (folder,) = (tmp_path / "case").iterdir()
    told = subprocess.run(
        [sys.executable, "verify.py", "--fingerprint", fingerprint], cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    for words in ("Intact: YES", "Complete: YES", "From this recorder and camera: YES"):
        assert words in told.stdout, told.stdout + told.stderr
    looks = noted_looks(bed.recorder.layout.ledgers / "site", 0)
    noted = [look for look in looks if look.kind is LookKind.EVIDENCE]
    assert len({look.camera for look in noted}) == 2
    row.get_by_role("button", name=re.compile("^Delete")).click()
    guard.page.get_by_role("dialog").get_by_role("button", name="Delete it here").click()
    expect(guard.headline).to_have_text("No evidence bundle yet.")
    assert not list((bed.data / "exports").glob("evidence-*"))


def test_a_second_person_agrees_before_it_is_made(bed: Bed, visiting: Visiting) -> None:
    owner = visiting(bed.url, **PHONE)
    owner.context.add_init_script(path=AXE)
    owner.sign_in()
    owner.page.evaluate(
        """async ([name, password]) => {
          const rights = [{actions: ["live", "playback", "export"], everywhere: true}];
          const answer = await fetch("/api/v1/users", {
            method: "POST", headers: {"X-Watchglass": "1", "Content-Type": "application/json"},
            body: JSON.stringify({name, password, role: "investigator", rights}),
          });
          if (!answer.ok) throw new Error(await answer.text());
        }""",
        ["ada", PASSWORD],
    )
    owner.go_to_place("Evidence")
    owner.button("Consent: one person").click()
    dialog = owner.page.get_by_role("dialog")
    dialog.get_by_label("Evidence of every camera takes a second person").check()
    seen(owner, "evidence-rule")
    dialog.get_by_role("button", name="Save").click()
    expect(owner.button("Consent: two persons")).to_be_visible()

    ada = visiting(bed.url, **WIDE)
    ada.context.add_init_script(path=AXE)
    ada.page.goto(ada.url)
    ada.page.get_by_label("Name", exact=True).fill("ada")
    ada.page.get_by_label("Password", exact=True).fill(PASSWORD)
    ada.button("Sign in").click()
    ada.plays("Street")
    ask(ada, "case 18", ("Street",), "evidence-ada")
    mine = ada.page.get_by_role("listitem").filter(has_text="case 18")
    expect(mine).to_contain_text("waits for a second person")
    expect(mine.get_by_role("button", name=re.compile("^Agree"))).to_have_count(0)
    seen(ada, "evidence-waits")

    owner.page.reload()
    expect(owner.headline).to_have_text("One bundle waits for you.")
    seen(owner, "evidence-for-me")
    owner.page.get_by_role("button", name=re.compile("^Agree")).click()
    dialog = owner.page.get_by_role("dialog", name="Agree to this bundle")
    dialog.get_by_label("Reason, if you like").fill("seen the order")
    dialog.get_by_role("button", name="Agree").click()
    expect(mine.get_by_role("link", name=re.compile("^Download"))).to_be_visible(timeout=READY_MS)
    expect(mine).to_contain_text("agreed: seen the order")
    seen(ada, "evidence-agreed")
    expect(owner.page.get_by_role("listitem").filter(has_text="case 18")).to_contain_text("ready")
    seen(owner, "evidence-agreed-phone")
