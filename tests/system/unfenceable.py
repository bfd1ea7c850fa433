"""Run a command on a kernel that refuses some system calls, as one without Landlock or a container
does: ``unfenceable.py ERRNO NUMBER[,NUMBER...] COMMAND...``. Everything else is allowed."""

import ctypes
import os
import struct
import sys

_LOAD_NUMBER, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ERRNO, _ALLOW = 0x0005_0000, 0x7FFF_0000
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def refuse(code: int, numbers: list[int]) -> None:
    """For this process and all that it starts."""
    steps = [(_LOAD_NUMBER, 0, 0, 0)]
    for number in numbers:
        steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | code)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    text = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.cast(text, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "the filter was refused")


if __name__ == "__main__":
    refuse(int(sys.argv[1]), [int(each) for each in sys.argv[2].split(",")])
    os.execvp(sys.argv[3], sys.argv[3:])
