"""How long a camera that crashes its worker is held, and how its name survives the worker."""

import subprocess
import sys
from itertools import pairwise

import pytest

from watchglass.app.last_words import LastWords
from watchglass.app.quarantine import LEAST_HOLD_S, MOST_HOLD_S, STEADY_S, Quarantine
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.ids import CameraId

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
from watchglass.app.last_words import Witness
witness = Witness()
said = threading.Event()
def read(camera, end):
    witness.reads(camera)
    witness.reads(camera)
    said.set()
    end()
def fail():
    witness.failed(threading.current_thread())
    os._exit(70)
ends = {"fault": lambda: ctypes.string_at(0), "abort": os.abort, "failure": fail}
first = threading.Thread(target=read, args=("a" * 32, threading.Event().wait), daemon=True)
first.start()
said.wait()
if sys.argv[1] == "main":
    ends["fault"]()
second = threading.Thread(target=read, args=("b" * 32, ends[sys.argv[1]]))
second.start()
second.join()
"""


@pytest.mark.full
@pytest.mark.parametrize(
    ("end", "suspect"), [("fault", _B), ("abort", _B), ("failure", _B), ("main", None)]
)
def test_a_dying_worker_names_the_camera_it_was_at(end: str, suspect: CameraId | None) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DYING, end], capture_output=True, check=False, timeout=30
    )
    words = LastWords()
    for line in done.stdout.splitlines(keepends=True):
        words.hear(line)
    assert done.returncode != 0
    assert done.stdout.count(b"reads 0x") == (1 if end == "main" else 2)
    assert words.take_suspect() == suspect
    assert words.take_suspect() is None


def test_a_thread_number_that_was_given_anew_names_its_newest_camera() -> None:
    words = LastWords()
    for line in (
        f"reads 0x7f01 {_A}\n", f"reads 0x7f01 {_B}\n", "nonsense \xff\n",
        "Current thread 0x0000000000007f01 (most recent call first):\n",
    ):  # fmt: skip
        words.hear(line.encode("latin-1"))
    assert words.take_suspect() == _B
