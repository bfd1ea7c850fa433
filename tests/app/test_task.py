"""Processes that do one thing and end, and the queue of what waits for one."""

import os
import threading
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from watchglass.app.task import OneByOne, Task
from watchglass.base.clock import SystemClock

# It reads one message, answers with one line, and ends.
MODULE = "watchglass.app.census_process"
ORDER = {"type": "census"}  # none that it knows


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(holds: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends_s
        time.sleep(0.01)


def test_it_answers_in_lines_and_is_over_when_it_is_left() -> None:
    with Task(MODULE) as task:
        pid = task.pid
        task.tell(ORDER)
        lines = [msgspec.json.decode(each) for each in task.lines()]
        assert task.exit_code() != 0 or lines
    assert not alive(pid)


def test_one_that_waits_is_over_too_when_it_is_left() -> None:
    with Task(MODULE) as task:
        pid = task.pid
        assert alive(pid)
    assert not alive(pid)


def test_one_that_died_says_nothing_and_is_told_nothing() -> None:
    with Task(MODULE) as task:
        task.kill()
        task.exit_code()
        task.tell(ORDER)
        assert list(task.lines()) == []


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    with Task(MODULE) as task, pytest.raises(TimeoutError):
        task.last_line(0.0)


class Waiting:
    """Three that wait; the process of each waits until it is ended."""

    def __init__(self) -> None:
        self.left = ["a", "b", "c"]
        self.running = ""
        self.done: list[str] = []
        self.rested = threading.Event()
        self.work = OneByOne("tested", SystemClock(), self.next, self.rested.set)

    def next(self) -> bool:
        if not self.left:
            return False
        name = self.left.pop(0)
        with self.work.task(MODULE, name) as task:
            self.running = name
            assert list(task.lines()) == []
        self.running = ""
        self.done.append(name)
        return True


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    made = Waiting()
    yield made
    made.work.close()


def test_what_waits_is_done_in_order_and_one_at_a_time_is_ended(waiting: Waiting) -> None:
    waiting.work.start()
    for name in ("a", "b", "c"):
        until(lambda name=name: waiting.running == name)  # type: ignore[misc] # bound in time
        waiting.work.kill("another")
        assert waiting.running == name
        waiting.work.kill(name)
    assert waiting.rested.wait(20)
    assert waiting.done == ["a", "b", "c"]


def test_what_comes_later_is_done_without_waiting_for_the_time(waiting: Waiting) -> None:
    waiting.left = []
    waiting.work.start()
    assert waiting.rested.wait(20)
    waiting.left = ["d"]
    waiting.work.wake()
    until(lambda: waiting.running == "d")


def test_its_end_ends_what_goes_on_and_begins_nothing_more(waiting: Waiting) -> None:
    waiting.work.start()
    until(lambda: waiting.running == "a")
    waiting.work.close()
    assert waiting.done == ["a"]
    assert waiting.left == ["b", "c"]
