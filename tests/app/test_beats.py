"""Who says on its standard output that it is at work, and that the supervisor hears it."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from tests.app.running import wait_until
from watchglass.app.beats import Beats
from watchglass.app.child import Child
from watchglass.app.crew import Crew
from watchglass.app.health import Patience, judge
from watchglass.app.observer import Observer
from watchglass.base.clock import NS_PER_S, SimulatedClock, SystemClock
from watchglass.model.assignment import Beat

_LINE = msgspec.json.encode(Beat()).decode()
_PATIENCE = Patience.of(2)


def test_it_is_said_as_often_as_wished_however_often_the_loop_turns(
    capfd: pytest.CaptureFixture[str],
) -> None:
    clock = SimulatedClock()
    beats, silent = Beats(2.0, clock), Beats(0.0, clock)
    for _ in range(41):
        beats.turn()
        silent.turn()
        clock.advance(NS_PER_S // 4)
    assert capfd.readouterr().out.splitlines() == [_LINE] * 6
    assert silent.wait_s(5.0) == 5.0
    assert beats.wait_s(5.0) == pytest.approx(1.75)
    assert beats.wait_s(0.5) == 0.5
    clock.advance(30 * NS_PER_S)
    assert beats.wait_s(5.0) == 0.0


def _child(script: str, hear: Callable[[bytes], None]) -> Child:
    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-S", "-c", script]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    return Child("api", "", lambda _: Beat(), SystemClock(), start=start, hear=hear)


@pytest.mark.parametrize(("says", "suspect"), [(_LINE, {"api"}), ("something else", set())])
def test_who_said_it_and_says_it_no_more_is_suspected(says: str, suspect: set[str]) -> None:
    """And nobody who never did: it may still be starting, or be of another kind."""
    heard: list[bytes] = []
    child = _child(f"print({says!r}); print('up', flush=True); input(); input()", heard.append)
    keeper = _child("", heard.append)
    observer = Observer(lambda: Crew(keeper, (), (child,), {}), dict, lambda: 0, SystemClock())
    child.start()
    try:
        wait_until(lambda: b"up\n" in heard)
        seen = observer.observe()
        for later_s, named in ((0, set()), (3, suspect)):
            later = replace(seen, now_ns=seen.now_ns + later_s * NS_PER_S)
            hang = {each.process for each in judge(later, _PATIENCE).reasons if not each.stuck}
            assert hang == named
    finally:
        child.stop(Beat())
        assert child.wait(10)
