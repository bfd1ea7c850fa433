"""Entry of the events-worker: finds by rules what happens in what was understood, and writes it.

It listens to the analytics-worker, which keeps each report until it is taken, and writes to one
database. It may die at any moment: recording knows nothing of it, reports wait for its successor,
and that one finds nothing twice.
"""

import queue
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec

from watchglass.app.event_metrics import FOUND, WAITING
from watchglass.app.event_work import EventWork
from watchglass.app.fences import fence_in, lay_out, of_events_worker, tell
from watchglass.app.few_rights import step_back
from watchglass.app.layout import Layout
from watchglass.app.pipes import say, take_messages
from watchglass.app.reporter import Reporter
from watchglass.app.worker_main import live
from watchglass.base import heap, log
from watchglass.base.clock import NS_PER_S, SystemClock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, WatchglassError
from watchglass.bus.endpoint import Listener
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.bus.peer import PeerId, PeerState
from watchglass.bus.proof import Key
from watchglass.bus.server import BusServer, PeerJoined, PeerLost
from watchglass.model.analysis import Report, Taken
from watchglass.model.event_work import EventsStart, FromEventsWorker, ToEventsWorker
from watchglass.model.metric import Sample
from watchglass.model.vitals import Alive
from watchglass.store.events import EventStore

NAME = "events-worker"
_POLL_S = 0.5
_IDLE_POLL_S = 2.0
_TICK_NS = NS_PER_S
_CREDIT_BYTES = 4 << 20
_NICE = 2
_MOST_MEMORY_BYTES = 2 << 30
_LOG = log.get("events")


def main() -> None:
    """Find until told to stop, or until the supervisor is gone."""
    decoder: msgspec.json.Decoder[ToEventsWorker] = msgspec.json.Decoder(ToEventsWorker)
    live(decoder, EventsStart, _find, NAME)


def _find(start: EventsStart, decoder: msgspec.json.Decoder[ToEventsWorker]) -> None:
    layout, disk, clock = Layout(Path(start.state)), Disk(), SystemClock()
    EventStore(layout.events_db, disk).close()
    lay_out(layout.events_db, disk)
    listener = Listener(start.understood.endpoint)
    tell(fence_in(of_events_worker(layout), start.fences))
    heap.tend(clock)
    store = EventStore(layout.events_db, disk)
    finder = Finder(listener, start, store, EventWork(store, clock, _said), clock)
    reporter = Reporter(start.vitals, NAME, lambda: Alive(finder.turned_ns), finder.samples, clock)
    reporter.start()
    take_messages(decoder, finder.hear, finder.stop)
    step_back(_NICE, _MOST_MEMORY_BYTES)
    finder.run()
    reporter.close()
    store.close()


def _said(message: FromEventsWorker) -> None:
    try:
        say(message)
    except OSError:
        _LOG.info("nobody_hears")


class Finder:
    """Between the bus and the work; ``run`` is one thread, the others are for any."""

    def __init__(
        self,
        listener: Listener,
        start: EventsStart,
        store: EventStore,
        work: EventWork,
        clock: SystemClock,
    ) -> None:
        self._server: BusServer[Report, Taken] = BusServer(
            listener, Codec[Report](Report), Codec[Taken](Taken), credit_bytes=_CREDIT_BYTES,
            clock=clock, name="understood", key=Key(start.understood.key),
        )  # fmt: skip
        self._start, self._store, self._work, self._clock = start, store, work, clock
        self._messages: queue.SimpleQueue[ToEventsWorker] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._waiting: deque[tuple[PeerId, int, Report]] = deque()
        self._unwritten: list[tuple[PeerId, int, Report]] = []
        self._hops: list[PeerState] = []
        self._refused = ""
        self.turned_ns = clock.monotonic_ns()

    def hear(self, message: ToEventsWorker) -> None:
        """Other rules, or the end."""
        if isinstance(message, EventsStart):
            self._messages.put(message)
            self._server.wake()
        else:
            self.stop()

    def stop(self) -> None:
        self._stopping.set()
        self._server.wake()

    def samples(self) -> list[Sample]:
        """As of the last turn."""
        found = [FOUND.at(self._work.found), WAITING.at(len(self._waiting))]
        for each in self._hops:
            found += hop_samples(each.hop, "taken", each.peer.name)
        return found

    def run(self) -> None:
        """Until stopped. Reports that wait then are told again to whoever comes next."""
        self._work.resume(self._start.rules, self._start.areas)
        due_ns = 0
        while not self._stopping.is_set():
            while not self._messages.empty():
                message = self._messages.get()
                if isinstance(message, EventsStart):
                    self._work.use(message.rules, message.areas)
            self._listen()
            try:
                self._work.write_due()
                # Before more comes, which is not written yet: where something always does, nobody
                # would ever be told.
                self._tell_taken()
                self._take()
                if self._clock.monotonic_ns() >= due_ns:
                    due_ns = self._clock.monotonic_ns() + _TICK_NS
                    self._work.pass_time()
                self._tell_taken()
                self._refused = ""
            except DamagedError:
                # No trying again mends it: whoever started this one begins another database.
                raise
            except WatchglassError as error:
                # It is tried again, and the analytics-worker keeps what comes meanwhile.
                if self._refused != error.sentence:
                    _LOG.error("events_not_written", error=error.sentence)
                self._refused = error.sentence
            self._hops = self._server.peers()
            self.turned_ns = self._clock.monotonic_ns()
        with suppress(WatchglassError):
            self._work.write()
        self._server.close()

    def _listen(self) -> None:
        wait_s = _POLL_S if self._work.behind else _IDLE_POLL_S
        for event in self._server.poll(wait_s):
            if isinstance(event, PeerJoined):
                continue
            if isinstance(event, PeerLost):
                self._waiting = deque(each for each in self._waiting if each[0] != event.peer)
                self._unwritten = [each for each in self._unwritten if each[0] != event.peer]
                continue
            self._waiting.append((event.peer, event.size_bytes, event.message))

    def _take(self) -> None:
        while self._waiting:
            self._work.take(self._waiting[0][2])
            self._unwritten.append(self._waiting.popleft())

    def _tell_taken(self) -> None:
        """Only what is written counts as taken: of the rest a successor has to hear again."""
        if self._work.behind:
            return
        last: dict[tuple[PeerId, str], int] = {}
        for peer, size_bytes, report in self._unwritten:
            last[peer, report.session] = report.number
            self._server.done(peer, size_bytes)
        self._unwritten.clear()
        for (peer, session), number in last.items():
            self._server.send(peer, Taken(session, number))


if __name__ == "__main__":
    main()
