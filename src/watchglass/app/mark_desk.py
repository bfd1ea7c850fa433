"""Marks in the ledgers, by which footage of events is kept longer than the rest.

They are added in threads that wait for nobody; gathered, joined where they nearly touch, and
ordered behind them.
"""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

from watchglass.app.keeper_port import KeeperPort
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId
from watchglass.model.order import MarkSpan

AROUND_NS = 5 * NS_PER_S
"""Kept before and after an event."""
_JOINS_NS = 30 * NS_PER_S
_EVERY_S = 5.0
_THREADS = 4
_MOST_SPANS = 64
_LOG = log.get("marks")

_Span = tuple[int, int]


class MarkDesk:
    """Of one recorder. ``add`` is for any thread."""

    def __init__(self, keeper: KeeperPort, clock: Clock) -> None:
        self._keeper, self._clock = keeper, clock
        self._marks: dict[CameraId, list[_Span]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(_THREADS, "marks")
        self._thread = threading.Thread(target=self._work, name="marks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Have ordered what waits."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(_EVERY_S)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def add(self, camera: CameraId, from_ns: int, to_ns: int) -> None:
        """Something happened then (UTC ns): that, and a little before and after, is to be kept."""
        with self._lock:
            spans = self._marks.setdefault(camera, [])
            add_span(spans, from_ns - AROUND_NS, to_ns + AROUND_NS)

    def flush(self) -> None:
        """Have marked what waits; what is refused waits on."""
        with self._lock:
            marks, self._marks = self._marks, {}
        orders = [
            self._pool.submit(self._mark, camera, span)
            for camera, spans in marks.items()
            for span in spans
        ]
        for each in orders:
            each.result()

    def _mark(self, camera: CameraId, span: _Span) -> None:
        from_ns, to_ns = span
        # The same span has the same mark: told again after a crash, it leads to no second line.
        name = hashlib.sha256(f"{camera} {from_ns} {to_ns}".encode()).hexdigest()[:32]
        try:
            self._keeper.order(MarkSpan(camera, name, max(0, from_ns), to_ns))
        except WatchglassError as error:
            _LOG.warning("not_marked", camera=camera, error=error.sentence)
            with self._lock:
                if len(self._marks.setdefault(camera, [])) < _MOST_SPANS:
                    add_span(self._marks[camera], from_ns, to_ns)

    def _work(self) -> None:
        while not self._clock.wait(self._over, _EVERY_S):
            self.flush()
        self.flush()


def add_span(spans: list[_Span], from_ns: int, to_ns: int) -> None:
    """One more, joined with those that it touches or nearly does; the list stays in order."""
    apart: list[_Span] = []
    for start, end in spans:
        if end + _JOINS_NS < from_ns or to_ns + _JOINS_NS < start:
            apart.append((start, end))
        else:
            from_ns, to_ns = min(from_ns, start), max(to_ns, end)
    spans[:] = sorted([*apart, (from_ns, to_ns)])
    while len(spans) > _MOST_SPANS:
        # Nothing is left out: the first two become one.
        (start, _), (_, end) = spans[:2]
        spans[:2] = [(start, end)]
