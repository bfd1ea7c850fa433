"""Looks on their way to the recorder: gathered, one call at a time, and kept until it has them."""

import asyncio
import errno
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.access.policy import User
from watchglass.api import acts as acts_of
from watchglass.api import notequeue
from watchglass.api.acts import Acts
from watchglass.api.blocking import Blocking
from watchglass.api.looks import Looks
from watchglass.api.notequeue import NoteQueue
from watchglass.api.notespool import NoteSpool
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import BusError, DiskFullError
from watchglass.base.ids import ActId, CameraId
from watchglass.model.act import Act, ActKind, Note
from watchglass.model.look import Look, LookKind
from watchglass.model.stream import StreamName

ANNA, BERT = User("1", "anna", "a", ()), User("2", "bert", "b", ())
CAMERA = CameraId("c" * 32)
MAIN = StreamName.MAIN


class FailingDisk(Disk):
    """A disk on which nothing is spooled while ``fails``."""

    fails = False

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if self.fails and site is WriteSite.NOTE_SPOOL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Recorder:
    """What a recorder does with notes: the calls that came, and whether it answers."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock()
        self.folder = folder
        self.disk = FailingDisk()
        self.answers = True
        self.tries = 0
        self.calls: list[list[Note]] = []
        self.most_at_once = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._at_once = 0

    def note(self, notes: Sequence[Note]) -> None:
        self.tries += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self.may_answer.wait(10)
        self._at_once -= 1
        if not self.answers:
            raise BusError("The keeper does not answer: look at its log, and try again.")
        self.calls.append(list(notes))

    @property
    def noted(self) -> list[Look]:
        return [note for call in self.calls for note in call if isinstance(note, Look)]

    @property
    def acted(self) -> list[Act]:
        return [note for call in self.calls for note in call if isinstance(note, Act)]

    def play(self, scene: Callable[[Looks, NoteQueue], Awaitable[None]]) -> None:
        """Play a scene on looks in a loop, which ends as the application does."""

        async def whole() -> None:
            queue = NoteQueue(self.note, NoteSpool(self.folder, self.disk), Blocking())
            looks = Looks(self.clock, queue)
            await scene(looks, queue)
            looks.close()
            await queue.close()

        asyncio.run(whole())

    def left(self) -> list[Note]:
        """What lies in the spool."""
        return NoteSpool(self.folder, Disk()).recall()


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


async def until(what: Callable[[], bool]) -> None:
    for _ in range(500):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


def test_a_wall_of_tiles_is_one_call(recorder: Recorder) -> None:
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        tiles = [looks.began(ANNA, CameraId(f"{number:032x}"), MAIN) for number in range(32)]
        await asyncio.gather(*tiles)
        await until(lambda: bool(recorder.calls))

    recorder.play(scene)
    assert len(recorder.calls) == 1
    assert {(look.camera, look.user, look.kind, look.to_ns) for look in recorder.noted} == {
        (f"{number:032x}", "anna", LookKind.LIVE, None) for number in range(32)
    }
    assert len({look.id for look in recorder.noted}) == 32


def test_nobody_waits_and_one_call_at_a_time(recorder: Recorder) -> None:
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        recorder.may_answer.clear()
        await looks.began(ANNA, CAMERA, MAIN)
        await until(lambda: recorder.tries == 1)
        for _ in range(5):
            await looks.began(BERT, CAMERA, MAIN)
            looks.keep_up()
            await asyncio.sleep(0.02)
        assert recorder.tries == 1
        recorder.may_answer.set()
        await until(lambda: len(recorder.noted) == 6)

    recorder.play(scene)
    assert [len(call) for call in recorder.calls] == [1, 5]
    assert recorder.most_at_once == 1


def test_a_live_view_is_one_look_from_beginning_to_end(recorder: Recorder) -> None:
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        look = await looks.began(ANNA, CAMERA, MAIN)
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
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        recorder.may_answer.clear()
        look = await looks.began(ANNA, CAMERA, MAIN)
        await until(lambda: recorder.tries == 1)
        looks.ended(look)
        recorder.may_answer.set()

    recorder.play(scene)
    assert [look.to_ns is None for look in recorder.noted] == [True, False]


def test_what_no_recorder_takes_is_kept_and_its_newest_told(recorder: Recorder) -> None:
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        recorder.answers = False
        look = await looks.began(ANNA, CAMERA, MAIN)
        await until(lambda: recorder.tries == 1)
        await looks.began(BERT, CAMERA, MAIN)
        looks.ended(look)
        await asyncio.sleep(3 * notequeue._GATHER_S)
        assert recorder.tries == 1, "only keep_up tries again"
        recorder.answers = True
        queue.send()
        await until(lambda: bool(recorder.calls))

    recorder.play(scene)
    assert len(recorder.calls) == 1
    assert [(look.user, look.to_ns is None) for look in recorder.noted] == [
        ("anna", False),
        ("bert", True),
    ]


def test_many_looks_are_several_calls(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notequeue, "_MOST_A_CALL", 10)

    async def scene(looks: Looks, queue: NoteQueue) -> None:
        await asyncio.gather(*[looks.began(ANNA, CAMERA, MAIN) for _ in range(25)])

    recorder.play(scene)
    assert [len(call) for call in recorder.calls] == [10, 10, 5]


def test_playback_is_a_look_for_spans_that_touch(recorder: Recorder) -> None:
    at_ns = recorder.clock.wall_ns() - 3600 * NS_PER_S

    async def scene(looks: Looks, queue: NoteQueue) -> None:
        async def saw(user: User, from_s: int, to_s: int) -> None:
            await looks.saw(user, CAMERA, MAIN, at_ns + from_s * NS_PER_S, at_ns + to_s * NS_PER_S)

        await saw(ANNA, 0, 4)
        await saw(BERT, 0, 4)
        await until(lambda: len(recorder.noted) == 2)
        await saw(ANNA, 4, 8)
        await saw(ANNA, -9, 0)
        await asyncio.sleep(3 * notequeue._GATHER_S)
        looks.keep_up()
        assert len(recorder.noted) == 2, "as it goes on it is told now and again only"
        recorder.clock.advance(61 * NS_PER_S)
        looks.keep_up()
        await until(lambda: len(recorder.noted) == 3)
        await saw(ANNA, 8, 12)
        await saw(ANNA, 600, 604)

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

    async def scene(looks: Looks, queue: NoteQueue) -> None:
        for second in range(0, 100, 5):
            await looks.saw(ANNA, CAMERA, MAIN, at_ns, at_ns + second * NS_PER_S)
            looks.keep_up()
            if second == 0:
                await until(lambda: len(recorder.noted) == 1)
            recorder.clock.advance(5 * NS_PER_S)
        await until(lambda: len(recorder.noted) == 2)

    recorder.play(scene)
    assert [((look.to_ns or 0) - at_ns) // NS_PER_S for look in recorder.noted] == [0, 65, 95]
    assert len({look.id for look in recorder.noted}) == 1


def test_nothing_is_shown_before_its_look_is_on_disk(recorder: Recorder) -> None:
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        recorder.may_answer.clear()
        look = await looks.began(ANNA, CAMERA, MAIN)
        assert recorder.left() == [look]
        await looks.saw(BERT, CAMERA, MAIN, 0, 1)
        assert [note.user for note in recorder.left()] == ["anna", "bert"]
        recorder.may_answer.set()
        await until(lambda: len(recorder.noted) == 2 and queue.depth == 0)
        await until(lambda: recorder.left() == [])

    recorder.play(scene)


def test_more_of_a_viewing_waits_for_its_note(recorder: Recorder) -> None:
    """Sound and picture are asked for at once: neither may pass the note of both."""

    async def scene(looks: Looks, queue: NoteQueue) -> None:
        recorder.disk.fails = True
        recorder.may_answer.clear()
        both = [asyncio.create_task(looks.saw(ANNA, CAMERA, MAIN, 0, end_ns)) for end_ns in (5, 6)]
        await until(lambda: recorder.tries == 1)
        assert not any(each.done() for each in both)
        recorder.may_answer.set()
        await asyncio.gather(*both)

    recorder.play(scene)


def test_live_goes_on_without_a_recorder_and_the_next_process_tells(recorder: Recorder) -> None:
    async def without(looks: Looks, queue: NoteQueue) -> None:
        recorder.answers = False
        look = await looks.began(ANNA, CAMERA, MAIN)
        await until(lambda: recorder.tries == 1)
        recorder.clock.advance(NS_PER_S)
        looks.ended(look)

    async def then(looks: Looks, queue: NoteQueue) -> None:
        queue.send()
        await until(lambda: bool(recorder.noted))
        await until(lambda: recorder.left() == [])

    recorder.play(without)
    assert recorder.noted == []
    recorder.answers = True
    recorder.play(then)
    (look,) = recorder.noted
    assert (look.user, look.to_ns) == ("anna", look.from_ns + NS_PER_S)


def test_a_full_disk_is_the_keepers_business(recorder: Recorder) -> None:
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        recorder.disk.fails = True
        await looks.began(ANNA, CAMERA, MAIN)
        assert [look.user for look in recorder.noted] == ["anna"]

    recorder.play(scene)


def test_what_nobody_can_note_is_not_shown(recorder: Recorder) -> None:
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        recorder.disk.fails, recorder.answers = True, False
        with pytest.raises(BusError):
            await looks.began(ANNA, CAMERA, MAIN)
        for _ in range(2):  # the second must not stand on the first
            with pytest.raises(BusError):
                await looks.saw(ANNA, CAMERA, MAIN, 0, 1)
        assert queue.refused == 3
        recorder.answers = True

    recorder.play(scene)
    assert recorder.noted == []


def test_a_spool_that_is_full_refuses(recorder: Recorder) -> None:
    spool = NoteSpool(recorder.folder, Disk(), most_bytes=400)
    note = Act(ActId("a" * 32), "anna", ActKind.SEARCHED, 1)
    spool.put([note, note])
    with pytest.raises(DiskFullError, match="Too many looks wait"):
        spool.put([note, note, note])
    assert spool.recall() == [note, note]


def test_a_lifted_mask_waits_for_the_ledger(recorder: Recorder) -> None:
    async def scene(looks: Looks, queue: NoteQueue) -> None:
        look = await looks.began(ANNA, CAMERA, MAIN, unmasked="a fall at the gate")
        assert recorder.noted == [look]
        assert (look.unmasked, look.reason) == (True, "a fall at the gate")
        recorder.answers = False
        with pytest.raises(BusError):
            await looks.saw(ANNA, CAMERA, MAIN, 0, 1, unmasked="a fall at the gate")
        await looks.saw(ANNA, CAMERA, MAIN, 0, 1)
        recorder.answers = True

    recorder.play(scene)


def test_strangers_cannot_fill_the_disk(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts_of, "_MOST_STRANGERS", 50)

    async def scene(looks: Looks, queue: NoteQueue) -> None:
        acts = Acts(recorder.clock, queue)
        for _ in range(500):
            await acts.by_stranger(ActKind.SIGN_IN_FAILED, "192.0.2.7")
        acts.keep_up()
        await until(lambda: len(recorder.acted) == 1)
        recorder.clock.advance(61 * NS_PER_S)
        acts.keep_up()
        await until(lambda: len(recorder.acted) == 2)
        for number in range(300):
            await acts.by_stranger(ActKind.SIGN_IN_FAILED, f"2001:db8::{number:x}")
        acts.keep_up(ending=True)

    recorder.play(scene)
    first, more = recorder.acted[:2]
    assert (first.user, first.detail, first.count) == ("", "192.0.2.7", 1)
    assert (more.detail, more.count) == ("192.0.2.7", 499)
    assert sum(act.count for act in recorder.acted) == 800
    assert len(recorder.acted) <= 2 + 50 + 2


@given(st.integers(0, 400), st.binary(max_size=40))
def test_a_torn_spool_keeps_what_was_promised(cut: int, junk: bytes) -> None:
    notes = [Act(ActId(f"{number:032x}"), 'ä\n"', ActKind.SEARCHED, number) for number in (1, 2)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        spool = NoteSpool(folder, Disk())
        spool.put(notes[:1])
        path = folder / "notes.jsonl"
        whole = path.read_bytes()
        # What was being written when the power went: a part of a line, or what the disk made of it.
        torn = (whole[:cut] if cut < len(whole) else b"") + junk.replace(b"\n", b"")
        path.write_bytes(whole + torn)
        spool.close()
        again = NoteSpool(folder, Disk())
        assert again.recall()[:1] == notes[:1]
        again.put(notes[1:])
        assert [note for note in again.recall() if note in notes] in (notes, [notes[0], *notes])
        again.replace(notes)
        assert again.recall() == notes
        again.put(notes)
        again.replace([])
        assert again.recall() == []
        again.close()
