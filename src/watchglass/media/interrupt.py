"""Ending libavformat's blocked calls, and hearing what it logs, per thread.

PyAV offers a time-out for each call and nothing to end one from another thread. Its interrupt
callback, which libavformat asks about every 100 ms and before each wait, compares
``time.monotonic()`` with the deadline. So this module gives PyAV a clock of its own (the dependency
is pinned to one minor release, and a test shows that it still works): for a thread whose call is to
end, it runs ahead of every deadline. If a later PyAV looks elsewhere, calls end at their time-outs.

libavformat's RTSP client follows redirects to any host, taking the password along, unless ``rtsp``
is missing from its list of allowed protocols, which it looks at for a redirect alone
(`rtsp_url.open_options`). It logs that, and it logs before it follows; both are heard here, in the
thread that made the call, and end it.
"""

import logging
import re
import time
from collections import deque
from threading import get_ident
from types import TracebackType

import av
import av.container.core
import av.logging

_REDIRECT = re.compile(r"Status \d+: Redirecting to |Protocol '\w+' not on whitelist")
_USER_INFO = re.compile(r"://[^/\s@]*@")

_LINES_KEPT = 8
_LINE_CHARS = 200


class Interrupt:
    """Ends the libavformat call of the thread that is inside ``with interrupt:``.

    ``ended`` makes the running call and all later ones fail soon; ``redirected``: the camera tried
    to send us elsewhere (it ends the call too). ``lines`` are libavformat's last messages, without
    user info.
    """

    __slots__ = ("_ahead_s", "ended", "lines", "redirected")

    def __init__(self) -> None:
        self.ended = False
        self.redirected = False
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._ahead_s = 0.0

    def __enter__(self) -> None:
        _inside[get_ident()] = self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _inside.pop(get_ident(), None)

    def now_s(self) -> float:
        """The monotonic time, or once ended a time further on at each call."""
        if self.ended:
            self._ahead_s += 1e9
        return time.monotonic() + self._ahead_s

    def hear(self, message: str) -> None:
        """Take in one line of libavformat's log."""
        if _REDIRECT.match(message):
            self.redirected = self.ended = True
        self.lines.append(_USER_INFO.sub("://", message.strip())[:_LINE_CHARS])


_inside: dict[int, Interrupt] = {}


class _Time:
    """What PyAV's container module knows as ``time``."""

    @staticmethod
    def monotonic() -> float:
        if _inside and (interrupt := _inside.get(get_ident())):
            return interrupt.now_s()
        return time.monotonic()


class _LogLines(logging.Handler):
    """Gives libav's log lines to the interrupt of the thread that caused them; no other way out."""

    def handle(self, record: logging.LogRecord) -> bool:
        if interrupt := _inside.get(get_ident()):
            interrupt.hear(str(record.msg))
        return True


_handler = _LogLines()


def install() -> None:
    """Make libav's logs and PyAV's clock ours; again at each open, for others may set them too."""
    av.container.core.time = _Time  # type: ignore[attr-defined]
    logger = logging.getLogger("libav")
    if _handler not in logger.handlers:
        logger.addHandler(_handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    # A repeated line is swallowed otherwise, and it may be the second redirect to the same place.
    av.logging.set_skip_repeated(False)
    if av.logging.get_level() != av.logging.INFO:
        av.logging.set_level(av.logging.INFO)
