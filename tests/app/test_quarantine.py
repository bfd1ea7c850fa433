"""How long a camera that crashes its worker is held, and how its name survives the worker."""

import subprocess
import sys
from itertools import pairwise

import pytest

from watchglass.app.last_words import LastWords
from watchglass.app.quarantine import LEAST_HOLD_S, MOST_HOLD_S, STEADY_S, Quarantine
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.ids import CameraId
from watchglass.base.signpost import camera_in, signposted

_A, _B = CameraId("a" * 32), CameraId("b" * 32)


def test_the_first_crash_sets_apart_and_holds_nobody() -> None:
    quarantine = Quarantine(SimulatedClock())
    assert not quarantine.stands_apart(_A)
    assert quarantine.crashed(_A) == 0
    assert (quarantine.stands_apart(_A), quarantine.holds(_A)) == (True, False)
    assert not quarantine.stands_apart(_B)


def test_holds_double_up_to_an_hour() -> None:
    clock = SimulatedClock()
    quarantine = Quarantine(clock)
    quarantine.crashed(_A)
    holds = []
    for _ in range(12):
        holds.append(quarantine.crashed(_A))
        assert quarantine.holds(_A)
        clock.advance(round(holds[-1] * NS_PER_S))
        assert not quarantine.holds(_A)
    assert (holds[0], holds[-1]) == (LEAST_HOLD_S, MOST_HOLD_S)
    assert all(after == min(2 * before, MOST_HOLD_S) for before, after in pairwise(holds))


def test_ten_good_minutes_after_the_hold_make_the_next_crash_a_first() -> None:
    clock = SimulatedClock()
    quarantine = Quarantine(clock)
    quarantine.crashed(_A)
    hold_s = quarantine.crashed(_A)
    clock.advance(round((hold_s + STEADY_S + 1) * NS_PER_S))
    assert quarantine.crashed(_A) == 0
    assert quarantine.stands_apart(_A)
    assert quarantine.crashed(_A) == LEAST_HOLD_S


_DYING = """
import ctypes, os, sys, threading
from watchglass.app.last_words import listen_to_faults, tell_failure
from watchglass.base.signpost import signposted
listen_to_faults()
def fail(failed):
    tell_failure(failed)
    os._exit(70)
threading.excepthook = fail
ends = {
    "fault": lambda: ctypes.string_at(0), "abort": os.abort, "failure": lambda: 1 // 0,
    "own fault": lambda: ctypes.string_at(0),
}
end, waiting = ends[sys.argv[1]], threading.Event()
first = threading.Thread(target=signposted("a" * 32, threading.Event().wait), daemon=True)
first.start()
def rounds():
    for turn in (signposted("c" * 32, waiting.set), signposted("b" * 32, end)):
        turn()
if sys.argv[1] == "own fault":
    end()
second = threading.Thread(target=rounds)
second.start()
second.join()
"""


@pytest.mark.full
@pytest.mark.parametrize(
    ("end", "suspect"), [("fault", _B), ("abort", _B), ("failure", _B), ("own fault", None)]
)
def test_a_dying_worker_names_the_camera_it_was_at(end: str, suspect: CameraId | None) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DYING, end], capture_output=True, check=False, timeout=30
    )
    words = LastWords()
    for line in done.stdout.splitlines(keepends=True):
        words.hear(line)
    assert done.returncode != 0
    assert words.take_suspect() == suspect
    assert words.take_suspect() is None


def test_only_frames_of_the_thread_that_died_count_and_the_innermost_first() -> None:
    words = LastWords()
    for line in (
        "Fatal Python error: Segmentation fault\n",
        "\n",
        "Thread 0x00007f01 (most recent call first):\n",
        f'  File "a.py", line 3 in reads_{_A}\n',
        "\n",
        "Current thread 0x00007f02 (most recent call first):\n",
        '  File "b \xff.py", line 7 in <lambda>\n',
        f'  File "b.py", line ??? in reads_{_B}\n',
        f'  File "b.py", line 1 in reads_{_A}\n',
        "\n",
        f'  File "c.py", line 1 in reads_{_A}\n',
        "Extension modules: zmq (total: 1)\n",
    ):
        words.hear(line.encode("latin-1"))
    assert words.take_suspect() == _B


def test_what_a_camera_or_a_library_says_names_nobody() -> None:
    words = LastWords()
    for line in (
        f'  File "a.py", line 3 in reads_{_A}\n', f"reads_{_A}\n", f"failed at {_A}0\n",
        "Current thread 0x00007f02 (most recent call first):\n",
        '  File "a.py", line 3 in reads_everything\n', "nonsense \xff\n",
    ):  # fmt: skip
        words.hear(line.encode("latin-1"))
    assert words.take_suspect() is None


def test_a_signposted_function_gives_what_it_gives_and_its_failure_names_the_camera() -> None:
    def fail() -> int:
        raise ZeroDivisionError

    assert signposted(_A, lambda: 5)() == 5
    with pytest.raises(ZeroDivisionError) as raised:
        signposted(_A, signposted(_B, fail))()
    assert camera_in(raised.value.__traceback__) == _B
    with pytest.raises(ZeroDivisionError) as raised:
        fail()
    assert camera_in(raised.value.__traceback__) is None
