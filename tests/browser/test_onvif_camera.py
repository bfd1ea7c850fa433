"""A camera that is spoken to by ONVIF, in Chromium: turned, and what it says itself."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from benches._harness import RunningRecorder
from tests.browser.conftest import AXE, Visiting, readable, set_up
from tests.browser.visitor import Visitor
from watchglass.simulate.process import Simulator

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]

SIZE = "--width 320 --height 192 --sub-width 160 --sub-height 96 --seconds 2 --bit-rate 150000"
CAMERA = [*SIZE.split(), "--fps", "10", "--cameras", "1", "--onvif", "--no-sound", "--user",
          "admin", "--password", "geheim"]  # fmt: skip
_LONG_MS = 60_000
_LUMA = """video => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [32, 18];
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 32, 18);
  return Array.from(context.getImageData(0, 4, 32, 14).data);
}"""


@pytest.fixture
def turned() -> Iterator[tuple[Simulator, RunningRecorder]]:
    with (
        Simulator(*CAMERA) as simulator,
        tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder,
    ):
        recorder = RunningRecorder(
            Path(folder) / "d", WATCHGLASS_STUCK_S="6", WATCHGLASS_ANALYSIS="false"
        )
        try:
            yield simulator, recorder
        finally:
            recorder.stop()


def picture(owner: Visitor) -> list[int]:
    found: list[int] = owner.page.locator(".tile video").first.evaluate(_LUMA)
    return found


def is_another(owner: Visitor, before: list[int]) -> bool:
    """Not only somebody who walks by, who changes the mean by 0.4: the street is elsewhere."""
    now = picture(owner)
    return sum(abs(a - b) for a, b in zip(before, now, strict=True)) > 3 * len(now)


def test_it_is_turned_and_says_what_happens(
    turned: tuple[Simulator, RunningRecorder], visiting: Visiting
) -> None:
    simulator, recorder = turned
    link = recorder.page()
    owner = visiting(link.partition("#")[0], 1440, 900)
    owner.may_be_refused = True
    owner.page.add_init_script(path=AXE)
    set_up(owner, link)
    owner.page.get_by_text("I have a table of them").click()
    table = f"address,name,user,password\n{simulator.urls[0].onvif},Gate,admin,geheim\n"
    owner.page.get_by_label("The table", exact=True).set_input_files(
        {"name": "cameras.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    owner.button("Record the cameras of this table").click()
    expect(owner.page.get_by_text("1 row: 1 recorded.")).to_be_visible(timeout=_LONG_MS)
    owner.go_to_place("Wall")
    owner.plays("Gate")

    before = picture(owner)
    owner.button("Move Gate").click()
    expect(owner.page.get_by_label("Turn to a preset")).to_be_visible(timeout=_LONG_MS)
    readable(owner)
    right = owner.page.get_by_role("button", name="Turn right", exact=True)
    right.hover()
    owner.page.mouse.down()
    owner.until(lambda: simulator.ask("turned", "camera-1")["pan"] > 0.3)
    assert simulator.ask("turned", "camera-1")["moving"]
    owner.page.mouse.up()
    owner.until(lambda: not simulator.ask("turned", "camera-1")["moving"])
    owner.until(lambda: is_another(owner, before))

    owner.page.get_by_label("Turn to a preset").select_option(label="Court")
    owner.until(lambda: simulator.ask("turned", "camera-1")["pan"] == 0.5)
    owner.button("Keep this view as a preset").click()
    owner.page.get_by_label("Name of the preset").fill("Door")
    owner.button("Keep it").click()
    expect(owner.page.get_by_label("Turn to a preset")).to_contain_text("Door")

    # What it says happens stands in the timeline, as its word.
    expect(owner.page.get_by_text("said by the camera")).to_be_visible()
    owner.until(lambda: simulator.ask("turned", "camera-1")["pulled"] == 1)
    topic = "tns1:RuleEngine/CellMotionDetector/Motion"
    simulator.ask("happens", "camera-1", topic=topic, data={"IsMotion": "true"})
    owner.page.wait_for_timeout(2000)
    simulator.ask("happens", "camera-1", topic=topic, data={"IsMotion": "false"})
    owner.until(lambda: bool(said(owner)))
    (event,) = said(owner)
    at_ms = (event["from_ms"] + event["to_ms"]) / 2
    x, y = owner.timeline_point(at_ms / 1000, 0)
    owner.timeline.hover(position={"x": x, "y": y})
    expect(owner.page.get_by_text("The camera says: motion")).to_be_attached()

    # A worker that hangs is started again, and recording did not need it.
    pid = recorder.processes()["onvif-worker"].pid
    os.kill(pid, signal.SIGSTOP)
    owner.until(lambda: recorder.processes()["onvif-worker"].pid not in (0, pid), 90)
    assert recorder.processes()["camera-worker-1"].restarts == 0

    def obeys() -> bool:
        presets = owner.page.get_by_label("Turn to a preset")
        if presets.is_enabled():
            presets.select_option(label="Gate")
        owner.page.wait_for_timeout(1000)
        return bool(simulator.ask("turned", "camera-1")["pan"] == -0.5)

    owner.until(obeys, 60)
    # Until it was there again, the page was told so.
    owner.errors = [each for each in owner.errors if "/ptz/" not in each]


def said(owner: Visitor) -> list[dict[str, float]]:
    """Of the first camera, what has ended."""
    found: list[dict[str, float]] = owner.page.evaluate(
        """async () => {
          const { cameras, now_ms } = await (await fetch('/api/v1/cameras')).json();
          const span = `from_ms=${now_ms - 600000}&to_ms=${now_ms}`;
          const answer = await fetch(`/api/v1/cameras/${cameras[0].id}/said?${span}`);
          return (await answer.json()).events.filter((each) => each.to_ms !== null);
        }"""
    )
    return found
