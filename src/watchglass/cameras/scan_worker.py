"""The process that looks at networks: ``python -m watchglass.cameras.scan_worker``.

It reads one `ScanOrder` as a JSON line from standard input, and `ScanStop` or the end of it while
it runs; it writes `FromScan` lines to standard output. What strangers answer is taken apart here
and not in a process that records or holds keys; it may die of it. The passwords that the operator
gave for this scan are all the secrets that it has.
"""

import asyncio
import os
import sys
import threading
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from watchglass.base import log
from watchglass.base.clock import Clock, SystemClock
from watchglass.base.fence import Fence, FenceMode, Network, put_up
from watchglass.base.ids import ScanId
from watchglass.cameras.probe_worker import FENCES_SETTING
from watchglass.cameras.survey.logins import Login
from watchglass.cameras.survey.neighbours import LEASE_FILES, Neighbours, read_lease_files
from watchglass.cameras.survey.seen import Seen
from watchglass.cameras.survey.survey import Clocks, Plan, Survey, Tally, Teller
from watchglass.cameras.survey.targets import TargetError, target
from watchglass.model.coverage import Coverage
from watchglass.model.observation import Observation, Signal, Source, observe
from watchglass.model.scan import (
    AddressesDone,
    Covered,
    FromScan,
    Observed,
    ScanEnded,
    ScanOrder,
    ScanProgress,
)

FENCE = Fence(Network.OUTGOING, (), only_new_files=True, secrets=True)
"""It talks to the network, by addresses alone, and reads and writes no file."""
_PROGRESS_NS = 500_000_000
_ADDRESS_SPACE_BYTES = 2 << 30


def observation_of(seen: Seen, scan: ScanId) -> Observation:
    """The same in the product's own words, bounded and printable."""
    return observe(
        Source(seen.source), Signal(seen.signal), seen.value, at_ns=seen.at_ns, scan=scan,
        address=seen.address, port=seen.port, mac=seen.mac, channel=seen.channel,
    )  # fmt: skip


class LineTeller(Teller):
    """Tells on a pipe, a line each; progress at most twice a second."""

    def __init__(self, order: ScanOrder, output: BinaryIO, clock: Clock) -> None:
        self._order = order
        self._output = output
        self._clock = clock
        self._started_ns = clock.wall_ns()
        self._told_ns = 0
        self._done: list[str] = []
        self._progress = ScanProgress(0, 0, 0)

    def write(self, message: FromScan) -> None:
        self._output.write(msgspec.json.encode(message) + b"\n")
        self._output.flush()

    def seen(self, batch: list[Seen]) -> None:
        self.write(Observed(tuple(observation_of(each, self._order.scan) for each in batch)))

    def begins(self, address: str) -> None:
        if self._order.parallel == 1:
            # One at a time is how a deadly device is found: it must be known where we are.
            self._tell_done()
            self.write(msgspec.structs.replace(self._progress, at=address))

    def done(self, address: str) -> None:
        self._done.append(address)

    def _tell_done(self) -> None:
        if self._done:
            self.write(AddressesDone(tuple(self._done)))
            self._done.clear()

    def progress(self, done: int, of: int, answered: int) -> None:
        self._progress = ScanProgress(done, of, answered)
        now_ns = self._clock.monotonic_ns()
        if done not in (0, of) and now_ns - self._told_ns < _PROGRESS_NS:
            return
        self._told_ns = now_ns
        self._tell_done()
        self.write(self._progress)

    def covered(self, tally: Tally, complete: bool) -> None:
        self._tell_done()
        self.write(
            Covered(
                Coverage(
                    scan=self._order.scan, cidr=str(tally.target.network),
                    place=tally.target.place, started_ns=self._started_ns,
                    ended_ns=self._clock.wall_ns(), asked=tally.asked, answered=tally.answered,
                    silent=tally.silent, refused=tally.refused, doors=self._order.doors,
                    complete=complete, note=tally.note,
                )
            )
        )  # fmt: skip


def plan_of(order: ScanOrder) -> Plan:
    """TargetError says which network is not looked at, and why."""
    targets = tuple(
        target(each.cidr, each.place, ours=each.ours, loopback=order.loopback)
        for each in order.networks
    )
    return Plan(
        targets, frozenset(str(each) for each in order.doors),
        tuple(Login(each.user, each.password, each.addresses) for each in order.logins),
        order.rate_per_s, order.parallel, order.timeout_s, frozenset(order.skip),
        read_lease_files(LEASE_FILES + order.lease_files),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ready:
    """All that is needed of files, opened and read before the fence goes up."""

    plan: Plan
    neighbours: Neighbours


async def look(ready: Ready, teller: LineTeller, stopped: threading.Event, clock: Clock) -> None:
    """Run a scan; its lines go to the teller."""
    clocks = Clocks(clock.wall_ns, clock.monotonic_ns)
    survey = Survey(ready.plan, teller, clocks, ready.neighbours)
    running = asyncio.ensure_future(survey.run())
    while not running.done():
        await asyncio.wait({running}, timeout=0.1)
        if stopped.is_set():
            survey.stop()
    teller.write(ScanEnded(stopped=not running.result()))


def _listen(stopped: threading.Event) -> None:
    """Whatever comes, or the end of whoever asked: it is over."""
    sys.stdin.buffer.readline()
    stopped.set()


def main() -> None:
    _limit_resources()
    log.configure("warning")
    clock = SystemClock()
    # Nothing but its lines may reach standard output, not even what a C library prints.
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        order = msgspec.json.decode(sys.stdin.buffer.readline(), type=ScanOrder)
        teller = LineTeller(order, output, clock)
        try:
            ready = Ready(plan_of(order), Neighbours(clock.monotonic_ns))
        except TargetError as error:
            teller.write(ScanEnded(error=str(error)))
            return
        put_up(FENCE, FenceMode(os.environ.get(FENCES_SETTING) or FenceMode.AUTO))
        stopped = threading.Event()
        threading.Thread(target=_listen, args=(stopped,), daemon=True).start()
        asyncio.run(look(ready, teller, stopped, clock))


def _limit_resources() -> None:
    """No core file (it would hold passwords), and an end to what hostile answers may take."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


if __name__ == "__main__":
    main()
