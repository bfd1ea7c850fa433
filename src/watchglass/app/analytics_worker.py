"""Entry of the analytics-worker: looks at the pictures that cameras' gates let through.

What strangers' cameras encoded is decoded here, in a process that holds no recording, key or
password and may die at any moment: recording does not notice, and what it was at is begun anew by
who sent it. It reads models and nothing else, and comes behind everybody who records.
"""

import os
import queue
import signal
import threading
from pathlib import Path

import msgspec

from watchglass.analytics.analyst import Analyst
from watchglass.analytics.detectors import choose
from watchglass.analytics.models import Models
from watchglass.analytics.reports import Reports
from watchglass.app.fences import fence_in, of_analytics_worker, tell
from watchglass.app.few_rights import keep_to_itself, step_back
from watchglass.app.last_words import listen_to_faults, tell_failure
from watchglass.app.pipes import take_messages
from watchglass.app.reporter import Reporter
from watchglass.app.worker_main import live
from watchglass.base import heap, log
from watchglass.base.clock import SystemClock
from watchglass.bus.endpoint import Listener
from watchglass.model.analyst import AnalystStart, ToAnalystProcess
from watchglass.model.assignment import Shutdown
from watchglass.model.vitals import Alive

NAME = "analytics-worker"
_TURN_S = 2.0
_LONGEST_TURN_S = 60.0
"""Nothing that a camera sends takes that long to look at: what does ends the process."""
_NICE = 5
_MOST_DESCRIPTORS = 256
_MOST_MEMORY_BYTES = 4 << 30
_LOG = log.get("analytics")


def main() -> None:
    """Look until told to stop, or until the supervisor is gone."""
    decoder: msgspec.json.Decoder[ToAnalystProcess] = msgspec.json.Decoder(ToAnalystProcess)
    live(decoder, AnalystStart, _look, NAME)


def _look(start: AnalystStart, decoder: msgspec.json.Decoder[ToAnalystProcess]) -> None:
    listener = Listener(start.stand.endpoint)
    tell(fence_in(of_analytics_worker(Path(start.models)), start.fences))
    listen_to_faults()
    threading.excepthook = _die
    clock = SystemClock()
    heap.tend(clock)
    chosen = choose(Models(Path(start.models)), start.model, start.threads)
    reports = Reports(start.understood, NAME, clock)
    analyst = Analyst(listener, start.stand.key, reports, chosen.detector, clock)
    analyst.use(start.cameras, start.held)
    messages: queue.SimpleQueue[ToAnalystProcess] = queue.SimpleQueue()
    stopping = threading.Event()

    def hear(message: ToAnalystProcess) -> None:
        if isinstance(message, Shutdown):
            stopping.set()
        else:
            messages.put(message)
        analyst.wake()

    def stop() -> None:
        stopping.set()
        analyst.wake()

    take_messages(decoder, hear, stop)
    reporter = Reporter(
        start.vitals, NAME, lambda: Alive(analyst.turned_ns, reports.untold_since_ns),
        lambda: [*analyst.samples(NAME), *chosen.samples(NAME)], clock,
    )  # fmt: skip
    reporter.start()
    _LOG.info("looking", detector=chosen.detector.identity[:16], threads=start.threads)
    step_back(_NICE, _MOST_MEMORY_BYTES)
    keep_to_itself(_MOST_DESCRIPTORS)
    while not stopping.is_set():
        # Left to its default the signal ends the process, also from within a library's endless
        # loop that lets no other thread run.
        signal.setitimer(signal.ITIMER_REAL, _LONGEST_TURN_S)
        while not messages.empty():
            message = messages.get()
            if isinstance(message, AnalystStart):
                analyst.use(message.cameras, message.held)
        analyst.turn(_TURN_S)
    signal.setitimer(signal.ITIMER_REAL, 0)
    analyst.close()
    reports.close()
    reporter.close()
    chosen.detector.close()


def _die(failed: threading.ExceptHookArgs) -> None:
    """A thread that ends by a mistake would be missed in silence; a dead worker is replaced."""
    _LOG.error("thread_failed", exc_info=(failed.exc_type, failed.exc_value, failed.exc_traceback))
    tell_failure(failed)
    os._exit(70)


if __name__ == "__main__":
    main()
