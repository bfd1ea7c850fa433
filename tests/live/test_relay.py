"""Pictures go from a worker to who watches, without a hole, and only then."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.live.frame_making import frames, shape
from tests.live.relaying import CAMERA, MAIN, Relay, frames_of, until
from watchglass.base.ids import RunId
from watchglass.model.live import LiveItem, LiveShape

OTHER_RUN = RunId("1" * 32)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    found = Relay(tmp_path)
    yield found
    found.close()


def test_relayed_while_somebody_watches(relay: Relay) -> None:
    sinks, got = relay.worker("w"), list[LiveItem]()
    relay.feed.start(CAMERA, MAIN, got.extend)
    until(lambda: bool(sinks))
    sinks[CAMERA, MAIN]([shape(), *frames(0, 4)])
    sinks[CAMERA, MAIN](frames(5, 5))
    until(lambda: len(got) == 7)
    assert got == [shape(), *frames(0, 5)]
    relay.feed.stop(CAMERA, MAIN)
    until(lambda: not sinks)


def test_every_worker_is_told_also_one_that_comes_later(relay: Relay) -> None:
    first = relay.worker("first")
    relay.feed.start(CAMERA, MAIN, lambda _: None)
    until(lambda: bool(first))
    later = relay.worker("later")
    until(lambda: bool(later))
    relay.feed.stop(CAMERA, MAIN)
    until(lambda: not first and not later)


def test_read_back_is_joined_without_a_hole(relay: Relay) -> None:
    sinks, got = relay.worker("w"), list[LiveItem]()
    relay.disk = [shape(), *frames(0, 120, gop=1000)]
    relay.feed.start(CAMERA, MAIN, got.extend)
    until(lambda: bool(sinks))
    sinks[CAMERA, MAIN]([shape(), *frames(118, 125, gop=1000)])
    until(lambda: len(got) == 9)
    assert relay.feed.since_key_frame(CAMERA, MAIN) == [shape(), *frames(0, 125, gop=1000)]


def test_what_the_disk_has_not_got_yet_is_waited_for(relay: Relay) -> None:
    sinks, got = relay.worker("w"), list[LiveItem]()
    relay.disk = [shape(), *frames(0, 50, gop=1000)]
    relay.feed.start(CAMERA, MAIN, got.extend)
    until(lambda: bool(sinks))
    sinks[CAMERA, MAIN]([shape(), *frames(60, 62, gop=1000)])
    until(lambda: len(got) == 4)
    joined: list[LiveItem] = []
    viewer = threading.Thread(
        target=lambda: joined.extend(relay.feed.since_key_frame(CAMERA, MAIN))
    )
    viewer.start()
    until(lambda: relay.reads >= 2)
    assert viewer.is_alive()
    relay.disk = [shape(), *frames(0, 59, gop=1000)]
    viewer.join(10)
    assert joined == [shape(), *frames(0, 62, gop=1000)]


@pytest.mark.full
def test_a_hole_that_stays_does_not_keep_anybody_for_ever(relay: Relay) -> None:
    sinks, got = relay.worker("w"), list[LiveItem]()
    relay.disk = [shape(), *frames(0, 50, gop=1000)]
    relay.feed.start(CAMERA, MAIN, got.extend)
    until(lambda: bool(sinks))
    sinks[CAMERA, MAIN]([shape(), *frames(60, 62, gop=1000)])
    until(lambda: len(got) == 4)
    assert relay.feed.since_key_frame(CAMERA, MAIN) == relay.disk


def test_a_key_frame_that_was_just_relayed_needs_no_disk(relay: Relay) -> None:
    sinks, got = relay.worker("w"), list[LiveItem]()
    relay.feed.start(CAMERA, MAIN, got.extend)
    until(lambda: bool(sinks))
    sinks[CAMERA, MAIN]([shape(), *frames(5, 24)])
    until(lambda: len(got) == 21)
    assert relay.feed.since_key_frame(CAMERA, MAIN) == [shape(), *frames(20, 24)]
    assert relay.reads == 0


def test_a_worker_that_comes_back_begins_with_its_shape(relay: Relay) -> None:
    got: list[LiveItem] = []
    before = relay.worker("w")
    relay.feed.start(CAMERA, MAIN, got.extend)
    until(lambda: bool(before))
    before[CAMERA, MAIN]([shape(), *frames(0, 4)])
    until(lambda: len(got) == 6)
    relay.outlets[0].close()
    after = relay.worker("w")
    until(lambda: bool(after))
    new: list[LiveItem] = [shape(OTHER_RUN), *frames(0, 2, run=OTHER_RUN)]
    after[CAMERA, MAIN](new)
    until(lambda: len(got) == 10)
    assert got[6:] == new
    assert relay.feed.since_key_frame(CAMERA, MAIN) == new


@pytest.mark.full
def test_an_api_that_comes_back_says_again_what_is_watched(relay: Relay) -> None:
    sinks, got = relay.worker("w"), list[LiveItem]()
    relay.feed.start(CAMERA, MAIN, lambda _: None)
    until(lambda: bool(sinks))
    before = sinks[CAMERA, MAIN]
    relay.feed.close()
    relay.feed = relay.new_feed()
    relay.feed.start(CAMERA, MAIN, got.extend)
    until(lambda: bool(sinks) and sinks[CAMERA, MAIN] is not before)
    before([shape(), *frames(0, 1)])
    sinks[CAMERA, MAIN]([shape(), *frames(4, 6)])
    until(lambda: len(got) == 4)
    assert got == [shape(), *frames(4, 6)]


def test_a_full_queue_leaves_out_up_to_the_next_key_frame(tmp_path: Path) -> None:
    relay = Relay(tmp_path)
    got: list[LiveItem] = []
    taken, may_go_on = threading.Event(), threading.Event()

    def slow(items: object) -> None:
        got.extend(items)  # type: ignore[arg-type] # what a sink gets, as the feed has it
        taken.set()
        may_go_on.wait(20)

    sinks = relay.worker("w", limit_bytes=1 << 20)
    relay.feed.start(CAMERA, MAIN, slow)
    until(lambda: bool(sinks))
    sink = sinks[CAMERA, MAIN]
    sink([shape(), *frames(0, 0)])
    assert taken.wait(20)
    at = 1
    outlet = relay.outlets[0]
    while outlet.depth().dropped_items == 0:
        sink(frames(at, at, gop=25, size=200_000))
        at += 1
    for number in range(at, at + 30):
        sink(frames(number, number, gop=25, size=200_000))
    assert outlet.depth().size_bytes <= 1 << 20
    may_go_on.set()
    until(lambda: outlet.depth().items == 0)
    key = -(-(at + 30) // 25) * 25
    sink(frames(at + 30, key + 3, gop=25, size=100))
    until(lambda: bool(frames_of(got)) and frames_of(got)[-1] == frames(key + 3, key + 3)[0])
    came = frames_of(got)
    holes = [later for each, later in pairwise(came) if later.after != each.decode_time]
    assert holes
    assert all(frame.is_key for frame in holes)
    assert isinstance(got[0], LiveShape)
    relay.close()


def test_nobody_there_is_no_trouble(tmp_path: Path) -> None:
    relay = Relay(tmp_path)
    sinks = relay.worker("w")
    relay.feed.start(CAMERA, MAIN, lambda _: None)
    until(lambda: bool(sinks))
    sink = sinks[CAMERA, MAIN]
    relay.feed.close()
    for number in range(200):
        sink(frames(number, number, size=200_000))
    assert relay.outlets[0].depth().size_bytes <= 8 << 20
    relay.outlets[0].close()
    assert not sinks
    sink(frames(200, 200))
