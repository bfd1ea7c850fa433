"""A camera handed on to another system, and what cameras send taken in, in Chromium."""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import pytest
from playwright.sync_api import expect

from tests.app.running import free_port
from tests.browser.conftest import AXE, Bed, Visiting, readable, set_up
from tests.browser.screens import on_phone
from tests.browser.visitor import Visitor
from tests.trust.seeing import see
from watchglass.base.clock import SystemClock
from watchglass.store.trust import TrustStore

pytestmark = [pytest.mark.full, pytest.mark.timeout(240)]
ANALYSIS = False
SHOTS = os.environ.get("WATCHGLASS_SHOTS", "")
MAC, DESK = "44:19:b6:00:00:04", "00:11:22:33:44:55"
LINE = "<13>kernel: [1.2] egress IN=lan OUT=wan SRC={} DST={} LEN=60 PROTO=TCP SPT=5 DPT=443\n"


class OldSystem:
    """Asks for a relay until it is given, and takes it until it is cut off."""

    def __init__(self, url: str) -> None:
        self.ended = threading.Event()
        self._url = url
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        given = False
        for _ in range(120):
            with (
                suppress(OSError, av.error.FFmpegError),
                av.open(self._url, options={"rtsp_transport": "tcp"}, timeout=30.0) as opened,
            ):
                for _ in opened.demux(video=0):
                    given = True
            if given:
                break
            time.sleep(0.25)
        self.ended.set()


@on_phone
def test_a_camera_is_handed_on_and_what_it_sends_taken_in(
    new_bed: Callable[..., Bed], visiting: Visiting, screen: dict[str, object], tmp_path: Path
) -> None:
    logs = free_port()
    bed = new_bed(WATCHGLASS_EGRESS_SYSLOG=f"127.0.0.1:{logs}")
    bed.add("Gate")
    owner = visiting(bed.link, **screen)
    owner.page.add_init_script(path=AXE)
    set_up(owner, bed.link)
    handed_on(owner, bed)
    taken_in(owner, bed, logs, tmp_path)


def handed_on(owner: Visitor, bed: Bed) -> None:
    page, dialog = owner.page, owner.page.get_by_role("dialog")
    page.goto(bed.url + "#cameras")
    page.get_by_role("link", name="Gate").first.click()
    owner.button("Hand it on").click()
    dialog.get_by_label("Port").fill(str(free_port()))
    dialog.get_by_label("Where masks hide a part").select_option("paint")
    expect(dialog).to_contain_text("decoded and made anew")
    dialog.get_by_label("Where masks hide a part").select_option("refuse")
    dialog.get_by_label("Reason").fill("until the old one is gone")
    look(owner, "relay-dialog")
    dialog.get_by_role("button", name="Hand it on").click()
    address = dialog.locator(".secret")
    expect(address).to_contain_text("rtsp://relay-")
    look(owner, "relay-once")
    old = OldSystem(address.inner_text().strip())
    owner.button("I have it").click()
    relays = page.get_by_role("region", name="Handed on to another system")
    expect(relays).to_contain_text("127.0.0.1 takes it since", timeout=60_000)
    look(owner, "relays")

    owner.go_to_place("System")
    everywhere = page.get_by_role("region", name="Cameras handed on")
    expect(everywhere).to_contain_text("Gate")
    expect(everywhere).to_contain_text("until the old one is gone")
    expect(everywhere).to_contain_text("127.0.0.1 takes it since")
    everywhere.scroll_into_view_if_needed()
    look(owner, "relays-of-all")
    everywhere.get_by_role("button", name="End").click()
    expect(dialog).to_contain_text("Who takes it now is cut off.")
    dialog.get_by_label("Reason").fill("switched")
    owner.button("End it").click()
    expect(everywhere).to_contain_text("None.")
    assert old.ended.wait(30)


def taken_in(owner: Visitor, bed: Bed, logs: int, folder: Path) -> None:
    page, dialog = owner.page, owner.page.get_by_role("dialog")
    now_ns = SystemClock().wall_ns()
    store = TrustStore(bed.data / "state" / "site.db")
    store.add_observations([
        *see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
             f"neighbour mac {MAC}", address="10.20.30.4", mac=MAC, at_ns=now_ns),
        *see(f"neighbour mac {DESK}", address="10.20.30.7", mac=DESK, at_ns=now_ns),
    ])  # fmt: skip
    store.close()
    log = folder / "kern.log"
    log.write_text(LINE.format("10.20.30.4", "9.9.9.1") + 2 * LINE.format("10.20.30.7", "9.9.9.6"))
    page.goto(bed.url + "#devices")
    owner.button("Whom they talk to").click(timeout=60_000)
    expect(dialog).to_contain_text(f"listens for logs at 127.0.0.1:{logs}")
    with socket.create_connection(("127.0.0.1", logs)) as one:
        one.sendall(LINE.format("10.20.30.7", "9.9.9.6").encode())
    expect(dialog).to_contain_text("1 of nobody known was dropped unread", timeout=60_000)
    owner.button("Take it in").click()
    expect(dialog).to_contain_text("Choose a log or a capture.")
    look(owner, "egress")
    dialog.get_by_label("File, 64 MB at most").set_input_files(log)
    owner.button("Take it in").click()
    expect(dialog).to_contain_text(
        "1 record of 1 camera, 1 new contact. 2 were of no", timeout=60_000
    )
    look(owner, "egress-taken")
    owner.button("Another file").click()

    # A slow line: how far it is, and an end to it.
    log.write_bytes(b"x\n" * (2 << 20))
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    network.send("Network.emulateNetworkConditions", slow)
    dialog.get_by_label("File, 64 MB at most").set_input_files(log)
    owner.button("Take it in").click()
    expect(dialog.get_by_role("progressbar")).to_be_visible()
    look(owner, "egress-sending")
    dialog.get_by_role("button", name="Stop").click()
    expect(dialog).to_contain_text("Stopped: nothing was taken in.")
    slow["uploadThroughput"] = -1
    network.send("Network.emulateNetworkConditions", slow)
    owner.button("Close").click()
    expect(page.get_by_role("list", name="Devices")).to_contain_text("talks outside")


def look(owner: Visitor, name: str) -> None:
    readable(owner)
    if SHOTS:
        width = owner.page.viewport_size["width"] if owner.page.viewport_size else 0
        owner.page.screenshot(path=f"{SHOTS}/{name}-{width}.png")
