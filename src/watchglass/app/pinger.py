"""Pings for whoever is to be told when recording stops: a dead man's switch.

The request is made by a process of its own, so that neither a name server that hangs nor what a
stranger's server answers comes near the recorder. One ping at a time: while the one before has not
ended, none is begun.
"""

import os
import threading

import msgspec

from watchglass.app.child import Child
from watchglass.app.ground import Ground
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.fence import FenceMode
from watchglass.base.secret import Secret
from watchglass.model.assignment import Ping, Pinged, PingStart, Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.metric import Metric, MetricKind, Sample

_END_S = 2.0
_TIMEOUT_S = 10.0
_LOG = log.get("ping")
_ANSWERS: msgspec.json.Decoder[Pinged] = msgspec.json.Decoder(Pinged)

SENT = Metric(
    "watchglass_pings_total", MetricKind.COUNTER, (),
    "Pings that were answered with success.", "It rises by one an interval.",
    "See the log for what the server answered, and 'watchglass health' for why none is sent.",
)  # fmt: skip
FAILED = Metric(
    "watchglass_pings_failed_total", MetricKind.COUNTER, (), "Pings that were not.", "0.",
    "Look whether this machine reaches the server of WATCHGLASS_PING_URL.",
)  # fmt: skip
METRICS = (SENT, FAILED)


class Pinger:
    """``beat`` is called, by one thread, while all is well."""

    def __init__(
        self, url: Secret, every_s: float, clock: Clock, *, log_json: bool, fences: FenceMode
    ) -> None:
        self._clock = clock
        self._every_ns = round(every_s * NS_PER_S)
        self._due_ns = clock.monotonic_ns()
        self._lock = threading.Lock()
        self._under_way = False
        self._works: bool | None = None
        self._sent = self._failed = 0

        def first_message(_first: bool) -> PingStart:
            return PingStart(url.reveal(), _TIMEOUT_S, log_json, fences)

        self._child = Child(
            "ping", "watchglass.app.ping_process", first_message, clock, speaks=True,
            hear=self._hear, died=self._died,
        )  # fmt: skip

    @property
    def child(self) -> Child:
        return self._child

    def start(self) -> None:
        self._child.start()

    def close(self) -> None:
        self._child.stop(Shutdown(GapCause.RECORDER_STOPPED))
        self._child.wait(_END_S)

    def beat(self) -> None:
        """All is well now: send a ping if one is due."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            if self._under_way or now_ns < self._due_ns:
                return
            self._due_ns = now_ns + self._every_ns
            self._under_way = self._child.tell(Ping())

    def samples(self) -> list[Sample]:
        return [SENT.at(self._sent), FAILED.at(self._failed)]

    def _hear(self, line: bytes) -> None:
        answer = _ANSWERS.decode(line)
        with self._lock:
            self._under_way = False
            worked, self._works = self._works, not answer.error
            self._sent += not answer.error
            self._failed += bool(answer.error)
        if answer.error and worked is not False:
            _LOG.warning("ping_failed", error=answer.error)
        elif not answer.error and worked is False:
            _LOG.info("ping_works_again")

    def _died(self, _exit_code: int) -> None:
        with self._lock:
            self._under_way = False


def pinger(on: Ground) -> Pinger | None:
    """Who pings, where a URL is set; it is taken out of what children inherit."""
    os.environ.pop("WATCHGLASS_PING_URL", None)
    url = on.settings.ping_url
    if url is None:
        return None
    settings = on.settings
    return Pinger(
        url, settings.ping_s, on.clock, log_json=settings.log_json, fences=settings.fences
    )
