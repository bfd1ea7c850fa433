"""Whom a camera talks to, and keeping it in, in Chromium, among 700 devices."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE, Bed, Visiting, readable, set_up
from tests.browser.fleet_making import many, seed
from tests.browser.visitor import Visitor
from watchglass.model.egress import EgressRead, EgressSource, PeerContact, PeerName
from watchglass.store.egress import EgressStore
from watchglass.store.trust import TrustStore
from watchglass.trust.facts import read_facts
from watchglass.trust.fleet import judge_fleet

pytestmark = [pytest.mark.full, pytest.mark.timeout(400)]
ANALYSIS = False
SHOTS = os.environ.get("WATCHGLASS_SHOTS", "")
AT_NS = 1_795_821_360 * 10**9


def contact(mac: str, peer: str, port: int, protocol: str = "tcp", sent: int = 4_200_000,
            times: int = 41, refused: int = 0, name: str = "") -> PeerContact:  # fmt: skip
    return PeerContact(
        mac=mac, address="10.0.0.4", peer=peer, name=name, port=port, protocol=protocol,
        source=EgressSource.DNS if protocol == "dns" else EgressSource.CONNTRACK,
        sent_bytes=sent, received_bytes=sent // 9, times=times, refused=refused,
        first_ns=AT_NS - 10**15, last_ns=AT_NS,
    )  # fmt: skip


def talk(data: Path) -> str:
    """A third of the cameras talk; the id of one that talks to a cloud."""
    base = data / "state" / "site.db"
    trust, egress = TrustStore(base), EgressStore(base)
    fleet = judge_fleet(trust, read_facts(), AT_NS)
    cameras = [each for each in fleet.judgements if each.subject.macs]
    contacts, names = [], []
    for at, each in enumerate(cameras[::3]):
        mac = each.subject.macs[0]
        if at % 3 == 0:
            names.append(PeerName(mac, "52.29.1.7", "dev.hik-connect.com", AT_NS))
            contacts.append(contact(mac, "52.29.1.7", 443))
            contacts.append(contact(mac, "203.0.114.9", 8800, "udp", 90_000))
            contacts.append(contact(mac, "", 53, "dns", 0, 3, name="time.windows.com"))
            contacts.append(contact(mac, "10.20.0.9", 25, sent=2_000, times=4))
            contacts.append(contact(mac, "239.255.255.250", 3702, "udp", 900))
        elif at % 3 == 1:
            contacts.append(contact(mac, "198.18.0.1" if at % 2 else "52.3.4.5", 443, refused=41))
        contacts.append(contact(mac, "10.20.0.5", 554, sent=9_100_000_000))
    egress.add(EgressRead(contacts=tuple(contacts), names=tuple(names), records=1, others=0,
                          unknown=0))  # fmt: skip
    trust.close()
    egress.close()
    return str(cameras[0].id)


def test_a_camera_that_talks_is_kept_in(new_bed: Callable[[], Bed], visiting: Visiting) -> None:
    bed = new_bed()
    owner = visiting(bed.link, 1280, 900)
    owner.page.add_init_script(path=AXE)
    set_up(owner, bed.link)
    seed(bed.data, many(700))
    device = talk(bed.data)
    owner.page.goto(bed.url + "#devices")
    rows = owner.page.get_by_role("list", name="Devices").get_by_role("listitem")
    expect(rows.first).to_be_visible(timeout=120_000)
    owner.page.get_by_label("Talks to").select_option("cloud")
    expect(rows.first).to_contain_text("talks to a cloud")
    in_both(owner, "list")
    owner.page.goto(bed.url + f"#devices/{device}")
    told = owner.page.get_by_text("It reached a maker's cloud (dev.hik-connect.com)")
    expect(told).to_be_visible(timeout=60_000)
    told.scroll_into_view_if_needed()
    in_both(owner, "device")
    owner.button("Keep it in").click()
    dialog = owner.page.get_by_role("dialog")
    dialog.get_by_label("Who records it").fill("10.20.0.5")
    owner.button("Show what stops working").click()
    expect(dialog.get_by_text("Hik-Connect app").first).to_be_visible(timeout=60_000)
    dialog.get_by_text("The rules").click()
    expect(dialog.locator("pre")).to_contain_text("table inet watchglass_cameras")
    in_both(owner, "dialog")
    with owner.page.expect_download() as saved:
        owner.button("Save cameras.nft").click()
    assert saved.value.suggested_filename == "cameras.nft"
    dialog.get_by_role("button", name="It is in force now").click(timeout=60_000)
    expect(owner.page.get_by_text("stated to be in force since")).to_be_visible(timeout=60_000)

    many_are_planned_at_once(owner)


def many_are_planned_at_once(owner: Visitor) -> None:
    """By keyboard and by pointer; told row by row, and taken back."""
    page = owner.page
    page.goto(page.url.partition("#")[0] + "#devices")
    page.get_by_label("Talks to").select_option("")
    page.get_by_role("combobox", name="Order", exact=True).select_option("address")
    rows = page.get_by_role("list", name="Devices").get_by_role("listitem")
    expect(rows.first).to_be_visible(timeout=60_000)
    chosen = page.get_by_role("region", name="Devices that are chosen")
    row = page.locator('a[data-at="0"]')
    row.focus()
    page.keyboard.press("Space")
    expect(chosen).to_contain_text("1 device chosen")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    expect(chosen).to_contain_text("4 devices chosen")
    page.keyboard.press("Escape")
    expect(chosen).to_have_count(0)
    box = page.get_by_role("checkbox", name="Choose Room")
    box.nth(1).click()
    box.nth(5).click(modifiers=["Shift"])
    expect(chosen).to_contain_text("5 devices chosen")
    in_both(owner, "chosen")

    owner.button("Plan their way out").click()
    dialog = page.get_by_role("dialog")
    owner.button("Save for 5 devices").click()
    expect(dialog).to_contain_text("Fill in what is to be planned")
    dialog.get_by_label("Whose work it is").fill("Dana")
    dialog.get_by_label("Wave").fill("7")
    dialog.get_by_label("By when").fill("2027-03-31")
    dialog.get_by_label("Device", exact=True).fill("219.90")
    dialog.get_by_label("Currency").fill("eur")
    dialog.get_by_label("They have come a step further").select_option("chosen")
    in_both(owner, "plan-many")
    owner.button("Save for 5 devices").click()
    expect(dialog).to_have_count(0, timeout=60_000)
    expect(chosen).to_contain_text("Planned in part. Not all was done of 5 devices")
    expect(chosen).to_contain_text("Say what replaces it first")
    in_both(owner, "planned-not")

    owner.button("Plan their way out").click()
    dialog.get_by_label("Replaced by: maker").fill("Axis")
    dialog.get_by_label("Model").fill("P3265-LV")
    dialog.get_by_label("They have come a step further").select_option("chosen")
    owner.button("Save for 5 devices").click()
    expect(dialog).to_have_count(0, timeout=60_000)
    expect(chosen).to_contain_text("Planned for 5 devices.")
    in_both(owner, "planned")
    page.get_by_role("searchbox", name="Search").fill("Dana")
    expect(rows).to_have_count(5)
    owner.button("Undo").click()
    expect(chosen).to_contain_text("Taken back for 5 devices.", timeout=60_000)
    owner.button("Close").click()
    expect(chosen).to_have_count(0)
    rows.first.get_by_role("link").press("Enter")
    expect(page.get_by_text("Taken back: replacement chosen, said by admin.")).to_be_visible(
        timeout=60_000
    )
    way = page.get_by_role("region", name="Its way out")
    expect(way).to_contain_text("Dana")
    expect(way).not_to_contain_text("Replaced by")
    way.scroll_into_view_if_needed()
    in_both(owner, "way")


def in_both(owner: Visitor, name: str) -> None:
    """Readable at both widths; ``WATCHGLASS_SHOTS`` names a folder for pictures to look at."""
    for width, height in ((390, 844), (1280, 900)):
        owner.page.set_viewport_size({"width": width, "height": height})
        readable(owner)
        if SHOTS:
            owner.page.screenshot(path=f"{SHOTS}/{name}-{width}.png")
