"""What was freed goes back to the system: counted in pages of a process of its own."""

import ctypes
import gc
import subprocess
import sys
import threading

import pytest

from watchglass.base import heap
from watchglass.base.clock import SystemClock
from watchglass.base.pool import full_pool

_GLIBC = hasattr(ctypes.CDLL(None), "mallopt")

# Blocks of many sizes are held, then all but each tenth are freed: holes that no page border fits.
_HOLES = """
import sys
from watchglass.base import heap

def held_kib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

bounded, trimmed = sys.argv[1] == "1", sys.argv[2] == "1"
if bounded:
    heap.bound()
bytearray(b"x" * 20_000_000)  # as media are: now glibc keeps blocks up to that in its arenas
began = held_kib()
kept, large = [], []
for number in range(400):
    large.append(bytearray(b"x" * (60_000 + 97 * number)))
    kept.append(bytearray(600))
del large
if trimmed:
    heap.trim()
print(held_kib() - began)
"""

# Threads that read what media are: the arenas that they leave.
_ARENAS = """
import ctypes, sys, threading
from watchglass.base import heap
if sys.argv[1] == "1":
    heap.bound()
together = threading.Barrier(8)
def work():
    together.wait()
    held = [bytearray(2_000) for _ in range(50)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""

# Classes are matched, as each message is.
_NAMES = """
import sys
from dataclasses import make_dataclass
from watchglass.base import heap

things = [make_dataclass(f"Some{each}", [("number", int)])(1) for each in range(16)]
types = [type(each) for each in things]

def match(times):
    for _ in range(times):
        for thing, kind in zip(things, types):
            match thing:
                case kind(number):
                    pass

heap.trim()
began = sys.getallocatedblocks()
match(600)
left = sys.getallocatedblocks() - began
heap.trim()
print(left, sys.getallocatedblocks() - began)
"""


# Threads that took blocks of all sizes, seven of each, and freed them; then all is trimmed.
_SHELVES = """
import ctypes, threading
from watchglass.base import heap

heap.begin_without_shelves()
heap.bound()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

class Info(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

libc.mallinfo2.restype = Info
ending = threading.Event()
freed = threading.Barrier(9)

def work():
    for size in range(24, 1033, 16):
        for block in [libc.malloc(size) for _ in range(7)]:
            libc.free(block)
    freed.wait()
    ending.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
began = libc.mallinfo2().uordblks
for each in threads:
    each.start()
freed.wait()
heap.trim()
print(libc.mallinfo2().uordblks - began)
ending.set()
"""


def _said(script: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.full
@pytest.mark.skipif(not _GLIBC, reason="of glibc alone")
def test_holes_go_back() -> None:
    left_kib = int(_said(_HOLES, "1", "1"))
    as_it_was_kib = int(_said(_HOLES, "0", "0"))
    assert left_kib < 4_000
    assert as_it_was_kib > 3 * left_kib


@pytest.mark.full
@pytest.mark.skipif(not _GLIBC, reason="of glibc alone")
def test_threads_share_one_arena() -> None:
    assert _said(_ARENAS, "1").count("<heap nr=") == 1
    assert _said(_ARENAS, "0").count("<heap nr=") > 1


def test_trim_frees_what_only_a_cycle_holds() -> None:
    class Ring:
        def __init__(self) -> None:
            self.ring = self

    gc.disable()
    try:
        Ring()
        heap.trim()
        assert not [each for each in gc.get_objects() if type(each) is Ring]
    finally:
        gc.enable()


@pytest.mark.full
def test_trim_drops_the_names_that_matching_leaves() -> None:
    left, after = map(int, _said(_NAMES).split())
    assert after < 100
    assert left > 200 or sys.version_info >= (3, 12)


def test_a_pool_has_all_its_threads_at_once_and_never_more() -> None:
    before = set(threading.enumerate())
    with full_pool(5, "some") as pool:
        made = {each for each in threading.enumerate() if each not in before}
        assert len(made) == 5
        assert sorted(pool.map(abs, range(200))) == list(range(200))
        assert {each for each in threading.enumerate() if each not in before} == made


def test_tending_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    trimmed = 0

    class Soon(SystemClock):
        def wait(self, event: threading.Event, timeout_s: float) -> bool:
            waited.append(timeout_s)
            return len(waited) == 5

    def trim() -> None:
        nonlocal trimmed
        trimmed += 1

    monkeypatch.setattr(heap, "trim", trim)
    thread = heap.tend(Soon())
    thread.join(30)
    gc.unfreeze()
    assert waited == [*heap.FIRST_TRIMS_S, heap.TRIM_S, heap.TRIM_S, heap.TRIM_S]
    assert trimmed == 4
    assert not thread.is_alive()


# Names that stay, as those of a loaded program do; then paths that come and go.
_PATHS = """
import sys
from pathlib import PurePosixPath
from watchglass.base import heap

def held_kib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

heap.bound()
kept = [sys.intern(f"kept {number}") for number in range(10_000)]
if sys.argv[1] == "1":
    heap.fill_names()
began = held_kib()
for number in range(60_000):
    PurePosixPath(f"/media/{number}.mp4")
print(held_kib() - began)
"""


@pytest.mark.skipif(
    not _GLIBC or sys.version_info >= (3, 12), reason="names are kept otherwise there"
)
def test_names_of_files_that_come_and_go_take_no_more() -> None:
    grown = {}
    for filled in "01":
        ran = subprocess.run(
            [sys.executable, "-c", _PATHS, filled], capture_output=True, text=True, check=True
        )
        grown[filled] = int(ran.stdout)
    assert grown["1"] < 200
    assert grown["0"] > grown["1"] + 200


@pytest.mark.skipif(not _GLIBC, reason="another C library has no shelves")
def test_threads_keep_nothing_that_they_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where somebody has tuned something else, which stays."""
    kept = {}
    for chosen in ("glibc.malloc.tcache_count=7", "glibc.malloc.check=0", ""):
        monkeypatch.setenv("GLIBC_TUNABLES", chosen)
        kept[chosen] = int(_said(_SHELVES))
    assert kept["glibc.malloc.tcache_count=7"] > 8 * 7 * 16_000
    assert kept["glibc.malloc.check=0"] < 100_000
    assert kept[""] < 100_000


@pytest.mark.skipif(not _GLIBC, reason="another C library has no shelves")
def test_what_somebody_has_tuned_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[dict[str, str]] = []
    monkeypatch.setattr("os.execve", lambda *of: became.append(of[2]))
    for chosen in ("", "glibc.malloc.check=3", "glibc.malloc.tcache_count=2"):
        monkeypatch.setenv("GLIBC_TUNABLES", chosen)
        heap.begin_without_shelves()
    assert [each["GLIBC_TUNABLES"] for each in became] == [
        "glibc.malloc.tcache_count=0", "glibc.malloc.check=3:glibc.malloc.tcache_count=0",
    ]  # fmt: skip
