"""Egress as the recorder takes it in: listening where the settings say, and files that people give.

What arrives is read in a fenced process by the parsers that drop unread what no known camera sent;
here only what it tells is kept. Whose an address is comes from judging the fleet, which is done
apart, and from this machine's own neighbour table.
"""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from watchglass.app.child import Child
from watchglass.app.egress import FLUSH_S, TakenIn, seen_now, take_file
from watchglass.app.egress_sockets import EgressSockets
from watchglass.app.fleet import egress_store, trust_store
from watchglass.app.ground import Ground
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError, WatchglassError
from watchglass.cameras.probe_worker import worker_environment
from watchglass.model.assignment import Shutdown
from watchglass.model.egress import (
    Bound,
    CameraBounds,
    EgressOrder,
    EgressRead,
    EgressState,
    EgressTaken,
    FromEgress,
    TakeEgressRequest,
)
from watchglass.model.gap import GapCause
from watchglass.model.metric import Metric, MetricKind, Sample

NAME = "egress-worker"
_MODULE = "watchglass.cameras.egress_worker"
_RENEW_NS = 20 * NS_PER_S
_END_S = 2.0
_LOG = log.get("egress")
_TOLD: msgspec.json.Decoder[FromEgress] = msgspec.json.Decoder(FromEgress)
_C = MetricKind.COUNTER
RECORDS = Metric(
    "watchglass_egress_records_total", _C, (),
    "Records of what known cameras sent, of those that are listened for.",
    "It rises where a firewall, resolver or router sends what it notes.",
    "0: nothing comes, or no address is known to be of a camera: 'watchglass trust scan'.",
)  # fmt: skip
OTHERS = Metric(
    "watchglass_egress_dropped_unread_total", _C, (),
    "Records that no known camera sent: dropped unread, all of them; policy: drop_unread.",
    "Most of all, where whole logs are sent.", "Nothing: it is as it should be.",
)  # fmt: skip
UNKNOWN = Metric(
    "watchglass_egress_unknown_total", _C, (), "Lines and datagrams of no known form.",
    "Near 0.", "Send the logs of the firewall and the name server alone.",
)  # fmt: skip
BEYOND = Metric(
    "watchglass_egress_beyond_total", _C, (),
    "Contacts that were more than are kept at once. Policy: refuse_newest.", "0.",
    "A camera scans the network, or sender addresses are forged: look which.",
)  # fmt: skip
METRICS = (RECORDS, OTHERS, UNKNOWN, BEYOND)


class EgressDesk:
    """``bounds`` judges the fleet, which takes seconds. Thread-safe."""

    def __init__(self, on: Ground, bounds: Callable[[], CameraBounds]) -> None:
        self._on = on
        self._bounds = bounds
        self._known: tuple[str, CameraBounds] | None = None
        self._renewed_ns = 0
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._judging = threading.Lock()
        self._counts = TakenIn()
        self._sockets = EgressSockets(on.settings.egress_syslog, on.settings.egress_flows, on.clock)
        self._child: Child | None = None

    @property
    def children(self) -> list[Child]:
        return [self._child] if self._child is not None else []

    @property
    def listens(self) -> bool:
        """Whether it is to."""
        return self._sockets.wanted

    def unserved(self) -> tuple[str, ...]:
        """Why it is not listened where it is to be, as sentences."""
        return self._sockets.problems

    def samples(self) -> list[Sample]:
        """The numbers of now; none while nothing is listened for."""
        if not self._sockets.wanted:
            return []
        of = self._counts
        return [
            RECORDS.at(of.records), OTHERS.at(of.others), UNKNOWN.at(of.unknown),
            BEYOND.at(of.beyond),
        ]  # fmt: skip

    def state(self) -> EgressState:
        """As people are told it."""
        sockets, of = self._sockets, self._counts
        return EgressState(
            logs=sockets.places("lines"), flows=sockets.places("flows"), problems=sockets.problems,
            records=of.records, others=of.others, unknown=of.unknown, beyond=of.beyond,
        )  # fmt: skip

    def keep_up(self) -> None:
        """What falls due: sockets that can be opened by now, and newer bounds. It judges the fleet
        where something new was seen of it, and so is for a thread that may wait."""
        if not self._sockets.wanted or not self._renewing.acquire(blocking=False):
            return
        try:
            opened = self._sockets.open()
            now_ns = self._on.clock.monotonic_ns()
            if opened or now_ns - self._renewed_ns > _RENEW_NS or not self._renewed_ns:
                self._renewed_ns = now_ns
                self._renew(anew=opened)
        finally:
            self._renewing.release()

    def take(self, request: TakeEgressRequest) -> EgressTaken:
        """Take in a file that somebody gave, and remove it."""
        path = self._on.layout.run / Path(request.file).name
        try:
            if not path.is_file():
                raise UsageError("What was given is not there any more: give it again.")
            taken = take_file(self._on, path, whose=self._now, name=request.name)
        finally:
            path.unlink(missing_ok=True)
        return EgressTaken(
            taken.records, taken.others, taken.unknown, taken.beyond, taken.new,
            len(taken.cameras), taken.again,
        )  # fmt: skip

    def close(self) -> None:
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.stop(Shutdown(GapCause.RECORDER_STOPPED))
            child.wait(_END_S)
        self._sockets.close()

    # --- listening ---------------------------------------------------------------------------

    def _renew(self, *, anew: bool) -> None:
        """Tell the process that reads of newer bounds; ``anew``: it has to be given sockets."""
        order = self._order()
        with self._lock:
            child = self._child
            if child is None:
                child = self._child = Child(
                    NAME, _MODULE, self._first_order, self._on.clock,
                    start=self._launch, speaks=True, hear=self._hear,
                )  # fmt: skip
                child.start()
                return
        if anew:
            child.tell(Shutdown(GapCause.RECORDER_STOPPED))  # it is started again, with all of them
        else:
            child.tell(order)

    def _first_order(self, _first: bool) -> EgressOrder:
        """Whatever happens: where nobody can judge just now, nothing is a camera's."""
        try:
            return self._order()
        except WatchglassError as error:
            _LOG.error("egress_not_renewed", error=error.sentence)
            self._renewed_ns = 0
            return self._order_of(())

    def _order(self) -> EgressOrder:
        return self._order_of(self._now())

    def _order_of(self, bounds: tuple[Bound, ...]) -> EgressOrder:
        flows, lines, streams = self._sockets.descriptors()
        return EgressOrder(
            at_ns=self._on.clock.wall_ns(), bounds=bounds, flush_s=FLUSH_S, flows=flows,
            lines=lines, streams=streams, renewed=True, beat_s=self._on.settings.beat_s,
        )  # fmt: skip

    def _launch(self) -> "subprocess.Popen[bytes]":
        flows, lines, streams = self._sockets.descriptors()
        return subprocess.Popen(
            (sys.executable, "-P", "-m", _MODULE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=worker_environment(),
            pass_fds=(*flows, *lines, *streams),
            start_new_session=True,
        )

    def _hear(self, line: bytes) -> None:
        try:
            told = _TOLD.decode(line)
        except msgspec.MsgspecError:
            return
        if not isinstance(told, EgressRead):
            return
        try:
            with egress_store(self._on) as store:
                self._counts.add(told, store.add(told))
        except WatchglassError as error:
            _LOG.error("egress_not_kept", error=error.sentence, contacts=len(told.contacts))

    def _now(self) -> tuple[Bound, ...]:
        """As of now: judged anew only where something was seen since."""
        with self._judging:
            with trust_store(self._on) as store:
                digest = store.digest()
            if self._known is None or self._known[0] != digest:
                self._known = digest, self._bounds()
            known = self._known[1]
        return seen_now(self._on, known)
