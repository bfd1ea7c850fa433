"""The power-cut bench, short: a recorder is traced, and the product held to what it promised."""

import shutil
from collections.abc import Iterator
from contextlib import closing

import pytest

from benches.powercut.bugs import BUGS
from benches.powercut.cases import draw, draw_in
from benches.powercut.court import Court
from benches.powercut.oplog import Trace
from benches.powercut.record import record

_PACE_S = 1.5
_CUTS = 32
_TRIES = 24


@pytest.fixture(scope="module")
def trace() -> Trace:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    return record(_PACE_S)


@pytest.fixture(scope="module")
def court(trace: Trace) -> Iterator[Court]:
    with closing(Court(trace)) as court:
        yield court


@pytest.mark.long
@pytest.mark.timeout(300)
class TestWhenThePowerGoes:
    def test_no_promise_is_broken(self, court: Court, trace: Trace) -> None:
        for case, verdict in court.hear(draw(trace, _CUTS, seed=1)):
            assert verdict.broken == (), case

    def test_a_planted_bug_is_caught(self, court: Court, trace: Trace) -> None:
        bug = next(bug for bug in BUGS if bug.name == "ledger lines before the media they tell of")
        cases = draw_in(bug.plant(trace)[1], _TRIES, seed=1)
        assert any(verdict.broken for _, verdict in court.hear(cases, bug.name))
