"""Power cuts at any moment, replayed from what a recorder wrote and synced.

A recorder is traced while it records, is ordered about, is killed and purges. Then the disk is cut
off at many moments, what was not synced is dropped, torn or reordered, the product is started on
what is left, and held to everything it had promised. Lost: the age, at the cut, of the oldest
fragment that the kernel had been given and that cannot be played (told apart for cuts that follow
on a ``kill -9`` of the keeper before the next one has synced: two mishaps at once). Before that,
six ordering bugs are planted into the trace; unless each is caught, nothing is measured.

The first cuts that break something are made as small as they get, and printed. ``--case
CUT:SEED:MODE:AGAIN`` replays one case and does the same; ``--trace`` takes the trace that it is of,
which outlives changes of the product.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from benches._harness import BenchError, report
from benches.powercut.bugs import BUGS, Bug
from benches.powercut.cases import draw, draw_in
from benches.powercut.court import Court
from benches.powercut.crash import Case
from benches.powercut.judge import Verdict
from benches.powercut.oplog import Trace
from benches.powercut.record import load, recorded

_PACE_S = 6.0
_CUTS, _QUICK_CUTS = 1_200, 60
_TRIES, _AT_ONCE = 96, 8
_TARGETS = {
    "cut_points": (">=", 1000.0),
    "lost_max_s": ("<=", 2.0),
    "broken_invariants": ("<=", 0.0),
}
_SHOWN = 5
_SHRUNK = 3
"""So many failing cuts are made small: each takes up to a minute."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench powercut")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cuts", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=_PACE_S, help="seconds of a scene")
    parser.add_argument("--trace", type=Path, help="replay this one, and record none")
    parser.add_argument("--case", type=Case.of, metavar="CUT:SEED:MODE:AGAIN")
    parser.add_argument("--planted", choices=[bug.name for bug in BUGS], default="")
    asked = parser.parse_args()
    try:
        asked.trace = asked.trace or recorded(asked.pace)
        trace = load(asked.trace)
        with closing(Court(trace)) as court:
            if asked.case is not None:
                return _one(court, asked)
            _catch_all(court, trace)
            return _measure(court, trace, asked)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1


def _one(court: Court, asked: argparse.Namespace) -> int:
    ((case, verdict),) = court.hear([asked.case], asked.planted)
    _show(case, verdict, asked.trace)
    if verdict.broken:
        _shrink(court, case, asked.planted)
    return 1 if verdict.broken else 0


# --- planted bugs ---------------------------------------------------------------------------------


def _catch_all(court: Court, trace: Trace) -> None:
    for bug in BUGS:
        caught = next(_caught(court, trace, bug), None)
        if caught is None:
            raise BenchError(f"the planted bug {bug.name!r} is not caught: nothing is measured")
        case, verdict = caught
        _say(f"caught {bug.name!r} at {case}: {verdict.broken[0]:.150}")


def _caught(court: Court, trace: Trace, bug: Bug) -> Iterator[tuple[Case, Verdict]]:
    """Cases that the bug breaks, and that hold without it."""
    cases = draw_in(bug.plant(trace)[1], _TRIES, seed=1)
    while some := list(islice(cases, _AT_ONCE)):
        for case, verdict in court.hear(some, bug.name):
            if verdict.broken and not any(own.broken for _, own in court.hear([case])):
                yield case, verdict


# --- the product ----------------------------------------------------------------------------------


def _measure(court: Court, trace: Trace, asked: argparse.Namespace) -> int:
    count = asked.cuts or (_QUICK_CUTS if asked.quick else _CUTS)
    began_s, broken, lost_s = time.monotonic(), 0, {False: 0.0, True: 0.0}
    for done, (case, verdict) in enumerate(court.hear(draw(trace, count, asked.seed)), 1):
        lost_s[verdict.keeper_away] = max(lost_s[verdict.keeper_away], verdict.lost_s)
        broken += bool(verdict.broken)
        too_much = verdict.lost_s > _TARGETS["lost_max_s"][1] and not verdict.keeper_away
        if verdict.broken or too_much:
            _show(case, verdict, asked.trace)
        if verdict.broken and broken <= _SHRUNK:
            _shrink(court, case, asked.planted)
        if done % 100 == 0:
            _say(f"{done} of {count} cuts, {time.monotonic() - began_s:.0f} s")
    figures = {
        "cut_points": count,
        "lost_max_s": lost_s[False],
        "broken_invariants": broken,
        "lost_keeper_dead_s": lost_s[True],
    }
    return report("powercut", asked.quick, figures, _TARGETS, enough=count >= 1000)


def _show(case: Case, verdict: Verdict, trace: Path) -> None:
    _say(f"lost {verdict.lost_s:.2f} s: ./scripts/bench powercut --trace {trace} --case {case}")
    for what in verdict.broken[:_SHOWN]:
        _say(f"    {what:.400}")


def _shrink(court: Court, case: Case, planted: str) -> None:
    """What of it suffices; more than ``_SHOWN`` changes tell a reader nothing."""
    least = court.explain(case, planted)
    _say(f"    it takes no more than the loss of {len(least)} of what was not synced:")
    for change in least[:_SHOWN]:
        _say(f"        {change}")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
