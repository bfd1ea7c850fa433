"""Many sources, one thread: each gets its turn, and none can take that of another."""

import gc
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from watchglass.base.clock import SystemClock
from watchglass.base.errors import CameraUnreachableError
from watchglass.recording.rounds import Reading, Rounds

_WAIT_S = 10.0
_NEVER_S = 1000.0


class Line:
    """A socket pair, and somebody who attends to what comes out of one end."""

    def __init__(self, rounds: Rounds, take: Callable[[bytes], bool] | None = None) -> None:
        self._rounds = rounds
        self._take = take or (lambda _: False)
        self.far, self.near = socket.socketpair()
        self.near.setblocking(False)
        self.taken: list[bytes] = []
        self.news = threading.Condition()
        self.error: Exception | None = None
        self.reading = Reading(self.near.fileno(), self._turn)
        self._thread = threading.Thread(target=self._attend, daemon=True)

    def start(self) -> "Line":
        self._thread.start()
        return self

    def close(self) -> None:
        self._rounds.leave(self.reading)
        self._thread.join(_WAIT_S)
        assert not self._thread.is_alive()
        self.far.close()
        self.near.close()

    def has(self, turns: int) -> bool:
        with self.news:
            return self.news.wait_for(lambda: len(self.taken) >= turns, _WAIT_S)

    def ended(self) -> bool:
        self._thread.join(_WAIT_S)
        return not self._thread.is_alive()

    def _turn(self) -> bool:
        try:
            data = self.near.recv(4)
        except BlockingIOError:
            data = b""
        more = self._take(data)
        with self.news:
            self.taken.append(data)
            self.news.notify_all()
        return more

    def _attend(self) -> None:
        try:
            self._rounds.attend(self.reading)
        except CameraUnreachableError as error:
            self.error = error


@contextmanager
def running(period_s: float) -> Iterator[Rounds]:
    rounds = Rounds(SystemClock(), period_s=period_s)
    rounds.start()
    try:
        yield rounds
    finally:
        rounds.close(_WAIT_S)


def test_all_are_read_by_one_thread_and_each_reads_its_own() -> None:
    threads = set()

    def take(_: bytes) -> bool:
        threads.add(threading.get_ident())
        return False

    with running(0.001) as rounds:
        lines = [Line(rounds, take).start() for _ in range(5)]
        for number, line in enumerate(lines):
            line.far.sendall(b"%04d" % number)
        for number, line in enumerate(lines):
            assert line.has(1)
            assert line.taken[0] == b"%04d" % number
        for line in lines:
            line.close()
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_an_error_ends_its_own_source_and_comes_out_where_it_was_attended() -> None:
    def fail(_: bytes) -> bool:
        raise CameraUnreachableError("gone")

    with running(0.001) as rounds:
        bad, good = Line(rounds, fail).start(), Line(rounds).start()
        bad.far.sendall(b"bang")
        assert bad.ended()
        assert isinstance(bad.error, CameraUnreachableError)
        good.far.sendall(b"good")
        assert good.has(1)
        # Its descriptor's number is free for another source at once.
        bad.near.close()
        third = Line(rounds).start()
        third.far.sendall(b"more")
        assert third.has(1)
        for line in (bad, good, third):
            line.close()


def _failed(rounds: Rounds) -> "weakref.ref[Reading]":
    """A reading that has ended by its error."""

    def fail() -> bool:
        raise CameraUnreachableError("gone")

    far, near = socket.socketpair()
    with far, near:
        far.sendall(b"bang")
        reading = Reading(near.fileno(), fail)
        with suppress(CameraUnreachableError):
            rounds.attend(reading)
        return weakref.ref(reading)


def test_what_ended_is_freed_without_the_collector() -> None:
    with running(0.001) as rounds:
        gc.collect()
        gc.disable()
        try:
            there = _failed(rounds)
            # With another turn the thread has let go of it, too.
            line = Line(rounds).start()
            assert line.has(1)
            line.close()
            assert there() is None
        finally:
            gc.enable()


def test_one_that_never_stops_sending_takes_no_turn_of_another() -> None:
    with running(0.001) as rounds:
        loud, quiet = Line(rounds, lambda _: True).start(), Line(rounds).start()
        loud.far.sendall(b"loud" * 10_000)
        quiet.far.sendall(b"some")
        assert quiet.has(1)
        before = len(loud.taken)
        quiet.far.sendall(b"more")
        assert quiet.has(2)
        assert len(loud.taken) < 10_000, "it was read to its end first"
        assert len(loud.taken) >= before
        loud.close()
        quiet.close()


def test_who_is_silent_gets_a_turn_too_so_that_a_stall_is_noticed() -> None:
    with running(0.001) as rounds:
        silent = Line(rounds).start()
        assert silent.has(2)
        assert set(silent.taken) == {b""}
        silent.close()


def test_what_somebody_waits_for_calls_for_a_round() -> None:
    with running(_NEVER_S) as rounds:
        watched, other = Line(rounds), Line(rounds)
        watched.reading.hurried = True
        watched.start()
        other.start()
        assert watched.has(0)
        watched.far.sendall(b"live")
        assert watched.has(1)
        rounds.hurry(other.reading, True)
        other.far.sendall(b"also")
        assert other.has(1)
        rounds.hurry(watched.reading, False)
        rounds.hurry(other.reading, False)
        watched.close()
        other.close()


def test_a_large_piece_is_followed_by_another_look_soon() -> None:
    with running(_NEVER_S) as rounds:
        line = Line(rounds, lambda data: data == b"much")
        line.far.sendall(b"muchrest")
        line.start()
        assert line.has(2)
        assert line.taken[:2] == [b"much", b"rest"]
        line.close()


def test_to_leave_twice_or_after_an_error_does_no_harm() -> None:
    with running(0.001) as rounds:
        line = Line(rounds).start()
        rounds.leave(line.reading)
        assert line.ended()
        rounds.hurry(line.reading, True)
        line.close()


def test_the_end_of_the_rounds_frees_who_attends() -> None:
    with running(0.001) as rounds:
        line = Line(rounds).start()
        assert line.has(1)
    assert line.ended()
    with pytest.raises(BlockingIOError):
        line.near.recv(1)
    line.far.close()
    line.near.close()


def test_each_round_is_made_within_what_it_was_given() -> None:
    inside: list[bool] = []
    state = threading.local()

    @contextmanager
    def within() -> Iterator[None]:
        state.on = True
        yield
        state.on = False

    rounds = Rounds(SystemClock(), period_s=0.001, within=within)
    rounds.start()

    def take(_: bytes) -> bool:
        inside.append(state.on)
        return False

    line = Line(rounds, take).start()
    line.far.sendall(b"data")
    assert line.has(1)
    line.close()
    rounds.close(_WAIT_S)
    assert all(inside)
