"""The place of a thread in the queue for the disk."""

import ctypes
import platform
import threading

_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_OF_A_THREAD = 1
_IDLE = 3 << 13


def read_last() -> bool:
    """This thread's reads and writes come after everybody's; whether the kernel took it.

    It holds for disks whose scheduler knows priorities.
    """
    call = _IOPRIO_SET.get(platform.machine())
    if call is None:
        return False
    own = threading.get_native_id()
    return bool(ctypes.CDLL(None).syscall(call, _OF_A_THREAD, own, _IDLE) == 0)
