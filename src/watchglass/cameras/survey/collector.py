"""The program inside the file that `watchglass trust collect make` makes.

It runs at a place behind a router, with nothing but Python 3.8 or newer, looks at the networks
that it was made for, and writes one sealed file to be carried back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from typing import BinaryIO, List, Optional

from . import bundle
from .bundle import Errand, Sealer
from .neighbours import LEASE_FILES, Neighbours, read_lease_files
from .seen import Seen
from .survey import Clocks, Plan, Survey, Tally, Teller
from .targets import TargetError, target

_PROGRESS_S = 2.0


class BundleTeller(Teller):
    """Writes what is seen as it is seen, and says on the screen how far it is."""

    def __init__(self, output: BinaryIO, sealer: Sealer) -> None:
        self._output = output
        self._sealer = sealer
        self._told_s = 0.0

    def write(self, data: bytes) -> None:
        self._sealer.add(data)
        self._output.write(data)

    def seen(self, batch: List[Seen]) -> None:
        for each in batch:
            kept = {
                name: value for name, value in each._asdict().items() if value not in ("", 0, None)
            }
            if each.channel is not None:
                kept["channel"] = each.channel
            self.write(bundle.line("seen", kept))

    def progress(self, done: int, of: int, answered: int) -> None:
        now_s = time.monotonic()
        if done == of or now_s - self._told_s > _PROGRESS_S:
            self._told_s = now_s
            _say("%d of %d addresses, %d devices answered" % (done, of, answered))

    def covered(self, tally: Tally, complete: bool) -> None:
        self.write(bundle.line("covered", {
            "cidr": str(tally.target.network), "place": tally.target.place, "asked": tally.asked,
            "answered": tally.answered, "refused": tally.refused, "silent": tally.silent,
            "note": tally.note, "complete": complete, "ended_ns": time.time_ns(),
        }))  # fmt: skip


def run(errand: Errand, arguments: "Optional[List[str]]" = None) -> int:
    """Look, and write the bundle; an exit status."""
    asked = _arguments(errand, arguments)
    if time.time_ns() > errand.expires_ns:
        _say("This collector's time is over: have a new one made.")
        return 2
    try:
        targets = tuple(
            target(cidr, errand.place, ours=errand.mine)
            for cidr in (asked.networks or errand.networks)
        )
    except TargetError as error:
        _say(str(error))
        return 2
    if not targets:
        _say("Name the network to look at, as in: python3 %s 192.168.1.0/24" % sys.argv[0])
        return 2
    part = asked.output + ".part"
    sealer = Sealer(errand.secret)
    with open(part, "wb") as output:
        teller = BundleTeller(output, sealer)
        teller.write(bundle.line("head", {
            "format": bundle.FORMAT, "collector": errand.collector, "scan": errand.scan,
            "started_ns": time.time_ns(),
        }))  # fmt: skip
        plan = Plan(
            targets, rate_per_s=errand.rate_per_s, timeout_s=asked.timeout,
            leases=read_lease_files(LEASE_FILES),
        )  # fmt: skip
        whole = asyncio.run(_survey(plan, teller))
        output.write(sealer.seal())
    os.replace(part, asked.output)
    _say("Written: %s%s Carry it back." % (asked.output, "." if whole else " (stopped early)."))
    return 0


def _arguments(errand: Errand, arguments: "Optional[List[str]]") -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Looks at a network for cameras, reading only, and writes one file."
    )
    parser.add_argument("networks", nargs="*", help="as 192.168.1.0/24; %s otherwise"
                        % (", ".join(errand.networks) or "none was given"))  # fmt: skip
    parser.add_argument("-o", "--output", default="watchglass-%s.bundle" % errand.collector[:8])
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds to wait for an answer")
    return parser.parse_args(arguments)


async def _survey(plan: Plan, teller: Teller) -> bool:
    neighbours = Neighbours(time.monotonic_ns)
    survey = Survey(plan, teller, Clocks(time.time_ns, time.monotonic_ns), neighbours)
    signal.signal(signal.SIGINT, lambda *_: survey.stop())
    try:
        return await survey.run()
    finally:
        neighbours.close()


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
