"""What a process of ours gives up beside its fence: its place in line, memory, processes, files."""

import os
import resource
import stat
import sys


def step_back(nice: int, memory_bytes: int) -> None:
    """No core file, bounded memory, behind what records."""
    os.nice(nice)
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory_bytes)):
        resource.setrlimit(kind, (most, most))


def keep_to_itself(descriptors: int) -> None:
    """No more threads or processes, few descriptors, no files written.

    Called when all threads run and all sockets are open.
    """
    limits = {resource.RLIMIT_NPROC: 0, resource.RLIMIT_NOFILE: descriptors}
    # A log that goes to a file would end with the right to write any.
    if not stat.S_ISREG(os.fstat(sys.stderr.fileno()).st_mode):
        limits[resource.RLIMIT_FSIZE] = 0
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
