"""What the analytics-worker tells of what it understood: kept until it is taken."""

from collections import deque
from collections.abc import Callable, Sequence

from watchglass.analytics.metrics import report_samples
from watchglass.base.clock import Clock
from watchglass.base.ids import random_id
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.model.analysis import Report, Taken, Understood
from watchglass.model.metric import Sample
from watchglass.model.way import Way

MOST_ITEMS = 20_000
_MOST_UNDER_WAY = 64
_MOST_A_REPORT = 500
_LIMIT_BYTES = 16 << 20

Noted = Callable[[], None]


class Reports:
    """Towards one events-worker, or towards nobody (no ``way``): then all is taken at once.

    Owned by one thread, which calls ``turn`` at least once in a few seconds.
    """

    def __init__(self, way: Way | None, name: str, clock: Clock, most_items: int = MOST_ITEMS):
        self._session = random_id()
        self._most = most_items
        self._next = 1
        self._kept: deque[tuple[Report, list[Noted]]] = deque()
        self._items = 0
        self._sent = 0
        self._clock = clock
        self.untold_since_ns = 0
        """Nobody has taken anything since then (monotonic); 0 while nothing waits."""
        self.lost = 0
        """Items for which there was no room any more."""
        self.told = 0
        self._client: BusClient[Report, Taken] | None = None
        if way is not None:
            self._client = BusClient(
                way.endpoint, name, Codec[Report](Report), Codec[Taken](Taken),
                limit_bytes=_LIMIT_BYTES, clock=clock, proof=way.proof,
            )  # fmt: skip

    def put(self, items: Sequence[Understood], noted: Noted | None = None, job: str = "") -> None:
        """Tell this; ``noted`` is called when it is written down. ``job``: of which look at the
        past it is."""
        for first in range(0, len(items), _MOST_A_REPORT):
            part = tuple(items[first : first + _MOST_A_REPORT])
            last = first + _MOST_A_REPORT >= len(items)
            self._put(part, noted if last else None, job)

    def begin_anew(self, job: str, from_ns: int, noted: Noted) -> None:
        """What that look found from then on (UTC) is void; ``noted`` as for ``put``."""
        self._put((), noted, job, from_ns)

    def _put(
        self, part: tuple[Understood, ...], noted: Noted | None, job: str, anew_ns: int = 0
    ) -> None:
        if self._client is None:
            self.told += len(part)
            if noted is not None:
                noted()
            return
        report = Report(self._session, self._next, part, job, anew_ns)
        self._next += 1
        self._kept.append((report, [noted] if noted is not None else []))
        self._items += len(part)
        while self._items > self._most and len(self._kept) > 1:
            report, _ = self._kept.popleft()
            self._items -= len(report.items)
            self.lost += len(report.items)
            self._sent = max(0, self._sent - 1)

    def turn(self) -> None:
        """Send what may go, hear what was taken. Does not wait."""
        client = self._client
        if client is None:
            return
        if not self._kept:
            self.untold_since_ns = 0
        elif not self.untold_since_ns:
            self.untold_since_ns = self._clock.monotonic_ns()
        for message in client.poll(0):
            if isinstance(message, LinkRenewed):
                client.discard_queued()
                self._sent = 0
            elif message.session == self._session:
                self._taken(message.last)
        if client.connected:
            while self._sent < len(self._kept) and client.depth() < _MOST_UNDER_WAY:
                client.send(self._kept[self._sent][0])
                self._sent += 1

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def samples(self, process: str) -> list[Sample]:
        found = report_samples(process, self._items, self.told, self.lost)
        if self._client is not None:
            found += hop_samples(self._client.stats(), "understood", self._client.name)
        return found

    def _taken(self, last: int) -> None:
        self.untold_since_ns = 0
        while self._kept and self._kept[0][0].number <= last:
            report, noted = self._kept.popleft()
            self._items -= len(report.items)
            self.told += len(report.items)
            self._sent = max(0, self._sent - 1)
            for each in noted:
                each()
