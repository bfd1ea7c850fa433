"""Which camera a worker was at when it died.

When the interpreter is killed by a fault of its own (SIGSEGV and its kin), ``faulthandler`` writes
on the worker's standard output which functions ran, and those that read a camera's stream bear its
name (`base.signpost`). So nothing is paid for each packet, and the name survives the worker.
"""

import faulthandler
import os
import re
import threading
from contextlib import suppress

from watchglass.base.ids import CameraId
from watchglass.base.signpost import camera_in, camera_of

_STDOUT = 1
_THREAD = re.compile(rb"(Current thread|Thread) 0x[0-9a-f]+\b.*", re.DOTALL)
_FRAME = re.compile(rb"  File .* in (\S+)\s*", re.DOTALL)
_FAILED = re.compile(rb"failed at ([0-9a-f]{32})\s*")


def listen_to_faults() -> None:
    """In a worker: from now on it says where it was when it dies of a fault."""
    faulthandler.enable(_STDOUT, all_threads=True)


def tell_failure(failed: threading.ExceptHookArgs) -> None:
    """In a worker: this is why the process is about to end."""
    camera = camera_in(failed.exc_traceback)
    if camera is not None:
        # The supervisor may be gone; then nobody asks.
        with suppress(OSError):
            os.write(_STDOUT, f"failed at {camera}\n".encode())


class LastWords:
    """In the supervisor: what was heard of one worker, through all of its lives."""

    def __init__(self) -> None:
        self._of_current = False
        self._suspect: CameraId | None = None

    def hear(self, line: bytes) -> None:
        """One line of its standard output."""
        if thread := _THREAD.fullmatch(line):
            self._of_current = thread[1] == b"Current thread"
        elif failed := _FAILED.fullmatch(line):
            self._suspect = CameraId(failed[1].decode())
        elif frame := _FRAME.fullmatch(line):
            if self._of_current and self._suspect is None:
                self._suspect = camera_of(frame[1].decode("ascii", "replace"))
        else:
            self._of_current = False

    def take_suspect(self) -> CameraId | None:
        """The camera at whose stream it died; None when that is not known. Then anew."""
        suspect, self._suspect = self._suspect, None
        self._of_current = False
        return suspect
