"""What a viewer is sent: from a key frame on, each frame once, on a timeline without gaps."""

import asyncio
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.live.frame_making import STEP, frames, shape
from watchglass.base.ids import RunId
from watchglass.live.viewer import Viewer


@dataclass
class Got:
    """Numbers of the frames and their times, and the texts with how many frames came before."""

    numbers: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    texts: list[dict[str, object]] = field(default_factory=list)
    inits: list[bytes] = field(default_factory=list)


def take(fill: Callable[[Viewer], None], most_bytes: int = 1 << 20) -> tuple[Got, Viewer]:
    """All that a viewer is sent of what ``fill`` puts."""

    async def run() -> tuple[Got, Viewer]:
        viewer, got = Viewer(most_bytes), Got()
        fill(viewer)
        messages = viewer.messages()
        while True:
            try:
                message = await asyncio.wait_for(anext(messages), 0.05)
            except TimeoutError:
                return got, viewer
            if isinstance(message, str):
                got.texts.append(json.loads(message))
            elif message[4:8] != b"moof":
                got.inits.append(message)
            else:
                got.times.append(struct.unpack_from(">Q", message, 60)[0])
                got.numbers.append(int.from_bytes(message[112:116], "big"))

    return asyncio.run(run())


def whole(got: Got) -> bool:
    return got.times == [STEP * at for at in range(len(got.times))]


def test_begins_with_what_was_read_back() -> None:
    def fill(viewer: Viewer) -> None:
        viewer.put(frames(23, 30))  # the feed was quicker than the reading back
        viewer.put_first([shape(), *frames(20, 25)])

    got, _ = take(fill)
    assert got.numbers == list(range(20, 31))
    assert whole(got)
    assert [text["type"] for text in got.texts] == ["shape"]
    assert got.inits == [b"init"]
    assert got.texts[0]["origin_ms"] == 1_700_000_000_000 + 20 * STEP // 90


def test_waits_for_a_key_frame_where_frames_are_missing_between() -> None:
    def fill(viewer: Viewer) -> None:
        viewer.put_first([shape(), *frames(20, 22)])
        viewer.put(frames(25, 33))

    got, viewer = take(fill)
    assert got.numbers == [20, 21, 22, 30, 31, 32, 33]
    assert whole(got)
    assert [text["type"] for text in got.texts] == ["shape", "origin"]
    assert got.texts[1]["dropped"] == 5
    assert viewer.counters.dropped == 5


def test_nothing_before_the_first_key_frame() -> None:
    got, _ = take(lambda viewer: viewer.put([shape(), *frames(3, 12)]))
    assert got.numbers == [10, 11, 12]
    assert [text["type"] for text in got.texts] == ["shape"]


def test_a_new_run_goes_on_where_the_one_before_ended() -> None:
    other = RunId("1" * 32)

    def fill(viewer: Viewer) -> None:
        viewer.put([shape(), *frames(0, 4)])
        viewer.put([shape(other), *frames(0, 3, run=other)])

    got, _ = take(fill)
    assert got.numbers == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    assert whole(got)
    assert [text["type"] for text in got.texts] == ["shape", "origin"]


def test_new_parameters_come_with_their_init() -> None:
    def fill(viewer: Viewer) -> None:
        viewer.put([shape(), *frames(0, 9)])
        viewer.put([shape(init=b"other"), *frames(10, 12)])

    got, _ = take(fill)
    assert got.inits == [b"init", b"other"]
    assert got.numbers == list(range(13))
    assert whole(got)


@pytest.mark.parametrize("seconds", [4, 40])
def test_who_is_too_slow_drops_to_the_next_key_frame(seconds: int) -> None:
    last = seconds * 15

    def fill(viewer: Viewer) -> None:
        viewer.put_first([shape(), *frames(0, 0)])
        for number in range(1, last + 1):
            viewer.put(frames(number, number))

    got, viewer = take(fill)
    assert viewer.counters.drops > 0
    assert got.numbers[0] == 0
    assert got.numbers[1] % 10 == 0
    assert got.numbers[1:] == list(range(got.numbers[1], last + 1))
    assert viewer.counters.dropped == got.numbers[1] - 1
    assert whole(got)


def test_bytes_that_wait_are_bounded() -> None:
    def fill(viewer: Viewer) -> None:
        viewer.put_first([shape()])
        for number in range(40):
            viewer.put(frames(number, number, size=50_000))
            assert viewer._bytes <= 1_000_000

    got, viewer = take(fill, 1_000_000)
    assert viewer.counters.drops > 0
    assert got.numbers[-1] == 39


def test_a_long_group_of_pictures_read_back_is_not_too_much() -> None:
    def fill(viewer: Viewer) -> None:
        viewer.put_first([shape(), *frames(0, 900, gop=1000)])
        viewer.put(frames(901, 905, gop=1000))

    got, viewer = take(fill)
    assert len(got.numbers) == 906
    assert viewer.counters.drops == 0
