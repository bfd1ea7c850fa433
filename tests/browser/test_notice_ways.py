"""The ways in which notices leave, set up in Chromium: a real broker, and a service of apprise."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.app.broker import PASSWORD, USER, Broker, brokers
from tests.browser.conftest import AXE, Bed, Visiting, readable
from tests.browser.screens import on_phone
from tests.browser.test_cameras import hooks
from tests.browser.visitor import Visitor

__all__ = ["hooks"]
pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]

ANALYSIS = False


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    yield from brokers(tmp_path)


def seen(visitor: Visitor, name: str) -> None:
    """Readable, and pictured where somebody asks for pictures."""
    readable(visitor)
    if (folder := os.environ.get("WATCHGLASS_SCREENS")) is not None:
        width = visitor.page.viewport_size["width"] if visitor.page.viewport_size else 0
        visitor.page.screenshot(path=Path(folder) / f"{name}-{width}.png")


def way(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_role("region", name=name, exact=True)


@on_phone
def test_home_assistant_and_a_service_are_told(
    bed: Bed, visiting: Visiting, broker: Broker, hooks: tuple[str, list[bytes]],
    screen: dict[str, object],
) -> None:  # fmt: skip
    owner = visiting(bed.url, **screen)
    owner.page.add_init_script(path=AXE)
    owner.sign_in()
    owner.page.goto(bed.url + "#notices")
    owner.button("Set up MQTT").click()
    dialog = owner.page.get_by_role("dialog")
    dialog.get_by_label("Broker", exact=True).fill("127.0.0.1")
    dialog.get_by_label("Encrypted (TLS)").uncheck()
    expect(dialog).to_contain_text("unencrypted")
    dialog.get_by_label("Port").fill(str(broker.port))
    dialog.get_by_label("User").fill(USER)
    dialog.get_by_label("Password").fill(PASSWORD)
    seen(owner, "mqtt")
    owner.button("Add quiet hours").click()
    expect(dialog).to_contain_text("Only alarms")
    owner.page.get_by_label("The broker may be this machine itself").check()
    seen(owner, "mqtt-quiet")
    owner.button("Save").click()
    expect(dialog).to_have_count(0)
    mqtt = way(owner, "MQTT and Home Assistant")
    expect(mqtt).to_contain_text(f"127.0.0.1:{broker.port}, not encrypted")
    expect(mqtt).to_contain_text("quiet hours 22:00–06:00")
    owner.button("Try it MQTT and Home Assistant").click()
    expect(mqtt).to_contain_text("Last sent", timeout=60_000)
    found = broker.kept()
    devices = {
        json.loads(text)["device"]["name"] for topic, text in found.items() if "/config" in topic
    }
    assert {"Street", "Yard", "Gate", "Lane"} <= devices
    assert "ON" in {text for topic, text in found.items() if topic.endswith("/recording")}

    url, taken = hooks
    owner.button("Set up a service").click()
    address = f"json://user:s3sam3@{url.removeprefix('http://')}"
    dialog.get_by_label("Addresses, one a line").fill(address)
    dialog.get_by_label("With a picture of what a rule found").check()
    dialog.get_by_label("A service may be this machine itself").check()
    seen(owner, "apprise")
    owner.button("Save").click()
    expect(dialog).to_have_count(0)
    services = way(owner, "Other services")
    expect(services).to_contain_text("json:…")
    expect(services).to_contain_text("Every kind of notice, with pictures.")
    owner.button("Try it Other services").click()
    expect(services).to_contain_text("Last sent", timeout=60_000)
    assert b"A try, asked for by" in taken[0]
    seen(owner, "ways")
    assert "s3sam3" not in owner.page.content()
    # What is stored is not shown, and stays when nothing else is given.
    owner.button("Change Other services").click()
    expect(dialog.get_by_label("Addresses, one a line")).to_have_value("")
    owner.button("Save").click()
    expect(dialog).to_have_count(0)
    owner.button("Stop Other services").click()
    expect(owner.button("Set up a service")).to_be_visible()
    owner.button("Stop MQTT and Home Assistant").click()
    expect(owner.button("Set up MQTT")).to_be_visible()
    owner.until(lambda: not broker.kept(), 60)
