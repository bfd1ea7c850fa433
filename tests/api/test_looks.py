"""Looks on their way to the recorder: gathered, one call at a time, and kept until it has them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest

from watchglass.access.policy import User
from watchglass.api import lookqueue
from watchglass.api.blocking import Blocking
from watchglass.api.looks import Looks
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.errors import BusError
from watchglass.base.ids import CameraId
from watchglass.model.look import Look, LookKind
from watchglass.model.stream import StreamName

ANNA, BERT = User("1", "anna", "a"), User("2", "bert", "b")
CAMERA = CameraId("c" * 32)
MAIN = StreamName.MAIN


class Recorder:
    """What a recorder does with looks: the calls that came, and whether it answers."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.answers = True
        self.tries = 0
        self.calls: list[list[Look]] = []
        self.most_at_once = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._at_once = 0

    def note(self, looks: Sequence[Look]) -> None:
        self.tries += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self.may_answer.wait(10)
        self._at_once -= 1
        if not self.answers:
            raise BusError("The keeper does not answer: look at its log, and try again.")
        self.calls.append(list(looks))

    @property
    def noted(self) -> list[Look]:
        return [look for call in self.calls for look in call]

    def play(self, scene: Callable[[Looks], Awaitable[None]]) -> None:
        """Play a scene on looks in a loop, which ends as the application does."""

        async def whole() -> None:
            looks = Looks(self.clock, self.note, Blocking())
            await scene(looks)
            await looks.close()

        asyncio.run(whole())


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


async def until(what: Callable[[], bool]) -> None:
    for _ in range(500):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


def test_a_wall_of_tiles_is_one_call(recorder: Recorder) -> None:
    async def scene(looks: Looks) -> None:
        for number in range(32):
            looks.began(ANNA, CameraId(f"{number:032x}"), MAIN)
        await until(lambda: bool(recorder.calls))

    recorder.play(scene)
    (call,) = recorder.calls
    assert {(look.camera, look.user, look.kind, look.to_ns) for look in call} == {
        (f"{number:032x}", "anna", LookKind.LIVE, None) for number in range(32)
    }
    assert len({look.id for look in call}) == 32


def test_nobody_waits_and_one_call_at_a_time(recorder: Recorder) -> None:
    async def scene(looks: Looks) -> None:
        recorder.may_answer.clear()
        looks.began(ANNA, CAMERA, MAIN)
        await until(lambda: recorder.tries == 1)
        for _ in range(5):
            looks.began(BERT, CAMERA, MAIN)
            looks.keep_up()
            await asyncio.sleep(0.02)
        assert recorder.tries == 1
        recorder.may_answer.set()
        await until(lambda: len(recorder.noted) == 6)

    recorder.play(scene)
    assert [len(call) for call in recorder.calls] == [1, 5]
    assert recorder.most_at_once == 1


def test_a_live_view_is_one_look_from_beginning_to_end(recorder: Recorder) -> None:
    async def scene(looks: Looks) -> None:
        look = looks.began(ANNA, CAMERA, MAIN)
        await until(lambda: bool(recorder.calls))
        recorder.clock.advance(7 * NS_PER_S)
        looks.ended(look)

    recorder.play(scene)
    began, ended = recorder.noted
    assert began.to_ns is None
    assert ended == Look(
        began.id, "anna", CAMERA, MAIN, LookKind.LIVE, began.from_ns, began.from_ns + 7 * NS_PER_S
    )


def test_a_look_that_ends_while_it_is_told_is_told_again(recorder: Recorder) -> None:
    async def scene(looks: Looks) -> None:
        recorder.may_answer.clear()
        look = looks.began(ANNA, CAMERA, MAIN)
        await until(lambda: recorder.tries == 1)
        looks.ended(look)
        recorder.may_answer.set()

    recorder.play(scene)
    assert [look.to_ns is None for look in recorder.noted] == [True, False]


def test_what_no_recorder_takes_is_kept_and_its_newest_told(recorder: Recorder) -> None:
    async def scene(looks: Looks) -> None:
        recorder.answers = False
        look = looks.began(ANNA, CAMERA, MAIN)
        await until(lambda: recorder.tries == 1)
        looks.began(BERT, CAMERA, MAIN)
        looks.ended(look)
        await asyncio.sleep(3 * lookqueue._GATHER_S)
        assert recorder.tries == 1, "only keep_up tries again"
        recorder.answers = True
        looks.keep_up()
        await until(lambda: bool(recorder.calls))

    recorder.play(scene)
    (call,) = recorder.calls
    assert [(look.user, look.to_ns is None) for look in call] == [("anna", False), ("bert", True)]


def test_many_looks_are_several_calls(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookqueue, "_MOST_A_CALL", 10)

    async def scene(looks: Looks) -> None:
        for _ in range(25):
            looks.began(ANNA, CAMERA, MAIN)

    recorder.play(scene)
    assert [len(call) for call in recorder.calls] == [10, 10, 5]


@pytest.mark.parametrize("full", [False, True])
def test_what_is_lost_is_in_the_log(
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    full: bool,
) -> None:
    """Each look for itself: at the end without a recorder, or when more wait than may."""
    if full:
        monkeypatch.setattr(lookqueue, "_MOST_WAITING", 1)

    async def scene(looks: Looks) -> None:
        recorder.answers = full
        first = looks.began(ANNA, CAMERA, MAIN)
        looks.began(BERT, CAMERA, StreamName.SUB)
        looks.ended(first)

    recorder.play(scene)
    said = capsys.readouterr()
    lost = [line for line in (said.out + said.err).splitlines() if "look_lost" in line]
    assert ["bert" in line for line in lost] == ([True] if full else [False, True])
    assert [look.user for look in recorder.noted] == (["anna"] if full else [])


def test_playback_is_a_look_for_spans_that_touch(recorder: Recorder) -> None:
    at_ns = recorder.clock.wall_ns() - 3600 * NS_PER_S

    async def scene(looks: Looks) -> None:
        def saw(user: User, from_s: int, to_s: int) -> None:
            looks.saw(user, CAMERA, MAIN, at_ns + from_s * NS_PER_S, at_ns + to_s * NS_PER_S)

        saw(ANNA, 0, 4)
        saw(BERT, 0, 4)
        await until(lambda: len(recorder.noted) == 2)
        saw(ANNA, 4, 8)
        saw(ANNA, -9, 0)
        await asyncio.sleep(3 * lookqueue._GATHER_S)
        looks.keep_up()
        assert len(recorder.noted) == 2, "as it goes on it is told now and again only"
        recorder.clock.advance(61 * NS_PER_S)
        looks.keep_up()
        await until(lambda: len(recorder.noted) == 3)
        saw(ANNA, 8, 12)
        saw(ANNA, 600, 604)

    recorder.play(scene)
    spans = [
        (look.user, (look.from_ns - at_ns) // NS_PER_S, ((look.to_ns or 0) - at_ns) // NS_PER_S)
        for look in recorder.noted
    ]
    assert spans == [
        ("anna", 0, 4), ("bert", 0, 4), ("anna", -9, 8), ("anna", 8, 12), ("anna", 600, 604)
    ]  # fmt: skip
    ids = [look.id for look in recorder.noted]
    assert ids[2] == ids[0]
    assert len(set(ids)) == 4


def test_a_long_playback_is_told_as_it_goes_on(recorder: Recorder) -> None:
    at_ns = recorder.clock.wall_ns() - 3600 * NS_PER_S

    async def scene(looks: Looks) -> None:
        for second in range(0, 400, 5):
            looks.saw(ANNA, CAMERA, MAIN, at_ns, at_ns + second * NS_PER_S)
            looks.keep_up()
            if second == 0:
                await until(lambda: len(recorder.noted) == 1)
            recorder.clock.advance(5 * NS_PER_S)
        await until(lambda: len(recorder.noted) == 2)

    recorder.play(scene)
    assert [((look.to_ns or 0) - at_ns) // NS_PER_S for look in recorder.noted] == [0, 305, 395]
    assert len({look.id for look in recorder.noted}) == 1
