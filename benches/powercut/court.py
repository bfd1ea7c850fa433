"""Judges on all cores, each with the trace in its memory and a folder of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from benches.powercut.bugs import BUGS
from benches.powercut.crash import Case, Crashes, Fates
from benches.powercut.judge import Judge, Verdict
from benches.powercut.oplog import Trace
from benches.powercut.promises import Promises
from benches.powercut.shrink import shrunk
from watchglass.base import log

_MEMORY = Path("/dev/shm")


class Court:
    """Takes cases; verdicts come in the order of the cases. To be closed."""

    def __init__(self, trace: Trace) -> None:
        memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        self._folder = tempfile.mkdtemp(prefix="powercut-", dir=memory)
        self._pool = ProcessPoolExecutor(
            mp_context=get_context("fork"), initializer=_begin, initargs=(trace, self._folder)
        )

    def hear(self, cases: Iterable[Case], planted: str = "") -> Iterator[tuple[Case, Verdict]]:
        """Judge cases; with ``planted``, as if the product had that bug."""
        listed = list(cases)
        verdicts = self._pool.map(_judged, listed, [planted] * len(listed))
        return zip(listed, verdicts, strict=True)

    def explain(self, case: Case, planted: str = "") -> list[str]:
        """The fewest changes that were lost or torn and still break something."""
        return self._pool.submit(_explained, case, planted).result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)


class _Bench:
    """What a worker process has."""

    trace: Trace
    folder: Path


def _begin(trace: Trace, folder: str) -> None:
    _Bench.trace, _Bench.folder = trace, Path(folder)
    tempfile.tempdir = folder  # what the product's check makes for itself lies in memory, too
    log.configure("critical")


@cache
def _crashes(planted: str) -> Crashes:
    bugs = {bug.name: bug for bug in BUGS}
    return Crashes(bugs[planted].plant(_Bench.trace)[0] if planted else _Bench.trace)


@cache
def _judge(planted: str) -> Judge:
    crashes = _crashes(planted)
    return Judge(crashes, Promises(crashes.trace), _Bench.folder)


def _judged(case: Case, planted: str) -> Verdict:
    return _judge(planted).judge(case)


def _explained(case: Case, planted: str) -> list[str]:
    judge, crashes = _judge(planted), _crashes(planted)

    def breaks(fates: Fates) -> bool:
        return bool(judge.judge(case, fates).broken)

    left = shrunk(crashes.fates(case), breaks)
    return [f"{crashes.trace.ops[number]}: {fate}" for number, fate in left.items()]
