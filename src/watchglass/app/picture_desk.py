"""What the media-worker does with requests: some at a time, and sessions between them.

The process's own thread takes requests and gives answers; a few others make pictures. Who waits
longest comes first, so a long recording cannot keep a live picture waiting by more than one part of
it.
"""

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.pool import full_pool
from watchglass.bus.request import Token
from watchglass.media.conversion import Conversion
from watchglass.media.outgoing import form
from watchglass.media.still import still
from watchglass.model.conversion import Converted, ConvertRequest, FormRequest, FormTold, NotKnown
from watchglass.model.still import FromMediaWorker, MediaRequest, Still, StillRefused

MOST_SESSIONS = 16
_IDLE_NS = 30 * NS_PER_S
_LOG = log.get("media")


class Sessions:
    """Those that were used last. Thread-safe: whoever takes one has it alone."""

    def __init__(self, clock: Clock, most: int = MOST_SESSIONS) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Conversion, int]] = OrderedDict()

    def take(self, request: ConvertRequest) -> Conversion | None:
        """The session for the request; None where it is not there, or has got other frames."""
        with self._lock:
            known = self._kept.pop(request.session, None)
        if request.begins:
            if known is not None:
                known[0].close()
            return Conversion(request.codec, request.configuration, request.width, request.covers)
        if known is not None and known[0].at != request.after:
            known[0].close()
            return None
        return known[0] if known is not None else None

    def keep(self, name: str, conversion: Conversion) -> None:
        """Have it back; those that were longest not used go."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            self._kept[name] = (conversion, now_ns)
            gone = self._surplus(now_ns)
        for each in gone:
            each.close()

    def _surplus(self, now_ns: int) -> list[Conversion]:
        gone = []
        while self._kept:
            conversion, used_ns = next(iter(self._kept.values()))
            if len(self._kept) <= self._most and now_ns - used_ns <= _IDLE_NS:
                break
            self._kept.popitem(last=False)
            gone.append(conversion)
        return gone


class PictureDesk:
    """``wake`` is called when an answer is ready; ``limit_s`` is how long one request may take."""

    def __init__(
        self, clock: Clock, threads: int, limit_s: float, wake: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._limit_ns = round(limit_s * NS_PER_S)
        self._wake = wake
        self._sessions = Sessions(clock)
        self._begun: dict[Token, int] = {}
        self._asked: dict[Token, int] = {}
        self._done: queue.SimpleQueue[tuple[Token, FromMediaWorker | None]] = queue.SimpleQueue()
        self._pool: ThreadPoolExecutor = full_pool(threads, "pictures")

    def take(self, token: Token, request: MediaRequest) -> None:
        """Have it done when its turn comes."""
        self._asked[token] = self._clock.monotonic_ns()
        self._pool.submit(self._work, token, request)

    def done(self) -> list[tuple[Token, FromMediaWorker | None]]:
        """The answers that are ready; None for a request that nobody waits for any more."""
        found = []
        while not self._done.empty():
            token, reply = self._done.get()
            self._asked.pop(token, None)
            found.append((token, reply))
        return found

    def alarm_s(self) -> float:
        """When this process is stuck, from now; 0 while nothing is being done."""
        if not self._asked:
            return 0.0
        now_ns = self._clock.monotonic_ns()
        oldest_ns = min(list(self._begun.values()), default=now_ns)
        return max(0.001, (oldest_ns + self._limit_ns - now_ns) / NS_PER_S)

    def close(self) -> None:
        """Take nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, token: Token, request: MediaRequest) -> None:
        self._begun[token] = self._clock.monotonic_ns()
        try:
            reply = self.answer(request)
        except Exception as error:  # noqa: BLE001 - the task's border: whoever asked gets an answer
            _LOG.error("picture_failed", error=type(error).__name__)
            reply = StillRefused("This picture cannot be made.")
        finally:
            self._begun.pop(token, None)
        self._done.put((token, reply))
        self._wake()

    def answer(self, request: MediaRequest) -> FromMediaWorker | None:
        """None when it comes too late for whoever asked."""
        if self._clock.monotonic_ns() > request.until_ns:
            return None
        try:
            match request:
                case FormRequest():
                    found = form()
                    return FormTold(found.codec, found.mime)
                case ConvertRequest():
                    return self._convert(request)
                case _:
                    return Still(
                        still(
                            request.codec, request.configuration, request.access_unit,
                            request.width, request.covers, request.wall_ns, request.later,
                            request.shown,
                        )
                    )  # fmt: skip
        except WatchglassError as error:
            return StillRefused(error.sentence)

    def _convert(self, request: ConvertRequest) -> Converted | NotKnown:
        conversion = self._sessions.take(request)
        if conversion is None:
            return NotKnown()
        try:
            made = conversion.convert(request)
        except BaseException:
            conversion.close()
            raise
        if conversion.is_over:
            conversion.close()
        else:
            self._sessions.keep(request.session, conversion)
        return made
