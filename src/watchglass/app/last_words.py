"""Which camera a worker was at when it died.

A reader thread says once, on the worker's standard output, whose stream it reads. When the
interpreter is killed by a fault of its own (SIGSEGV and its kin), ``faulthandler`` writes there
which thread it was. So nothing is paid for each packet, and the name survives the worker.
"""

import faulthandler
import os
import re
import threading
from contextlib import suppress

from watchglass.base.ids import CameraId

_STDOUT = 1
_READS = re.compile(rb"reads 0x([0-9a-f]{1,16}) ([0-9a-f]{32})\s*")
_CURRENT = re.compile(rb"Current thread 0x0*([0-9a-f]{1,16})\b.*", re.DOTALL)


class Witness:
    """In a worker: says who is at work. For any thread."""

    def __init__(self) -> None:
        faulthandler.enable(_STDOUT, all_threads=True)
        self._of = threading.local()

    def reads(self, camera: CameraId) -> None:
        """This thread reads that camera's stream from now on."""
        if getattr(self._of, "camera", None) != camera:
            self._of.camera = camera
            _say(f"reads {threading.get_ident():#x} {camera}\n")

    def failed(self, thread: threading.Thread | None) -> None:
        """That thread is why this process is about to end."""
        if thread is not None:
            _say(f"Current thread {thread.ident or 0:#x}\n")


def _say(line: str) -> None:
    # The supervisor may be gone; then nobody asks.
    with suppress(OSError):
        os.write(_STDOUT, line.encode())


class LastWords:
    """In the supervisor: what was heard of one worker, through all of its lives."""

    def __init__(self) -> None:
        self._readers: dict[bytes, CameraId] = {}
        self._suspect: CameraId | None = None

    def hear(self, line: bytes) -> None:
        """One line of its standard output."""
        if reads := _READS.fullmatch(line):
            # The system gives a thread's number to another once it has ended.
            self._readers[reads[1]] = CameraId(reads[2].decode())
        elif current := _CURRENT.fullmatch(line):
            self._suspect = self._readers.get(current[1])

    def take_suspect(self) -> CameraId | None:
        """The camera whose thread made it die; None when that is not known. Then anew."""
        suspect, self._suspect = self._suspect, None
        self._readers.clear()
        return suspect
