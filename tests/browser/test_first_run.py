"""The first run: from a password to cameras that are recorded, in a network of their own."""

import re
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, Locator, expect

from benches._harness import RunningRecorder
from tests.browser.conftest import AXE, Launch, readable, set_up
from tests.browser.first_network import (
    LABELLED,
    LOCKED,
    MUTE,
    NETWORK,
    OTHER_PASSWORD,
    PASSWORD,
    RECORDER,
    SEALED_URL,
    first_network,
)
from tests.browser.visitor import Visitor
from tests.chromium import CHROMIUM
from watchglass.simulate.lan.network import Network, NoNetworkError
from watchglass.simulate.process import SimulatorFailed

# Cameras are looked at for seconds each, one after the other, however fast the machine is.
pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

Screen: TypeAlias = dict[str, Any]

WIDE: Screen = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"}
PHONE: Screen = {
    "viewport": {"width": 390, "height": 844},
    "color_scheme": "light",
    "has_touch": True,
}
_LONG_MS = 130_000
"""A look at a camera may take two minutes before the recorder gives it up."""


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    try:
        with first_network() as network:
            yield network
    except (NoNetworkError, SimulatorFailed) as error:
        pytest.skip(f"no network of our own: {error}")


@pytest.fixture(scope="module")
def inside(network: Network, launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """A browser on the machine that records."""
    program = tmp_path_factory.mktemp("bin") / "chromium"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([*network.enter, str(CHROMIUM)])} "$@"\n')
    program.chmod(0o755)
    return launch(program)


@pytest.fixture
def begin(network: Network, inside: Browser) -> Iterator[Callable[[Screen], Visitor]]:
    """Somebody who has set the password of a new recorder, at a screen of some size."""
    with ExitStack() as stack:

        def start(screen: Screen) -> Visitor:
            # Short: sockets lie in it.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp"))
            recorder = RunningRecorder(Path(folder) / "d", under=network.enter)
            stack.callback(recorder.stop)
            context = stack.enter_context(inside.new_context(**screen))
            link = recorder.page()
            owner = Visitor(context, link.partition("#")[0])
            owner.page.add_init_script(path=AXE)
            owner.may_be_refused = True
            set_up(owner, link)
            return owner

        yield start


def found(owner: Visitor, address: str) -> Locator:
    return owner.page.get_by_role("listitem").filter(has_text=re.compile(rf"{address}\b(?! chan)"))


def unexpected(owner: Visitor) -> list[str]:
    """What went wrong, but for what is refused with a reason."""
    return [each for each in owner.errors if "/keeping" not in each]


def look(owner: Visitor) -> None:
    """Say yes to the network that is shown, and wait for what is there."""
    expect(owner.headline).to_have_text("Find your cameras")
    expect(owner.page.get_by_text("Nothing was looked at yet")).to_be_visible()
    expect(owner.page.get_by_label(NETWORK)).to_be_checked()
    owner.button("Look for cameras here").click()
    expect(found(owner, LABELLED)).to_be_visible(timeout=_LONG_MS)
    expect(owner.page.get_by_role("region", name="Looking around")).to_have_count(
        0, timeout=_LONG_MS
    )


@pytest.mark.long
def test_from_a_password_to_recorded_cameras(
    begin: Callable[[Screen], Visitor],
) -> None:
    owner = begin(WIDE)
    look(owner)
    expect(found(owner, LABELLED)).to_contain_text("Sold as LTS, made by Hikvision, on a list")
    expect(found(owner, RECORDER)).to_contain_text("Recorder")
    expect(owner.page.get_by_text("2 other devices answer")).to_be_visible()

    keeping = owner.page.get_by_role("region", name="How long is kept")
    expect(keeping).to_contain_text("kept 14 days, then erased")
    keeping.get_by_role("button").click()
    keeping.get_by_label("Where the cameras are").select_option("DE")
    keeping.get_by_label("Kept for").select_option("168")
    owner.button("Keep it so").click()
    expect(keeping).to_contain_text("takes a reason")
    keeping.get_by_label("Why longer").fill("The insurer asks for a week.")
    owner.button("Keep it so").click()
    expect(keeping).to_contain_text("kept 7 days, then erased: the default for Germany is 72 hours")

    owner.button("All").click()
    owner.page.get_by_label("Password in the cameras").fill(PASSWORD)
    owner.button("Record all 4").click()
    expect(found(owner, LABELLED)).to_contain_text("640×360", timeout=_LONG_MS)
    # Row by row: one has another password, one sends no pictures; the recorder is opened.
    expect(found(owner, LOCKED)).to_contain_text("refuses this user name", timeout=_LONG_MS)
    expect(found(owner, MUTE)).to_contain_text("Nothing answers", timeout=_LONG_MS)
    expect(found(owner, RECORDER)).to_contain_text("2 cameras are behind it", timeout=_LONG_MS)
    for name in ("Entrance", "Stairs"):
        row = owner.page.get_by_role("listitem").filter(has_text=name)
        expect(row).to_contain_text("640×360", timeout=_LONG_MS)
        expect(row.get_by_role("img", name=f"First picture of {name}")).to_be_visible()
    readable(owner)

    locked = found(owner, LOCKED)
    locked.get_by_label("Its password").fill(OTHER_PASSWORD)
    locked.get_by_role("button", name="Try again").click()
    expect(locked).to_contain_text("recording", timeout=_LONG_MS)

    owner.page.get_by_text("I know the address of a camera").click()
    owner.page.get_by_label("Its maker").select_option(label="Axis")
    written = owner.page.get_by_label("Its address, or that of its stream")
    expect(written).to_have_value(re.compile("/axis-media/media.amp$"))
    written.fill(SEALED_URL.replace("//", "//admin:" + PASSWORD.replace(" ", "%20") + "@"))
    owner.page.get_by_label("Name", exact=True).fill("Vault")
    owner.button("Put it on the list").click()
    owner.button("Record it").click()
    vault = owner.page.get_by_role("listitem").filter(has_text="Vault")
    expect(vault).to_contain_text("SHA256:", timeout=_LONG_MS)
    vault.get_by_role("button", name="Trust this key, and record").click()
    expect(vault).to_contain_text("recording", timeout=_LONG_MS)

    owner.button("Show the wall").click()
    for name in ("Entrance", "Vault"):
        owner.plays(name)
    assert owner.page.get_by_role("article").count() == 5

    # The recorder stays what it is, and what is behind it is known to be recorded. Again: no harm.
    owner.button("Add cameras").click()
    expect(found(owner, LABELLED)).to_contain_text("recorded already")
    expect(found(owner, RECORDER).get_by_role("checkbox")).to_be_visible()
    found(owner, RECORDER).get_by_role("checkbox").check()
    owner.page.get_by_label("Password in the cameras").fill(PASSWORD)
    owner.button("Record it").click()
    again = owner.page.get_by_role("listitem").filter(has_text="Entrance")
    expect(again).to_contain_text("recorded already", timeout=_LONG_MS)
    owner.button("Show the wall").click()
    assert owner.page.get_by_role("article").count() == 5
    assert unexpected(owner) == []


def test_five_actions_on_a_phone(begin: Callable[[Screen], Visitor]) -> None:
    owner = begin(PHONE)  # 1: the password
    look(owner)  # 2: yes, this network
    readable(owner)
    for address in (LABELLED, RECORDER):  # 3
        found(owner, address).get_by_role("checkbox").check()
    owner.page.get_by_label("Password in the cameras").fill(PASSWORD)  # 4
    owner.button("Record all 2").click()  # 5
    expect(found(owner, LABELLED)).to_contain_text("640×360", timeout=_LONG_MS)
    expect(found(owner, RECORDER)).to_contain_text("2 cameras are behind it", timeout=_LONG_MS)
    behind = owner.page.get_by_role("listitem").filter(has_text="Stairs")
    expect(behind).to_contain_text("recording", timeout=_LONG_MS)
    readable(owner)
    owner.button("Show the wall").click()
    expect(owner.page.get_by_role("article")).to_have_count(3)
    assert unexpected(owner) == []
