"""What SIGINT, SIGTERM and SIGHUP mean: the first ends in order, another one does not wait."""

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

_IMPATIENT = 130
_SAME_S = 0.5
"""Some send a signal to a process and to its whole group: that is still one."""


class Ending:
    """Whether the end was asked for; ``on_first`` is called then."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self.asked = False
        self._asked_s = 0.0
        self._on_first = on_first
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        if not self.asked:
            self.asked, self._asked_s = True, now_s
            self._on_first()
        elif now_s - self._asked_s > _SAME_S:
            # The pipes to the children break with us: workers close their files by themselves.
            os._exit(_IMPATIENT)
