"""Playing across everything that interrupts a recording, judged by the numbers in its pictures."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.api.own_worker import OwnWorker
from tests.browser.across_page import LIVE, Seen, Watcher
from tests.browser.across_tape import FPS, Deck, Tape, serving, spec
from tests.browser.conftest import Bed, Visiting
from tests.conftest import CHECKOUT
from watchglass.model.gap import GapCause
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.long

UI = CHECKOUT / "src" / "watchglass" / "api" / "ui"
STILL = ".past img"
LOOP = spec().frames


@dataclass
class Story:
    """What was recorded. Moments (UTC ms) are those at which something happens to ``gate``."""

    gate: Tape
    """H.264 with G.711, whatever happens to it."""
    yard: Tape
    """H.264 with AAC."""
    lane: list[Tape]
    """H.265, and H.264 as its sub-stream."""
    door: Tape
    """H.265 alone."""
    shed: Tape
    """H.264, for 8 s H.265, and H.264 again."""
    moments: dict[str, int]


@pytest.fixture(scope="module")
def story(deck: Deck) -> Story:
    """An hour and a half, most of it a gap."""
    (gate,) = deck.add(spec(sound="pcm_alaw"))
    (yard,) = deck.add(spec(sound="aac", seed=2))
    h265 = spec(codec="h265", gop_frames=20, seed=3)
    lane = deck.add(h265, spec(seed=3))
    (door,) = deck.add(h265)
    (shed,) = deck.add(spec(seed=4))
    moments: dict[str, int] = {}

    def note(name: str) -> None:
        moments[name] = deck.site.clock.wall_ns() // 1_000_000

    note("begin")
    deck.run(22)
    note("second")
    deck.wait(1, GapCause.CAMERA_UNREACHABLE)
    deck.run(4)
    note("silence")
    gate.sound_on = False
    deck.run(4)
    gate.sound_on = True
    deck.run(4)
    note("hour")
    deck.wait(3600, GapCause.CAMERA_UNREACHABLE)
    deck.run(8)
    note("crash")
    deck.crash(4)
    deck.run(8)
    note("size")
    gate.switch(spec(width=640, height=360, sound="pcm_alaw"))
    shed.switch(h265)
    deck.run(8)
    gate.switch(spec(gop_frames=100, sound="pcm_alaw"))
    shed.switch(spec(seed=4))
    deck.run(30)
    note("end")
    return Story(gate, yard, lane, door, shed, moments)


@pytest.fixture(scope="module")
def deck() -> Iterator[Deck]:
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder:
        deck = Deck(Path(folder))
        yield deck
        deck.site.kill_keeper()


@pytest.fixture(scope="module")
def worker() -> OwnWorker:
    return OwnWorker()


@pytest.fixture(scope="module")
def watcher(chromium: Browser, deck: Deck, story: Story, worker: OwnWorker) -> Iterator[Watcher]:
    with serving(deck, UI, worker) as signed_in, chromium.new_context() as context:
        name, _, value = signed_in.headers()["Cookie"].partition("=")
        context.add_cookies(
            [
                {
                    "name": name, "value": value, "domain": "127.0.0.1", "path": "/",
                    "secure": True, "httpOnly": True, "sameSite": "Strict",
                }
            ]
        )  # fmt: skip
        watcher = Watcher(context.new_page(), signed_in.origin)
        yield watcher
        assert watcher.errors == []


def pause_at(watcher: Watcher, tape: Tape, at_ms: float) -> int:
    """Open at a moment and pause; the number on the screen then."""
    watcher.begin(tape.camera, at_ms)
    watcher.press("k")
    watcher.until(lambda: watcher.page.get_attribute(".past", "data-state") == "paused")
    watcher.page.wait_for_timeout(300)
    number = watcher.number()
    assert number is not None
    return number


def test_steps_show_each_picture_once_across_files(watcher: Watcher, story: Story) -> None:
    gate, begin = story.gate, story.moments["begin"]
    number = pause_at(watcher, gate, begin + 9_000)
    following = [one.number for one in gate.shown]
    at = following.index(number)
    for expected in following[at + 1 : at + 26]:
        watcher.press("ArrowRight")
        watcher.shows(expected)


def test_a_moment_shows_its_picture(watcher: Watcher, story: Story) -> None:
    gate = story.gate
    number = pause_at(watcher, gate, story.moments["begin"] + 20_000)
    at_ms = next(one.at_ms for one in gate.shown if one.number == number)
    for second in range(1, 6):
        watcher.press("ArrowLeft")
        watcher.shows(gate.at(at_ms - 1000 * second).number)


def test_a_moment_in_a_long_group_shows_its_picture(watcher: Watcher, story: Story) -> None:
    gate = story.gate
    number = pause_at(watcher, gate, story.moments["end"] - 6_000)
    last = [one for one in gate.shown if one.at_ms > story.moments["size"]]
    at_ms = next(one.at_ms for one in last if one.number == number)
    watcher.press("ArrowLeft")
    watcher.shows(gate.at(at_ms - 1000).number)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("second", ["Nothing answered at the camera's address", "Gap: 1"]),
        ("hour", ["Nothing answered at the camera's address", "Gap: 1 h"]),
        ("crash", ["had died", "Gap: "]),
    ],
)
def test_a_gap_is_told_and_left(
    watcher: Watcher, story: Story, moment: str, words: list[str]
) -> None:
    gate, at_ms = story.gate, story.moments[moment]
    following = next(one for one in gate.shown if one.at_ms > at_ms)
    before = gate.shown[gate.shown.index(following) - 1]
    watcher.begin(gate.camera, before.at_ms - 1_500)
    said = watcher.until(lambda: watcher.text(".past .gap"))
    assert all(word in said for word in words), said
    assert watcher.number() == before.number
    watcher.until(lambda: not watcher.text(".past .gap"))
    seen = [one.number for one in watcher.until(lambda: _after(watcher, following.number))]
    assert before.number in seen
    assert seen[seen.index(before.number) + 1] == following.number


def _after(watcher: Watcher, number: int) -> list[Seen]:
    seen = watcher.logged()
    return seen if any(one.number == number for one in seen) else []


def test_another_size_goes_on_without_a_break(watcher: Watcher, story: Story) -> None:
    gate, at_ms = story.gate, story.moments["size"]
    watcher.begin(gate.camera, at_ms - 1_000)
    widths = set()

    def both() -> bool:
        widths.add(watcher.page.evaluate("document.querySelector('.past video').videoWidth"))
        assert watcher.text(".past .card") == ""
        return watcher.number() == gate.at(at_ms + 9_500).number

    watcher.until(both)
    assert widths >= {320, 640}
    numbers = [one.number for one in watcher.logged() if one.number is not None]
    steps = [(two - one) % LOOP for one, two in pairwise(numbers)]
    assert all(step < FPS for step in steps), numbers


def test_another_codec_is_said_and_left_again(watcher: Watcher, story: Story) -> None:
    shed, at_ms = story.shed, story.moments["size"]
    sentence = "Converted picture: this browser cannot play H.265"
    watcher.begin(shed.camera, at_ms - 2_000)
    watcher.until(lambda: sentence in watcher.text())
    # It moves on up to where it is H.264 again, and nothing is said any more.
    watcher.until(lambda: sentence not in watcher.text())
    numbers = [one.number for one in watcher.logged() if one.number is not None]
    within = {one.number for one in shed.after(at_ms + 1_000) if one.at_ms < at_ms + 7_000}
    assert len(within & set(numbers)) > 2 * FPS
    watcher.log()
    watcher.until(lambda: len(watcher.logged()) > 2 * FPS)
    assert sentence not in watcher.text()


def test_speeds_and_backwards(watcher: Watcher, story: Story) -> None:
    gate, begin = story.gate, story.moments["begin"]
    watcher.begin(gate.camera, begin + 1_000)
    for _ in range(4):
        watcher.press("l")
    assert "16" in watcher.page.eval_on_selector(".speed select", "one => one.value")
    watcher.until(lambda: (watcher.number() or 0) > 150)
    watcher.press("k")
    from_ = watcher.number()
    watcher.press("j")
    watcher.until(lambda: (watcher.number() or 0) < (from_ or 0) - 10)
    watcher.press("k")
    assert "paused" in (watcher.page.get_attribute(".past", "data-state") or "")


def test_g711_is_heard_where_there_is_any(watcher: Watcher, story: Story) -> None:
    watcher.begin(story.gate.camera, story.moments["silence"] - 3_000)
    sound = watcher.page.get_by_role("button", name="Sound")
    sound.click()
    watcher.until(lambda: watcher.page.evaluate("heard().level") > 0.01)
    # It stops, and the picture does not wait for it.
    watcher.until(lambda: sound.count() == 0)
    watcher.shows(story.gate.at(story.moments["silence"] + 2_000).number)
    watcher.until(lambda: watcher.page.evaluate("heard().level") < 0.001)
    watcher.until(lambda: sound.count() == 1)
    watcher.until(lambda: watcher.page.evaluate("heard().level") > 0.01)
    sound.click()
    watcher.until(lambda: watcher.page.evaluate("heard().level") < 0.001)


def test_aac_is_heard_in_time(watcher: Watcher, story: Story) -> None:
    watcher.begin(story.yard.camera, story.moments["begin"] + 2_000)
    watcher.page.get_by_role("button", name="Sound").click()

    def in_time() -> bool:
        return any(abs(off) < 0.1 for off in watcher.page.evaluate("heard().elements"))

    watcher.until(in_time)
    watcher.press("l")
    watcher.until(lambda: watcher.page.evaluate("heard().elements") == [])


@pytest.mark.parametrize("name", ["lane", "door"])
def test_h265_is_converted_and_each_picture_is_where_it_was(
    watcher: Watcher, story: Story, name: str
) -> None:
    tape = story.lane[0] if name == "lane" else story.door
    at_ms = story.moments["begin"] + 5_000
    number = pause_at(watcher, tape, at_ms)
    assert "Converted picture: this browser cannot play H.265" in watcher.text()
    following = [one.number for one in tape.after(at_ms)]
    at = following.index(number)
    for expected in following[at + 1 : at + 8]:
        watcher.press("ArrowRight")
        watcher.shows(expected)
    told_ms = int(watcher.page.get_attribute(".past", "data-at-ms") or 0)
    assert abs(told_ms - tape.after(at_ms)[at + 7].at_ms) <= 1
    watcher.press("ArrowLeft")
    watcher.shows(tape.at(tape.after(at_ms)[at + 7].at_ms - 1000).number)


def test_where_nothing_is_converted_it_is_said_and_shown_otherwise(
    watcher: Watcher, story: Story, worker: OwnWorker
) -> None:
    at_ms = story.moments["begin"] + 12_000
    worker.refuses = True
    try:
        first = watcher.begin(story.lane[0].camera, at_ms)[0]
        # It plays: on a busy machine the first picture seen may be one of the next.
        assert first.number is not None
        assert 0 <= first.number - story.lane[1].at(at_ms).number <= 2
        assert "Small picture: this browser cannot play H.265. Pictures cannot" in watcher.text()
        watcher.open(story.door.camera, at_ms)
        number = watcher.until(lambda: watcher.number(STILL)) or 0
        assert "Still pictures: this browser cannot play H.265. Pictures cannot" in watcher.text()
        assert number % 20 == 0
        watcher.press("k")
        watcher.press("ArrowRight")
        watcher.until(lambda: (watcher.number(STILL) or 0) >= number + 20)
    finally:
        worker.refuses = False


# --- a recorder at work ---------------------------------------------------------------------------


@pytest.fixture
def live(bed: Bed, visiting: Visiting) -> Watcher:
    """The page of a real recorder, with its first camera large."""
    visitor = visiting(bed.url)
    watcher = Watcher(visitor.page, bed.url.rstrip("/"))
    visitor.sign_in()
    watcher.until(lambda: watcher.number(LIVE) is not None)
    return watcher


def large(watcher: Watcher) -> str:
    return watcher.page.get_attribute(".tile.large", "aria-label") or ""


def test_live_moves_and_a_stalled_camera_does_not_look_live(
    live: Watcher, bed: Bed, simulator: Simulator
) -> None:
    live.log(LIVE)
    live.until(lambda: len(live.logged()) > 20)
    name = bed.simulated[large(live)]
    simulator.set(name, "stall", True, "main")
    try:
        live.until(lambda: "Not live · last picture" in live.text(".tile.large"))
        assert "stale" in (live.page.get_attribute(".tile.large", "class") or "")
    finally:
        simulator.set(name, "stall", False, "main")
    live.until(lambda: live.number(LIVE) is not None and "Not live" not in live.text(".tile.large"))


def test_playing_reaches_the_edge_and_goes_to_live(live: Watcher) -> None:
    live.press("j")
    live.until(lambda: live.number() is not None)
    for _ in range(3):
        live.press("l")
    live.until(lambda: "That is all so far" in live.text())
    live.until(lambda: live.number(LIVE) is not None)


def test_a_killed_worker_is_a_gap_in_playback(live: Watcher, bed: Bed) -> None:
    camera = live.page.get_attribute(".tile.large", "data-camera")
    assert camera is not None
    workers = [
        process.pid
        for process in bed.recorder.processes().values()
        if process.name.startswith("camera") and process.cameras
    ]
    killed_ms = time.time() * 1000
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    live.until(lambda: recorded_to_ms(live, camera, killed_ms) > killed_ms + 10_000, 60)
    live.open(camera, killed_ms - 3_000)
    said = live.until(lambda: live.text(".past .gap"))
    assert "had died" in said
    before = live.number()
    live.until(lambda: not live.text(".past .gap") and live.number() not in (None, before))


def recorded_to_ms(watcher: Watcher, camera: str, from_ms: float) -> float:
    """Up to when there is something to play after a moment."""
    address = f"/api/v1/playback/{camera}/main?at_ms={from_ms:.0f}&span_ms=60000"
    script = "(address) => fetch(address).then((answer) => answer.json())"
    pieces = watcher.page.evaluate(script, address)["pieces"]
    return max((float(piece["to_ms"]) for piece in pieces), default=0.0)
