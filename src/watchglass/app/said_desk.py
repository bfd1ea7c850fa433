"""What becomes of what cameras say: rows to be read, and marks in the ledger that keep the footage.

It may be told in a thread that waits for the disk; marks are gathered, and ordered behind it.
"""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

from watchglass.app.keeper_port import KeeperPort
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, is_id
from watchglass.model.order import MarkSpan
from watchglass.model.said import Heard, Said, SaidKind
from watchglass.store.country import default_retention_h
from watchglass.store.said import SaidStore
from watchglass.store.site import SiteStore

AROUND_NS = 5 * NS_PER_S
"""Kept before and after what a camera says."""
_JOINS_NS = 30 * NS_PER_S
_EVERY_S = 5.0
_THREADS = 4
_PURGE_NS = 3600 * NS_PER_S
_MOST_SPANS = 64
_HOUR_NS = 3600 * NS_PER_S
_LOG = log.get("said")

_Span = tuple[int, int]


class SaidDesk:
    """Of one recorder."""

    def __init__(self, said: SaidStore, site: SiteStore, keeper: KeeperPort, clock: Clock) -> None:
        self._said, self._site, self._keeper, self._clock = said, site, keeper, clock
        self._marks: dict[CameraId, list[_Span]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._purge_ns = 0
        self._pool = ThreadPoolExecutor(_THREADS, "marks")
        self._thread = threading.Thread(target=self._work, name="said", daemon=True)

    def start(self) -> None:
        """What went on at the last end is over."""
        self._said.end_open()
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(_EVERY_S)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def take(self, heard: Heard) -> None:
        """Keep it. What is not of a camera of ours, or of no sense, is left out."""
        known = {each.id for each in self._site.cameras(with_credentials=False)}
        said = [each for each in heard.said if each.camera in known and _has_sense(each)]
        if heard.lost:
            _LOG.error("said_lost", count=heard.lost)
        if not said:
            return
        try:
            self._said.put(said)
        except WatchglassError as error:
            _LOG.error("said_not_kept", count=len(said), error=error.sentence)
        with self._lock:
            for each in said:
                if each.kind is not SaidKind.OTHER:
                    spans = self._marks.setdefault(each.camera, [])
                    to_ns = each.to_ns if each.to_ns is not None else each.from_ns
                    add_span(spans, each.from_ns - AROUND_NS, to_ns + AROUND_NS)

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

    def purge(self) -> None:
        """Erase what was said of footage that is no longer kept."""
        hours = default_retention_h(self._site.country())
        default_h = max(self._site.default_retention_h() or hours,
                        self._site.default_events_h() or 0)  # fmt: skip
        cameras = {each.id: each for each in self._site.cameras(with_credentials=False)}
        for camera in self._said.cameras():
            known = cameras.get(camera)
            own = (known.retention_h, known.events_h) if known is not None else (None, None)
            kept_h = max((each for each in own if each is not None), default=default_h)
            self._said.forget(camera, self._clock.wall_ns() - kept_h * _HOUR_NS)

    def _work(self) -> None:
        while not self._clock.wait(self._over, _EVERY_S):
            try:
                self.flush()
                if self._clock.monotonic_ns() >= self._purge_ns:
                    self._purge_ns = self._clock.monotonic_ns() + _PURGE_NS
                    self.purge()
            except WatchglassError as error:
                _LOG.error("said_upkeep_failed", error=error.sentence)
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


def _has_sense(said: Said) -> bool:
    span = said.to_ns is None or said.from_ns <= said.to_ns
    return is_id(said.id) and span and 0 <= said.from_ns < 2**62 and said.text.isprintable()
