"""The heap of a process that runs for months: what was freed goes back to the system.

glibc gives each new thread an arena of its own, raises the size from which a block is mapped on its
own to that of the largest block freed yet, and gives back no page that lies between two blocks in
use. So threads that read media, hundreds of kilobytes at a time, leave holes that fill for days,
and nobody could tell that from a leak. Other C libraries have none of this; there only the garbage
collector is asked.
"""

import ctypes
import gc
import os
import sys
import threading
from itertools import chain, repeat

from watchglass.base.clock import Clock

TRIM_S = 60.0
FIRST_TRIMS_S = (15.0, 30.0)
"""What a start took is given back sooner: from the start to the first, and from that to the next.
"""

_LIBC = ctypes.CDLL(None)  # once: each has classes of its own
_ARENAS = 1
_MAPPED_BYTES = 128 * 1024
_SLACK_BYTES = 512 * 1024
_NAMES = 1 << 17
_TUNABLES = "GLIBC_TUNABLES"
_NO_SHELVES = "glibc.malloc.tcache_count=0"
# Of malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def bound() -> bool:
    """One arena for all threads, and large blocks mapped on their own, which a free gives back.

    To be called before there is a second thread: an arena that is there stays. Python's threads
    allocate one at a time anyway. False where the C library knows nothing of it.
    """
    mallopt = getattr(_LIBC, "mallopt", None)
    if mallopt is None:
        return False
    options = (
        (_M_ARENA_MAX, _ARENAS), (_M_MMAP_THRESHOLD, _MAPPED_BYTES),
        (_M_TRIM_THRESHOLD, _SLACK_BYTES),
    )  # fmt: skip
    return all(mallopt(option, value) == 1 for option, value in options)


def begin_without_shelves() -> None:
    """Begin this program once more in its own process, where its threads shelve what they freed.

    glibc lets each thread keep up to seven freed blocks of each of 64 sizes, of up to 1,032 bytes,
    for itself: ``trim`` cannot reach them, and with the 26 threads of a supervisor they fill for
    days, at 7 MB a day. That is switched off by the environment alone, which is read before a
    process's first line, and which its children inherit. Returns where that is so already, where
    somebody has chosen otherwise, and where the C library is another.
    """
    chosen = os.environ.get(_TUNABLES, "")
    if "tcache_count" in chosen or not hasattr(_LIBC, "gnu_get_libc_version"):
        return
    tunables = f"{chosen}:{_NO_SHELVES}" if chosen else _NO_SHELVES
    environment = {**os.environ, _TUNABLES: tunables}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - ourselves, as we were started


def trim() -> None:
    """Free what only cycles hold and old names, then give back each page that holds nothing."""
    gc.collect()
    if sys.version_info < (3, 12):
        # There each match of a class asks for "__match_args__" by a new string, and the cache of
        # attributes keeps thousands of them: a quarter of a megabyte in each process, in hours.
        sys._clear_type_cache()
    malloc_trim = getattr(_LIBC, "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim.argtypes = [ctypes.c_size_t]
        malloc_trim(0)


def fill_names() -> None:
    """Let Python's table of names be as large as it will be, for who makes paths all day. To be
    called once all is loaded.

    ``pathlib`` enters each part of each path there. They go again, but their places are free only
    once the table is made anew, for three times as many names as there are then: a megabyte, once,
    after some thousand files, which nobody could tell from a leak.
    """
    for number in range(_NAMES):
        sys.intern(f"a name for nobody {number}")


def tend(clock: Clock) -> threading.Thread:
    """From now on ``trim`` soon, and then once a minute, as long as the process lives.

    What is loaded by now stays, and is never looked through again: the collector makes its full
    round when a quarter as much as there is has come, which after all imports takes an hour.
    """
    gc.collect()
    gc.freeze()
    never = threading.Event()

    def work() -> None:
        for seconds in chain(FIRST_TRIMS_S, repeat(TRIM_S)):
            if clock.wait(never, seconds):
                return
            trim()

    thread = threading.Thread(target=work, name="heap", daemon=True)
    thread.start()
    return thread
