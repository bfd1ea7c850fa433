"""A process's word to the supervisor: signs of life every third second, numbers when it asks.

A thread of its own that waits for nobody. A queue that is full drops its oldest: only the newest
signs of life count.
"""

import threading
from collections.abc import Callable, Iterable

from watchglass.app.processes import own_descriptors
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import BusError
from watchglass.base.queues import DropPolicy
from watchglass.bus.client import BusClient
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.model.metric import Sample
from watchglass.model.vitals import Measure, Measured, ToSupervisor, Vitals
from watchglass.model.way import Way

_JOIN_S = 1.0
_LIMIT_BYTES = 1 << 20
_LOG = log.get("reporter")


class Reporter:
    """``vitals`` and ``samples`` are called by its thread, and must not wait."""

    def __init__(
        self,
        way: Way,
        name: str,
        vitals: Callable[[], Vitals],
        samples: Callable[[], Iterable[Sample]],
        clock: Clock,
    ) -> None:
        self._name = name
        self._every_s = way.every_s
        self._vitals = vitals
        self._samples = samples
        self._clock = clock
        self._client: BusClient[ToSupervisor, Measure] = BusClient(
            way.endpoint, name, Codec[ToSupervisor](ToSupervisor), Codec[Measure](Measure),
            limit_bytes=_LIMIT_BYTES, policy=DropPolicy.DROP_OLDEST, clock=clock,
            proof=way.proof,
        )  # fmt: skip
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="reporter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._client.wake()
        self._thread.join(_JOIN_S)

    def _work(self) -> None:
        try:
            while not self._ending.is_set():
                self._client.send(self._vitals())
                self._hear(self._next_ns())
        except BusError as error:
            _LOG.error("supervisor_refuses", error=error.sentence)
        except Exception:  # noqa: BLE001 - the thread's border: recording goes on; a process that
            # says nothing any more is noticed.
            _LOG.exception("reporter_failed")
        finally:
            self._client.close()

    def _next_ns(self) -> int:
        """When to say it again: all processes at one moment, for who hears them wakes up once."""
        every_ns = round(self._every_s * NS_PER_S)
        return (self._clock.monotonic_ns() // every_ns + 1) * every_ns

    def _hear(self, until_ns: int) -> None:
        """Answer what is asked until then (monotonic)."""
        while not self._ending.is_set():
            left_s = (until_ns - self._clock.monotonic_ns()) / NS_PER_S
            if left_s <= 0:
                return
            for message in self._client.poll(left_s):
                if isinstance(message, Measure):
                    own = hop_samples(self._client.stats(), "vitals", self._name)
                    own.append(own_descriptors(self._name))
                    lines = log.recent() if message.lines else ()
                    self._client.send(Measured(message.number, (*self._samples(), *own), lines))
