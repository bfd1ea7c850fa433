"""The index of a large site: its size, how long a rebuild takes, how soon it answers.

128 cameras with two streams, 30 days of 5-minute files: 2.2 million files, a new run each day, and
holes in runs. The rebuild is the one of ``watchglass check --repair`` from a state folder that has
nothing but ledgers: they are opened and hashed, and folded into a new index. No volume is there;
what lies on one is not read for files that a ledger lists. It is one thread, told in CPU minutes
like all work here, with the minutes on the wall beside it. Latencies are those of the process that
serves the API: a connection of its own, a new transaction for each question.

With ``--quick``, a part of the cameras; ``rebuild_min`` and ``db_gb`` are told for all.
"""

import argparse
import os
import random
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benches._harness import BenchError, percentile, report, workplace
from benches._ledgers import BEGAN_NS, SiteSize, ledgers
from watchglass.api.spans import drawn
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.model.stream import StreamName
from watchglass.model.timeline import SpanKind
from watchglass.recording.check import repair
from watchglass.recording.timeline import timeline
from watchglass.store.index import IndexReader
from watchglass.store.quick_index import QuickIndex

_FULL, _QUICK = 128, 3
_DAY_NS = 24 * 3600 * NS_PER_S
_PIXELS = 1500
_TARGETS = {"db_gb": ("<=", 1.0), "timeline_ms": ("<=", 50.0), "rebuild_min": ("<=", 10.0)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench index")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--asked", type=int, default=300, help="questions of each kind")
    asked = parser.parse_args()
    size = SiteSize(_QUICK if asked.quick else _FULL)
    share = SiteSize(_FULL).files / size.files
    source = ledgers(size)
    with workplace() as folder:
        state = folder / "state"
        shutil.copytree(source, state / "ledger")
        lines, wall_s, cpu_s = _rebuild(state, size)
        index = QuickIndex(state / "index.db")
        try:
            with index.read() as reader:
                _see_that_it_is_whole(reader, size)
            days = _ask(asked.asked, size, lambda luck: _one_day(index, size, luck))
            seeks = _ask(asked.asked, size, lambda luck: _seek(index, size, luck))
        finally:
            index.close()
        db_bytes = (state / "index.db").stat().st_size
    figures: dict[str, float | int | None] = {
        "db_gb": round(db_bytes * share / 1e9, 3),
        "timeline_ms": round(percentile(days, 0.95), 2),
        "rebuild_min": round(cpu_s * share / 60, 2),
        "rebuild_wall_min": round(wall_s * share / 60, 2),
        "timeline_p50_ms": round(percentile(days, 0.5), 2),
        "seek_index_p95_ms": round(percentile(seeks, 0.95), 2),
        "seek_index_p50_ms": round(percentile(seeks, 0.5), 2),
        "files": size.files,
        "lines": lines,
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, 1),
    }
    return report("index", asked.quick, figures, _TARGETS, enough=not asked.quick)


def _rebuild(state: Path, size: SiteSize) -> tuple[int, float, float]:
    """Lines folded, seconds, CPU seconds."""
    clock = SimulatedClock(wall_ns=size.ends_ns)
    before, began_s = os.times(), time.perf_counter()
    done = repair(state, [], Disk(), clock)
    wall_s, after = time.perf_counter() - began_s, os.times()
    return done.folded_lines, wall_s, after.user + after.system - before.user - before.system


def _see_that_it_is_whole(index: IndexReader, size: SiteSize) -> None:
    """Each file is there, and no second of one camera is without a cause."""
    files = sum(1 for _ in index.all_files())
    if files != size.files:
        raise BenchError(f"the index has {files} files, the ledgers {size.files}")
    line = timeline(index, size.camera(0), StreamName.MAIN, 0, size.ends_ns, size.ends_ns)
    if line.of(SpanKind.UNACCOUNTED):
        raise BenchError("the timeline of the ledgers made leaves seconds without a cause")


def _ask(count: int, size: SiteSize, question: Callable[[random.Random], None]) -> list[float]:
    """Milliseconds of each of ``count`` questions."""
    luck = random.Random(size.cameras)
    found = []
    for _ in range(count):
        began_s = time.perf_counter()
        question(luck)
        found.append((time.perf_counter() - began_s) * 1000)
    return found


def _one_day(index: QuickIndex, size: SiteSize, luck: random.Random) -> None:
    """As GET /timeline of one camera."""
    camera = size.camera(luck.randrange(size.cameras))
    from_ns = BEGAN_NS + luck.randrange(size.days - 1) * _DAY_NS
    with index.merged() as reader:
        line = timeline(reader, camera, StreamName.MAIN, from_ns, from_ns + _DAY_NS, size.ends_ns)
    if not drawn(line.spans, _DAY_NS // _PIXELS):
        raise BenchError("a day without a timeline")


def _seek(index: QuickIndex, size: SiteSize, luck: random.Random) -> None:
    """What GET /playback asks of the index, and the first GET /media after it."""
    camera, stream = size.camera(luck.randrange(size.cameras)), StreamName.MAIN
    from_ns = BEGAN_NS + luck.randrange((size.days - 1) * _DAY_NS)
    to_ns = from_ns + 60 * NS_PER_S
    with index.read() as reader:
        timeline(reader, camera, stream, from_ns, to_ns, size.ends_ns)
        rows = reader.files_between(camera, stream, from_ns - 5 * NS_PER_S, to_ns)
        for run in {row.run for row in rows}:
            reader.holes_of(run, 0)
        reader.gaps_between(camera, stream, to_ns - 1, to_ns + 1)
    if not rows:
        return
    with index.read() as reader:
        reader.file(rows[0].run, rows[0].sequence)


if __name__ == "__main__":
    sys.exit(main())
